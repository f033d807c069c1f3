"""The gate: which repairs may be applied by themselves, from what was measured of the method that proposes them."""

from dataclasses import dataclass

import polars as pl

from validators.contract import FieldPolicy

CONFIDENCE_LEVEL = 0.95

PROPOSAL_SCHEMA = pl.Schema(
    {
        "_id": pl.UInt64,
        "_source": pl.String,
        "field": pl.String,
        "original": pl.String,
        "repaired": pl.String,
        "method": pl.String,
        "version": pl.String,
        "arm": pl.String,
        "shape": pl.String,
        "confidence": pl.Float64,
        "evidence_class": pl.String,
        "evidence": pl.String,
        "status": pl.String,
        "decided_by": pl.String,
    }
)
"""One row per proposed cell. `arm` is the variant of the method (a notation, a grouping); `status` is `applied`,
`suggested`, or `undone`; `decided_by` is `gate` or a person."""

METHOD_SCHEMA = pl.Schema(
    {
        "method": pl.String,
        "version": pl.String,
        "field": pl.String,
        "source": pl.String,
        "shape": pl.String,
        "arm": pl.String,
        "parameters": pl.String,
        "cases": pl.Int64,
        "right": pl.Int64,
        "evidence_class": pl.String,
        "error_bound": pl.Float64,
        "max_error": pl.Float64,
        "is_applied": pl.Boolean,
        "fit": pl.String,
    }
)
"""One row per (method, version, field, source, shape, arm) that was measured; `fit`: which fit measured it, null: the run."""


@dataclass(frozen=True)
class Measured:
    """How often a method was right on cases that did not choose its parameters.

    `fit`: the fit in which it was measured; None: the run that uses it.
    """

    cases: int
    right: int
    evidence_class: str
    fit: str | None = None

    @property
    def confidence(self) -> float | None:
        """The share that was right, None if nothing was tried."""
        return self.right / self.cases if self.cases else None

    @property
    def error_bound(self) -> float:
        """The one-sided 95 % upper bound of the error rate."""
        return error_bound(self.cases, self.right)

    def may_apply(self, policy: FieldPolicy) -> bool:
        """Whether a repair with this record is applied by itself under `policy`."""
        return policy.accepts(self.evidence_class) and self.error_bound <= policy.max_error

    def describe(self, what: str) -> str:
        """The evidence in words, for people."""
        if not self.cases:
            return f"{what}: never measured"
        return f"{what}: right in {self.right} of {self.cases} {self.evidence_class} cases"


def error_bound(cases: int, right: int, level: float = CONFIDENCE_LEVEL) -> float:
    """The one-sided upper bound of the error rate at this `level` (Clopper and Pearson 1934); 1 without cases."""
    if cases <= 0 or right <= 0:
        return 1.0
    from scipy.special import betaincinv  # costs 0.2 s: only where something is measured

    wrong = cases - right
    return float(betaincinv(wrong + 1, right, level))


def cases_needed(max_error: float, level: float = CONFIDENCE_LEVEL) -> int:
    """The fewest cases, all right, whose bound is at most `max_error`."""
    from math import ceil, log

    return ceil(log(1 - level) / log(1 - max_error))
