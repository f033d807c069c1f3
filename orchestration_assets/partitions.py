"""The partitions of a feed, as Dagster knows them."""

import dagster as dg

from orchestration_assets.feed import DailyPartitions, Feed


def partitions_of(feed: Feed) -> dg.PartitionsDefinition:
    """Days, or the listed keys."""
    if isinstance(feed.partitions, DailyPartitions):
        return dg.DailyPartitionsDefinition(
            start_date=feed.partitions.start.isoformat(), timezone=feed.partitions.timezone
        )
    return dg.StaticPartitionsDefinition(feed.partitions.keys)
