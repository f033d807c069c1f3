"""Reading: a fragment of a landed delivery as records of text, and every line that is none, with its reason.

Nothing is interpreted: numbers, dates and codes stay the text that was delivered.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sources.declaration import Source
from sources.delivery import Delivery, Fragment
from sources.errors import NotReadable
from sources.reading.csv import read_csv_text
from sources.reading.csv_lines import Dialect
from sources.reading.lines import Origin, TextRecords, unreadable_lines
from sources.reading.ndjson import read_ndjson_text

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Reading:
    """What stands in a fragment.

    `records` has one row per record: `_row` (UInt32, ordinal from 0 of the physical line of data on which it
    begins, unreadable lines counted) and one String column per declared field, in the declared order; text as
    delivered, null where the source has no value or no column. `unreadable` has one row per line that belongs
    to no record: `_row`, `line` (from 1, in the file), `byte` (in the file), `bytes` (without line end),
    `reason`. `lines = records.height + continuation_lines + unreadable.height`.
    """

    records: pl.DataFrame
    unreadable: pl.DataFrame
    lines: int
    continuation_lines: int


def read_fragment(source: Source, delivery: Delivery, fragment: Fragment, *, store: Path) -> Reading:
    """Return the fragment's records and unreadable lines; NotReadable where the store lacks its bytes."""
    data = _bytes_of(delivery, fragment, store)
    is_csv = source.notation.format == "csv"
    mark = len(_BOM) if not is_csv and fragment.start == 0 and data.startswith(_BOM) else 0
    read = _read_csv(source, delivery, data) if is_csv else _read_ndjson(source, delivery, data[mark:])
    origin = Origin(fragment.start + mark, fragment.first_row, header_lines=int(is_csv))
    is_cut_off = fragment.end == delivery.bytes and not delivery.is_closed
    unreadable = unreadable_lines(read, origin, is_cut_off=is_cut_off)
    row = pl.Series("_row", read.positions + fragment.first_row, dtype=pl.UInt32)
    records = read.fields.select(row, *_canonical(source, delivery.columns))
    lines = records.height + read.continuation_lines + unreadable.height
    return Reading(records, unreadable, lines, read.continuation_lines)


def _read_csv(source: Source, delivery: Delivery, data: bytes) -> TextRecords:
    notation = source.notation
    return read_csv_text(
        data, Dialect(notation.delimiter, notation.quote, notation.encoding, len(delivery.columns))
    )


def _read_ndjson(source: Source, delivery: Delivery, data: bytes) -> TextRecords:
    paths = tuple(source.columns.values())
    return read_ndjson_text(data, paths, encoding=source.notation.encoding, seen=delivery.columns)


def _canonical(source: Source, columns: tuple[str, ...]) -> Iterator[pl.Expr]:
    """Yield the fields under their canonical names; a column that a CSV delivery lacks is null."""
    for number, (name, column) in enumerate(source.columns.items()):
        if source.notation.format == "ndjson":
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
