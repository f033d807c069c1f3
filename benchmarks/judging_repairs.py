"""Proposals on tables and deliveries whose truth is known, judged one by one, under another promise than the contract's.

The frames are as `promises.JUDGED`. What reads a word for nothing as nothing states no value, and is left out.
"""

import argparse
import html
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

import polars as pl

from benchmarks import prices
from benchmarks.promises import JUDGED
from benchmarks.published import MASKED, TABLES
from benchmarks.repairing import NOTHING, Case, labels, load
from benchmarks.repairs import case_of, masked_cases
from orchestration_assets.commands import repair as command
from orchestration_assets.feed import FEEDS, load_feeds
from orchestration_assets.lake import Lake
from orchestration_assets.settings import settings
from orchestration_assets.settlement.labels import METHOD as LABEL
from orchestration_assets.steps.context import Context, rules_of
from orchestration_assets.way import repair_records
from validators.parsing import Notation, write
from validators.rules import RuleSet

FEED = "payments"
PRICES = "price_parser"
FIRST_DAY = date(2026, 11, 1)
CATALOG = FEEDS.parent.parent / "sources" / "catalog"
_PRICE = "benchmarks.contracts.prices:Price"
_MARKS = {"point": ".", "comma": ","}


@dataclass(frozen=True)
class Budget:
    """How much is measured: seeds and days of the simulated feed, payments a day, files of each masked table and rate."""

    seeds: int = 3
    days: int = 2
    records: int = 10_000
    files: int = 5


def promising(rules: RuleSet, promise: float) -> RuleSet:
    """`rules` with this `max_error` in every field."""
    return rules.promising(dict.fromkeys(rules.fields, promise))


@dataclass(frozen=True)
class Promising(Context):
    """A partition of which every field promises the same."""

    promise: float = 0.01

    @cached_property
    def rules(self) -> RuleSet:
        """The feed's contract with that promise."""
        return promising(rules_of(self.feed.contract), self.promise)


def known_tables() -> list[str]:
    """What can be measured, the simulated feed first."""
    return [FEED, *TABLES, "flights, 20 labels", PRICES, *MASKED]


def judged(name: str, promise: float, budget: Budget, work: Path) -> pl.DataFrame:
    """Every proposal for the table of that name, as JUDGED."""
    if name == FEED:
        parts = list(_of_feed(promise, budget, work))
    elif name == PRICES:
        parts = [_of_prices(promise)]
    elif name in MASKED:
        cases = [case for percent in MASKED[name][1] for case in masked_cases(name, percent)[: budget.files]]
        parts = [_of_table(case, promise, ()) for case in cases]
    else:
        table, _, told = name.partition(", ")
        parts = [_of_table(case_of(table), promise, (int(told.split()[0]),) if told else ())]
    named = pl.concat(parts).with_columns(table=pl.lit(name), promise=pl.lit(promise))
    return named.select(JUDGED.names()).cast(JUDGED)


def against(proposals: pl.DataFrame, truth: pl.DataFrame, cell: list[str]) -> pl.DataFrame:
    """`proposals` with `is_applied` and `is_right`, those that change a cell to a value. `truth`: `cell` and `truth`, as text.

    Of the applied proposals for a cell the first one is in force, and the others count for nothing.
    """
    told = proposals.filter((pl.col("method") != LABEL) & pl.col("repaired").is_not_null())
    told = told.filter(pl.col("repaired").ne_missing(pl.col("original")))
    in_force = told.filter(pl.col("status") == "applied").unique(cell, keep="first", maintain_order=True)
    others = told.filter(pl.col("status") == "suggested")
    both = pl.concat([in_force, others]).join(truth, on=cell, how="inner")
    return both.with_columns(
        (pl.col("status") == "applied").alias("is_applied"),
        _plain(pl.col("repaired")).eq_missing(_plain(pl.col("truth"))).alias("is_right"),
    )


def _plain(text: pl.Expr) -> pl.Expr:
    """Texts as the published benchmarks compare them: HTML unescaped, white space collapsed; nothing is the empty text."""
    return text.fill_null("").map_elements(
        lambda value: " ".join(html.unescape(value).split()), return_dtype=pl.String
    )


