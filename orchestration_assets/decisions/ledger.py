"""The ledger of what people decided: `<feed>/decisions`, one row per decision, append only.

A decision is about one field of one record, or about the record as a whole; it follows the record into later
deliveries, where its source, its key and all its delivered texts are the same. Nothing is decided twice: who did not
see the last decision on the same is refused, and told of it.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import polars as pl

from orchestration_assets.decisions.values import own_value
from orchestration_assets.errors import LakeError
from orchestration_assets.lake import PARTITION, Lake
from validators.rules import RuleSet

TABLE = "decisions"
Action = Literal["accept", "correct", "reject", "leave", "undo"]

_COLUMNS: dict[str, Any] = {
    "decision": pl.String,
    "at": pl.Datetime("us", "UTC"),
    "by": pl.String,
    "why": pl.String,
    "_partition": pl.String,
    "_source": pl.String,
    "_delivery": pl.String,
    "_row": pl.Int64,
    "key": pl.String,
    "originals": pl.String,
    "field": pl.String,
    "action": pl.String,
    "value": pl.String,
    "original": pl.String,
    "method": pl.String,
    "version": pl.String,
    "arm": pl.String,
    "shape": pl.String,
    "kind": pl.String,
    "pattern": pl.String,
    "is_seen": pl.Boolean,
    "replaces": pl.String,
    "undoes_method": pl.String,
    "undoes_version": pl.String,
    "undoes_by": pl.String,
}
DECISION_SCHEMA = pl.Schema(_COLUMNS)
"""One row per decision. `_partition` is null where an undo concerns the whole feed. `value` stands after `accept` and
`correct`; after `reject` it is what was found wrong. `pattern` is shared by the rows of one decision on a group; of these,
`is_seen` marks the records that the person had before their eyes: only they are evidence."""

NOBODY = ("gate", "judged", "label")
"""`decided_by` of repairs that no decision is about: by what was measured, by what people judged of the method, by a file of labels."""
_WAIT_SECONDS = 30.0
_TRIES = 20
SEPARATOR = "\x1f"
"""Between the parts of a key: no source writes it."""
_UNDO_SCOPES = ("undoes_method", "undoes_by", "source", "replaces")


@dataclass(frozen=True)
class Decision:
    """What a person decided, before it stands in the ledger; the columns of DECISION_SCHEMA, which say what they mean.

    `partition`, `source`, `delivery`, `row` name the record as it stood; `key` and `originals` (`subject_of`) let the
    decision follow it. `field` None: the whole record. `replaces`: the last decision on the same that the person saw.
    """

    by: str
    action: Action
    partition: str | None = None
    source: str | None = None
    delivery: str | None = None
    row: int | None = None
    key: str | None = None
    originals: str | None = None
    field: str | None = None
    value: str | None = None
    original: str | None = None
    method: str | None = None
    version: str | None = None
    arm: str | None = None
    shape: str | None = None
    kind: str | None = None
    why: str | None = None
    pattern: str | None = None
    is_seen: bool = True
    replaces: str | None = None
    undoes_method: str | None = None
    undoes_version: str | None = None
    undoes_by: str | None = None


@dataclass(frozen=True)
class Refused:
    """A decision that was not written: why, in words, and the decision (a row) that was there first, if that is why."""

    decision: Decision
    reason: str
    last: dict[str, Any] | None = None


def subject_of(texts: Mapping[str, str | None], rules: RuleSet) -> tuple[str | None, str]:
    """`key` and `originals` of a record, from its texts as delivered, by field; the key is None where a part of it is."""
    told = [texts.get(name) or None for name in rules.fields]
    parts = [texts.get(name) for name in rules.key]
    key = SEPARATOR.join(part for part in parts if part) if all(parts) else None
    named = json.dumps(dict(zip(rules.fields, told, strict=True)), sort_keys=True)
    return key, hashlib.sha256(named.encode()).hexdigest()[:20]


def subject() -> pl.Expr:
    """What a row of decisions is about: the same wherever the same record is delivered again."""
    ids = [
        pl.col(name).cast(pl.String).fill_null("") for name in ("_partition", "_source", "_delivery", "_row")
    ]
    same = pl.concat_str("_source", "key", "originals", separator=SEPARATOR)
    return pl.coalesce(same, pl.concat_str(ids, separator=SEPARATOR))


def decide(
    lake: Lake, feed: str, decisions: Sequence[Decision], rules: RuleSet | None = None
) -> list[Refused]:
    """Append `decisions` to the feed's ledger, all of them in one commit; returns those that were refused.

    Refused is who did not see the last decision on the same, a decision that lacks what it needs, and, where the
    contract's `rules` are given, an own value that breaks one of its field's. Raises `LakeError`, `LockedError`.
    """
    table = f"{feed}/{TABLE}"
    given, refused = _checked(decisions, rules)
    holder = f"process {os.getpid()}"
    with lake.alone(
        f"_decisions--{feed}", f"the decisions of {feed}", wait_seconds=_WAIT_SECONDS, holder=holder
    ):
        for _ in range(_TRIES):  # the lock is this machine's; of several machines one is first
            version = lake.version(table)
            rows, late = as_written(given, decisions_of(lake, feed))
            parts = rows.partition_by(PARTITION, as_dict=True, include_key=False)
            schema = pl.Schema({k: v for k, v in DECISION_SCHEMA.items() if k != PARTITION})
            named = {str(key[0]) if key[0] is not None else None: part for key, part in parts.items()}
            if not named or lake.append(table, named, schema, read_at=version):
                return refused + late
    raise LakeError(f"{table}: others write to it all the time\nHint: decide again")


def decisions_of(lake: Lake, feed: str, partition: str | None = None) -> pl.DataFrame:
    """All rows of the ledger as DECISION_SCHEMA, oldest first; of a partition also those that concern the whole feed."""
    table = f"{feed}/{TABLE}"
    if not lake.exists(table):
        return DECISION_SCHEMA.to_frame()
    rows = lake.scan(table)
    if partition is not None:
        rows = rows.filter((pl.col(PARTITION) == partition) | pl.col(PARTITION).is_null())
    return rows.select(pl.col(k).cast(v) for k, v in DECISION_SCHEMA.items()).sort("decision").collect()


def in_force(rows: pl.DataFrame) -> pl.DataFrame:
    """The last decision on each (record, field) that is not undone, oldest first; no row of action `undo`.

    A decision on the whole record and those on its fields stand beside each other.
    """
    standing = standing_of(rows).with_columns(subject().alias("_subject"))
    return standing.unique(["_subject", "field"], keep="last", maintain_order=True).drop("_subject")


def standing_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Of `rows` the decisions that are not undone, those that others took the place of among them, oldest first."""
    made = rows.filter(pl.col("action") != "undo").sort("decision").with_columns(subject().alias("_subject"))
    for undo in undoing(rows).with_columns(subject().alias("_subject")).iter_rows(named=True):
        made = made.filter(~(is_covered(undo) & (pl.col("decision") < undo["decision"])))
    return made.drop("_subject")


