"""How quickly the desk answers on a long queue: pages, filters, searches, patterns, one record, the effect of a decision."""

import statistics
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from orchestration_assets.decisions import index as queue_index
from orchestration_assets.decisions.foresight import effect
from orchestration_assets.decisions.patterns import patterns
from orchestration_assets.decisions.queue import Filters, cells_page, facets, records_page
from orchestration_assets.decisions.record import case_of
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.feed import FEEDS, load_feeds
from orchestration_assets.lake import Lake
from orchestration_assets.steps.context import Context, notations_of
from orchestration_assets.steps.imputation import impute_partition
from orchestration_assets.steps.landing import land_sources
from orchestration_assets.steps.settlement import settle_partition
from orchestration_assets.steps.translation import translate_partition
from orchestration_assets.steps.triage import triage_partition
from sources.simulation import simulate

CATALOG = Path(__file__).resolve().parents[1] / "sources" / "catalog"
DAY, DAYS = date(2026, 11, 1), 30
RECORDS = 100_000
_SAMPLE = 20_000
_TABLES = ("review", "quarantine", "repairs", "findings")
_TURNS = 7


def measured(folder: Path, records: int = RECORDS) -> dict[str, list[float]]:
    """Seconds of each question to a queue of `records` held payments, several times each."""
    view = long_queue(folder, records)
    first = cells_page([view])
    word = first.rows["key"][0]
    chosen = patterns([view])["pattern"][0]
    record = first.rows["record_id"][0]
    return {
        "the first page after a run (index made)": _timed(lambda: _anew(view), turns=3),
        "a page": _timed(lambda: cells_page([view], number=3)),
        "the last page": _timed(lambda: cells_page([view], number=first.total // 50)),
        "a page of whole records": _timed(lambda: records_page([view])),
        "a page, filtered by source, kind and value": _timed(
            lambda: cells_page([view], Filters(sources=("gateway_a",), kinds=("missing",), min_value=50))
        ),
        "a search for one key": _timed(lambda: cells_page([view], Filters(text=word))),
        "a search for what is not there": _timed(lambda: cells_page([view], Filters(text="nowhere at all"))),
        "counts for all filters": _timed(lambda: facets([view], Filters(sources=("gateway_a",)))),
        "patterns": _timed(lambda: patterns([view])),
        "one record": _timed(lambda: case_of(view, record)),
        f"the effect on a pattern of {_size(view, chosen):,} cells": _timed(
            lambda: effect(view, chosen, "accept"), turns=3
        ),
    }


def long_queue(folder: Path, records: int) -> FeedView:
    """A feed with about `records` held payments of 30 days: those of one simulated day, again and again, under new names."""
    outside, lake = folder / "outside", Lake(folder / "lake")
    simulate(outside, [DAY.isoformat()], records=_SAMPLE)
    declared = load_feeds(FEEDS, CATALOG).of("payments")
    context = Context(declared, lake, DAY.isoformat(), outside)
    land_sources(context)
    for step in (triage_partition, translate_partition, impute_partition, settle_partition):
        step(context)
    day = {name: lake.read(f"payments/{name}", context.partition) for name in _TABLES}
    held = day["review"].height + day["quarantine"].height
    times = -(-records // held)
    per_day = [times // DAYS + (i < times % DAYS) for i in range(DAYS)]
    deliveries = {s.source: lake.read(f"{s.source}/deliveries", context.partition) for s in declared.sources}
    for i, copies in enumerate(per_day):
        partition = (DAY + timedelta(days=i)).isoformat()
        for name, rows in day.items():
            again = pl.concat(_renamed(rows, i * 1000 + copy) for copy in range(max(copies, 1)))
            lake.replace(f"payments/{name}", partition, again)
        for source, rows in deliveries.items():
            lake.replace(f"{source}/deliveries", partition, rows)
    notations = {source.source: notations_of(source) for source in declared.sources}
    return FeedView(lake, declared, context.rules, notations)


def _renamed(rows: pl.DataFrame, number: int) -> pl.DataFrame:
    """`rows` as other records: their own places in the file, and their own keys where these are whole."""
    moved = rows.with_columns(pl.col("_row") + number % 1000 * 1_000_000)
    if "payment_id" not in rows.columns:
        return moved
    key = pl.col("payment_id")
    own = pl.concat_str(key.str.slice(0, 5), pl.lit(f"{number:06d}"))
    return moved.with_columns(pl.when(key.str.len_chars() == 11).then(own).otherwise(key))


def _anew(view: FeedView) -> None:
    queue_index.forget()
    cells_page([view])


def _size(view: FeedView, pattern: str) -> int:
    return cells_page([view], Filters(pattern=pattern)).total


def _timed(question: Callable[[], object], turns: int = _TURNS) -> list[float]:
    seconds = []
    for _ in range(turns):
        began = time.perf_counter()
        question()
        seconds.append(time.perf_counter() - began)
    return seconds


def report(folder: Path, records: int = RECORDS) -> None:
    """Measure and print."""
    print(f"\nthe desk on a queue of {records:,} records: seconds, minimum / median / maximum")
    for what, seconds in measured(folder, records).items():
        told = " / ".join(f"{s:.3f}" for s in (min(seconds), statistics.median(seconds), max(seconds)))
        print(f"  {what:<48} {told}")
