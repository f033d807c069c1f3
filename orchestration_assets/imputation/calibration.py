"""How sure a prediction must be, and how sure each one is: measured on cases, for every imputer in the same way.

A case is one known value, predicted without itself, with the strength of that prediction: one number, whose order is
fixed before any case is looked at. Strengths are tried from the highest down, until the promise would no longer be kept.
Because the first failure ends it, every case may both choose and measure, and the level of confidence still holds (fixed
sequence testing; Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then Test", 2021). Where there are many cases, one
wrong among the very strongest would end it at once: then it starts from several places, which share the level.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from orchestration_assets.settlement.gate import CONFIDENCE_LEVEL, Measured, cases_needed, error_bound
from validators.contract import FieldPolicy

STEPS = 40
BANDS = 8
CASES_OF_BAND = 100
"""So many cases of neighbouring strengths are measured together, at least."""
STARTS = 4
"""Each start has so many times the cases of the one before it."""


@dataclass(frozen=True)
class Band:
    """Predictions of at least `strength` that are in no stronger band; `is_above`: of the strength that is needed."""

    strength: float
    measured: Measured
    is_above: bool


@dataclass(frozen=True)
class Threshold:
    """Predictions of at least `strength` are as right as `above` measured, the others as `below`; closer, as their band.

    `bands`: the strongest first. `of_source`: the same for the sources that are significantly unlike all together.
    """

    strength: float
    above: Measured
    below: Measured
    is_applied: bool
    bands: tuple[Band, ...] = ()
    of_source: Mapping[str, "Threshold"] = field(default_factory=dict)

    @property
    def parameters(self) -> str:
        """The threshold, as the table of methods has it."""
        return f"strength>={self.strength:.6g}"

    def is_above(self) -> pl.Expr:
        """Whether a prediction (columns `strength`, `_source`) is of the strength that is needed."""
        return self._of_own(lambda one: pl.col("strength") >= one.strength)

    def may_apply(self) -> pl.Expr:
        """Whether it may be applied."""
        return self._of_own(lambda one: (pl.col("strength") >= one.strength) & pl.lit(one.is_applied))

    def error(self) -> pl.Expr:
        """The upper bound of the error rate of predictions like it: that of its band, or of a weaker one if lower."""
        return self._of_own(lambda one: one.in_band(one.errors, 1.0, pl.Float64()))

    def confidence(self) -> pl.Expr:
        """The share of predictions like it that was right; null if none was measured."""
        return self._of_own(
            lambda one: one.in_band([b.measured.confidence for b in one.bands], None, pl.Float64())
        )

    def told(self) -> pl.Expr:
        """What was measured of predictions like it, in words."""
        nothing = Measured(0, 0, self.above.evidence_class).describe("; measured")
        return self._of_own(
            lambda one: one.in_band(
                [b.measured.describe("; measured") for b in one.bands], nothing, pl.String()
            )
        )

    @property
    def errors(self) -> list[float]:
        """Per band the lowest error bound among itself and the weaker ones, which err no less."""
        bounds = [band.measured.error_bound for band in self.bands]
        return [min(bounds[i:]) for i in range(len(bounds))]

    def in_band(self, values: Sequence[Any], otherwise: Any, dtype: pl.DataType) -> pl.Expr:
        """The one of the `values`, one per band, of a prediction's band; `otherwise` where it is weaker than all."""
        expression = pl.lit(otherwise, dtype)
        for band, value in zip(reversed(self.bands), reversed(values), strict=True):
            is_in = pl.col("strength") >= band.strength
            expression = pl.when(is_in).then(pl.lit(value, dtype)).otherwise(expression)
        return expression

    def _of_own(self, tell: Callable[["Threshold"], pl.Expr]) -> pl.Expr:
        """What the threshold of the prediction's source tells."""
        expression = tell(self)
        for source, own in self.of_source.items():
            expression = pl.when(pl.col("_source") == source).then(tell(own)).otherwise(expression)
        return expression


