"""Fitting: what runs read of methods is learned and measured here, apart from them, so that no run waits for it."""

import dagster as dg

from orchestration_assets.assets.common import RETRY, feed_key, result, spec, told_plainly
from orchestration_assets.feed import Declared
from orchestration_assets.resources import LakeResource
from orchestration_assets.steps.fitting import fit_feed


def build_fitted(declared: Declared) -> dg.AssetsDefinition:
    """One step, `fitted`, of the whole feed: it is no part of a partition's run."""
    feed = declared.feed.feed

    @dg.multi_asset(
        name=f"{feed}_fitting",
        specs=[
            spec(
                declared,
                "fitted",
                "One row per reading, grouping or model that was measured on what was published; runs of later partitions read it.",
                group="8_learn",
                deps=[feed_key(feed, "trusted")],
            )
        ],
        retry_policy=RETRY,
    )
    def fitted(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        with told_plainly():
            counts = fit_feed(lake.latest(declared, context))
        name, upto = counts.pop("fit"), counts.pop("upto")
        return result(feed_key(feed, "fitted"), counts.pop("methods"), counts, fit=name, upto=upto)

    return fitted
