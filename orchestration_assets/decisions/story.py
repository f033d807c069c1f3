"""The whole story of one record, from file and line to verdict, as the lake alone tells it.

It is the same for the command line, the desk, and an auditor's page. No contract is compiled for it: what the rules were
is read from what triage handed over.
"""

import json
from pathlib import Path
from typing import Any

import polars as pl

from orchestration_assets.decisions.shown import MASK, shown
from orchestration_assets.errors import NotFoundError
from orchestration_assets.lake import PARTITION, Lake

Story = dict[str, Any]
PLACES = ("trusted", "review", "quarantine", "aside")
"""The tables of which a record that was read is in one."""
_HEAD = "_source _delivery _row _endpoint _partition _errors _warnings _repaired _verdict _reason".split()
_LONGEST, _LONGEST_LINE = 500, 100_000
_OF_DELIVERY = "name endpoint content_hash bytes lines status reason found mapping tried landed_at".split()
_OF_DECISION = (
    "decision at by why field action value original kind method version arm pattern is_seen replaces "
    "undoes_method undoes_version undoes_by"
).split()
_OF_METHOD = ("method", "version", "arm", "field")


def story_of(lake: Lake, record_id: str, *, show_personal: bool = False) -> Story:
    """Everything that the lake knows of the record; raises `NotFoundError`."""
    source, partition, delivery, row = parsed(record_id)
    landed = _delivery(lake, source, partition, delivery)
    if landed is None:
        raise NotFoundError(
            f"no delivery {delivery} of {source} in {partition}\nHint: `breakwater report` lists partitions"
        )
    feed, triaged = _triaged(lake, source, partition, delivery)
    personal = set() if show_personal else set(triaged["personal"])
    hidden = personal | {"bytes"} if personal else personal  # an unreadable line may hold anything
    verdict, record = _place(lake, feed, source, partition, delivery, row)
    if verdict is None:
        raise NotFoundError(
            f"{record_id} is not settled\nHint: is the row within the delivery's {landed['lines']} lines?"
        )
    identity = {"_source": source, "_delivery": delivery, "_row": row}
    repairs = rows_of(lake, f"{feed}/repairs", partition, identity)
    return {
        "record_id": record_id,
        "feed": feed,
        "partition": partition,
        "landed": {
            "file": landed["name"],
            "stored_as": f"{source}/landed/{landed.get('packed') or landed['path']}",
            "line": _line(landed, row),
            "endpoint": landed["endpoint"],
            "content_hash": landed["content_hash"],
            "landed_at": str(landed["landed_at"]),
        },
        "delivery": {name: landed.get(name) for name in _OF_DELIVERY},
        "mended": _mended(lake, source, partition, identity, is_hidden=bool(personal)),
        "contract": triaged.get("contract"),
        "findings": _masked(rows_of(lake, f"{feed}/findings", partition, identity), personal),
        "repairs": _masked(repairs, personal),
        "methods": _methods(lake, feed, partition, source, repairs),
        "decisions": _masked(_decisions(lake, feed, partition, identity, repairs), personal),
        "verdict": verdict,
        "reason": record.get("_reason"),
        "repaired": record.get("_repaired") or [],
        "record": {
            k: MASK if k in hidden and v is not None else v for k, v in record.items() if k not in _HEAD
        },
        "runs": runs_of(lake, feed, partition),
    }


