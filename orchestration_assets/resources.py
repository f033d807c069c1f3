"""The one resource: the lake, with the lock that a run holds on its partition from its first step to its end."""

from contextlib import ExitStack
from pathlib import Path

import dagster as dg
from pydantic import Field, PrivateAttr

from orchestration_assets.errors import DeclarationError
from orchestration_assets.feed import Declared
from orchestration_assets.lake import Lake
from orchestration_assets.steps.context import Context


class LakeResource(dg.ConfigurableResource):
    """The lake and the outside world as this site reaches them."""

    root: str = Field(description="Folder of the Delta tables and the delivered files.")
    outside: str = Field(description="Folder against which relative paths of sources are resolved.")
    data_docs: str = Field(default="", description="Folder of the Great Expectations Data Docs.")
    wait_seconds: float = Field(
        default=600, description="How long a run waits for another run of its partition."
    )

    _held: ExitStack = PrivateAttr(default_factory=ExitStack)
    _names: set[tuple[str, str]] = PrivateAttr(default_factory=set)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002 - Dagster's signature
        """Begins without a lock."""
        self._held, self._names = ExitStack(), set()

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002 - Dagster's signature
        """Lets go of every lock that the run took."""
        self._held.close()
        self._names.clear()

    def lake(self, run_id: str = "") -> Lake:
        """The tables below `root`; what is written bears the `run_id`."""
        return Lake(self.root, run_id=run_id)

    def of(self, declared: Declared, partition: str, run_id: str = "") -> Context:
        """A partition without holding it: for reading only, unless its run holds it."""
        return Context(declared, self.lake(run_id), partition, Path(self.outside))

    def open(
        self, declared: Declared, context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext
    ) -> Context:
        """The partition of this run, held alone until the run ends."""
        if not context.has_partition_key:
            raise DeclarationError(
                f"{declared.feed.feed} runs one partition at a time\nHint: launch one run per partition, not one for a range"
            )
        partition = context.partition_key
        opened = self.of(declared, partition, context.run.run_id)
        name = (declared.feed.feed, partition)
        if name not in self._names:
            lock = opened.lake.lock(
                *name,
                wait_seconds=self.wait_seconds,
                holder=f"run {context.run.run_id}",
                on_wait=context.log.info,
            )
            self._held.enter_context(lock)
            self._names.add(name)
        return opened
