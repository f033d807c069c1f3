"""Publication: one commit, and nothing else. It runs only if the blocking checks on `settled` passed."""

from datetime import timedelta

import dagster as dg
import polars as pl

from orchestration_assets.assets.common import RETRY, feed_key, result, spec, told_plainly
from orchestration_assets.feed import Declared
from orchestration_assets.resources import LakeResource
from orchestration_assets.steps.publishing import publish_partition
from orchestration_assets.steps.settlement import schemas_of

OWN_COLUMNS = {
    "_source": "which source delivered it",
    "_delivery": "hash of the delivery's content",
    "_row": "which line of data in that delivery, from 0",
    "_endpoint": "which of the source's endpoints served it; of a snapshot that stands in, with `stale:` before",
    "_warnings": "rules that it breaks without being held",
    "_repaired": "fields whose value is not as it was delivered: see `repairs`",
}


def build_trusted(declared: Declared, partitions_def: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """One step, `trusted`: what the feed is for."""
    feed = declared.feed.feed

    @dg.multi_asset(
        name=f"{feed}_publication",
        specs=[
            spec(
                declared,
                "trusted",
                "One row per trusted record, typed as the contract says, with its record id, `_warnings` and `_repaired`.",
                group="5_publish",
                deps=[feed_key(feed, "settled")],
                kinds={"deltalake"},
                partitions_def=partitions_def,
                freshness_policy=_freshness(declared),
            )
        ],
        retry_policy=RETRY,
    )
    def trusted(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        with told_plainly():
            opened = lake.open(declared, context)
            handed = publish_partition(opened)
            fields = {name: spec.description for name, spec in opened.rules.fields.items()}
            schema = schemas_of(opened.rules).trusted
        texts = {**OWN_COLUMNS, **fields}
        columns = [
            dg.TableColumn(name, _plain(dtype), description=texts.get(name)) for name, dtype in schema.items()
        ]
        counts = dict(handed["counts"])
        rows = counts.pop("rows")
        numbers = {**counts, "seconds": handed["seconds"]}
        more = {
            "dagster/column_schema": dg.TableSchema(columns),
            "path": str(opened.lake.path(opened.table("trusted"))),
        }
        return result(feed_key(feed, "trusted"), rows, numbers, **more)

    return trusted


def _plain(dtype: pl.DataType) -> str:
    """A type as a person says it: time units and the insides of structs left out."""
    if isinstance(dtype, pl.Datetime):
        return f"Datetime({dtype.time_zone or 'no zone'})"
    return "List(Struct)" if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct) else str(dtype)


def _freshness(declared: Declared) -> dg.FreshnessPolicy | None:
    hours = declared.feed.limits.freshness_hours
    return None if hours is None else dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=hours + 24))