def told(story: Story) -> str:
    """The story in words, safe to print."""
    landed = story["landed"]
    lines = [
        story["record_id"],
        f"  landed      {_safe(landed['file'])}, line {landed['line']}, from {landed['endpoint']} at {landed['landed_at'][:19]} UTC",
        f"              kept as {landed['stored_as']}",
    ]
    if (mended := story["mended"]) is not None:
        lines.append(f"  mended      {mended['method']}: {mended['evidence']} [method {mended['version']}]")
        lines.append(f"              delivered as {mended['bytes']!r}")
    lines += [f"  found       {found_in_words(finding)}" for finding in story["findings"]]
    if not story["findings"]:
        lines.append("  found       nothing wrong")
    for repair in story["repairs"]:
        value = "nothing" if repair["repaired"] is None else f"`{_safe(repair['repaired'])}`"
        by = f"{repair['method']} {repair['version']} ({_safe(repair['arm'])})"
        lines.append(f"  {repair['status']:<11} {repair['field']} → {value} by {by}")
        lines.append(f"              {sure_in_words(repair)}: {_safe(repair['evidence'])}")
    lines += [f"  decided     {decided_in_words(decision)}" for decision in story["decisions"]]
    lines.append(
        f"  verdict     {story['verdict']}" + (f": {_safe(story['reason'])}" if story["reason"] else "")
    )
    values = ", ".join(f"{k}={'None' if v is None else _safe(v)}" for k, v in story["record"].items())
    lines.append(f"  record      {values}")
    if story["runs"]:
        last = story["runs"][-1]
        lines.append(f"  run         {last['run_id']} at {last['at'][:19]} UTC")
    return "\n".join(shown(line, _LONGEST_LINE) for line in lines)


def found_in_words(finding: dict[str, Any]) -> str:
    """One finding, with the value that it is about."""
    value = "" if finding["value"] is None else f"`{_safe(finding['value'])}` "
    return f"{finding['field'] or 'the record'} is {finding['kind'].replace('_', ' ')}: {value}{finding['message']}"


def sure_in_words(repair: dict[str, Any]) -> str:
    """How sure a proposal is, and by what class of evidence."""
    sure = "never measured" if repair["confidence"] is None else f"confidence {repair['confidence']:.1%}"
    return f"{sure} [{repair['evidence_class']}]"


def decided_in_words(decision: dict[str, Any]) -> str:
    """One decision of a person."""
    what = f"{decision['action']} {decision['field'] or 'the record'}"
    if decision["undoes_method"] is not None:
        what = f"undo {decision['undoes_method']} {decision['undoes_version']}"
    if decision["action"] in ("accept", "correct"):
        what += " → nothing" if decision["value"] is None else f" → `{_safe(decision['value'])}`"
    why = f": {_safe(decision['why'])}" if decision["why"] else ""
    return f"{what} by {_safe(decision['by'])} at {decision['at']:%Y-%m-%d %H:%M:%S} UTC{why}"


def parsed(record_id: str) -> tuple[str, str, str, int]:
    """Source, partition, delivery and row of a record id; raises `NotFoundError` for what is none."""
    parts = record_id.split(":")
    if len(parts) != 4 or not all(parts) or not (parts[3].isascii() and parts[3].isdecimal()):
        raise NotFoundError(
            f"'{shown(record_id)}' is no record id\nHint: SOURCE:PARTITION:DELIVERY:ROW, for instance ledger:2026-11-01:0a1b2c3d4e5f:17"
        )
    return parts[0], parts[1], parts[2], int(parts[3])


