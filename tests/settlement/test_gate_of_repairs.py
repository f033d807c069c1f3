"""The gate: the bound of the error rate, and the class of the evidence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration_assets.settlement.gate import Measured, cases_needed, error_bound
from validators.contract import EVIDENCE_STRENGTH, FieldPolicy


@pytest.mark.parametrize(
    ("cases", "wrong", "bound"),
    [
        # None wrong of n: 1 - 0.05 ** (1 / n).
        (299, 0, 0.009969),
        (298, 0, 0.010002),
        (59, 0, 0.049508),
        (1, 0, 0.95),
        (2995, 0, 0.000999750),
        # Clopper and Pearson's table: 5 of 100, 1 of 10; and all wrong but one of two: 0.95 ** (1 / 2).
        (100, 5, 0.102253),
        (10, 1, 0.394163),
        (2, 1, 0.974679),
        # Nothing is known of what was never right, or never tried.
        (0, 0, 1.0),
        (7, 7, 1.0),
    ],
)
def test_the_bound_is_that_of_clopper_and_pearson(cases, wrong, bound) -> None:
    assert error_bound(cases, cases - wrong) == pytest.approx(bound, rel=1e-4)


def test_299_right_cases_are_enough_for_one_in_a_hundred_and_298_are_not() -> None:
    assert error_bound(299, 299) < 0.01 < error_bound(298, 298)


@pytest.mark.parametrize(("max_error", "cases"), [(0.05, 59), (0.01, 299), (0.001, 2995), (0.5, 5)])
def test_the_cases_needed_are_the_fewest_that_keep_the_promise(max_error, cases) -> None:
    assert cases_needed(max_error) == cases
    assert error_bound(cases, cases) <= max_error < error_bound(cases - 1, cases - 1)


@given(st.integers(1, 10_000), st.data())
def test_the_bound_is_above_the_rate_that_was_seen_and_below_one(cases, data) -> None:
    wrong = data.draw(st.integers(0, cases - 1))
    assert wrong / cases < error_bound(cases, cases - wrong) < 1


@given(st.integers(2, 5_000), st.data())
def test_the_bound_falls_with_each_case_that_is_right_and_rises_with_each_that_is_wrong(cases, data) -> None:
    right = data.draw(st.integers(1, cases - 1))
    bound = error_bound(cases, right)
    assert error_bound(cases + 1, right + 1) < bound < error_bound(cases + 1, right)
    assert error_bound(cases, right + 1) < bound


@pytest.mark.parametrize("accepted", EVIDENCE_STRENGTH)
@pytest.mark.parametrize("given_class", EVIDENCE_STRENGTH)
def test_a_field_accepts_evidence_of_its_class_and_of_stronger_ones(accepted, given_class) -> None:
    order = ["agreement", "masked", "judged"]
    measured = Measured(1000, 1000, given_class)
    assert measured.may_apply(FieldPolicy(evidence=accepted)) == (
        order.index(given_class) >= order.index(accepted)
    )


def test_the_promise_is_kept_at_its_very_bound() -> None:
    assert Measured(299, 299, "masked").may_apply(FieldPolicy(max_error=0.01))
    assert not Measured(298, 298, "masked").may_apply(FieldPolicy(max_error=0.01))
    assert not Measured(299, 298, "masked").may_apply(FieldPolicy(max_error=0.01))
    assert Measured(299, 299, "masked").may_apply(FieldPolicy(max_error=error_bound(299, 299)))


def test_what_was_never_measured_has_no_confidence_and_is_never_applied() -> None:
    measured = Measured(0, 0, "judged")
    assert measured.confidence is None
    assert measured.error_bound == 1.0
    assert not measured.may_apply(FieldPolicy(max_error=0.999))
    assert measured.describe("a guess") == "a guess: never measured"


def test_confidence_is_the_share_that_was_right() -> None:
    measured = Measured(200, 150, "masked")
    assert measured.confidence == 0.75
    assert measured.describe("mode") == "mode: right in 150 of 200 masked cases"
