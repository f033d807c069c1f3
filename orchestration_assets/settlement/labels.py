"""What a person has judged: true records, which settle their own cells and put every method to the test.

Labels are long: one row per (record, field): `_id`, `field`, `truth` (the contract's text, null for nothing).
"""

from typing import Any

import polars as pl

from orchestration_assets.settlement.gate import PROPOSAL_SCHEMA, Measured, error_bound
from validators.rules import RuleSet

METHOD = "label"
STRATUM = ["method", "version", "arm", "field", "_source", "status"]
"""What is judged together. The status is part of it: what a method proposes with little confidence is judged apart from
what it is sure of; and what it does with one source says nothing of another."""


def judge_methods(proposals: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """One row per STRATUM with judged cases: `cases`, `right`."""
    judged = proposals.filter(pl.col("status").is_in(["applied", "suggested"])).join(
        labels, on=["_id", "field"], how="inner"
    )
    is_right = pl.col("repaired").eq_missing(pl.col("truth"))
    return judged.group_by(STRATUM, maintain_order=True).agg(
        pl.len().alias("cases"), is_right.sum().alias("right")
    )


def regate(proposals: pl.DataFrame, judged: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """`proposals` with their status as the judged cases have it.

    A method that people found wrong more often than promised is only suggested, whatever else was measured of it; one
    that they found right often enough is applied. `judged`: cases and right per STRATUM, and `left`, where there is such
    a column: cases that nobody could decide, which count against applying.
    """
    verdicts = [_verdict(row, rules) for row in judged.to_dicts()]
    told = pl.DataFrame(
        verdicts, schema={**dict.fromkeys(STRATUM, pl.String), "_status": pl.String, "_evidence": pl.String}
    ).drop_nulls("_status")
    marked = proposals.join(told, on=STRATUM, how="left", maintain_order="left")
    return marked.with_columns(
        pl.coalesce("_status", "status").alias("status"),
        pl.when(pl.col("_status").is_not_null())
        .then(pl.concat_str("evidence", pl.lit("; "), "_evidence"))
        .otherwise(pl.col("evidence"))
        .alias("evidence"),
    ).drop("_status", "_evidence")


def as_repairs(labels: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """The labelled cells that differ from what was delivered, as applied PROPOSAL_SCHEMA rows.

    `texts`: one row per (record, field): `_id`, `_source`, `field`, `original`.
    """
    changed = labels.join(texts, on=["_id", "field"], how="inner")
    changed = changed.filter(~pl.col("truth").eq_missing(pl.col("original")))
    return changed.select(
        "_id",
        "_source",
        "field",
        "original",
        pl.col("truth").alias("repaired"),
        pl.lit(METHOD).alias("method"),
        pl.lit("1").alias("version"),
        pl.lit("a person").alias("arm"),
        pl.lit(None, pl.String).alias("shape"),
        pl.lit(1.0).alias("confidence"),
        pl.lit("judged").alias("evidence_class"),
        pl.lit("stated by a person").alias("evidence"),
        pl.lit("applied").alias("status"),
        pl.lit("label").alias("decided_by"),
    ).cast(PROPOSAL_SCHEMA)


def ask(findings: pl.DataFrame, held: pl.Series, reporters: pl.DataFrame, count: int) -> list[int]:
    """The `_id` of up to `count` held records whose labels would teach the most.

    Open cells with the same reporter, field and kind teach the same; records are taken greedily by how many cells
    like theirs nothing taken so far stands for. `reporters`: `_id`, `_reporter`.
    """
    cells = findings.filter(pl.col("_id").is_in(held.implode())).join(reporters, on="_id")
    cells = cells.select("_id", pl.struct("_reporter", "field", "kind").alias("pattern")).unique(
        maintain_order=True
    )
    weight = dict(cells.group_by("pattern").len().select(pl.col("pattern").hash(), "len").iter_rows())
    patterns = (
        cells.group_by("_id", maintain_order=True).agg(pl.col("pattern").hash().alias("patterns")).sort("_id")
    )
    records = dict(patterns.iter_rows())
    taken: list[int] = []
    while records and len(taken) < count:
        best = max(records, key=lambda record: (sum(weight[p] for p in records[record]), -record))
        for pattern in records.pop(best):
            weight[pattern] /= 4  # a second label of the same kind still teaches, but less
        taken.append(best)
    return taken


def judged_status(row: dict[str, Any], rules: RuleSet) -> str | None:
    """`applied` or `suggested`, as the judged cases of a stratum have it; None where they are too few to say."""
    policy = rules.fields[row["field"]].policy
    if Measured(row["cases"] + row.get("left", 0), row["right"], "judged").may_apply(policy):
        return "applied"
    # Significantly worse than promised: even the lower bound of the error rate is above it.
    is_worse = 1 - error_bound(row["cases"], row["cases"] - row["right"]) > policy.max_error
    return "suggested" if is_worse else None


def _verdict(row: dict[str, Any], rules: RuleSet) -> dict[str, str | None]:
    told = Measured(row["cases"], row["right"], "judged").describe("people judged")
    return {
        **{name: row[name] for name in STRATUM},
        "_status": judged_status(row, rules),
        "_evidence": told,
    }
