"""`breakwater explain RECORD_ID`: the whole story of one record, from file and line to verdict."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestration_assets.lake import Lake
    from orchestration_assets.settings import Settings

_HEAD = "_source _delivery _row _endpoint _partition _errors _warnings _repaired _verdict _reason".split()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the subcommand."""
    parser.add_argument("record_id", help="SOURCE:PARTITION:DELIVERY:ROW, as the tables have it")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--show-personal", action="store_true", help="show the values of personal fields")


def run(options: argparse.Namespace) -> int:
    """0, or 1 if there is no such record."""
    from orchestration_assets.settings import settings

    story = story_of(settings(), options.record_id, show_personal=options.show_personal)
    print(json.dumps(story, indent=1, default=str) if options.json else told(story))
    return 0


def story_of(found: "Settings", record_id: str, *, show_personal: bool = False) -> dict[str, Any]:
    """Everything that the lake knows of the record; raises `NotFoundError`."""
    from orchestration_assets.errors import NotFoundError
    from orchestration_assets.lake import Lake

    source, partition, delivery, row = _parse(record_id)
    lake = Lake(found.lake)
    landed = _delivery(lake, source, partition, delivery)
    if landed is None:
        raise NotFoundError(
            f"no delivery {delivery} of {source} in {partition}\nHint: `breakwater report` lists partitions"
        )
    feed = _feed_of(lake, source, partition, delivery)
    personal = set() if show_personal else _personal(lake, feed, partition)
    hidden = personal | {"bytes"} if personal else personal  # an unreadable line may hold anything
    verdict, record = _place(lake, feed, source, partition, delivery, row)
    if verdict is None:
        raise NotFoundError(
            f"{record_id} is not settled\nHint: is the row within the delivery's {landed['lines']} lines?"
        )
    identity = {"_source": source, "_delivery": delivery, "_row": row}
    return {
        "record_id": record_id,
        "feed": feed,
        "landed": {
            "file": landed["name"],
            "stored_as": f"{source}/landed/{landed.get('packed') or landed['path']}",
            "line": _line(landed, row),
            "endpoint": landed["endpoint"],
            "content_hash": landed["content_hash"],
            "landed_at": str(landed["landed_at"]),
        },
        "mended": _mended(lake, source, partition, identity, is_hidden=bool(personal)),
        "findings": _masked(_rows(lake, f"{feed}/findings", partition, identity), personal),
        "repairs": _masked(_rows(lake, f"{feed}/repairs", partition, identity), personal),
        "verdict": verdict,
        "reason": record.get("_reason"),
        "repaired": record.get("_repaired") or [],
        "record": {
            k: "•••" if k in hidden and v is not None else v for k, v in record.items() if k not in _HEAD
        },
    }


def told(story: dict[str, Any]) -> str:
    """The story in words."""
    landed = story["landed"]
    lines = [
        f"{story['record_id']}",
        f"  landed      {landed['file']}, line {landed['line']}, from {landed['endpoint']} at {landed['landed_at'][:19]} UTC",
        f"              kept as {landed['stored_as']}",
    ]
    if (mended := story["mended"]) is not None:
        lines.append(f"  mended      {mended['method']}: {mended['evidence']} [method {mended['version']}]")
        lines.append(f"              delivered as {mended['bytes']!r}")
    for finding in story["findings"]:
        value = "" if finding["value"] is None else f"`{finding['value']}` "
        kind = finding["kind"].replace("_", " ")
        lines.append(f"  found       {finding['field']} is {kind}: {value}{finding['message']}")
    if not story["findings"]:
        lines.append("  found       nothing wrong")
    for repair in story["repairs"]:
        sure = "never measured" if repair["confidence"] is None else f"confidence {repair['confidence']:.1%}"
        value = "nothing" if repair["repaired"] is None else f"`{repair['repaired']}`"
        lines.append(
            f"  {repair['status']:<11} {repair['field']} → {value} by {repair['method']} {repair['version']} ({repair['arm']})"
        )
        lines.append(f"              {sure} [{repair['evidence_class']}]: {repair['evidence']}")
    lines.append(f"  verdict     {story['verdict']}" + (f": {story['reason']}" if story["reason"] else ""))
    shown = ", ".join(f"{k}={v}" for k, v in story["record"].items())
    return "\n".join([*lines, f"  record      {shown}"])


