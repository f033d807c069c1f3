"""How sure a prediction must be, and how sure each one is: the loosest strength that still keeps the promise."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration_assets.imputation.calibration import (
    Threshold,
    as_frame,
    calibrate,
    from_frame,
    strength_of_votes,
)
from orchestration_assets.settlement.gate import Measured, error_bound
from validators.contract import FieldPolicy

POLICY = FieldPolicy(max_error=0.05)  # takes 59 cases, all right


def cases(*groups: tuple[float, int, int], source: str | None = None) -> pl.DataFrame:
    """Groups of cases of one strength: strength, how many, how many of them right."""
    rows = [(strength, i < right) for strength, many, right in groups for i in range(many)]
    frame = pl.DataFrame(rows, schema={"strength": pl.Float64, "is_right": pl.Boolean}, orient="row")
    return frame if source is None else frame.with_columns(_source=pl.lit(source))


def told(threshold: Threshold, *predictions: tuple[float, str]) -> list[tuple]:
    """Per prediction (strength, source): may it be applied, its confidence, its error bound."""
    frame = pl.DataFrame(predictions, schema={"strength": pl.Float64, "_source": pl.String}, orient="row")
    return frame.select(
        threshold.may_apply(), threshold.confidence().alias("c"), threshold.error().round(4).alias("e")
    ).rows()


def test_the_first_failure_ends_the_sequence() -> None:
    # 100 of 100 keep 5 %; with 40 of 60 more they do not; what comes after is not looked at.
    found = calibrate(cases((0.9, 100, 100), (0.8, 60, 40), (0.7, 70, 70)), POLICY, "masked")
    assert (found.strength, found.above.cases, found.is_applied) == (0.9, 100, True)
    assert (found.below.cases, found.below.right) == (130, 110)


def test_too_few_cases_promise_nothing() -> None:
    assert not calibrate(cases((0.9, 58, 58)), POLICY, "masked").is_applied
    assert calibrate(cases((0.9, 59, 59)), POLICY, "masked").is_applied


def test_no_cases_promise_nothing() -> None:
    found = calibrate(cases(), POLICY, "masked")
    assert (found.is_applied, found.above) == (False, Measured(0, 0, "masked"))
    assert told(found, (1.0, "shop")) == [(False, None, 1.0)]


def test_a_prediction_without_a_strength_is_no_case() -> None:
    nothing = cases((0.9, 59, 59)).with_columns(strength=pl.lit(None, pl.Float64))
    assert calibrate(nothing, POLICY, "masked").above.cases == 0


def test_evidence_that_the_field_does_not_accept_is_not_applied() -> None:
    assert not calibrate(cases((0.9, 500, 500)), POLICY, "agreement").is_applied
    accepting = FieldPolicy(max_error=0.05, evidence="agreement")
    assert calibrate(cases((0.9, 500, 500)), accepting, "agreement").is_applied


def test_one_error_among_the_very_strongest_of_many_cases_does_not_end_it() -> None:
    found = calibrate(cases((0.95, 100, 97), (0.9, 2000, 1980)), POLICY, "masked")
    assert (found.strength, found.is_applied) == (0.9, True)


def test_predictions_have_the_confidence_of_those_that_are_as_strong() -> None:
    found = calibrate(cases((0.9, 400, 400), (0.8, 400, 390), (0.7, 400, 200)), POLICY, "masked")
    strong, edge, weak, weaker = told(found, (0.95, "shop"), (0.85, "shop"), (0.75, "shop"), (0.1, "shop"))
    assert strong == (True, 1.0, round(error_bound(400, 400), 4))
    assert edge == (True, 0.975, round(error_bound(400, 390), 4))
    assert weak == (False, 0.5, round(error_bound(400, 200), 4))
    assert weaker == (False, None, 1.0)


def test_a_source_that_breaks_the_promise_has_a_threshold_of_its_own() -> None:
    good, bad = cases((0.9, 2000, 2000), source="good"), cases((0.9, 100, 80), source="bad")
    found = calibrate(pl.concat([good, bad]), POLICY, "masked")
    assert list(found.of_source) == ["bad"]
    assert [row[0] for row in told(found, (0.95, "good"), (0.95, "bad"), (0.95, "new"))] == [
        True,
        False,
        True,
    ]


def test_a_source_that_keeps_what_all_together_break_is_applied_alone() -> None:
    good, bad = cases((0.9, 200, 200), source="good"), cases((0.9, 200, 100), source="bad")
    found = calibrate(pl.concat([good, bad]), POLICY, "masked")
    assert not found.is_applied
    assert [row[0] for row in told(found, (0.95, "good"), (0.95, "bad"), (0.95, "new"))] == [
        True,
        False,
        False,
    ]


def test_more_votes_and_a_larger_share_of_them_are_stronger() -> None:
    votes = pl.DataFrame({"share": [1.0, 1.0, 0.75], "support": [1, 9, 9]})
    assert votes.select(strength_of_votes()).to_series().to_list() == pytest.approx([1 / 2, 9 / 10, 9 / 13])


def test_thresholds_that_were_written_down_are_read_back_as_they_were() -> None:
    good, bad = cases((0.9, 2000, 2000), (0.4, 9, 3), source="good"), cases((0.9, 100, 80), source="bad")
    thresholds = {("price", "town"): calibrate(pl.concat([good, bad]), POLICY, "masked")}
    assert from_frame(as_frame(thresholds)) == thresholds


_CASES = st.lists(st.tuples(st.sampled_from([0.1, 0.4, 0.5, 0.75, 0.9, 1.0]), st.booleans()), max_size=300)


@settings(max_examples=40, deadline=None)
@given(_CASES, st.randoms(use_true_random=False))
def test_every_case_is_in_one_band_and_weaker_bands_err_no_less(rows, random) -> None:
    frame = pl.DataFrame(rows, schema={"strength": pl.Float64, "is_right": pl.Boolean}, orient="row")
    found = calibrate(frame, POLICY, "masked")
    assert sum(b.measured.cases for b in found.bands) == found.above.cases + found.below.cases == len(rows)
    for is_above, whole in ((True, found.above), (False, found.below)):
        bands = [b.measured for b in found.bands if b.is_above == is_above]
        assert sum(b.right for b in bands) == whole.right
        confidences = [b.confidence for b in bands]
        assert confidences == sorted(confidences, reverse=True)
    assert found.errors == sorted(found.errors)
    random.shuffle(rows)
    shuffled = pl.DataFrame(rows, schema={"strength": pl.Float64, "is_right": pl.Boolean}, orient="row")
    assert calibrate(shuffled, POLICY, "masked") == found


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([300, 600, 3000]))
def test_a_method_worse_than_promised_is_seldom_let_through(seed: int, many: int) -> None:
    # True error rate 5.2 % everywhere, promise 5 %: let through in at most about 5 % of trials; here 40 at a time.
    rng = np.random.default_rng(seed)
    let_through = 0
    for _ in range(40):
        frame = pl.DataFrame({"strength": rng.random(many), "is_right": rng.random(many) > 0.052})
        let_through += calibrate(frame, POLICY, "masked").is_applied
    assert let_through <= 9
