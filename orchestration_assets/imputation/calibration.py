"""How sure a prediction is: from the share and the number of those who agree with it, measured on held-out cases.

A case: one known value, predicted without itself. Half of the cases choose how large share and support must be for
the promised error rate; the other half, which chose nothing, measure what is promised.
"""

from dataclasses import dataclass

import polars as pl

from orchestration_assets.settlement.gate import Measured, error_bound
from validators.contract import FieldPolicy

_SHARES = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 1.0)
_SUPPORTS = (1, 2, 3, 5, 8, 12, 20)


@dataclass(frozen=True)
class Calibration:
    """Predictions of at least `share` and `support` are as right as `above` measured; the others as `below`."""

    share: float
    support: int
    above: Measured
    below: Measured
    is_applied: bool

    @property
    def parameters(self) -> str:
        """The thresholds, as the table of methods has them."""
        return f"share>={self.share:g}, support>={self.support}"

    def is_above(self) -> pl.Expr:
        """Whether a prediction (columns `share`, `support`) is in the measured and trusted region."""
        return (pl.col("share") >= self.share) & (pl.col("support") >= self.support)


def calibrate(cases: pl.DataFrame, policy: FieldPolicy, evidence_class: str) -> Calibration:
    """`cases`: one row per held-out prediction: `share`, `support`, `is_right`, `half` (bool: chooses or measures)."""
    chooses, measures = cases.filter(pl.col("half")), cases.filter(~pl.col("half"))
    share, support = _loosest(chooses, policy.max_error)
    is_above = (pl.col("share") >= share) & (pl.col("support") >= support)
    above = _measure(measures.filter(is_above), evidence_class)
    below = _measure(measures.filter(~is_above), evidence_class)
    return Calibration(share, support, above, below, is_applied=above.may_apply(policy))


def _loosest(chooses: pl.DataFrame, max_error: float) -> tuple[float, int]:
    """The region with the most cases whose bound keeps the promise; where none does, the one with the lowest bound."""
    told = chooses.group_by("share", "support").agg(
        pl.len().alias("cases"), pl.col("is_right").sum().alias("right")
    )
    shares, supports, told_cases, told_right = (column.to_numpy() for column in told.get_columns())
    regions = [(share, support) for share in _SHARES for support in _SUPPORTS]
    within = [(shares >= share) & (supports >= support) for share, support in regions]
    cases = [int(told_cases[is_within].sum()) for is_within in within]
    right = [int(told_right[is_within].sum()) for is_within in within]
    bounds = [error_bound(*of_region) for of_region in zip(cases, right, strict=True)]
    ranks = [
        (True, float(n)) if bound <= max_error else (False, -bound)
        for n, bound in zip(cases, bounds, strict=True)
    ]
    return regions[ranks.index(max(ranks))]


def _measure(cases: pl.DataFrame, evidence_class: str) -> Measured:
    return Measured(cases.height, int(cases["is_right"].sum()), evidence_class)
