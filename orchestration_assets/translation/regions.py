"""Subdivisions of countries and languages: their names, and the codes that ISO 3166-2 and ISO 639 give them."""

from functools import cache

import polars as pl

from orchestration_assets.translation.readings import Reading, Translator
from orchestration_assets.translation.vocabularies import LANGUAGES, tidied, vocabulary, without_ambiguous
from validators.parsing import Notation
from validators.rules import FieldSpec


@cache
def region_words(country: str) -> dict[str, str]:
    """Name or code in lower case to the ISO 3166-2 code of a subdivision of `country`, with the country (`US-CA`)."""
    import pycountry  # 0.1 s

    pairs = []
    for one in pycountry.subdivisions.get(country_code=country) or ():
        short = one.code.partition("-")[2]
        pairs += [(word, one.code) for word in (one.name, one.code, short)]
    return without_ambiguous(pairs)


@cache
def language_words() -> dict[str, str]:
    """Name, alpha-2, or either alpha-3 code in lower case to the shortest ISO 639 code."""
    import pycountry
    from babel import Locale

    pairs = []
    for one in pycountry.languages:
        code = getattr(one, "alpha_2", one.alpha_3)
        others = (getattr(one, name, None) for name in ("alpha_2", "alpha_3", "bibliographic"))
        pairs += [(word, code) for word in others if word]
    known = {code for _, code in pairs}
    for language in LANGUAGES:
        names = Locale(language).languages
        pairs += [(name, code) for code, name in names.items() if code in known]
    return without_ambiguous(pairs)


def _region(spec: FieldSpec, notation: Notation) -> list[Reading]:
    country = (spec.policy.region or "").upper()
    words = region_words(country) if country else {}
    # As the post has it: `Calif.`, without the point; the country may stand behind it.
    return [*tidied(spec, notation)[:2], *vocabulary("name of a region", words, spec)]


def _language(spec: FieldSpec, notation: Notation) -> list[Reading]:
    words = language_words()
    tagged = Reading(
        "language of a locale",
        lambda text: text.str.extract(r"^\s*([A-Za-z]{2,3})[_-][A-Za-z]{2,4}\s*$", 1).str.to_lowercase(),
        lambda text: pl.concat_str(text, pl.lit("_"), text.str.to_uppercase()),
    )
    return [
        tidied(spec, notation)[0],
        tidied(spec, notation)[2],
        tagged,
        *vocabulary("language", words, spec),
    ]


REGION = Translator("region", "1", _region)
"""ISO 3166-2; `field(region="US")` says of which country, the field's code list whether with the country's code."""
LANGUAGE = Translator("language", "1", _language)
"""ISO 639, two letters where there are two."""
