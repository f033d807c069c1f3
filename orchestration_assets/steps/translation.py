"""Translation of a partition: shapes collected over all units, decided once, applied unit by unit."""

import time
from dataclasses import dataclass
from typing import Any

import polars as pl

from orchestration_assets.parallel import side_by_side
from orchestration_assets.settlement.verdicts import withdraw_contradicted
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.deciding import DecidedUnits
from orchestration_assets.steps.spelling import spelling_of
from orchestration_assets.steps.units import Units
from orchestration_assets.translation import neighbours
from orchestration_assets.translation import translate as translation
from orchestration_assets.translation.decide import Decision
from orchestration_assets.translation.learned.examples import EXAMPLE_SCHEMA, FEWEST_REPORTERS, of_others
from orchestration_assets.translation.learned.fitting import (
    LearnedTranslation,
    learn_translation,
    methods_of_learned,
)
from orchestration_assets.translation.learned.proposing import shapes_read, with_learned
from orchestration_assets.translation.prices import withdraw_other_currency
from orchestration_assets.translation.spelling import Spelling, methods_of_spelling, propose_spelling
from validators.rules import RuleSet


@dataclass(frozen=True)
class OfColumns:
    """What was learned of pairs of fields, of misspellings, and from examples, from the whole partition."""

    pairs: list[neighbours.Pair]
    spelling: Spelling | None
    learned: LearnedTranslation


def translate_partition(context: Context) -> dict[str, Any]:
    """Propose translations for every malformed cell; returns counts. Hands over what was measured."""
    began = time.perf_counter()
    units, rules = Units(context), context.rules
    units.clear()
    samples = side_by_side(lambda label: _collect(units, label, rules), units.labels)
    pooled = translation.pool(samples) if samples else None
    known = units.known()
    decisions = [] if pooled is None else translation.decide_all(pooled, rules, context.notations, known)
    learned = _learn(units, decisions, rules)
    of_columns = OfColumns(neighbours.fit_across(known, rules), spelling_of(context), learned)
    cells, shapes = (0, 0) if pooled is None else (int(pooled["cells"].sum()), pooled.height)
    counts = {"cells": cells, "shapes": shapes, "applied": 0, "suggested": 0}
    for status in side_by_side(
        lambda label: _translate(units, label, decisions, of_columns, rules), units.labels
    ):
        counts["applied"] += status.get("applied", 0)
        counts["suggested"] += status.get("suggested", 0)
    unseen = _unseen(pooled, decisions, learned, rules)
    counts["unseen_shapes"] = unseen.height
    methods = [translation.methods_of(decisions, rules), neighbours.methods_across(of_columns.pairs)]
    methods.append(methods_of_learned(learned, rules))
    methods += [] if of_columns.spelling is None else [methods_of_spelling(of_columns.spelling, rules)]
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


def _learn(units: Units, decisions: list[Decision], rules: RuleSet) -> LearnedTranslation:
    """What people taught, and what contested records teach of texts that no translator is sure of, or others contradict."""
    are_many = rules.source_field is not None or len(units.context.sources) >= FEWEST_REPORTERS

    def examples(label: str) -> pl.DataFrame:
        cells = translation.unread(units.saved(label, "malformed"), decisions)
        if cells.is_empty() and not are_many:
            return EXAMPLE_SCHEMA.to_frame()
        return of_others(*units.frames(label), cells, rules)

    contested = [label for label in units.labels if units.is_contested(label)]
    of_people = DecidedUnits(units.context).examples()
    return learn_translation(pl.concat([of_people, *side_by_side(examples, contested)]), rules)


def _translate(
    units: Units, label: str, decisions: list[Decision], of_columns: OfColumns, rules: RuleSet
) -> dict[str, int]:
    """Keeps the proposals for the unit; returns how many there are of each status."""
    cells = units.saved(label, "malformed")
    proposals = translation.propose(cells, decisions, rules)
    proposals = _with_more(proposals, units, label, of_columns, rules)
    has_reports = units.is_contested(label) and of_columns.learned.has_good
    reports = units.frames(label)[0] if has_reports else None
    proposals = with_learned(proposals, cells, reports, of_columns.learned, rules)
    if proposals.height and units.is_contested(label):
        proposals = withdraw_contradicted(units.frames(label)[0], proposals, rules)
    units.save(label, "proposals", proposals)
    return dict(proposals.group_by("status").len().iter_rows())


def _with_more(
    proposals: pl.DataFrame, units: Units, label: str, of_columns: OfColumns, rules: RuleSet
) -> pl.DataFrame:
    """`proposals`, and those that need the whole record; the records are read only where a contract asks for one."""
    has_currency = any(spec.policy.currency for spec in rules.fields.values())
    if not (of_columns.pairs or of_columns.spelling or has_currency):
        return proposals
    frame, findings = units.frames(label)[0], units.findings(label)
    parts = [proposals, neighbours.propose_across(frame, findings, of_columns.pairs, rules)]
    if of_columns.spelling is not None:
        parts.append(propose_spelling(frame, findings, of_columns.spelling, rules))
    return withdraw_other_currency(frame, pl.concat(parts), rules)


def _unseen(
    pooled: pl.DataFrame | None, decisions: list[Decision], learned: LearnedTranslation, rules: RuleSet
) -> pl.DataFrame:
    """Shapes that no translator reads, the most frequent first: source, field, shape, cells."""
    schema = {"source": pl.String, "field": pl.String, "shape": pl.String}
    if pooled is None:
        return pl.DataFrame(schema={**schema, "cells": pl.Int64})
    read = pl.DataFrame([(d.source, d.field, d.shape) for d in decisions], schema=schema, orient="row")
    asked = pooled.rename({"_source": "source"}).join(read, on=list(schema), how="anti")
    asked = asked.join(shapes_read(asked, learned, rules), on=list(schema), how="anti")
    counted = asked.select(*schema, pl.col("cells").cast(pl.Int64))
    return counted.sort("cells", "shape", descending=[True, False])
