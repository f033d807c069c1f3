"""Where someone is reached: e-mail addresses, URLs, telephone numbers."""

from collections.abc import Callable
from functools import lru_cache

import polars as pl

from orchestration_assets.translation.libraries import by_distinct
from orchestration_assets.translation.readings import Reading, Translator
from validators.parsing import Notation
from validators.rules import FieldSpec

_AROUND = r"^[\s\"'`<(\[]+|[\s\"'`>)\].,;]+$"
_ADDRESS = r"^([A-Za-z0-9._%+'-]+)@([A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+)$"
_URL = r"^[a-z][a-z0-9+.-]*://[^\s/$.?#][^\s]*$"
_CACHED = 100_000


def _address(text: pl.Expr) -> pl.Expr:
    """The text if it is an address, its host in small letters, as hosts are the same in any (RFC 1035)."""
    local, host = text.str.extract(_ADDRESS, 1), text.str.extract(_ADDRESS, 2)
    is_sound = ~text.str.contains("..", literal=True) & ~local.str.contains(r"^\.|\.$")
    return pl.when(is_sound).then(pl.concat_str(local, pl.lit("@"), host.str.to_lowercase()))


def _email(_spec: FieldSpec, _notation: Notation) -> list[Reading]:
    plain = [
        (
            "what stands around it",
            lambda t: (
                t.str.replace_all(_AROUND, "").str.replace(r"(?i)^mailto:\s*", "").str.replace(r"\?.*$", "")
            ),
            lambda t: pl.concat_str(pl.lit("<mailto:"), t, pl.lit(">; ")),
        ),
        (
            "name and address",
            lambda t: t.str.extract(r"^\s*[^<>@]*<\s*([^<>\s]+@[^<>\s]+)\s*>\s*$", 1),
            lambda t: pl.concat_str(pl.lit('"J. Doe" <'), t, pl.lit(">")),
        ),
        (
            "written out",
            lambda t: t.str.replace(r"(?i)\s*(?:\(at\)|\[at\]|\{at\}|\s+at\s+)\s*", "@").str.replace_all(
                r"(?i)\s*(?:\(dot\)|\[dot\]|\{dot\}|\s+dot\s+)\s*", "."
            ),
            lambda t: t.str.replace("@", " (at) ", literal=True).str.replace(r"\.([^.]*)$", " [dot] $1"),
        ),
        (
            "blanks inside",
            lambda t: t.str.replace_all(r"\s*([@.])\s*", "$1").str.strip_chars(),
            lambda t: t.str.replace("@", " @ ", literal=True),
        ),
        (
            "comma for point in the host",
            lambda t: t.str.replace(r"(@[^,]*),([^,]*)$", "$1.$2"),
            lambda t: t.str.replace(r"(@.*)\.([^.]*)$", "$1,$2"),
        ),
    ]
    readings = [Reading(name, _then(tidy, _address), render) for name, tidy, render in plain]
    small = Reading(
        "small letters",
        lambda t: _address(t.str.replace_all(_AROUND, "")).str.to_lowercase(),
        lambda t: t.str.to_uppercase(),
    )
    return [*readings, small]


def _then(
    first: Callable[[pl.Expr], pl.Expr], second: Callable[[pl.Expr], pl.Expr]
) -> Callable[[pl.Expr], pl.Expr]:
    return lambda text: second(first(text))


def _address_of_page(text: pl.Expr) -> pl.Expr:
    """The text if it is a URL, its scheme and host in small letters (RFC 3986)."""
    head = text.str.extract(r"^([A-Za-z][A-Za-z0-9+.-]*://[^/?#\s]*)", 1).str.to_lowercase()
    tail = text.str.extract(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s]*(.*)$", 1)
    url = pl.concat_str(head, tail)
    return pl.when(url.str.contains(_URL)).then(url)


def _url(_spec: FieldSpec, _notation: Notation) -> list[Reading]:
    around = r"^[\s\"'`<]+|[\s\"'`>,;]+$"
    host = r"^\s*(?:www\.)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(?::[0-9]+)?(?:[/?#]\S*)?\s*$"
    readings = [
        Reading(
            "what stands around it",
            lambda t: _address_of_page(t.str.replace_all(around, "")),
            lambda t: pl.concat_str(pl.lit(" <"), t, pl.lit("> ")),
        ),
        Reading(
            "slashes",
            lambda t: _address_of_page(
                t.str.replace_all("\\", "/", literal=True).str.replace(
                    r"(?i)^\s*(https?|ftp)(?::/|//:|;//|:///|//)([^/])", "$1://$2"
                )
            ),
            lambda t: t.str.replace("://", ":\\\\", literal=True),
        ),
    ]
    # Two schemes, two pages perhaps: one answer only where the field's rules allow but one.
    without = [
        Reading(
            f"without {scheme}",
            lambda t, s=scheme: _address_of_page(
                pl.when(t.str.contains(host)).then(pl.concat_str(pl.lit(f"{s}://"), t.str.strip_chars()))
            ),  # type: ignore[misc]
            lambda t, s=scheme: pl.when(t.str.starts_with(f"{s}://")).then(t.str.strip_prefix(f"{s}://")),  # type: ignore[misc]
        )
        for scheme in ("https", "http")
    ]
    return [*readings, *without]


_LIBRARY = "phonenumbers"


@lru_cache(_CACHED)
def e164(text: str, region: str | None) -> str | None:
    """The number in international form, null if it is none that is in use there."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


@lru_cache(_CACHED)
def _national(text: str) -> str | None:
    import phonenumbers

    number = phonenumbers.parse(text)
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL))


_INTERNATIONAL = r"^\s*(?:\+|00)\s*([1-9][0-9 ()./\u00a0-]{6,24})$"


def _phone(spec: FieldSpec, _notation: Notation) -> list[Reading]:
    region = spec.policy.region
    readings = [
        Reading(
            "international",
            # `(0)` is the national prefix: who dials from abroad leaves it out, but not in Italy.
            lambda t: pl.concat_str(
                pl.lit("+"),
                pl.when(~t.str.contains(r"^\s*(?:\+|00)\s*39\s*\(0\)"))
                .then(t.str.replace(r"\(0\)", ""))
                .str.extract(_INTERNATIONAL, 1)
                .str.replace_all(r"[^0-9]", ""),
            ),
            lambda t: t.str.replace(r"^\+([0-9]{2})([0-9]{3})([0-9]+)$", "00$1 $2 / $3"),
        )
    ]
    if region and len(region) == 2 and region.isupper():
        readings.append(
            Reading(
                f"national, {region}",
                lambda t: by_distinct(t, lambda value: e164(value, region), _LIBRARY, f"e164 1, {region}"),
                lambda t: by_distinct(
                    t, lambda value: in_region(value, region), _LIBRARY, f"national 1, {region}"
                ),
            )
        )
    return readings


def in_region(text: str, region: str) -> str | None:
    """How a number of the region is written there, null for one from elsewhere."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None
    return _national(text) if phonenumbers.region_code_for_number(number) == region else None


EMAIL = Translator("email", "1", _email)
URL = Translator("url", "1", _url)
PHONE = Translator("phone", "1", _phone)
"""Telephone numbers in E.164; `field(region="DE")` says whose numbers are written without the country's, and
`field(region="country")` which field of the record does."""
