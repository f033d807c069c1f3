"""Typing errors of a partition: learned from the distinct values of all fragments, before any of them is judged."""

from collections.abc import Iterable

import polars as pl

from orchestration_assets.settlement.gate import Measured
from orchestration_assets.steps.context import Context
from orchestration_assets.translation.spelling import (
    Spelling,
    count_values,
    learn,
    methods_of_spelling,
    spelled_fields,
)
from validators.rules import RuleSet, digest


def learn_spelling(context: Context, fragments: Iterable[pl.DataFrame]) -> Spelling | None:
    """What is misspelled, from the texts of each fragment; kept for the later steps. None if no field asks for it."""
    rules = context.rules
    if not spelled_fields(rules):
        return None
    counts = pl.concat([count_values(texts.lazy(), rules) for texts in fragments])
    context.work.mkdir(parents=True, exist_ok=True)
    spelling = learn(counts.group_by("field", "value").agg(pl.col("count").sum()), rules)
    spelling.values.write_parquet(context.work / "misspelled.parquet")
    methods_of_spelling(spelling, rules).write_parquet(context.work / "spelling.parquet")
    return spelling


def spelling_of(context: Context) -> Spelling | None:
    """What triage learned of misspellings; None if no field asks for it, or nothing was delivered."""
    if not (spelled_fields(context.rules) and (context.work / "misspelled.parquet").exists()):
        return None
    methods = pl.read_parquet(context.work / "spelling.parquet")
    measured = {
        (row["field"], row["arm"]): Measured(row["cases"], row["right"], row["evidence_class"])
        for row in methods.to_dicts()
    }
    return Spelling(pl.read_parquet(context.work / "misspelled.parquet"), measured)


def fingerprint(spelling: Spelling | None, rules: RuleSet) -> str:
    """Hash of what was learned: it is part of what a fragment's files are made of."""
    if spelling is None:
        return ""
    values = spelling.values.sort("field", "value").rows()
    applied = sorted(key for key in spelling.measured if spelling.is_applied(*key, rules))
    return digest(values, applied)
