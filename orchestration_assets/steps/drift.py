"""Looking again at what a source delivered: columns that are gone, and numbers of another scale, against its history.

A delivery that was refused because columns are gone lands with a mapping where there is one clear reading; otherwise it
waits for a person, with what is proposed. What has no successor at all stays refused.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestration_assets.drift.candidates import Delivered, History, Matching
from orchestration_assets.drift.mapping import as_mapping, as_rescaling, scale_doubt
from orchestration_assets.drift.matching import match
from orchestration_assets.drift.units import ScaleChange, scale_change
from orchestration_assets.drift.values import numbers
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.deliveries import Row
from orchestration_assets.steps.known import delivery_of, former_columns, known_records, sample_of
from sources.declaration import Source
from sources.delivery import Delivery

_CHANGED = ("status", "reason", "mapping", "extra_columns")


def look_again(context: Context, source: Source, rows: list[Row], store: Path) -> list[Row]:
    """The rows of what was delivered, some of them mapped or waiting now. Deliveries of one endpoint only are taken."""
    delivered = [delivery_of(row) for row in rows]
    seen = _looked_through(context, source, delivered, store)
    return [
        row if new is old else {**row, **{name: _plain(getattr(new, name)) for name in _CHANGED}}
        for row, old, new in zip(rows, delivered, seen, strict=True)
    ]


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
    if source.notation.read_as == "ndjson":
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
    undeclared = tuple(c for c in undeclared_columns(source, delivery) if c in sample.columns)
    found = match(Delivered(sample, undeclared), known, source, rules, notations, history)
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