def strength_of_votes() -> pl.Expr:
    """Of a value that `support` of `support / share` records state: its share, if one more stated something else."""
    return pl.col("support") / (pl.col("support") / pl.col("share") + 1)


def calibrate(
    cases: pl.DataFrame, policy: FieldPolicy, evidence_class: str, level: float = CONFIDENCE_LEVEL
) -> Threshold:
    """`cases`: one row per known value: `strength`, `is_right`, and `_source` where that is known.

    The loosest strength that keeps `max_error`; where none does, nothing is applied, and the strictest one that could
    have is told. A source that by itself breaks what all together keep, or keeps what they break, has a threshold of its own.
    """
    cases = cases.drop_nulls("strength")
    together = _threshold(cases, policy, evidence_class, level)
    if "_source" not in cases.columns or cases["_source"].n_unique() < 2:
        return together
    parts = cases.partition_by("_source", as_dict=True)
    level = shared_level(len(parts), level)
    own = {
        str(name): _threshold(part, policy, evidence_class, level)
        for (name,), part in parts.items()
        if not together.is_applied or _breaks(part, together.strength, policy.max_error)
    }
    return replace(
        together, of_source={n: one for n, one in own.items() if one.is_applied or together.is_applied}
    )


def shared_level(among: int, level: float = CONFIDENCE_LEVEL) -> float:
    """The level of each of so many tests that together keep `level` (Bonferroni)."""
    return 1 - (1 - level) / among


def _breaks(cases: pl.DataFrame, strength: float, max_error: float) -> bool:
    """Whether even the lower bound of the error rate of the cases of this `strength` is above the promise."""
    above = cases.filter(pl.col("strength") >= strength)
    return 1 - error_bound(above.height, above.height - int(above["is_right"].sum())) > max_error


def _threshold(cases: pl.DataFrame, policy: FieldPolicy, evidence_class: str, level: float) -> Threshold:
    ranked = cases.sort("strength", descending=True)
    strengths, is_right = ranked["strength"].to_numpy(), ranked["is_right"].to_numpy()
    if not len(strengths):
        nothing = Measured(0, 0, evidence_class)
        return Threshold(1.0, nothing, nothing, is_applied=False)
    end, is_kept = _loosest(strengths, is_right, policy.max_error, level)
    above, below = (
        Measured(len(part), int(part.sum()), evidence_class) for part in (is_right[:end], is_right[end:])
    )
    bands = [
        Band(strength, Measured(cases, right, evidence_class), is_above)
        for part, is_above in ((slice(end), True), (slice(end, None), False))
        for strength, cases, right in _bands(strengths[part], is_right[part])
    ]
    return Threshold(
        float(strengths[end - 1]),
        above,
        below,
        is_applied=is_kept and above.may_apply(policy),
        bands=tuple(bands),
    )


def _loosest(strengths: np.ndarray, is_right: np.ndarray, max_error: float, level: float) -> tuple[int, bool]:
    """How many of the strongest cases the loosest step takes that keeps the promise; the strictest one if none does.

    How many starts there are depends on how many cases there are, and on nothing that is known of them.
    """
    right = np.cumsum(is_right)
    starts = _starts(len(strengths), cases_needed(max_error, level))
    level = shared_level(len(starts), level)
    needed = cases_needed(max_error, level)
    kept = 0
    for start in starts:
        for end in _ends(strengths, start * needed):
            if error_bound(end, int(right[end - 1]), level) > max_error:
                break
            kept = max(kept, end)
    return (kept, True) if kept else (_ends(strengths, needed)[0], False)


def _starts(cases: int, needed: int) -> list[int]:
    """By how many times the cases that are needed each start takes: 1, and more while there are as many left again."""
    starts = [1]
    while starts[-1] * STARTS * needed <= cases:
        starts.append(starts[-1] * STARTS)
    return starts


