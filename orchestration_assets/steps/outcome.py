"""What a check found of one property of one partition."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Outcome:
    """One property of one partition: what was expected, what was found, and what to do if it does not hold."""

    name: str
    is_passed: bool
    expected: str
    found: str
    action: str
    is_blocking: bool = False
    numbers: dict[str, float] = field(default_factory=dict)