def _of_table(case: Case, promise: float, rounds: tuple[int, ...]) -> pl.DataFrame:
    """A dirty table; each of the `rounds` asks for so many records, which the clean table then labels."""
    rules = promising(rules_of(case.contract), promise)
    options = argparse.Namespace(delimiter=",", encoding="utf-8", labels=None)
    header, texts, _ = command.read_records(case.dirty, options, list(rules.fields))
    given = [name for name in rules.fields if name in header]
    records = texts.select(
        pl.int_range(pl.len(), dtype=pl.UInt64).alias("_id"),
        pl.lit(command.SOURCE).alias("_source"),
        *[pl.col(n) if n in given else pl.lit(None, pl.String).alias(n) for n in rules.fields],
    )
    asked: list[int] = []
    for count in rounds:
        found = repair_records(records, rules, {}, _labels(case, asked, given))
        asked += command.positions_asked(found, records, rules, count)
    repaired = repair_records(records, rules, {}, _labels(case, asked, given))
    truth = load(case.clean).rename(
        dict(zip(load(case.clean).columns, load(case.dirty).columns, strict=True))
    )
    cells = (
        truth.select(pl.int_range(pl.len(), dtype=pl.UInt64).alias("_id"), *given)
        .unpivot(index="_id", variable_name="field", value_name="truth")
        .filter(~pl.col("_id").is_in(asked) & (pl.col("truth") != NOTHING))  # `?`: nobody knows
    )
    return against(repaired.proposals, cells, ["_id", "field"])


def _labels(case: Case, asked: list[int], given: list[str]) -> pl.DataFrame | None:
    if not asked:
        return None
    told = labels(case, asked).select(pl.col("_row").cast(pl.UInt64).alias("_id"), *given)
    told = told.with_columns(pl.col(given).replace("", None))
    return told.unpivot(index="_id", variable_name="field", value_name="truth").unique(["_id", "field"])


def _of_prices(promise: float) -> pl.DataFrame:
    """Price strings as a column of text of a source that declares its decimal mark, or does not."""
    examples = prices.load(settings().reference / "price_parser" / "examples.jsonl")
    rules = promising(rules_of(_PRICE), promise)
    numbered = examples.with_row_index("_id").with_columns(pl.col("_id").cast(pl.UInt64))
    parts = []
    for (mark,), part in numbered.partition_by("decimal", as_dict=True).items():
        notation = Notation(decimal=mark) if mark in (".", ",") else Notation()
        records = part.select(
            "_id",
            pl.lit(PRICES).alias("_source"),
            pl.col("_id").cast(pl.String).alias("number"),
            pl.col("text").alias("amount"),
        )
        found = repair_records(records, rules, {PRICES: {"amount": notation}})
        truth = part.select(
            "_id", pl.lit("amount").alias("field"), truth=write(pl.col("wanted"), pl.Float64())
        )
        parts.append(against(found.proposals, truth, ["_id", "field"]))
    return pl.concat(parts)


def _of_feed(promise: float, budget: Budget, work: Path) -> Iterator[pl.DataFrame]:
    """Days of the simulated feed, one lake for each seed: later days know what was published of earlier ones."""
    from sources.simulation import simulate

    days = [(FIRST_DAY + timedelta(days=number)).isoformat() for number in range(budget.days)]
    for seed in range(1, budget.seeds + 1):
        outside, lake = work / f"outside-{seed}", Lake(work / f"lake-{seed}-{promise:g}")
        if not outside.exists():
            simulate(outside, days, records=budget.records, seed=seed)
        for day in days:
            context = Promising(load_feeds(FEEDS, CATALOG).of(FEED), lake, day, outside, promise)
            take(context)
            yield of_partition(context)


def take(context: Context) -> None:
    """The whole way of one partition, up to publishing."""
    from orchestration_assets.steps.imputation import impute_partition
    from orchestration_assets.steps.landing import land_sources, summary
    from orchestration_assets.steps.measuring import measure_partition
    from orchestration_assets.steps.publishing import publish_partition
    from orchestration_assets.steps.settlement import settle_partition
    from orchestration_assets.steps.translation import translate_partition
    from orchestration_assets.steps.triage import triage_partition

    land_sources(context)
    context.hand_over("landing", {"sources": summary(context), "seconds": 0.0})
    for step in (triage_partition, translate_partition, impute_partition, settle_partition):
        step(context)
    measure_partition(context)
    publish_partition(context)


def of_partition(context: Context) -> pl.DataFrame:
    """The proposals of a simulated partition, against the truth that the simulation kept aside."""
    cell = ["_source", "_row", "field"]
    true = pl.read_parquet(context.outside / "truth" / f"{context.partition}.parquet")
    texts = [
        write(pl.col(name).cast(spec.dtype), spec.dtype).alias(name)
        for name, spec in context.rules.fields.items()
    ]
    named = true.select(pl.col("source").alias("_source"), pl.col("row").cast(pl.Int64).alias("_row"), *texts)
    truth = named.unpivot(index=cell[:2], variable_name="field", value_name="truth")
    repairs = context.lake.read(context.table("repairs"), context.partition)
    return against(repairs.with_columns(pl.col("_row").cast(pl.Int64)), truth, cell)
