"""Points in time in the rarer notations: months in nine languages, weeks and days of a year, counts since an epoch.

Tried on shapes that the common notations do not read. Names of months come from Unicode CLDR (through babel). What a
bare number counts, and which century a short year is in, the column decides by its known values.
"""

from collections.abc import Callable
from functools import cache, lru_cache

import polars as pl

from orchestration_assets.translation.epochs import counts
from orchestration_assets.translation.libraries import by_distinct
from orchestration_assets.translation.moments_parts import assembled, local_moment, read_in_parts, zoned
from orchestration_assets.translation.readings import Reading, Translator
from orchestration_assets.translation.vocabularies import LANGUAGES, without_ambiguous
from validators.parsing import Notation, write
from validators.rules import FieldSpec

_ZONES = {
    **dict.fromkeys(("Z", "UTC", "GMT", "UT", "WET"), "+00:00"),
    **dict.fromkeys(("CET", "MEZ", "WEST"), "+01:00"),
    **dict.fromkeys(("CEST", "MESZ", "EET"), "+02:00"),
    **dict.fromkeys(("EEST", "MSK"), "+03:00"),
    "HKT": "+08:00",
    "AWST": "+08:00",
    **dict.fromkeys(("JST", "KST"), "+09:00"),
    "ACST": "+09:30",
    "ACDT": "+10:30",
    "AEST": "+10:00",
    "AEDT": "+11:00",
    "NZST": "+12:00",
    "NZDT": "+13:00",
    "EST": "-05:00",
    "EDT": "-04:00",
    "PDT": "-07:00",
    "AKST": "-09:00",
    "AKDT": "-08:00",
    "HST": "-10:00",
}
"""Abbreviations that stand for one offset. `CST`, `IST`, `BST`, `AST`, `MST` and `PST` stand for several."""

_OFFSET = r"(?:UTC|GMT)?[+-][0-9]{2}(?::?[0-9]{2})?"
_ZONE = rf"(?:\s*(?<zone>{'|'.join(sorted(_ZONES, key=len, reverse=True))}|{_OFFSET})(?:\[[A-Za-z_/]+\])?)?"
_CLOCK = (
    r"(?:(?:[ T,]+(?:at|um|à|alle|a las|às|om|kl\.?|o)?\s*|-)"
    r"(?<hour>[0-9]{1,2})[:.h](?<minute>[0-9]{2})(?:[:.m](?<second>[0-9]{2})s?(?<fraction>[.,][0-9]{1,9})?)?"
    r"(?:\s*(?:Uhr|Uhr\.|h|hrs|o'clock))?\s*(?<half>[AaPp]\.?\s?[Mm]\.?)?)?"
)
_WEEKDAY = r"(?:[A-Za-zÀ-ž]{2,13}\.?,?\s+)?"
_MONTH = r"(?<month>[A-Za-zÀ-ž]{3,12})\.?"
_DAY = r"(?<day>[0-9]{1,2})(?:\.|st|nd|rd|th|er|º|ª|:a|:e)?"
_OF = r"(?:\s+(?:de|del|of)\s+|\s+d['\u2019]|[ ./-]*)"
_LONG, _SHORT = r"(?<year>[0-9]{4})", r"['\u2019]?(?<year>[0-9]{2})"
_END = rf"{_CLOCK}{_ZONE}\s*$"
_NUMERIC = {
    "day first, with a zone or a weekday": (
        "day first",
        rf"(?<day>[0-9]{{1,2}})[./ -]+(?<month>[0-9]{{1,2}})[./ -]+{_LONG}",
    ),
    "month first, with a zone or a weekday": (
        "month first",
        rf"(?<month>[0-9]{{1,2}})[./ -]+(?<day>[0-9]{{1,2}})[./ -]+{_LONG}",
    ),
    "year first, with a zone or a weekday": (
        "",
        rf"{_LONG}[./ -]?(?<month>[0-9]{{2}})[./ -]?(?<day>[0-9]{{2}})",
    ),
    "year first, one digit": ("", rf"{_LONG}[./-](?<month>[0-9]{{1,2}})[./-](?<day>[0-9]{{1,2}})"),
}
_NAMED = {
    "day, name of the month": rf"{_DAY}{_OF}{_MONTH}{_OF}{_LONG}",
    "name of the month, day": rf"{_MONTH}[ .]*{_DAY},?\s+{_LONG}",
    "year, name of the month, day": rf"{_LONG}[ ./-]*{_MONTH}[ ./-]*{_DAY}",
}
_CTIME = (
    r"^\s*[A-Za-zÀ-ž]{2,4}\.?\s+(?<month>[A-Za-zÀ-ž]{3})\s+(?<day>[0-9]{1,2})\s+"
    r"(?<hour>[0-9]{2}):(?<minute>[0-9]{2})(?::(?<second>[0-9]{2}))(?<fraction>)(?<half>)"
    r"\s*(?:(?<zone>[A-Z]{2,4})\s+)?(?<year>[0-9]{4})\s*$"
)
_COMPACT = (
    r"^\s*(?<year>[0-9]{4})(?<month>[0-9]{2})(?<day>[0-9]{2})T?(?<hour>[0-9]{2})(?<minute>[0-9]{2})"
    r"(?<second>[0-9]{2})?(?<fraction>[.,][0-9]{1,9})?(?<half>)(?<zone>Z|[+-][0-9]{2}:?[0-9]{2})?\s*$"
)
_WEEK = r"^\s*(?<y>[0-9]{4})-?W(?<w>[0-9]{2})-?(?<d>[1-7])"
_ORDINAL = r"^\s*(?<y>[0-9]{4})-?(?<d>[0-9]{3})"


