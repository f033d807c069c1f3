"""One daily run per feed, of the partition that is over."""

from typing import Any

import dagster as dg

from orchestration_assets.feed import Declared, latest_partition


def build_schedule(declared: Declared, job: Any) -> dg.ScheduleDefinition:
    """Runs the latest partition. Sources that come late are landed by the next run of that partition."""
    feed = declared.feed

    @dg.schedule(
        name=f"{feed.feed}_daily",
        job=job,
        cron_schedule=feed.schedule,
        execution_timezone="UTC",
        description=f"The latest partition of {feed.feed}, once a day.",
    )
    def daily(_context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(partition_key=latest_partition(feed))

    return daily