def undoing(rows: pl.DataFrame) -> pl.DataFrame:
    """The undo rows that were not taken back, oldest first; those that only take another back are left out."""
    undos = rows.filter(pl.col("action") == "undo").sort("decision")
    gone: set[str] = set()
    for row in undos.reverse().iter_rows(named=True):
        if row["replaces"] is not None and row["decision"] not in gone:
            gone.add(row["replaces"])
    return undos.filter(pl.col("replaces").is_null(), ~pl.col("decision").is_in(list(gone)))


def is_covered(undo: Mapping[str, Any]) -> pl.Expr:
    """Whether a decision (with its `subject` as `_subject`) is one of those that `undo` takes out of force."""
    if undo["undoes_by"] is not None:
        return pl.col("by") == undo["undoes_by"]
    if undo["undoes_method"] is not None:
        is_version = pl.col("version").eq_missing(pl.lit(undo["undoes_version"], pl.String))
        return (pl.col("action") == "accept") & (pl.col("method") == undo["undoes_method"]) & is_version
    is_same = pl.col("_subject") == undo["_subject"]
    return is_same if undo["field"] is None else is_same & (pl.col("field") == undo["field"])


def _checked(decisions: Sequence[Decision], rules: RuleSet | None) -> tuple[list[Decision], list[Refused]]:
    """The decisions that have what they need, own values as the contract writes them, and those that have not."""
    given, refused = [], []
    for decision in decisions:
        mistake = _mistake(decision)
        if not mistake and rules is not None and decision.action == "correct":
            value, mistake = own_value(decision.field or "", decision.value, rules)
            decision = replace(decision, value=value)  # noqa: PLW2901 - the same decision, its value written alike
        if mistake:
            refused.append(Refused(decision, mistake))
        else:
            given.append(decision)
    return given, refused


