"""Numbers and money in the notations that people and systems write them in."""

from collections.abc import Callable

import polars as pl

from orchestration_assets.translation.readings import Reading, Translator
from validators.codes import ISO_4217
from validators.parsing import Notation, write
from validators.rules import FieldSpec

_MARK = rf"(?:(?i:{'|'.join(ISO_4217)})|[A-Z]{{0,3}}[€$£¥]|Fr\.?|zł|kr\.?)"
POINT = r"[+-]?(?:[1-9][0-9]{0,2}(?:[, '\u00a0\u202f][0-9]{3})+|[0-9]+)(?:\.[0-9]+)?"
COMMA = r"[+-]?(?:[1-9][0-9]{0,2}(?:[. '\u00a0\u202f][0-9]{3})+|[0-9]+)(?:,[0-9]+)?"


def plain(text: pl.Expr, *, decimal: str) -> pl.Expr:
    """The number without its groups, and with a decimal point."""
    digits = text.str.replace_all(r"[ '\u00a0\u202f]", "")
    if decimal == ",":
        return digits.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    return digits.str.replace_all(",", "", literal=True)


def as_text(number: pl.Expr, spec: FieldSpec) -> pl.Expr:
    """The contract's text of a number, null where the field's type cannot hold it."""
    if spec.dtype.is_integer():
        whole = pl.when(number == number.round()).then(number)
        return whole.cast(spec.dtype, strict=False).cast(pl.String)
    return write(number.cast(spec.dtype), spec.dtype)


def _parse(
    pattern: str, decimal: str, spec: FieldSpec, *, is_marked: bool, needs_decimals: bool
) -> Callable[[pl.Expr], pl.Expr]:
    mark = _MARK if is_marked else ""
    anchored = rf"^\s*(?:{mark}\s*)?({pattern})(?:\s*{mark})?\s*$" if is_marked else rf"^\s*({pattern})\s*$"

    def parse(text: pl.Expr) -> pl.Expr:
        body = text.str.extract(anchored, 1)
        if needs_decimals:
            body = pl.when(body.str.contains(decimal, literal=True)).then(body)
        return as_text(plain(body, decimal=decimal).cast(pl.Float64, strict=False), spec)

    return parse


def render_amount(decimal: str, prefix: str = "", suffix: str = "") -> Callable[[pl.Expr], pl.Expr]:
    """Writes numbers with two decimals and groups of thousands, between `prefix` and `suffix`."""

    def render(text: pl.Expr) -> pl.Expr:
        number = text.cast(pl.Float64, strict=False).round(2)
        whole, cents = number.abs().floor(), ((number.abs() * 100).round() % 100).cast(pl.Int64)
        group = "." if decimal == "," else ","
        grouped = (
            whole.cast(pl.Int64).cast(pl.String).str.reverse().str.replace_all(r"([0-9]{3})", "$1" + group)
        )
        grouped = grouped.str.reverse().str.strip_prefix(group)
        sign = pl.when(number < 0).then(pl.lit("-")).otherwise(pl.lit(""))
        fraction = cents.cast(pl.String).str.zfill(2)
        is_exact = number == text.cast(pl.Float64, strict=False)
        written = pl.concat_str(pl.lit(prefix), sign, grouped, pl.lit(decimal), fraction, pl.lit(suffix))
        return pl.when(is_exact).then(written)

    return render


def _readings(spec: FieldSpec, notation: Notation, *, marks: tuple[bool, ...]) -> list[Reading]:
    # A source that counts in cents leaves it open what a number without decimals counts: such a number is not read.
    # One that counts in percent or thousands leaves it open for every number.
    if notation.unit not in (None, "cents"):
        return []
    needs_decimals = notation.unit is not None
    readings = []
    for is_marked in marks:
        suffix = " EUR" if is_marked else ""
        for convention, pattern, decimal in (("point", POINT, "."), ("comma", COMMA, ",")):
            readings.append(
                Reading(
                    name=f"{'money' if is_marked else 'number'} with decimal {convention}",
                    parse=_parse(pattern, decimal, spec, is_marked=is_marked, needs_decimals=needs_decimals),
                    render=render_amount(decimal, suffix=suffix),
                    convention=convention,
                )
            )
    return readings


NUMBER = Translator("number", "1", lambda spec, notation: _readings(spec, notation, marks=(False,)))
MONEY = Translator("money", "1", lambda spec, notation: _readings(spec, notation, marks=(False, True)))
