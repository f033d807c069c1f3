"""What matching is given, what it weighs, and what it hands over."""

from collections.abc import Collection
from dataclasses import dataclass, field

import polars as pl

from orchestration_assets.drift.names import Likeness
from orchestration_assets.drift.units import ScaleChange
from orchestration_assets.drift.values import Fit

NO_HEADER = "its name is itself a value of the field: the file may have no header"


@dataclass(frozen=True)
class Delivered:
    """A delivery as far as matching looks: a sample of its text, one column per delivered column, in their order."""

    values: pl.DataFrame
    undeclared: tuple[str, ...]


@dataclass(frozen=True)
class History:
    """What is known of the source: a sample of its trusted records, typed, and the columns that it delivered last."""

    records: pl.DataFrame = field(default_factory=pl.DataFrame)
    columns: tuple[str, ...] = ()

    def of(self, name: str) -> pl.Series:
        """The known values of a field."""
        there = name in self.records.columns
        return self.records[name].drop_nulls() if there else pl.Series(name, [], pl.String)


@dataclass(frozen=True)
class Candidate:
    """One reading of a gone field: the column that would stand for it, and what speaks for that."""

    field: str
    column: str
    probability: float
    margin: float
    name: Likeness
    fit: Fit
    similarity: float | None
    is_specific: bool
    """No other column of the delivery has values that this field accepts."""
    is_same_place: bool
    unit: str | None
    """What its numbers count now, where that is to be declared."""
    doubt: str
    """Why a person has to look at it; empty where it is clear."""

    @property
    def is_clear(self) -> bool:
        """Whether it may be applied by itself."""
        return not self.doubt


@dataclass(frozen=True)
class Matching:
    """The best reading of a delivery: one candidate for some of the gone fields, none for the others."""

    candidates: dict[str, Candidate]
    unexplained: tuple[str, ...]

    @property
    def has_no_header(self) -> bool:
        """Whether what was taken for names are values: then they stand in no message."""
        return any(candidate.doubt == NO_HEADER for candidate in self.candidates.values())

    def is_clear(self, required: Collection[str]) -> bool:
        """Whether it may be applied by itself: no doubt about any candidate, and one for each field that is required."""
        is_certain = all(candidate.is_clear for candidate in self.candidates.values())
        return bool(self.candidates) and is_certain and not set(self.unexplained) & set(required)


@dataclass(frozen=True)
class Evidence:
    """What speaks for one column standing for one field."""

    name: Likeness
    fit: Fit
    similarity: float | None
    change: ScaleChange | None
    is_specific: bool
    is_same_place: bool
    weight: float
