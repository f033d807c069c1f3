"""Text that was read in another encoding than it was written in (`MÃ¼ller`), and what it was: a value at a time, by ftfy.

Only what shows the pattern is touched; quotes, entities and widths of characters stay as they are.
"""

import polars as pl

from orchestration_assets.translation.answers import answered
from orchestration_assets.translation.readings import Reading, Translator
from validators.parsing import Notation
from validators.rules import FieldSpec


def mended_encoding(text: str) -> str:
    """The text as it was before it was read in the wrong encoding; the same text where nothing shows that it was."""
    from ftfy import fix_encoding

    mended = fix_encoding(text)
    # A control character of the C1 block by itself may be meant: only together with others does it show a mistake.
    is_control_only = len(mended) == len(text) and all(
        old == new or "\x80" <= old <= "\x9f" for old, new in zip(text, mended, strict=True)
    )
    return text if is_control_only else mended


def mistaken_encoding(text: str) -> str | None:
    """The text in utf-8 as cp1252 shows it; null for ASCII, and where cp1252 has no such character."""
    try:
        return None if text.isascii() else text.encode().decode("cp1252")
    except UnicodeDecodeError:
        return None


def _mended(values: pl.Series) -> pl.Series:
    distinct = values.drop_nulls().unique()
    mended = answered(distinct.to_list(), mended_encoding, "ftfy", "encoding 1")
    return values.replace_strict(
        distinct, pl.Series(mended, dtype=pl.String), default=None, return_dtype=pl.String
    )


def _mistaken(values: pl.Series) -> pl.Series:
    return pl.Series(
        values.name, [None if text is None else mistaken_encoding(text) for text in values], pl.String
    )


def _changed(text: pl.Expr) -> pl.Expr:
    mended = text.map_batches(_mended, return_dtype=pl.String)
    return pl.when(mended != text).then(mended)


def _readings(_spec: FieldSpec, _notation: Notation) -> list[Reading]:
    return [
        Reading(
            "another encoding", _changed, lambda text: text.map_batches(_mistaken, return_dtype=pl.String)
        )
    ]


ENCODING = Translator("encoding", "1", _readings)
