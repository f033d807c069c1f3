"""From where each endpoint of a source goes on: behind what landed, and never over anything that did not.

So what waits or was refused is read and judged again at each landing, until it lands.
"""

from itertools import groupby

import polars as pl

from orchestration_assets.steps.arrivals import Arrival
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.deliveries import Row
from sources.connectors.positions import composed, is_listing, is_overtaken
from sources.declaration import Source
from sources.endpoints import Endpoint

_COLUMNS = [
    "_partition",
    "endpoint",
    "name",
    "content_hash",
    "status",
    "position",
    "landed_at",
    "is_in_force",
]


def positions(context: Context, source: Source) -> dict[str, str]:
    """Per endpoint, from where it goes on: by this partition where the endpoint names it, else over all.

    Of files that is all that landed, whichever landing it was; else the newest position.
    """
    rows = _known(context, source)
    if source.delivers == "snapshot" or rows.is_empty():
        return {}
    endpoints = source.ways
    own = [label for label, endpoint in endpoints.items() if endpoint.is_partitioned]
    is_meant = ~pl.col("endpoint").is_in(own) | (pl.col("_partition") == context.partition)
    has_landed = pl.col("content_hash").is_in(sorted(_landed_contents(rows)))
    counted = rows.filter((pl.col("position") != "") & has_landed & is_meant)
    found = {}
    for (label,), of_label in counted.group_by("endpoint"):
        endpoint = endpoints.get(str(label))
        # A file that has its former content again is in force, though what superseded it landed later.
        order = ["is_in_force", "landed_at"] if is_listing(endpoint) else ["landed_at"]
        oldest_first = of_label.sort(order, maintain_order=True)["position"].to_list()
        found[str(label)] = composed(endpoint, context.partition, oldest_first)
    return found


def one_increment_once(context: Context, source: Source, arrival: Arrival, delivered: list[Row]) -> list[Row]:
    """Refuse an increment that went on from where another partition has gone on meanwhile: its records are there already."""
    gone_on = [row for row in delivered if row["status"] == "landed" and row["position"]]
    if not gone_on:
        return delivered
    rows = _known(context, source).filter(pl.col("_partition") == context.partition)
    known = set(rows["content_hash"].to_list())
    now, endpoints = positions(context, source), source.ways
    told = {"status": "refused", "reason": "another run went on from the same position meanwhile"}

    def is_repeated(row: Row) -> bool:
        label = row["endpoint"]
        has_moved = is_overtaken(
            endpoints.get(label), arrival.since.get(label), now.get(label), row["position"]
        )
        return row in gone_on and row["content_hash"] not in known and has_moved

    return [{**row, **told} if is_repeated(row) else row for row in delivered]


def as_far_as_it_landed(
    context: Context, source: Source, _arrival: Arrival, delivered: list[Row]
) -> list[Row]:
    """Take the position from what did not land, and from what was read after it in the same landing.

    An endpoint that does not name the partition would hand that over again, perhaps to another: it is refused
    until what stands before it lands. A file has a position of its own, and holds up no other.
    """
    if source.delivers == "snapshot":
        return delivered
    landed = _landed_contents(_known(context, source)) | {
        row["content_hash"] for row in delivered if row["status"] == "landed"
    }
    endpoints = source.ways
    kept: list[Row] = []
    for label, rows in groupby(delivered, key=lambda row: row["endpoint"]):
        kept += _of_endpoint(endpoints.get(label), list(rows), landed)
    return kept


def _of_endpoint(endpoint: Endpoint | None, rows: list[Row], landed: set[str]) -> list[Row]:
    before = ""
    kept: list[Row] = []
    for _, group in groupby(rows, key=lambda row: row["position"] or row["name"]):
        payload = list(group)
        if before:
            payload = [_behind(endpoint, row, before) for row in payload]
        missing = [row["name"] for row in payload if not _is_there(row, landed)]
        if missing or before:
            payload = [{**row, "position": ""} for row in payload]
        if missing and not is_listing(endpoint):
            before = before or missing[0]
        kept += payload
    return kept


def _behind(endpoint: Endpoint | None, row: Row, before: str) -> Row:
    if row["status"] != "landed" or endpoint is None or endpoint.is_partitioned:
        return row
    return {
        **row,
        "status": "refused",
        "reason": f"it comes after {before}, which did not land: both are read again",
    }


def _is_there(row: Row, landed: set[str]) -> bool:
    """Whether its records are there: it landed, or its very bytes did under another name."""
    return row["status"] == "landed" or row["content_hash"] in landed


def _known(context: Context, source: Source) -> pl.DataFrame:
    """What has bytes among all that the source delivered, in the columns that matter here."""
    table = f"{source.source}/deliveries"
    if not context.lake.exists(table):
        return pl.DataFrame(schema=dict.fromkeys(_COLUMNS, pl.String))
    rows = context.lake.scan(table)
    if "position" not in rows.collect_schema():  # the table is older than the column
        rows = rows.with_columns(position=pl.lit(""))
    return rows.filter(pl.col("content_hash") != "").select(_COLUMNS).collect()


def _landed_contents(rows: pl.DataFrame) -> set[str]:
    return set(rows.filter(pl.col("status") == "landed")["content_hash"].to_list())
