"""What imputers have in common: the cells that lack a good value, and the form of a proposal for them."""

from typing import Protocol

import polars as pl

from orchestration_assets.imputation.learned import FITTERS
from orchestration_assets.settlement.gate import METHOD_SCHEMA, PROPOSAL_SCHEMA, Measured
from validators.judgement import IDENTITY
from validators.parsing import write
from validators.rules import RuleSet

BY = "by."


class Tested(Protocol):
    """What is known of a method: the region of predictions that it may apply, and what was measured there and elsewhere."""

    @property
    def above(self) -> Measured:
        """Within the region."""

    @property
    def below(self) -> Measured:
        """Outside of it."""

    @property
    def is_applied(self) -> bool:
        """Whether the region keeps the promise of its field."""

    @property
    def parameters(self) -> str:
        """The region, in words."""

    def is_above(self) -> pl.Expr:
        """Whether a prediction is within the region."""


def open_cells(effective: pl.DataFrame, findings: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """One row per (record, field) without a good value, where the contract names an imputer or a dependency.

    IDENTITY, field, value, and `by.<field>`, as text, for each field that an imputer looks at. `effective`: the
    records, translations applied; `findings`: all that is wrong with them then.
    """
    fields = [name for name, s in rules.fields.items() if s.policy.impute or s.policy.determined_by]
    wanted = pl.col("field").is_in(fields) & (pl.col("severity") != "warning")
    cells = (
        findings.filter(wanted)
        .select(*IDENTITY, "field", "value")
        .unique(["_id", "field"], maintain_order=True)
    )
    groups = [write(pl.col(by), rules.fields[by].dtype).alias(BY + by) for by in fields_looked_at(rules)]
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
    calibration: Tested,
    *,
    method: str,
    version: str,
    arm: str,
    is_applied: pl.Expr | None = None,
) -> pl.LazyFrame:
    """Predictions (IDENTITY, field, value, predicted, evidence, and what `is_above` looks at) as PROPOSAL_SCHEMA.

    `is_applied`: which of them are; by default those in a region that keeps its promise.
    """
    is_above = calibration.is_above()
    if is_applied is None:
        is_applied = is_above & pl.lit(calibration.is_applied)
    above, below = calibration.above, calibration.below
    measured = (
        pl.when(is_above)
        .then(pl.lit(above.describe("; measured")))
        .otherwise(pl.lit(below.describe("; measured")))
    )
    return (
        predicted.drop_nulls("predicted")
        .with_columns(
            pl.col("value").alias("original"),
            pl.col("predicted").alias("repaired"),
            pl.lit(method).alias("method"),
            pl.lit(version).alias("version"),
            pl.lit(arm).alias("arm"),
            pl.lit(None, pl.String).alias("shape"),
            pl.when(is_above)
            .then(above.confidence)
            .otherwise(below.confidence)
            .cast(pl.Float64)
            .alias("confidence"),
            pl.lit(above.evidence_class).alias("evidence_class"),
            pl.concat_str("evidence", measured).alias("evidence"),
            pl.when(is_applied).then(pl.lit("applied")).otherwise(pl.lit("suggested")).alias("status"),
            pl.lit("gate").alias("decided_by"),
        )
        .select(PROPOSAL_SCHEMA.names())
        .cast(PROPOSAL_SCHEMA)
    )


def as_method(
    calibration: Tested, rules: RuleSet, *, field: str, method: str, version: str, arm: str
) -> pl.DataFrame:
    """One row of METHOD_SCHEMA for what `calibration` measured."""
    above = calibration.above
    row = {
        "method": method,
        "version": version,
        "field": field,
        "source": "",
        "shape": "",
        "arm": arm,
        "parameters": calibration.parameters,
        "cases": above.cases,
        "right": above.right,
        "evidence_class": above.evidence_class,
        "error_bound": above.error_bound,
        "max_error": rules.fields[field].policy.max_error,
        "is_applied": calibration.is_applied,
        "fit": above.fit,
    }
    return pl.DataFrame([row], schema=METHOD_SCHEMA)
