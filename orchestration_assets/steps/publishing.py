"""Publishing: the one commit after which readers of `trusted` see the partition as it was settled."""

import time
from typing import Any

from orchestration_assets.lake import StagedFile
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.settlement import schemas_of
from orchestration_assets.steps.shelf import SHELF


def publish_partition(context: Context) -> dict[str, Any]:
    """Let the partition of `trusted` consist of what was settled; returns counts. Nothing else is touched."""
    began = time.perf_counter()
    settled = context.handed_over("settled")
    files = [StagedFile(*f) for f in settled["staged"]]
    version = context.lake.commit(
        context.table("trusted"), context.partition, files, schemas_of(context.rules).trusted
    )
    SHELF.forget(context.work)
    rows = sum(file.rows for file in files)
    return context.hand_over(
        "trusted",
        {
            "counts": {"rows": rows, "files": len(files), "version": version},
            "seconds": time.perf_counter() - began,
        },
    )
