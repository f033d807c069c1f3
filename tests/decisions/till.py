"""A small lake written by hand: sales of two tills, some of which wait for a person."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from orchestration_assets.decisions.ledger import Decision, decide
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.feed import DailyPartitions, Declared, Desk, Feed
from orchestration_assets.lake import Lake
from validators.contract import Contract, field
from validators.judgement import FINDING_SCHEMA, REASON
from validators.parsing import Notation
from validators.rules import RuleSet, compile_contract

DAY, NEXT_DAY = "2026-11-01", "2026-11-02"
LANDED = datetime(2026, 11, 2, 6, tzinfo=UTC)
DELIVERY = "d" * 12
TEXT = pl.String()
HEAD = {"_source": TEXT, "_delivery": TEXT, "_row": pl.Int64()}


class Sale(Contract):
    """One row per sale."""

    number: str = field(key=True, str_matches="^N[0-9]+$")
    price: float = field(gt=0, lt=1_000_000, translate="money", max_error=0.1)
    city: str = field(isin=["Bern", "Rome"], impute="mode:email")
    email: str = field(personal=True, nullable=True)


SALES: RuleSet = compile_contract(Sale)
RULES = {(rule.field, rule.name): rule for rule in SALES.rules}
NOTATIONS = {"till": {"price": Notation(decimal=",")}, "stall": {}}


def view_on(folder: Path, **desk: Any) -> FeedView:
    """The feed `sales` of a lake below `folder`."""
    feed = Feed(
        feed="sales",
        contract="tests.decisions.till:Sale",
        owner="team:sales",
        partitions=DailyPartitions(kind="daily", start=date(2026, 1, 1)),
        desk=Desk(**({"value": "price", "within_hours": 24} | desk)),
    )
    return FeedView(Lake(folder), Declared(feed, ()), SALES, NOTATIONS)


def reason(name: str | None, kind: str = "malformed", message: str = "is not read") -> dict[str, Any]:
    """One thing wrong with a field."""
    rule = "notation" if kind == "malformed" else "isin"
    told = {"field": name, "kind": kind, "rule": rule, "message": message, "rule_fingerprint": "f1"}
    return {**told, "value": None}


def sale(row: int, *wrong: dict[str, Any], source: str = "till", **texts: str | None) -> dict[str, Any]:
    """One held sale; what is not given is plain and good."""
    given = {"number": f"N{row}", "price": "10,00", "city": "Bern", "email": f"ann{row}@example.org"} | texts
    errors = [{**one, "value": given.get(one["field"] or "")} for one in wrong]
    head = {"_source": source, "_delivery": DELIVERY, "_row": row, "_endpoint": "files:0"}
    return {**head, **given, "_errors": errors, "_warnings": []}


def proposal(row: int, name: str, repaired: str | None, **more: Any) -> dict[str, Any]:
    """One suggestion for a cell of a sale."""
    given = {
        "_source": "till", "_delivery": DELIVERY, "_row": row, "field": name, "original": None, "repaired": repaired,
        "method": "money", "version": "1", "arm": "comma", "shape": "9.99", "confidence": 0.9, "evidence_class": "masked",
        "evidence": "right in 9 of 10 masked cases", "status": "suggested", "decided_by": "gate",
    }  # fmt: skip
    return given | more


def put(
    view: FeedView,
    review: list[dict[str, Any]] | None = None,
    quarantine: list[dict[str, Any]] | None = None,
    repairs: list[dict[str, Any]] | None = None,
    *,
    day: str = DAY,
) -> None:
    """Let the day's tables hold these rows, delivered at LANDED."""
    reasons = pl.List(REASON)
    held = {
        **HEAD,
        "_endpoint": TEXT,
        **dict.fromkeys(SALES.fields, TEXT),
        "_errors": reasons,
        "_warnings": reasons,
    }
    view.lake.replace("sales/review", day, pl.DataFrame(review or [], schema=held))
    view.lake.replace("sales/quarantine", day, pl.DataFrame(quarantine or [], schema=held))
    texts = dict.fromkeys("field original repaired method version arm shape".split(), TEXT)
    more = dict.fromkeys("evidence_class evidence status decided_by".split(), TEXT)
    proposed = {**HEAD, **texts, "confidence": pl.Float64(), **more}
    view.lake.replace("sales/repairs", day, pl.DataFrame(repairs or [], schema=proposed))
    found = {**HEAD, **{k: v for k, v in FINDING_SCHEMA.items() if not k.startswith("_")}}
    rows = [
        {**{k: row[k] for k in HEAD}, **error, "severity": "error"}
        for row in [*(review or []), *(quarantine or [])]
        for error in row["_errors"]
    ]
    view.lake.replace("sales/findings", day, pl.DataFrame(rows, schema=found))
    for source in ("till", "stall"):
        landed = {"content_hash": DELIVERY + "0" * 52, "landed_at": LANDED, "lines": 1000, "status": "landed"}
        place = {"name": "a.csv", "endpoint": "files:0", "path": f"{day}/a.csv", "bytes": 9}
        view.lake.replace(f"{source}/deliveries", day, pl.DataFrame([{**place, **landed}]))


def trust(view: FeedView, rows: list[dict[str, Any]], *, day: str = DAY) -> None:
    """Let the day's trusted sales be these."""
    schema = {**HEAD, "_endpoint": TEXT, **SALES.schema, "_repaired": pl.List(pl.String)}
    plain = {"_source": "stall", "_delivery": DELIVERY, "_endpoint": "files:0"}
    view.lake.replace("sales/trusted", day, pl.DataFrame([plain | row for row in rows], schema=schema))


def settled(view: FeedView, last: str, *, day: str = DAY) -> None:
    """Let the day's settlement have known of all decisions up to `last`."""
    path = view.lake.work("sales", day) / "settled.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"people": {"last": last}}))


def story_parts(view: FeedView, day: str = DAY) -> None:
    """Let triage have handed over what a story tells of it."""
    deliveries = [{"source": source, "delivery": DELIVERY} for source in ("till", "stall")]
    handed = {"deliveries": deliveries, "personal": SALES.personal, "contract": SALES.told()}
    path = view.lake.work("sales", day) / "triage.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(handed))


def decided(view: FeedView, row: int, name: str | None, action: str, by: str = "ann", **more: Any) -> None:
    """Let somebody decide about a sale of the till."""
    place = {"partition": DAY, "source": "till", "delivery": DELIVERY, "row": row} | more
    assert decide(view.lake, "sales", [Decision(by=by, action=action, field=name, **place)]) == []
