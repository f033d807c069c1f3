"""Identifiers with check digits: written with separators, in small letters, with a label in front.

What is read must pass its check: python-stdnum knows how. A wrong check digit is never guessed; `spelling` may find
the one known value that is meant.
"""

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module

import polars as pl

from orchestration_assets.translation.libraries import by_distinct
from orchestration_assets.translation.readings import Reading, Translator
from validators.parsing import Notation
from validators.rules import FieldSpec

_MODULES = {
    "iban": "stdnum.iban",
    "bic": "stdnum.bic",
    "lei": "stdnum.lei",
    "isin": "stdnum.isin",
    "ean": "stdnum.ean",
    "isbn": "stdnum.isbn",
    "issn": "stdnum.issn",
    "imei": "stdnum.imei",
    "vat": "stdnum.eu.vat",
    "luhn": "stdnum.luhn",
}
_LABEL = (
    r"(?i)^\s*(?:IBAN|BIC|SWIFT|LEI|ISIN|EAN(?:-?1[34])?|GTIN(?:-?1[234])?|ISBN(?:-?1[03])?|ISSN|IMEI"
    r"|VAT(?:\s*(?:ID|No\.?))?|USt-?Id(?:Nr)?\.?)\b[\s.:#]*"
)
_CACHED = 100_000


@lru_cache(_CACHED)
def verified(kind: str, text: str) -> str | None:
    """`text` if its check digits are right, else null."""
    module = import_module(_MODULES[kind])
    return text if text.isascii() and module.is_valid(text) else None


def _identifier(kind: str) -> Callable[[FieldSpec, Notation], list[Reading]]:
    def checked(text: pl.Expr) -> pl.Expr:
        return by_distinct(text, lambda value: verified(kind, value), "python-stdnum", f"{kind} 1")

    def compact(text: pl.Expr) -> pl.Expr:
        return text.str.replace(_LABEL, "").str.replace_all(r"[\s.·_/-]+", "").str.to_uppercase()

    def hyphenated(text: pl.Expr) -> pl.Expr:
        bare = compact(text)
        return pl.when(bare.str.len_bytes() == 8).then(
            pl.concat_str(bare.str.slice(0, 4), pl.lit("-"), bare.str.slice(4))
        )

    readings = [
        Reading(
            "separators",
            lambda t: checked(compact(t)),
            lambda t: t.str.to_lowercase().str.replace_all(r"(.{4})", "$1 "),
        )
    ]
    if kind == "issn":  # whose hyphen is a part of it
        readings = [Reading("hyphen", lambda t: checked(hyphenated(t)), lambda t: t.str.replace("-", ""))]
    return lambda _spec, _notation: readings


IDENTIFIERS = tuple(Translator(kind, "1", _identifier(kind)) for kind in _MODULES)
"""One translator per kind of identifier."""
