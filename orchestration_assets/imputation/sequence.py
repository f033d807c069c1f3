"""How sure a prediction must be: strengths tried from the highest down, until the promise would no longer be kept.

A case is one known value, predicted without itself, with the strength of the prediction. Because the order is fixed
beforehand and the first failure ends it, every case may both choose and measure, and the level of confidence still
holds (fixed sequence testing; Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then Test", 2021).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration_assets.settlement.gate import Measured, cases_needed, error_bound
from validators.contract import FieldPolicy

STEPS = 40


@dataclass(frozen=True)
class Threshold:
    """Predictions of at least `strength` are as right as `above` measured; the others as `below`."""

    strength: float
    above: Measured
    below: Measured
    is_applied: bool

    @property
    def parameters(self) -> str:
        """The threshold, as the table of methods has it."""
        return f"strength>={self.strength:.6g}"

    def is_above(self) -> pl.Expr:
        """Whether a prediction (column `strength`) is in the measured region."""
        return pl.col("strength") >= self.strength


def strength_of_votes() -> pl.Expr:
    """Of a value that `support` of `support / share` records state: its share, if one more stated something else."""
    return pl.col("support") / (pl.col("support") / pl.col("share") + 1)


def strength_needed(cases: pl.DataFrame, policy: FieldPolicy, evidence_class: str) -> Threshold:
    """`cases`: one row per known value: `strength`, `is_right`. The loosest strength that keeps `max_error`.

    Where none does, nothing is applied, and the strictest one that could have is told.
    """
    ranked = cases.drop_nulls("strength").sort("strength", descending=True)
    strengths, right = ranked["strength"].to_numpy(), np.cumsum(ranked["is_right"].to_numpy())
    if not len(strengths):
        return Threshold(
            1.0, Measured(0, 0, evidence_class), Measured(0, 0, evidence_class), is_applied=False
        )
    ends = _ends(strengths, cases_needed(policy.max_error))
    kept = ends[:1]
    for end in ends:
        if error_bound(end, int(right[end - 1])) > policy.max_error:
            break
        kept = [end]
    end = kept[0]
    above = Measured(end, int(right[end - 1]), evidence_class)
    below = Measured(len(right) - end, int(right[-1] - right[end - 1]), evidence_class)
    return Threshold(float(strengths[end - 1]), above, below, is_applied=above.may_apply(policy))


def _ends(strengths: np.ndarray, least: int) -> list[int]:
    """How many of the strongest cases each step takes: whole groups of equal strength, from `least` cases on."""
    last = np.flatnonzero(np.r_[strengths[1:] != strengths[:-1], True]) + 1
    enough = last[last >= least]
    if not len(enough):
        return [len(strengths)]
    if len(enough) <= STEPS:
        return enough.tolist()
    wanted = np.geomspace(enough[0], enough[-1], STEPS).astype(int)
    return sorted({int(enough[np.searchsorted(enough, n)]) for n in wanted})
