"""What is known of a source when it delivers anew: its former columns, its trusted records, and a sample of a delivery."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import polars as pl

from orchestration_assets.lake import Lake
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.deliveries import Row
from sources.declaration import Source
from sources.delivery import Delivery, Fragment
from sources.found import read_as
from sources.notation import FieldNotation
from sources.reading import read_fragment

SAMPLE_ROWS = 3000
_SPOTS, _SPOT_BYTES = 8, 128 << 10
_KNOWN_ROWS, _KNOWN_PARTITIONS = 1000, 5


def delivery_of(row: Row) -> Delivery:
    """The delivery that a row of the table tells of, as far as it is read."""
    known = {field.name for field in fields(Delivery)}
    told = {name: _frozen(value) for name, value in row.items() if name in known and value is not None}
    told["fragments"] = tuple(Fragment(**fragment) for fragment in row["fragments"] or ())
    return Delivery(**{"partition": "", **told})


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def former_columns(context: Context, source: str) -> tuple[str, ...]:
    """The columns of the delivery that landed last before, of any partition up to this one."""
    rows = deliveries_before(context.lake, source, context.partition)
    return tuple(rows["columns"][-1]) if rows.height else ()


def deliveries_before(lake: Lake, source: str, partition: str, *, is_earlier: bool = False) -> pl.DataFrame:
    """The deliveries that were read as declared, of the nearest partition that has any, by time.

    That is this partition or one before it; with `is_earlier` only one before it.
    """
    table = f"{source}/deliveries"
    upto = [p for p in lake.partitions(table) if p < partition or (p == partition and not is_earlier)]
    for other in reversed(upto[-_KNOWN_PARTITIONS:]):
        rows = lake.read(table, other).filter(pl.col("status").is_in(["landed", "stale"]))
        if "mapping" in rows.columns:
            rows = rows.filter(pl.col("mapping").fill_null("") == "")
        if rows.height:
            return rows.sort("landed_at")
    return pl.DataFrame()


def known_records(
    context: Context, source: Source, names: list[str] | None = None, *, since: str | None = None
) -> pl.DataFrame:
    """A sample of the source's trusted records of the nearest partitions, typed; of those from `since` on, if given."""
    lake, table = context.lake, context.table("trusted")
    wanted = [name for name in names or context.rules.fields if name in context.rules.fields]
    parts = []
    for partition in _nearest(lake.partitions(table), context.partition, since):
        files = sorted(lake.active(table, partition).values(), key=lambda file: file.path)
        step = max(1, sum(file.rows for file in files) // (4 * _KNOWN_ROWS))
        for file in files:
            rows = pl.scan_parquet(lake.path(table) / file.path, hive_partitioning=False)
            schema = rows.collect_schema()
            there = [name for name in wanted if schema.get(name) == context.rules.fields[name].dtype]
            mine = rows.filter(pl.col("_source") == source.source).select(there)
            parts.append(mine.gather_every(step).head(_KNOWN_ROWS).collect())
    return pl.concat(parts, how="diagonal") if parts else pl.DataFrame()


def _nearest(partitions: list[str], partition: str, since: str | None) -> list[str]:
    """Up to five partitions before this one, else after it, else itself; on the same side of `since` as this one."""
    same = [p for p in partitions if since is None or (p >= since) == (partition >= since)]
    before, after = [p for p in same if p < partition], [p for p in same if p > partition]
    return before[-_KNOWN_PARTITIONS:] or after[:_KNOWN_PARTITIONS] or [p for p in same if p == partition]


def sample_of(
    source: Source,
    delivery: Delivery,
    store: Path,
    *,
    only: list[str] | None = None,
    most: int = SAMPLE_ROWS,
) -> pl.DataFrame:
    """Up to `most` records of a delivery from all over it, as text, one column per delivered column.

    A JSON name that is a value in some lines and an object in others is there as what the object holds.
    """
    wanted = [c for c in dict.fromkeys(delivery.columns) if c and (only is None or c in only)]
    if read_as(source.notation, delivery).format == "ndjson":
        wanted = [c for c in wanted if not any(other.startswith(f"{c}.") for other in wanted)]
    as_is = source.model_copy(update={"fields": {c: FieldNotation(column=c) for c in wanted}})
    readable = replace(delivery, status="landed")
    parts = [read_fragment(as_is, readable, spot, store=store).records for spot in _spots(delivery, store)]
    records = (
        pl.concat(parts).drop("_row") if parts else pl.DataFrame(schema=dict.fromkeys(wanted, pl.String))
    )
    return records.gather_every(max(1, records.height // most)).head(most)


def _spots(delivery: Delivery, store: Path) -> list[Fragment]:
    """Ranges of whole lines, evenly over the data."""
    if not delivery.fragments:
        return []
    start, end = delivery.fragments[0].start, delivery.fragments[-1].end
    if end - start <= _SPOTS * _SPOT_BYTES:
        return [Fragment(start, end, 0)]
    spots = []
    with (store / delivery.path).open("rb") as file:
        for number in range(_SPOTS):
            at = start + (end - start - _SPOT_BYTES) * number // (_SPOTS - 1)
            file.seek(at)
            text = file.read(_SPOT_BYTES)
            first = 0 if number == 0 else text.find(b"\n") + 1
            last = text.rfind(b"\n") + 1
            if first < last:
                spots.append(Fragment(at + first, at + last, 0))
    return spots
