"""Imputation of a partition: models fitted on good records of this and earlier partitions, asked unit by unit."""

import time
from typing import Any

import polars as pl

from orchestration_assets.imputation import impute as imputation
from orchestration_assets.lake import PARTITION
from orchestration_assets.settlement.way import effective
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.units import Units
from validators.parsing import write
from validators.rules import RuleSet

HISTORY_PARTITIONS = 14


def impute_partition(context: Context) -> dict[str, Any]:
    """Propose values for every cell that still needs one; returns counts. Hands over what was measured."""
    began = time.perf_counter()
    units, rules = Units(context), context.rules
    cases: list[dict[str, pl.DataFrame]] = []
    wanted: dict[str, list[pl.Series]] = {}
    open_cells = 0
    for label in units.labels:
        unit, agreeing = units.load_all(label)
        frame = effective(unit, rules)
        cells = imputation.open_cells(frame, rules, is_contested=unit.is_contested)
        open_cells += cells.height
        if unit.is_contested:
            cases.append(imputation.claim_cases(pl.concat([frame, agreeing.select(frame.columns)]), rules))
        frame = _concerned(frame, cells, is_contested=unit.is_contested)
        units.save(label, "effective", frame)
        units.save(label, "cells", cells)
        for by, groups in _groups_of(frame, cells, rules).items():
            wanted.setdefault(by, []).append(groups)
    imputers = imputation.Imputers(
        claims=imputation.fit_claim_calibrations(cases, rules),
        groups=imputation.fit_groups(
            good_records(context),
            {by: pl.concat(parts).unique() for by, parts in wanted.items()},
            rules,
            units.known().filter(pl.col("_is_clean"))
            if units.labels
            else pl.DataFrame(schema=_case_schema(rules)),
        ),
    )
    counts = {"cells": open_cells, "applied": 0, "suggested": 0}
    for label in units.labels:
        more = imputation.impute(
            units.saved(label, "effective"),
            units.saved(label, "cells"),
            imputers,
            rules,
            is_contested=units.is_contested(label),
        )
        units.save(label, "proposals", pl.concat([units.proposals(label), more]))
        status = dict(more.group_by("status").len().iter_rows())
        counts["applied"] += status.get("applied", 0)
        counts["suggested"] += status.get("suggested", 0)
    imputation.methods_of(imputers, rules).write_parquet(context.work / "imputers.parquet")
    return context.hand_over("imputed", {"counts": counts, "seconds": time.perf_counter() - began})


def _case_schema(rules: RuleSet) -> dict[str, pl.DataType]:
    return {name: pl.String() for name in rules.fields}


def good_records(context: Context) -> pl.LazyFrame:
    """Clean records of this partition, and what earlier partitions published; never what is to be repaired."""
    rules, table = context.rules, context.table("trusted")
    names = list(rules.fields)
    frames = [pl.LazyFrame(schema=rules.schema)]
    staged = [f["staged"][0] for f in context.handed_over("triage")["fragments"] if f["staged"]]
    frames += [
        pl.scan_parquet(context.lake.path(table) / path, hive_partitioning=False).select(names)
        for path in staged
    ]
    earlier = [p for p in context.lake.partitions(table) if p < context.partition][-HISTORY_PARTITIONS:]
    if earlier:
        history = context.lake.scan(table).filter(pl.col(PARTITION).is_in(earlier))
        frames.append(history.select(names).cast(dict(rules.schema)))
    return pl.concat(frames)


def _concerned(frame: pl.DataFrame, cells: pl.DataFrame, *, is_contested: bool) -> pl.DataFrame:
    """The records with open cells, and those that speak of the same: no imputer looks at any other."""
    asked = frame.join(cells.select("_id").unique(), on="_id", how="semi", maintain_order="left")
    if not is_contested:
        return asked
    return frame.join(asked.select("_identity").unique(), on="_identity", how="semi", maintain_order="left")


def _groups_of(frame: pl.DataFrame, cells: pl.DataFrame, rules: RuleSet) -> dict[str, pl.Series]:
    """The groups that the open cells ask for, per grouping field, as text."""
    asked: dict[str, list[pl.Series]] = {}
    for name, _, by in imputation.fields_by_group(rules):
        records = cells.filter(pl.col("field") == name).select("_id")
        group = frame.join(records, on="_id", how="semi").select(write(pl.col(by), rules.fields[by].dtype))
        asked.setdefault(by, []).append(group.to_series().unique())
    return {by: pl.concat(groups).unique() for by, groups in asked.items()}
