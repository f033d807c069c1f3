"""How often a repair is right: sound records of the same file are broken in the same way, and mended.

What counts for an arm is every trial in which it spoke, whichever column the damage was in.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import polars as pl

from sources.reading.mending import repairs
from sources.reading.mending.profiles import Profile
from sources.reading.mending.quotes import candidates_of, with_quote_at, written

TRIALS = 600
"""Per column. 299 without a fault are the fewest that bound the error by a hundredth."""

MOST_ERROR = 0.01
_CONFIDENCE = 0.95
_SEED = 20261123


@dataclass(frozen=True, slots=True)
class Measured:
    """How often an arm spoke, and how often it was right."""

    cases: int
    right: int

    @property
    def error_bound(self) -> float:
        """The one-sided upper bound of the error at 95 % (Clopper and Pearson 1934)."""
        from scipy.special import betaincinv

        return (
            1.0
            if self.right == 0
            else float(betaincinv(self.cases - self.right + 1, self.right, _CONFIDENCE))
        )

    @property
    def is_certain(self) -> bool:
        """Whether what the arm says may be used."""
        return self.error_bound <= MOST_ERROR


@dataclass(slots=True)
class Trials:
    """Sound records to break: one row per record whose values hold no quote, delimiter or line end."""

    fields: pl.DataFrame
    profiles: list[Profile]
    delimiter: str
    quote: str | None
    is_all_quoted: bool
    _measured: dict[str, dict[str, Measured]] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.profiles)

    def of(self, arm: str) -> Measured:
        """Return how often the arm is right; each kind of damage is tried once, when it is first asked for."""
        kind = arm.rpartition(":")[0]
        if kind not in self._measured:
            self._measured[kind] = self._tried(kind)
        return self._measured[kind].get(arm, Measured(0, 0))

    def _tried(self, kind: str) -> dict[str, Measured]:
        name, _, number = kind.partition(":")
        match name:
            case repairs.DELIMITER:
                outcomes = self._with_extra_delimiters(int(number))
            case repairs.CUT:
                outcomes = self._cut()
            case repairs.QUOTE:
                outcomes = self._with_extra_quote()
            case _:
                outcomes = self._with_other_delimiters()
        return _counted(outcomes)

    def _with_extra_delimiters(self, extra: int) -> Iterator[pl.DataFrame]:
        """Break each column's values in turn at `extra` places, none of them beside a blank or an end."""
        for column in range(self.width):
            chosen = self._drawn(column)
            cut = _cut_at_random(chosen[str(column)], extra + 1, column)
            chosen = chosen.filter(cut.is_not_null())
            if not chosen.height:
                continue
            pieces = list(
                cut.drop_nulls().list.to_struct(fields=[str(i) for i in range(extra + 1)]).struct.unnest()
            )
            fields = [chosen[str(i)] for i in range(self.width)]
            parts = [*fields[:column], *pieces, *fields[column + 1 :]]
            fields[column] = pieces[0]
            for piece in pieces[1:]:
                fields[column] = fields[column] + self.delimiter + piece
            yield _judged(repairs.without_extra_delimiters(parts, self.profiles, self.delimiter), fields)

    def _cut(self) -> Iterator[pl.DataFrame]:
        for column in range(self.width):
            chosen = self._drawn(column)
            value = chosen[str(column)]
            at = _random_places(value.str.len_chars(), column)
            pair = pl.DataFrame({"value": value, "at": at}).select(
                left=pl.col("value").str.head(pl.col("at")), right=pl.col("value").str.slice(pl.col("at"))
            )
            left, right = pair["left"], pair["right"]
            fields = [chosen[str(i)] for i in range(self.width)]
            first, second = [*fields[:column], left], [right, *fields[column + 1 :]]
            yield _judged(repairs.joined_lines(first, second, self.profiles), fields)

    def _with_other_delimiters(self) -> Iterator[pl.DataFrame]:
        for delimiter in repairs.OTHER_DELIMITERS:
            if delimiter == self.delimiter:
                continue
            chosen = self.fields.head(TRIALS)
            line = chosen.select(pl.concat_str(pl.all(), separator=delimiter)).to_series()
            is_tried = (
                line.str.count_matches(delimiter, literal=True) == self.width - 1
            ) & ~line.str.contains(self.delimiter, literal=True)
            chosen = chosen.filter(is_tried)
            parts = repairs.split(line.filter(is_tried), delimiter, self.width)
            found = repairs.with_other_delimiter(parts, self.profiles, delimiter)
            yield _judged(found, [chosen[str(i)] for i in range(self.width)])

    def _with_extra_quote(self) -> Iterator[pl.DataFrame]:
        if self.quote is None:
            return
        for column in range(self.width):
            chosen = self._drawn(column)
            parts = written(chosen, self.quote, is_all_quoted=self.is_all_quoted)
            places = _random_places(parts[column].str.len_chars(), column)
            parts[column] = with_quote_at(parts[column], places, self.quote)
            lines = pl.DataFrame(parts, schema=chosen.columns).select(
                pl.concat_str(pl.all(), separator=self.delimiter)
            )
            candidates = candidates_of(lines.to_series(), self.delimiter, self.quote, self.width)
            found = repairs.without_extra_quote(candidates, self.profiles)
            yield _judged(found, [chosen[str(i)] for i in range(self.width)])

    def _drawn(self, column: int) -> pl.DataFrame:
        """Return records to break in a column: one in which there is something."""
        has_value = self.fields.filter(pl.col(str(column)) != "")
        return has_value.sample(min(TRIALS, has_value.height), seed=_SEED + column, shuffle=True)


def _cut_at_random(value: pl.Series, pieces: int, seed: int) -> pl.Series:
    """Return each value in pieces that are not blank; null where it is too short."""
    draw = np.random.default_rng(_SEED + seed)

    def cut(text: str) -> list[str] | None:
        if len(text) < pieces:
            return None
        at = [0, *sorted(draw.choice(len(text) - 1, pieces - 1, replace=False) + 1), len(text)]
        parts = [text[a:b] for a, b in pairwise(at)]
        return parts if all(part.strip() for part in parts) else None

    return pl.Series([cut(text) for text in value], dtype=pl.List(pl.String))


def _random_places(lengths: pl.Series, seed: int) -> pl.Series:
    draw = np.random.default_rng(_SEED + seed)
    return pl.Series(draw.integers(0, lengths.to_numpy() + 1), dtype=pl.Int64)


def _judged(found: pl.DataFrame, truth: list[pl.Series]) -> pl.DataFrame:
    """Return `arm` and whether it was right, one row per trial in which one spoke."""
    at = found["at"]
    is_right = np.ones(found.height, bool)
    for i, column in enumerate(truth):
        is_right &= (found[str(i)] == column.gather(at)).to_numpy()
    return found.select("arm", is_right=pl.Series(is_right, dtype=pl.Boolean))


def _counted(outcomes: Iterator[pl.DataFrame]) -> dict[str, Measured]:
    frames = list(outcomes)
    if not frames:
        return {}
    counts = pl.concat(frames).group_by("arm").agg(pl.len(), pl.col("is_right").sum())
    return {arm: Measured(cases, right) for arm, cases, right in counts.iter_rows()}
