"""Landing the sources of a feed side by side, each under its own deadline, and noting which deliveries are in force.

Landing always ends: a source that delivered nothing is `absent`, one that is not waited for any longer `late`, and what it
delivered before stays in force. What is worthless is kept, and is never in force.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import polars as pl

from orchestration_assets.errors import BreakwaterError
from orchestration_assets.feed import partition_end
from orchestration_assets.steps.arrivals import Arrival, left, taken
from orchestration_assets.steps.asking import Landing, late_landings, store_of, wait_for, wait_to_the_end
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.deliveries import Row, counts, is_silent, merged, standing_in, too_old
from orchestration_assets.steps.doubts import cut_off_by_habit, without_former_increments
from orchestration_assets.steps.drift import look_again
from orchestration_assets.steps.positions import as_far_as_it_landed, one_increment_once, positions
from sources.declaration import Source
from sources.delivery import Delivery
from sources.errors import place_of

__all__ = [
    "DELIVERY_SCHEMA",
    "arrivals",
    "hand_over_landing",
    "in_force",
    "land_sources",
    "late_landings",
    "store_of",
    "summary",
    "take_in",
    "wait_to_the_end",
]

_LOCK_SECONDS = 60.0

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
        "packed": pl.String(),
        "found": pl.String(),
        "mapping": pl.String(),
        "status": pl.String(),
        "reason": pl.String(),
        "landed_at": pl.Datetime("us", "UTC"),
        "is_closed": pl.Boolean(),
        "position": pl.String(),
        "tried": pl.List(pl.Struct({"endpoint": pl.String, "reason": pl.String, "attempts": pl.Int64})),
        "is_latest": pl.Boolean(),
        "is_in_force": pl.Boolean(),
    }
)
"""One row per delivery. `status` is one of `sources.delivery.Status`.

