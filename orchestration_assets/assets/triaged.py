"""Triage: every record judged by the contract and sent on its route. Every route is materialized, with 0 rows if need be."""

from collections.abc import Iterator

import dagster as dg

from orchestration_assets.assets.common import RETRY, feed_key, result, source_key, spec, told_plainly
from orchestration_assets.feed import Declared
from orchestration_assets.resources import LakeResource
from orchestration_assets.steps.triage import triage_partition

ROUTES = {
    "clean": "One row per record that keeps the contract as it was delivered; written where it will be published.",
    "malformed": "One row per record with a text that the source's notation does not read, or a value outside its domain.",
    "missing": "One row per record that lacks a value.",
    "contested": "One row per record whose key or entity another record speaks of too: duplicates and contradictions.",
}


def build_triaged(declared: Declared, partitions_def: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """One step, with an asset per route."""
    feed = declared.feed.feed
    landed = [source_key(source.source) for source in declared.sources]

    @dg.multi_asset(
        name=f"{feed}_triage",
        specs=[
            spec(
                declared,
                name,
                text,
                group="2_triage",
                deps=landed,
                kinds={"polars", "pandera"},
                partitions_def=partitions_def,
            )
            for name, text in ROUTES.items()
        ],
        retry_policy=RETRY,
    )
    def triaged(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
        with told_plainly():
            handed = triage_partition(lake.open(declared, context))
        counts = handed["counts"] or dict.fromkeys(
            ("clean", "malformed", "out_of_domain", "missing", "contested"), 0
        )
        more = {
            "records": counts.get("records", 0),
            "unreadable": counts.get("unreadable", 0),
            "seconds": handed["seconds"],
        }
        yield result(feed_key(feed, "clean"), counts["clean"], more)
        malformed = {"malformed": counts["malformed"], "out_of_domain": counts["out_of_domain"]}
        yield result(feed_key(feed, "malformed"), sum(malformed.values()), malformed)
        yield result(feed_key(feed, "missing"), counts["missing"], {})
        yield result(feed_key(feed, "contested"), counts["contested"], {"buckets": handed["buckets"]})

    return triaged