def _parse(record_id: str) -> tuple[str, str, str, int]:
    from orchestration_assets.errors import NotFoundError

    parts = record_id.split(":")
    if len(parts) != 4 or not all(parts) or not parts[3].isdecimal():
        raise NotFoundError(
            f"'{record_id}' is no record id\nHint: SOURCE:PARTITION:DELIVERY:ROW, for instance ledger:2026-11-01:0a1b2c3d4e5f:17"
        )
    return parts[0], parts[1], parts[2], int(parts[3])


def _delivery(lake: "Lake", source: str, partition: str, delivery: str) -> dict[str, Any] | None:
    rows = lake.read(f"{source}/deliveries", partition)
    found = (
        [row for row in rows.to_dicts() if row["content_hash"].startswith(delivery)] if rows.height else []
    )
    return found[0] if found else None


def _feed_of(lake: "Lake", source: str, partition: str, delivery: str) -> str:
    """The feed in whose work folder the delivery was triaged."""
    from orchestration_assets.errors import NotFoundError

    for path in sorted(Path(lake.root).glob(f"*/_work/{partition}/triage.json")):
        deliveries = json.loads(path.read_text())["deliveries"]
        if any(d["source"] == source and d["delivery"] == delivery for d in deliveries):
            return path.parts[-4]
    raise NotFoundError(
        f"delivery {delivery} of {source} is in no feed's run of {partition}\nHint: it may have been superseded"
    )


def _personal(lake: "Lake", feed: str, partition: str) -> set[str]:
    path = lake.work(feed, partition) / "triage.json"
    return set(json.loads(path.read_text())["personal"])


def _rows(lake: "Lake", table: str, partition: str, identity: dict[str, Any]) -> list[dict[str, Any]]:
    import polars as pl

    if not lake.exists(table):
        return []
    wanted = {"_partition": partition, **identity}
    mine = lake.scan(table).filter(*[pl.col(k) == v for k, v in wanted.items()])
    return [{k: v for k, v in row.items() if k not in wanted} for row in mine.collect().to_dicts()]


def _place(
    lake: "Lake", feed: str, source: str, partition: str, delivery: str, row: int
) -> tuple[str | None, dict[str, Any]]:
    identity = {"_source": source, "_delivery": delivery, "_row": row}
    for table in ("trusted", "review", "quarantine", "aside"):
        if found := _rows(lake, f"{feed}/{table}", partition, identity):
            return found[0].get("_verdict") or table, found[0]
    identity.pop("_source")
    if found := _rows(lake, f"{source}/unreadable", partition, identity):
        return "unreadable", {
            "_reason": f"{found[0]['reason']}, at byte {found[0]['byte']}",
            "bytes": found[0]["bytes"],
        }
    return None, {}


def _mended(
    lake: "Lake", source: str, partition: str, identity: dict[str, Any], *, is_hidden: bool
) -> dict[str, Any] | None:
    """What the record was made of, if its line was broken; `is_hidden`: its bytes may hold anything."""
    own = {name: value for name, value in identity.items() if name != "_source"}
    found = _rows(lake, f"{source}/mended", partition, own)
    if not found:
        return None
    return {**found[0], "bytes": "•••" if is_hidden else found[0]["bytes"].decode(errors="backslashreplace")}


def _line(landed: dict[str, Any], row: int) -> int:
    """The line in the file, from 1; a CSV file has its header on the first."""
    return row + (2 if landed["path"].endswith(".csv") else 1)


def _masked(rows: list[dict[str, Any]], personal: set[str]) -> list[dict[str, Any]]:
    return [
        {
            k: "•••"
            if row["field"] in personal and k in ("value", "original", "repaired") and v is not None
            else v
            for k, v in row.items()
        }
        for row in rows
    ]
