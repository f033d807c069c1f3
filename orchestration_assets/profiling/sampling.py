"""A sample of the records of a file that nobody declared, read by landing itself as the proposed source would have it read."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from orchestration_assets.errors import DeclarationError
from orchestration_assets.profiling.recognising import declarable, form_of, header_of, is_no_table
from orchestration_assets.steps.known import sample_of
from sources.connectors.payload import Payload
from sources.declaration import Source
from sources.delivery import Delivery
from sources.dialect import lines_of
from sources.found import read_as
from sources.intake import take
from sources.notation import FieldNotation
from sources.scanning import FRAGMENT_BYTES

ROWS = 20_000
_HEAD_BYTES = 1 << 20
_LINES = 100
_NOWHERE = "\0"
"""A column that no text holds."""
_NOT_TOLD = ("transcoded", "cut_off")
_HINT = "Hint: CSV, TSV or a workbook with a header, JSON, NDJSON or Parquet, also within gzip, zip or zstd"


@dataclass(frozen=True)
class Sample:
    """Records as text, one column per column that can be declared; `told`: what was found, and what to look at."""

    form: str
    values: pl.DataFrame
    told: tuple[str, ...] = ()


def sampled(name: str, data: bytes, *, is_whole: bool) -> Sample:
    """Up to ROWS records of a file that begins with `data`, or is that. Raises DeclarationError where it holds no table."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        form, member, others = _recognised(name, data, store)
        first = _landed(source_for(name, form), data, store, member)
        names = _names(form, first, store)
        columns, remarks = declarable(names, has_header=_is_tabular(form))
        if not columns:
            raise _refusal("; ".join(remarks) or "none of its columns has a name")
        source = source_for(name, form, columns)
        delivery = _landed(source, data, store, member)
        values = sample_of(source, delivery, store, only=columns, most=ROWS)
    cut_off = [delivery.reason] if is_whole and delivery.reason else []
    if not values.height:
        raise DeclarationError(f"none of its lines is a record\n{_HINT}")
    return Sample(form, values, (*_found(delivery), *cut_off, *others, *remarks))


def source_for(name: str, form: str, columns: Sequence[str] = ()) -> Source:
    """A source that takes any columns, or only what has these, and leaves the dialect to the bytes."""
    fields = {f"column_{at}": FieldNotation(column=column) for at, column in enumerate(columns)}
    return Source.model_validate(
        {
            "source": name,
            "feed": name,
            "owner": "team:unknown",
            "delivers": "snapshot",
            "endpoints": [{"kind": "files", "path": "unknown"}],
            "notation": {"format": form},
            "fields": fields or {"any": FieldNotation(column=_NOWHERE, optional=True)},
        }
    )


def _recognised(name: str, data: bytes, store: Path) -> tuple[str, str, list[str]]:
    """The format, the name of the file that is looked at, and a remark where an archive holds others."""
    deliveries = _taken(source_for(name, "csv"), data, store)
    forms = {delivery.name: form_of(_head(delivery, store)) for delivery in deliveries}
    chosen = next((d for d in deliveries if _may_be_table(d, forms[d.name])), deliveries[0])
    more = len(deliveries) - 1
    others = [f"files beside it in the archive, refused where they lack its columns: {more}"] if more else []
    return forms[chosen.name], chosen.name, others


def _may_be_table(delivery: Delivery, form: str) -> bool:
    return form != "csv" or (delivery.status == "landed" and len(delivery.columns) > 1)


def _taken(source: Source, data: bytes, store: Path) -> list[Delivery]:
    payload = Payload(source.source, iter([data]))
    return take(source, "all", payload, "files:0", store=store, fragment_bytes=FRAGMENT_BYTES)


def _landed(source: Source, data: bytes, store: Path, member: str) -> Delivery:
    deliveries = _taken(source, data, store)
    delivery = next((d for d in deliveries if d.name == member), deliveries[0])
    if delivery.status != "landed":
        raise _refusal(delivery.reason)
    if reason := is_no_table(_head(delivery, store)):
        raise _refusal(reason)
    return delivery


def _names(form: str, delivery: Delivery, store: Path) -> tuple[str, ...]:
    """The columns: those of the header, wherever it stands, or the paths of values in the first records."""
    if not _is_tabular(form):
        return delivery.columns
    reading = read_as(source_for("any", form).notation, delivery)
    lines = [line.decode(reading.encoding, "replace") for line in lines_of(_head(delivery, store))[:_LINES]]
    return header_of(lines, reading.delimiter, reading.quote)[1]


def _head(delivery: Delivery, store: Path) -> bytes:
    with (store / delivery.path).open("rb") as file:
        return file.read(_HEAD_BYTES)


def _is_tabular(form: str) -> bool:
    return form in ("csv", "excel")


def _found(delivery: Delivery) -> list[str]:
    """What landing found in the bytes, in one line."""
    found: dict[str, Any] = json.loads(delivery.found) if delivery.found else {}
    told = [f"{name} {json.dumps(value)}" for name, value in found.items() if name not in _NOT_TOLD]
    return [f"found in the file: {', '.join(told)}"] if told else []


def _refusal(reason: str) -> DeclarationError:
    return DeclarationError(f"it is no table that can be read: {reason}\n{_HINT}")
