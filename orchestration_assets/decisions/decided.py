"""What people decided about the records that wait: each open cell's state, and how often each method was found right."""

import polars as pl

from orchestration_assets.decisions.ledger import subject, subject_of
from orchestration_assets.decisions.tables import RECORD
from orchestration_assets.decisions.view import FeedView

BY_ITSELF = ("gate", "label")
"""`decided_by` of repairs that no decision at the desk was about."""
WITHDRAWN = ("undone", "rejected")
"""Status of a proposal that is none any more."""
JUDGED_BY = ("method", "version", "arm", "field")
_OF_DECISION = ("decision", "action", "by", "at", "value")


def on_held(rows: pl.DataFrame, held: pl.DataFrame, view: FeedView) -> pl.DataFrame:
    """The decisions `rows` on held records, as they stand now: `_at`, `field`, and what was decided.

    A decision follows its record into a later delivery (`ledger.subject`).
    """
    if rows.is_empty() or held.is_empty():
        return rows.head(0).select(pl.lit(0, pl.UInt32).alias("_at"), "field", *_OF_DECISION)
    keys = pl.concat_str(view.rules.key, separator="\x1f")
    known = rows["key"].drop_nulls().unique()
    ids = held.join(rows.select(RECORD), on=list(RECORD), how="semi")["_at"]
    may_be = held.filter(keys.is_in(known.implode()) | pl.col("_at").is_in(ids.implode()))
    told = [subject_of(row, view.rules) for row in may_be.select(*view.rules.fields).iter_rows(named=True)]
    named = may_be.select("_at", *RECORD).with_columns(
        pl.Series("key", [key for key, _ in told], pl.String),
        pl.Series("originals", [originals for _, originals in told], pl.String),
    )
    subjects = named.select("_at", subject().alias("_subject"))
    return rows.select(subject().alias("_subject"), "field", *_OF_DECISION).join(subjects, on="_subject").select(
        "_at", "field", *_OF_DECISION
    )


def with_states(cells: pl.DataFrame, decisions: pl.DataFrame, proposals: pl.DataFrame) -> pl.DataFrame:
    """`cells` (`_at`, `field`) with `state` and `left_by`.

    `open`; `left`, to another; `decided`, until its run takes it up; `kept_out`: somebody said that it is not to come in.
    A cell that is open still after a decision was taken up is open again.
    """
    of_record = decisions.filter(pl.col("field").is_null()).select(
        "_at", pl.col("action").alias("_record"), pl.col("by").alias("_record_by")
    )
    of_cell = decisions.select(
        "_at",
        "field",
        pl.col("action").alias("_cell"),
        pl.col("by").alias("_cell_by"),
    )
    taken_up = proposals.filter(~pl.col("decided_by").is_in(BY_ITSELF)).select("_at", "field").unique()
    marked = (
        cells.join(of_record, on="_at", how="left", maintain_order="left")
        .join(of_cell, on=["_at", "field"], how="left", maintain_order="left", nulls_equal=True)
        .join(taken_up.with_columns(_is_taken_up=True), on=["_at", "field"], how="left", maintain_order="left")
    )
    is_left = (pl.col("_cell") == "leave") | (pl.col("_cell").is_null() & (pl.col("_record") == "leave"))
    is_rejected = (pl.col("_cell") == "reject") & pl.col("proposal").is_null() & pl.col("field").is_not_null()
    is_decided = pl.col("_cell").is_in(["accept", "correct", "reject"]) & pl.col("_is_taken_up").is_null()
    state = (
        pl.when(pl.col("_record") == "reject")
        .then(pl.lit("kept_out"))
        .when(is_left)
        .then(pl.lit("left"))
        .when(is_decided)
        .then(pl.lit("decided"))
        .when(is_rejected)
        .then(pl.lit("kept_out"))
        .otherwise(pl.lit("open"))
    )
    left_by = pl.when(is_left).then(pl.coalesce("_cell_by", "_record_by"))
    return marked.with_columns(state.alias("state"), left_by.alias("left_by")).drop(
        "_record", "_record_by", "_cell", "_cell_by", "_is_taken_up"
    )


def judged_cases(view: FeedView, decisions: pl.DataFrame) -> pl.DataFrame:
    """One row per JUDGED_BY that people judged: `judged`, how many cases, and `right`.

    A value that a person stated is a case of every method that proposed one for that cell; a rejection is one of the
    method that was rejected. Only cells that the person had before their eyes count.
    """
    nothing = pl.DataFrame(schema={**dict.fromkeys(JUDGED_BY, pl.String), "judged": pl.Int64, "right": pl.Int64})
    seen = decisions.filter("is_seen", pl.col("field").is_not_null(), pl.col("action") != "leave")
    if seen.is_empty() or not view.lake.exists(view.table("repairs")):
        return nothing
    told = seen.select(
        *RECORD,
        "field",
        "action",
        pl.col("value").alias("_truth"),
        *[pl.col(name).alias(f"_{name}") for name in ("method", "version", "arm")],
    )
    proposed = view.lake.scan(view.table("repairs")).select(*RECORD, *JUDGED_BY, "repaired")
    cases = proposed.join(told.lazy(), on=[*RECORD, "field"])
    is_same = pl.all_horizontal(pl.col(n).eq_missing(pl.col(f"_{n}")) for n in ("method", "version", "arm"))
    is_stated = pl.col("action") != "reject"
    is_right = is_stated & pl.col("repaired").eq_missing(pl.col("_truth"))
    counted = cases.filter(is_stated | is_same).group_by(JUDGED_BY)
    return counted.agg(
        pl.len().cast(pl.Int64).alias("judged"), is_right.sum().cast(pl.Int64).alias("right")
    ).collect()
