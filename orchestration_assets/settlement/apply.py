"""Applying repairs to a frame of records, and taking them back: the frame is a value, the ledger is the truth."""

import polars as pl

from validators.judgement import RAW
from validators.parsing import read_back
from validators.rules import RuleSet


def applied(proposals: pl.DataFrame) -> pl.DataFrame:
    """The proposals in force, the first one of each cell."""
    in_force = proposals.filter(pl.col("status") == "applied")
    return in_force.filter(pl.struct("_id", "field").is_first_distinct())


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
    return applied(proposals).group_by("_id").agg(pl.col("field").sort().alias("_repaired"))
