"""Replay: held records once more through the current contract and methods, tried out before anything is written."""

import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from orchestration_assets.lake import PARTITION, Lake
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.imputation import impute_partition
from orchestration_assets.steps.settlement import settle_partition
from orchestration_assets.steps.shelf import SHELF
from orchestration_assets.steps.translation import translate_partition
from orchestration_assets.steps.triage import triage_partition
from orchestration_assets.steps.trial import TrialLake

HELD = ("review", "quarantine")
TABLE = "replays"
RECORD = ("_source", "_delivery", "_row")
_COLUMNS: dict[str, Any] = {
    "_source": pl.String,
    "_delivery": pl.String,
    "_row": pl.Int64,
    "at": pl.Datetime("us", "UTC"),
    "by": pl.String,
    "contract": pl.String,
    "attempt": pl.Int64,
    "was": pl.String,
    "why": pl.String,
    "became": pl.String,
    "why_now": pl.String,
}
REPLAY_SCHEMA = pl.Schema(_COLUMNS)
"""One row per held record and replay: the contract's fingerprint, the verdict and its reasons (`field rule; …`) before and
after, and which attempt it was."""

_STEPS = (triage_partition, translate_partition, impute_partition, settle_partition)


@dataclass(frozen=True)
class Replayed:
    """What became of the held records of a partition, or would: one row each, as REPLAY_SCHEMA without when and by whom."""

    partition: str
    records: pl.DataFrame

    def summary(self) -> pl.DataFrame:
        """One row per (was, why, became): `records`, and the most `attempt`s."""
        by = ["was", "why", "became"]
        counted = self.records.group_by(by).agg(pl.len().alias("records"), pl.col("attempt").max())
        return counted.sort("was", "records", "why", "became", descending=[False, True, False, False])


def partitions_with_held(context: Context) -> list[str]:
    """The partitions of the feed in which records are held, sorted."""
    tables = [context.table(name) for name in HELD]
    found = {p for table in tables for p in context.lake.partitions(table) if context.lake.active(table, p)}
    return sorted(found)


def held_of(context: Context) -> pl.DataFrame:
    """The held records of the partition: RECORD, `was`, `why`."""
    parts = [_verdicts(context.lake.read(context.table(name), context.partition), name) for name in HELD]
    return pl.concat(parts).rename({"verdict": "was"})


def tried(context: Context) -> Replayed:
    """What would become of the held records of the partition. Nothing is written."""
    before = held_of(context)
    with tempfile.TemporaryDirectory(prefix="breakwater-replay-") as folder:
        lake = TrialLake(context.lake.root, Path(folder), context.feed.feed)
        trial = replace(context, lake=lake)
        try:
            for step in _STEPS:
                step(trial)
            staged = [
                lake.written.path(trial.table("trusted")) / f[0]
                for f in trial.handed_over("settled")["staged"]
            ]
            after = _places(lake.written, trial, staged)
        finally:
            SHELF.forget(trial.work)
    return Replayed(context.partition, _compared(context, before, after))


def done(context: Context, before: pl.DataFrame) -> Replayed:
    """What became of the records `before` (`held_of`), once their partition was run."""
    table = context.table("trusted")
    files = [context.lake.path(table) / path for path in context.lake.active(table, context.partition)]
    return Replayed(context.partition, _compared(context, before, _places(context.lake, context, files)))


def note(context: Context, replayed: list[Replayed], by: str) -> None:
    """Append what became of each record to `<feed>/replays`."""
    lake, table = context.lake, context.table(TABLE)
    told = [pl.lit(datetime.now(UTC)).cast(REPLAY_SCHEMA["at"]).alias("at"), pl.lit(by).alias("by")]
    parts: dict[str | None, pl.DataFrame] = {
        one.partition: one.records.with_columns(
            *told, pl.lit(context.rules.fingerprint).alias("contract")
        ).select(REPLAY_SCHEMA.names())
        for one in replayed
        if one.records.height
    }
    holder = "a replay"
    with lake.alone(f"_replays--{context.feed.feed}", "the replays", wait_seconds=30, holder=holder):
        while parts and not lake.append(table, parts, REPLAY_SCHEMA, read_at=lake.version(table)):
            pass  # another machine was first


def _places(lake: Lake, context: Context, trusted: list[Path]) -> pl.DataFrame:
    """Every record of the partition with its `verdict` and `why`."""
    names = (*HELD, "aside")
    parts = [_verdicts(lake.read(context.table(name), context.partition), name) for name in names]
    parts += [
        _verdicts(pl.read_parquet(path, columns=list(RECORD), hive_partitioning=False), "trusted")
        for path in trusted
    ]
    return pl.concat(parts)


def _verdicts(rows: pl.DataFrame, verdict: str) -> pl.DataFrame:
    """RECORD, `verdict`, and `why`: the reasons as `field rule`, null for none."""
    schema = {
        "_source": pl.String,
        "_delivery": pl.String,
        "_row": pl.Int64,
        "verdict": pl.String,
        "why": pl.String,
    }
    if rows.is_empty():
        return pl.DataFrame(schema=schema)
    why = pl.lit(None, pl.String)
    if "_errors" in rows.columns:
        reason = pl.concat_str(
            pl.element().struct.field("field").fill_null("record"),
            pl.element().struct.field("rule"),
            separator=" ",
        )
        why = pl.col("_errors").list.eval(reason).list.unique().list.sort().list.join("; ")
    return rows.select(*RECORD, pl.lit(verdict).alias("verdict"), why.alias("why"))


def _compared(context: Context, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    now = after.rename({"verdict": "became", "why": "why_now"})
    both = before.join(now, on=list(RECORD), how="left", maintain_order="left")
    earlier = _attempts(context)
    both = both.join(earlier, on=list(RECORD), how="left", maintain_order="left")
    # Its delivery may have been superseded meanwhile: then it is no record of the partition any more.
    return both.with_columns(
        pl.col("became").fill_null("superseded"), attempt=pl.col("before").fill_null(0) + 1
    ).drop("before")


def _attempts(context: Context) -> pl.DataFrame:
    """How often each record of the partition was replayed: RECORD, `before`."""
    table = context.table(TABLE)
    if not context.lake.exists(table):
        schema = {"_source": pl.String, "_delivery": pl.String, "_row": pl.Int64, "before": pl.Int64}
        return pl.DataFrame(schema=schema)
    rows = context.lake.scan(table).filter(pl.col(PARTITION) == context.partition)
    return rows.group_by(RECORD).agg(pl.len().cast(pl.Int64).alias("before")).collect()
