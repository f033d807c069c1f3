"""Asking one endpoint: within its hours, past its breaker, at its rate, and again where that may help.

The only place where the pure parts meet a clock, a random number and the file of what is remembered.
"""

import hashlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sources.availability.breaker import (
    Circuit,
    admit,
    after_failure,
    after_nothing_learnt,
    after_success,
    sighted,
)
from sources.availability.hours import in_words, is_open
from sources.availability.pacing import pace_of, reserve
from sources.availability.policy import pause_before_next
from sources.availability.remembered import UNTROUBLED, Known, Remembered
from sources.connectors.payload import Deadline
from sources.delivery import Delivery
from sources.endpoints import EndpointDeclared
from sources.errors import EndpointFailure, LastingFailure, NotAsked, NothingNew, RetryLater, place_of


@dataclass(frozen=True, slots=True)
class Clock:
    """Where time and chance come from: seconds since 1970, a number from 0 to 1, and how to wait."""

    now: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking: deliveries, or the last failure; `attempts` counts the requests that were made."""

    deliveries: tuple[Delivery, ...] = ()
    failure: EndpointFailure | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Health:
    """How one endpoint stands. `breaker`: `closed`, `open`, `probe` (the next request decides), `quiet` (as it asked itself).

    `failures`: in a row; `reason`: of the last one; `served_at`: when it last handed over something usable.
    """

    label: str
    breaker: str
    may_be_asked: bool
    failures: int
    reason: str
    served_at: datetime | None


@dataclass(frozen=True, slots=True)
class Way:
    """One endpoint as one process asks it. `seconds`: the deadline for all of its attempts together."""

    endpoint: EndpointDeclared
    label: str
    remembered: Remembered
    seconds: float
    clock: Clock = Clock()

    def may_be_asked(self) -> bool:
        """Return whether its hours and its breaker let a request through now; changes nothing."""
        known = self.remembered.of(self.label, self._declared)
        _, admission = admit(
            known.circuit, self.endpoint.breaker, self.clock.now(), probe_seconds=self.seconds
        )
        return admission.is_admitted and self._is_open()

    def health(self) -> Health:
        """Return how it stands now; asks nobody and changes nothing."""
        known, now = self.remembered.of(self.label, self._declared), self.clock.now()
        circuit = sighted(known.circuit, now)
        is_left_alone = now < circuit.opened_at + self.endpoint.breaker.open_seconds
        breaker = "closed" if not circuit.opened_at else "open" if is_left_alone else "probe"
        served_at = datetime.fromtimestamp(known.served_at, UTC) if known.served_at else None
        return Health(
            self.label,
            "quiet" if now < circuit.quiet_until else breaker,
            self.may_be_asked(),
            circuit.failures,
            circuit.reason,
            served_at,
        )

    def ask(self, once: Callable[[Deadline], list[Delivery]]) -> Answer:
        """Call `once` until it serves, fails for good, or the deadline leaves no time for another attempt.

        `once` raises EndpointFailure where the endpoint does not serve. An OSError, which is of the store, passes
        through; what else it raises is a defect, with which this endpoint cannot be read and another may be.
        """
        deadline = Deadline(self.seconds, turn=self._await_turn)
        failure: EndpointFailure | None = None
        made = 0
        while True:
            if refusal := self._refusal(has_waited=made > 0):
                return Answer(failure=failure or refusal, attempts=made)
            made += 1
            try:
                deliveries = self._attempt(once, deadline)
            except EndpointFailure as error:
                failure = error
            except OSError:
                raise
            except Exception as defect:  # noqa: BLE001 - see above
                failure = LastingFailure(f"a defect in reading it: {place_of(defect)}")
            else:
                return Answer(tuple(deliveries), attempts=made)
            pause = pause_before_next(
                failure,
                made=made,
                attempts=self.endpoint.attempts,
                seconds_left=deadline.ends_at - time.monotonic(),
                chance=self.clock.chance(),
            )
            if pause is None:
                return Answer(failure=failure, attempts=made)
            self.clock.sleep(pause)

    def _attempt(self, once: Callable[[Deadline], list[Delivery]], deadline: Deadline) -> list[Delivery]:
        """Call `once`, and remember what its outcome says of the endpoint."""
        is_remembered = False
        try:
            deliveries = once(deadline)
            self._remember_success(is_usable=any(d.status == "landed" for d in deliveries))
            is_remembered = True
        except EndpointFailure as failure:
            if isinstance(failure, NothingNew):
                self._remember_success(is_usable=True)
                is_remembered = True
            elif failure.is_transient:
                self._remember_failure(failure)
                is_remembered = True
            raise
        finally:
            if not is_remembered:
                self._change_circuit(after_nothing_learnt)
        return deliveries

    def _refusal(self, *, has_waited: bool) -> NotAsked | None:
        """Return why it is not to be asked now, if so; else a probe is taken where one is due."""
        if not self._is_open():
            return NotAsked(in_words(self.endpoint.hours, self._moment()) if self.endpoint.hours else "")
        now, rule = self.clock.now(), self.endpoint.breaker
        if self.remembered.of(self.label, self._declared).circuit == UNTROUBLED:
            return None

        def change(known: Known) -> tuple[Known, str]:
            circuit, admission = admit(
                known.circuit, rule, now, probe_seconds=self.seconds, has_waited=has_waited
            )
            return replace(known, circuit=circuit), "" if admission.is_admitted else admission.reason

        reason = self.remembered.change(self.label, self._declared, change)
        return NotAsked(reason) if reason else None

    def _await_turn(self, seconds_left: float) -> None:
        """Wait as long as the rate asks for; NotAsked where that is beyond the deadline."""
        if self.endpoint.rate is None:
            return
        pace, now = pace_of(self.endpoint.rate), self.clock.now()

        def change(known: Known) -> tuple[Known, float]:
            bucket, wait = reserve(known.bucket, pace, now, patience=seconds_left)
            return replace(known, bucket=bucket), wait

        wait = self.remembered.change(self.label, self._declared, change)
        if wait > seconds_left:
            rate = self.endpoint.rate
            raise NotAsked(f"its rate of {rate} is used up for {wait:.1f} s, beyond the deadline")
        if wait > 0:
            self.clock.sleep(wait)

    def _remember_success(self, *, is_usable: bool) -> None:
        now = self.clock.now()

        def change(known: Known) -> tuple[Known, None]:
            served_at = now if is_usable else known.served_at
            return replace(known, circuit=after_success(), served_at=served_at), None

        self.remembered.change(self.label, self._declared, change)

    def _remember_failure(self, failure: EndpointFailure) -> None:
        quiet = failure.seconds if isinstance(failure, RetryLater) else 0.0
        now, rule = self.clock.now(), self.endpoint.breaker
        self._change_circuit(
            lambda circuit: after_failure(circuit, rule, now, str(failure), quiet_seconds=quiet)
        )

    def _change_circuit(self, change: Callable[[Circuit], Circuit]) -> None:
        if change(self.remembered.of(self.label, self._declared).circuit) == UNTROUBLED:
            return  # nothing is held against it, and nothing is to be noted
        self.remembered.change(
            self.label, self._declared, lambda known: (replace(known, circuit=change(known.circuit)), None)
        )

    def _is_open(self) -> bool:
        return self.endpoint.hours is None or is_open(self.endpoint.hours, self._moment())

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now(), UTC)

    @property
    def _declared(self) -> str:
        """A hash of what is declared of the endpoint: what was learnt of another is not held against it."""
        return hashlib.sha256(self.endpoint.model_dump_json().encode()).hexdigest()[:16]
