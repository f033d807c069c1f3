"""What people decided about the records that wait: each open cell's state, and how often each method was found right."""

import json

import polars as pl

from orchestration_assets.decisions.judged import JUDGED_SCHEMA, strata
from orchestration_assets.decisions.judged import TABLE as JUDGED
from orchestration_assets.decisions.ledger import SEPARATOR, subject_of
from orchestration_assets.decisions.tables import RECORD
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.lake import PARTITION
from orchestration_assets.settlement.labels import STRATUM

BY_ITSELF = ("gate", "judged", "label")
"""`decided_by` of repairs that no person decided one by one."""
WITHDRAWN = ("undone", "rejected")
"""Status of a proposal that is none any more."""
_CELL = ["_at", "field"]
_FOLLOWED = ("_source", "key", "originals")


def on_held(rows: pl.DataFrame, held: pl.DataFrame, view: FeedView) -> pl.DataFrame:
    """The decisions `rows` that are about records of `held`, each with `_at` of its record as it stands now.

    A decision follows its record into a later delivery, by source, key and all that was delivered; without a key it
    stays with the record id.
    """
    if rows.is_empty() or held.is_empty():
        return rows.head(0).with_columns(pl.lit(0, pl.UInt32).alias("_at"))
    is_keyed = pl.col("key").is_not_null() & pl.col("originals").is_not_null()
    by_content, by_id = rows.filter(is_keyed), rows.filter(~is_keyed)
    keys = pl.concat_str(view.rules.key, separator=SEPARATOR)
    may_be = held.filter(keys.is_in(by_content["key"].unique().implode()))
    same = with_subjects(may_be, view).select("_at", *_FOLLOWED)
    return pl.concat(
        [
            by_content.join(same, on=list(_FOLLOWED)),
            by_id.join(held.select("_at", *RECORD), on=list(RECORD)),
        ]
    )


def with_subjects(held: pl.DataFrame, view: FeedView) -> pl.DataFrame:
    """`_at` and the record id of each record of `held`, with `key` and `originals`, by which decisions follow it."""
    told = [subject_of(row, view.rules) for row in held.select(*view.rules.fields).iter_rows(named=True)]
    return held.select("_at", *RECORD).with_columns(
        pl.Series("key", [key for key, _ in told], pl.String),
        pl.Series("originals", [originals for _, originals in told], pl.String),
    )


def taken_up(view: FeedView, partitions: pl.Series) -> pl.DataFrame:
    """One row per partition that was settled: `_partition`, `last`, the last decision that its settlement knew of."""
    found = []
    for partition in partitions.unique().sort():
        path = view.lake.work(view.feed, partition) / "settled.json"
        if path.exists():
            people = json.loads(path.read_text()).get("people") or {}
            found.append({PARTITION: partition, "last": people.get("last", "")})
    return pl.DataFrame(found, schema={PARTITION: pl.String, "last": pl.String})


def with_states(cells: pl.DataFrame, decisions: pl.DataFrame, settled: pl.DataFrame) -> pl.DataFrame:
    """`cells` (`_at`, `_partition`, `field`, `method`) with `state` and `left_by`. `settled`: as `taken_up`.

    `open`; `left`, to another; `decided`, until a run takes it up; `kept_out`: somebody said that it is not to come in, or
    that what was proposed is wrong, and nothing else is proposed. What is open still after a decision on it was taken up is
    open again.
    """
    names = ("action", "by", "decision")
    of_record = decisions.filter(pl.col("field").is_null()).select(
        "_at", **{f"_record_{n}": n for n in names}
    )
    of_cell = decisions.select(*_CELL, **{f"_cell_{n}": n for n in names})
    marked = (
        cells.join(of_record, on="_at", how="left", maintain_order="left")
        .join(of_cell, on=_CELL, how="left", maintain_order="left", nulls_equal=True)
        .join(settled, on=PARTITION, how="left", maintain_order="left")
    )
    of_cell_action = pl.col("_cell_action")
    is_left = pl.coalesce("_cell_action", "_record_action") == "leave"
    is_new = pl.col("_cell_decision") > pl.col("last").fill_null("")
    is_without = pl.col("method").is_null() & pl.col("field").is_not_null()
    state = (
        pl.when(pl.col("_record_action") == "reject")
        .then(pl.lit("kept_out"))
        .when(is_left)
        .then(pl.lit("left"))
        .when(of_cell_action.is_in(["accept", "correct", "reject"]) & is_new)
        .then(pl.lit("decided"))
        .when((of_cell_action == "reject") & is_without)
        .then(pl.lit("kept_out"))
        .otherwise(pl.lit("open"))
    )
    left_by = pl.when(is_left).then(pl.coalesce("_cell_by", "_record_by"))
    return marked.select(*cells.columns, state.alias("state"), left_by.alias("left_by"))


def judged_cases(view: FeedView, standing: pl.DataFrame) -> pl.DataFrame:
    """One row per STRATUM that people judged: `judged`, how many cases, and `right`.

    `standing`: the decisions in force. Those that no settlement has taken up yet count for the proposal that they were about.
    """
    rows = JUDGED_SCHEMA.to_frame()
    if view.lake.exists(view.table(JUDGED)):
        rows = view.lake.scan(view.table(JUDGED)).select(JUDGED_SCHEMA.names()).collect()
    known = strata(rows, standing["decision"], view.rules).select(
        *STRATUM, pl.col("cases").alias("judged"), "right"
    )
    is_new = ~pl.col("decision").is_in(rows["decision"].unique().implode())
    is_about_one = pl.col("field").is_not_null() & pl.col("method").is_not_null()
    new = standing.filter(is_new, is_about_one, "is_seen", pl.col("action").is_in(["accept", "reject"]))
    pending = new.select(
        *[pl.col(name) if name != "status" else pl.lit("suggested").alias(name) for name in STRATUM],
        pl.lit(1, pl.Int64).alias("judged"),
        (pl.col("action") == "accept").cast(pl.Int64).alias("right"),
    )
    return pl.concat([known, pending]).group_by(STRATUM).agg(pl.col("judged", "right").sum())
