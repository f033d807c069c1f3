"""A Dagster project that has an asset of its own, and takes in Breakwater's feed `payments`: see README.md."""

import os
from pathlib import Path

import dagster as dg
import polars as pl

from orchestration_assets.build import feed_definitions
from orchestration_assets.resources import LakeResource

TRUSTED = dg.AssetKey(["payments", "trusted"])
DAYS = dg.DailyPartitionsDefinition(start_date="2026-01-01")


class Reports(dg.ConfigurableResource):
    """Where this project keeps its reports; its own, not Breakwater's."""

    folder: str

    def write(self, partition: str, frame: pl.DataFrame) -> Path:
        """The file of the partition's report, written."""
        path = Path(self.folder) / f"{partition}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_csv(path)
        return path


@dg.asset(
    deps=[TRUSTED],
    partitions_def=DAYS,
    description="One row per currency: how many payments were trusted on that day, and their sum.",
    group_name="finance",
    owners=["team:finance"],
    kinds={"polars"},
    code_version="1",
    tags={"domain": "finance"},
)
def daily_turnover(
    context: dg.AssetExecutionContext, lake: LakeResource, reports: Reports
) -> dg.MaterializeResult:
    """The project's own asset: it reads what was published, and nothing that is held."""
    trusted = lake.lake().read("payments/trusted", context.partition_key)
    by_currency = trusted.group_by("currency").agg(
        pl.len().alias("payments"), pl.col("amount").sum().round(2)
    )
    path = reports.write(context.partition_key, by_currency.sort("currency"))
    return dg.MaterializeResult(
        metadata={"dagster/row_count": by_currency.height, "payments": trusted.height, "path": str(path)}
    )


turnover = dg.define_asset_job("turnover", selection=[daily_turnover], executor_def=dg.in_process_executor)


def build(folder: Path) -> dg.Definitions:
    """This project and the feed, with everything that they keep under `folder`."""
    mine = dg.Definitions(
        assets=[daily_turnover],
        jobs=[turnover],
        resources={"reports": Reports(folder=str(folder / "reports"))},
        executor=dg.in_process_executor,
    )
    lake = LakeResource(
        root=str(folder / "lake"), outside=str(folder / "outside"), data_docs=str(folder / "data_docs")
    )
    return dg.Definitions.merge(mine, feed_definitions("payments", lake=lake))


@dg.definitions
def defs() -> dg.Definitions:
    """Under the folder that `EXAMPLE_FOLDER` names, by default `data/example` of the current one."""
    return build(Path(os.environ.get("EXAMPLE_FOLDER") or "data/example").absolute())
