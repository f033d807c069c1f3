"""Nearest neighbours: what the known records that are most alike in their other fields hold.

Alike is the cosine of words: each field contributes its whole value, the three-letter pieces of a longer text, and of a
number the ranges that it falls into, rarer ones counting more; every field weighs the same.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from validators.rules import FieldSpec

VERSION = "1"
NEIGHBOURS = 5
_RANGES = (4, 12, 40)
_SHARPNESS = 6
_ROWS_AT_ONCE = 512
_LONGER_TEXT = 6.0


@dataclass(frozen=True)
class Nearest:
    """The known records as words, and what they hold."""

    words: list["_Words"]
    known: Any  # scipy.sparse matrix, one row per known record
    values: np.ndarray

    def predict(self, texts: pl.DataFrame) -> pl.DataFrame:
        """One row per row of `texts` (the other fields as text): `predicted`, `strength`."""
        asked = _matrix(self.words, texts)
        parts = [self._vote(asked[i : i + _ROWS_AT_ONCE]) for i in range(0, asked.shape[0], _ROWS_AT_ONCE)]
        predicted = [value for part in parts for value in part[0]]
        strength = [value for part in parts for value in part[1]]
        return pl.DataFrame({"predicted": predicted, "strength": strength}, schema=PREDICTED)

    def _vote(self, asked: Any) -> tuple[list[str | None], list[float]]:
        alike = (asked @ self.known.T).toarray() / max(len(self.words), 1)
        many = min(NEIGHBOURS, alike.shape[1])
        nearest = np.argpartition(-alike, many - 1, axis=1)[:, :many]
        return _winners(self.values[nearest], np.take_along_axis(alike, nearest, axis=1))


PREDICTED = {"predicted": pl.String, "strength": pl.Float64}
"""One row per record: the value (null: none) and how strong the prediction is, from 0 to 1."""


@dataclass(frozen=True)
class _Words:
    """How one field becomes words: a vectoriser per kind of word."""

    name: str
    ranges: tuple[np.ndarray, ...]
    vectoriser: Any

    def of(self, texts: pl.DataFrame) -> Any:
        return self.vectoriser.transform(_spelled(texts[self.name], self.ranges))


def fit_nearest(known: pl.DataFrame, spec: FieldSpec, others: list[str]) -> Nearest:
    """`known`: good records as text; the field of `spec` is learned from the fields `others`."""
    held = known.drop_nulls(spec.name)
    words = [_words(held[name]) for name in others if held[name].null_count() < held.height]
    return Nearest(words, _matrix(words, held), held[spec.name].to_numpy().astype(object))


def _words(column: pl.Series) -> _Words:
    from sklearn.feature_extraction.text import TfidfVectorizer

    numbers = column.cast(pl.Float64, strict=False)
    is_number = numbers.null_count() == column.null_count() and numbers.n_unique() > max(_RANGES)
    known = numbers.drop_nulls().to_numpy()
    ranges = tuple(np.quantile(known, np.linspace(0, 1, n + 1)[1:-1]) for n in _RANGES) if is_number else ()
    length = column.str.len_chars().mean()
    pieces = not is_number and isinstance(length, float) and length >= _LONGER_TEXT
    vectoriser = TfidfVectorizer(analyzer=_pieces if pieces else _whole, smooth_idf=True)
    return _Words(column.name, ranges, vectoriser.fit(_spelled(column, ranges)))


def _spelled(column: pl.Series, ranges: tuple[np.ndarray, ...]) -> list[str]:
    """Numbers as the names of their ranges, separated by white space; texts as they are."""
    if not ranges:
        return column.fill_null("").to_list()
    numbers = column.cast(pl.Float64, strict=False)
    places = [np.searchsorted(cuts, numbers.fill_null(0).to_numpy()) for cuts in ranges]
    named = [" ".join(f"{i}:{place}" for i, place in enumerate(row)) for row in zip(*places, strict=True)]
    return ["" if is_null else name for name, is_null in zip(named, numbers.is_null(), strict=True)]


def _whole(text: str) -> list[str]:
    return [text, *text.split()] if " " in text else [text] if text else []


def _pieces(text: str) -> list[str]:
    padded = f" {text} "
    return [*_whole(text), *(f"^{padded[i : i + 3]}" for i in range(len(padded) - 2))] if text else []


def _matrix(words: list[_Words], texts: pl.DataFrame) -> Any:
    from scipy import sparse

    blocks = [one.of(texts) for one in words]
    return sparse.hstack(blocks).tocsr() if blocks else sparse.csr_matrix((texts.height, 1))


def _winners(values: np.ndarray, alike: np.ndarray) -> tuple[list[str | None], list[float]]:
    """The value with the most weight in each row; its share of the weight, times how alike its nearest record is."""
    weight = alike**_SHARPNESS
    same = values[:, :, None] == values[:, None, :]
    votes = (same * weight[:, None, :]).sum(axis=2)
    best = votes.argmax(axis=1)
    rows = np.arange(len(values))
    whole = weight.sum(axis=1)
    is_any = whole > 0
    share = np.divide(votes[rows, best], whole, out=np.zeros(len(rows)), where=is_any)
    nearest = np.where(same[rows, best], alike, 0).max(axis=1)
    winners = [value if found else None for value, found in zip(values[rows, best], is_any, strict=True)]
    return winners, (share * nearest).tolist()
