"""Tables for a spreadsheet, in which nothing that came from outside is run.

OWASP, "CSV Injection": a cell that begins with `=`, `+`, `-`, `@`, a tabulator or a carriage return can be a formula. An
apostrophe before it makes it a text in Excel, LibreOffice and Google Sheets; numbers are written as numbers.
"""

import csv
import io
import re
from datetime import date, datetime
from typing import Any

import polars as pl

from orchestration_assets.decisions.shown import shown

LONGEST = 30_000
"""Characters of one cell; a spreadsheet refuses more than 32,767."""
_FORMULA = re.compile(r"^[\s\u3000\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20\u2212|%]")


def as_csv(rows: pl.DataFrame) -> bytes:
    """`rows`, masked already if they are to be, as CSV in UTF-8 with a byte order mark, so that a spreadsheet knows it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([as_cell(name) for name in rows.columns])
    writer.writerows([as_cell(value) for value in row] for row in rows.iter_rows())
    return out.getvalue().encode("utf-8-sig")


def as_cell(value: Any) -> str:
    """One value as a cell: texts safe to open, lists as their parts, nothing as nothing."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return as_cell("; ".join("" if part is None else str(part) for part in value))
    text = shown(value, LONGEST)
    # The value itself decides, not what is shown of it: a tabulator is shown as its picture.
    return f"'{text}" if _FORMULA.match(str(value)) or str(value)[:1] in ("\t", "\r", "\n") else text
