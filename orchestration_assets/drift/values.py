"""What the values of a column say: which contract fields they satisfy, and how like a field's known values they are.

Frames of delivered values have one text column per delivered column; known values are typed, as `trusted` holds them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration_assets.translation.registry import TRANSLATORS
from validators.parsing import Notation, parse, present, read_back
from validators.rules import FieldSpec, RuleSet
from validators.shapes import shape

ENOUGH = 20
"""Fewer values than these say nothing about a distribution."""
_RECURRING = 0.2
_COLUMN, _TEXT, _COUNT = "_column", "_text", "_count"
_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Fit:
    """Shares of a column's values that are good values of a field: read as its source declares, or in any known way."""

    declared: float
    known: float
    way: str
    """The way of writing that reads the most: `declared`, `plain` or the name of a translator's reading."""
    count: int
    """How many values there were to judge."""

    @property
    def share(self) -> float:
        """The better of the two; a way that is not declared counts a little less."""
        return max(self.declared, 0.98 * self.known)


NO_FIT = Fit(0.0, 0.0, "", 0)


def fits(
    values: pl.DataFrame,
    names: list[str],
    rules: RuleSet,
    notations: Mapping[str, Notation],
    *,
    thoroughly: Collection[str],
) -> dict[tuple[str, str], Fit]:
    """How well each column of `values` fits each field of `names`, by (column, field).

    The columns `thoroughly` are read in every known way of writing, the others as they are declared. Each way reads the
    distinct texts of all columns at once.
    """
    texts = values.unpivot(variable_name=_COLUMN, value_name=_TEXT).drop_nulls()
    counted = texts.group_by(_COLUMN, _TEXT).len(_COUNT)
    found: dict[tuple[str, str], Fit] = {}
    for name in names:
        spec, notation = rules.fields[name], notations.get(name, Notation())
        there = counted.with_columns(present(pl.col(_TEXT), notation).alias(_TEXT)).drop_nulls()
        good = {
            way: _good(there, value, spec, rules) for way, value in _declared_ways(spec, notation).items()
        }
        closely = there.filter(pl.col(_COLUMN).is_in(list(thoroughly)))
        good |= {
            way: _good(closely, value, spec, rules) for way, value in _known_ways(spec, notation).items()
        }
        totals = _by_column(there)
        found |= {(column, name): _fit(column, totals, good) for column in values.columns}
    return found


def fit(texts: pl.Series, spec: FieldSpec, rules: RuleSet, notation: Notation) -> Fit:
    """How well the texts fit one field, in every known way of writing."""
    frame = texts.to_frame("texts")
    return fits(frame, [spec.name], rules, {spec.name: notation}, thoroughly=["texts"])["texts", spec.name]


def _fit(column: str, totals: dict[str, int], good: dict[str, dict[str, int]]) -> Fit:
    if not (total := totals.get(column, 0)):
        return NO_FIT
    shares = {way: counts.get(column, 0) / total for way, counts in good.items()}
    best = max(shares, key=lambda way: (shares[way], way == "declared"))
    return Fit(shares["declared"], shares[best], best, total)


def _declared_ways(spec: FieldSpec, notation: Notation) -> dict[str, pl.Expr]:
    ways = {"declared": parse(pl.col(_TEXT), spec.dtype, notation)}
    if notation != Notation():
        ways["plain"] = parse(pl.col(_TEXT), spec.dtype, Notation())
    return ways


def _known_ways(spec: FieldSpec, notation: Notation) -> dict[str, pl.Expr]:
    """What the translators of the field can read."""
    readings = [r for method in spec.policy.translate for r in TRANSLATORS[method].readings(spec, notation)]
    return {reading.name: read_back(reading.parse(pl.col(_TEXT)), spec.dtype) for reading in readings}


def _good(there: pl.DataFrame, value: pl.Expr, spec: FieldSpec, rules: RuleSet) -> dict[str, int]:
    """How many texts of each column are good values of the field, read this way."""
    read = there.select(_COLUMN, _COUNT, value.alias(spec.name))
    return _by_column(read.filter(rules.is_good(spec.name)))


def _by_column(counted: pl.DataFrame) -> dict[str, int]:
    return dict(counted.group_by(_COLUMN).agg(pl.col(_COUNT).sum()).iter_rows())


