"""Dependencies of a partition: learned from all its fragments before any is judged, kept for the steps that follow."""

from collections.abc import Callable, Iterable

import polars as pl

from orchestration_assets.imputation.calibration import as_frame, from_frame
from orchestration_assets.imputation.dependencies import dependencies_of
from orchestration_assets.imputation.dependent import Dependent, learn
from orchestration_assets.steps.context import Context


def learn_dependencies(context: Context, fragments: Callable[[], Iterable[pl.DataFrame]]) -> Dependent | None:
    """What is contradicted or could be filled; None if the contract states no dependency."""
    if not dependencies_of(context.rules):
        return None
    found = learn(fragments, context.rules)
    context.work.mkdir(parents=True, exist_ok=True)
    found.cells.write_parquet(context.work / "dependent.parquet")
    as_frame(found.thresholds).write_parquet(context.work / "dependencies.parquet")
    return found


def dependent_of(context: Context) -> Dependent | None:
    """What triage learned; None if the contract states no dependency, or nothing was delivered."""
    cells = context.work / "dependent.parquet"
    if not (dependencies_of(context.rules) and cells.exists()):
        return None
    thresholds = from_frame(pl.read_parquet(context.work / "dependencies.parquet"))
    return Dependent(pl.read_parquet(cells), thresholds)
