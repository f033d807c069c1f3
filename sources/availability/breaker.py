"""A circuit breaker as values: what is known of an endpoint's failures, and what follows from the next outcome.

Closed, every request goes through; after `failures` in a row it is open, and none does for `open_seconds`; then one
probe decides, while the others skip the endpoint.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sources.availability.declared import Breaker

_LONGEST_QUIET_SECONDS = 24 * 3600.0
"""For longer no endpoint is left alone because it asks to be: what it says may be a mistake."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is remembered of one endpoint; moments are seconds since 1970, 0 where there is none."""

    failures: int = 0
    """In a row."""
    opened_at: float = 0.0
    probe_until: float = 0.0
    """Whoever probes has answered by then, or has died."""
    quiet_until: float = 0.0
    """The endpoint asked to be left alone until then."""
    quiet_seconds: float = 0.0
    """For how long it asked that, at most a day."""
    reason: str = ""
    """What it failed of last."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a request goes through, as a probe or as one of many; if not, why."""

    is_admitted: bool
    is_probe: bool = False
    reason: str = ""


def sighted(circuit: Circuit, now: float) -> Circuit:
    """Return the circuit with no moment further away than there can be: a clock may have been set back."""
    return replace(
        circuit,
        opened_at=min(circuit.opened_at, now),
        quiet_until=min(circuit.quiet_until, now + circuit.quiet_seconds),
    )


def admit(
    circuit: Circuit, rule: Breaker, now: float, *, probe_seconds: float, has_waited: bool = False
) -> tuple[Circuit, Admission]:
    """Return whether a request goes through now, and the circuit that knows of it.

    `probe_seconds`: how long a probe has at most; afterwards another may be sent. `has_waited`: for as long as the
    endpoint asked to be left alone.
    """
    circuit = sighted(circuit, now)
    if now < circuit.quiet_until and not has_waited:
        return circuit, Admission(
            is_admitted=False, reason=f"it asked to be left alone until {_clock(circuit.quiet_until)}"
        )
    if not circuit.opened_at:
        return circuit, Admission(is_admitted=True)
    if now < circuit.opened_at + rule.open_seconds:
        until = _clock(circuit.opened_at + rule.open_seconds)
        return circuit, Admission(is_admitted=False, reason=f"{_history(circuit)}; left alone until {until}")
    if now < circuit.probe_until <= now + probe_seconds:
        return circuit, Admission(is_admitted=False, reason=f"{_history(circuit)}; it is being probed")
    return replace(circuit, probe_until=now + probe_seconds), Admission(is_admitted=True, is_probe=True)


def after_success() -> Circuit:
    """Return the circuit of an endpoint that served: nothing is held against it."""
    return Circuit()


def after_failure(
    circuit: Circuit, rule: Breaker, now: float, reason: str, *, quiet_seconds: float = 0.0
) -> Circuit:
    """Return the circuit after one more failure. `quiet_seconds`: for how long it asked to be left alone."""
    failures = circuit.failures + 1
    quiet_seconds = min(quiet_seconds, _LONGEST_QUIET_SECONDS)
    return Circuit(
        failures=failures,
        opened_at=now if failures >= rule.failures else 0.0,
        quiet_until=now + quiet_seconds,
        quiet_seconds=quiet_seconds,
        reason=reason,
    )


def after_nothing_learnt(circuit: Circuit) -> Circuit:
    """Return the circuit after a request that says nothing of the endpoint's health: a probe is free again."""
    return replace(circuit, probe_until=0.0)


def _history(circuit: Circuit) -> str:
    times = "once" if circuit.failures == 1 else f"{circuit.failures} times in a row"
    return f"not asked after it failed {times}, last: {circuit.reason}"


def _clock(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"
