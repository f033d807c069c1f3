"""The example project, run once on a day of the simulated world."""

from pathlib import Path

import dagster as dg
import pytest

from examples.existing_project.definitions import build
from sources.simulation import simulate

DAY = "2026-11-01"


@pytest.fixture(scope="session")
def example_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the example project keeps after the jobs `payments` and `turnover` ran on one day. For reading only."""
    folder = tmp_path_factory.mktemp("example")
    simulate(folder / "outside", [DAY], records=300, seed=3)
    definitions = build(folder)
    with dg.DagsterInstance.ephemeral() as instance:
        for job in ("payments", "turnover"):
            result = definitions.resolve_job_def(job).execute_in_process(partition_key=DAY, instance=instance)
            assert result.success
    return folder
