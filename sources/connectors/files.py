"""Files in a folder, handed over one by one in the order of their names."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sources.connectors.payload import CHUNK_BYTES, Deadline, Payload
from sources.endpoints import FilesEndpoint
from sources.errors import EndpointFailure, LastingFailure
from sources.surroundings import PARTITION, matching_files


def payloads(endpoint: FilesEndpoint, partition: str, *, root: Path, deadline: Deadline) -> Iterator[Payload]:
    """Yield one payload per matching file, named by its path below the folder before the first wildcard."""
    deadline.await_turn()
    folder, found = matching_files(root, endpoint.path, partition)
    if not found:
        looked_for = endpoint.path.replace(PARTITION, partition)
        raise LastingFailure(f"no file matches {looked_for}")
    for path in found:
        yield Payload(path.relative_to(folder).as_posix(), _chunks(path, deadline))


def _chunks(path: Path, deadline: Deadline) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            before = _state(file)
            while chunk := file.read(CHUNK_BYTES):
                deadline.check()
                yield chunk
            if _state(file) != before:
                raise EndpointFailure(f"{path.name} changed while it was read")
    except OSError as error:
        raise EndpointFailure(f"{path.name} cannot be read: {error.strerror}") from error


def _state(file: BinaryIO) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns
