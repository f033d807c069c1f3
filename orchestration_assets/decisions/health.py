"""The sources and their health, as the lake remembers it: who serves, who is left alone, who is overdue, what waits."""

from datetime import UTC, datetime
from typing import Any

import polars as pl

from orchestration_assets.decisions.shown import shown
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.lake import PARTITION
from sources.declaration import Source
from sources.landing import health_of

HEALTH = pl.Schema(
    {
        "source": pl.String(),
        "endpoint": pl.String(),
        "is_preferred": pl.Boolean(),
        "breaker": pl.String(),
        "may_be_asked": pl.Boolean(),
        "failures": pl.Int64(),
        "reason": pl.String(),
        "last_served": pl.Datetime("us", "UTC"),
        "delivers": pl.String(),
        "last_delivery": pl.Datetime("us", "UTC"),
        "last_partition": pl.String(),
        "status": pl.String(),
        "cadence_hours": pl.Float64(),
        "is_overdue": pl.Boolean(),
        "lines": pl.Int64(),
        "stale_lines": pl.Int64(),
        "waiting": pl.Int64(),
    }
)
"""One row per endpoint of a source, in order of preference. What is of the source is the same in all of its rows.

`status`: what the source delivered when it was last asked; `lines`, `stale_lines`: in force for the latest partition, and
those of a former snapshot that stands in; `waiting`: deliveries for which a person has to say how they are read.
"""


def source_health(view: FeedView, now: datetime | None = None) -> pl.DataFrame:
    """How the feed's sources serve: HEALTH."""
    rows = [
        row for source in view.declared.sources for row in _of_source(view, source, now or datetime.now(UTC))
    ]
    return pl.DataFrame(rows, schema=HEALTH)


def _of_source(view: FeedView, source: Source, now: datetime) -> list[dict[str, Any]]:
    healths = health_of(source, store=view.lake.root / source.source / "landed")
    delivered = _delivered(view, source)
    moments = [h.served_at for h in healths if h.served_at]
    newest = max(
        [*moments, *([delivered["last_delivery"]] if delivered["last_delivery"] else [])], default=None
    )
    age_hours = None if newest is None else (now - newest).total_seconds() / 3600
    is_overdue = source.cadence is not None and (age_hours is None or age_hours > source.cadence)
    return [
        {
            "source": source.source,
            "endpoint": health.label,
            "is_preferred": position == 0,
            "breaker": health.breaker,
            "may_be_asked": health.may_be_asked,
            "failures": health.failures,
            "reason": shown(health.reason),
            "last_served": health.served_at,
            "delivers": source.delivers,
            "cadence_hours": source.cadence,
            "is_overdue": is_overdue,
            **delivered,
        }
        for position, health in enumerate(healths)
    ]


def _delivered(view: FeedView, source: Source) -> dict[str, Any]:
    """What the source's table of deliveries says of it as a whole."""
    table = f"{source.source}/deliveries"
    nothing = {"last_delivery": None, "last_partition": None, "status": "never asked"}
    counts = {"lines": 0, "stale_lines": 0, "waiting": 0}
    if not view.lake.exists(table):
        return {**nothing, **counts}
    rows = (
        view.lake.scan(table)
        .select(PARTITION, "status", "landed_at", "lines", "is_latest", "is_in_force")
        .collect()
    )
    if rows.is_empty():
        return {**nothing, **counts}
    partition = rows[PARTITION].max()
    last = rows.filter(pl.col(PARTITION) == partition)
    in_force, asked = last.filter("is_in_force"), rows.filter("is_latest")
    return {
        "last_delivery": rows.filter(pl.col("status") == "landed")["landed_at"].max(),
        "last_partition": partition,
        "status": ", ".join(sorted(set(last.filter("is_latest")["status"]))) or "nothing",
        "lines": int(in_force["lines"].sum()),
        "stale_lines": int(in_force.filter(pl.col("status") == "stale")["lines"].sum()),
        "waiting": asked.filter(pl.col("status") == "waiting").height,
    }
