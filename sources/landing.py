"""Landing: what a source delivers for a partition, kept byte for byte, and what it is worth at first sight.

Always ends with at least one `Delivery`; that nothing came is one too.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sources.availability.asking import Answer, Clock, Health, Way
from sources.availability.remembered import FILE, Remembered
from sources.connectors import payloads
from sources.connectors.payload import Deadline, Payload
from sources.connectors.positions import OF_ANOTHER_SYSTEM, is_of_another_system
from sources.declaration import Source
from sources.delivery import Delivery, Tried, is_of_a_stream
from sources.endpoints import Endpoint
from sources.errors import EndpointFailure, NothingNew
from sources.intake import take
from sources.scanning import FRAGMENT_BYTES
from sources.surroundings import checked_partition

_SYSTEM = Clock()


def land(
    source: Source,
    partition: str,
    *,
    store: Path,
    root: Path,
    since: Mapping[str, str] | None = None,
    fragment_bytes: int = FRAGMENT_BYTES,
    clock: Clock = _SYSTEM,
) -> list[Delivery]:
    """Land what the first serving endpoint has, as `store/<partition>/<sha256>.<csv or ndjson>`.

    An endpoint that fails, is not to be asked now, or whose every delivery is refused, is followed by the next;
    what was refused stays in the list. Where nothing came from any, the list is one `absent` delivery. Each says
    which endpoints were tried in vain. `root` is where relative paths begin; `since`: per label of an endpoint, the
    position from which it goes on. Raises PartitionRefused, and OSError where the store itself cannot be written.
    """
    checked_partition(partition)
    deliveries: list[Delivery] = []
    tried: list[Tried] = []
    known = since if since and source.delivers == "increment" else {}
    is_nothing_new = False
    request = _Request(source, partition, store, root, fragment_bytes)
    for way, endpoint in _ways(source, store, clock):
        answer = way.ask(request.to(endpoint, way.label, known.get(way.label)))
        served = _without_repetition(answer.deliveries)
        deliveries.extend(served)
        if any(delivery.status == "landed" for delivery in served):
            break
        tried.append(Tried(way.label, _why_not(answer), answer.attempts))
        if is_nothing_new := isinstance(answer.failure, NothingNew):
            break
    found = deliveries or [replace(_absent(source, partition, tried), has_nothing_new=is_nothing_new)]
    return [replace(delivery, tried=tuple(tried)) for delivery in found]


_Taken = tuple[Delivery, EndpointFailure | None]
"""A delivery; where nothing of it could be read, with the failure."""


@dataclass(frozen=True, slots=True)
class _Request:
    """What is asked of whichever endpoint serves."""

    source: Source
    partition: str
    store: Path
    root: Path
    fragment_bytes: int

    def to(self, endpoint: Endpoint, label: str, since: str | None) -> Callable[[Deadline], list[Delivery]]:
        """Return the function that asks the endpoint once, and takes in all that it hands over."""

        def once(deadline: Deadline) -> list[Delivery]:
            def handed_over() -> Iterator[Payload]:
                return payloads(endpoint, self.partition, root=self.root, deadline=deadline, since=since)

            taken = [one for payload in handed_over() for one in self._taken_or_refused(payload, label)]
            for _ in range(1, endpoint.attempts):
                if not 0 < len(_missing(taken)) < len(taken) or deadline.is_over:
                    break
                taken = self._asked_again(taken, handed_over, label)
            _raise_where_none_was_read(taken)
            if is_of_another_system(endpoint, self.partition, since):
                return [_with_reason(delivery, OF_ANOTHER_SYSTEM) for delivery in taken]
            return [delivery for delivery, _ in taken]

        return once

    def _asked_again(
        self, taken: list[_Taken], handed_over: Callable[[], Iterator[Payload]], label: str
    ) -> list[_Taken]:
        """Ask once more for the files that could not be read, and for no other."""
        missing, found = _missing(taken), dict[str, list[_Taken]]()
        try:
            for payload in handed_over():
                if payload.name in missing:
                    found[payload.name] = list(self._taken_or_refused(payload, label))
        except EndpointFailure:
            pass  # what was read stays, and why the others were not
        return [
            one for old in taken for one in (found.get(old[0].name, [old]) if old[1] is not None else [old])
        ]

    def _taken_or_refused(self, payload: Payload, label: str) -> Iterator[_Taken]:
        """Yield what the payload holds; where it is one of many and cannot be read, that it was there, and why not."""
        try:
            for delivery in self._taken(payload, label):
                yield delivery, None
        except EndpointFailure as failure:
            if not payload.is_one_of_many:
                raise
            nothing = replace(_absent(self.source, self.partition, []), name=payload.name, endpoint=label)
            yield replace(nothing, status="refused", reason=str(failure)), failure

    def _taken(self, payload: Payload, label: str) -> list[Delivery]:
        if self.source.delivers == "snapshot":
            payload = replace(payload, position=None)  # it is always asked for whole
        taken = take(
            self.source, self.partition, payload, label, store=self.store, fragment_bytes=self.fragment_bytes
        )
        return [_known_by_its_place(delivery) if is_of_a_stream(label) else delivery for delivery in taken]


def may_be_asked(source: Source, *, store: Path, clock: Clock = _SYSTEM) -> bool:
    """Return whether the hours and the breaker of any endpoint let a request through now; asks nobody."""
    return any(way.may_be_asked() for way, _ in _ways(source, store, clock))


def health_of(source: Source, *, store: Path, clock: Clock = _SYSTEM) -> list[Health]:
    """Return how each endpoint of the source stands, in order of preference; asks nobody."""
    return [way.health() for way, _ in _ways(source, store, clock)]


def last_served(store: Path) -> datetime | None:
    """Return when the source of the store last handed over something usable, in UTC, as far as is remembered."""
    moment = _remembered(store).served_at()
    return datetime.fromtimestamp(moment, UTC) if moment else None


def _ways(source: Source, store: Path, clock: Clock) -> Iterator[tuple[Way, Endpoint]]:
    for label, endpoint in source.ways.items():
        yield Way(endpoint, label, _remembered(store), source.deadline, clock), endpoint


def _remembered(store: Path) -> Remembered:
    return Remembered(store.with_name(FILE))


def _known_by_its_place(delivery: Delivery) -> Delivery:
    """Let a batch of a stream be known by its name too: messages may say the same again, and are others all the same."""
    told = f"{delivery.name}\n{delivery.content_hash}".encode()
    return replace(delivery, content_hash=hashlib.sha256(told).hexdigest())


def _missing(taken: list[_Taken]) -> set[str]:
    """The names of what could not be read, and may be read when it is asked for again."""
    return {delivery.name for delivery, failure in taken if failure is not None and failure.is_transient}


def _raise_where_none_was_read(taken: list[_Taken]) -> None:
    """Of an endpoint none of whose files can be read it is the endpoint that fails."""
    failures = [failure for _, failure in taken if failure is not None]
    if failures and len(failures) == len(taken):
        raise failures[0]


def _with_reason(taken: _Taken, reason: str) -> Delivery:
    delivery, _ = taken
    return replace(delivery, reason="; ".join(filter(None, [delivery.reason, reason])))


def _why_not(answer: Answer) -> str:
    if answer.failure is not None:
        return str(answer.failure)
    reasons = sorted({delivery.reason for delivery in answer.deliveries})
    return (
        f"all that it handed over was refused: {'; '.join(reasons)}" if reasons else "it handed over nothing"
    )


def _without_repetition(served: tuple[Delivery, ...]) -> list[Delivery]:
    """Refuse what holds the very bytes of another: a delivery is known by its content, and counts once."""
    first: dict[str, str] = {}
    kept = []
    for delivery in served:
        before = first.setdefault(delivery.content_hash, delivery.name)
        is_again = delivery.status == "landed" and before != delivery.name
        reason = f"it holds the very bytes of {before}"
        kept.append(replace(delivery, status="refused", reason=reason) if is_again else delivery)
    return kept


def _absent(source: Source, partition: str, tried: list[Tried]) -> Delivery:
    return Delivery(
        source=source.source,
        partition=partition,
        status="absent",
        landed_at=datetime.now(UTC),
        reason="; ".join(f"{one.endpoint}: {one.reason}" for one in tried),
    )
