"""Thresholds are chosen on one half of the cases and measured on the other."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration_assets.imputation.calibration import Calibration, calibrate
from orchestration_assets.settlement.gate import Measured
from validators.contract import FieldPolicy

_SCHEMA = {"share": pl.Float64, "support": pl.Int64, "is_right": pl.Boolean, "half": pl.Boolean}
_POLICY = FieldPolicy(max_error=0.1)  # takes 29 cases, all right


def _cases(rows: list[tuple]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _calibrated(rows: list[tuple], policy: FieldPolicy = _POLICY, evidence: str = "masked") -> Calibration:
    return calibrate(_cases(rows), policy, evidence)


def test_the_loosest_region_that_keeps_the_promise_is_chosen() -> None:
    rows = [(1.0, 5, True, True)] * 40 + [(0.7, 2, True, True)] * 40 + [(0.5, 5, False, True)] * 40
    found = _calibrated(rows + [(s, n, r, False) for s, n, r, _ in rows])
    assert (found.share, found.support) == (0.6, 1)
    assert found.above == Measured(80, 80, "masked")
    assert found.below == Measured(40, 0, "masked")
    assert found.is_applied


def test_what_was_chosen_on_one_half_and_fails_on_the_other_is_not_applied() -> None:
    rows = [(1.0, 5, True, True)] * 40 + [(1.0, 5, True, False)] * 30 + [(1.0, 5, False, False)] * 10
    found = _calibrated(rows)
    assert found.above == Measured(40, 30, "masked")
    assert not found.is_applied


def test_a_half_that_is_too_small_to_show_it_is_not_applied() -> None:
    assert not _calibrated([(1.0, 5, True, True)] * 400 + [(1.0, 5, True, False)] * 28).is_applied
    assert _calibrated([(1.0, 5, True, True)] * 400 + [(1.0, 5, True, False)] * 29).is_applied


def test_no_cases_apply_nothing() -> None:
    found = _calibrated([])
    assert found.above == Measured(0, 0, "masked")
    assert not found.is_applied


def test_weaker_evidence_than_the_field_accepts_applies_nothing() -> None:
    rows = [(1.0, 5, True, half) for half in (True, False)] * 100
    assert _calibrated(rows).is_applied
    assert not _calibrated(rows, evidence="agreement").is_applied
    assert _calibrated(rows, FieldPolicy(max_error=0.1, evidence="agreement"), "agreement").is_applied


_ROWS = st.lists(
    st.tuples(st.sampled_from([0.4, 0.5, 0.75, 0.9, 1.0]), st.integers(1, 25), st.booleans(), st.booleans()),
    max_size=60,
)


@settings(max_examples=40, deadline=None)
@given(_ROWS, st.data())
def test_the_half_that_measures_chooses_nothing(rows, data) -> None:
    changed = [(s, n, r if half else data.draw(st.booleans()), half) for s, n, r, half in rows]
    first, second = _calibrated(rows), _calibrated(changed)
    assert (first.share, first.support) == (second.share, second.support)


@settings(max_examples=40, deadline=None)
@given(_ROWS)
def test_the_half_that_chooses_is_not_measured(rows) -> None:
    found = _calibrated(rows)
    measured = [(s, n, r) for s, n, r, half in rows if not half]
    above = [r for s, n, r in measured if s >= found.share and n >= found.support]
    assert (found.above.cases, found.above.right) == (len(above), sum(above))
    assert (found.below.cases, found.below.right) == (
        len(measured) - len(above),
        sum(r for _, _, r in measured) - sum(above),
    )


@settings(max_examples=20, deadline=None)
@given(_ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_cases_does_not_matter(rows, random) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert _calibrated(shuffled) == _calibrated(rows)
