"""What of the lake's tables the queue is made of: held records, what is proposed for them, when they were delivered."""

import polars as pl

from orchestration_assets.decisions.view import FeedView
from orchestration_assets.lake import PARTITION, Lake
from validators.judgement import REASON

RECORD = (PARTITION, "_source", "_delivery", "_row")
"""The record id, as the tables have it."""
HELD = ("review", "quarantine")
_DELIVERY_DIGITS = 12
PROPOSED = (
    *("field", "original", "repaired", "method", "version", "arm", "shape"),
    *("confidence", "evidence_class", "evidence", "status", "decided_by"),
)


def record_id(*, partition: str = PARTITION) -> pl.Expr:
    """SOURCE:PARTITION:DELIVERY:ROW of each row."""
    parts = ["_source", partition, "_delivery", pl.col("_row").cast(pl.String)]
    return pl.concat_str(parts, separator=":").alias("record_id")


def held_records(view: FeedView, chosen: pl.Expr | None = None) -> pl.DataFrame:
    """One row per held record (of those that are `chosen`): `_at`, its number here, `table`, the record id, its texts, `_errors`."""
    text, reasons = pl.String(), pl.List(REASON)
    wanted = {**dict.fromkeys(["_endpoint", *view.rules.fields], text), "_errors": reasons}
    schema = pl.Schema(
        {"table": text, PARTITION: text, "_source": text, "_delivery": text, "_row": pl.Int64()}
    )
    parts = [pl.LazyFrame(schema={**schema, **wanted})]
    for table in HELD:
        if view.lake.exists(view.table(table)):
            rows = view.lake.scan(view.table(table))
            rows = rows if chosen is None else rows.filter(chosen)
            there = rows.collect_schema().names()
            lacking = [pl.lit(None, dtype).alias(n) for n, dtype in wanted.items() if n not in there]
            parts.append(rows.with_columns(pl.lit(table).alias("table"), *lacking).select(*schema, *wanted))
    return pl.concat(parts).sort(RECORD).with_row_index("_at").collect()


def proposals_of(view: FeedView, held: pl.DataFrame) -> pl.DataFrame:
    """One row per proposal for a cell of a held record: `_at` and PROPOSED, in the contract's order."""
    if not view.lake.exists(view.table("repairs")) or held.is_empty():
        nothing = dict.fromkeys(PROPOSED, pl.String())
        return pl.DataFrame(schema={"_at": pl.UInt32, **nothing, "confidence": pl.Float64})
    mine = held.lazy().select("_at", *RECORD)
    rows = view.lake.scan(view.table("repairs")).filter(
        pl.col(PARTITION).is_in(held[PARTITION].unique().implode())
    )
    return (
        rows.join(mine, on=list(RECORD), how="inner", maintain_order="left")
        .select("_at", *PROPOSED)
        .collect()
    )


def landed_moments(lake: Lake, held: pl.DataFrame) -> pl.DataFrame:
    """One row per delivery with held records: `_partition`, `_source`, `_delivery`, `since` (when it landed, in UTC)."""
    of = list(RECORD[:3])
    parts = [pl.LazyFrame(schema={**dict.fromkeys(of, pl.String), "since": pl.Datetime("us", "UTC")})]
    for source in held["_source"].unique().sort():
        if lake.exists(f"{source}/deliveries"):
            rows = lake.scan(f"{source}/deliveries").filter(pl.col("content_hash") != "")
            short = pl.col("content_hash").str.slice(0, _DELIVERY_DIGITS).alias("_delivery")
            moment = pl.col("landed_at").cast(pl.Datetime("us", "UTC")).alias("since")
            parts.append(rows.select(PARTITION, pl.lit(source).alias("_source"), short, moment))
    return pl.concat(parts).group_by(of).agg(pl.col("since").min()).collect()
