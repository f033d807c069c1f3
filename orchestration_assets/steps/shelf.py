"""Frames on their way from one step to the next: always in files, and in memory too as far as a budget goes.

A step in the process of the one before finds its frames at hand; in any other process, and beyond the budget, it reads
the files. What is at hand counts only as long as its file is the one that was written with it.
"""

import os
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

import polars as pl

from orchestration_assets.lake import writing

BUDGET_BYTES = 400 << 20
_VIEW_BYTES = 16  # of each text, besides its characters

Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class _Kept:
    frame: pl.DataFrame
    bytes: int
    stamp: Stamp | None


class Shelf:
    """Frames by the path of their file; safe to use from several threads."""

    def __init__(self, budget: int = BUDGET_BYTES) -> None:
        self.budget = budget
        self._kept: dict[Path, _Kept] = {}
        self._lock = Lock()
        self._writer = ThreadPoolExecutor(1, "shelf")
        self._unwritten: dict[Path, Future[None]] = {}

    def put(self, path: Path, frame: pl.DataFrame) -> None:
        """Write `frame` to `path`, whole or not at all, and keep it at hand if there is room."""
        self._write_now(path, frame)
        self._keep(path, frame, _stamp(path))

    def put_soon(self, path: Path, frame: pl.DataFrame) -> None:
        """The same, but if there is room the file is there only after `finish`."""
        if self._keep(path, frame, None):
            with self._lock:
                self._unwritten[path] = self._writer.submit(self._write_kept, path, frame)
        else:
            self._write_now(path, frame)

    def lay_by(self, path: Path, frame: pl.DataFrame) -> None:
        """Keep `frame` for the step that makes it, which no other asks for: it is written only if there is no room."""
        if not self._keep(path, frame, None):
            self._write_now(path, frame)

    def finish(self, folder: Path) -> None:
        """End a step that works below `folder`: all it put is written, or this raises; what it laid by is let go."""
        for written in self._take_unwritten(folder):
            written.result()
        self._drop(folder, is_all=False)

    def get(self, path: Path, columns: list[str] | None = None) -> pl.DataFrame:
        """The frame that was last kept under `path`, by this process or another, or `columns` of it."""
        kept = self._kept.get(path)
        if kept is None or kept.stamp not in (None, _stamp(path)):
            return pl.read_parquet(path, columns=columns)
        return kept.frame if columns is None else kept.frame.select(columns)

    def holds(self, path: Path) -> bool:
        """Whether there is a frame under `path`."""
        return path in self._kept or path.exists()

    def forget(self, folder: Path) -> None:
        """Let go of all frames below `folder`; their files stay."""
        wait(self._take_unwritten(folder))
        self._drop(folder, is_all=True)

    def _drop(self, folder: Path, *, is_all: bool) -> None:
        with self._lock:
            for path, kept in list(self._kept.items()):
                if path.is_relative_to(folder) and (is_all or kept.stamp is None):
                    del self._kept[path]

    def _take_unwritten(self, folder: Path) -> list[Future[None]]:
        with self._lock:
            paths = [path for path in self._unwritten if path.is_relative_to(folder)]
            return [self._unwritten.pop(path) for path in paths]

    def _write_now(self, path: Path, frame: pl.DataFrame) -> None:
        self.finish(path)  # what is still to be written there is older
        self._write(path, frame)

    def _write(self, path: Path, frame: pl.DataFrame) -> None:
        with writing(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}-{os.getpid()}.tmp")
            frame.write_parquet(temporary, compression="lz4", statistics=False)  # read whole, and soon
            temporary.replace(path)

    def _write_kept(self, path: Path, frame: pl.DataFrame) -> None:
        self._write(path, frame)
        with self._lock:
            kept = self._kept.get(path)
            if kept is not None and kept.frame is frame:
                self._kept[path] = replace(kept, stamp=_stamp(path))

    def _keep(self, path: Path, frame: pl.DataFrame, stamp: Stamp | None) -> bool:
        size = _size(frame)
        with self._lock:
            self._kept.pop(path, None)
            has_room = sum(kept.bytes for kept in self._kept.values()) + size <= self.budget
            if has_room:
                self._kept[path] = _Kept(frame, size, stamp)
        return has_room


SHELF = Shelf()
"""Of this process, which runs one partition at a time."""


def _size(frame: pl.DataFrame) -> int:
    texts = sum(dtype == pl.String for dtype in frame.dtypes)
    return int(frame.estimated_size()) + frame.height * texts * _VIEW_BYTES


def _stamp(path: Path) -> Stamp | None:
    """What tells this file from another under the same name."""
    try:
        told = path.stat()
    except FileNotFoundError:
        return None
    return told.st_ino, told.st_mtime_ns, told.st_size
