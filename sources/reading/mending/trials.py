"""How often a repair is right: sound records of the same file are broken in the same way, and mended.

What counts for an arm is every trial in which it spoke, whichever column the damage was in.
"""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from sources.reading.mending import repairs
from sources.reading.mending.profiles import Profile
from sources.reading.mending.quotes import candidates_of

TRIALS = 400
"""Per column. 299 without a fault are the fewest that bound the error by a hundredth."""

MOST_ERROR = 0.01
_CONFIDENCE = 0.95
_SEED = 20261123
_NO_OUTCOMES = pl.DataFrame(schema={"arm": pl.String, "is_right": pl.Boolean})


@dataclass(frozen=True, slots=True)
class Measured:
    """How often an arm spoke, and how often it was right."""

    cases: int
    right: int

    @property
    def error_bound(self) -> float:
        """The one-sided upper bound of the error at 95 % (Clopper and Pearson 1934)."""
        if self.right == self.cases:
            return 1.0 if self.cases == 0 else 1 - (1 - _CONFIDENCE) ** (1 / self.cases)
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

    def _with_extra_delimiters(self, extra: int) -> pl.DataFrame:
        """Break each column's values in turn at `extra` places, none of them beside a blank or an end."""
        drawn = self._drawn()
        pieces = _cut_at_random(drawn, extra + 1)
        is_cut = pieces.select(pl.all_horizontal(pl.all().str.strip_chars() != "")).to_series()
        drawn, pieces = drawn.filter(is_cut), pieces.filter(is_cut)
        broken = drawn.select(pl.concat_str(pieces, separator=self.delimiter)).to_series()
        column = pl.col("column")
        parts = [
            drawn.hstack(pieces)
            .select(
                pl.when(column > i)
                .then(pl.col(str(min(i, self.width - 1))))
                .when(column < i - extra)
                .then(pl.col(str(max(i - extra, 0))))
                .otherwise(
                    pl.coalesce(pl.when(i - column == p).then(pl.col(f"piece {p}")) for p in range(extra + 1))
                )
            )
            .to_series()
            for i in range(self.width + extra)
        ]
        truth = self._with(drawn, broken)
        return _judged(repairs.without_extra_delimiters(parts, self.profiles, self.delimiter), truth)

    def _cut(self) -> pl.DataFrame:
        drawn = self._drawn()
        places = _random_places(drawn["value"].str.len_chars())
        halves = drawn.select(left=pl.col("value").str.head(places), right=pl.col("value").str.slice(places))
        fields = self._with(drawn, halves["left"] + halves["right"])
        columns = drawn["column"].to_numpy()
        return _judged(repairs.joined(list(fields), columns, self.profiles), drawn.drop("column", "value"))

    def _with_other_delimiters(self) -> pl.DataFrame:
        outcomes = []
        for delimiter in repairs.OTHER_DELIMITERS:
            if delimiter == self.delimiter:
                continue
            chosen = self.fields.head(TRIALS)
            line = chosen.select(pl.concat_str(pl.all(), separator=delimiter)).to_series()
            is_tried = line.str.count_matches(delimiter, literal=True) == self.width - 1
            parts = repairs.split(line.filter(is_tried), delimiter, self.width)
            found = repairs.with_other_delimiter(parts, self.profiles, delimiter)
            outcomes.append(_judged(found, chosen.filter(is_tried)))
        return pl.concat(outcomes)

    def _with_extra_quote(self) -> pl.DataFrame:
        if self.quote is None:
            return _NO_OUTCOMES
        drawn = self._drawn()
        mark = self.quote if self.is_all_quoted else ""
        value = mark + drawn["value"] + mark
        places = _random_places(value.str.len_chars())
        broken = value.to_frame("value").select(
            pl.concat_str(
                pl.col("value").str.head(places), pl.lit(self.quote), pl.col("value").str.slice(places)
            )
        )
        quoted = drawn.select((mark + pl.col(str(i)) + mark).alias(str(i)) for i in range(self.width))
        written = self._with(quoted.hstack(drawn.select("column", "value")), broken.to_series())
        lines = written.select(pl.concat_str(pl.all(), separator=self.delimiter)).to_series()
        candidates = candidates_of(lines, self.delimiter, self.quote, self.width)
        return _judged(
            repairs.without_extra_quote(candidates, self.profiles, self.quote), drawn.drop("column", "value")
        )

    def _drawn(self) -> pl.DataFrame:
        """Return records to break, with the `column` to break and its `value`: for each column some that have one."""
        drawn = []
        for column in range(self.width):
            value = pl.col(str(column))
            has_value = self.fields.filter(value != "")
            chosen = has_value.sample(min(TRIALS, has_value.height), seed=_SEED + column, shuffle=True)
            drawn.append(chosen.with_columns(column=pl.lit(column, pl.Int64), value=value))
        return pl.concat(drawn)

    def _with(self, drawn: pl.DataFrame, value: pl.Series) -> pl.DataFrame:
        """Return the fields with another value in the column of each record."""
        return drawn.select(
            pl.when(pl.col("column") == i).then(value).otherwise(pl.col(str(i))).alias(str(i))
            for i in range(self.width)
        )


def _cut_at_random(drawn: pl.DataFrame, pieces: int) -> pl.DataFrame:
    """Return each value in pieces, some of them empty where it is too short: `piece 0`, `piece 1`, …."""
    lengths = drawn["value"].str.len_chars().to_numpy()
    draw = np.random.default_rng(_SEED)
    places = np.sort(draw.integers(1, np.maximum(lengths, 2)[:, None], (len(lengths), pieces - 1)), axis=1)
    edges = np.column_stack([np.zeros(len(lengths), int), places, lengths])
    columns = pl.DataFrame(edges, schema=[f"edge {i}" for i in range(pieces + 1)]).with_columns(
        value=drawn["value"]
    )
    return columns.select(
        pl.col("value")
        .str.slice(pl.col(f"edge {i}"), pl.col(f"edge {i + 1}") - pl.col(f"edge {i}"))
        .alias(f"piece {i}")
        for i in range(pieces)
    )


def _random_places(lengths: pl.Series) -> pl.Series:
    draw = np.random.default_rng(_SEED)
    return pl.Series(draw.integers(0, lengths.to_numpy() + 1), dtype=pl.Int64)


def _judged(found: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Return `arm` and whether it was right, one row per trial in which one spoke."""
    meant = truth[found["at"].to_list()]
    is_right = pl.Series(np.ones(found.height, bool))
    for name in truth.columns:
        is_right &= found[name] == meant[name]
    return found.select("arm", is_right=is_right)


def _counted(outcomes: pl.DataFrame) -> dict[str, Measured]:
    counts = outcomes.group_by("arm").agg(pl.len(), pl.col("is_right").sum())
    return {arm: Measured(cases, right) for arm, cases, right in counts.iter_rows()}
