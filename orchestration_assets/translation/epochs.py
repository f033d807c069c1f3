"""Moments as bare numbers: counts since 1970, and the serial days of spreadsheets. The column decides which."""

import polars as pl

from orchestration_assets.translation.moments_parts import local_moment, zoned
from orchestration_assets.translation.readings import Reading
from validators.parsing import Notation, write
from validators.rules import FieldSpec

_EPOCHS = {"seconds": (1_000_000, "9,10"), "milliseconds": (1000, "12,13"), "microseconds": (1, "15,16")}
"""How many microseconds one is, and how many digits there are from 1973 to 2286."""
_DAY_ZERO = {"1900": "1899-12-30", "1904": "1904-01-01"}
_MICROSECONDS_PER_DAY = 86_400_000_000
_LONGEST = 1e17  # microseconds: beyond the year 5000


def counts(spec: FieldSpec, notation: Notation) -> list[Reading]:
    """Seconds since 1970, and the serial days of spreadsheets."""
    epochs = [
        Reading(
            f"{unit} since 1970",
            lambda t, m=micros, d=digits: _since_1970(t, m, d, spec, notation),  # type: ignore[misc]
            lambda t, m=micros: (_as_utc(t, spec, notation).dt.epoch("us") // m).cast(pl.String),  # type: ignore[misc]
            scale=unit,
            pattern=rf"^\s*[0-9]{{{digits}}}(?:\.[0-9]+)?\s*$",
        )
        for unit, (micros, digits) in _EPOCHS.items()
    ]
    days = [
        Reading(
            f"days of a spreadsheet, from {year}",
            lambda t, z=zero: _from_day_zero(t, z, spec, notation),  # type: ignore[misc]
            lambda t, z=zero: _to_day_zero(t, z, spec, notation),  # type: ignore[misc]
            scale=f"days from {year}",
            pattern=r"^\s*[0-9]{5}(?:[.,][0-9]+)?\s*$",
        )
        for year, zero in _DAY_ZERO.items()
    ]
    return [*epochs, *days]


def _moment(micros: pl.Expr) -> pl.Expr:
    sound = pl.when(micros.abs() < _LONGEST).then(micros)
    return sound.round().cast(pl.Int64, strict=False).cast(pl.Datetime("us"))


def _since_1970(text: pl.Expr, micros: int, digits: str, spec: FieldSpec, notation: Notation) -> pl.Expr:
    written = text.str.extract(rf"^\s*([0-9]{{{digits}}}(?:\.[0-9]{{1,6}})?)\s*$", 1)
    count = written.cast(pl.Float64, strict=False)
    moment = zoned(_moment(count * micros), pl.lit("+00:00"), spec, notation)
    return write(moment, spec.dtype)


def _as_utc(text: pl.Expr, spec: FieldSpec, notation: Notation) -> pl.Expr:
    moment = local_moment(text, spec, notation)
    return moment.dt.convert_time_zone("UTC") if getattr(spec.dtype, "time_zone", None) else moment


def _from_day_zero(text: pl.Expr, zero: str, spec: FieldSpec, notation: Notation) -> pl.Expr:
    days = text.str.extract(r"^\s*([0-9]{5}(?:[.,][0-9]{1,12})?)\s*$", 1).str.replace(",", ".", literal=True)
    # Fifteen digits of a day: a millisecond is what they hold.
    micros = (days.cast(pl.Float64, strict=False) * _MICROSECONDS_PER_DAY / 1000).round() * 1000
    start = pl.lit(zero).str.strptime(pl.Datetime("us"), "%Y-%m-%d")
    naive = start + pl.duration(microseconds=micros.cast(pl.Int64, strict=False))
    return write(zoned(naive, pl.lit(None, pl.String), spec, notation), spec.dtype)


def _to_day_zero(text: pl.Expr, zero: str, spec: FieldSpec, notation: Notation) -> pl.Expr:
    start = pl.lit(zero).str.strptime(pl.Datetime("us"), "%Y-%m-%d")
    local = local_moment(text, spec, notation).dt.replace_time_zone(None)
    days = (local - start).dt.total_microseconds() / _MICROSECONDS_PER_DAY
    return days.round(11).cast(pl.String)
