"""The rows of `<source>/deliveries`: which are in force after something was delivered, and what they say of the source.

Pure, on rows as mappings. A row without content says what is so now, that nothing came (`absent`, `late`), and since when.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl

from sources.delivery import is_of_a_stream

Row = dict[str, Any]

STALE = "stale:"
"""Before the label of the endpoint that served what now stands in."""


def merged(former: list[Row], delivered: list[Row], delivers: str) -> list[Row]:
    """`former` and `delivered` as one, each content once, with what is in force marked; without what stood in.

    A newly delivered name supersedes the former content under that name, and the same content under a former name; a
    snapshot supersedes everything, and a batch of a stream only the very same one. Of content that is known already,
    who served it first and when it landed stay.
    """
    is_superseded = _superseded_by([row for row in delivered if row["status"] == "landed"], delivers)
    kept = [
        {**row, "is_latest": False, "is_in_force": row["is_in_force"] and not is_superseded(row)}
        for row in former
        if row["content_hash"] and row["status"] != "stale"
    ]
    known = {_key(row): row for row in kept}
    for row in delivered:
        has_content = row["content_hash"] or row["name"]
        same = known.get(_key(row), row) if has_content else _silent_since(former, row)
        first = {name: same[name] for name in ("endpoint", "landed_at")}
        if same["endpoint"] != row["endpoint"]:
            first["position"] = same["position"]  # another endpoint's goes on in words of its own
        known[_key(row)] = {**row, **first, "is_in_force": row["status"] == "landed", "is_latest": True}
    return sorted(known.values(), key=lambda row: (row["landed_at"], row["name"], row["content_hash"]))


def _superseded_by(landed: list[Row], delivers: str) -> Callable[[Row], bool]:
    if delivers == "snapshot":
        return lambda _row: bool(landed)
    files = [row for row in landed if not is_of_a_stream(row["endpoint"])]
    names, hashes = {row["name"] for row in files}, {row["content_hash"] for row in files}
    batches = {_key(row) for row in landed if is_of_a_stream(row["endpoint"])}

    def is_superseded(row: Row) -> bool:
        if is_of_a_stream(row["endpoint"]):
            return _key(row) in batches
        return row["name"] in names or row["content_hash"] in hashes

    return is_superseded


def _key(row: Row) -> tuple[str, str, str]:
    """What a row is known by; all that says that nothing came is one."""
    is_silent_row = not (row["content_hash"] or row["name"])
    return ("", "", "") if is_silent_row else (row["status"], row["name"], row["content_hash"])


def _silent_since(former: list[Row], row: Row) -> Row:
    """The former row that says that nothing came, if there is one, with its moment; else `row`."""
    silent = [other for other in former if not (other["content_hash"] or other["name"])]
    return {**row, "landed_at": min(other["landed_at"] for other in [*silent, row])}


def is_silent(rows: list[Row], status: str) -> bool:
    """Whether the rows say that nothing came, with this status."""
    return any(row["status"] == status and not row["content_hash"] for row in rows)


def standing_in(rows: list[Row], partition: str) -> list[Row]:
    """The rows of a former partition's snapshot, as they stand in for one that did not come."""
    told = {
        "status": "stale",
        "is_latest": False,
        "is_in_force": True,
        "reason": f"stands in, from {partition}",
    }
    return [{**row, **told, "endpoint": STALE + row["endpoint"]} for row in rows]


def too_old(rows: list[Row], reason: str) -> list[Row]:
    """`rows`, in which what was tried last ends with a stand-in that was too old."""
    tried = {"endpoint": STALE.rstrip(":"), "reason": reason, "attempts": 0}
    return [
        {**row, "tried": [t for t in row["tried"] if t["endpoint"] != tried["endpoint"]] + [tried]}
        if row["is_latest"]
        else row
        for row in rows
    ]


def counts(rows: pl.DataFrame) -> dict[str, Any]:
    """What the rows say of the source: its status, how much is in force, and what was amiss when it was last asked."""
    kept, latest = rows.filter(pl.col("is_in_force")), rows.filter(pl.col("is_latest"))
    refused = latest.filter(pl.col("status") == "refused")
    silent = latest.filter(pl.col("status").is_in(["absent", "late"]))
    stale = kept.filter(pl.col("status") == "stale")
    waiting = latest.filter(pl.col("status") == "waiting")
    amiss = pl.concat([silent, refused, waiting])
    return {
        "status": _status(kept, latest),
        "asked": sorted(set(latest["status"].to_list())),
        "deliveries": kept.height,
        "lines": int(kept["lines"].sum()),
        "stale_lines": int(stale["lines"].sum()),
        "bytes": int(kept["bytes"].sum()),
        "refused": refused.height,
        "reason": "; ".join(silent["reason"].to_list()),
        "refused_because": "; ".join(sorted(set(refused["reason"].to_list()))),
        "waiting": waiting.height,
        "waiting_because": "; ".join(sorted(set(waiting["reason"].to_list()))),
        "stands_in": "; ".join(sorted(set(stale["reason"].to_list()))),
        "since": _moment(amiss["landed_at"].min() if amiss.height else None),
        "endpoints": sorted(set(kept["endpoint"].to_list())),
        "tried": [] if latest.is_empty() else (latest["tried"].to_list()[-1] or []),
        "extra_columns": sorted({c for row in kept["extra_columns"].to_list() for c in row}),
        "is_closed": bool(kept["is_closed"].all()),
    }


def _status(kept: pl.DataFrame, latest: pl.DataFrame) -> str:
    """What is in force, or why nothing that the source delivered for this partition is."""
    if (kept["status"] == "landed").any():
        return "landed"
    last = set(latest["status"].to_list())
    for status in ("late", "waiting"):
        if status in last:
            return status
    return "stale" if kept.height else "absent"


def _moment(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if isinstance(moment, datetime) else ""
