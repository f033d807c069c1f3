"""Looking again at what a source delivered: columns that are gone, and numbers of another scale, against its history.

A delivery that was refused because columns are gone lands with a mapping where there is one clear reading; otherwise it
waits for a person, with what is proposed. What has no successor at all stays refused.
"""

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import polars as pl

from orchestration_assets.drift.mapping import as_mapping, as_rescaling, scale_doubt
from orchestration_assets.drift.matching import Delivered, History, Matching, match
from orchestration_assets.drift.units import ScaleChange, scale_change
from orchestration_assets.drift.values import numbers
from orchestration_assets.lake import Lake
from orchestration_assets.steps.context import Context
from sources.declaration import Source
from sources.delivery import Delivery, Fragment
from sources.notation import FieldNotation
from sources.reading import read_fragment

SAMPLE_ROWS = 3000
_CHANGED = ("status", "reason", "mapping", "extra_columns")
_SPOTS, _SPOT_BYTES = 8, 128 << 10
_KNOWN_ROWS, _KNOWN_PARTITIONS = 1000, 5


Row = dict[str, Any]


def look_again(context: Context, source: Source, rows: list[Row], store: Path) -> list[Row]:
    """The rows of what was delivered, some of them mapped or waiting now. Deliveries of one endpoint only are taken."""
    delivered = [delivery_of(row) for row in rows]
    seen = _looked_through(context, source, delivered, store)
    return [
        row if new is old else {**row, **{name: _plain(getattr(new, name)) for name in _CHANGED}}
        for row, old, new in zip(rows, delivered, seen, strict=True)
    ]


def delivery_of(row: Row) -> Delivery:
    """The delivery that a row of the table tells of, as far as it is read."""
    known = {field.name for field in fields(Delivery)}
    told = {name: _frozen(value) for name, value in row.items() if name in known and value is not None}
    told["fragments"] = tuple(Fragment(**fragment) for fragment in row["fragments"] or ())
    return Delivery(**{"partition": "", **told})


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _looked_through(
    context: Context, source: Source, delivered: list[Delivery], store: Path
) -> list[Delivery]:
    landed = [d.endpoint for d in delivered if d.status == "landed"]
    asked = list(dict.fromkeys(landed or [d.endpoint for d in delivered if gone_fields(source, d)]))
    told = delivered
    for endpoint in asked:
        seen = [_looked_at(context, source, d, store) if d.endpoint == endpoint else d for d in delivered]
        seen = _each_content_once(delivered, seen)
        told = seen if told is delivered else told
        if any(d.status == "landed" for d in seen):
            return seen
    return told


def gone_fields(source: Source, delivery: Delivery) -> tuple[str, ...]:
    """The fields whose columns a delivery lacks that could be read otherwise; none where it is worthless anyway."""
    columns = set(delivery.columns)
    if delivery.status not in ("refused", "landed", "waiting") or not delivery.columns or not delivery.lines:
        return ()
    if any(delivery.columns.count(column) > 1 for column in columns & set(source.columns.values())):
        return ()
    if source.notation.format == "ndjson":
        columns |= {path[:i] for path in columns for i, mark in enumerate(path) if mark == "."}
    return tuple(name for name, column in source.columns.items() if column not in columns)


def undeclared_columns(source: Source, delivery: Delivery) -> tuple[str, ...]:
    """The columns of a delivery that no field comes from."""
    declared = set(source.columns.values())
    return tuple(column for column in dict.fromkeys(delivery.columns) if column and column not in declared)


def _each_content_once(before: list[Delivery], seen: list[Delivery]) -> list[Delivery]:
    """`seen`, in which what holds the very bytes of another that is mapped stays refused."""
    known: set[str] = set()
    kept = []
    for old, new in zip(before, seen, strict=True):
        is_again = new.status == "landed" and new.content_hash in known
        known |= {new.content_hash} if new.status == "landed" else set()
        kept.append(replace(old, status="refused") if is_again and old.status != "landed" else new)
    return kept


