"""Landing the sources of a feed side by side, each under its own deadline, and noting which deliveries are in force.

Landing always ends: a source that delivered nothing is `absent`, and what it delivered before stays in force. What is
worthless is kept, and is never in force.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from orchestration_assets.lake import Lake, writing
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.drift import look_again
from sources.declaration import Source
from sources.delivery import Delivery
from sources.landing import land

_GRACE_SECONDS = 5.0

DELIVERY_SCHEMA = pl.Schema(
    {
        "source": pl.String(),
        "name": pl.String(),
        "content_hash": pl.String(),
        "endpoint": pl.String(),
        "path": pl.String(),
        "bytes": pl.Int64(),
        "lines": pl.Int64(),
        "fragments": pl.List(pl.Struct({"start": pl.Int64, "end": pl.Int64, "first_row": pl.Int64})),
        "columns": pl.List(pl.String),
        "extra_columns": pl.List(pl.String),
        "status": pl.String(),
        "reason": pl.String(),
        "mapping": pl.String(),
        "landed_at": pl.Datetime("us", "UTC"),
        "is_closed": pl.Boolean(),
        "is_latest": pl.Boolean(),
        "is_in_force": pl.Boolean(),
    }
)
"""One row per delivery. `status` is `landed`, `refused`, `absent`, `waiting` (its columns changed, and a
person has to say how), or `stale` (a former snapshot that stands in). `mapping`: field -> column and unit, as JSON.

`is_latest`: it is what the source handed over when it was last asked; `is_in_force`: the partition is made of it.
"""


def land_sources(
    context: Context, only: Iterable[str] | None = None, *, fragment_bytes: int | None = None
) -> dict[str, dict[str, Any]]:
    """Land each source of the feed (or `only` those named); returns counts per source."""
    wanted = [s for s in context.sources if only is None or s.source in set(only)]
    threads = [_Landing(context, source, fragment_bytes) for source in wanted]
    for thread in threads:
        thread.start()
    return {thread.source.source: _note(context, thread) for thread in threads}


def in_force(context: Context) -> list[tuple[Source, dict[str, Any]]]:
    """The deliveries that the partition is made of, in the order of the sources' preference, then by name."""
    found = []
    for source in context.sources:
        rows = context.lake.read(f"{source.source}/deliveries", context.partition)
        if rows.is_empty():
            continue
        kept = rows.filter(pl.col("is_in_force")).sort("name", "content_hash")
        found += [(source, row) for row in kept.to_dicts()]
    return found


def summary(context: Context) -> dict[str, dict[str, Any]]:
    """Per source: what is in force, and what happened last."""
    out = {}
    for source in context.sources:
        rows = context.lake.read(f"{source.source}/deliveries", context.partition)
        out[source.source] = _counts(rows) if rows.height else {"status": "absent", "reason": "never landed"}
    return out


class _Landing(threading.Thread):
    """One source, landed in a thread of its own, which is left behind if it does not end in time."""

    def __init__(self, context: Context, source: Source, fragment_bytes: int | None) -> None:
        super().__init__(name=f"land-{source.source}", daemon=True)
        self.context, self.source, self.fragment_bytes = context, source, fragment_bytes
        self.began = time.monotonic()
        self.deliveries: list[Delivery] | None = None
        self.failure: Exception | None = None
        self.seconds = 0.0

    def run(self) -> None:
        try:
            self.deliveries = self._land()
        except Exception as error:  # noqa: BLE001 - raised again by whoever waits for this thread
            self.failure = error
        self.seconds = time.monotonic() - self.began

    def _land(self) -> list[Delivery]:
        extra = {} if self.fragment_bytes is None else {"fragment_bytes": self.fragment_bytes}
        store = store_of(self.context.lake, self.source.source)
        with writing(store):
            return land(self.source, self.context.partition, store=store, root=self.context.outside, **extra)

    def wait(self) -> list[Delivery]:
        """What was delivered; after the deadline of all endpoints, that nothing was."""
        budget = self.source.deadline * len(self.source.endpoints) + _GRACE_SECONDS
        self.join(max(0.0, self.began + budget - time.monotonic()))
        if self.failure is not None:
            raise self.failure
        if self.deliveries is not None:
            return self.deliveries
        self.seconds = time.monotonic() - self.began
        absent = Delivery(
            source=self.source.source,
            partition=self.context.partition,
            status="absent",
            landed_at=datetime.now(UTC),
            reason=f"nothing was delivered within {budget:.0f} s",
        )
        return [absent]


