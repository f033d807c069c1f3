"""Typing errors: a rare value that is nearly a frequent one of its column, or nearly one of the field's code list.

Everything here goes by distinct values. What errors look like is learned from the tables themselves: letters that
stand for others throughout a value (`birminghxm`, `heaxt failuxe`), else any few edits. Each way of putting a value
right is measured on known values of the column, with such errors put into them, and on known values left as they are,
each taken for a rare one.
"""

from collections import defaultdict
from dataclasses import dataclass, field

import polars as pl

from orchestration_assets.settlement.gate import METHOD_SCHEMA, PROPOSAL_SCHEMA, Measured, cases_needed
from orchestration_assets.translation.misspellings import (
    FREQUENT,
    Arm,
    Column,
    Replaced,
    arms_of,
    explain,
    explain_words,
)
from orchestration_assets.translation.readings import Translator
from validators.judgement import FINDING_SCHEMA, IDENTITY, RAW
from validators.parsing import read_back
from validators.rules import FieldSpec, RuleSet, digest
from validators.shapes import shape

SPELLING = Translator("spelling", "1", lambda _spec, _notation: [])
RULE = "spelled_like_others"

DISTINCT_VALUES = 4000
"""So many distinct values of a column are looked at, the most frequent first."""


@dataclass
class _Tally:
    """Cases of one arm in one column."""

    cases: int = 0
    right: int = 0

    def add(self, found: str | None, truth: str | None) -> None:
        if found is not None:
            self.cases += 1
            self.right += found == truth


@dataclass(frozen=True)
class Spelling:
    """What was learned: `values` (`field`, `value`, `repaired`, `arm`), and what was measured per (field, arm)."""

    values: pl.DataFrame
    measured: dict[tuple[str, str], Measured] = field(default_factory=dict)

    def is_applied(self, name: str, arm: str, rules: RuleSet) -> bool:
        """Whether the field accepts what was measured of the arm."""
        return self.measured[name, arm].may_apply(rules.fields[name].policy)


def spelled_fields(rules: RuleSet) -> list[FieldSpec]:
    """The fields of text that name the method."""
    return [
        spec
        for spec in rules.fields.values()
        if SPELLING.name in spec.policy.translate and spec.dtype == pl.String
    ]


def count_values(records: pl.LazyFrame, rules: RuleSet) -> pl.DataFrame:
    """One row per (field, value) of the text `records`: `field`, `value`, `count`, for the fields that name the method."""
    schema = {"field": pl.String, "value": pl.String, "count": pl.Int64}
    parts = [pl.LazyFrame(schema=schema)]
    parts += [
        records.group_by(pl.col(spec.name).alias("value"))
        .agg(pl.len().cast(pl.Int64).alias("count"))
        .filter(pl.col("value").is_not_null(), pl.col("value") != "")
        .select(pl.lit(spec.name).alias("field"), "value", "count")
        for spec in spelled_fields(rules)
    ]
    return pl.concat(parts).collect()


def learn(counts: pl.DataFrame, rules: RuleSet) -> Spelling:
    """What is misspelled in the columns of `counts` (as `count_values`, of all fragments), and how sure that is."""
    columns = [_column(counts.filter(pl.col("field") == s.name), s, rules) for s in spelled_fields(rules)]
    arms = arms_of(columns)
    tallies = {
        (column.name, arm): tally for column in columns for arm, tally in _tallies(column, arms).items()
    }
    rows = [
        (column.name, value, repaired, arm)
        for column in columns
        for value in column.suspects
        for repaired, arm in explain(value, column, column.counts[value], arms)
    ]
    values = pl.DataFrame(
        rows,
        schema={"field": pl.String, "value": pl.String, "repaired": pl.String, "arm": pl.String},
        orient="row",
    )
    values = pl.concat(
        [
            _good(part, str(name), rules)
            for (name,), part in values.partition_by("field", as_dict=True).items()
        ]
        or [values]
    )
    limits = {column.name: column.max_error for column in columns}
    measured = {
        (name, arm): _pooled(name, arm, tallies, limits[name])
        for name, arm in values.select("field", "arm").unique().iter_rows()
    }
    return Spelling(values, measured)


def _good(values: pl.DataFrame, name: str, rules: RuleSet) -> pl.DataFrame:
    """The rows whose repaired value keeps the rules of its field: what is put together from words may not."""
    typed = values.select(read_back(pl.col("repaired"), rules.fields[name].dtype).alias(name))
    return values.filter(typed.select(rules.is_good(name).fill_null(value=False)).to_series())


def _column(counts: pl.DataFrame, spec: FieldSpec, rules: RuleSet) -> Column:
    kept = (
        counts.group_by("value").agg(pl.col("count").sum()).sort("count", "value", descending=[True, False])
    )
    kept = kept.head(DISTINCT_VALUES)
    typed = kept.select(read_back(pl.col("value"), spec.dtype).alias(spec.name))
    good = kept.filter(typed.select(rules.is_good(spec.name).fill_null(value=False)).to_series())
    return Column(
        spec.name,
        dict(kept.iter_rows()),
        frozenset(good["value"]),
        frozenset(spec.allowed or ()),
        spec.policy.max_error,
    )


def _known(column: Column, arms: list[Arm]) -> list[str]:
    """The good values of the column that serve as cases: an error among them would test itself."""
    replacing: list[Arm] = [arm for arm in arms if isinstance(arm, Replaced)]

    def is_clear(value: str) -> bool:
        # That a value is near to another speaks against it only where it is rare.
        against = replacing if column.counts[value] >= FREQUENT else arms
        return not explain(value, column, column.counts[value], against)

    return [v for v in column.counts if v in column.good and is_clear(v)]


