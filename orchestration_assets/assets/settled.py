"""Settlement: what may be applied is applied, the contract judges again, and every record gets its one verdict.

All tables but `trusted` are written here, whatever the checks that follow will say.
"""

from collections.abc import Iterator

import dagster as dg

from orchestration_assets.assets.common import RETRY, feed_key, result, sample, spec, told_plainly
from orchestration_assets.feed import Declared
from orchestration_assets.links import queue_link
from orchestration_assets.resources import LakeResource
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.measuring import measure_partition
from orchestration_assets.steps.settlement import settle_partition

TABLES = {
    "review": "One row per record that a person can decide, original values untouched, with its reasons.",
    "quarantine": "One row per record that nothing can mend yet, original values untouched, with its reasons.",
    "aside": "One row per duplicate or outside record, with the record that stands for it.",
    "findings": "One row per (record, field, rule) that failed, first or after repair.",
    "repairs": "One row per proposed cell: original, repaired, method, version, confidence, evidence, status.",
    "methods": "One row per (method, version, field, source, shape): cases, right, evidence class, error bound.",
    "metrics": "One row per (partition, metric), long form.",
}

HELD = ("review", "quarantine", "aside")
"""Records that are not published; the other tables say what was found and done."""
DECIDED_AT_DESK = ("review", "quarantine")
SUM = ("landed", "trusted", "review", "quarantine", "duplicate", "outside", "unreadable", "lost")
"""In the order of the promise: landed is the sum of the others."""
SAMPLED = {
    "findings": "_source _row field kind value rule message".split(),
    "repairs": "_source _row field original repaired status confidence method evidence".split(),
}
"""The columns that the UI shows a few rows of."""


def build_settled(declared: Declared, partitions_def: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """One step: the verdicts, and the tables that are written whatever the checks say."""
    feed = declared.feed.feed

    @dg.multi_asset(name=f"{feed}_settlement", specs=_specs(declared, partitions_def), retry_policy=RETRY)
    def settled(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult]:
        with told_plainly():
            opened = lake.open(declared, context)
            handed = settle_partition(opened)
            metrics = measure_partition(opened)
            rows = {name: _rows(opened, name) for name in TABLES}
            samples = {name: sample(opened, name, columns) for name, columns in SAMPLED.items()}
        counts = handed["counts"]
        whole = {name: int(metrics[name]) for name in SUM}
        numbers = {**whole, **counts, "seconds": handed["seconds"]}
        yield result(feed_key(feed, "settled"), whole["landed"], numbers)
        of_table = {
            "repairs": {"applied": counts["repairs_applied"], "suggested": counts["repairs_suggested"]},
            "metrics": metrics,
        }
        for name in TABLES:
            more: dict[str, dg.MetadataValue] = {"sample": samples[name]} if name in samples else {}
            if name in DECIDED_AT_DESK:
                more["desk"] = dg.MetadataValue.url(queue_link(feed, opened.partition, name))
            yield result(feed_key(feed, name), rows[name], of_table.get(name, {}), **more)

    return settled


def _specs(declared: Declared, partitions_def: dg.PartitionsDefinition) -> list[dg.AssetSpec]:
    feed = declared.feed.feed
    settled = spec(
        declared,
        "settled",
        "One row per record with its one verdict; the files to be published are written and not yet committed.",
        group="4_settle",
        deps=[feed_key(feed, name) for name in ("clean", "translated", "imputed")],
        kinds={"polars", "pandera"},
        partitions_def=partitions_def,
    )
    tables = [
        spec(
            declared,
            name,
            text,
            group="6_hold" if name in HELD else "7_audit",
            deps=[feed_key(feed, "settled")],
            kinds={"deltalake"},
            partitions_def=partitions_def,
        )
        for name, text in TABLES.items()
    ]
    return [settled, *tables]


def _rows(context: Context, table: str) -> int:
    """How many rows of the partition are committed."""
    return sum(file.rows for file in context.lake.active(context.table(table), context.partition).values())
