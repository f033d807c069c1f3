"""The imputer `agreement`: what is most probably true of an entity, where that is certain enough.

Without labels it is measured by agreement, per field. With labels it is measured by what people judged: each labelled
entity is predicted as if it had no label, and all fields are measured together, because labels are few; a field that
breaks the promise even by the lower bound of its own error rate is left out.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from orchestration_assets.imputation.calibration import Threshold, calibrate
from orchestration_assets.imputation.cells import PREDICTED_SCHEMA, as_methods, as_proposals
from orchestration_assets.imputation.truth import (
    VERSION,
    Claims,
    Reliability,
    encoded,
    learned,
    probabilities,
)
from orchestration_assets.imputation.witnesses import CASE_SCHEMA, leading, witnessed
from orchestration_assets.settlement.agreement import MAJORITY, claims_of, say_otherwise
from orchestration_assets.settlement.gate import METHOD_SCHEMA, error_bound
from validators.judgement import RAW
from validators.rules import RuleSet

METHOD = "agreement"
ARM = "reliability"
FOLDS = 20
LEARNED_RECORDS = 5000
"""From so many records of a bucket the reporters are learned: memory does not grow with the partition."""
_SEED = 20261101
_WORST, _BEST = 0.2, 0.98
_LABELS_TO_TRUST = 20
_LABELS = pl.Schema({"_identity": pl.UInt64, "field": pl.String, "truth": pl.String})
_CLAIMS = {"_identity": pl.UInt64, "field": pl.String, "_reporter": pl.String, "claim": pl.String}


@dataclass(frozen=True)
class Agreed:
    """What was learned of the reporters, and per field how probable a value must be to be applied.

    `labels`: what people said is true: `_identity`, `field`, `truth`.
    """

    claims: Claims
    reliability: Reliability
    thresholds: dict[str, Threshold]
    labels: pl.DataFrame


def fields_by_agreement(rules: RuleSet) -> list[str]:
    """The fields for which the contract asks for `agreement`."""
    return [name for name, spec in rules.fields.items() if METHOD in spec.policy.impute]


def stated(frame: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """Who claims what in the fields by agreement: `_identity`, `field`, `_reporter`, `claim`; `frame`: contested records."""
    parts = [
        claims_of(frame.lazy(), name, rules, pl.lit(name).alias("field"))
        for name in fields_by_agreement(rules)
    ]
    nothing = pl.LazyFrame(schema=_CLAIMS)
    return pl.concat([nothing, *(part.select(list(_CLAIMS)) for part in parts)]).collect()


def drawn(frame: pl.DataFrame) -> pl.DataFrame:
    """Of the contested records `frame` those of some entities, about LEARNED_RECORDS: a bucket's share of what is learned."""
    return frame.filter(pl.col("_identity") // 4096 % (frame.height // LEARNED_RECORDS + 1) == 0)


def fit_agreed(claims: pl.DataFrame, rules: RuleSet, labels: pl.DataFrame | None = None) -> Agreed | None:
    """`claims`: as `stated`; `labels`: `_identity`, `field`, `truth`. None where nobody claims anything."""
    told = encoded(claims, labels)
    if not len(told.item):
        return None
    reliability = learned(told)
    if np.isnan(told.is_true).all() or labels is None:
        cases = witnessed(told, reliability)
        thresholds = {
            name: calibrate(cases.filter(pl.col("field") == name), rules.fields[name].policy, "agreement")
            for name in told.fields
        }
    else:
        thresholds = _judged(_labelled_cases(claims, labels), told.fields, rules)
    return Agreed(told, reliability, thresholds, _LABELS.to_frame() if labels is None else labels)


def believed(frame: pl.DataFrame, agreed: Agreed, rules: RuleSet) -> pl.DataFrame:
    """Per cell of contested records that lacks a value or states another than is believed: one row.

    `_id`, `_source`, `field`, `value` (as delivered), `claim`, `predicted`, `strength`, `support`, `others`, `evidence`,
    `is_told` (a person stated it).
    """
    cells = _of_cells(frame, agreed, rules)
    reports = pl.concat_str("support", pl.lit(" of "), "others", pl.lit(" reports say so"))
    weighed = pl.concat_str(reports, pl.lit(", weighed by the reliability of who says it"))
    words = pl.when("is_told").then(pl.lit("what a person stated of the same")).otherwise(weighed)
    differing = cells.filter(~pl.col("claim").eq_missing(pl.col("predicted")))
    return differing.with_columns(evidence=words)


def confirmed(frame: pl.DataFrame, agreed: Agreed, rules: RuleSet) -> pl.DataFrame:
    """The cells of contested records that state just what is believed with certainty: `_id`, `field`."""
    same = pl.col("claim") == pl.col("predicted")
    return _of_cells(frame, agreed, rules).filter(same & is_certain(agreed)).select("_id", "field")


def _of_cells(frame: pl.DataFrame, agreed: Agreed, rules: RuleSet) -> pl.DataFrame:
    """Every cell of contested records of whose item anything is believed, and what."""
    claims = encoded(stated(frame, rules), like=agreed.claims)
    rows = claims.rows.with_columns(probability=probabilities(claims, agreed.reliability))
    found = _with_labels(leading(rows, ["_identity", "field"]), agreed.labels).drop_nulls("predicted")
    own = pl.concat(
        claims_of(frame.lazy(), name, rules, pl.lit(name).alias("field"), pl.col(RAW + name).alias("value"))
        for name in agreed.claims.fields
    )
    cells = own.collect().join(found, on=["_identity", "field"], how="inner", maintain_order="left")
    return cells.drop("_identity", "_reporter")


def is_certain(agreed: Agreed) -> pl.Expr:
    """Whether a row of `believed` may be applied. Where only agreement speaks, nobody is overruled by one other alone."""
    certain = [
        (pl.col("field") == name)
        & threshold.is_above()
        & (
            (threshold.above.evidence_class == "judged")
            | (pl.col("support") >= MAJORITY)
            | pl.col("claim").is_null()
        )
        for name, threshold in agreed.thresholds.items()
        if threshold.is_applied
    ]
    return pl.any_horizontal("is_told", *certain)


def _with_labels(found: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """What is believed of each item, and of labelled ones what people stated, with certainty."""
    told = labels.unique(["_identity", "field"]).with_columns(is_told=pl.lit(value=True))
    rows = found.join(told, on=["_identity", "field"], how="full", coalesce=True)
    rows = rows.with_columns(
        pl.col("is_told").fill_null(value=False), pl.col("support", "others").fill_null(0)
    )
    return rows.select(
        "_identity",
        "field",
        "is_told",
        "support",
        "others",
        predicted=pl.when("is_told").then("truth").otherwise("predicted"),
        strength=pl.when("is_told").then(1.0).otherwise("share"),
    )


def contradicted(cells: pl.DataFrame, agreed: Agreed, rules: RuleSet) -> pl.DataFrame:
    """The claims that what is believed contradicts with certainty, as FINDING_SCHEMA; `cells`: as `believed`."""
    against = cells.filter(pl.col("claim").is_not_null() & is_certain(agreed))
    return say_otherwise(
        against.with_columns(pl.col("support").alias("against")), list(agreed.claims.fields), rules
    )


def proposals(cells: pl.DataFrame, agreed: Agreed) -> pl.LazyFrame:
    """`cells` (as `believed`) as PREDICTED_SCHEMA."""
    is_applied = is_certain(agreed)
    parts = [
        as_proposals(
            part.lazy(),
            agreed.thresholds[name],
            method=METHOD,
            version=VERSION,
            arm=ARM,
            is_applied=is_applied,
        )
        for (name,), part in cells.partition_by("field", as_dict=True).items()
    ]
    return pl.concat([pl.LazyFrame(schema=PREDICTED_SCHEMA), *parts])


def doubts(agreed: Agreed, committee: int = 40) -> pl.DataFrame:
    """How much a label of the entity would teach and mend: one row per unlabelled entity, `_identity`, `doubt`.

    The sum over its fields of the probability that what would be believed is wrong, averaged over many reliabilities that
    the reporters might have: what was learned so far counts as much as labels speak for it (query by committee; Seung,
    Opper and Sompolinsky 1992).
    """
    told, rng = agreed.claims, np.random.default_rng(_SEED)
    known = len(np.unique(told.item[~np.isnan(told.is_true)]))
    trust = known / (known + _LABELS_TO_TRUST)
    probability = np.zeros(len(told.item))
    for _ in range(committee):
        guess = rng.uniform(_WORST, _BEST, told.reporters)
        accuracy = trust * agreed.reliability.accuracy + (1 - trust) * guess
        probability += probabilities(told, replace(agreed.reliability, accuracy=accuracy)) / committee
    rows = told.rows.with_columns(probability=probability, is_told=pl.Series(~np.isnan(told.is_true)))
    of_item = rows.group_by("_identity", "field").agg(pl.col("probability").max(), pl.col("is_told").any())
    silent = len(told.fields) - pl.len()
    of_entity = of_item.group_by("_identity").agg(
        doubt=(1 - pl.col("probability")).sum() + silent, is_told=pl.col("is_told").any()
    )
    return (
        of_entity.filter(~pl.col("is_told"))
        .drop("is_told")
        .sort("doubt", "_identity", descending=[True, False])
    )


def asked_of_entities(agreed: Agreed, contested: pl.DataFrame, findings: pl.DataFrame) -> list[int]:
    """One record of each entity, the most doubtful entity first; of its records the one with the most that is wrong.

    `contested`: `_id`, `_identity`; `findings`: of them.
    """
    wrong = findings.group_by("_id").agg(wrong=pl.col("field").n_unique())
    ranked = contested.join(wrong, on="_id", how="left").sort(
        "wrong", "_id", descending=[True, False], nulls_last=True
    )
    one_each = ranked.unique("_identity", keep="first", maintain_order=True)
    return doubts(agreed).join(one_each, on="_identity", maintain_order="left")["_id"].to_list()


def methods_of(agreed: Agreed, rules: RuleSet) -> pl.DataFrame:
    """What was measured, as METHOD_SCHEMA."""
    rows = [
        as_methods(threshold, rules, field=name, method=METHOD, version=VERSION, arm=ARM)
        for name, threshold in agreed.thresholds.items()
    ]
    return pl.concat([METHOD_SCHEMA.to_frame(), *rows])


def _labelled_cases(claims: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Labelled items, each predicted without the labels of its fold, as CASE_SCHEMA."""
    fold = pl.col("_identity").rank("dense") % FOLDS
    folds = labels.with_columns(_fold=fold).partition_by("_fold", include_key=False)
    parts = [CASE_SCHEMA.to_frame()]
    for held in folds:
        rest = labels.join(held, on=["_identity", "field"], how="anti")
        told = encoded(claims, rest)
        rows = told.rows.with_columns(probability=probabilities(told, learned(told)))
        found = leading(rows, ["_identity", "field"]).drop_nulls("predicted")
        judged = held.join(found, on=["_identity", "field"])
        is_right = pl.col("predicted").eq_missing(pl.col("truth"))
        parts.append(judged.select("field", pl.col("share").alias("strength"), is_right=is_right))
    return pl.concat(parts)


def _judged(cases: pl.DataFrame, fields: tuple[str, ...], rules: RuleSet) -> dict[str, Threshold]:
    """One threshold for all fields that make the same promise; none for a field that plainly breaks it."""
    thresholds = {}
    for name in fields:
        policy = rules.fields[name].policy
        alike = [other for other in fields if rules.fields[other].policy.max_error == policy.max_error]
        found = calibrate(cases.filter(pl.col("field").is_in(alike)), policy, "judged")
        own = cases.filter((pl.col("field") == name) & found.is_above())
        wrong = own.height - int(own["is_right"].sum())
        is_broken = 1 - error_bound(own.height, wrong) > policy.max_error
        thresholds[name] = replace(found, is_applied=found.is_applied and not (wrong and is_broken))
    return thresholds
