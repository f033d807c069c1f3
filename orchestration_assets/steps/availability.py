"""What should be true of how the sources served: by whom, how lately, and how much stands in for what did not come."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from orchestration_assets.steps.context import Context
from orchestration_assets.steps.landing import store_of, summary
from orchestration_assets.steps.outcome import Outcome
from sources.declaration import Source
from sources.landing import last_served

_TALLEST_AGE = timedelta.max


def should_hold(context: Context) -> list[Outcome]:
    """The properties that a person should hear of."""
    found = summary(context)
    return [preferred_endpoint(found), cadence(context), stale_share(context, found)]


def preferred_endpoint(found: dict[str, dict[str, Any]]) -> Outcome:
    """Each source that served, when it was last asked, was served by the first of its endpoints."""
    served = {name: row for name, row in found.items() if "landed" in row["asked"] and not row["reason"]}
    others = {name: row["tried"] for name, row in served.items() if row["tried"]}
    told = [f"{name}: not by {_in_words(tried)}" for name, tried in others.items()]
    return Outcome(
        "preferred_endpoint",
        not others,
        expected=f"the first endpoint to serve, for each of {len(served)} sources that delivered",
        found="; ".join(told) or "so it was",
        action="nothing to do for the records; see that the endpoint serves again, or change the order in the source's YAML"
        if others
        else "nothing to do",
        numbers={"sources": len(served), "by_another": len(others)},
    )


def cadence(context: Context) -> Outcome:
    """The newest delivery of each source with a cadence is not older than that."""
    now = datetime.now(UTC)
    bound = [source for source in context.sources if source.cadence is not None]
    ages = {source.source: _age(context, source, now) for source in bound}
    overdue = list(_overdue(bound, ages))
    return Outcome(
        "cadence",
        not overdue,
        expected=f"a delivery within the cadence of each of {len(bound)} sources that declare one",
        found="; ".join(overdue) or "so it was",
        action="ask the source's owner; what comes late is taken in by itself"
        if overdue
        else "nothing to do",
        numbers={"sources": len(bound), "overdue": len(overdue)},
    )


def stale_share(context: Context, found: dict[str, dict[str, Any]]) -> Outcome:
    """How many of the lines in force are of former snapshots that stand in."""
    limit = context.feed.limits.stale_share
    lines = sum(row["lines"] for row in found.values())
    stale = sum(row["stale_lines"] for row in found.values())
    share = stale / lines if lines else 0.0
    told = [f"{name} {row['stands_in']}" for name, row in found.items() if row["stands_in"]]
    return Outcome(
        "stale_share",
        share <= limit,
        expected=f"at most {limit:.0%} of the lines in force from snapshots that stand in",
        found=f"{share:.1%} ({stale:,} of {lines:,} lines)" + (f"; {'; '.join(told)}" if told else ""),
        action="ask the source's owner; when its snapshot comes it is taken in by itself"
        if share > limit
        else "nothing to do",
        numbers={"share": round(share, 6), "stale": stale},
    )


def _in_words(tried: list[dict[str, Any]]) -> str:
    return ", nor by ".join(f"{one['endpoint']} ({one['reason']})" for one in tried)


def _overdue(sources: list[Source], ages: dict[str, timedelta]) -> Iterator[str]:
    for source in sources:
        age, limit = ages[source.source], timedelta(hours=source.cadence or 0)
        if age == _TALLEST_AGE:
            yield f"{source.source} has never delivered"
        elif age > limit:
            hours = age.total_seconds() / 3600
            yield f"{source.source} delivered {hours:.1f} hours ago, its cadence is {source.cadence:g} hours"


def _age(context: Context, source: Source, now: datetime) -> timedelta:
    """How long ago the source delivered last, for whichever partition."""
    if (moment := last_served(store_of(context.lake, source.source))) is not None:
        return now - moment
    table = f"{source.source}/deliveries"
    if not context.lake.exists(table):
        return _TALLEST_AGE
    landed = context.lake.scan(table).filter(pl.col("status") == "landed")
    newest = landed.select(pl.col("landed_at").max()).collect().item()
    return _TALLEST_AGE if newest is None else now - newest
