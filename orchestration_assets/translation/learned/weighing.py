"""What decides about something learned: people first, then what other reports say; and who they were, in words."""

from orchestration_assets.settlement.gate import Measured, error_bound
from validators.contract import FieldPolicy


def gated(measured: dict[str, Measured], policy: FieldPolicy) -> tuple[Measured, bool]:
    """Which of the two classes counts, and whether that is enough: `judged` cases, else those of `agreement`.

    Agreement does not apply what people plainly found wrong more often than promised.
    """
    judged, others = measured["judged"], measured["agreement"]
    if judged.may_apply(policy):
        return judged, True
    is_worse = 1 - error_bound(judged.cases, judged.cases - judged.right) > policy.max_error
    if others.may_apply(policy) and not (judged.right < judged.cases and is_worse):
        return others, True
    return (judged if judged.cases else others), False


def whose(people: int, others: int) -> str:
    """`7 corrections and 30 pairs of other reports`."""
    told = [f"{people} correction{'s' * (people != 1)}"] if people else []
    told += [f"{others} pair{'s' * (others != 1)} of other reports"] if others else []
    return " and ".join(told)
