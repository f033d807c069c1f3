"""What an undo restores, before it is done: the cells of each partition, and whether it was done already."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from orchestration_assets.decisions.cells import RecordId
from orchestration_assets.decisions.ledger import (
    DECISION_SCHEMA,
    Decision,
    as_written,
    decisions_of,
    is_covered,
    subject,
    subject_of,
    undoing,
)
from orchestration_assets.errors import NotFoundError
from orchestration_assets.lake import PARTITION
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.fragments import ROW_BITS
from orchestration_assets.steps.pending import concerned
from orchestration_assets.steps.units import Units
from validators.judgement import RAW


@dataclass(frozen=True)
class Plan:
    """An undo, or the taking back of one, before it is written.

    `decision`: None if there is nothing to write, because of `done` (in words). `cells`: one row per (partition, field,
    status) of the repairs concerned, with `cells`; `decisions`: how many decisions of people go out of force, or come
    back; `partitions`: those to be run.
    """

    decision: Decision | None
    done: str
    cells: pl.DataFrame
    decisions: int
    partitions: list[str]


def planned(context: Context, undo: Decision, *, is_taken_back: bool = False) -> Plan:
    """What `undo` would do, or taking it back; raises `NotFoundError` if there is no such undo to take back.

    `context`: of any partition of the feed.
    """
    lake, feed, rules = context.lake, context.feed.feed, context.rules
    ledger = decisions_of(lake, feed)
    before = _same(undoing(ledger), undo)
    decision: Decision | None = undo
    done = ""
    if is_taken_back:
        if before is None:
            raise NotFoundError(
                f"{feed} has no such undo in force\nHint: `breakwater undo` without --take-back makes one"
            )
        decision = Decision(by=undo.by, action="undo", why=undo.why, replaces=before["decision"])
    elif before is not None and not _covers_more(before, ledger):
        decision, done = None, f"undone already by {before['by']} at {before['at']:%Y-%m-%d %H:%M:%S} UTC"
    rows = ledger if decision is None else pl.concat([ledger, as_written([decision], ledger)[0]])
    since = ledger["decision"][-1] if ledger.height else ""
    if decision is None and before is not None:
        since = ledger.filter(pl.col("decision") < before["decision"])["decision"].max() or ""
    scope = _written(undo) if before is None else before
    meant = ledger.with_columns(subject().alias("_subject")).filter(
        pl.col("action") != "undo", is_covered(scope)
    )
    return Plan(
        decision, done, _cells(context, undo), meant.height, concerned(lake, feed, rules, rows, str(since))
    )


def undo_of_record(
    context: Context, record: RecordId, by: str, field: str | None, why: str | None
) -> Decision:
    """The undo of one record: of all that was applied to it, or to one of its fields. It follows the record."""
    key, originals = _subject(context, record)
    return Decision(
        by=by,
        action="undo",
        partition=record.partition,
        source=record.source,
        delivery=record.delivery,
        row=record.row,
        key=key,
        originals=originals,
        field=field,
        why=why,
    )


def _subject(context: Context, record: RecordId) -> tuple[str | None, str | None]:
    """Key and originals of a record that was in trouble, from the texts that triage kept; of any other None."""
    deliveries = context.handed_over("triage")["deliveries"]
    ordinals = [
        d["ordinal"] for d in deliveries if (d["source"], d["delivery"]) == (record.source, record.delivery)
    ]
    units = Units(context)
    for label in units.labels if ordinals else ():
        frame, _ = units.frames(label)
        found = frame.filter(pl.col("_id") == (ordinals[0] << ROW_BITS) + record.row)
        if found.height:
            texts = found.select(pl.col(RAW + name).alias(name) for name in context.rules.fields)
            return subject_of(texts.row(0, named=True), context.rules)
    return None, None


def _written(undo: Decision) -> dict[str, Any]:
    """`undo` as a row that is not written yet."""
    rows, _ = as_written([undo], DECISION_SCHEMA.to_frame())
    return rows.with_columns(subject().alias("_subject")).row(0, named=True)


def _same(undos: pl.DataFrame, undo: Decision) -> dict[str, Any] | None:
    """The last undo in force with the scope of `undo`."""
    wanted = _written(undo)
    rows = undos.with_columns(subject().alias("_subject"))
    names = ["undoes_method", "undoes_version", "undoes_by", "field"]
    names += ["_subject"] if undo.source is not None else []
    same = rows.filter(pl.col(n).eq_missing(pl.lit(wanted[n], pl.String)) for n in names)
    return same.row(-1, named=True) if same.height else None


def _covers_more(undo: dict[str, Any], ledger: pl.DataFrame) -> bool:
    """Whether anything was decided within the scope of `undo` after it."""
    rows = ledger.with_columns(subject().alias("_subject")).filter(pl.col("action") != "undo")
    return not rows.filter(is_covered(undo) & (pl.col("decision") > undo["decision"])).is_empty()


def _cells(context: Context, undo: Decision) -> pl.DataFrame:
    """The repairs that are within the scope of `undo` now."""
    table = context.table("repairs")
    by = [PARTITION, "field", "status"]
    if not context.lake.exists(table):
        return pl.DataFrame(schema={**dict.fromkeys(by, pl.String), "cells": pl.UInt32})
    repairs = context.lake.scan(table).filter(_is_meant(undo))
    return repairs.group_by(by).agg(pl.len().alias("cells")).sort(by).collect()


def _is_meant(undo: Decision) -> pl.Expr:
    if undo.undoes_by is not None:
        return pl.col("decided_by") == undo.undoes_by
    if undo.undoes_method is not None:
        version = pl.lit(undo.undoes_version, pl.String)
        return (pl.col("method") == undo.undoes_method) & pl.col("version").eq_missing(version)
    own = {PARTITION: undo.partition, "_source": undo.source, "_delivery": undo.delivery, "_row": undo.row}
    own |= {} if undo.field is None else {"field": undo.field}
    return pl.all_horizontal(pl.col(name) == value for name, value in own.items())