@cache
def month_words() -> dict[str, int]:
    """Names of months in nine languages, whole and short, in small letters and without points, to their number."""
    from babel import Locale

    pairs = []
    for language in LANGUAGES:
        for form in Locale(language).months.values():
            for width in ("wide", "abbreviated"):
                pairs += [(name.rstrip("."), str(number)) for number, name in form[width].items()]
    pairs += [("sept", "9"), ("mrz", "3"), ("jän", "1"), ("jänner", "1")]
    return {word: int(number) for word, number in without_ambiguous(pairs).items() if not word.isdigit()}


def _written_months() -> dict[str, str]:
    """A word for each month and day (`04-03`), so that a sample exercises the words of all languages."""
    words: dict[int, list[str]] = {}
    for word, number in sorted(month_words().items()):
        words.setdefault(number, []).append(word)
    return {
        f"{number:02}-{day:02}": of_month[day % len(of_month)]
        for number, of_month in words.items()
        for day in range(1, 32)
    }


def readings(spec: FieldSpec, notation: Notation) -> list[Reading]:
    """The rarer notations, those with words before bare numbers."""
    made = [
        _reading(name, rf"^\s*{_WEEKDAY}{pattern}{_END}", spec, notation, convention, _FORMS[name])
        for name, (convention, pattern) in _NUMERIC.items()
    ]
    made += [
        _reading(name, rf"^\s*{_WEEKDAY}{pattern}{_END}", spec, notation, "", _FORMS[name])
        for name, pattern in _NAMED.items()
    ]
    made += [
        _reading(name, pattern, spec, notation, "", _FORMS[name])
        for name, pattern in (("weekday, month, day, time, year", _CTIME), ("digits alone", _COMPACT))
    ]
    return [*made, *_short_years(spec, notation), *_of_year(spec, notation), *counts(spec, notation)]