`is_latest`: it is what the source handed over when it was last asked; `is_in_force`: the partition is made of it.
"""


def land_sources(
    context: Context,
    only: Iterable[str] | None = None,
    *,
    ask: Iterable[str] | None = None,
    fragment_bytes: int | None = None,
) -> dict[str, dict[str, Any]]:
    """Land each source of the feed (or `only` those named); returns counts per source.

    `ask`: those that are asked, by default all; of the others, what has arrived meanwhile is taken in.
    """
    wanted = [s for s in context.sources if only is None or s.source in set(only)]
    asked = {s.source for s in wanted} if ask is None else set(ask)
    take_in(context, wanted)
    landings = {
        s.source: Landing(context, s, since=positions(context, s), rows=_rows, fragment_bytes=fragment_bytes)
        for s in wanted
        if s.source in asked
    }
    for landing in landings.values():
        landing.start()
    wait_for(list(landings.values()), context.feed.patience)
    failures = [
        e for s in wanted if s.source in landings and (e := _note_landing(context, landings[s.source]))
    ]
    if failures:
        raise failures[0]
    seconds = {name: round(landing.seconds, 3) for name, landing in landings.items()}
    return {s.source: {**_counts(context, s), "seconds": seconds.get(s.source, 0.0)} for s in wanted}


def hand_over_landing(context: Context, counts: dict[str, dict[str, Any]]) -> None:
    """Leave for the steps that follow what became of the sources; `counts`: of those that were landed just now.

    A run that asked nobody keeps the seconds of the one that did.
    """
    seconds = max((row["seconds"] for row in counts.values()), default=0.0)
    if not seconds and (context.work / "landing.json").exists():
        seconds = context.handed_over("landing")["seconds"]
    context.hand_over("landing", {"sources": summary(context), "seconds": seconds})


def take_in(context: Context, sources: Iterable[Source] | None = None) -> bool:
    """Note what arrived while nobody held the partition; returns whether it changed what is in force.

    Called only by whoever holds the partition.
    """
    before = _contents(context)
    for source in context.sources if sources is None else sources:
        if found := left(context.lake, source.source, context.partition):
            _note(context, source, found)
    return _contents(context) != before


def arrivals(context: Context) -> list[tuple[str, str]]:
    """What arrived and is not in the table yet: source and name of its note."""
    found = [a for source in context.sources for a in left(context.lake, source.source, context.partition)]
    return sorted((arrival.source, arrival.note.name) for arrival in found if arrival.note)


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
    return {source.source: _counts(context, source) for source in context.sources}


def _counts(context: Context, source: Source) -> dict[str, Any]:
    rows = _former(context, source)
    found = counts(pl.DataFrame(rows, schema=DELIVERY_SCHEMA))
    return found if rows else {**found, "reason": "never landed"}


def _contents(context: Context) -> list[tuple[str, str]]:
    return [(source.source, row["content_hash"]) for source, row in in_force(context)]


def _note_landing(context: Context, landing: Landing) -> Exception | None:
    """Note what came of it; returns what kept it from landing, so that the other sources are noted first."""
    try:
        arrival = landing.give_up()
        earlier = left(context.lake, landing.source.source, context.partition)
        _note(context, landing.source, [*earlier, arrival])
    except Exception as failure:  # noqa: BLE001 - the caller raises it when all are noted
        return failure
    return None


def _note(context: Context, source: Source, arrived: list[Arrival]) -> None:
    """Let the table of deliveries say what the partition is made of after what `arrived`, in the order they came."""
    table = f"{source.source}/deliveries"
    with context.lake.lock(
        f"{source.source}.deliveries",
        "table",
        wait_seconds=_LOCK_SECONDS,
        holder=f"{context.feed.feed} {context.partition}",
    ):
        rows = _former(context, source)
        for arrival in sorted(arrived, key=lambda arrival: arrival.at):
            if arrival.note is not None and _is_overtaken(rows, arrival):
                continue
            rows = _after_or_refused(context, source, arrival, rows)
        rows = _with_stand_in(context, source, rows)
        context.lake.replace(table, context.partition, pl.DataFrame(rows, schema=DELIVERY_SCHEMA))
    taken(arrived)


def _after_or_refused(context: Context, source: Source, arrival: Arrival, rows: list[Row]) -> list[Row]:
    """What the rows say after the arrival; where looking through it fails, it is kept, refused, and the others go on."""
    try:
        return _after(context, source, arrival, rows)
    except BreakwaterError:
        raise
    except Exception as error:  # noqa: BLE001 - a defect in looking at one delivery
        told = {"status": "refused", "reason": f"a defect in looking through it: {place_of(error)}"}
        kept = [{**r, **told} if r["status"] in ("landed", "waiting") else r for r in arrival.rows]
        return merged(rows, kept, source.delivers)


def _after(context: Context, source: Source, arrival: Arrival, rows: list[Row]) -> list[Row]:
    """What the rows say after the arrival. Where its source has nothing new, what came before is all that there is."""
    has_nothing_new = [row.pop("has_nothing_new", False) for row in arrival.rows]
    if all(has_nothing_new) and any(row["is_in_force"] for row in rows):
        return [row for row in rows if row["content_hash"]]
    delivered = arrival.rows
    for look in LOOKS:
        delivered = look(context, source, arrival, delivered)
    return merged(rows, delivered, source.delivers)


def _former(context: Context, source: Source, partition: str | None = None) -> list[Row]:
    """The rows of a partition, by default of this one, in the columns of today: a table may be older than a column."""
    rows = context.lake.read(f"{source.source}/deliveries", partition or context.partition)
    if rows.is_empty():
        return []
    lacking = {name: kind for name, kind in DELIVERY_SCHEMA.items() if name not in rows.columns}
    filled = [pl.lit("" if kind == pl.String else None, kind).alias(name) for name, kind in lacking.items()]
    return rows.with_columns(filled).to_dicts()


def _is_overtaken(rows: list[Row], arrival: Arrival) -> bool:
    """Whether it says that nothing came, of a source that is no longer waited for: it has delivered since."""
    return is_silent(arrival.rows, "absent") and not is_silent(rows, "late")


def _rows(deliveries: list[Delivery]) -> list[Row]:
    return [_row(delivery) for delivery in deliveries]


def _row(delivery: Delivery) -> Row:
    row = {name: value for name, value in asdict(delivery).items() if name in DELIVERY_SCHEMA}
    row["fragments"] = [dict(f) for f in row["fragments"]]
    return {
        **row,
        "columns": list(row["columns"]),
        "extra_columns": list(row["extra_columns"]),
        "tried": list(row["tried"]),
        "is_in_force": False,
        "has_nothing_new": delivery.has_nothing_new,
    }


def _with_stand_in(context: Context, source: Source, rows: list[Row]) -> list[Row]:
    """`rows`, and as `stale` the latest snapshot of an earlier partition, where nothing is in force and it is young enough."""
    if source.delivers != "snapshot" or any(row["is_in_force"] for row in rows):
        return rows
    partition, former = _latest_snapshot(context, source)
    if former.is_empty():
        return rows
    hours = _age_hours(context, partition, former)
    if hours > source.max_stale:
        told = f"the snapshot of {partition} is {hours:.0f} hours old, more than {source.max_stale:g}"
        return too_old(rows, told)
    return rows + standing_in(former.to_dicts(), partition)


def _latest_snapshot(context: Context, source: Source) -> tuple[str, pl.DataFrame]:
    """The latest partition before this one for which the source delivered, and the rows of it."""
    table = f"{source.source}/deliveries"
    for partition in reversed([p for p in context.lake.partitions(table) if p < context.partition]):
        former = pl.DataFrame(_former(context, source, partition), schema=DELIVERY_SCHEMA)
        kept = former.filter(pl.col("is_in_force") & (pl.col("status") == "landed"))
        if kept.height:
            return partition, kept
    return "", pl.DataFrame(schema=DELIVERY_SCHEMA)


def _age_hours(context: Context, partition: str, former: pl.DataFrame) -> float:
    """How much older it is than what it stands in for: by their partitions, or by the clock where these have no end."""
    ends = partition_end(context.feed, partition), partition_end(context.feed, context.partition)
    if ends[0] is not None and ends[1] is not None:
        return (ends[1] - ends[0]).total_seconds() / 3600
    newest: datetime = max(former["landed_at"].to_list())
    return (datetime.now(UTC) - newest).total_seconds() / 3600


def _mapped_or_waiting(
    context: Context, source: Source, _arrival: Arrival, delivered: list[Row]
) -> list[Row]:
    """What is not as it was declared or as it was before: mapped where there is one clear reading, else it waits.

    Where looking again fails, everything stays as it was delivered, and says so.
    """
    try:
        return look_again(context, source, delivered, store_of(context.lake, source.source))
    except BreakwaterError:
        raise
    except Exception as error:  # noqa: BLE001 - a defect in looking at it
        told = f"not looked at again after a defect: {place_of(error)}"
        return [{**r, "reason": f"{r['reason']}; {told}" if r["reason"] else told} for r in delivered]


LOOKS: tuple[Callable[[Context, Source, Arrival, list[Row]], list[Row]], ...] = (
    _mapped_or_waiting,
    one_increment_once,
    lambda context, source, _arrival, rows: without_former_increments(context, source, rows),
    lambda context, source, _arrival, rows: cut_off_by_habit(context, source, rows),
    as_far_as_it_landed,
)
"""What looks through that which was delivered before it is noted, in this order; each may change what it is worth."""
