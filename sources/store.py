"""The folder of deliveries: bytes named by the hash of their content, written whole or not, never changed."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


def put(
    chunks: Iterable[bytes], folder: Path, extension: str, *, seen_by: Callable[[bytes], None]
) -> tuple[str, Path]:
    """Write the chunks below `folder` and return the SHA-256 of them all and the file that holds them.

    Each chunk is also shown to `seen_by`. The file appears under its name only when every byte is on the
    disk; one that is there already is kept. What the chunks raise passes through and leaves no file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".landing-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                seen_by(chunk)
                file.write(chunk)
            size = file.tell()
            file.flush()
            os.fsync(file.fileno())
        target = folder / f"{digest.hexdigest()}.{extension}"
        if not (target.is_file() and target.stat().st_size == size):
            Path(temporary).replace(target)
            _sync_folder(folder)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return digest.hexdigest(), target


@contextmanager
def spooled(chunks: Iterable[bytes], folder: Path) -> Iterator[Path]:
    """Hold the chunks in a file below `folder` that is gone afterwards: some formats are read from their end."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".landing-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(chunks)
        yield Path(temporary)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
