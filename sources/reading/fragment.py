"""Reading: a fragment of a landed delivery as records of text, and every line that is none, with its reason.

Nothing is interpreted: numbers, dates and codes stay the text that was delivered.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sources.declaration import Source
from sources.delivery import Delivery, Fragment
from sources.encodings import BOM
from sources.errors import NotReadable
from sources.found import ReadAs, read_as
from sources.reading.csv import read_csv_text
from sources.reading.csv_lines import Dialect
from sources.reading.lines import (
    NO_POSITIONS,
    NO_REASONS,
    Origin,
    TextRecords,
    mended_lines,
    physical_lines,
    unreadable_lines,
)
from sources.reading.ndjson import read_ndjson_text


@dataclass(frozen=True, slots=True)
class Reading:
    """What stands in a fragment.

    `records` has one row per record: `_row` (UInt32, ordinal from 0 of the physical line of data on which it
    begins, unreadable lines counted) and one String column per declared field, in the declared order; text as
    delivered, null where the source has no value or no column. `unreadable` has one row per line that belongs
    to no record: `_row`, `line` (from 1, in the file), `byte` (in the file), `bytes` (without line end),
    `reason`. `mended` has one row per record that was made of broken lines: `_row`, `line`, `byte`, `bytes` (of all its
    lines), `method`, `version`, `cases` and `right` (how often it was tried on sound records, and was right), `evidence`.
    `lines = records.height + continuation_lines + unreadable.height`.
    """

    records: pl.DataFrame
    unreadable: pl.DataFrame
    mended: pl.DataFrame
    lines: int
    continuation_lines: int


def read_fragment(source: Source, delivery: Delivery, fragment: Fragment, *, store: Path) -> Reading:
    """Return the fragment's records and unreadable lines; NotReadable where the store lacks its bytes."""
    data = _bytes_of(delivery, fragment, store)
    reading = read_as(source.notation, delivery)
    if reading.format == "csv":
        named, read, origin = _read_csv(delivery, fragment, data, reading)
    else:
        read, origin = _read_ndjson(source, delivery, fragment, data, reading)
        named = []
    is_cut_off = fragment.end == delivery.bytes and not delivery.is_closed
    unreadable = pl.concat([*named, unreadable_lines(read, origin, is_cut_off=is_cut_off)]).sort("_row")
    row = pl.Series("_row", read.positions + origin.row, dtype=pl.UInt32)
    records = read.fields.select(row, *_canonical(source, delivery.columns, reading))
    lines = records.height + read.continuation_lines + unreadable.height
    return Reading(records, unreadable, mended_lines(read, origin), lines, read.continuation_lines)


def _read_csv(
    delivery: Delivery, fragment: Fragment, data: bytes, reading: ReadAs
) -> tuple[list[pl.DataFrame], TextRecords, Origin]:
    """Return lines that are named without being read, and what stands behind the header, with where that begins."""
    dialect = Dialect(
        reading.delimiter, reading.quote, reading.encoding, len(delivery.columns), delivery.columns
    )
    origin, named = Origin(fragment.start, fragment.first_row, header_lines=1), []
    if reading.preamble and fragment.start == 0:
        parts = data.split(b"\n", reading.preamble + 1)
        header = len(parts[reading.preamble]) + 1
        begin = len(data) - len(parts[-1])
        named = [_unreadable(data[: begin - header], "before the header", Origin(0, 0, header_lines=0))]
        origin, data = Origin(begin, named[0].height, header_lines=1), data[begin:]
    if reading.is_cut_off and fragment.end == delivery.bytes and not data.endswith(b"\n"):
        data, mark, tail = data.rpartition(b"\n")
        data += mark
        behind = Origin(origin.byte + len(data), origin.row + data.count(b"\n"), header_lines=1)
        named.append(_unreadable(tail, "cut off: the line has no end", behind))
    return named, read_csv_text(data, dialect), origin


def _unreadable(data: bytes, reason: str, origin: Origin) -> pl.DataFrame:
    """Return every line as unreadable for the same reason."""
    lines = physical_lines(data, "utf-8")
    reasons = pl.DataFrame(
        {"position": range(len(lines)), "reason": [reason] * len(lines)}, schema=NO_REASONS.schema
    )
    stated = TextRecords(pl.DataFrame(), NO_POSITIONS, reasons, 0, lines)
    return unreadable_lines(stated, origin, is_cut_off=False)


def _read_ndjson(
    source: Source, delivery: Delivery, fragment: Fragment, data: bytes, reading: ReadAs
) -> tuple[TextRecords, Origin]:
    mark = len(BOM) if fragment.start == 0 and data.startswith(BOM) else 0
    paths = tuple(source.columns.values())
    read = read_ndjson_text(data[mark:], paths, encoding=reading.encoding, seen=delivery.columns)
    return read, Origin(fragment.start + mark, fragment.first_row, header_lines=0)


def _canonical(source: Source, columns: tuple[str, ...], reading: ReadAs) -> Iterator[pl.Expr]:
    """Yield the fields under their canonical names; a column that a CSV delivery lacks is null."""
    for number, (name, column) in enumerate(source.columns.items()):
        if reading.format == "ndjson":
            yield pl.col(str(number)).alias(name)
        elif column in columns:
            yield pl.col(str(columns.index(column))).alias(name)
        else:
            yield pl.lit(None, pl.String).alias(name)


def _bytes_of(delivery: Delivery, fragment: Fragment, store: Path) -> bytes:
    if delivery.status != "landed":
        raise NotReadable(
            f"a delivery of {delivery.source} for {delivery.partition} is {delivery.status}, not landed"
        )
    try:
        with (store / delivery.path).open("rb") as file:
            file.seek(fragment.start)
            data = file.read(fragment.end - fragment.start)
    except OSError as error:
        raise NotReadable(f"{delivery.path} cannot be read from the store: {error.strerror}") from error
    if len(data) != fragment.end - fragment.start:
        raise NotReadable(f"{delivery.path} ends before byte {fragment.end}")
    return data