def _mistake(decision: Decision) -> str:
    """What a decision lacks, in words; empty if nothing."""
    if not decision.by.strip():
        return "it does not say who decided"
    if decision.by in NOBODY:
        return f"'{decision.by}' is no person"
    if decision.action == "undo":
        is_scoped = any(getattr(decision, name) is not None for name in _UNDO_SCOPES)
        return (
            "" if is_scoped else "an undo names a method, a record, a person, or the undo that it takes back"
        )
    if None in (decision.partition, decision.source, decision.delivery, decision.row):
        return "it names no record"
    if decision.field is None and decision.action in ("accept", "correct"):
        return f"to {decision.action} is about one field"
    return ""


def as_written(given: Sequence[Decision], before: pl.DataFrame) -> tuple[pl.DataFrame, list[Refused]]:
    """`given` as rows behind those of `before`, as DECISION_SCHEMA; apart those that did not see the last one on the same."""
    now = datetime.now(UTC)
    if before.height:  # the clock may have gone back, or be another machine's
        now = max(now, before["at"].to_list()[-1] + timedelta(microseconds=1))
    ordinals = range(len(given))
    rows = _as_rows(given, [f"{now:%Y%m%dT%H%M%S%f}-{i:06d}" for i in ordinals], now)
    keyed = rows.with_columns(subject().alias("_subject")).with_row_index("_at")
    known = standing_of(before).with_columns(subject().alias("_subject"))
    known = known.filter(pl.col("_subject").is_in(keyed["_subject"].unique().implode()))
    by_subject = {s: part.to_dicts() for (s,), part in known.partition_by("_subject", as_dict=True).items()}
    kept, refused = [], []
    for row in keyed.iter_rows(named=True):
        others = by_subject.setdefault(row["_subject"], [])
        unseen = [o for o in others if o["decision"] > (row["replaces"] or "") and _concerns(o, row)]
        if row["action"] != "undo" and unseen:
            last = {k: unseen[-1][k] for k in DECISION_SCHEMA}
            told = f"{last['by']} decided it at {last['at']:%Y-%m-%d %H:%M:%S} UTC ({last['action']})"
            refused.append(Refused(given[row["_at"]], told, last))
            continue
        kept.append(row["_at"])
        if row["action"] != "undo":
            others.append(row)
    return rows[kept], refused


def _concerns(other: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether who makes the decision `row` must have seen `other`, which is about the same record.

    One's own decision on a field need not be seen to decide on the record, nor the other way round.
    """
    if other["field"] == row["field"]:
        return True
    is_across = other["field"] is None or row["field"] is None
    return bool(is_across and other["by"] != row["by"] and other["action"] != "leave")


def _as_rows(given: Sequence[Decision], ids: list[str], at: datetime) -> pl.DataFrame:
    own = {"partition": "_partition", "source": "_source", "delivery": "_delivery", "row": "_row"}
    names = {f.name: own.get(f.name, f.name) for f in fields(Decision)}
    rows = [
        {"decision": i, "at": at, **{names[k]: v for k, v in asdict(one).items()}}
        for i, one in zip(ids, given, strict=True)
    ]
    return pl.DataFrame(rows, schema=DECISION_SCHEMA)
