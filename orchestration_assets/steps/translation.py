"""Translation of a partition: shapes collected over all units, decided once, applied unit by unit."""

import time
from typing import Any

import polars as pl

from orchestration_assets.settlement.verdicts import withdraw_contradicted
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.spelling import spelling_of
from orchestration_assets.steps.units import Units
from orchestration_assets.translation import neighbours
from orchestration_assets.translation import translate as translation
from orchestration_assets.translation.decide import Decision
from orchestration_assets.translation.neighbours import Pair, propose_across
from orchestration_assets.translation.prices import withdraw_other_currency
from orchestration_assets.translation.spelling import propose_spelling
from validators.rules import RuleSet


def translate_partition(context: Context) -> dict[str, Any]:
    """Propose translations for every malformed cell; returns counts. Hands over what was measured."""
    began = time.perf_counter()
    units, rules = Units(context), context.rules
    units.clear()
    spelled = spelling_of(context)
    samples = [_collect(units, label, rules) for label in units.labels]
    pooled = translation.pool(samples) if samples else None
    known = units.known()
    decisions = [] if pooled is None else translation.decide_all(pooled, rules, context.notations, known)
    pairs = neighbours.fit_across(known, rules)
    cells, shapes = (0, 0) if pooled is None else (int(pooled["cells"].sum()), pooled.height)
    counts = {"cells": cells, "shapes": shapes, "applied": 0, "suggested": 0}
    for label in units.labels:
        proposals = _translate(units, label, decisions, pairs, rules)
        if spelled is not None:
            frame, findings = units.frames(label)[0], units.findings(label)
            proposals = pl.concat([proposals, propose_spelling(frame, findings, spelled[0], rules)])
        units.save(label, "proposals", proposals)
        status = dict(proposals.group_by("status").len().iter_rows())
        counts["applied"] += status.get("applied", 0)
        counts["suggested"] += status.get("suggested", 0)
    unseen = _unseen(pooled, decisions)
    counts["unseen_shapes"] = unseen.height
    methods = [translation.methods_of(decisions, rules), neighbours.methods_across(pairs)]
    methods += [] if spelled is None else [spelled[1]]
    pl.concat(methods).write_parquet(context.work / "translators.parquet")
    handed = {
        "counts": counts,
        "unseen": unseen.head(10).to_dicts(),
        "seconds": time.perf_counter() - began,
    }
    return context.hand_over("translated", handed)


def _collect(units: Units, label: str, rules: RuleSet) -> pl.DataFrame:
    """The unit's cells to translate, kept for when their shapes are decided; returns the samples of the shapes."""
    cells = translation.cells_to_translate(units.findings(label), rules)
    units.save(label, "malformed", cells)
    return translation.shape_samples(cells)


def _translate(
    units: Units, label: str, decisions: list[Decision], pairs: list[Pair], rules: RuleSet
) -> pl.DataFrame:
    proposals = translation.propose(units.saved(label, "malformed"), decisions, rules)
    if pairs:
        frame, findings = units.frames(label)[0], units.findings(label)
        proposals = pl.concat([proposals, propose_across(frame, findings, pairs, rules)])
    if any(spec.policy.currency for spec in rules.fields.values()):
        proposals = withdraw_other_currency(units.frames(label)[0], proposals, rules)
    if proposals.height and units.is_contested(label):
        return withdraw_contradicted(units.frames(label)[0], proposals, rules)
    return proposals


def _unseen(pooled: pl.DataFrame | None, decisions: list[Decision]) -> pl.DataFrame:
    """Shapes that no translator reads, the most frequent first: source, field, shape, cells."""
    schema = {"source": pl.String, "field": pl.String, "shape": pl.String}
    if pooled is None:
        return pl.DataFrame(schema={**schema, "cells": pl.Int64})
    read = pl.DataFrame([(d.source, d.field, d.shape) for d in decisions], schema=schema, orient="row")
    asked = pooled.select(pl.col("_source").alias("source"), "field", "shape", pl.col("cells").cast(pl.Int64))
    return asked.join(read, on=list(schema), how="anti").sort("cells", "shape", descending=[True, False])