def _tallies(column: Column, arms: list[Arm]) -> dict[str, _Tally]:
    """How often each arm is right on known values: misspelled on purpose, and left as they are."""
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for value in _known(column, arms):
        # With one of its cells misspelled or out of sight, a value that is rare is no longer known.
        stays = bool(column.allowed) or column.counts[value] > FREQUENT
        for arm in arms:
            for error, _ in arm.errors(value):
                if error not in column.counts and not (column.allowed and error in column.allowed):
                    for found, name in explain(error, column, 1, arms, "" if stays else value):
                        tallies[name].add(found, value)
        if not column.allowed:
            for found, name in explain(value, column, 1, arms, value):
                tallies[name].add(found, None)
            rarest = min(value.split(" "), key=lambda w: column.words.counts.get(w, 0) if column.words else 0)
            for found, name in explain_words(value, column, arms, rarest):
                tallies[name].add(found, None)
    return tallies


def _pooled(name: str, arm: str, tallies: dict[tuple[str, str], _Tally], max_error: float) -> Measured:
    """The field's own cases; where these are few and none is wrong, those of all fields: the errors are of one kind."""
    own = tallies.get((name, arm), _Tally())
    if own.cases >= cases_needed(max_error) or own.right < own.cases:
        return Measured(own.cases, own.right, "masked")
    of_arm = [tally for (_, a), tally in tallies.items() if a == arm]
    return Measured(sum(t.cases for t in of_arm), sum(t.right for t in of_arm), "masked")


def suspicions(records: pl.DataFrame, spelling: Spelling, rules: RuleSet) -> pl.DataFrame:
    """One finding, as FINDING_SCHEMA, per misspelled cell of the text `records` that keeps the rules of its field.

    An error where the repair is applied; else a warning: that a value is rare does not make it wrong.
    """
    parts = [FINDING_SCHEMA.to_frame()]
    for (name,), values in spelling.values.partition_by("field", as_dict=True).items():
        severity = {
            arm: "error" if spelling.is_applied(str(name), arm, rules) else "warning"
            for arm in values["arm"].unique()
        }
        told = values.select(
            "value", pl.col("arm").replace_strict(severity, return_dtype=pl.String).alias("severity")
        )
        cells = records.select(*IDENTITY, pl.col(str(name)).alias("value")).join(
            told, on="value", maintain_order="left"
        )
        typed = cells.select(read_back(pl.col("value"), rules.fields[str(name)].dtype).alias(str(name)))
        is_good = typed.select(rules.is_good(str(name)).fill_null(value=False)).to_series()
        found = cells.filter(is_good).with_columns(
            pl.lit(str(name)).alias("field"),
            pl.lit("inconsistent").alias("kind"),
            pl.lit(RULE).alias("rule"),
            pl.lit("is rare, and nearly the same as a frequent value of its column").alias("message"),
            pl.lit(digest(str(name), RULE)).alias("rule_fingerprint"),
        )
        parts.append(found.select(FINDING_SCHEMA.names()))
    return pl.concat(parts)


def propose_spelling(
    frame: pl.DataFrame, findings: pl.DataFrame, spelling: Spelling, rules: RuleSet
) -> pl.DataFrame:
    """One proposal, as PROPOSAL_SCHEMA, per misspelled cell of `frame` (as triage left it) that has a finding."""
    parts = [PROPOSAL_SCHEMA.to_frame()]
    for (name, arm), values in spelling.values.partition_by("field", "arm", as_dict=True).items():
        measured = spelling.measured[str(name), str(arm)]
        bad = findings.filter(pl.col("field") == name)["_id"]
        cells = frame.filter(pl.col("_id").is_in(bad.implode())).select(
            *IDENTITY, pl.col(f"{RAW}{name}").alias("original")
        )
        found = cells.join(
            values.select(pl.col("value").alias("original"), "repaired"), on="original", maintain_order="left"
        )
        status = "applied" if spelling.is_applied(str(name), str(arm), rules) else "suggested"
        parts.append(
            found.with_columns(
                pl.lit(name).alias("field"),
                pl.lit(SPELLING.name).alias("method"),
                pl.lit(SPELLING.version).alias("version"),
                pl.lit(arm).alias("arm"),
                shape(pl.col("original")).alias("shape"),
                pl.lit(measured.confidence, pl.Float64).alias("confidence"),
                pl.lit(measured.evidence_class).alias("evidence_class"),
                pl.lit(measured.describe(f"spelling, {arm}")).alias("evidence"),
                pl.lit(status).alias("status"),
                pl.lit("gate").alias("decided_by"),
            ).select(PROPOSAL_SCHEMA.names())
        )
    return pl.concat(parts)


def methods_of_spelling(spelling: Spelling, rules: RuleSet) -> pl.DataFrame:
    """What was measured, as METHOD_SCHEMA: one row per (field, arm)."""
    rows = [
        {
            "method": SPELLING.name,
            "version": SPELLING.version,
            "field": name,
            "source": "",
            "shape": "",
            "arm": arm,
            "parameters": "",
            "cases": measured.cases,
            "right": measured.right,
            "evidence_class": measured.evidence_class,
            "error_bound": measured.error_bound,
            "max_error": rules.fields[name].policy.max_error,
            "is_applied": spelling.is_applied(name, arm, rules),
        }
        for (name, arm), measured in sorted(spelling.measured.items())
    ]
    return pl.DataFrame(rows, schema=METHOD_SCHEMA)
