"""Landing: what a source delivers for a partition, kept byte for byte, and what it is worth at first sight.

Always ends with at least one `Delivery`; that nothing came is one too.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sources.connectors import payloads
from sources.connectors.payload import Deadline
from sources.declaration import Source
from sources.delivery import Delivery
from sources.errors import EndpointFailure, NothingNew
from sources.intake import take
from sources.scanning import FRAGMENT_BYTES
from sources.surroundings import checked_partition


def land(
    source: Source,
    partition: str,
    *,
    store: Path,
    root: Path,
    fragment_bytes: int = FRAGMENT_BYTES,
    since: Mapping[str, str] | None = None,
) -> list[Delivery]:
    """Land what the first serving endpoint has, as `store/<partition>/<sha256>.<csv or ndjson>`.

    An endpoint that fails, or whose every delivery is refused, is followed by the next; what was refused
    stays in the list. Where nothing came from any, the list is one `absent` delivery that says what was
    tried. `since` holds, by the label of an endpoint, the position from which it goes on; a snapshot is
    always asked for whole. `root` is where relative paths begin. Raises PartitionRefused, and OSError where the store itself
    cannot be written.
    """
    checked_partition(partition)
    known = since if since and source.delivers == "increment" else {}
    deliveries: list[Delivery] = []
    failures: list[str] = []
    for position, endpoint in enumerate(source.endpoints):
        label = f"{endpoint.kind}:{position}"
        deadline = Deadline(source.deadline)
        try:
            served = [
                delivery
                for payload in payloads(
                    endpoint, partition, root=root, deadline=deadline, since=known.get(label)
                )
                for delivery in take(
                    source, partition, payload, label, store=store, fragment_bytes=fragment_bytes
                )
            ]
        except NothingNew as answer:
            failures.append(f"{label}: {answer}")
            break
        except EndpointFailure as failure:
            failures.append(f"{label}: {failure}")
            continue
        deliveries.extend(_without_repetition(served))
        if any(delivery.status == "landed" for delivery in served):
            break
    return deliveries or [_absent(source, partition, failures)]


def _without_repetition(served: list[Delivery]) -> list[Delivery]:
    """Refuse what holds the very bytes of another: a delivery is known by its content, and counts once."""
    first: dict[str, str] = {}
    kept = []
    for delivery in served:
        before = first.setdefault(delivery.content_hash, delivery.name)
        is_again = delivery.status == "landed" and before != delivery.name
        reason = f"it holds the very bytes of {before}"
        kept.append(replace(delivery, status="refused", reason=reason) if is_again else delivery)
    return kept


def _absent(source: Source, partition: str, failures: list[str]) -> Delivery:
    return Delivery(
        source=source.source,
        partition=partition,
        status="absent",
        landed_at=datetime.now(UTC),
        reason="; ".join(failures),
    )