def _ends(strengths: np.ndarray, least: int) -> list[int]:
    """How many of the strongest cases each step takes: whole groups of equal strength, from `least` cases on."""
    last = _last_of_equals(strengths)
    enough = last[last >= least]
    if not len(enough):
        return [len(strengths)]
    if len(enough) <= STEPS:
        return [int(end) for end in enough]
    wanted = np.geomspace(enough[0], enough[-1], STEPS).astype(int)
    return sorted({int(enough[np.searchsorted(enough, n)]) for n in wanted})


def _last_of_equals(strengths: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.r_[strengths[1:] != strengths[:-1], True]) + 1


def _bands(strengths: np.ndarray, is_right: np.ndarray) -> list[tuple[float, int, int]]:
    """(lowest strength, cases, right) of neighbours of falling strength; a weaker band never errs less (isotonic).

    Neighbours that would say otherwise are pooled (Ayer, Brunk, Ewing, Reid and Silverman 1955).
    """
    if not len(strengths):
        return []
    last = _last_of_equals(strengths)
    size = max(CASES_OF_BAND, len(strengths) // BANDS)
    wanted = np.arange(1, max(len(strengths) // size, 1)) * size
    ends = [*np.unique(last[np.searchsorted(last, wanted)]), len(strengths)]
    right = np.r_[0, np.cumsum(is_right)]
    bands: list[tuple[float, int, int]] = []
    start = 0
    for end in dict.fromkeys(int(one) for one in ends):
        band = (float(strengths[end - 1]), end - start, int(right[end] - right[start]))
        while bands and band[2] * bands[-1][1] >= bands[-1][2] * band[1]:
            stronger = bands.pop()
            band = (band[0], band[1] + stronger[1], band[2] + stronger[2])
        bands.append(band)
        start = end
    return bands


THRESHOLDS = {
    "field": pl.String,
    "arm": pl.String,
    "_source": pl.String,
    "needed": pl.Float64,
    "is_applied": pl.Boolean,
    "evidence_class": pl.String,
    "strength": pl.Float64,
    "cases": pl.Int64,
    "right": pl.Int64,
    "is_above": pl.Boolean,
}
"""One row per band of a threshold, for a step in another process; `_source` is null for all sources together."""


def as_frame(thresholds: Mapping[tuple[str, str], Threshold]) -> pl.DataFrame:
    """The `thresholds` of (field, arm) as THRESHOLDS."""
    rows = [
        (*key, source, one.strength, one.is_applied, one.above.evidence_class, *_told(band))
        for key, whole in thresholds.items()
        for source, one in ((None, whole), *whole.of_source.items())
        for band in one.bands
    ]
    return pl.DataFrame(rows, schema=THRESHOLDS, orient="row")


def _told(band: Band) -> tuple[float, int, int, bool]:
    return band.strength, band.measured.cases, band.measured.right, band.is_above


def from_frame(frame: pl.DataFrame) -> dict[tuple[str, str], Threshold]:
    """What `as_frame` wrote down."""
    together: dict[tuple[str, str], Threshold] = {}
    own: dict[tuple[str, str], dict[str, Threshold]] = {}
    parts = frame.partition_by("field", "arm", "_source", as_dict=True, maintain_order=True)
    for (name, arm, source), part in parts.items():
        if source is None:
            together[name, arm] = _read_back(part)
        else:
            own.setdefault((name, arm), {})[source] = _read_back(part)
    return {key: replace(one, of_source=own.get(key, {})) for key, one in together.items()}


def _read_back(rows: pl.DataFrame) -> Threshold:
    evidence_class = rows["evidence_class"][0]
    above, below = (
        Measured(int(part["cases"].sum()), int(part["right"].sum()), evidence_class)
        for part in (rows.filter("is_above"), rows.filter(~pl.col("is_above")))
    )
    bands = tuple(
        Band(strength, Measured(cases, right, evidence_class), is_above)
        for strength, cases, right, is_above in rows.select("strength", "cases", "right", "is_above").rows()
    )
    return Threshold(rows["needed"][0], above, below, is_applied=rows["is_applied"][0], bands=bands)
