"""What the columns of a file are to each other: which identify a record, and which go by another."""

from dataclasses import dataclass, field
from itertools import combinations

import polars as pl

from orchestration_assets.profiling.columns import ColumnProfile

_MOST_COLUMNS = 40
_GOES_BY, _LEAST_GROUPS, _LEAST_REPEATED = 0.97, 10, 0.3
_FIRST_FOR_PAIRS = 12


@dataclass(frozen=True)
class Relations:
    """What identifies a record, and what goes by what.

    `key`: columns that identify a record, but for some delivered twice (`is_unique`), or that most likely say what it is
    about. `determined_by`: column to the column that it goes by.
    """

    key: tuple[str, ...]
    is_unique: bool
    determined_by: dict[str, str] = field(default_factory=dict)


def related(values: pl.DataFrame, profiles: list[ColumnProfile]) -> Relations:
    """The relations of the columns of `values`, one text column per profile."""
    ranked = [p for p in sorted(profiles, key=_rank) if p.type in ("str", "int")]
    unique = [p.column for p in ranked if p.is_unique] or [
        p.column for p in ranked if p.is_nearly_unique and p.is_identifier
    ]
    pair = () if unique else _unique_pair(values, profiles)
    about = tuple(p.column for p in ranked if p.null_share == 0)[:1]
    key = (unique[0],) if unique else pair or about or (profiles[0].column,)
    return Relations(key, bool(unique or pair), _determined(values, profiles))


def _rank(profile: ColumnProfile) -> tuple[bool, bool]:
    """Identifiers first, then what is not personal; the file's order decides among equals."""
    return (not profile.is_identifier, profile.is_personal)


def _unique_pair(values: pl.DataFrame, profiles: list[ColumnProfile]) -> tuple[str, ...]:
    likely = [p.column for p in sorted(profiles, key=_rank) if p.type == "str" and p.null_share == 0][
        :_FIRST_FOR_PAIRS
    ]
    for one, other in combinations(likely, 2):
        if values.select(pl.struct(one, other).n_unique()).item() == values.height:
            return (one, other)
    return ()


def _determined(values: pl.DataFrame, profiles: list[ColumnProfile]) -> dict[str, str]:
    """Column to the column that it goes by: where that repeats, nearly always the same value stands here."""
    known = [p for p in profiles[:_MOST_COLUMNS] if p.distinct > 1]
    by = [
        p
        for p in known
        if p.is_identifier and _LEAST_GROUPS <= p.distinct <= (1 - _LEAST_REPEATED) * values.height
    ]
    found: dict[str, tuple[float, str]] = {}
    for one in by:
        for other in known:
            if other.column == one.column or other.distinct > one.distinct:
                continue
            share = _goes_by(values, one.column, other.column)
            if share >= _GOES_BY and share > found.get(other.column, (0.0, ""))[0]:
                found[other.column] = (share, one.column)
    return {column: determinant for column, (_, determinant) in found.items()}


def _goes_by(values: pl.DataFrame, by: str, column: str) -> float:
    """How many of the values in groups that repeat are the commonest of their group."""
    pairs = values.select(pl.col(by).alias("by"), pl.col(column).alias("value")).drop_nulls()
    counts = (
        pairs.group_by("by", "value")
        .len()
        .group_by("by")
        .agg(pl.col("len").sum().alias("all"), pl.col("len").max().alias("most"))
    )
    repeated = counts.filter(pl.col("all") > 1)
    total = int(repeated["all"].sum())
    return float(repeated["most"].sum()) / total if total else 0.0
