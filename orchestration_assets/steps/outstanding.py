"""What a partition still goes without, and when it is calm enough to ask for it again. Reads the lake, asks nobody."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from orchestration_assets.feed import StaticPartitions
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.landing import arrivals, in_force, store_of, summary
from sources.declaration import Source
from sources.landing import may_be_asked

_LONGEST_INTERVAL = timedelta(hours=24)
_SHORT_HASH = 12
"""A delivery as record ids name it."""


@dataclass(frozen=True)
class Asked:
    """How often a source was asked again for a partition, and when last; `since`: when it began to be missing."""

    times: int
    at: datetime
    since: str


@dataclass(frozen=True)
class Outstanding:
    """What is to be done for one partition.

    `due`: sources to be asked again, now; `missing`: all that are to be asked at some time, due or not; `unseen`:
    sources that were never asked. `contents`: a hash of what is in force and has arrived, where that is not what
    was published, else empty.
    """

    partition: str
    missing: dict[str, str]
    due: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    contents: str = ""


def outstanding(
    context: Context, asked: Mapping[str, Asked], now: datetime, first_interval: timedelta
) -> Outstanding:
    """What the partition goes without at `now`; `asked`: by source, what was done about it so far."""
    found = summary(context)
    unseen = tuple(name for name, row in found.items() if row["reason"] == "never landed")
    notes = arrivals(context)
    if len(unseen) == len(found) and not notes:
        return Outstanding(context.partition, {})
    missing = {
        name: row["since"]
        for name, row in found.items()
        if name not in {*unseen, *(source for source, _ in notes)}
        and _is_missing(row)
        and _is_recent(context, row, now)
    }
    due = tuple(
        source.source
        for source in context.sources
        if source.source in missing
        and _is_due(source, asked.get(source.source), missing[source.source], now, first_interval)
        and may_be_asked(source, store=store_of(context.lake, source.source))
    )
    return Outstanding(context.partition, missing, due, unseen, _unpublished(context, notes))


def interval(source: Source, times: int, first: timedelta) -> timedelta:
    """How long to wait after a source was asked again `times` times: twice as long each time, at most its cadence."""
    longest = _LONGEST_INTERVAL if source.cadence is None else timedelta(hours=source.cadence)
    return max(first, min(longest, first * 2 ** min(times, 20)))


def _is_missing(row: dict[str, Any]) -> bool:
    """Whether asking again may bring something: what is in force already may well be gone where it came from."""
    is_late = any(word in row["asked"] for word in ("late", "refused"))
    return row["status"] in ("absent", "late", "stale") or is_late


def _is_recent(context: Context, row: dict[str, Any], now: datetime) -> bool:
    """Whether it began to be missing within the feed's days of catching up; days are chosen by their date already."""
    if not isinstance(context.feed.partitions, StaticPartitions) or not row["since"]:
        return True
    return now - _moment(row["since"]) <= timedelta(days=context.feed.catch_up_days)


def _is_due(source: Source, asked: Asked | None, since: str, now: datetime, first: timedelta) -> bool:
    if asked is None or asked.since != since:
        return not since or now - _moment(since) >= first
    return now - asked.at >= interval(source, asked.times, first)


def _moment(since: str) -> datetime:
    return datetime.fromisoformat(since.replace(" UTC", "+00:00"))


def _unpublished(context: Context, notes: list[tuple[str, str]]) -> str:
    """A hash of what is in force and has arrived, if `trusted` was made of something else; else empty.

    With the moment of the publication, so that what could not be published is tried once, and what was is not again.
    """
    force = sorted({(source.source, row["content_hash"][:_SHORT_HASH]) for source, row in in_force(context)})
    published, moment = _published(context)
    if not notes and force == published:
        return ""
    return hashlib.sha256(json.dumps([force, notes, moment]).encode()).hexdigest()[:16]


def _published(context: Context) -> tuple[list[tuple[str, str]], int]:
    """The deliveries that `trusted` was made of, as the last publication left them, and when, in nanoseconds."""
    path = context.work / "trusted.json"
    if not path.exists():
        return [], 0
    deliveries = json.loads(path.read_text()).get("deliveries", [])
    return sorted({(source, delivery) for source, delivery in deliveries}), path.stat().st_mtime_ns