_FORMS = {
    "day first, with a zone or a weekday": "%a, %d.%m.%Y %H:%M:%S%.f",
    "month first, with a zone or a weekday": "%a, %m/%d/%Y %I:%M:%S%.f %p",
    "year first, with a zone or a weekday": "%a %Y-%m-%d %H:%M:%S%.f",
    "year first, one digit": "%Y-%-m-%-d %H:%M:%S%.f",
    "day, name of the month": "%a, %-d. {month} %Y %H:%M:%S%.f",
    "name of the month, day": "{month} %-d, %Y %H:%M:%S%.f",
    "year, name of the month, day": "%Y-{month}-%d %H:%M:%S%.f",
    "weekday, month, day, time, year": "%a %b %e %H:%M:%S %Y",
    "digits alone": "%Y%m%dT%H%M%S%.f",
}


def _reading(
    name: str, pattern: str, spec: FieldSpec, notation: Notation, convention: str, form: str
) -> Reading:
    def naive(parts: pl.Expr, _text: pl.Expr) -> pl.Expr:
        return assembled(parts, parts.struct.field("year"), month_words())

    def parse(text: pl.Expr) -> pl.Expr:
        return read_in_parts(text, pattern, naive, _offset, spec, notation)

    return Reading(name, parse, _render(form, spec, notation), convention, pattern=pattern)


def _offset(zone: pl.Expr) -> pl.Expr:
    """The offset that an abbreviation stands for; `+02` as `+02:00`."""
    offset = zone.str.strip_prefix("UTC").str.strip_prefix("GMT")
    full = pl.when(offset.str.len_bytes() == 3).then(pl.concat_str(offset, pl.lit(":00"))).otherwise(offset)
    return pl.coalesce(zone.replace_strict(_ZONES, default=None, return_dtype=pl.String), full)


def _render(form: str, spec: FieldSpec, notation: Notation) -> Callable[[pl.Expr], pl.Expr]:
    def render(text: pl.Expr) -> pl.Expr:
        moment = local_moment(text, spec, notation)
        if "{month}" not in form:
            return moment.dt.strftime(form)
        before, after = form.split("{month}")
        word = moment.dt.strftime("%m-%d").replace_strict(
            _written_months(), default=None, return_dtype=pl.String
        )
        head = moment.dt.strftime(before) if before else pl.lit("")
        return pl.concat_str(head, word, moment.dt.strftime(after))

    return render


_WINDOW = "19 or 20"
_PIVOT = "69"
_WORDS = {_WINDOW: "1969 to 2068", "20": "20xx", "19": "19xx"}
"""What two digits of a year may stand for: the window of POSIX (`strptime`, `%y`) first, then one century alone."""


def _short_years(spec: FieldSpec, notation: Notation) -> list[Reading]:
    """Two digits for a year behind a month's name, or before it: century and order are what the column says."""
    orders = {
        "short year last": rf"^\s*{_WEEKDAY}{_DAY}{_OF}{_MONTH}{_OF}{_SHORT}{_END}",
        "short year first": rf"^\s*{_SHORT}[ ./-]*{_MONTH}[ ./-]*{_DAY}{_END}",
        "day first, short year": rf"^\s*(?<day>[0-9]{{1,2}})[./-](?<month>[0-9]{{1,2}})[./-]{_SHORT}{_END}",
        "month first, short year": rf"^\s*(?<month>[0-9]{{1,2}})[./-](?<day>[0-9]{{1,2}})[./-]{_SHORT}{_END}",
        "year first, short year": rf"^\s*{_SHORT}[./-](?<month>[0-9]{{1,2}})[./-](?<day>[0-9]{{1,2}}){_END}",
    }
    forms = {
        "short year last": "%d-{month}-%y %H:%M:%S%.f",
        "short year first": "%y-{month}-%d %H:%M:%S%.f",
        "day first, short year": "%d-%m-%y %H:%M:%S%.f",
        "month first, short year": "%m-%d-%y %H:%M:%S%.f",
        "year first, short year": "%y-%m-%d %H:%M:%S%.f",
    }
    return [
        Reading(
            f"{name}, {_WORDS[century]}",
            _parse_short(pattern, century, spec, notation),
            _render_short(forms[name], century, spec, notation),
            scale=f"{name}, {_WORDS[century]}",
            pattern=pattern,
        )
        for name, pattern in orders.items()
        for century in _WORDS
    ]


