"""Taking in one payload: its bytes kept as they came, and what they are worth at first sight.

What is packed or in another form is unpacked and written down beside them; that is what is read.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from sources.connectors.payload import Payload
from sources.declaration import Source
from sources.delivery import Delivery
from sources.found import reading_of
from sources.inspection import columns_of, extra_columns
from sources.scanning import SAMPLE_BYTES, Scan
from sources.shaping import Shaped, is_read_as_it_is, shaped
from sources.store import put
from sources.unpacking import Corrupt, CutOff, Member, packing_of, unpacked

_EXTENSIONS = {
    "gzip": "gz",
    "zip": "zip",
    "zstd": "zst",
    "json": "json",
    "parquet": "parquet",
    "excel": "xlsx",
}


@dataclass(frozen=True, slots=True)
class _Task:
    source: Source
    partition: str
    endpoint: str
    store: Path
    fragment_bytes: int
    form: str

    @property
    def folder(self) -> Path:
        return self.store / self.partition

    def relative(self, path: Path) -> str:
        return path.relative_to(self.store).as_posix()


@dataclass(slots=True)
class _Content:
    """The bytes of one unpacked file while they pass by: their hash, and whether they are cut off."""

    chunks: Iterable[bytes]
    cut_off: list[str]
    digest: Any = field(default_factory=hashlib.sha256)

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self.chunks:
                self.digest.update(chunk)
                yield chunk
        except CutOff as reason:
            self.cut_off.append(str(reason))


def take(
    source: Source, partition: str, payload: Payload, endpoint: str, *, store: Path, fragment_bytes: int
) -> list[Delivery]:
    """Keep the bytes as `store/<partition>/<sha256>.<extension>`; one delivery per file that they hold.

    `endpoint` is the label of who handed it over. What the payload's chunks raise passes through and leaves
    no file. Raises OSError where the store cannot be written.
    """
    form = payload.format or source.notation.format
    task = _Task(source, partition, endpoint, store, fragment_bytes, form)
    head, chunks = peeked(payload.chunks)
    packing = packing_of(head)
    if not packing and is_read_as_it_is(head, form):
        deliveries = [_taken(task, Member(payload.name, "", iter(chunks)))]
    else:
        extension = _EXTENSIONS.get(packing or form, source.notation.read_as)
        digest, path = put(chunks, task.folder, extension, seen_by=lambda _chunk: None)
        kept = _refused(task, payload.name, digest, path)
        members = unpacked(path, packing, payload.name) if packing else [_plain(path, payload.name)]
        deliveries = list(_all_taken(task, members, kept))
    position = payload.position() if payload.position is not None else ""
    return [replace(delivery, position=position) for delivery in deliveries]


def peeked(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes, up to a sample of them, and all chunks."""
    iterator, first, size = iter(chunks), list[bytes](), 0
    for chunk in iterator:
        first.append(chunk)
        size += len(chunk)
        if size >= SAMPLE_BYTES:
            break
    head = b"".join(first)
    return head, chain([head] if head else [], iterator)


def _plain(path: Path, name: str) -> Member:
    def chunks() -> Iterator[bytes]:
        with path.open("rb") as file:
            yield from iter(lambda: file.read(1 << 20), b"")

    return Member(name, "", chunks())


def _all_taken(task: _Task, members: Iterable[Member], kept: Delivery) -> Iterator[Delivery]:
    """Yield one delivery per member; what cannot be trusted is refused with its reason, and the rest goes on."""
    iterator = iter(members)
    while True:
        member = None
        try:
            member = next(iterator, None)
            if member is None:
                return
            yield _taken(task, member, kept)
        except Corrupt as reason:
            yield replace(kept, name=member.name if member else kept.name, reason=str(reason))


def _taken(task: _Task, member: Member, kept: Delivery | None = None) -> Delivery:
    """Write down and look at one file; `kept` are the very bytes, if they are others than are read."""
    cut_off: list[str] = []
    content = None if kept is None else _Content(member.chunks, cut_off)
    found: dict[str, Any] = {"compression": member.packing} if member.packing else {}
    if member.packing == "zip" and kept is not None:
        found["member"] = member.name.removeprefix(f"{kept.name}/")
    with shaped(content or member.chunks, task.form, task.source, task.folder, peeked) as text:
        digest, path, scan = _written(task, text)
    found |= text.found
    cut_off += text.cut_off
    if cut_off:
        found["cut_off"] = True
    reading = reading_of(task.source.notation, found)
    columns, reason = columns_of(task.source, scan, reading)
    return Delivery(
        source=task.source.source,
        partition=task.partition,
        status="refused" if reason else "landed",
        landed_at=datetime.now(UTC),
        name=member.name,
        content_hash=digest if content is None else content.digest.hexdigest(),
        endpoint=task.endpoint,
        path=task.relative(path),
        packed="" if kept is None or kept.path == task.relative(path) else kept.path,
        bytes=scan.size_bytes,
        lines=scan.lines,
        fragments=tuple(scan.fragments),
        columns=columns,
        extra_columns=extra_columns(task.source, columns),
        found=json.dumps(found, ensure_ascii=False) if found else "",
        reason="; ".join([*([reason] if reason else []), *cut_off]),
        is_closed=scan.is_closed and not cut_off,
    )


def _written(task: _Task, text: Shaped) -> tuple[str, Path, Scan]:
    is_csv = text.reading.format == "csv"
    scan = Scan(
        has_header=is_csv,
        quote=text.reading.quote if is_csv else None,
        fragment_bytes=task.fragment_bytes,
        preamble=text.reading.preamble,
    )

    def see(chunk: bytes) -> None:
        scan.feed(chunk)
        text.see(chunk)

    digest, path = put(text.chunks, task.folder, text.reading.format, seen_by=see)
    scan.finish()
    text.finish()
    return digest, path, scan


def _refused(task: _Task, name: str, digest: str, path: Path) -> Delivery:
    return Delivery(
        source=task.source.source,
        partition=task.partition,
        status="refused",
        landed_at=datetime.now(UTC),
        name=name,
        content_hash=digest,
        endpoint=task.endpoint,
        path=task.relative(path),
        bytes=path.stat().st_size,
    )