def _looked_at(context: Context, source: Source, delivery: Delivery, store: Path) -> Delivery:
    gone, undeclared = gone_fields(source, delivery), undeclared_columns(source, delivery)
    is_refused_for_it = delivery.status == "refused" and any(
        not source.fields[name].optional for name in gone
    )
    if is_refused_for_it and undeclared:
        return _mapped_or_waiting(context, source, delivery, gone, store)
    if delivery.status != "landed":
        return delivery
    former = former_columns(context, source.source)
    vanished = tuple(name for name in gone if source.columns[name] in former)
    if vanished and undeclared:
        delivery = _mapped_or_waiting(context, source, delivery, vanished, store)
    return _of_known_scale(context, source, delivery, store) if delivery.status == "landed" else delivery


def _mapped_or_waiting(
    context: Context, source: Source, delivery: Delivery, gone: tuple[str, ...], store: Path
) -> Delivery:
    sample = sample_of(source, delivery, store)
    history = History(known_records(context, source), former_columns(context, source.source))
    notations, rules = context.notations[source.source], context.rules
    known = tuple(name for name in gone if name in rules.fields)
    found = match(
        Delivered(sample, undeclared_columns(source, delivery)), known, source, rules, notations, history
    )
    if found.has_no_header:
        return replace(
            delivery, status="refused", reason="what should be the header holds values: there may be none"
        )
    required = {name for name in known if not source.fields[name].optional}
    is_hopeless = (
        not required & set(found.candidates) if delivery.status == "refused" else not found.candidates
    )
    if is_hopeless:
        return delivery
    if found.is_clear(required):
        taken = {candidate.column for candidate in found.candidates.values()}
        left = tuple(column for column in delivery.extra_columns if column not in taken)
        mapped = replace(delivery, status="landed", mapping=as_mapping(found), extra_columns=left, reason="")
        return _of_known_scale(context, source, mapped, store)
    return replace(delivery, status="waiting", mapping=as_mapping(found), reason=_proposal(source, found))


def _of_known_scale(context: Context, source: Source, delivery: Delivery, store: Path) -> Delivery:
    """The delivery, or that it waits because numbers of it are of another scale than those before."""
    names = [
        name for name, spec in context.rules.fields.items()
        if name in source.fields and spec.dtype.is_numeric() and source.columns[name] in delivery.columns
    ]  # fmt: skip
    changes = dict(_scale_changes(context, source, delivery, names, store))
    if not changes:
        return delivery
    told = "; ".join(f"{name} (`{source.columns[name]}`): {scale_doubt(c)}" for name, c in changes.items())
    proposal = as_rescaling(source, context.rules, changes, context.partition)
    return replace(delivery, status="waiting", mapping=proposal, reason=told)


def _scale_changes(
    context: Context, source: Source, delivery: Delivery, names: list[str], store: Path
) -> Iterator[tuple[str, ScaleChange]]:
    if not names or not context.lake.partitions(context.table("trusted")):
        return
    known = {
        name: known_records(context, source, [name], since=source.fields[name].scale_since) for name in names
    }
    known = {name: records for name, records in known.items() if records.width and records.height}
    if not known:
        return
    sample = sample_of(source, delivery, store, only=[source.columns[name] for name in names])
    for name in known:
        texts, notation = sample[source.columns[name]], context.notations[source.source][name]
        now = numbers(texts, context.rules.fields[name], notation)
        if change := scale_change(now, known[name][name]):
            yield name, change


def _proposal(source: Source, found: Matching) -> str:
    """Why the delivery waits: what is gone, what is proposed for it and how sure that is. Names only, no values."""
    told = [
        f"`{source.columns[c.field]}` ({c.field}) is gone, perhaps `{c.column}` ({c.probability:.0%}"
        + (f"; {c.doubt})" if c.doubt else ")")
        for c in found.candidates.values()
    ]
    told += [
        f"`{source.columns[name]}` ({name}) is gone, nothing stands for it" for name in found.unexplained
    ]
    return "its columns changed: " + "; ".join(told)


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
    """Up to `most` records of a delivery from all over it, as text, one column per delivered column."""
    wanted = [c for c in dict.fromkeys(delivery.columns) if c and (only is None or c in only)]
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
