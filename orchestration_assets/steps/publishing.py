"""Publishing: the one commit after which readers of `trusted` see the partition as it was settled."""

import time
from typing import Any

from orchestration_assets.lake import StagedFile
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.fitting import leave_fit
from orchestration_assets.steps.settlement import schemas_of
from orchestration_assets.steps.shelf import SHELF


def publish_partition(context: Context) -> dict[str, Any]:
    """Let the partition of `trusted` consist of what was settled; returns counts. Where there is no fit, the run leaves one."""
    began = time.perf_counter()
    settled = context.handed_over("settled")
    files = [StagedFile(*f) for f in settled["staged"]]
    version = context.lake.commit(
        context.table("trusted"), context.partition, files, schemas_of(context.rules).trusted
    )
    SHELF.forget(context.work)
    leave_fit(context)
    rows = sum(file.rows for file in files)
    return context.hand_over(
        "trusted",
        {
            "deliveries": [[d["source"], d["delivery"]] for d in context.handed_over("triage")["deliveries"]],
            "counts": {"rows": rows, "files": len(files), "version": version},
            "seconds": time.perf_counter() - began,
        },
    )
