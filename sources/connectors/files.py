"""Files in a folder, handed over one by one in the order of their names."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from sources.connectors.listing import Found, new_ones
from sources.connectors.payload import CHUNK_BYTES, Deadline, Payload
from sources.endpoints import FilesEndpoint
from sources.errors import EndpointFailure, LastingFailure
from sources.surroundings import PARTITION, matching_files


def payloads(
    endpoint: FilesEndpoint, partition: str, *, root: Path, deadline: Deadline, since: str | None
) -> Iterator[Payload]:
    """Yield one payload per matching file that is new, named by its path below the folder before the first wildcard."""
    deadline.await_turn()
    folder, found = matching_files(root, endpoint.path, partition)
    if not found:
        looked_for = endpoint.path.replace(PARTITION, partition)
        raise LastingFailure(f"no file matches {looked_for}")
    files = [
        Found(path.relative_to(folder).as_posix(), _state_of(path), partial(_chunks, path, deadline))
        for path in found
    ]
    yield from new_ones(files, since)


def _chunks(path: Path, deadline: Deadline) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            before = _state(os.fstat(file.fileno()))
            while chunk := file.read(CHUNK_BYTES):
                deadline.check()
                yield chunk
            if _state(os.fstat(file.fileno())) != before:
                raise EndpointFailure(f"{path.name} changed while it was read")
    except OSError as error:
        raise EndpointFailure(f"{path.name} cannot be read: {error.strerror}") from error


def _state_of(path: Path) -> str:
    """Return the state of the file; where that cannot be told, reading it says why."""
    try:
        return _state(path.stat())
    except OSError:
        return ""


def _state(status: os.stat_result) -> str:
    return f"{status.st_size}-{status.st_mtime_ns}"
