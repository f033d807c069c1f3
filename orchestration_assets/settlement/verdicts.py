"""The one verdict of every record that was in trouble: what was proposed is applied, and the contract judges again."""

from dataclasses import dataclass

import polars as pl

from orchestration_assets.settlement.agreement import (
    contradictions,
    duplicates,
    taken_keys,
    with_their_others,
)
from orchestration_assets.settlement.apply import (
    applied,
    apply_repairs,
    repaired_and_judged,
    repaired_fields,
)
from orchestration_assets.settlement.gate import PROPOSAL_SCHEMA
from validators.judgement import FINDING_SCHEMA, RAW, REASON, reasons
from validators.rules import RuleSet

KEPT_OUT = "kept_out_by_a_person"
_HEAD = ("_id", "_source", "_delivery", "_row")


@dataclass(frozen=True)
class Settled:
    """One unit, settled.

    `trusted`: typed records with `_warnings` and `_repaired`. `held`: one row per other record: `_verdict` (review,
    quarantine, duplicate), `_stands_for`, its text as delivered under the contract's names, `_errors`, `_warnings`.
    `findings`: all that was ever found, first and after repair. `in_force`: the proposals that were applied.
    """

    trusted: pl.DataFrame
    held: pl.DataFrame
    findings: pl.DataFrame
    in_force: pl.DataFrame


def settle(
    frame: pl.DataFrame,
    findings: pl.DataFrame,
    proposals: pl.DataFrame,
    rules: RuleSet,
    *,
    is_contested: bool,
    taken: pl.Series | None = None,
    contradicted: pl.DataFrame | None = None,
    kept_out: pl.DataFrame | None = None,
) -> Settled:
    """Verdicts for the records of `frame` (as triage left them), their first `findings` and all `proposals`.

    `taken`: `_id` of records whose repaired key belongs to another record. `contradicted`: what the records contradict
    before any claim is overruled (`contradictions`), where that is known already. `kept_out`: findings about whole
    records that a person does not let in, as FINDING_SCHEMA.
    """
    in_force = applied(proposals)
    effective, kept, again = repaired_and_judged(frame, findings, in_force, rules)
    first, remaining, new = findings, [kept, again], [again]
    if is_contested:
        if contradicted is None:
            contradicted = contradictions(_translated(frame, proposals, rules), rules)
        first = pl.concat([findings, contradicted])
        still, anew = _still_contradicted(effective, contradicted, in_force, rules)
        remaining += [still, anew]
        new.append(anew)
    if taken is not None and taken.len():
        not_its_own = taken_keys(frame.filter(pl.col("_id").is_in(taken.implode())), rules)
        remaining.append(not_its_own)
        new.append(not_its_own)
    if kept_out is not None:
        remaining.append(kept_out)
        new.append(kept_out)
    wrong = pl.concat(remaining)
    serious = wrong.filter(pl.col("severity") != "warning")
    verdicts = _verdicts(frame, effective, serious, proposals, rules, is_contested=is_contested)
    why = reasons(wrong)
    is_trusted = verdicts["_verdict"] == "trusted"
    trusted = pl.col("_id").is_in(frame.filter(is_trusted)["_id"].implode())
    return Settled(
        trusted=_trusted(effective.filter(trusted).sort("_id"), why, in_force, rules),
        held=_held(frame.filter(~is_trusted), verdicts.filter(~is_trusted), why, rules),
        findings=pl.concat([first, _new_findings(first, pl.concat(new))]),
        in_force=in_force,
    )


