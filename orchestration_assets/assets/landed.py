"""The sources of a feed, landed: one asset per source, all of them one step, each of which can be run alone."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl
from pydantic import Field

from orchestration_assets.assets.common import RETRY, as_table, result, source_key, told_plainly
from orchestration_assets.feed import Declared
from orchestration_assets.resources import LakeResource
from orchestration_assets.steps.context import VERSION
from orchestration_assets.steps.drift_report import waiting_of
from orchestration_assets.steps.landing import hand_over_landing, land_sources
from sources.declaration import Source


class LandingConfig(dg.Config):
    """How a run lands."""

    ask: list[str] | None = Field(
        default=None,
        description="Sources that are asked, all by default; of the others only what arrived meanwhile is taken in.",
    )


def landing_config(feed: str, ask: list[str]) -> dict[str, Any]:
    """The configuration of a run that asks only these sources."""
    return {"ops": {f"{feed}_landing": {"config": {"ask": ask}}}}


def build_landed(declared: Declared, partitions_def: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """One asset per source of the feed. A source that delivers nothing is materialized all the same, as absent."""

    @dg.multi_asset(
        name=f"{declared.feed.feed}_landing",
        specs=[_spec(declared, source, partitions_def) for source in declared.sources],
        can_subset=True,
        retry_policy=RETRY,
    )
    def landed(
        context: dg.AssetExecutionContext, config: LandingConfig, lake: LakeResource
    ) -> Iterator[dg.MaterializeResult]:
        with told_plainly():
            opened = lake.open(declared, context)
            wanted = [
                s.source for s in declared.sources if source_key(s.source) in context.selected_asset_keys
            ]
            counts = land_sources(opened, wanted, ask=config.ask)
            hand_over_landing(opened, counts)
        waiting = {
            one.source: one.advice for one in waiting_of(opened.lake, declared.sources, opened.partition)
        }
        for name, row in counts.items():
            if row["status"] != "landed" or row["reason"] or row["refused"] or row["waiting"]:
                reason = row["reason"] or row["refused_because"] or row["waiting_because"]
                told = f"{name} is {row['status']}: {reason}"
                context.log.warning(told)
            yield _result(name, row, **({"proposal": waiting[name]} if name in waiting else {}))

    return landed


def _result(name: str, row: dict[str, Any], **more: str) -> dg.MaterializeResult:
    """What became of one source; `tried`: which endpoints did not serve, and why."""
    numbers = {
        key: row[key] for key in ("deliveries", "bytes", "refused", "waiting", "stale_lines", "seconds")
    }
    told = {
        "status": row["status"],
        "reason": row["reason"] or "none",
        "endpoint": ", ".join(row["endpoints"]) or "none",
        "since": row["since"] or "none",
        "tried": as_table(pl.DataFrame(row["tried"])),
    }
    return result(source_key(name), row["lines"], numbers, **told, **more)


def _spec(declared: Declared, source: Source, partitions_def: dg.PartitionsDefinition) -> dg.AssetSpec:
    kinds = {endpoint.kind for endpoint in source.endpoints} | {source.notation.format}
    delivers = "snapshots" if source.delivers == "snapshot" else "increments"
    return dg.AssetSpec(
        source_key(source.source),
        description=(
            f"One file per delivery of `{source.source}`, byte for byte; it delivers {delivers} of "
            f"{source.feed}. The table `{source.source}/deliveries` has one row per delivery."
        ),
        group_name=f"{declared.feed.feed}_1_land",
        owners=[source.owner],
        kinds=set(sorted(kinds)[:3]),
        code_version=VERSION,
        tags={"breakwater/feed": declared.feed.feed, "breakwater/source": source.source},
        partitions_def=partitions_def,
    )
