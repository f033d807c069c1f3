"""Imputation: missing and contradicted values supplied from elsewhere, where it is known how often that is right."""

import dagster as dg

from orchestration_assets.assets.common import RETRY, feed_key, result, spec, told_plainly
from orchestration_assets.feed import Declared
from orchestration_assets.resources import LakeResource
from orchestration_assets.steps.imputation import impute_partition


def build_imputed(declared: Declared, partitions_def: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """One step, `imputed`."""
    feed = declared.feed.feed

    @dg.multi_asset(
        name=f"{feed}_imputation",
        specs=[
            spec(
                declared,
                "imputed",
                "One row per proposed value of a missing or contradicted cell, with its method, confidence and evidence.",
                group="3_repair",
                deps=[feed_key(feed, name) for name in ("translated", "missing", "contested")],
                partitions_def=partitions_def,
            )
        ],
        retry_policy=RETRY,
    )
    def imputed(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        with told_plainly():
            handed = impute_partition(lake.open(declared, context))
        counts = handed["counts"]
        rows = counts["applied"] + counts["suggested"]
        return result(feed_key(feed, "imputed"), rows, {**counts, "seconds": handed["seconds"]})

    return imputed
