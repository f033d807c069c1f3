"""Decisions about one record by its id: what stood there, what was proposed, and whom the decision follows."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from orchestration_assets.decisions.ledger import Action, Decision, subject_of
from orchestration_assets.errors import NotFoundError
from orchestration_assets.lake import PARTITION, Lake
from validators.rules import RuleSet

HELD = ("review", "quarantine")
_PARTS = 4


@dataclass(frozen=True)
class RecordId:
    """Where a record stands: the four parts of its id."""

    source: str
    partition: str
    delivery: str
    row: int

    @classmethod
    def parse(cls, text: str) -> "RecordId":
        """SOURCE:PARTITION:DELIVERY:ROW; raises `NotFoundError`."""
        parts = text.split(":")
        if len(parts) != _PARTS or not all(parts) or not parts[3].isdecimal():
            raise NotFoundError(
                f"'{text}' is no record id\nHint: SOURCE:PARTITION:DELIVERY:ROW, as `breakwater review` lists them"
            )
        return cls(parts[0], parts[1], parts[2], int(parts[3]))

    def __str__(self) -> str:
        return f"{self.source}:{self.partition}:{self.delivery}:{self.row}"

    def rows(self, lake: Lake, table: str) -> pl.DataFrame:
        """The rows of `table` that are about the record."""
        if not lake.exists(table):
            return pl.DataFrame()
        mine = {
            PARTITION: self.partition,
            "_source": self.source,
            "_delivery": self.delivery,
            "_row": self.row,
        }
        return lake.scan(table).filter(*[pl.col(name) == value for name, value in mine.items()]).collect()


def decision_on(  # noqa: PLR0913 - what a person says of a cell: every one a keyword
    lake: Lake,
    feed: str,
    rules: RuleSet,
    record: RecordId,
    *,
    by: str,
    action: Action,
    field: str | None = None,
    value: str | None = None,
    why: str | None = None,
    replaces: str | None = None,
) -> Decision:
    """A decision about a held record; raises `NotFoundError` if it is not held, or has no such proposal.

    To accept or to reject is about the proposal of `value`, without one about the first that waits.
    """
    texts = next((row for t in HELD for row in record.rows(lake, f"{feed}/{t}").to_dicts()), None)
    if texts is None:
        raise NotFoundError(
            f"{record} is neither in review nor in quarantine\nHint: `breakwater explain {record}` says where it is"
        )
    if field is not None and field not in rules.fields:
        raise NotFoundError(f"{feed} has no field '{field}'\nHint: {', '.join(rules.fields)}")
    key, originals = subject_of(texts, rules)
    proposal = _proposal(record.rows(lake, f"{feed}/repairs"), record, action, field, value)
    return Decision(
        by=by,
        action=action,
        partition=record.partition,
        source=record.source,
        delivery=record.delivery,
        row=record.row,
        key=key,
        originals=originals,
        field=field,
        value=proposal.get("repaired") if proposal else value,
        original=texts[field] if field else None,
        method=proposal.get("method"),
        version=proposal.get("version"),
        arm=proposal.get("arm"),
        shape=proposal.get("shape"),
        kind=next((e["kind"] for e in texts["_errors"] or () if e["field"] == field), None),
        why=why,
        replaces=replaces,
    )


def _proposal(
    repairs: pl.DataFrame, record: RecordId, action: Action, field: str | None, value: str | None
) -> dict[str, Any]:
    """The proposal that a decision is about, empty where it is about none."""
    if field is None or action not in ("accept", "reject"):
        return {}
    proposed = [] if repairs.is_empty() else repairs.filter(pl.col("field") == field).to_dicts()
    wanted = [p for p in proposed if value is None or p["repaired"] == value]
    waiting = [p for p in wanted if p["status"] == "suggested"] or wanted
    if not waiting:
        hint = ", ".join(sorted({str(p["repaired"]) for p in proposed})) or "state a value of your own"
        raise NotFoundError(f"{record}: no such proposal for {field}\nHint: {hint}")
    return waiting[0]
