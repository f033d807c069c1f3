"""Fixed sequence testing: the loosest strength that still keeps the promise, from the highest down."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration_assets.imputation.sequence import strength_needed
from validators.contract import FieldPolicy

POLICY = FieldPolicy(max_error=0.05)


def cases(*groups: tuple[float, int, int]) -> pl.DataFrame:
    """Groups of cases of one strength: strength, how many, how many of them right."""
    rows = [(strength, i < right) for strength, many, right in groups for i in range(many)]
    return pl.DataFrame(rows, schema={"strength": pl.Float64, "is_right": pl.Boolean}, orient="row")


def test_the_first_failure_ends_the_sequence() -> None:
    # 100 of 100 keep 5 %; with 40 of 60 more they do not; what comes after is not looked at.
    found = strength_needed(cases((0.9, 100, 100), (0.8, 60, 40), (0.7, 5000, 5000)), POLICY, "masked")
    assert (found.strength, found.above.cases, found.is_applied) == (0.9, 100, True)
    assert (found.below.cases, found.below.right) == (5060, 5040)


def test_too_few_cases_promise_nothing() -> None:
    found = strength_needed(cases((0.9, 58, 58)), POLICY, "masked")
    assert not found.is_applied
    assert strength_needed(cases((0.9, 59, 59)), POLICY, "masked").is_applied


def test_no_cases_promise_nothing() -> None:
    found = strength_needed(cases(), POLICY, "masked")
    assert (found.is_applied, found.above.cases) == (False, 0)


def test_evidence_that_the_field_does_not_accept_is_not_applied() -> None:
    assert not strength_needed(cases((0.9, 500, 500)), POLICY, "agreement").is_applied


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_a_method_worse_than_promised_is_seldom_let_through(seed: int) -> None:
    # True error rate 8 % everywhere, promise 5 %: let through in at most about 5 % of trials; here 40 at a time.
    rng = np.random.default_rng(seed)
    let_through = 0
    for _ in range(40):
        frame = pl.DataFrame({"strength": rng.random(600), "is_right": rng.random(600) > 0.08})
        let_through += strength_needed(frame, POLICY, "masked").is_applied
    assert let_through <= 8
