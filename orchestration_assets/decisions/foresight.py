"""The effect of a decision before it is made: the records concerned, repaired so in memory and judged again.

It is settlement's own judgement, on the records that wait and on the others that speak of the same.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

import polars as pl

from orchestration_assets.decisions.decided import on_held
from orchestration_assets.decisions.effects import decided, kept_out
from orchestration_assets.decisions.judged import JUDGED_SCHEMA
from orchestration_assets.decisions.ledger import DECISION_SCHEMA, decisions_of, in_force
from orchestration_assets.decisions.patterns import cells_of
from orchestration_assets.decisions.queue import EVERYTHING, WHOLE_RECORD, Filters
from orchestration_assets.decisions.reports import (
    Reports,
    held_identities,
    identity_in_partition,
    published_records,
    reports_of,
)
from orchestration_assets.decisions.shown import MASK, shown
from orchestration_assets.decisions.tables import RECORD, held_records
from orchestration_assets.decisions.values import own_value
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.lake import PARTITION
from orchestration_assets.settlement.agreement import CONTRADICTED, TAKEN
from orchestration_assets.settlement.verdicts import KEPT_OUT, Settled, settle
from orchestration_assets.way import Unit, repaired_identities, taken_ids
from validators.parsing import write

Would = Literal["accept", "correct", "reject", "keep_out"]
EXAMPLES = 10
_NOW_BEING_MADE = "~"  # behind every decision that was made
_REASONS = 8
_OF_CELL = ("_source", "field", "original", "kind", "method", "version", "arm", "repair_shape", "_new")


@dataclass(frozen=True)
class Effect:
    """What a decision on `cells` cells of `records` records would bring about.

    `changes`: cells with another value than now; `overruled`: cells of other reports on the same that would say so too.
    `trusted`, `duplicate`: records that would leave the queue so; `held`: those that would stay, as (field, what is wrong,
    records). `others`: other held records that would leave it too; `harmed`: trusted records that would be held.
    `examples`: (record id, original, new value), masked and safe to show. `refused`: why it cannot be decided so, or empty.
    """

    cells: int = 0
    records: int = 0
    changes: int = 0
    overruled: int = 0
    trusted: int = 0
    duplicate: int = 0
    others: int = 0
    harmed: int = 0
    held: list[tuple[str, str, int]] = field(default_factory=list)
    examples: list[tuple[str, str, str]] = field(default_factory=list)
    refused: str = ""

    @property
    def in_words(self) -> str:
        """The effect in a sentence or two."""
        if self.refused:
            return self.refused
        stay = self.records - self.trusted - self.duplicate
        told = [
            f"{self.changes:,} of {self.cells:,} cells change",
            f"{self.trusted:,} of {self.records:,} records become trusted",
        ]
        if self.overruled:
            told.append(f"{self.overruled:,} cells of other reports on the same are overruled")
        if self.duplicate:
            told.append(f"{self.duplicate:,} say the same as another and are set aside")
        if stay:
            why = "; ".join(f"{name} {wrong} ({count:,})" for name, wrong, count in self.held)
            told.append(f"{stay:,} stay held" + (f": {why}" if why else ""))
        if self.others:
            told.append(f"{self.others:,} other records are freed with them")
        if self.harmed:
            told.append(f"{self.harmed:,} records that are trusted now would be held")
        return "; ".join(told)


def effect(
    view: FeedView,
    pattern: str,
    action: Would,
    value: str | None = None,
    *,
    filters: Filters = EVERYTHING,
    sees_personal: bool = False,
) -> Effect:
    """What `action` on the waiting cells of `pattern` would bring about; `value`: what is to stand after `correct`."""
    cells = cells_of(view, pattern, filters)
    return effect_on(view, cells, action, value, sees_personal=sees_personal)


def effect_on(
    view: FeedView,
    cells: pl.DataFrame,
    action: Would,
    value: str | None = None,
    *,
    sees_personal: bool = False,
) -> Effect:
    """`effect` on any `cells` of the index."""
    whole = Effect(cells=cells.height, records=cells["record_id"].n_unique())
    if cells.is_empty():
        return replace(whole, refused="nothing of it waits any more")
    if action == "keep_out":
        return replace(whole, held=[(WHOLE_RECORD, "is kept out by a person", whole.records)])
    stated = cells.with_columns(pl.col("proposal").alias("_new"))
    if action == "correct":
        written, mistake = own_value(cells["field"][0] or "", value, view.rules)
        if mistake:
            return replace(whole, refused=mistake)
        stated = cells.with_columns(pl.lit(written, pl.String).alias("_new"))
    elif cells["method"].null_count():
        return replace(
            whole, refused=f"nothing is proposed for {cells['method'].null_count():,} of these cells"
        )
    reports = reports_of(view, stated)
    numbered = reports.held_rows.select(pl.col("_at").cast(pl.UInt64).alias("_id"), *RECORD)
    mine = stated.join(numbered, on=list(RECORD)).select("_id", *_OF_CELL)
    settled = _settled(view, reports, mine, action)
    return replace(
        _told(settled, reports, mine["_id"].unique(), whole),
        changes=0 if action == "reject" else _changes(view, reports.frame, mine),
        examples=[] if action == "reject" else _examples(stated, sees_personal=sees_personal),
    )


def _told(settled: Settled, reports: Reports, ids: pl.Series, whole: Effect) -> Effect:
    """What would become of the records `ids`, and of the others that speak of the same."""
    is_mine, waits = pl.col("_id").is_in(ids.implode()), reports.held["_id"].implode()
    is_aside = pl.col("_verdict") == "duplicate"
    aside, held = settled.held.filter(is_aside), settled.held.filter(~is_aside)
    left = pl.concat([settled.trusted.select("_id"), aside.select("_id")])
    return replace(
        whole,
        overruled=settled.in_force.filter(pl.col("decided_by") == _NOW_BEING_MADE, ~is_mine).height,
        trusted=settled.trusted.filter(is_mine).height,
        duplicate=aside.filter(is_mine).height,
        others=left.filter(~is_mine, pl.col("_id").is_in(waits)).height,
        harmed=held.filter(~pl.col("_id").is_in(waits)).height,
        held=_reasons_of(held.filter(is_mine)),
    )


def _reasons_of(held: pl.DataFrame) -> list[tuple[str, str, int]]:
    """Why records stay held: (field, what is wrong, records), the most frequent first."""
    reasons = held.select("_id", "_errors").explode("_errors").unnest("_errors")
    named = reasons.select(
        "_id", pl.col("field").fill_null(WHOLE_RECORD), pl.col("message").fill_null("is held")
    ).unique()
    counted = Counter(named.drop("_id").sort("field", "message").iter_rows())
    return [(name, wrong, count) for (name, wrong), count in counted.most_common(_REASONS)]


def _changes(view: FeedView, frame: pl.DataFrame, mine: pl.DataFrame) -> int:
    """How many cells are to have another value than is read from what was delivered."""
    now = [
        frame.select(
            "_id",
            pl.lit(name).alias("field"),
            write(pl.col(name), view.rules.fields[name].dtype).alias("_now"),
        )
        for name in mine["field"].drop_nulls().unique()
    ]
    both = mine.join(pl.concat(now), on=["_id", "field"])
    return both.filter(~pl.col("_new").eq_missing(pl.col("_now"))).height


def _settled(view: FeedView, reports: Reports, mine: pl.DataFrame, action: str) -> Settled:
    """The reports as settlement would leave them, with all that is decided and not taken up, and with this."""
    rules = view.rules
    standing = in_force(decisions_of(view.lake, view.feed))
    on = (
        on_held(standing, reports.held_rows, view)
        .join(reports.held.select("_at", "_id"), on="_at")
        .drop("_at")
    )
    on = on.join(mine, on=["_id", "field"], how="anti")
    on = pl.concat([on.select("_id", *DECISION_SCHEMA), _decision(mine, action)])
    is_contradicted = pl.col("rule") == CONTRADICTED
    findings = reports.findings.filter(~pl.col("rule").is_in([TAKEN, KEPT_OUT]))
    before = Unit("foreseen", reports.frame, findings, reports.proposals, is_contested=True)
    proposals = decided(before, on, standing.head(0), JUDGED_SCHEMA.to_frame().head(0), rules)
    taken = None
    if rules.grain == "entity" and mine["field"].is_in(rules.key).any():
        taken = _taken(view, reports, proposals)
    return settle(
        reports.frame,
        findings.filter(~is_contradicted),
        proposals,
        rules,
        is_contested=True,
        taken=taken,
        contradicted=findings.filter(is_contradicted),
        kept_out=kept_out(on),
    )


def _taken(view: FeedView, reports: Reports, proposals: pl.DataFrame) -> pl.Series:
    """`_id` of the records whose key, once repaired, is that of another record of their partition."""
    unit = Unit("foreseen", reports.frame, reports.findings, proposals, is_contested=True)
    renamed = repaired_identities(unit, view.rules).join(reports.frame.select("_id", PARTITION), on="_id")
    partitions = renamed[PARTITION].unique()
    every = held_records(view, pl.col(PARTITION).is_in(partitions.implode()))
    published = published_records(view, partitions, first=0)
    existing = [
        held_identities(view, every),
        *(part.select("_identity").collect().to_series() for part in published),
    ]
    own = identity_in_partition(view, pl.col("_identity"))
    return taken_ids(renamed.select("_id", own), pl.concat(existing).drop_nulls())


def _decision(mine: pl.DataFrame, action: str) -> pl.DataFrame:
    """`mine` as decisions of `action`: `_id`, and DECISION_SCHEMA."""
    given = {
        "decision": pl.lit(_NOW_BEING_MADE),
        "at": pl.lit(datetime.now(UTC)),
        "by": pl.lit(_NOW_BEING_MADE),
        "action": pl.lit(action),
        "value": pl.col("_new"),
        "shape": pl.col("repair_shape"),
        "is_seen": pl.lit(value=True),
    }
    kept = (
        "_source",
        "field",
        "original",
        "kind",
        *(("method", "version", "arm") if action != "correct" else ()),
    )
    given |= {name: pl.col(name) for name in kept}
    return mine.select(
        "_id",
        *[given.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in DECISION_SCHEMA.items()],
    )


def _examples(stated: pl.DataFrame, *, sees_personal: bool) -> list[tuple[str, str, str]]:
    rows = stated.filter(pl.struct("original", "_new").is_first_distinct()).head(EXAMPLES)
    told = []
    for row in rows.iter_rows(named=True):
        is_hidden = row["is_personal"] and not sees_personal
        texts = [
            "(nothing)" if t is None else MASK if is_hidden else shown(t)
            for t in (row["original"], row["_new"])
        ]
        told.append((shown(row["record_id"]), *texts))
    return told  # type: ignore[return-value]
