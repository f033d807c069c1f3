"""Applying repairs to a frame of records, and taking them back: the frame is a value, the ledger is the truth."""

import polars as pl

from orchestration_assets.settlement.agreement import DEPENDENT
from validators.judgement import RAW, findings_of
from validators.parsing import read_back
from validators.rules import RuleSet


def applied(proposals: pl.DataFrame) -> pl.DataFrame:
    """The proposals in force, the first one of each cell."""
    in_force = proposals.filter(pl.col("status") == "applied")
    return in_force.filter(pl.struct("_id", "field").is_first_distinct())


def apply_repairs(frame: pl.DataFrame, proposals: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """`frame` with the applied `proposals` in both `raw.<field>` (their text) and `<field>` (typed)."""
    return with_repairs(frame, applied(proposals), rules)


def with_repairs(frame: pl.DataFrame, in_force: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """`apply_repairs` of the proposals that are `in_force` (`applied`)."""
    rows = frame.select("_id").with_row_index("_at")
    placed = in_force.select("_id", "field", "repaired").join(rows, on="_id", how="inner")
    changed = []
    for (name,), part in placed.partition_by("field", as_dict=True).items():
        typed = part.select(read_back(pl.col("repaired"), rules.fields[name].dtype)).to_series()
        for column, values in ((RAW + name, part["repaired"]), (name, typed)):
            changed.append(frame[column].clone().scatter(part["_at"], values))  # of the clone: `frame` stays
    return frame.with_columns(changed)


def repaired_and_judged(
    frame: pl.DataFrame, findings: pl.DataFrame, in_force: pl.DataFrame, rules: RuleSet
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The records of `frame` with the proposals `in_force`, in any order, and all that is wrong with them then.

    `findings`: what was wrong before. Only records that a repair touches are judged again: the others keep theirs.
    What is wrong comes in two frames: the findings that are kept, and those of the records that were judged again.
    """
    is_touched = pl.col("_id").is_in(in_force["_id"].unique().implode())
    # What breaks a dependency is not among the rules that are judged again: it stays until its own cell is repaired.
    broken = findings.filter(is_touched & (pl.col("rule") == DEPENDENT))
    broken = broken.join(
        in_force.select("_id", "field"), on=["_id", "field"], how="anti", maintain_order="left"
    )
    repaired = with_repairs(frame.filter(is_touched), in_force, rules)
    effective = pl.concat([frame.filter(~is_touched), repaired])
    return effective, pl.concat([findings.filter(~is_touched), broken]), findings_of(repaired, rules)


def repaired_fields(in_force: pl.DataFrame) -> pl.DataFrame:
    """One row per repaired record: `_id`, `_repaired`, the sorted names of the fields that its proposals `in_force` change."""
    is_by_person = (pl.col("decided_by") != "gate").fill_null(value=False)
    is_confirmed = is_by_person & pl.col("repaired").eq_missing(
        pl.col("original")
    )  # said to be right as delivered
    by_name = in_force.filter(~is_confirmed).select("_id", "field").sort("field")
    return by_name.group_by("_id").agg(pl.col("field").alias("_repaired"))
