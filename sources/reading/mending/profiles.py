"""What the values of a column look like, learnt from sound records: which texts, which shapes, or anything.

A profile is as narrow as it can be while a further value is hardly ever outside of it (Good and Turing's estimate:
the share of what was met once).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

FEWEST_RECORDS = 300
MOST_RECORDS = 10_000

_MOST_KNOWN = 64
_UNSEEN_SHARE = 0.002

Level = Literal["values", "shapes", "words", "free"]


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a column: its values, their shapes, their shapes without lengths, or nothing."""

    level: Level
    known: pl.Series

    @property
    def is_text(self) -> bool:
        """Whether a value may hold what parts fields and records elsewhere: a delimiter, a quote, a line end."""
        return self.level == "free" or (self.level == "words" and self.known.str.contains("a").any())

    def fits(self, text: pl.Expr) -> pl.Expr:
        """Return whether a text is as the column's values are."""
        if self.level == "free":
            return text.is_not_null()
        return _MAPS[self.level](text).is_in(self.known.implode())

    def fits_joined(self, pieces: list[pl.Expr], joined: pl.Expr) -> pl.Expr:
        """Return whether the text can be a value that holds what joins its pieces; none of them may be blank.

        Of words it can where the pieces are made of the same kinds of characters as the values.
        """
        is_whole = pl.all_horizontal(piece.str.strip_chars() != "" for piece in pieces)
        if self.level != "words" or not self.is_text:
            return is_whole & self.fits(joined)
        other = rf"[^{re.escape(''.join(sorted(set('a9').union(*self.known))))}]"
        return is_whole & pl.all_horizontal(~_words(piece).str.contains(other) for piece in pieces)


def learnt(fields: pl.DataFrame) -> list[Profile]:
    """Return a profile per column of the sound records."""
    return [_learnt(column) for column in fields]


def _learnt(column: pl.Series) -> Profile:
    for level, mapped in _MAPS.items():
        texts = column.to_frame("known").select(mapped(pl.col("known")))
        counts = texts.to_series().value_counts(name="count")
        unseen = counts.filter(pl.col("count") == 1).height / max(len(column), 1)
        if counts.height <= _MOST_KNOWN and unseen <= _UNSEEN_SHARE:
            return Profile(level, counts["known"])
    return Profile("free", pl.Series("known", [], pl.String))


def _shapes(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(r"[0-9]", "9").str.replace_all(r"\p{Lu}", "A").str.replace_all(r"\p{Ll}", "a")


def _words(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(r"[0-9]+", "9").str.replace_all(r"\p{L}+", "a")


_MAPS: dict[Level, Callable[[pl.Expr], pl.Expr]] = {
    "values": lambda text: text,
    "shapes": _shapes,
    "words": _words,
}
