"""Codes, and the words that stand for them: currencies, countries, and identifiers that are only written untidily.

Names in several languages come from Unicode CLDR (through babel). A name or a symbol that stands for more than one
code (`$`) stands for none here.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache

import polars as pl

from orchestration_assets.translation.readings import Reading, Translator
from validators.parsing import Notation
from validators.rules import FieldSpec

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pl", "sv", "pt")

PLACEHOLDERS = frozenset(
    (
        "n/a|na|n.a.|n.a|n/v|-|--|---|.|..|?|??|???|*|none|null|nil|nan|unknown|unbekannt|undefined|missing|empty|void"
        "|tbd|tba|k.a.|k. a.|ka|keine angabe|not available|not applicable|not provided|not given|not known|no data"
        "|no value|contact airline|#n/a|#na|#null!|#value!|(null)|<null>|<none>|[null]|\\n|nd|n.d.|s/o|inconnu|desconocido"
    ).split("|")
)
"""What people and systems write where there is nothing to write, in lower case."""

_SYMBOLS = {
    "€": "EUR",
    "£": "GBP",
    "us$": "USD",
    "u$s": "USD",
    "zł": "PLN",
    "zl": "PLN",
    "sfr": "CHF",
    "sfr.": "CHF",
}


def folded(text: pl.Expr) -> pl.Expr:
    """The text without surrounding and repeated white space, in lower case."""
    return text.str.replace_all(r"\s+", " ").str.strip_chars().str.to_lowercase()


def without_ambiguous(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Word in lower case to code, of the words that stand for one code only."""
    meanings: dict[str, set[str]] = defaultdict(set)
    for word, code in pairs:
        meanings[" ".join(word.lower().split())].add(code)
    return {word: next(iter(codes)) for word, codes in meanings.items() if len(codes) == 1}


@cache
def currency_words() -> dict[str, str]:
    """Name or symbol in lower case to ISO 4217 code."""
    from babel import Locale

    pairs = list(_SYMBOLS.items())
    for language in LANGUAGES:
        locale = Locale(language)
        pairs += [(name, code) for code, name in locale.currencies.items()]
        plurals = locale._data["currency_names_plural"]  # noqa: SLF001 - babel has no public way to them
        pairs += [(name, code) for code, forms in plurals.items() for name in forms.values()]
    return without_ambiguous(pairs)


@cache
def country_words() -> dict[str, str]:
    """Name in lower case, alpha-3 or numeric code to ISO 3166 alpha-2 code."""
    from babel import Locale
    from babel.core import get_global

    pairs = [
        (alias, targets[0])
        for alias, targets in get_global("territory_aliases").items()
        if len(targets) == 1 and len(alias) == 3
    ]
    for language in LANGUAGES:
        pairs += [(name, code) for code, name in Locale(language).territories.items() if len(code) == 2]
    return without_ambiguous(pairs)


def _lookup(words: Mapping[str, str]) -> Callable[[pl.Expr], pl.Expr]:
    return lambda text: folded(text).replace_strict(dict(words), default=None, return_dtype=pl.String)


def _written_as(words: Mapping[str, str]) -> Callable[[pl.Expr], pl.Expr]:
    """Renders a code as one of its words: which one goes by the code, so that a sample exercises many."""
    by_code: dict[str, str] = {}
    for word, code in sorted(words.items()):
        by_code.setdefault(code, word)
    return lambda text: text.replace_strict(by_code, default=None, return_dtype=pl.String)


def tidied(_spec: FieldSpec, _notation: Notation) -> list[Reading]:
    """A code that is only written untidily: white space and quotes, capitals, small letters, separators."""
    strip = r"^[\s\"'`]+|[\s\"'`.,;]+$"
    return [
        Reading(
            "white space",
            lambda t: t.str.replace_all(strip, ""),
            lambda t: pl.concat_str(pl.lit(" "), t, pl.lit("  ")),
        ),
        Reading(
            "capitals",
            lambda t: t.str.replace_all(strip, "").str.to_uppercase(),
            lambda t: t.str.to_lowercase(),
        ),
        Reading(
            "small letters",
            lambda t: t.str.replace_all(strip, "").str.to_lowercase(),
            lambda t: t.str.to_uppercase(),
        ),
        Reading(
            "separators",
            lambda t: t.str.replace_all(r"[\s._-]+", "").str.to_uppercase(),
            lambda t: pl.concat_str(t.str.slice(0, 3), pl.lit("-"), t.str.slice(3)),
        ),
    ]


def vocabulary(name: str, words: Mapping[str, str], spec: FieldSpec) -> list[Reading]:
    """The reading of a word of a public vocabulary as its code; every word of it is a specimen.

    A field that lists other words of the vocabulary (`DEU` or `Germany` for `DE`) gets those.
    """
    words = as_listed(words, spec)
    allowed = None if spec.allowed is None else set(spec.allowed)

    def specimens() -> pl.DataFrame:
        kept = [(code, word) for word, code in words.items() if allowed is None or code in allowed]
        pairs = pl.DataFrame(kept, schema={"known": pl.String, "value": pl.String}, orient="row")
        return pairs.sample(fraction=1.0, shuffle=True, seed=20261101)

    return [Reading(name, _lookup(words), _written_as(words), specimens=specimens)]


def as_listed(words: Mapping[str, str], spec: FieldSpec) -> dict[str, str]:
    """`words`, each with the value that the field lists for its code; those of no listed code stay as they are."""
    listed = {str(value) for value in spec.allowed or ()}
    codes = set(words.values())
    if not listed - codes:
        return dict(words)
    with_codes = {**{code.lower(): code for code in codes}, **words}
    meant = {value: with_codes.get(" ".join(value.lower().split())) for value in listed - codes}
    told = Counter(meant.values())
    own = {
        code: value
        for value, code in meant.items()
        if code is not None and told[code] == 1 and code not in listed
    }
    return {word: own.get(code, code) for word, code in (with_codes if own else words).items()}


def _currency(spec: FieldSpec, notation: Notation) -> list[Reading]:
    return [*tidied(spec, notation)[:2], *vocabulary("currency name", currency_words(), spec)]


def _country(spec: FieldSpec, notation: Notation) -> list[Reading]:
    return [*tidied(spec, notation)[:2], *vocabulary("country name", country_words(), spec)]


def _text(_spec: FieldSpec, _notation: Notation) -> list[Reading]:
    return [
        Reading(
            "white space",
            lambda t: t.str.replace_all(r"\s+", " ").str.strip_chars(),
            lambda t: pl.concat_str(pl.lit("  "), t, pl.lit(" ")),
        )
    ]


CODE = Translator("code", "1", tidied)
CURRENCY = Translator("currency", "1", _currency)
COUNTRY = Translator("country", "1", _country)
TEXT = Translator("text", "1", _text)
