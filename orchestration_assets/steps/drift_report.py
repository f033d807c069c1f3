"""What changed in the deliveries of a partition against those before: columns, types, notation; and what to paste where."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from orchestration_assets.drift.kinds import kinds_of
from orchestration_assets.drift.mapping import yaml_lines
from orchestration_assets.lake import Lake
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.known import deliveries_before, delivery_of, sample_of
from orchestration_assets.steps.landing import store_of
from orchestration_assets.steps.outcome import Outcome
from sources.declaration import Source

_FIELDS_OF_FOUND = ("encoding", "delimiter", "quote", "compression", "sheet", "member", "preamble")


@dataclass(frozen=True)
class Waiting:
    """A delivery that waits for a person: why, and the lines to put into its source's YAML, if any are proposed."""

    source: str
    name: str
    reason: str
    yaml: str

    @property
    def advice(self) -> str:
        """What to do, for a person."""
        if not self.yaml:
            return f"declare the columns of `{self.name}` in sources/catalog/{self.source}.yaml, and land it again"
        return (
            f"if it is right, put these lines in the place of theirs below `fields` in sources/catalog/{self.source}.yaml, "
            f"and land it again:\n{self.yaml}"
        )


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was. `is_harmless`: it changes nothing in what is read."""

    source: str
    text: str
    is_harmless: bool = False


def waiting_of(lake: Lake, sources: tuple[Source, ...], partition: str) -> list[Waiting]:
    """The deliveries of the partition that wait, by source."""
    found = []
    for source in sources:
        for row in _latest(lake, source, partition):
            if row["status"] == "waiting":
                lines = yaml_lines(source, row.get("mapping") or "")
                found.append(Waiting(source.source, row["name"], row["reason"], lines))
    return found


def schema_drift(context: Context) -> Outcome:
    """The columns, their types and the notation of what was delivered last are those of the delivery before."""
    changes = [change for source in context.sources for change in _changes(context, source)]
    waiting = waiting_of(context.lake, context.sources, context.partition)
    serious = [change for change in changes if not change.is_harmless]
    told = "; ".join(f"{change.source}: {change.text}" for change in changes)
    advice = [one.advice for one in waiting] or [
        "declare mapped columns in sources/catalog; ask the owner of the source about values of another kind"
    ]
    return Outcome(
        "schema_drift",
        not serious,
        expected="columns, types and notation as they were declared and delivered before",
        found=told or "nothing changed",
        action="\n".join(advice) if serious else "nothing to do",
        numbers={"changes": len(changes), "waiting": len(waiting)},
    )


def _changes(context: Context, source: Source) -> Iterator[Change]:
    """What is different in each of the source's latest deliveries."""
    before = deliveries_before(context.lake, source.source, context.partition, is_earlier=True)
    former = before.to_dicts()[-1] if before.height else None
    for row in _latest(context.lake, source, context.partition):
        yield from _told_by_row(source, row)
        if former is not None and row["columns"] and row["status"] in ("landed", "waiting"):
            yield from _compared(context, source, former, row)


def _told_by_row(source: Source, row: dict[str, Any]) -> Iterator[Change]:
    if row["status"] == "waiting":
        yield Change(source.source, f"{row['name']} waits: {row['reason']}")
    elif row.get("mapping"):
        pairs = [
            f"{name} was `{source.columns.get(name, '?')}` and is `{entry['column']}` ({entry['probability']:.1%})"
            for name, entry in json.loads(row["mapping"]).items()
            if source.columns.get(name) != entry["column"]
        ]
        if pairs:
            yield Change(source.source, f"{row['name']} is mapped: {', '.join(pairs)}")


def _compared(
    context: Context, source: Source, former: dict[str, Any], row: dict[str, Any]
) -> Iterator[Change]:
    before, now = list(former["columns"]), list(row["columns"])
    mapped = {entry["column"] for entry in json.loads(row.get("mapping") or "{}").values()}
    gone = [column for column in before if column not in now]
    added = [column for column in now if column not in before and column not in mapped]
    if gone and not mapped:
        yield Change(
            source.source,
            f"columns gone: {_listed(gone)}",
            is_harmless=not set(gone) & set(source.columns.values()),
        )
    if added:
        yield Change(source.source, f"columns added: {_listed(added)}", is_harmless=True)
    if [c for c in before if c in now] != [
        c for c in now if c in before
    ] and source.notation.read_as == "csv":
        yield Change(source.source, "columns in another order", is_harmless=True)
    yield from _of_notation(source, former, row)
    yield from _of_types(context, source, former, row)


def _of_notation(source: Source, former: dict[str, Any], row: dict[str, Any]) -> Iterator[Change]:
    before, now = (json.loads(one.get("found") or "{}") for one in (former, row))
    for name in _FIELDS_OF_FOUND:
        if name in before and name in now and before[name] != now[name]:
            yield Change(source.source, f"{name} was {before[name]!r} and is {now[name]!r}", is_harmless=True)


def _of_types(
    context: Context, source: Source, former: dict[str, Any], row: dict[str, Any]
) -> Iterator[Change]:
    """Columns whose values are of another kind than before: what was a number is a date."""
    if former["content_hash"] == row["content_hash"]:
        return
    before, now = (_kinds(context, source, one) for one in (former, row))
    for column in (c for c in source.columns.values() if c in before and c in now):
        if before[column] != now[column]:
            yield Change(source.source, f"`{column}` was {before[column]} and is {now[column]}")


def _kinds(context: Context, source: Source, row: dict[str, Any]) -> dict[str, str]:
    delivery = delivery_of(row)
    try:
        return kinds_of(sample_of(source, delivery, store_of(context.lake, source.source)))
    except Exception:  # noqa: BLE001 - what is no longer in the store, or cannot be looked at, is not compared
        return {}


def _latest(lake: Lake, source: Source, partition: str) -> list[dict[str, Any]]:
    rows = lake.read(f"{source.source}/deliveries", partition)
    return [] if rows.is_empty() else rows.filter(pl.col("is_latest")).sort("name").to_dicts()


def _listed(names: list[str], most: int = 10) -> str:
    return ", ".join(f"`{name}`" for name in names[:most]) + (
        f" and {len(names) - most} more" if len(names) > most else ""
    )
