"""Applying repairs to a frame of records, and taking them back: the frame is a value, the ledger is the truth."""

import polars as pl

from validators.judgement import RAW, findings_of
from validators.parsing import read_back
from validators.rules import RuleSet


def applied(proposals: pl.DataFrame) -> pl.DataFrame:
    """The proposals in force, the first one of each cell."""
    in_force = proposals.filter(pl.col("status") == "applied")
    return in_force.filter(pl.struct("_id", "field").is_first_distinct())


def repaired_and_judged(
    frame: pl.DataFrame, findings: pl.DataFrame, proposals: pl.DataFrame, rules: RuleSet
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The records of `frame` with the applied `proposals`, in any order, and all that is wrong with them then.

    `findings`: what was wrong before. Only records that a repair touches are judged again: the others keep theirs.
    """
    touched = proposals.filter(pl.col("status") == "applied")["_id"].unique()
    is_touched = pl.col("_id").is_in(touched.implode())
    repaired = apply_repairs(frame.filter(is_touched), proposals, rules)
    return (
        pl.concat([frame.filter(~is_touched), repaired]),
        pl.concat([findings.filter(~is_touched), findings_of(repaired, rules)]),
    )


def apply_repairs(frame: pl.DataFrame, proposals: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """`frame` with the applied `proposals` in both `raw.<field>` (their text) and `<field>` (typed)."""
    in_force = applied(proposals)
    for (name,), part in in_force.partition_by("field", as_dict=True, maintain_order=True).items():
        new = part.select("_id", pl.col("repaired").alias("_new"), pl.lit(value=True).alias("_is_new"))
        joined = frame.join(new, on="_id", how="left", maintain_order="left")
        is_new = pl.col("_is_new").is_not_null()
        frame = joined.with_columns(
            pl.when(is_new).then(pl.col("_new")).otherwise(pl.col(RAW + name)).alias(RAW + name),
            pl.when(is_new)
            .then(read_back(pl.col("_new"), rules.fields[name].dtype))
            .otherwise(pl.col(name))
            .alias(name),
        ).drop("_new", "_is_new")
    return frame


def repaired_fields(proposals: pl.DataFrame) -> pl.DataFrame:
    """One row per repaired record: `_id`, `_repaired`, the sorted names of its repaired fields."""
    by_name = applied(proposals).select("_id", "field").sort("field")
    return by_name.group_by("_id").agg(pl.col("field").alias("_repaired"))
