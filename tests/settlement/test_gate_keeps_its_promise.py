"""The promise of the gate as what it is, a statement about many repetitions: broken in at most one of twenty.

Seeds are fixed. In each repetition cases are drawn whose probability of being right is known exactly, the gate decides on
them, and what it lets through is compared with the promise.
"""

import numpy as np
import polars as pl
import pytest

from orchestration_assets.imputation.calibration import calibrate
from orchestration_assets.settlement.gate import Measured
from validators.contract import FieldPolicy

REPETITIONS = 2000


@pytest.mark.parametrize("promise", [0.01, 0.02, 0.05])
@pytest.mark.parametrize("cases", [60, 300, 1000, 5000])
def test_a_method_just_worse_than_promised_passes_in_at_most_one_of_twenty_repetitions(
    promise, cases
) -> None:
    rng = np.random.default_rng(20261101)
    wrong = rng.binomial(cases, promise * 1.0001, REPETITIONS)
    policy = FieldPolicy(max_error=promise)
    passed = sum(Measured(cases, cases - int(w), "masked").may_apply(policy) for w in wrong)
    assert passed <= 0.05 * REPETITIONS + 3 * np.sqrt(REPETITIONS * 0.05 * 0.95)


def test_a_method_much_better_than_promised_nearly_always_passes() -> None:
    rng = np.random.default_rng(20261101)
    wrong = rng.binomial(2000, 0.002, REPETITIONS)
    policy = FieldPolicy(max_error=0.01)
    passed = sum(Measured(2000, 2000 - int(w), "masked").may_apply(policy) for w in wrong)
    assert passed >= 0.95 * REPETITIONS


@pytest.mark.parametrize("promise", [0.02, 0.05])
def test_thresholds_chosen_on_calibrated_cases_break_the_promise_in_at_most_one_of_twenty(promise) -> None:
    # Each case is right with just the probability that its strength says, so that above a threshold `t` the true error
    # rate is (1 - t) / 2, and the promise is broken by every threshold below 1 - 2 * promise.
    rng = np.random.default_rng(20261101)
    repetitions, applied, broken = 300, 0, 0
    for _ in range(repetitions):
        strength = 0.5 + 0.5 * rng.random(3000)
        cases = pl.DataFrame({"strength": strength, "is_right": rng.random(3000) < strength})
        found = calibrate(cases, FieldPolicy(max_error=promise), "masked")
        applied += found.is_applied
        broken += found.is_applied and found.strength < 1 - 2 * promise
    assert broken <= 0.05 * repetitions + 3 * np.sqrt(repetitions * 0.05 * 0.95)
    assert applied > 0
