"""One job per feed that takes a partition all the way, and one that looks at what was published."""

from typing import Any

import dagster as dg

from orchestration_assets.assets.common import feed_key, source_key
from orchestration_assets.assets.settled import TABLES
from orchestration_assets.assets.triaged import ROUTES
from orchestration_assets.checks import check_names
from orchestration_assets.feed import Declared
from orchestration_assets.partitions import partitions_of

BOXES = (*ROUTES, "translated", "imputed", "settled", *TABLES, "trusted")


def asset_keys(declared: Declared) -> list[dg.AssetKey]:
    """Every asset of the feed, its landed sources first."""
    keys = [source_key(source.source) for source in declared.sources]
    return keys + [feed_key(declared.feed.feed, name) for name in BOXES]


def build_fit_job(declared: Declared) -> Any:
    """What learns from all that was published; no part of any partition's run."""
    feed = declared.feed.feed
    return dg.define_asset_job(
        f"{feed}_fit",
        selection=dg.AssetSelection.assets(feed_key(feed, "fitted")),
        description=f"Learn and measure, from what was published, what the runs of {feed} read.",
        executor_def=dg.in_process_executor,
        tags={"breakwater/feed": feed},
    )


def build_job(declared: Declared) -> Any:
    """The feed's partition in one process: a step in a process of its own would cost seconds."""
    selection = dg.AssetSelection.assets(*asset_keys(declared)).without_checks()
    feed = declared.feed.feed
    config = dg.PartitionedConfig(
        partitions_def=partitions_of(declared.feed),
        run_config_for_partition_key_fn=lambda _key: {},
        tags_for_partition_key_fn=lambda key: {"breakwater/partition": f"{feed}.{key}"},
    )
    return dg.define_asset_job(
        feed,
        config=config,
        selection=selection | dg.AssetSelection.checks(*check_names(declared)),
        description=f"Land, triage, repair, settle and publish one partition of {feed}.",
        executor_def=dg.in_process_executor,
        tags={"breakwater/feed": feed},
    )
