"""The effect of a decision before it is made: the records concerned, repaired so in memory and judged again.

It is settlement's own judgement, on the records that wait and on the others that speak of the same.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Literal

import polars as pl

from orchestration_assets.decisions.decided import WITHDRAWN, on_held
from orchestration_assets.decisions.ledger import decisions_of, in_force
from orchestration_assets.decisions.patterns import cells_of
from orchestration_assets.decisions.queue import EVERYTHING, Filters
from orchestration_assets.decisions.reports import Reports, reports_of
from orchestration_assets.decisions.shown import MASK, shown
from orchestration_assets.decisions.values import own_value
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.lake import PARTITION
from orchestration_assets.settlement.agreement import CONTRADICTED, TAKEN
from orchestration_assets.settlement.gate import PROPOSAL_SCHEMA
from orchestration_assets.settlement.verdicts import Settled, settle
from orchestration_assets.way import Unit, repaired_identities, taken_ids
from validators.parsing import write

Would = Literal["accept", "correct", "reject", "keep_out"]
EXAMPLES = 10
_REASONS = 8


@dataclass(frozen=True)
class Effect:
    """What a decision on `cells` cells of `records` records would bring about.

    `changes`: cells with another value than now. `trusted`, `duplicate`: records that would leave the queue so; `held`:
    those that would stay, as (field, what is wrong, records). `others`: other held records that would leave it too;
    `harmed`: trusted records that would be held. `examples`: (record id, original, new value), masked and safe to show.
    `refused`: why it cannot be decided so, empty if it can.
    """

    cells: int = 0
    records: int = 0
    changes: int = 0
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
        told = [f"{self.changes:,} of {self.cells:,} cells change", f"{self.trusted:,} of {self.records:,} records become trusted"]
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
    view: FeedView, cells: pl.DataFrame, action: Would, value: str | None = None, *, sees_personal: bool = False
) -> Effect:
    """`effect` on any `cells` of the index."""
    whole = Effect(cells=cells.height, records=cells["record_id"].n_unique())
    if cells.is_empty():
        return replace(whole, refused="nothing of it waits any more")
    if action == "keep_out":
        return replace(whole, held=[("the record", "is kept out by a person", whole.records)])
    stated = cells.with_columns(pl.col("proposal").alias("_new"))
    if action == "correct":
        written, mistake = own_value(cells["field"][0] or "", value, view.rules)
        if mistake:
            return replace(whole, refused=mistake)
        stated = cells.with_columns(pl.lit(written, pl.String).alias("_new"))
    elif cells["method"].null_count():
        return replace(whole, refused=f"nothing is proposed for {cells['method'].null_count():,} of these cells")
    done = [
        _in_partition(view, part, str(partition), is_rejected=action == "reject")
        for (partition,), part in stated.partition_by(PARTITION, as_dict=True).items()
    ]
    reasons = sum((counts for _, counts in done), Counter[tuple[str, str]]())
    return replace(
        whole,
        held=[(name, wrong, n) for (name, wrong), n in reasons.most_common(_REASONS)],
        examples=[] if action == "reject" else _examples(stated, sees_personal=sees_personal),
        **{name: sum(counts[name] for counts, _ in done) for name in ("changes", "trusted", "duplicate", "others", "harmed")},
    )


def _in_partition(
    view: FeedView, cells: pl.DataFrame, partition: str, *, is_rejected: bool
) -> tuple[dict[str, int], Counter[tuple[str, str]]]:
    """Counts of what would become of the records, and why how many stay held."""
    reports = reports_of(view, partition, cells)
    mine = cells.join(reports.ids, on="record_id").select(
        "_id", "_source", "field", "original", "method", "version", "arm", "_new"
    )
    settled = _settled(view, reports, mine, is_rejected=is_rejected)
    ids, held_ids = mine["_id"].unique(), reports.held["_id"]
    good = settled.trusted["_id"]
    aside = settled.held.filter(pl.col("_verdict") == "duplicate")["_id"]
    left = pl.concat([good, aside]).unique()
    stay = settled.held.filter(pl.col("_id").is_in(ids.implode()), pl.col("_verdict") != "duplicate")
    others = left.filter(left.is_in(held_ids.implode()) & ~left.is_in(ids.implode()))
    bad = settled.held.filter(pl.col("_verdict") != "duplicate")["_id"]
    counts = {
        "changes": 0 if is_rejected else _changes(view, reports.frame, mine),
        "trusted": good.is_in(ids.implode()).sum(),
        "duplicate": aside.is_in(ids.implode()).sum(),
        "others": others.len(),
        "harmed": bad.len() - bad.is_in(held_ids.implode()).sum(),
    }
    reasons = stay.select("_id", "_errors").explode("_errors").unnest("_errors").unique(["_id", "field", "message"])
    told = reasons.select(pl.col("field").fill_null("the record"), pl.col("message").fill_null("is held"))
    return counts, Counter(told.iter_rows())


def _changes(view: FeedView, frame: pl.DataFrame, mine: pl.DataFrame) -> int:
    """How many cells are to have another value than is read from what was delivered."""
    now = [
        frame.select("_id", pl.lit(name).alias("field"), write(pl.col(name), view.rules.fields[name].dtype).alias("_now"))
        for name in mine["field"].drop_nulls().unique()
    ]
    both = mine.join(pl.concat(now), on=["_id", "field"])
    return both.filter(~pl.col("_new").eq_missing(pl.col("_now"))).height


def _settled(view: FeedView, reports: Reports, mine: pl.DataFrame, *, is_rejected: bool) -> Settled:
    rules = view.rules
    pending = in_force(decisions_of(view.lake, view.feed)).filter(pl.col("action").is_in(["accept", "correct"]))
    decided = on_held(pending, reports.held_rows, view).drop_nulls("field")
    decided = decided.join(reports.held.select("_at", "_id", "_source"), on="_at")
    proposals = reports.proposals.filter(~pl.col("status").is_in(WITHDRAWN))
    same = ["_id", "field", "method", "version", "arm"]
    stated = [_stated(decided.rename({"value": "_new"}).join(mine, on=["_id", "field"], how="anti"))]
    if is_rejected:
        proposals = proposals.join(mine, on=same, how="anti", maintain_order="left")
    else:
        stated.append(_stated(mine))
    proposals = pl.concat([*stated, proposals])
    is_contradicted = pl.col("rule") == CONTRADICTED
    findings = reports.findings.filter(pl.col("rule") != TAKEN)
    unit = Unit("foreseen", reports.frame, findings, proposals, is_contested=True)
    taken = None
    if rules.grain == "entity" and mine["field"].is_in(rules.key).any():
        taken = taken_ids(repaired_identities(unit, rules), reports.identities(view))
    return settle(
        reports.frame,
        findings.filter(~is_contradicted),
        proposals,
        rules,
        is_contested=True,
        taken=taken,
        contradicted=findings.filter(is_contradicted),
    )


def _stated(cells: pl.DataFrame) -> pl.DataFrame:
    """`cells` (`_id`, `_source`, `field`, `_new`) as what a person stated, in force before anything that methods propose."""
    return cells.select(
        pl.col(name).cast(dtype) if name in ("_id", "_source", "field") else _OF_A_PERSON.get(name, pl.lit(None, dtype)).cast(dtype).alias(name)
        for name, dtype in PROPOSAL_SCHEMA.items()
    )


_OF_A_PERSON = {
    "repaired": pl.col("_new"),
    "method": pl.lit("label"),
    "version": pl.lit("1"),
    "arm": pl.lit("a person"),
    "status": pl.lit("applied"),
    "decided_by": pl.lit("label"),
}


def _examples(stated: pl.DataFrame, *, sees_personal: bool) -> list[tuple[str, str, str]]:
    rows = stated.filter(pl.struct("original", "_new").is_first_distinct()).head(EXAMPLES)
    told = []
    for row in rows.iter_rows(named=True):
        is_hidden = row["is_personal"] and not sees_personal
        texts = ["(nothing)" if t is None else MASK if is_hidden else shown(t) for t in (row["original"], row["_new"])]
        told.append((shown(row["record_id"]), *texts))
    return told  # type: ignore[return-value]
