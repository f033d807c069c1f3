"""A lake for trying out: what is there is read, and whatever steps write goes to a folder that is thrown away."""

from pathlib import Path

import polars as pl

from orchestration_assets.lake import Lake, StagedFile


class TrialLake(Lake):
    """The lake at `root`, never written; the tables of the trial are those of `written`, below `scratch`."""

    def __init__(self, root: Path, scratch: Path, feed: str) -> None:
        super().__init__(root)
        self._base = Lake(root)
        self.written = Lake(scratch)
        self._staged = f"{feed}/trusted"

    def path(self, table: str) -> Path:
        """Where `table` lies; of `trusted` where the trial's own files lie, which steps look at by their paths."""
        return self.written.path(table) if table == self._staged else super().path(table)

    def work(self, owner: str, partition: str) -> Path:
        """The folder in which the steps of the trial hand over to each other."""
        return self.written.work(owner, partition)

    def exists(self, table: str) -> bool:
        """Whether anything was committed to `table` before the trial."""
        return self._base.exists(table)

    def scan(self, table: str) -> pl.LazyFrame:
        """The rows that were committed before the trial."""
        return self._base.scan(table)

    def active(self, table: str, partition: str) -> dict[str, StagedFile]:
        """The files of which the partition consisted before the trial."""
        return self._base.active(table, partition)

    def partitions(self, table: str) -> list[str]:
        """The partitions that `table` held before the trial."""
        return self._base.partitions(table)

    def stage(
        self, table: str, partition: str, frame: pl.DataFrame, *, name: str | None = None
    ) -> StagedFile:
        """Write `frame` below `scratch`."""
        return self.written.stage(table, partition, frame, name=name)

    def staged(self, table: str, partition: str, name: str) -> Path:
        """Where a file of the trial lies."""
        return self.written.staged(table, partition, name)

    def commit(self, table: str, partition: str, files: list[StagedFile], schema: pl.Schema) -> int:
        """Commit to a table of the trial."""
        return self.written.commit(table, partition, files, schema)
