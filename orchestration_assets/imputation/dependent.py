"""The method `dependency`: cells that other records with the same determinant contradict, or could fill, each measured.

Learned from all records of a partition at once, before any is judged: what breaks a dependency may keep every rule.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from orchestration_assets.imputation.calibration import Threshold, calibrate, strength_of_votes
from orchestration_assets.imputation.cells import PREDICTED_SCHEMA, as_methods, as_proposals
from orchestration_assets.imputation.dependencies import (
    VERSION,
    cases_of,
    counted,
    dependencies_of,
    evidence,
    pooled,
)
from orchestration_assets.settlement.agreement import DEPENDENT, MAJORITY
from orchestration_assets.settlement.gate import METHOD_SCHEMA
from validators.judgement import FINDING_SCHEMA
from validators.parsing import Notation, parse, present, write
from validators.rules import RuleSet, digest

METHOD = "dependency"
EVIDENCE = "masked"
CASES = 6000
"""Cases per dependency and fragment."""

CELLS = {
    "_id": pl.UInt64,
    "field": pl.String,
    "own": pl.String,
    "predicted": pl.String,
    "by": pl.String,
    "share": pl.Float64,
    "support": pl.Int64,
    "is_sure": pl.Boolean,
}
"""One row per cell that is missing (`own` is null) or contradicted; `is_sure`: the prediction may be applied."""
_SAID = [*(name for name in CELLS if name != "is_sure"), "is_backed", "is_strange"]

Thresholds = dict[tuple[str, str], Threshold]
"""(field, determinant) to what it is worth."""


@dataclass(frozen=True)
class Dependent:
    """What the dependencies of a partition say: `cells` as CELLS, and what each is worth."""

    cells: pl.DataFrame
    thresholds: Thresholds


def texts_of(records: pl.DataFrame, rules: RuleSet, notations: Mapping[str, Notation]) -> pl.DataFrame:
    """The good values of the fields that take part in a dependency, as text: `_id` and one column per field.

    `records`: `_id` and one text column per field, as delivered.
    """
    names = fields_taking_part(rules)
    typed = [
        parse(present(pl.col(name), own), rules.fields[name].dtype, own).alias(name)
        for name in names
        for own in [notations.get(name, Notation())]
    ]
    good = [
        pl.when(rules.is_good(name)).then(write(pl.col(name), rules.fields[name].dtype)).alias(name)
        for name in names
    ]
    return records.lazy().select("_id", *typed).select("_id", *good).collect()


def fields_taking_part(rules: RuleSet) -> list[str]:
    """The fields that determine another or are determined, each once."""
    return list(dict.fromkeys(n for one in dependencies_of(rules) for n in (one.target, *one.by)))


def learn(fragments: Callable[[], Iterable[pl.DataFrame]], rules: RuleSet) -> Dependent:
    """What the dependencies say of the records of all fragments (`texts_of` each); they are gone through twice."""
    wanted = dependencies_of(rules)
    tables = pooled(counted(texts, wanted) for texts in fragments()) if wanted else None
    if tables is None or not tables.counts:
        return Dependent(pl.DataFrame(schema=CELLS), {})
    cases, open_ = [], []
    for texts in fragments():
        said = evidence(texts, tables)
        known = cases_of(said)
        cases.append(known.gather_every(known.height // (CASES * len(wanted)) + 1))
        is_contradicted = (pl.col("own") != pl.col("predicted")) & ~pl.col("is_backed")
        open_.append(said.filter(pl.col("own").is_null() | is_contradicted).select(_SAID))
    thresholds = _measured(pl.concat(cases), rules)
    return Dependent(_decided(pl.concat(open_), thresholds), thresholds)


def suspicions(records: pl.DataFrame, cells: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """The values of `records` (as delivered) that others contradict, as FINDING_SCHEMA; `cells` as CELLS."""
    parts = [FINDING_SCHEMA.to_frame()]
    against = cells.drop_nulls("own")
    for (name,), part in against.partition_by("field", as_dict=True).items():
        rows = records.select("_id", "_source", pl.col(name).alias("value")).join(part, on="_id", how="inner")
        message = pl.concat_str(
            pl.lit("is contradicted by "),
            pl.col("support").cast(pl.String),
            pl.when(pl.col("support") == 1).then(pl.lit(" other record")).otherwise(pl.lit(" other records")),
            pl.lit(" with the same "),
            "by",
        )
        parts.append(
            rows.select(
                "_id",
                "_source",
                pl.lit(name).alias("field"),
                pl.lit("inconsistent").alias("kind"),
                pl.lit(DEPENDENT).alias("rule"),
                pl.lit(rules.fields[name].policy.severity).alias("severity"),
                message.alias("message"),
                "value",
                pl.lit(digest(name, DEPENDENT, rules.fields[name].policy.determined_by)).alias(
                    "rule_fingerprint"
                ),
            )
        )
    return pl.concat(parts)


def proposals(open_cells: pl.DataFrame, dependent: Dependent) -> pl.LazyFrame:
    """What the dependencies say of `open_cells` (IDENTITY, field, value), as PREDICTED_SCHEMA."""
    asked = open_cells.select("_id", "_source", "field", "value").join(dependent.cells, on=["_id", "field"])
    words = pl.concat_str(
        (pl.col("share") * 100).round(1).cast(pl.String),
        pl.lit("% of the other records with the same "),
        "by",
        pl.lit(" state it"),
    )
    said = asked.with_columns(strength=strength_of_votes(), evidence=words)
    parts = [
        as_proposals(
            part.lazy(),
            dependent.thresholds[name, by],
            method=METHOD,
            version=VERSION,
            arm=by,
            is_applied=pl.col("is_sure"),
        )
        for (name, by), part in said.partition_by("field", "by", as_dict=True).items()
    ]
    return pl.concat([pl.LazyFrame(schema=PREDICTED_SCHEMA), *parts])


def methods_of(dependent: Dependent, rules: RuleSet) -> pl.DataFrame:
    """What was measured, as METHOD_SCHEMA."""
    rows = [
        as_methods(threshold, rules, field=name, method=METHOD, version=VERSION, arm=by)
        for (name, by), threshold in sorted(dependent.thresholds.items())
    ]
    return pl.concat([METHOD_SCHEMA.to_frame(), *rows])


def _measured(cases: pl.DataFrame, rules: RuleSet) -> Thresholds:
    """One threshold per (field, determinant), from known values predicted by the other records."""
    return {
        (field, by): calibrate(part, rules.fields[field].policy, EVIDENCE)
        for (field, by), part in cases.partition_by("field", "by", as_dict=True).items()
    }


def _decided(said: pl.DataFrame, thresholds: Thresholds) -> pl.DataFrame:
    """One row per cell, as CELLS: what the trusted determinants say with one voice; else the best supported suggestion.

    A value that stands is overruled only by two records or more, and where two determinants say so or the value is backed
    nowhere: otherwise the determinant may be what is wrong.
    """
    said = said.with_columns(strength=strength_of_votes())
    parts = [pl.DataFrame(schema={**said.schema, "is_above": pl.Boolean})]
    for key, part in said.partition_by("field", "by", as_dict=True).items():
        if (known := thresholds.get(key)) is not None:
            parts.append(part.with_columns(is_above=known.may_apply()))
    ranked = pl.concat(parts).sort(
        "_id",
        "field",
        "is_above",
        "share",
        "support",
        "by",
        descending=[False, False, True, True, True, False],
    )
    above = pl.col("predicted").filter("is_above")
    cells = ranked.group_by("_id", "field", maintain_order=True).agg(
        pl.first("own", "predicted", "by", "share", "support", "is_strange"),
        voices=above.n_unique(),
        determinants=above.len(),
    )
    has_more = pl.col("is_strange") | (pl.col("determinants") >= MAJORITY)
    may_stand = pl.col("own").is_null() | ((pl.col("support") >= MAJORITY) & has_more)
    return cells.with_columns(is_sure=(pl.col("voices") == 1) & may_stand).select(list(CELLS))
