"""Addresses of the desk's pages, for whoever points a person there: assets, checks, messages."""

from urllib.parse import urlencode

from orchestration_assets.settings import desk_url


def queue_link(feed: str, partition: str | None = None, table: str | None = None) -> str:
    """The desk's queue of a feed, or of one of its partitions; `table`: what is held in review or quarantine only."""
    return f"{desk_url()}/?{_query(feed=feed, partition=partition, table=table)}"


def record_link(feed: str, record: str) -> str:
    """The desk's page of one record; `record` is SOURCE:PARTITION:DELIVERY:ROW."""
    return f"{desk_url()}/record?{_query(of=feed, record=record)}"


def _query(**parameters: str | None) -> str:
    return urlencode({name: value for name, value in parameters.items() if value is not None})
