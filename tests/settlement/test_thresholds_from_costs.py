"""Costs of errors and of minutes: the error rate up to which nobody need look at a repair follows from them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration_assets.feed import Costs, Feed
from orchestration_assets.settlement.costs import break_even, priced
from orchestration_assets.steps.context import rules_of
from sources.loading import load_declaration
from validators.contract import Contract, field
from validators.errors import ContractError
from validators.rules import compile_contract

FEED = """
feed: visits
contract: a.module:Visit
owner: team:visits
partitions: {kind: static, keys: [all]}
costs: """


class Visit(Contract, grain="entity"):
    """One row per visit."""

    number: str = field(key=True)
    town: str = field(error_cost=5)
    price: float = field(error_cost=500)
    currency: str = field(max_error=0.005)
    rating: int = field(max_error=0.1, error_cost=20)
    note: str = field()


def limits_of(costs: Costs) -> dict[str, float]:
    return {
        name: spec.policy.max_error for name, spec in priced(compile_contract(Visit), costs).fields.items()
    }


@pytest.mark.parametrize(
    ("costs", "wrong", "rate"),
    [
        # Half a minute at 1 each: asking costs 0.5, and an error of 40 may happen once in 80 times.
        ({"minute": 1, "wrong": 40}, 40, 0.0125),
        ({"minute": 1, "minutes_per_decision": 2, "wrong": 40}, 40, 0.05),
        ({"minute": 0.8, "wrong": 1000}, 1000, 0.0004),
        # An error that costs little more than asking, or less: still no coin is tossed.
        ({"minute": 1, "wrong": 1}, 1, 0.5),
        ({"minute": 60, "wrong": 1}, 1, 0.5),
    ],
)
def test_the_break_even_is_where_errors_cost_what_asking_does(costs, wrong, rate) -> None:
    assert break_even(Costs(**costs), wrong) == pytest.approx(rate)


@given(st.floats(0.01, 1e4), st.floats(0.01, 60), st.floats(0.01, 1e6))
def test_below_the_break_even_errors_cost_less_than_asking_and_above_it_more(minute, minutes, wrong) -> None:
    costs = Costs(minute=minute, minutes_per_decision=minutes, wrong=wrong)
    rate = break_even(costs, wrong)
    assert 0 < rate <= 0.5
    assert rate * wrong <= minute * minutes * (1 + 1e-9)
    assert rate == 0.5 or rate * 1.01 * wrong > minute * minutes


def test_each_field_gets_what_pays_for_it_and_no_more_than_it_states() -> None:
    assert limits_of(Costs(minute=1, wrong=40)) == {
        "number": 0.0125,
        "town": 0.1,  # 0.5 / 5
        "price": 0.001,  # 0.5 / 500
        "currency": 0.005,  # stated, and less than what pays
        "rating": 0.025,  # 0.5 / 20: less than the stated 0.1
        "note": 0.0125,
    }


def test_without_costs_a_field_promises_what_it_states_or_one_in_a_hundred() -> None:
    told = {name: spec.policy.max_error for name, spec in compile_contract(Visit).fields.items()}
    assert told == {
        "number": 0.01,
        "town": 0.01,
        "price": 0.01,
        "currency": 0.005,
        "rating": 0.1,
        "note": 0.01,
    }


def test_costs_change_the_thresholds_and_nothing_else_of_a_contract() -> None:
    plain = rules_of("validators.contracts.payments:Payment")
    dear = rules_of("validators.contracts.payments:Payment", Costs(minute=1, wrong=5000))
    assert {spec.policy.max_error for spec in dear.fields.values()} == {0.0001}
    assert dear.fingerprint != plain.fingerprint
    assert dear.rules == plain.rules
    assert plain.fields["currency"].policy.max_error == 0.01


@pytest.mark.parametrize("cost", [0, -1, float("inf"), float("nan")])
def test_an_error_that_costs_nothing_is_refused(cost) -> None:
    with pytest.raises(ContractError, match=r"error_cost is .*\nHint: it is above 0"):
        field(error_cost=cost)


def test_a_feed_declares_costs(tmp_path: Path) -> None:
    (tmp_path / "visits.yaml").write_text(f"{FEED}{{minute: 1.5, wrong: 40}}\n")
    feed, mistakes = load_declaration(tmp_path / "visits.yaml", Feed)
    assert mistakes == []
    assert feed is not None
    assert feed.costs == Costs(minute=1.5, minutes_per_decision=0.5, wrong=40)


@pytest.mark.parametrize(
    ("costs", "named"),
    [
        ("{minute: 1}", "wrong"),
        ("{wrong: 40}", "minute"),
        ("{minute: 0, wrong: 40}", "minute"),
        ("{minute: 1, wrong: -3}", "wrong"),
        ("{minute: 1, wrong: .inf}", "wrong"),
        ("{minute: 1, wrong: 40, hour: 3}", "hour"),
    ],
)
def test_costs_from_which_nothing_follows_are_mistakes_with_a_line(tmp_path: Path, costs, named) -> None:
    (tmp_path / "visits.yaml").write_text(f"{FEED}{costs}\n")
    feed, mistakes = load_declaration(tmp_path / "visits.yaml", Feed)
    assert feed is None
    assert [named in mistake.message for mistake in mistakes] == [True]
    assert mistakes[0].line > 0
