"""Handing over: text cells become lines, and lines become files or rows of a database, all or nothing.

A file appears under its name only when it is complete; a day of the ledger is replaced in one transaction.
"""

import os
import sqlite3
from contextlib import closing
from datetime import date
from io import BytesIO
from pathlib import Path

import polars as pl

from sources.simulation.breakage import Lines
from sources.simulation.vocabulary import FIELDS

GATEWAY_A_HEADER = "txn_ref;kunde;mail;haendler;geraet;betrag;waehrung;land;zeitpunkt;risiko"
# What calls itself Latin-1 in practice: true Latin-1 has no euro sign, this has it at byte 0x80.
GATEWAY_A_ENCODING = "cp1252"
CSV_HEADER = ",".join(FIELDS)

_LEDGER_COLUMNS = (
    "payment_no INTEGER, customer TEXT, email TEXT, merchant TEXT, device TEXT, amount_cents INTEGER, "
    "currency_code INTEGER, country_code INTEGER, booked_at INTEGER, risk REAL, booking_day TEXT"
)
_OBJECT = (
    '{"id":{},"customer":{"ref":{},"email":{},"country":{}},"merchant":{},"device":{"id":{},"risk":{}},'
    '"amount":{"minor":{},"currency":{}},"created":{}}'
)
_IN_OBJECT = (
    *("payment_id", "customer_id", "email", "country", "merchant_id"),
    *("device_id", "device_risk", "amount", "currency", "paid_at"),
)
_BARE_NUMBER = r"^-?\d+(\.\d+)?$"


def csv_lines(cells: pl.DataFrame, delimiter: str) -> pl.Series:
    """Return one line per record; cells are quoted only where they must be."""
    needs_quotes = [delimiter, '"', "\n"]
    columns = []
    for name in FIELDS:
        cell = pl.col(name).fill_null("")
        quoted = pl.lit('"') + cell.str.replace_all('"', '""', literal=True) + pl.lit('"')
        columns.append(pl.when(cell.str.contains_any(needs_quotes)).then(quoted).otherwise(cell))
    return cells.select(line=pl.concat_str(columns, separator=delimiter)).to_series()


def json_lines(cells: pl.DataFrame) -> pl.Series:
    """Return one JSON object per record, nested as gateway_b nests it."""
    first, *between = (pl.lit(part) for part in _OBJECT.split("{}"))
    parts = [piece for name, text in zip(_IN_OBJECT, between, strict=True) for piece in (_json(name), text)]
    return cells.select(line=pl.concat_str(first, *parts)).to_series()


def deliver_gateway_a(root: Path, day: date, lines: Lines) -> Path:
    """Write the day's file of gateway_a; letters that its code page lacks lose their strokes."""
    texts = lines.texts.str.replace_all("ł", "l", literal=True)
    content = _content(GATEWAY_A_HEADER, lines._replace(texts=texts)).decode().encode(GATEWAY_A_ENCODING)
    return replace_file(root / "gateway_a" / day.isoformat() / "payments.csv", content)


def deliver_gateway_b(root: Path, day: date, lines: Lines) -> Path:
    """Write the day's file of gateway_b."""
    return replace_file(root / "gateway_b" / day.isoformat() / "payments.ndjson", _content(None, lines))


def deliver_csv(root: Path, source: str, day: date, lines: Lines) -> Path:
    """Write the day's file of one source in the canonical notation."""
    return replace_file(root / source / day.isoformat() / "payments.csv", _content(CSV_HEADER, lines))


def deliver_ledger(root: Path, day: date, cells: pl.DataFrame) -> Path:
    """Replace the day's bookings; texts that read as numbers become numbers by the columns' affinity."""
    path = root / "ledger" / "ledger.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = ((*row, day.isoformat()) for row in cells.select(FIELDS).iter_rows())
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("BEGIN IMMEDIATE")
        database.execute(f"CREATE TABLE IF NOT EXISTS bookings ({_LEDGER_COLUMNS})")
        database.execute("CREATE INDEX IF NOT EXISTS bookings_by_day ON bookings (booking_day)")
        database.execute("DELETE FROM bookings WHERE booking_day = ?", (day.isoformat(),))
        database.executemany("INSERT INTO bookings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    return path


def replace_file(path: Path, content: bytes) -> Path:
    """Write the content under a temporary name beside the path, then rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def _content(header: str | None, lines: Lines) -> bytes:
    content = BytesIO()
    if header is not None:
        content.write(header.encode() + b"\n")
    lines.texts.alias("line").to_frame().write_csv(content, include_header=False, quote_style="never")
    return content.getvalue().removesuffix(b"\n") if lines.is_cut_off else content.getvalue()


def _json(name: str) -> pl.Expr:
    # No simulated value holds a quote, a backslash or a control character.
    cell = pl.col(name)
    text = (pl.lit('"') + cell + pl.lit('"')).fill_null("null")
    if name not in ("amount", "device_risk"):
        return text
    return pl.when(cell.str.contains(_BARE_NUMBER)).then(cell).otherwise(text)