def numbers(texts: pl.Series, spec: FieldSpec, notation: Notation) -> pl.Series:
    """The numbers among the texts, good or not, read as the notation says."""
    there = texts.to_frame("text").select(present(pl.col("text"), notation))
    return there.select(parse(pl.col("text"), spec.dtype, notation)).to_series().drop_nulls()


def typed(texts: pl.Series, spec: FieldSpec, rules: RuleSet, notation: Notation) -> pl.Series:
    """The good values among the texts, read as the notation says."""
    there = texts.to_frame("text").select(present(pl.col("text"), notation))
    value = there.select(parse(pl.col("text"), spec.dtype, notation).alias(spec.name))
    return value.filter(rules.is_good(spec.name)).to_series()


def similarity(values: pl.Series, known: pl.Series) -> float | None:
    """How alike two sets of typed values are, 0 to 1; None where there are too few to tell.

    Numbers and moments: 1 less the Kolmogorov-Smirnov distance (of moments: of their distances from their median, and of
    their times of day). Texts that recur: the overlap of their frequencies, or the share of those that were seen before
    against what is usual. Texts that do not recur: the overlap of the frequencies of their shapes.
    """
    values, known = values.drop_nulls(), known.drop_nulls()
    if min(values.len(), known.len()) < ENOUGH:
        return None
    if known.dtype.is_numeric():
        return 1 - distance(values, known)
    if known.dtype.is_temporal() and known.dtype != pl.Time:
        return min(
            1 - distance(_spread(values), _spread(known)), 1 - distance(_of_day(values), _of_day(known))
        )
    return _similarity_of_texts(values.cast(pl.String), known.cast(pl.String))


def distance(values: pl.Series, known: pl.Series) -> float:
    """The Kolmogorov-Smirnov distance of two samples of numbers."""
    mine, theirs = (np.sort(s.cast(pl.Float64).drop_nulls().to_numpy()) for s in (values, known))
    points = np.concatenate([mine, theirs])
    gaps = np.searchsorted(mine, points, side="right") / len(mine) - np.searchsorted(
        theirs, points, side="right"
    ) / len(theirs)
    return float(np.abs(gaps).max())


def distinct_share(values: pl.Series) -> float:
    """How many of the values that are there are different, as a share."""
    there = values.drop_nulls()
    return there.n_unique() / there.len() if there.len() else 0.0


def _similarity_of_texts(values: pl.Series, known: pl.Series) -> float:
    if distinct_share(known) < _RECURRING:
        return _common(values, known)
    half = known.len() // 2
    usual = _seen_share(known.tail(known.len() - half), known.head(half))
    alike = _common(_shapes(values), _shapes(known))
    if usual < _RECURRING:
        return alike
    return min(alike, 1.0, _seen_share(values, known) / usual)


def _seen_share(values: pl.Series, before: pl.Series) -> float:
    return float(values.is_in(before.unique().implode()).mean() or 0.0)  # type: ignore[arg-type]


def _shapes(texts: pl.Series) -> pl.Series:
    """The shapes of the texts, however long their numbers are: running numbers grow."""
    return texts.to_frame("text").select(shape(pl.col("text")).str.replace_all("9+", "9")).to_series()


def _common(values: pl.Series, known: pl.Series) -> float:
    """What two frequency tables have in common: 1 less their total variation distance."""
    mine, theirs = (
        s.to_frame("value").group_by("value").len().select("value", (pl.col("len") / s.len()).alias(name))
        for s, name in ((values, "mine"), (known, "theirs"))
    )
    both = mine.join(theirs, on="value", how="inner")
    return float(both.select(pl.min_horizontal("mine", "theirs").sum()).item())


def _seconds(moments: pl.Series) -> pl.Series:
    return moments.cast(pl.Datetime("us")).dt.epoch("s").cast(pl.Float64)


def _spread(moments: pl.Series) -> pl.Series:
    """Days from the median."""
    seconds = _seconds(moments)
    return ((seconds - float(np.median(seconds.to_numpy()))) / _DAY_SECONDS).round(1)


def _of_day(moments: pl.Series) -> pl.Series:
    return _seconds(moments) % _DAY_SECONDS
