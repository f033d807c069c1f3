"""What errors and a person's minutes cost, and up to which error rate a repair pays that nobody looks at."""

from orchestration_assets.feed import Costs
from validators.rules import RuleSet

AT_MOST = 0.5
"""However dear a person's time is: what is wrong more often than right is no repair."""


def break_even(costs: Costs, error_cost: float) -> float:
    """The error rate at which applying costs what asking a person does: rate × cost of an error = minutes × cost of a minute."""
    return min(costs.minutes_per_decision * costs.minute / error_cost, AT_MOST)


def priced(rules: RuleSet, costs: Costs) -> RuleSet:
    """`rules` with the `max_error` that pays in each field, and never more than the contract states."""
    limits = {}
    for name, spec in rules.fields.items():
        policy = spec.policy
        pays = break_even(costs, costs.wrong if policy.error_cost is None else policy.error_cost)
        limits[name] = min(pays, policy.max_error) if policy.is_max_error_stated else pays
    return rules.promising(limits)