def rows_of(lake: Lake, table: str, partition: str, identity: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of `table` about one record, without its id."""
    if not lake.exists(table):
        return []
    wanted = {PARTITION: partition, **identity}
    mine = lake.scan(table).filter(*[pl.col(k) == v for k, v in wanted.items()])
    return [{k: v for k, v in row.items() if k not in wanted} for row in mine.collect().to_dicts()]


def runs_of(lake: Lake, feed: str, partition: str) -> list[dict[str, str]]:
    """The runs that changed the partition's tables, oldest first: `run_id`, `at`, `tables`."""
    runs: dict[str, dict[str, Any]] = {}
    for table in (*PLACES, "repairs", "findings"):
        for commit in lake.history(f"{feed}/{table}", partition):
            run = runs.setdefault(
                commit.run_id, {"run_id": commit.run_id, "at": str(commit.at), "tables": []}
            )
            run["at"] = max(run["at"], str(commit.at))
            run["tables"] = [*run["tables"], table] if table not in run["tables"] else run["tables"]
    return sorted(runs.values(), key=lambda run: run["at"])


def _delivery(lake: Lake, source: str, partition: str, delivery: str) -> dict[str, Any] | None:
    rows = lake.read(f"{source}/deliveries", partition)
    found = (
        [row for row in rows.to_dicts() if row["content_hash"].startswith(delivery)] if rows.height else []
    )
    return found[0] if found else None


def _triaged(lake: Lake, source: str, partition: str, delivery: str) -> tuple[str, dict[str, Any]]:
    """The feed in whose work folder the delivery was triaged, and what its triage handed over."""
    for path in sorted(Path(lake.root).glob(f"*/_work/{partition}/triage.json")):
        handed = json.loads(path.read_text())
        if any(d["source"] == source and d["delivery"] == delivery for d in handed["deliveries"]):
            return path.parts[-4], handed
    raise NotFoundError(
        f"delivery {delivery} of {source} is in no feed's run of {partition}\nHint: it may have been superseded"
    )


def _place(
    lake: Lake, feed: str, source: str, partition: str, delivery: str, row: int
) -> tuple[str | None, dict[str, Any]]:
    identity = {"_source": source, "_delivery": delivery, "_row": row}
    for table in PLACES:
        if found := rows_of(lake, f"{feed}/{table}", partition, identity):
            return found[0].get("_verdict") or table, found[0]
    identity.pop("_source")
    if found := rows_of(lake, f"{source}/unreadable", partition, identity):
        return "unreadable", {
            "_reason": f"{found[0]['reason']}, at byte {found[0]['byte']}",
            "bytes": found[0]["bytes"],
        }
    return None, {}


def _methods(
    lake: Lake, feed: str, partition: str, source: str, repairs: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """What was measured of the methods that proposed something for the record; imputers have neither source nor shape."""
    if not repairs or not lake.exists(f"{feed}/methods"):
        return []
    asked = {
        (*(repair[name] for name in _OF_METHOD), shape)
        for repair in repairs
        for shape in ("", repair["shape"])
    }
    rows = lake.read(f"{feed}/methods", partition).with_columns(pl.col("source", "shape").fill_null(""))
    return [
        row
        for row in rows.to_dicts()
        if row["source"] in ("", source) and (*(row[name] for name in _OF_METHOD), row["shape"]) in asked
    ]


def _decisions(
    lake: Lake, feed: str, partition: str, identity: dict[str, Any], repairs: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The decisions about the record, oldest first: made on it as it is, or on a former delivery of it, and what undid them."""
    table = f"{feed}/decisions"
    if not lake.exists(table):
        return []
    followed = [row["decision"] for row in rows_of(lake, f"{feed}/judged", partition, identity)]
    is_it = pl.all_horizontal(pl.col(k) == v for k, v in {PARTITION: partition, **identity}.items())
    undone = {(repair["method"], repair["version"]) for repair in repairs}
    rows = lake.scan(table).filter(
        is_it.fill_null(value=False)
        | pl.col("decision").is_in(followed)
        | pl.col("undoes_method").is_not_null()
    )
    return [
        row
        for row in rows.select(_OF_DECISION).sort("decision").collect().to_dicts()
        if row["undoes_method"] is None or (row["undoes_method"], row["undoes_version"]) in undone
    ]


def _mended(
    lake: Lake, source: str, partition: str, identity: dict[str, Any], *, is_hidden: bool
) -> dict[str, Any] | None:
    """What the record was made of, if its line was broken; `is_hidden`: its bytes may hold anything."""
    own = {name: value for name, value in identity.items() if name != "_source"}
    found = rows_of(lake, f"{source}/mended", partition, own)
    if not found:
        return None
    return {**found[0], "bytes": MASK if is_hidden else found[0]["bytes"].decode(errors="backslashreplace")}


def _line(landed: dict[str, Any], row: int) -> int:
    """The line in the file, from 1; a CSV file has its header on the first."""
    return row + (2 if landed["path"].endswith(".csv") else 1)


def _masked(rows: list[dict[str, Any]], personal: set[str]) -> list[dict[str, Any]]:
    """`rows` with what they say of personal fields masked; also what a person wrote about one."""
    texts = ("value", "original", "repaired", "why")
    return [
        {k: MASK if k in texts and v is not None and row["field"] in personal else v for k, v in row.items()}
        for row in rows
    ]


def _safe(value: Any) -> str:
    return shown(value, _LONGEST)
