"""Taking in one payload: its bytes kept as they came, and what they are worth at first sight."""

from datetime import UTC, datetime
from pathlib import Path

from sources.connectors.payload import Payload
from sources.declaration import Source
from sources.delivery import Delivery
from sources.inspection import columns_of, extra_columns
from sources.scanning import Scan
from sources.store import put


def take(
    source: Source, partition: str, payload: Payload, endpoint: str, *, store: Path, fragment_bytes: int
) -> list[Delivery]:
    """Keep the bytes as `store/<partition>/<sha256>.<extension>`; one delivery per file that they hold.

    `endpoint` is the label of who handed it over. What the payload's chunks raise passes through and leaves
    no file. Raises OSError where the store cannot be written.
    """
    notation = source.notation
    is_csv = notation.format == "csv"
    scan = Scan(has_header=is_csv, quote=notation.quote if is_csv else None, fragment_bytes=fragment_bytes)
    digest, path = put(payload.chunks, store / partition, notation.format, seen_by=scan.feed)
    scan.finish()
    columns, reason = columns_of(source, scan)
    taken = Delivery(
        source=source.source,
        partition=partition,
        status="refused" if reason else "landed",
        landed_at=datetime.now(UTC),
        name=payload.name,
        content_hash=digest,
        endpoint=endpoint,
        path=path.relative_to(store).as_posix(),
        bytes=scan.size_bytes,
        lines=scan.lines,
        fragments=tuple(scan.fragments),
        columns=columns,
        extra_columns=extra_columns(source, columns),
        reason=reason,
        is_closed=scan.is_closed,
        position=payload.position() if payload.position else "",
    )
    return [taken]
