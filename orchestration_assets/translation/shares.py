"""Shares and scales: `4,5 %`, `1.2 Mio.`, and what a bare number counts, which the column decides."""

import re
from collections.abc import Callable

import polars as pl

from orchestration_assets.translation.numbers import COMMA, POINT
from orchestration_assets.translation.quantities import (
    GRID,
    SIGNIFICANT_DIGITS,
    amount_of,
    as_text,
    grid,
    with_decimals,
)
from orchestration_assets.translation.readings import Reading, Translator
from validators.parsing import Notation
from validators.rules import FieldSpec

PER_ONE = {"fraction": 1.0, "percent": 100.0, "permille": 1000.0}
"""By the name that a contract gives as `unit`: how many of it make one."""


def _share_readings(spec: FieldSpec, mark: str, is_marked: str) -> list[Reading]:
    of_one = PER_ONE[spec.policy.unit or "fraction"]
    readings = []
    for convention, pattern, decimal in (("point", POINT, "."), ("comma", COMMA, ",")):
        anchored = rf"^\s*({pattern})\s*{mark}\s*$"
        for scale, per_one in (("percent", 100.0), ("fraction", 1.0), ("permille", 1000.0)):
            if scale == "permille" and is_marked:
                continue
            factor = of_one / per_one
            readings.append(
                Reading(
                    name=f"{scale}{is_marked}, decimal {convention}",
                    parse=_parse_scaled(anchored, decimal, factor, spec),
                    render=_render_scaled(decimal, factor, " %" if is_marked else ""),
                    convention=convention,
                    scale=scale,
                )
            )
    return readings


def _parse_scaled(
    anchored: str, decimal: str, factor: float, spec: FieldSpec
) -> Callable[[pl.Expr], pl.Expr]:
    return lambda text: as_text(amount_of(text.str.extract(anchored, 1), decimal) * factor, spec)


def _render_scaled(decimal: str, factor: float, suffix: str) -> Callable[[pl.Expr], pl.Expr]:
    def render(text: pl.Expr) -> pl.Expr:
        number = (text.cast(pl.Float64, strict=False) / factor).round_sig_figs(SIGNIFICANT_DIGITS)
        # Not in powers of ten: `1e-6 %` is a notation of its own.
        is_plain = number.abs().is_between(1e-4, 1e12) | (number == 0)
        written = pl.when(is_plain).then(number).cast(pl.String)
        if decimal != ".":
            written = written.str.replace(".", decimal, literal=True)
        return pl.concat_str(written, pl.lit(suffix))

    return render


def _percent(spec: FieldSpec, notation: Notation) -> list[Reading]:
    if notation.unit is not None:
        return []
    return [
        *_share_readings(spec, r"(?:%|(?i:percent|per cent|pct\.?|prozent|v\.?H\.?))", " with its mark"),
        *_share_readings(spec, "", ""),
    ]


_MAGNITUDES = {
    1e3: "k tsd tausend thousand mille t€ k€",
    1e6: "m mio mn million millionen millions",
    1e9: "mrd bn billion billions milliarde milliarden",
}
_WORDS_OF_SCALE = {word: ones for ones, words in _MAGNITUDES.items() for word in words.split()}


def _scaled(spec: FieldSpec, notation: Notation) -> list[Reading]:
    """A word that says it (`1.2 Mio.`), and bare numbers that only make sense in another scale."""
    if notation.unit is not None:
        return []
    named = "|".join(sorted(map(re.escape, _WORDS_OF_SCALE), key=len, reverse=True))
    readings = []
    for convention, pattern, decimal in (("point", POINT, "."), ("comma", COMMA, ",")):
        worded = rf"^\s*({pattern})\s*((?i:{named}))\.?\s*$"
        readings.append(
            Reading(
                name=f"word of magnitude, decimal {convention}",
                parse=_parse_magnitude(worded, decimal, spec),
                convention=convention,
                specimens=_magnitudes(spec, decimal),
            )
        )
        readings += [
            Reading(
                name=f"{scale}, decimal {convention}",
                parse=_parse_scaled(rf"^\s*({pattern})\s*$", decimal, factor, spec),
                render=_render_scaled(decimal, factor, ""),
                convention=convention,
                scale=scale,
            )
            for scale, factor in (
                ("ones", 1.0),
                ("hundredths", 0.01),
                ("thousandths", 0.001),
                ("thousands", 1e3),
                ("millions", 1e6),
            )
        ]
    return readings


def _parse_magnitude(worded: str, decimal: str, spec: FieldSpec) -> Callable[[pl.Expr], pl.Expr]:
    def parse(text: pl.Expr) -> pl.Expr:
        word = text.str.extract(worded, 2).str.to_lowercase()
        factor = word.replace_strict(_WORDS_OF_SCALE, default=None, return_dtype=pl.Float64)
        return as_text(amount_of(text.str.extract(worded, 1), decimal) * factor, spec)

    return parse


def _magnitudes(spec: FieldSpec, decimal: str) -> Callable[[], pl.DataFrame]:
    def specimens() -> pl.DataFrame:
        parts = [
            grid([f"{with_decimals(n, decimal)} {word}" for n in GRID], [n * ones for n in GRID], spec)
            for word, ones in _WORDS_OF_SCALE.items()
        ]
        return pl.concat(parts).sample(fraction=1.0, shuffle=True, seed=20261101)

    return specimens


PERCENT = Translator("percent", "1", _percent)
"""Shares; `field(unit=…)` says whether the field holds a `fraction` (of one, the default), `percent` or `permille`."""
SCALE = Translator("scale", "1", _scaled)
"""Numbers counted in cents, thousands or millions."""