def store_of(lake: Lake, source: str) -> Path:
    """The folder of the source's delivered files."""
    return lake.root / source / "landed"


def _note(context: Context, landing: _Landing) -> dict[str, Any]:
    store = store_of(context.lake, landing.source.source)
    delivered = look_again(context, landing.source, [_row(d) for d in landing.wait()], store)
    table = f"{landing.source.source}/deliveries"
    former = context.lake.read(table, context.partition)
    rows = _merged(former.to_dicts() if former.height else [], delivered, landing.source.delivers)
    if not any(row["is_in_force"] for row in rows) and landing.source.delivers == "snapshot":
        rows += _stand_in(context, table)
    frame = pl.DataFrame(rows, schema=DELIVERY_SCHEMA)
    context.lake.replace(table, context.partition, frame)
    return {**_counts(frame), "seconds": round(landing.seconds, 3)}


def _row(delivery: Delivery) -> dict[str, Any]:
    row = {name: value for name, value in asdict(delivery).items() if name in DELIVERY_SCHEMA}
    row["fragments"] = [dict(f) for f in row["fragments"]]
    return {
        **row,
        "columns": list(row["columns"]),
        "extra_columns": list(row["extra_columns"]),
        "is_in_force": False,
    }


def _merged(former: list[dict], delivered: list[dict], delivers: str) -> list[dict]:
    """`former` and `delivered` as one, each content once, with what is in force marked.

    A newly delivered name supersedes the former content under that name, and the same content under a former name; a
    snapshot supersedes everything.
    """
    landed = [row for row in delivered if row["status"] == "landed"]
    names, hashes = {row["name"] for row in landed}, {row["content_hash"] for row in landed}
    is_superseded: Callable[[dict], bool] = (
        (lambda _row: bool(landed))
        if delivers == "snapshot"
        else (lambda row: row["name"] in names or row["content_hash"] in hashes)
    )
    kept = [
        {**row, "is_latest": False, "is_in_force": row["is_in_force"] and not is_superseded(row)}
        for row in former
    ]
    known = {_key(row): row for row in kept if row["status"] != "stale" or not landed}
    for row in delivered:
        is_in_force = row["status"] == "landed"
        if (same := known.get(_key(row))) is not None:
            same["is_in_force"], same["is_latest"] = is_in_force, True
            same |= {
                name: row[name] for name in ("mapping", "extra_columns", "reason")
            }  # as it is declared now
        else:
            known[_key(row)] = {**row, "is_in_force": is_in_force, "is_latest": True}
    return sorted(known.values(), key=lambda row: (row["landed_at"], row["name"], row["content_hash"]))


def _key(row: dict) -> tuple[str, str, str, str]:
    return (row["status"], row["name"], row["content_hash"], "" if row["content_hash"] else row["reason"])


def _stand_in(context: Context, table: str) -> list[dict]:
    """The latest snapshot of an earlier partition, as `stale`."""
    for partition in reversed([p for p in context.lake.partitions(table) if p < context.partition]):
        rows = context.lake.read(table, partition).filter(
            pl.col("is_in_force") & (pl.col("status") == "landed")
        )
        if rows.height:
            told = {"status": "stale", "is_latest": False, "reason": f"stands in, from {partition}"}
            return [{**row, **told} for row in rows.to_dicts()]
    return []


def _counts(rows: pl.DataFrame) -> dict[str, Any]:
    kept, latest = rows.filter(pl.col("is_in_force")), rows.filter(pl.col("is_latest"))
    refused = latest.filter(pl.col("status") == "refused")
    absent = latest.filter(pl.col("status") == "absent")
    waiting = latest.filter(pl.col("status") == "waiting")
    status = "absent" if kept.is_empty() else "stale" if (kept["status"] == "stale").any() else "landed"
    return {
        "status": status,
        "deliveries": kept.height,
        "lines": int(kept["lines"].sum()),
        "bytes": int(kept["bytes"].sum()),
        "refused": refused.height,
        "reason": "; ".join(absent["reason"].to_list()),
        "refused_because": "; ".join(sorted(set(refused["reason"].to_list()))),
        "waiting": waiting.height,
        "waiting_because": "; ".join(sorted(set(waiting["reason"].to_list()))),
        "extra_columns": sorted({c for row in kept["extra_columns"].to_list() for c in row}),
        "is_closed": bool(kept["is_closed"].all()),
    }
