"""From the parts of a written moment to the moment, and back to the clock of the source."""

from collections.abc import Callable

import polars as pl

from validators.parsing import Notation, read_back, write
from validators.rules import FieldSpec


def read_in_parts(
    text: pl.Expr,
    pattern: str,
    naive: Callable[[pl.Expr, pl.Expr], pl.Expr],
    zone: Callable[[pl.Expr], pl.Expr],
    spec: FieldSpec,
    notation: Notation,
) -> pl.Expr:
    """The contract's text of the moment that `naive` makes of the groups of `pattern` and the text, in its `zone`.

    One step after the other: written as one expression, the pattern would be matched anew for each use of its groups.
    """

    def read(texts: pl.Series) -> pl.Series:
        parts = texts.to_frame("text").select("text", parts=pl.col("text").str.extract_groups(pattern))
        groups = pl.col("parts")
        moments = parts.select(
            naive=naive(groups, pl.col("text")), zone=zone(groups.struct.field("zone"))
        ).select(moment=zoned(pl.col("naive"), pl.col("zone"), spec, notation))
        return moments.select(write(pl.col("moment"), spec.dtype).alias(texts.name)).to_series()

    return text.map_batches(read, return_dtype=pl.String, is_elementwise=True)


def hour_of(parts: pl.Expr) -> pl.Expr:
    """The hour of the day from the groups `hour` and `half`, null where there is no such hour."""
    hour = parts.struct.field("hour").cast(pl.Int32, strict=False)
    half = parts.struct.field("half").str.to_lowercase().str.extract("^([ap])", 1)
    is_twelve_hour = half.is_not_null()
    sound = pl.when(~is_twelve_hour | hour.is_between(1, 12)).then(hour)
    return pl.when(half == "p").then(sound % 12 + 12).when(half == "a").then(sound % 12).otherwise(sound)


def assembled(parts: pl.Expr, year: pl.Expr, months: dict[str, int], day: pl.Expr | None = None) -> pl.Expr:
    """The local moment of the groups `month` (number or word), `day`, `hour`, `half`, `minute`, `second`, `fraction`.

    `day`: a date that stands for month and day. No time is midnight; what is no moment is null.
    """
    second = parts.struct.field("second").fill_null("00")
    fraction = parts.struct.field("fraction").fill_null("").str.replace(",", ".", literal=True)
    has_time = parts.struct.field("hour").is_not_null()
    hour = pl.when(has_time).then(hour_of(parts)).otherwise(0)
    month_and_day = _month_and_day(parts, months) if day is None else day.dt.strftime("%m-%d")
    text = pl.concat_str(
        year,
        month_and_day,
        hour.cast(pl.String).str.zfill(2),
        parts.struct.field("minute").fill_null("00"),
        second + fraction,
        separator="-",
    )
    return text.str.strptime(pl.Datetime("us"), "%Y-%m-%d-%H-%M-%S%.f", strict=False)


def _month_and_day(parts: pl.Expr, months: dict[str, int]) -> pl.Expr:
    month = parts.struct.field("month")
    number = month.cast(pl.Int32, strict=False)
    named = month.str.to_lowercase().replace_strict(months, default=None, return_dtype=pl.Int32)
    in_digits = pl.coalesce(number, named).cast(pl.String).str.zfill(2)
    return pl.concat_str(in_digits, parts.struct.field("day").str.zfill(2), separator="-")


def zoned(naive: pl.Expr, zone: pl.Expr, spec: FieldSpec, notation: Notation) -> pl.Expr:
    """A local time as the field's type: in the `zone` that stands with it (an offset), else in that of the source."""
    if not isinstance(spec.dtype, pl.Datetime) or spec.dtype.time_zone is None:
        return naive.cast(spec.dtype)
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    hours = zone.str.extract(r"^[+-]([0-9]{2})", 1).cast(pl.Int64).fill_null(0)
    minutes = zone.str.extract(r"([0-9]{2})$", 1).cast(pl.Int64).fill_null(0)
    offset = pl.duration(minutes=sign * (hours * 60 + minutes))
    local = naive.dt.replace_time_zone(notation.timezone, ambiguous="null", non_existent="null")
    stated = (naive - offset).dt.replace_time_zone("UTC")
    moment = pl.when(zone.is_null()).then(local.dt.convert_time_zone("UTC")).otherwise(stated)
    return moment.dt.convert_time_zone(spec.dtype.time_zone)


def local_moment(text: pl.Expr, spec: FieldSpec, notation: Notation) -> pl.Expr:
    """The moment of a contract's text, on the clock of the source."""
    moment = read_back(text, spec.dtype).cast(pl.Datetime("us", getattr(spec.dtype, "time_zone", None)))
    return (
        moment.dt.convert_time_zone(notation.timezone) if getattr(spec.dtype, "time_zone", None) else moment
    )
