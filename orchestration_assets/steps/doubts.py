"""Doubts about what was delivered, which only the source's other deliveries raise: its bytes came before, or its end is unlike theirs.

A source that sends the records of one partition again for another would have them trusted twice. A file that always ended its
last line and now does not was cut off, and the value that stands last in it may be half of one.
"""

import json

import polars as pl

from orchestration_assets.steps.context import Context
from orchestration_assets.steps.deliveries import Row
from sources.declaration import Source


def without_former_increments(context: Context, source: Source, delivered: list[Row]) -> list[Row]:
    """Refuse an increment whose very bytes are in force for another partition: its records are there already."""
    others = _others_in_force(context, source)
    if source.delivers != "increment" or others.is_empty():
        return delivered
    partition_of = dict(others.select("content_hash", "_partition").iter_rows())

    def doubted(row: Row) -> Row:
        before = partition_of.get(row["content_hash"])
        if row["status"] != "landed" or before is None:
            return row
        return {
            **row,
            "status": "refused",
            "reason": f"it holds the very bytes that were delivered for {before}",
        }

    return [doubted(row) for row in delivered]


def cut_off_by_habit(context: Context, source: Source, delivered: list[Row]) -> list[Row]:
    """Let the last line of a CSV file that has no end be none, if every other delivery of the source ended its last line."""
    is_open = any(row["status"] == "landed" and not row["is_closed"] for row in delivered)
    if source.notation.read_as != "csv" or not is_open:
        return delivered
    others = _others_in_force(context, source)
    if others.is_empty() or not others["is_closed"].all():
        return delivered

    def doubted(row: Row) -> Row:
        if row["status"] != "landed" or row["is_closed"]:
            return row
        found = json.loads(row["found"]) if row["found"] else {}
        return {**row, "found": json.dumps({**found, "cut_off": True}, ensure_ascii=False)}

    return [doubted(row) for row in delivered]


def _others_in_force(context: Context, source: Source) -> pl.DataFrame:
    """What the source delivered for other partitions, of which they are made: content_hash, is_closed, _partition."""
    table = f"{source.source}/deliveries"
    columns = {"content_hash": pl.String, "is_closed": pl.Boolean, "_partition": pl.String}
    if not context.lake.exists(table):
        return pl.DataFrame(schema=columns)
    is_other = (
        (pl.col("_partition") != context.partition) & (pl.col("status") == "landed") & pl.col("is_in_force")
    )
    return context.lake.scan(table).filter(is_other).select(*columns).collect()
