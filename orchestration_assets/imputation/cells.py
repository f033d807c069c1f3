"""What imputers have in common: the cells that lack a good value, and the form of a proposal for them."""

import polars as pl

from orchestration_assets.imputation.calibration import Threshold
from orchestration_assets.imputation.learned import FITTERS
from orchestration_assets.settlement.gate import METHOD_SCHEMA, PROPOSAL_SCHEMA
from validators.judgement import IDENTITY
from validators.parsing import write
from validators.rules import RuleSet

BY = "by."
ERROR = "_error"


PREDICTED_SCHEMA = pl.Schema({**PROPOSAL_SCHEMA, ERROR: pl.Float64()})
"""A proposal, and the upper bound of the error rate of predictions like it."""


def open_cells(effective: pl.DataFrame, findings: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """One row per (record, field) without a good value, where the contract names an imputer or a dependency.

    IDENTITY, field, value, and `by.<field>`, as text, null unless good, for each field that an imputer looks at. `effective`: the
    records, translations applied; `findings`: all that is wrong with them then.
    """
    fields = [name for name, s in rules.fields.items() if s.policy.impute or s.policy.determined_by]
    wanted = pl.col("field").is_in(fields) & (pl.col("severity") != "warning")
    cells = (
        findings.filter(wanted)
        .select(*IDENTITY, "field", "value")
        .unique(["_id", "field"], maintain_order=True)
    )
    groups = [
        pl.when(rules.is_good(by)).then(write(pl.col(by), rules.fields[by].dtype)).alias(BY + by)
        for by in fields_looked_at(rules)
    ]
    if not groups:
        return cells
    asked = effective.filter(pl.col("_id").is_in(cells["_id"].implode()))
    return cells.join(asked.select("_id", *groups), on="_id", how="left", maintain_order="left")


def fields_by_group(rules: RuleSet) -> list[tuple[str, str, str]]:
    """(field, kind, by) of each group imputer that the contract names: `mode:<by>` is (field, `mode`, `<by>`)."""
    named = [
        (name, *method.partition(":")) for name, spec in rules.fields.items() for method in spec.policy.impute
    ]
    return [(name, kind, by) for name, kind, _, by in named if by]


def fields_by_learning(rules: RuleSet) -> list[tuple[str, str]]:
    """(field, method) of each learned imputer that the contract names."""
    return [(name, m) for name, spec in rules.fields.items() for m in spec.policy.impute if m in FITTERS]


def fields_looked_at(rules: RuleSet) -> list[str]:
    """The fields that imputers look at: those they group by; all, where one learns from the whole record."""
    if fields_by_learning(rules):
        return list(rules.fields)
    return sorted({by for _, _, by in fields_by_group(rules)})


def as_proposals(
    predicted: pl.LazyFrame,
    threshold: Threshold,
    *,
    method: str,
    version: str,
    arm: str,
    is_applied: pl.Expr | None = None,
) -> pl.LazyFrame:
    """Predictions (IDENTITY, field, value, predicted, evidence, strength) as PREDICTED_SCHEMA.

    `is_applied`: which of them are; by default those of the strength that the promise needs.
    """
    is_applied = threshold.may_apply() if is_applied is None else is_applied
    return (
        predicted.drop_nulls("predicted")
        .with_columns(
            pl.col("value").alias("original"),
            pl.col("predicted").alias("repaired"),
            pl.lit(method).alias("method"),
            pl.lit(version).alias("version"),
            pl.lit(arm).alias("arm"),
            pl.lit(None, pl.String).alias("shape"),
            threshold.confidence().alias("confidence"),
            pl.lit(threshold.above.evidence_class).alias("evidence_class"),
            pl.concat_str("evidence", threshold.told()).alias("evidence"),
            pl.when(is_applied).then(pl.lit("applied")).otherwise(pl.lit("suggested")).alias("status"),
            pl.lit("gate").alias("decided_by"),
            threshold.error().alias(ERROR),
        )
        .select(PREDICTED_SCHEMA.names())
        .cast(PREDICTED_SCHEMA)
    )


def as_methods(
    threshold: Threshold, rules: RuleSet, *, field: str, method: str, version: str, arm: str
) -> pl.DataFrame:
    """What was measured, as METHOD_SCHEMA: one row for all sources, and one per source with a threshold of its own."""
    rows = [
        {
            "method": method,
            "version": version,
            "field": field,
            "source": source,
            "shape": "",
            "arm": arm,
            "parameters": one.parameters,
            "cases": one.above.cases,
            "right": one.above.right,
            "evidence_class": one.above.evidence_class,
            "error_bound": one.above.error_bound,
            "max_error": rules.fields[field].policy.max_error,
            "is_applied": one.is_applied,
            "fit": one.above.fit,
        }
        for source, one in (("", threshold), *threshold.of_source.items())
    ]
    return pl.DataFrame(rows, schema=METHOD_SCHEMA)