def _still_contradicted(
    effective: pl.DataFrame, contradicted: pl.DataFrame, in_force: pl.DataFrame, rules: RuleSet
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the records contradict once claims are overruled: what is kept, and what is found where one of them was."""
    is_later = pl.col("shape").is_null() | (
        pl.col("decided_by") != "gate"
    )  # than the first look at the reports
    overruling = in_force.filter(is_later)["_id"]
    again = with_their_others(effective, overruling)
    kept = contradicted.filter(~pl.col("_id").is_in(again["_id"].implode()))
    return kept, contradictions(again, rules)


def _new_findings(first: pl.DataFrame, again: pl.DataFrame) -> pl.DataFrame:
    """What was found `again` and not at `first`: what repairs brought about."""
    same = ["_id", "field", "rule"]
    return again.join(first.select(same), on=same, how="anti", nulls_equal=True, maintain_order="left")


def settle_agreeing(frame: pl.DataFrame, rules: RuleSet) -> Settled:
    """Verdicts for contested records that are all good and say the same: one is trusted, the others are duplicates."""
    nothing = pl.Series("_id", [], pl.UInt64)
    same = duplicates(frame, nothing, rules).rename({"stands_for": "_stands_for"})
    is_same = frame["_id"].is_in(same["_id"].implode())
    others = frame.filter(is_same)
    verdicts = others.select("_id", pl.lit("duplicate").alias("_verdict")).join(
        same, on="_id", how="left", maintain_order="left"
    )
    nothing_found = FINDING_SCHEMA.to_frame()
    why, in_force = reasons(nothing_found), PROPOSAL_SCHEMA.to_frame()
    return Settled(
        trusted=_trusted(frame.filter(~is_same), why, in_force, rules),
        held=_held(others, verdicts, why, rules),
        findings=nothing_found,
        in_force=in_force,
    )


def _translated(frame: pl.DataFrame, proposals: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """What the records said, in the contract's notation, before any claim was overruled."""
    return apply_repairs(frame, proposals.filter(pl.col("shape").is_not_null()), rules)


def _verdicts(
    frame: pl.DataFrame,
    effective: pl.DataFrame,
    serious: pl.DataFrame,
    proposals: pl.DataFrame,
    rules: RuleSet,
    *,
    is_contested: bool,
) -> pl.DataFrame:
    """One row per record of `frame`: `_id`, `_verdict`, `_stands_for`."""
    held = serious["_id"].unique()
    without_way_out = _without_way_out(serious, proposals)
    verdict = (
        pl.when(~pl.col("_id").is_in(held.implode()))
        .then(pl.lit("trusted"))
        .when(pl.col("_id").is_in(without_way_out.implode()))
        .then(pl.lit("quarantine"))
        .otherwise(pl.lit("review"))
    )
    verdicts = frame.select("_id", verdict.alias("_verdict"))
    if not is_contested:
        return verdicts.with_columns(pl.lit(None, pl.UInt64).alias("_stands_for"))
    is_against = (pl.col("kind") == "inconsistent") | (pl.col("rule") == KEPT_OUT)
    contradicted = serious.filter(is_against)["_id"].unique()
    same = duplicates(effective, held, rules).filter(~pl.col("_id").is_in(contradicted.implode()))
    verdicts = verdicts.join(
        same.rename({"stands_for": "_stands_for"}), on="_id", how="left", maintain_order="left"
    )
    is_same = pl.col("_stands_for").is_not_null()
    return verdicts.with_columns(
        pl.when(is_same).then(pl.lit("duplicate")).otherwise(pl.col("_verdict")).alias("_verdict")
    )


def _without_way_out(serious: pl.DataFrame, proposals: pl.DataFrame) -> pl.Series:
    """Records that no person can decide: a bad cell has neither a suggestion nor two reports to choose between."""
    suggested = proposals.filter(pl.col("status").is_in(["applied", "suggested"])).select("_id", "field")
    undecidable = serious.filter(pl.col("kind") != "inconsistent").select("_id", "field")
    return undecidable.join(suggested, on=["_id", "field"], how="anti")["_id"].unique()


def _trusted(good: pl.DataFrame, why: pl.DataFrame, in_force: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    kept = good.select(*[c for c in good.columns if c in _HEAD], *rules.fields)
    warnings = why.select("_id", pl.col("_warnings").cast(pl.List(REASON)))
    kept = kept.join(warnings, on="_id", how="left", maintain_order="left")
    return kept.join(repaired_fields(in_force), on="_id", how="left", maintain_order="left")


def _held(original: pl.DataFrame, verdicts: pl.DataFrame, why: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """The text as delivered comes from `original`, not from the frame in which repairs were tried."""
    head = [c for c in original.columns if c in _HEAD]
    texts = original.select(*head, *[pl.col(RAW + name).alias(name) for name in rules.fields])
    lists = why.select("_id", pl.col("_errors", "_warnings").cast(pl.List(REASON)))
    kept = pl.concat([texts, verdicts.select("_verdict", "_stands_for")], how="horizontal")
    return kept.join(lists, on="_id", how="left", maintain_order="left")


def withdraw_contradicted(frame: pl.DataFrame, proposals: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """Translations that the other reports contradict become suggestions: well read, but not believed.

    How often such ones are right was not measured: they have no confidence.
    """
    touched = with_their_others(frame, proposals.filter(pl.col("status") == "applied")["_id"])
    against = contradictions(apply_repairs(touched, proposals, rules), rules)
    cells = against.select("_id", "field", pl.lit(value=True).alias("is_against"))
    marked = proposals.join(cells, on=["_id", "field"], how="left", maintain_order="left")
    is_against = pl.col("is_against").fill_null(value=False) & (pl.col("status") == "applied")
    return marked.with_columns(
        pl.when(is_against).then(pl.lit("suggested")).otherwise(pl.col("status")).alias("status"),
        pl.when(~is_against).then("confidence").alias("confidence"),
        pl.when(is_against)
        .then(pl.concat_str("evidence", pl.lit("; but the other reports contradict it")))
        .otherwise(pl.col("evidence"))
        .alias("evidence"),
    ).drop("is_against")
