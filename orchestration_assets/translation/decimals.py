"""Numbers kept as text with a fixed count of decimals, of which somebody left out the zeros at the end: `1.5175`, `1.51750`.

The number stays the same; how many decimals there must be is what the field's rules say, and where they leave it open, nothing
is decided.
"""

from collections.abc import Callable

import polars as pl

from orchestration_assets.translation.readings import Reading, Translator
from validators.parsing import Notation
from validators.rules import FieldSpec

MOST = 6
_NUMBER = r"^\s*([+-]?[0-9]+)(?:\.([0-9]*))?\s*$"
_WHOLE = (0, 1, 10, 100, 1000)
_STEPS = 1000


def _parse(count: int) -> Callable[[pl.Expr], pl.Expr]:
    def parse(text: pl.Expr) -> pl.Expr:
        whole, fraction = text.str.extract(_NUMBER, 1), text.str.extract(_NUMBER, 2).fill_null("")
        is_short = fraction.str.len_chars() < count
        return pl.when(is_short).then(pl.concat_str(whole, pl.lit("."), fraction.str.pad_end(count, "0")))

    return parse


def _render(text: pl.Expr) -> pl.Expr:
    """The number without the zeros at its end; null where it has none."""
    short = text.str.strip_chars_end("0").str.strip_suffix(".")
    return pl.when(text.str.contains(_NUMBER) & text.str.contains(r"\.[0-9]*0$")).then(short)


def _specimens(count: int) -> Callable[[], pl.DataFrame]:
    def specimens() -> pl.DataFrame:
        steps = range(min(10 ** (count - 1), _STEPS))
        known = [
            f"{whole}.{step:0{count - 1}d}0" if count > 1 else f"{whole}.0"
            for step in steps
            for whole in _WHOLE
        ]
        return pl.DataFrame({"known": known}).with_columns(value=_render(pl.col("known")))

    return specimens


def _readings(spec: FieldSpec, _notation: Notation) -> list[Reading]:
    if spec.dtype != pl.String:
        return []
    return [
        Reading(f"{count} decimals", _parse(count), _render, specimens=_specimens(count), pattern=_NUMBER)
        for count in range(1, MOST + 1)
    ]


DECIMALS = Translator("decimals", "1", _readings)
