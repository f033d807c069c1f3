"""Reading text in a declared notation: one expression per field, null where the notation does not read the value.

A source declares its notation; this module turns it into expressions. It never guesses: what the notation does not
read is a `malformed` finding, and translation is where guessing is measured.
"""

from dataclasses import dataclass

import polars as pl

UNITS: dict[str, float] = {
    "cents": 100,
    "percent": 100,
    "permille": 1000,
    "thousands": 1e-3,
    "millions": 1e-6,
}
"""How many of the unit make one: 100 cents make one euro."""

_TRUE = ["true", "1", "yes", "y", "t"]
_FALSE = ["false", "0", "no", "n", "f"]
_EPOCHS = {"epoch_s": (1_000_000, 1), "epoch_ms": (1000, 1), "epoch_us": (1, 1), "epoch_ns": (1, 1000)}
ISO_DATETIME = "%Y-%m-%dT%H:%M:%S%.f%#z"
_FIRST_YEAR, _LAST_YEAR = 1000, 9999


@dataclass(frozen=True)
class Notation:
    """How one field of one source is written."""

    decimal: str = "."
    datetime: str = ISO_DATETIME
    date: str = "%Y-%m-%d"
    timezone: str = "UTC"
    unit: str | None = None
    codes: tuple[tuple[str, str], ...] = ()
    nulls: tuple[str, ...] = ()


def present(text: pl.Expr, notation: Notation | None = None) -> pl.Expr:
    """The text where there is any: an empty text and the notation's own tokens for nothing are null."""
    nothing = ["", *(notation.nulls if notation else ())]
    if len(nothing) == 1:
        return pl.when(text != "").then(text)
    return pl.when(~text.is_in(nothing)).then(text)


def parse(text: pl.Expr, dtype: pl.DataType, notation: Notation) -> pl.Expr:
    """`text` as `dtype`, null where `notation` does not read it (and where there is no text)."""
    if notation.codes:
        text = text.replace(dict(notation.codes))
    if dtype == pl.String:
        return text
    if dtype.is_numeric():
        return _number(text, dtype, notation)
    if isinstance(dtype, pl.Datetime):
        return _datetime(text, dtype, notation)
    if dtype == pl.Date:
        return text.str.strptime(pl.Date, notation.date, strict=False).pipe(_in_full_years)
    if dtype == pl.Time:
        return text.str.strptime(pl.Time, "%H:%M:%S%.f", strict=False)
    if dtype == pl.Boolean:
        lower = text.str.to_lowercase()
        return (
            pl.when(lower.is_in(_TRUE)).then(statement=True).when(lower.is_in(_FALSE)).then(statement=False)
        )
    return text.cast(dtype, strict=False)


def write(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The contract's own text of a typed value: what `parse` reads back in the plain notation."""
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone:
            return value.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
        return value.dt.strftime("%Y-%m-%dT%H:%M:%S%.f")
    if dtype == pl.Time:
        return value.dt.strftime("%H:%M:%S%.f")
    if dtype.is_float():
        return value.cast(pl.String).str.strip_suffix(".0")
    return value.cast(pl.String)


def read_back(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The typed value of a text that `write` wrote."""
    if isinstance(dtype, pl.Datetime) and not dtype.time_zone:
        return text.str.strptime(dtype, "%Y-%m-%dT%H:%M:%S%.f", strict=False)
    return parse(text, dtype, Notation())


def _number(text: pl.Expr, dtype: pl.DataType, notation: Notation) -> pl.Expr:
    if notation.decimal == ",":
        # A point is no part of this notation: `1.234` would otherwise be read as little more than one.
        text = pl.when(~text.str.contains(".", literal=True)).then(text.str.replace(",", ".", literal=True))
    number = text.cast(pl.Float64, strict=False)
    number = pl.when(number.is_finite()).then(number)
    if notation.unit:
        per_one = UNITS[notation.unit]
        # By a column: a division by one number becomes a multiplication with its reciprocal, in which 1924 cents are
        # 19.240000000000002 and contradict the 19.24 of another source.
        divisor = number * 0 + float(per_one)
        number = number / divisor if per_one >= 1 else number * (1 / per_one)
    if dtype.is_float():
        return number.cast(dtype)
    if not notation.unit:
        return text.cast(dtype, strict=False)
    is_kept = number == number.round() if dtype.is_integer() else number.is_not_null()
    return pl.when(is_kept).then(number).cast(dtype, strict=False)


def _datetime(text: pl.Expr, dtype: pl.Datetime, notation: Notation) -> pl.Expr:
    if notation.datetime in _EPOCHS:
        micros_per_one, ones_per_micro = _EPOCHS[notation.datetime]
        count = text.cast(pl.Int64, strict=False)
        # Beyond these years the multiplication would wrap around.
        micros = pl.when(count.abs() < 2**62 // micros_per_one).then(count * micros_per_one // ones_per_micro)
        moment = micros.cast(pl.Datetime("us")).pipe(_in_full_years).dt.cast_time_unit(dtype.time_unit)
        return moment.dt.replace_time_zone("UTC").pipe(_in_zone, dtype)
    form = notation.datetime
    if "%z" in form or "%#z" in form or "%:z" in form:
        moment = text.str.strptime(pl.Datetime(dtype.time_unit, "UTC"), form, strict=False)
        return moment.pipe(_in_full_years).pipe(_in_zone, dtype)
    naive = text.str.strptime(pl.Datetime(dtype.time_unit), form, strict=False).pipe(_in_full_years)
    if form.endswith("Z"):
        return naive.dt.replace_time_zone("UTC").pipe(_in_zone, dtype)
    if dtype.time_zone is None:
        return naive
    # A local time that occurs twice or never in the year says nothing certain: null, hence a finding.
    local = naive.dt.replace_time_zone(notation.timezone, ambiguous="null", non_existent="null")
    return local.pipe(_in_zone, dtype)


def _in_full_years(moment: pl.Expr) -> pl.Expr:
    """`%Y` also reads `26`, as the year 26: a year that has not four digits is another notation."""
    return pl.when(moment.dt.year().is_between(_FIRST_YEAR, _LAST_YEAR)).then(moment)


def _in_zone(moment: pl.Expr, dtype: pl.Datetime) -> pl.Expr:
    return (
        moment.dt.convert_time_zone(dtype.time_zone) if dtype.time_zone else moment.dt.replace_time_zone(None)
    )
