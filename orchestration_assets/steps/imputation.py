"""Imputation of a partition: models fitted on good records of this and earlier partitions, asked unit by unit."""

import time
from dataclasses import dataclass
from typing import Any

import polars as pl

from orchestration_assets.imputation import agreed as agreement
from orchestration_assets.imputation import impute as imputation
from orchestration_assets.imputation.cells import open_cells
from orchestration_assets.imputation.unbelieved import reopened
from orchestration_assets.lake import PARTITION
from orchestration_assets.parallel import side_by_side
from orchestration_assets.settlement.agreement import contradictions, with_more, with_their_others
from orchestration_assets.settlement.apply import applied, repaired_and_judged
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.deciding import DecidedUnits
from orchestration_assets.steps.dependencies import dependent_of
from orchestration_assets.steps.units import Units
from validators.judgement import RAW
from validators.rules import RuleSet

HISTORY_PARTITIONS = 14
KNOWN_RECORDS = 3_000_000
"""Good records from which the groups are fitted, at most about so many: memory does not grow with the partition."""


@dataclass(frozen=True)
class _Asked:
    """What one unit asks for: how many cells, and from which groups; of a contested unit also what it knows of the others.

    `cases`: claims predicted from the others; `stated`: who claims what, in the fields by agreement.
    """

    cells: int
    groups: imputation.Groups
    cases: pl.DataFrame | None
    stated: pl.DataFrame | None


def impute_partition(context: Context) -> dict[str, Any]:
    """Propose values for every cell that still needs one; returns counts. Hands over what was measured."""
    began = time.perf_counter()
    units, rules = Units(context), context.rules
    asked = side_by_side(lambda label: _ask(units, label, rules), units.labels)
    imputers = _fit(context, units, asked)
    counts = {"cells": sum(of_unit.cells for of_unit in asked), "applied": 0, "suggested": 0}
    for status in side_by_side(lambda label: _impute(units, label, imputers, rules), units.labels):
        counts["applied"] += status.get("applied", 0)
        counts["suggested"] += status.get("suggested", 0)
    imputation.methods_of(imputers, rules).write_parquet(context.work / "imputers.parquet")
    return context.hand_over("imputed", {"counts": counts, "seconds": time.perf_counter() - began})


def _ask(units: Units, label: str, rules: RuleSet) -> _Asked:
    """Keeps the unit's open cells; of contested records also what they contradict, and what the imputers look at."""
    frame, agreeing = units.frames(label)
    in_force = applied(units.proposals(label))
    frame, *found = repaired_and_judged(frame, units.findings(label), in_force, rules)
    cases = said = None
    if units.is_contested(label):
        against = contradictions(frame, rules)
        units.save(label, "contradicted", against)
        found.append(against)
        own = ["_id", "_source", "_identity", *rules.fields]
        everything = pl.concat([frame.select(own), agreeing.select(own)])
        cases = imputation.claim_cases(everything, rules)
        said = agreement.stated(agreement.drawn(everything), rules)
    cells = open_cells(frame, pl.concat(found), rules)
    if units.is_contested(label):
        raw = [RAW + name for name in agreement.fields_by_agreement(rules)]
        reports = frame if raw else with_their_others(frame, cells["_id"])
        units.save(label, "reports", reports.select(*own, *raw))
    units.save(label, "cells", cells)
    return _Asked(cells.height, imputation.groups_asked(cells, rules), cases, said)


def _fit(context: Context, units: Units, asked: list[_Asked]) -> imputation.Imputers:
    rules = context.rules
    groups = imputation.pooled_groups(of_unit.groups for of_unit in asked)
    fragments = evenly(context.handed_over("triage")["fragments"])
    known = pl.DataFrame(schema=dict.fromkeys(["_source", *rules.fields], pl.String))
    if units.labels and fragments:
        known = units.known(fragments).filter(pl.col("_is_clean"))
    return imputation.Imputers(
        claims=imputation.fit_claim_calibrations(
            (of_unit.cases for of_unit in asked if of_unit.cases is not None), rules
        ),
        groups=imputation.fit_groups(good_records(context, fragments), groups, rules, known),
        learned=imputation.fit_learned(known, rules),
        agreed=_agreed(
            [of_unit.stated for of_unit in asked if of_unit.stated is not None],
            rules,
            DecidedUnits(context).told(),
        ),
        dependent=dependent_of(context),
    )


def _impute(units: Units, label: str, imputers: imputation.Imputers, rules: RuleSet) -> dict[str, int]:
    """Adds the proposals of the imputers to those of the unit; returns how many new ones there are of each status."""
    reports = units.saved(label, "reports") if units.is_contested(label) else None
    cells, proposals = units.saved(label, "cells"), units.proposals(label)
    believed = None
    if reports is not None and imputers.agreed is not None:
        believed = agreement.believed(reports, imputers.agreed, rules)
        against = agreement.contradicted(believed, imputers.agreed, rules)
        units.save(label, "contradicted", with_more(units.saved(label, "contradicted"), against))
        proposals, more = reopened(
            proposals, units.findings(label), believed, reports, imputers.agreed, rules
        )
        cells = pl.concat([cells, more])
    new = imputation.impute(cells, imputers, rules, reports=reports, believed=believed)
    units.save(label, "proposals", pl.concat([imputation.overruled(proposals, new), new]))
    return dict(new.group_by("status").len().iter_rows())


def _agreed(stated: list[pl.DataFrame], rules: RuleSet, told: pl.DataFrame | None) -> agreement.Agreed | None:
    return agreement.fit_agreed(pl.concat(stated), rules, told) if stated else None


def good_records(context: Context, fragments: list[dict[str, Any]]) -> pl.LazyFrame:
    """Clean records of `fragments`, and what earlier partitions published; never what is to be repaired."""
    rules, table = context.rules, context.table("trusted")
    names = list(rules.fields)
    frames = [pl.LazyFrame(schema=rules.schema)]
    frames += [
        pl.scan_parquet(context.lake.path(table) / f["staged"][0], hive_partitioning=False).select(names)
        for f in fragments
        if f["staged"]
    ]
    clean = sum(f["counts"]["clean"] for f in fragments)
    if earlier := _earlier(context, KNOWN_RECORDS - clean):
        history = context.lake.scan(table).filter(pl.col(PARTITION).is_in(earlier))
        frames.append(history.select(names).cast(rules.schema))
    return pl.concat(frames)


def evenly(fragments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many of `fragments` as hold about KNOWN_RECORDS clean records, evenly taken: more would teach little more."""
    clean = sum(f["counts"]["clean"] for f in fragments)
    return fragments[:: max(1, -(-clean // KNOWN_RECORDS))]


def _earlier(context: Context, records: int) -> list[str]:
    """The latest earlier partitions of `trusted`, while they hold no more than `records` together."""
    table = context.table("trusted")
    taken: list[str] = []
    for partition in reversed([p for p in context.lake.partitions(table) if p < context.partition]):
        records -= sum(file.rows for file in context.lake.active(table, partition).values())
        if records < 0 or len(taken) == HISTORY_PARTITIONS:
            break
        taken.append(partition)
    return taken
