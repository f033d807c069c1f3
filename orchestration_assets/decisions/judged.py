"""What the decisions say of the methods: one row per judged cell and proposal, and the record of each method in them.

Only what a person had before their eyes counts, once, however often the record is delivered again. What is judged of
one source says nothing of another, and what the gate was sure of is judged apart from what it only suggested. A cell
that is left to another is a case that is not known: it stands against applying, and not against suggesting.
"""

import polars as pl

from orchestration_assets.settlement.labels import STRATUM
from validators.rules import RuleSet

TABLE = "judged"
JUDGED_SCHEMA = pl.Schema(
    {
        "_source": pl.String,
        "_delivery": pl.String,
        "_row": pl.Int64,
        "decision": pl.String,
        "field": pl.String,
        "method": pl.String,
        "version": pl.String,
        "arm": pl.String,
        "gate": pl.String,
        "is_right": pl.Boolean,
        "is_left": pl.Boolean,
    }
)
"""One row per (decision that concerns a record of the partition, proposal that it judges); `method` is null where it judges
none. `gate`: `applied` or `suggested`, as it was measured before people judged."""

MEASURES_ITSELF = ("agreement", "learned")
"""Methods that are fitted on what people stated, and measured on it, each case without itself: here it would count twice."""
_OF_PROPOSAL = ("method", "version", "arm", "gate")


def judge(on: pl.DataFrame, proposals: pl.DataFrame) -> pl.DataFrame:
    """One row per (decision, proposal of its cell that it judges): `_id`, and JUDGED_SCHEMA from `decision` on.

    `on`: decisions in force and the records (`_id`) that they are about; `proposals`: as the gate left them.
    """
    seen = on.filter("is_seen").select(
        "_id",
        "decision",
        "field",
        "action",
        "value",
        *[pl.col(n).alias(f"_{n}") for n in ("method", "version", "arm")],
    )
    is_own = ~pl.col("method").is_in(MEASURES_ITSELF)
    asked = proposals.filter(is_own).select(
        "_id", "field", "repaired", "method", "version", "arm", pl.col("status").alias("gate")
    )
    cells = seen.filter(pl.col("field").is_not_null()).join(asked, on=["_id", "field"])
    records = seen.filter(pl.col("field").is_null(), pl.col("action") == "leave").drop("field")
    cells = pl.concat([cells, records.join(asked, on="_id").select(cells.columns)])
    is_same = pl.all_horizontal(pl.col(n).eq_missing(pl.col(f"_{n}")) for n in ("method", "version", "arm"))
    is_value = pl.col("repaired").eq_missing(pl.col("value"))
    action = pl.col("action")
    right = pl.when(action.is_in(["accept", "correct"])).then(is_value)
    wrong = pl.when((action == "reject") & (is_value | is_same)).then(pl.lit(value=False))
    judged = cells.with_columns(is_right=pl.coalesce(right, wrong), is_left=action == "leave")
    judged = judged.filter(pl.col("is_right").is_not_null() | pl.col("is_left"))
    columns = ["_id", "decision", "field", *_OF_PROPOSAL, "is_right", "is_left"]
    silent = on.join(judged.select("_id", "decision"), on=["_id", "decision"], how="anti")
    nothing = [
        pl.lit(None, JUDGED_SCHEMA[name]).alias(name) for name in (*_OF_PROPOSAL, "is_right", "is_left")
    ]
    return pl.concat([judged.select(columns), silent.select("_id", "decision", "field", *nothing)])


def strata(judged: pl.DataFrame, standing: pl.Series, rules: RuleSet) -> pl.DataFrame:
    """The record of each method in what people judged: one row per STRATUM with `cases`, `right` and `left`.

    `judged`: as JUDGED_SCHEMA, of all partitions; `standing`: the decisions in force, all others count no more.
    """
    counted = judged.filter(
        pl.col("decision").is_in(standing.implode()),
        pl.col("method").is_not_null(),
        pl.col("field").is_in(list(rules.fields)),
    )
    # The same record may be settled otherwise in another partition: one of the two counts, always the same.
    ordered = counted.select(JUDGED_SCHEMA.names()).sort(pl.all())
    once = ordered.unique(
        ["decision", "field", "method", "version", "arm"], keep="first", maintain_order=True
    )
    return (
        once.rename({"gate": "status"})
        .group_by(STRATUM, maintain_order=True)
        .agg(
            pl.col("is_right").count().cast(pl.Int64).alias("cases"),
            pl.col("is_right").sum().cast(pl.Int64).alias("right"),
            pl.col("is_left").sum().cast(pl.Int64).alias("left"),
        )
        .sort(STRATUM)
    )
