"""A million bad records: seconds to repair them against seconds to judge the same records.

Repairing: translation, imputation, and the repairs put in place, with a fit in force. Judging: what triage does with the same records,
from their text to typed values, findings and reasons. Reading, landing and writing of tables count on neither side.

Usage: `python -m benchmarks.repair_speed FOLDER LAKE WORK`; prints JSON.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from benchmarks.deliveries import CATALOG, DAY
from benchmarks.measure import peak_mb
from orchestration_assets.feed import FEEDS, load_feeds
from orchestration_assets.lake import Lake
from orchestration_assets.settlement.apply import applied, with_repairs
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.imputation import impute_partition
from orchestration_assets.steps.landing import land_sources, summary
from orchestration_assets.steps.translation import translate_partition
from orchestration_assets.steps.triage import triage_partition
from orchestration_assets.steps.units import Units
from validators.judgement import RAW
from validators.triage import triage

ROUNDS = 3


def measured(folder: Path, lake: Path, work: Path) -> dict[str, float]:
    """Seconds, and CPU seconds, of judging and of repairing the bad records of the delivery in `folder`."""
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(lake, work, copy_function=os.link)
    context = Context(load_feeds(FEEDS, CATALOG).of("payments"), Lake(work), DAY, folder)
    land_sources(context)
    context.hand_over("landing", {"seconds": 0.0, "sources": summary(context)})
    triage_partition(context)
    units = Units(context)
    frames = {label: units.frames(label)[0] for label in units.labels}
    figures = {"records": float(sum(frame.height for frame in frames.values()))}
    texts = [part for frame in frames.values() for part in _texts(frame, context)]
    frames.clear()
    figures |= _best([_timed("judging", lambda: _judge(texts, context)) for _ in range(ROUNDS)])
    figures |= _best([_repaired(units, context) for _ in range(ROUNDS)])
    handed = {name: context.handed_over(name)["counts"] for name in ("translated", "imputed")}
    figures |= {"cells": handed["translated"]["cells"], "open": handed["imputed"]["cells"]}
    figures |= {f"applied_{name}": counts["applied"] for name, counts in handed.items()}
    shutil.rmtree(work)
    return {**figures, "peak_mb": peak_mb()}


def _repaired(units: Units, context: Context) -> dict[str, float]:
    """Translation forgets what the round before left."""
    return {
        **_timed("translation", lambda: translate_partition(context)),
        **_timed("imputation", lambda: impute_partition(context)),
        **_timed("applying", lambda: _apply(units, context)),
    }


def _timed(name: str, work: Callable[[], object]) -> dict[str, float]:
    began, spent = time.perf_counter(), time.process_time()
    work()
    return {name: time.perf_counter() - began, f"{name}_cpu": time.process_time() - spent}


def _best(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The best of several rounds: imports that are left to their first use do not count."""
    return {name: min(one[name] for one in rounds) for name in rounds[0]}


def _texts(frame: pl.DataFrame, context: Context) -> list[pl.DataFrame]:
    """The records of `frame` as they were delivered, one frame per source."""
    raw = frame.select("_id", "_source", *[pl.col(RAW + name).alias(name) for name in context.rules.fields])
    return raw.partition_by("_source")


def _judge(texts: list[pl.DataFrame], context: Context) -> None:
    for part in texts:
        triage(part, context.rules, context.notations[part["_source"][0]])


def _apply(units: Units, context: Context) -> None:
    for label in units.labels:
        with_repairs(units.frames(label)[0], applied(units.proposals(label)), context.rules)


if __name__ == "__main__":
    print(json.dumps(measured(*map(Path, sys.argv[1:]))))
