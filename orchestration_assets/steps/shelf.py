"""Frames on their way from one step to the next: always in files, and in memory too as far as a budget goes.

A step in the process of the one before finds its frames at hand; in any other process, and beyond the budget, it reads
the files. What is at hand counts only as long as its file is the one that was written with it.
"""

import os
from dataclasses import dataclass
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

    def put(self, path: Path, frame: pl.DataFrame) -> None:
        """Write `frame` to `path`, whole or not at all, and keep it at hand if there is room."""
        with writing(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}-{os.getpid()}.tmp")
            frame.write_parquet(temporary, compression="lz4")
            temporary.replace(path)
        self._keep(path, frame, _stamp(path))

    def lay_by(self, path: Path, frame: pl.DataFrame) -> None:
        """Keep `frame` for the step that makes it, which no other asks for: it is written only if there is no room."""
        if not self._keep(path, frame, None):
            self.put(path, frame)

    def get(self, path: Path, columns: list[str] | None = None) -> pl.DataFrame:
        """The frame that was last put or laid by under `path`, by this process or another, or `columns` of it."""
        kept = self._kept.get(path)
        if kept is None or kept.stamp not in (None, _stamp(path)):
            return pl.read_parquet(path, columns=columns)
        return kept.frame if columns is None else kept.frame.select(columns)

    def forget(self, folder: Path) -> None:
        """Let go of all frames below `folder`; their files stay."""
        with self._lock:
            for path in [path for path in self._kept if path.is_relative_to(folder)]:
                del self._kept[path]

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