def _parse_short(
    pattern: str, century: str, spec: FieldSpec, notation: Notation
) -> Callable[[pl.Expr], pl.Expr]:
    def naive(parts: pl.Expr, _text: pl.Expr) -> pl.Expr:
        short = parts.struct.field("year")
        window = pl.when(short < _PIVOT).then(pl.lit("20")).otherwise(pl.lit("19"))
        whole = pl.concat_str(window if century == _WINDOW else pl.lit(century), short)
        return assembled(parts, whole, month_words())

    return lambda text: read_in_parts(text, pattern, naive, _offset, spec, notation)


def _render_short(
    form: str, century: str, spec: FieldSpec, notation: Notation
) -> Callable[[pl.Expr], pl.Expr]:
    written = _render(form, spec, notation)

    def render(text: pl.Expr) -> pl.Expr:
        year = local_moment(text, spec, notation).dt.year()
        first = 1900 + int(_PIVOT) if century == _WINDOW else 100 * int(century)
        return pl.when(year.is_between(first, first + 99)).then(written(text))

    return render


def _of_year(spec: FieldSpec, notation: Notation) -> list[Reading]:
    """Weeks (ISO 8601, `2026-W14-5`) and days (`2026-093`) of a year, with or without a time."""

    def parsed(pattern: str, form: str) -> Callable[[pl.Expr], pl.Expr]:
        def naive(parts: pl.Expr, _text: pl.Expr) -> pl.Expr:
            names = ("y", "w", "d") if "%V" in form else ("y", "d")
            day = pl.concat_str(*[parts.struct.field(n) for n in names], separator="-").str.strptime(
                pl.Date, form, strict=False
            )
            return assembled(parts, day.dt.year().cast(pl.String), {}, day=day)

        return lambda text: read_in_parts(text, pattern + _END, naive, _offset, spec, notation)

    return [
        Reading(
            "week of the year",
            parsed(_WEEK, "%G-%V-%u"),
            _render("%G-W%V-%u %H:%M:%S%.f", spec, notation),
            pattern=_WEEK,
        ),
        Reading(
            "day of the year",
            parsed(_ORDINAL, "%Y-%j"),
            _render("%Y-%j %H:%M:%S%.f", spec, notation),
            pattern=_ORDINAL,
        ),
    ]


_ASKED_OF_LIBRARY = 500
# What is relative (`yesterday`) would be another day in the next run.
_OF_LIBRARY = {"REQUIRE_PARTS": ["day", "month", "year"], "PARSERS": ["absolute-time"]}


@lru_cache(100_000)
def by_library(text: str) -> str | None:
    """The moment that dateparser makes of a text, in ISO 8601; null where it makes none."""
    import dateparser  # 0.5 s

    found = dateparser.parse(text, languages=list(LANGUAGES), settings=_OF_LIBRARY)
    return None if found is None else found.isoformat()


def _dates_of_library(spec: FieldSpec, notation: Notation) -> list[Reading]:
    def parse(text: pl.Expr) -> pl.Expr:
        written = by_distinct(text, by_library, "dateparser", "date 1", most=_ASKED_OF_LIBRARY)
        naive = (
            written.str.slice(0, 26)
            .str.replace(r"[+-][0-9]{2}:[0-9]{2}$", "")
            .str.to_datetime(time_unit="us", strict=False)
        )
        offset = written.str.extract(r"([+-][0-9]{2}:[0-9]{2})$", 1)
        return write(zoned(naive, offset, spec, notation), spec.dtype)

    return [
        Reading("by dateparser", parse)
    ]  # cannot be written, hence never measured: only ever a suggestion


DATEPARSER = Translator("dateparser", "1", _dates_of_library)
"""Dates in words (`the third of April 2026`): for distinct values of shapes that `datetime` does not read."""
