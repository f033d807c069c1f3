"""Dates with times, and times of day, in the notations that people and systems write them in."""

from collections.abc import Callable

import polars as pl

from orchestration_assets.translation import calendars
from orchestration_assets.translation.moments_parts import assembled, local_moment, read_in_parts
from orchestration_assets.translation.readings import Reading, Translator
from validators.parsing import Notation
from validators.rules import FieldSpec

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar jän",
            "february feb februar",
            "march mar märz mär mrz",
            "april apr",
            "may mai",
            "june jun juni",
            "july jul juli",
            "august aug",
            "september sep sept",
            "october oct oktober okt",
            "november nov",
            "december dec dezember dez",
        ),
        start=1,
    )
    for name in names.split()
}
_CLOCK = (
    r"(?:[ T,]+(?<hour>[0-9]{1,2}):(?<minute>[0-9]{2})(?::(?<second>[0-9]{2})(?<fraction>\.[0-9]{1,9})?)?"
    r"\s*(?<half>[AaPp]\.?[Mm]\.?)?)?"
)
_ZONE = r"\s*(?<zone>Z|UTC|[+-][0-9]{2}:?[0-9]{2})?"
_PATTERNS = {
    "day first": rf"^\s*(?<day>[0-9]{{1,2}})[./-](?<month>[0-9]{{1,2}})[./-](?<year>[0-9]{{4}}){_CLOCK}{_ZONE}\s*$",
    "month first": rf"^\s*(?<month>[0-9]{{1,2}})[./-](?<day>[0-9]{{1,2}})[./-](?<year>[0-9]{{4}}){_CLOCK}{_ZONE}\s*$",
    "year first": rf"^\s*(?<year>[0-9]{{4}})[./-]?(?<month>[0-9]{{2}})[./-]?(?<day>[0-9]{{2}}){_CLOCK}{_ZONE}\s*$",
    "day, month name": rf"^\s*(?<day>[0-9]{{1,2}})\.?[ -]*(?<month>[A-Za-zÀ-ž]{{3,9}})\.?[ -]*(?<year>[0-9]{{4}}){_CLOCK}{_ZONE}\s*$",
    "month name, day": rf"^\s*(?<month>[A-Za-zÀ-ž]{{3,9}})\.?\s+(?<day>[0-9]{{1,2}}),?\s+(?<year>[0-9]{{4}}){_CLOCK}{_ZONE}\s*$",
}
_RENDER = {
    "day first": ("%d.%m.%Y %H:%M:%S%.f", "%d.%m.%Y %H:%M"),
    "month first": ("%m/%d/%Y %I:%M:%S%.f %p", "%m/%d/%Y %I:%M %p"),
    "year first": ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"),
    "day, month name": ("%d %b %Y %H:%M:%S%.f", "%d %b %Y %H:%M"),
    "month name, day": ("%b %d, %Y %H:%M:%S%.f", "%b %d, %Y %H:%M"),
}


def _parse(pattern: str, spec: FieldSpec, notation: Notation) -> Callable[[pl.Expr], pl.Expr]:
    def naive(parts: pl.Expr, _text: pl.Expr) -> pl.Expr:
        return assembled(parts, parts.struct.field("year"), _MONTHS)

    return lambda text: read_in_parts(text, pattern, naive, lambda zone: zone, spec, notation)


def _render(forms: tuple[str, str], spec: FieldSpec, notation: Notation) -> Callable[[pl.Expr], pl.Expr]:
    def render(text: pl.Expr) -> pl.Expr:
        moment = local_moment(text, spec, notation)
        return (
            pl.when((moment.dt.second() == 0) & (moment.dt.microsecond() == 0))
            .then(moment.dt.strftime(forms[1]))
            .otherwise(moment.dt.strftime(forms[0]))
        )

    return render


def _moments(spec: FieldSpec, notation: Notation) -> list[Reading]:
    return [
        Reading(
            name=name,
            parse=_parse(pattern, spec, notation),
            render=_render(_RENDER[name], spec, notation),
            convention=name if name in ("day first", "month first") else "",
        )
        for name, pattern in _PATTERNS.items()
    ]


