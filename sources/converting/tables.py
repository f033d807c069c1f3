"""Tables of Parquet and of workbooks as lines of text: numbers without loss, points in time as ISO 8601.

Parquet goes by its row groups, a workbook row by row.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any

import polars as pl
from polars._typing import PolarsDataType

from sources.unpacking import Corrupt
from sources.unpacking.member import MOST_TIMES_ITS_SIZE

_ROWS = 65_536
_MOST_WORKBOOK_BYTES = 4 << 30
_WORKBOOK_FREE_BYTES = 64 << 20
_LOOKED_AT = 200


def lines_of_parquet(path: Path) -> Iterator[bytes]:
    """Yield one line of JSON per row, every value as text; Corrupt where it is no whole Parquet file."""
    try:
        rows = pl.scan_parquet(path, glob=False)
        schema = rows.collect_schema()
        height = rows.select(pl.len()).collect().item()
        for offset in range(0, height, _ROWS):
            part = rows.slice(offset, _ROWS).select(
                _as_text(pl.col(name), dtype).alias(name) for name, dtype in schema.items()
            )
            yield part.collect().write_ndjson().encode()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise Corrupt(f"it is no whole Parquet file: {type(error).__name__}") from error


def lines_of_workbook(path: Path, required: frozenset[str]) -> tuple[str, Iterator[bytes]]:
    """Return the name of the sheet and its rows as lines of CSV, with commas and double quotes.

    The sheet is the first that has a row with every required column, else the first. Corrupt where it is no workbook.
    """
    import python_calamine

    _check_size(path)
    try:
        with path.open("rb") as file:
            book = python_calamine.CalamineWorkbook.from_filelike(file)
            names = [
                sheet.name for sheet in book.sheets_metadata if "Work" in str(sheet.typ)
            ] or book.sheet_names
            sheets = (book.get_sheet_by_name(name) for name in names)
            chosen = next((sheet for sheet in sheets if _has_header(sheet.iter_rows(), required)), None)
            sheet = chosen or book.get_sheet_by_name(names[0])
    except (python_calamine.CalamineError, OSError, IndexError, ValueError) as error:
        raise Corrupt(f"it is no whole workbook: {error}") from error
    return sheet.name, _lines(sheet.iter_rows())


def _has_header(rows: Iterator[Sequence[Any]], required: frozenset[str]) -> bool:
    return any(
        required <= {cell_text(cell) for cell in row} for row, _ in zip(rows, range(_LOOKED_AT), strict=False)
    )


def _lines(rows: Iterator[Sequence[Any]]) -> Iterator[bytes]:
    """Yield the rows; an empty one is an empty line, and those behind the last value are none."""
    out, empty, count = io.StringIO(), 0, 0
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        texts = [cell_text(cell) for cell in row]
        if not any(texts):
            empty += 1
            continue
        out.write("\n" * empty)
        empty = 0
        writer.writerow(texts)
        count += 1
        if count % _ROWS == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def cell_text(cell: object) -> str:
    """Return a cell of a workbook as text; whole numbers without a point, as workbooks show them."""
    match cell:
        case bool():
            return "true" if cell else "false"
        case float() if isfinite(cell):
            return format(Decimal(repr(cell)).normalize() if cell.is_integer() else Decimal(repr(cell)), "f")
        case datetime() | date() | time():
            return cell.isoformat()
        case timedelta():
            return format(Decimal(cell // timedelta(microseconds=1)) / 1_000_000, "f")
        case _:
            return "" if cell is None else str(cell)


def _check_size(path: Path) -> None:
    """Raise Corrupt for a workbook that would unpack to too much: it is read into memory."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return  # another kind of workbook, or none
    most = min(_MOST_WORKBOOK_BYTES, max(_WORKBOOK_FREE_BYTES, MOST_TIMES_ITS_SIZE * path.stat().st_size))
    if unpacked > most:
        raise Corrupt(f"it unpacks to {unpacked} bytes, more than {most}: it is held for a bomb")


def _as_text(value: pl.Expr, dtype: PolarsDataType) -> pl.Expr:
    match dtype:
        case pl.Struct():
            fields = [_as_text(value.struct.field(f.name), f.dtype).alias(f.name) for f in dtype.fields]
            return pl.when(value.is_not_null()).then(pl.struct(fields))
        case pl.List():
            return value.list.eval(_as_text(pl.element(), dtype.inner))
        case pl.Array():
            return value.arr.to_list().list.eval(_as_text(pl.element(), dtype.inner))
        case pl.Binary():
            return value.bin.encode("hex")
        case pl.Datetime() | pl.Date() | pl.Time() | pl.Duration():
            return value.dt.to_string("iso:strict")
        case _:
            return value.cast(pl.String)
