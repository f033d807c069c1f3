"""The tables: Delta tables partitioned by `_partition`, each reached through one function of (site, table).

Every write stages Parquet files under the partition's folder and then commits, at once, which of them the partition
consists of. Readers see the old files or the new ones. A partition that already consists of them is left alone.
"""

import fcntl
import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import polars as pl

from orchestration_assets.errors import LakeError, LakeNameError, LockedError

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable
    from deltalake.transaction import AddAction

PARTITION = "_partition"
_COMPRESSION_LEVEL = 1  # as small as the default for such tables, in two thirds of the time
_NO_PARTITION = "__HIVE_DEFAULT_PARTITION__"
"""The folder of rows whose partition is null."""
_OF_PARTITION, _OF_RUN = "breakwater.partition", "breakwater.run"
"""What a commit is marked with."""
_ROWS_PER_GROUP = 1 << 16  # a dictionary of more values does not fit the cache while it is built
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")


@dataclass(frozen=True)
class StagedFile:
    """A Parquet file that is written and not yet part of its table. `path` is relative to the table."""

    path: str
    rows: int
    bytes: int


@dataclass(frozen=True)
class Commit:
    """One commit to a partition of a table: which run made it, and when, in UTC."""

    version: int
    at: datetime
    run_id: str


class Lake:
    """The tables of one site under one local root. `run_id`: the run on whose behalf it is written to, if there is one."""

    def __init__(self, root: str | Path, site: str = "main", run_id: str = "") -> None:
        self.root = Path(root)
        self.site = site
        self.run_id = run_id

    def path(self, table: str) -> Path:
        """Where `table` (`<source or feed>/<name>`) lies."""
        owner, _, name = table.partition("/")
        if not (_NAME.fullmatch(owner) and _NAME.fullmatch(name)):
            raise LakeNameError(f"'{table}' is no table\nHint: <source or feed>/<name>")
        return self.root / owner / name

    def work(self, owner: str, partition: str) -> Path:
        """The folder in which the steps of one partition hand over to each other."""
        return self.root / owner / "_work" / valid_partition(partition)

    def exists(self, table: str) -> bool:
        """Whether anything was ever committed to `table`."""
        return (self.path(table) / "_delta_log").is_dir()

    def scan(self, table: str) -> pl.LazyFrame:
        """The committed rows of `table`; raises `LakeError` if there is no such table yet."""
        if not self.exists(table):
            raise LakeError(f"the lake has no table '{table}' yet\nHint: `breakwater run` makes it")
        return pl.scan_delta(str(self.path(table)))

    def read(self, table: str, partition: str | None = None) -> pl.DataFrame:
        """The committed rows of `table` (of one partition); an empty frame if there is no such table yet."""
        if not self.exists(table):
            return pl.DataFrame()
        if partition is None:
            return self.scan(table).collect()
        return self.scan(table).filter(pl.col(PARTITION) == partition).drop(PARTITION).collect()

    def active(self, table: str, partition: str) -> dict[str, StagedFile]:
        """The files of which the partition consists, by path relative to the table."""
        if not self.exists(table):
            return {}
        from deltalake import DeltaTable

        return self._active(DeltaTable(str(self.path(table))), partition)

    def partitions(self, table: str) -> list[str]:
        """The partitions that `table` holds, sorted."""
        if not self.exists(table):
            return []
        from deltalake import DeltaTable

        return sorted({row[PARTITION] for row in DeltaTable(str(self.path(table))).partitions()})

    def stage(
        self, table: str, partition: str, frame: pl.DataFrame, *, name: str | None = None
    ) -> StagedFile:
        """Write `frame` under the partition's folder, uncommitted. Without `name` it is named by its content."""
        return self._stage_in(table, valid_partition(partition), frame, name=name)

    def _stage_in(
        self, table: str, partition: str, frame: pl.DataFrame, *, name: str | None = None
    ) -> StagedFile:
        folder = self.path(table) / f"{PARTITION}={partition}"
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            temporary = folder / f".{name or 'staged'}-{os.getpid()}-{threading.get_ident()}.tmp"
            frame.write_parquet(
                temporary,
                compression="zstd",
                compression_level=_COMPRESSION_LEVEL,
                row_group_size=_ROWS_PER_GROUP,
            )
            final = folder / f"{name or _hash_of(temporary)}.parquet"
            temporary.replace(final)
            size = final.stat().st_size
        return StagedFile(str(final.relative_to(self.path(table))), frame.height, size)

    def staged(self, table: str, partition: str, name: str) -> Path:
        """Where a file staged under `name` lies."""
        return self.path(table) / f"{PARTITION}={valid_partition(partition)}" / f"{name}.parquet"

    def commit(self, table: str, partition: str, files: list[StagedFile], schema: pl.Schema) -> int:
        """Let `partition` consist of exactly `files`, in one commit; returns the table's version.

        Raises `LakeError` if the table cannot take the schema, or if another writer was faster.
        """
        from deltalake import DeltaTable, Schema
        from deltalake.exceptions import DeltaError
        from deltalake.transaction import create_table_with_add_actions

        path = self.path(table)
        full = pl.Schema({**schema, PARTITION: pl.String()})
        delta_schema = Schema.from_arrow(full.to_frame().to_arrow().schema)
        try:
            with writing(path):
                path.mkdir(parents=True, exist_ok=True)
                if not self.exists(table):
                    actions = [_add(file, partition) for file in files]
                    create_table_with_add_actions(
                        str(path),
                        delta_schema,
                        actions,
                        partition_by=[PARTITION],
                        commit_properties=self._signed(partition),
                    )
                    return 0
                delta = _with_columns(DeltaTable(str(path)), schema, table)
                return self._replace(delta, partition, files)
        except DeltaError as error:
            raise LakeError(
                f"{table}: partition {partition} was not committed: {error}\nHint: another run may have written; run it again"
            ) from error

    def replace(self, table: str, partition: str, frame: pl.DataFrame) -> int:
        """Let `partition` consist of the rows of `frame`, in one commit; returns the table's version."""
        files = [self.stage(table, partition, frame)] if frame.height else []
        return self.commit(table, partition, files, frame.schema)

    def history(self, table: str, partition: str) -> list[Commit]:
        """The commits of runs to a partition of `table`, oldest first, as far back as its log goes."""
        if not self.exists(table):
            return []
        from deltalake import DeltaTable

        told = DeltaTable(str(self.path(table))).history()
        mine = [row for row in told if row.get(_OF_PARTITION) == partition]
        commits = [
            Commit(row["version"], datetime.fromtimestamp(row["timestamp"] / 1000, UTC), row[_OF_RUN])
            for row in mine
        ]
        return sorted(commits, key=lambda commit: commit.version)

    def version(self, table: str) -> int:
        """How often `table` was committed to, from 0; -1 if there is no such table yet."""
        if not self.exists(table):
            return -1
        from deltalake import DeltaTable

        return DeltaTable(str(self.path(table))).version()

    def append(
        self, table: str, parts: Mapping[str | None, pl.DataFrame], schema: pl.Schema, *, read_at: int
    ) -> bool:
        """Add the rows of `parts` (by partition; None: of no partition) in one commit, and change no other.

        `read_at`: the `version` from which the writer concluded what to add. False, and nothing is added, if the table
        moved on meanwhile. Raises `LakeError` if the table cannot take the schema.
        """
        from deltalake import CommitProperties, DeltaTable, Schema, Transaction
        from deltalake.exceptions import CommitFailedError, DeltaError

        path = self.path(table)
        full = pl.Schema({**schema, PARTITION: pl.String()})
        try:
            with writing(path):
                path.mkdir(parents=True, exist_ok=True)
                if read_at < 0:
                    delta_schema = Schema.from_arrow(full.to_frame().to_arrow().schema)
                    DeltaTable.create(str(path), delta_schema, mode="ignore", partition_by=[PARTITION])
                delta = DeltaTable(str(path))
                if delta.version() != max(read_at, 0):
                    return False
                delta = _with_columns(delta, schema, table)
                actions: list[Any] = [
                    _add(self._stage_part(table, p, frame), p) for p, frame in parts.items()
                ]
                # Two appends do not conflict in Delta, unless both claim to be the same application's next one.
                turn = CommitProperties(app_transactions=[Transaction(table, delta.version() + 1)])
                delta.create_write_transaction(
                    actions, "append", delta.schema(), partition_by=[PARTITION], commit_properties=turn
                )
        except CommitFailedError:
            return False
        except DeltaError as error:
            raise LakeError(f"{table}: nothing was added: {error}\nHint: run it again") from error
        return True

    def _stage_part(self, table: str, partition: str | None, frame: pl.DataFrame) -> StagedFile:
        return self._stage_in(
            table, _NO_PARTITION if partition is None else valid_partition(partition), frame
        )

    def _replace(self, delta: "DeltaTable", partition: str, files: list[StagedFile]) -> int:
        before = self._active(delta, partition)
        after = {file.path: file for file in files}
        added = [_add(file, partition) for path, file in after.items() if path not in before]
        removed = [_remove(file, partition) for path, file in before.items() if path not in after]
        if not (added or removed):
            return delta.version()
        delta.create_write_transaction(
            [*added, *removed],
            "append",
            delta.schema(),
            partition_by=[PARTITION],
            commit_properties=self._signed(partition),
        )
        return delta.version() + 1

    def _signed(self, partition: str) -> "CommitProperties | None":
        """What a commit says of who made it, for `history`."""
        from deltalake import CommitProperties

        if not self.run_id:
            return None
        return CommitProperties(custom_metadata={_OF_PARTITION: partition, _OF_RUN: self.run_id})

    @staticmethod
    def _active(delta: "DeltaTable", partition: str) -> dict[str, StagedFile]:
        actions = pl.DataFrame(delta.get_add_actions(flatten=True))
        if actions.is_empty():
            return {}
        mine = actions.filter(pl.col(f"partition.{PARTITION}") == partition)
        rows = mine.select("path", "num_records", "size_bytes").iter_rows()
        return {path: StagedFile(path, rows_, size) for path, rows_, size in rows}

    @contextmanager
    def lock(
        self,
        feed: str,
        partition: str,
        *,
        wait_seconds: float,
        holder: str,
        on_wait: Callable[[str], None] | None = None,
    ) -> Iterator[None]:
        """Hold the partition alone: a second run waits, and after `wait_seconds` refuses with `LockedError`."""
        name, what = f"{feed}--{valid_partition(partition)}", f"{feed} {partition}"
        with self.alone(name, what, wait_seconds=wait_seconds, holder=holder, on_wait=on_wait):
            yield

    @contextmanager
    def alone(
        self,
        name: str,
        what: str,
        *,
        wait_seconds: float,
        holder: str,
        on_wait: Callable[[str], None] | None = None,
    ) -> Iterator[None]:
        """Hold the lock `name` alone, as `lock` does; `what`: in words, what is held."""
        path = self.root / "_locks" / f"{name}.lock"
        with writing(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = path.open("a+")
        try:
            _acquire(handle, wait_seconds, what, on_wait)
            handle.seek(0)
            handle.truncate()
            handle.write(holder)
            handle.flush()
            yield
        finally:
            handle.close()


def valid_partition(partition: str) -> str:
    """`partition`, which becomes the name of a folder; raises `LakeNameError` if it cannot."""
    if not _NAME.fullmatch(partition):
        raise LakeNameError(f"'{partition}' cannot be a partition\nHint: letters, digits, `_`, `.` and `-`")
    return partition


def write_json(path: Path, content: Any) -> None:
    """Write `content` at once or not at all."""
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}-{os.getpid()}.tmp")
        temporary.write_text(json.dumps(content, indent=1, default=str))
        temporary.replace(path)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Failures to write to `folder` as `LakeError`."""
    try:
        yield
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise LakeError(
            f"the lake folder cannot be written: {folder}\nHint: check its owner and its mode"
        ) from error
    except OSError as error:
        raise LakeError(
            f"writing to {folder} failed: {error.strerror or error}\nHint: is the disk full?"
        ) from error


def _acquire(handle: TextIO, wait_seconds: float, what: str, on_wait: Callable[[str], None] | None) -> None:
    deadline = time.monotonic() + wait_seconds
    is_told = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            handle.seek(0)
            holder = handle.read() or "another run"
            if time.monotonic() >= deadline:
                raise LockedError(
                    f"{what} is being run by {holder}\nHint: wait for it, and run again"
                ) from error
            if not is_told and on_wait:
                on_wait(f"{what} is being run by {holder}; waiting up to {wait_seconds:.0f} s")
                is_told = True
            time.sleep(0.2)


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:20]


def _add(file: StagedFile, partition: str | None) -> "AddAction":
    from deltalake.transaction import AddAction

    return AddAction(
        path=file.path,
        size=file.bytes,
        partition_values={PARTITION: partition},
        modification_time=int(time.time() * 1000),
        data_change=True,
        stats=json.dumps({"numRecords": file.rows}),
    )


def _remove(file: StagedFile, partition: str) -> Any:
    from deltalake._internal import RemoveAction

    return RemoveAction(
        path=file.path,
        data_change=True,
        deletion_timestamp=int(time.time() * 1000),
        size=file.bytes,
        partition_values={PARTITION: partition},
    )


def _with_columns(delta: "DeltaTable", schema: pl.Schema, table: str) -> "DeltaTable":
    """`delta`, with the columns that `schema` has and the table lacks; a column of another type is refused."""
    from deltalake import DeltaTable, Schema

    wanted = Schema.from_arrow(schema.to_frame().to_arrow().schema)
    have = {field.name: field for field in delta.schema().fields}
    differing = [f.name for f in wanted.fields if f.name in have and have[f.name].type != f.type]
    if differing:
        raise LakeError(
            f"{table}: {', '.join(sorted(differing))} has another type in the table than in the contract\n"
            f"Hint: give the field a new name, or move the table away and run its partitions again"
        )
    if new := [f for f in wanted.fields if f.name not in have]:
        delta.alter.add_columns(new)
        return DeltaTable(delta.table_uri)
    return delta