_DATE = (
    r"(?:[0-9]{1,2}/[0-9]{1,2}(?:/[0-9]{2,4})?|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[A-Za-zÀ-ž]*\.?,?"
    r"(?:\s+[0-9]{1,2}-[A-Za-zÀ-ž]{3}-[0-9]{4})?|[A-Za-zÀ-ž]{3,9}\.? ?[0-9]{1,2}|[0-9]{1,2}[ -][A-Za-zÀ-ž]{3}(?:[ -][0-9]{4})?)"
)
_TWELVE = r"(?<hour>[0-9]{1,2}):(?<minute>[0-9]{2})\s*(?<half>[AaPp])\.?(?:[Mm]\.?)?"
_TWENTY_FOUR, _UNSAID_HALF = "24 hours", "12 hours, half unsaid"
_UNSAID = rf"^\s*(?:{_DATE}\s+)?(?<hour>[0-9]{{1,2}}):(?<minute>[0-9]{{2}})(?<half>)\s*$"
_CLOCK_PATTERNS: dict[str, tuple[str, ...]] = {
    "12 hours": (rf"^\s*{_TWELVE}\s*$",),
    "12 hours, with a date": (rf"^\s*{_DATE}\s+{_TWELVE}\s*$", rf"^\s*{_TWELVE}\s*{_DATE}\s*$"),
    "12 hours, with a note": (rf"^\s*{_TWELVE}\s*(?:\([^)]*\)|[A-Z][A-Za-zÀ-ž]+)\s*$",),
    _TWENTY_FOUR: (_UNSAID,),
}
_CLOCK_RENDER = {
    "12 hours": lambda time: time.dt.strftime("%I:%M%P"),
    "12 hours, with a date": lambda time: time.dt.strftime("%I:%M%P Dec 1"),
    _TWENTY_FOUR: lambda time: time.dt.strftime("%H:%M"),
}


def _parse_clock(patterns: tuple[str, ...]) -> Callable[[pl.Expr], pl.Expr]:
    def one(text: pl.Expr, pattern: str) -> pl.Expr:
        parts = text.str.extract_groups(pattern)
        hour = parts.struct.field("hour").cast(pl.Int32, strict=False)
        minute = parts.struct.field("minute").cast(pl.Int32, strict=False)
        half = parts.struct.field("half").str.to_lowercase()
        is_dated = (half != "") & half.is_not_null()
        sound = minute.is_between(0, 59) & pl.when(is_dated).then(hour.is_between(1, 12)).otherwise(
            hour.is_between(0, 23)
        )
        of_day = pl.when(half == "p").then(hour % 12 + 12).when(half == "a").then(hour % 12).otherwise(hour)
        return pl.when(sound).then(_twelve(of_day, minute))

    return lambda text: pl.coalesce(one(text, pattern) for pattern in patterns)


def _parse_other_half(text: pl.Expr) -> pl.Expr:
    """`7:10` as ten past seven in the evening: what it would be on the clock that does not say which half it means."""
    parts = text.str.extract_groups(_UNSAID)
    hour, minute = (parts.struct.field(name).cast(pl.Int32, strict=False) for name in ("hour", "minute"))
    return pl.when(hour.is_between(1, 12) & minute.is_between(0, 59)).then(_twelve((hour + 12) % 24, minute))


def _twelve(hour: pl.Expr, minute: pl.Expr) -> pl.Expr:
    twelve = pl.when(hour % 12 == 0).then(12).otherwise(hour % 12)
    half = pl.when(hour < 12).then(pl.lit(" a.m.")).otherwise(pl.lit(" p.m."))
    return pl.concat_str(twelve.cast(pl.String), pl.lit(":"), minute.cast(pl.String).str.zfill(2), half)


def _render_clock(name: str) -> Callable[[pl.Expr], pl.Expr] | None:
    form = _CLOCK_RENDER.get(name)
    if form is None:
        return None
    return lambda text: form(
        text.str.replace_all(".", "", literal=True)
        .str.to_uppercase()
        .str.strptime(pl.Time, "%I:%M %p", strict=False)
    )


def _clock(_spec: FieldSpec, _notation: Notation) -> list[Reading]:
    readings = [
        Reading(
            name=name,
            parse=_parse_clock(patterns),
            render=_render_clock(name),
            convention=name if name == _TWENTY_FOUR else "",
        )
        for name, patterns in _CLOCK_PATTERNS.items()
    ]
    # Not a notation to repair by, but a rival: only an hour that it does not have proves a clock of 24 hours.
    return [*readings, Reading(name=_UNSAID_HALF, parse=_parse_other_half, convention=_UNSAID_HALF)]


DATETIME = Translator("datetime", "2", _moments, calendars.readings)
CLOCK = Translator("clock", "1", _clock)
"""Times of day; the contract's notation is `7:10 a.m.`."""
