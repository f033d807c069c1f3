"""The check `volume`: what all sources landed, and what each of them did, against other days."""

from collections.abc import Callable

import polars as pl
import pytest

from orchestration_assets.steps.audit import Outcome, volume

DAYS = ("2026-11-01", "2026-11-02", "2026-11-03")
USUAL = {"landed": 300, "landed_gateway_a": 100, "landed_gateway_b": 150, "landed_ledger": 50}


@pytest.fixture
def volume_on_the_third_day(place) -> Callable[..., Outcome]:
    """Return a function of what landed on the third day; the two before were usual, or as given."""

    def judged(today: dict[str, float], before: tuple[dict[str, float], ...] = (USUAL, USUAL)) -> Outcome:
        for day, counts in zip(DAYS, before, strict=False):
            rows = [{"metric": name, "value": float(count)} for name, count in counts.items()]
            place.lake.replace("payments/metrics", day, pl.DataFrame(rows))
        return volume(place.context(DAYS[2]), today)

    return judged


def test_a_usual_day_passes(volume_on_the_third_day) -> None:
    outcome = volume_on_the_third_day({**USUAL, "landed_gateway_a": 51, "landed": 251})
    assert outcome.is_passed
    assert outcome.numbers == {"landed": 251, "median": 300, "sources_odd": 0}


@pytest.mark.parametrize("count", [49, 201])
def test_a_source_that_lands_far_less_or_more_than_usual_is_named(count, volume_on_the_third_day) -> None:
    outcome = volume_on_the_third_day({**USUAL, "landed_gateway_a": count, "landed": 200 + count})
    assert not outcome.is_passed
    assert outcome.found == f"{200 + count} landed; gateway_a {count}, where its median is 100"
    assert outcome.numbers["sources_odd"] == 1


def test_a_source_that_delivered_nothing_is_left_to_the_check_of_deliveries(volume_on_the_third_day) -> None:
    outcome = volume_on_the_third_day({**USUAL, "landed_ledger": 0, "landed": 250})
    assert outcome.is_passed


def test_days_without_a_source_do_not_make_its_median(volume_on_the_third_day) -> None:
    new = {"landed": 250, "landed_gateway_a": 100, "landed_gateway_b": 150, "landed_ledger": 0}
    assert volume_on_the_third_day(USUAL, (new, new)).is_passed


def test_less_than_half_of_all_fails_though_no_source_is_odd(volume_on_the_third_day) -> None:
    outcome = volume_on_the_third_day({"landed": 100, "landed_gateway_a": 100})
    assert (outcome.is_passed, outcome.found) == (False, "100 landed")


def test_there_is_nothing_to_compare_with_before_two_other_days(volume_on_the_third_day) -> None:
    assert volume_on_the_third_day({"landed": 1, "landed_gateway_a": 1}, (USUAL,)).is_passed
