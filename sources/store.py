"""The folder of deliveries: bytes named by the hash of their content, written whole or not, never changed."""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PARTIAL = ".landing-"
_ABANDONED_SECONDS = 24 * 3600.0
"""Nobody writes any longer what was not written to for so long: its process has ended."""


def put(
    chunks: Iterable[bytes], folder: Path, extension: str, *, seen_by: Callable[[bytes], None]
) -> tuple[str, Path]:
    """Write the chunks below `folder` and return the SHA-256 of them all and the file that holds them.

    Each chunk is also shown to `seen_by`. The file appears under its name only when every byte is on the
    disk; one that is there already is kept. What the chunks raise passes through and leaves no file.
    """
    digest = hashlib.sha256()
    descriptor, temporary = _opened(folder)
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
    descriptor, temporary = _opened(folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(chunks)
        yield Path(temporary)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _opened(folder: Path) -> tuple[int, str]:
    """Return a new file below `folder`, from which the partial files of processes that have ended are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    before = time.time() - _ABANDONED_SECONDS
    for partial in folder.glob(f"{_PARTIAL}*"):
        with suppress(FileNotFoundError):  # another process removes it as well
            if partial.stat().st_mtime < before:
                partial.unlink()
    return tempfile.mkstemp(dir=folder, prefix=_PARTIAL)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
