"""CSV as text: every physical line is the first of one record, goes on with one, or is named as unreadable.

polars reads broken CSV quietly wrong, so it reads only what is known to be sound: a fragment without quotes
whose delimiters add up, or the lines that were found sound one by one. No Python runs per sound line.
"""

import re

import numpy as np
import polars as pl

from sources.csv_lines import Dialect, are_covered, judged_lines, reasons_of, records_over_lines
from sources.errors import SourceError
from sources.physical_lines import NO_REASONS, PhysicalLines, TextRecords, in_utf8, physical_lines

_LONE_RETURN = re.compile(rb"\r(?!\n|\Z)")
_COUNT_BLOCK = 1 << 18
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# polars drops a mark at the beginning and unpacks what begins like a compressed file: a mark before it
# prevents both.
_MISREAD = (_BYTE_ORDER_MARK, b"x", b"\x1f", b"(")


def read_csv_text(data: bytes, dialect: Dialect) -> TextRecords:
    """Read lines of CSV without a header, fields in columns `0`, `1`, …; an empty field is an empty text."""
    fields = _read_at_once(data, dialect)
    if fields is None:
        return _read_carefully(physical_lines(data, dialect.encoding), dialect)
    return TextRecords(fields, np.arange(fields.height), NO_REASONS, 0, None)


def _read_at_once(data: bytes, dialect: Dialect) -> pl.DataFrame | None:
    """Return the fields where all lines are sound for certain, else None.

    polars raises at a line with too many fields and fills up one with too few. Where it did not raise, the bytes
    of all values, of the delimiters between them, of the line ends and of the quotes add up to those of the text
    if and only if no line is too short and each quote encloses a field: a delimiter that is not there, and a quote or
    a line end within a value, which counts twice, all make the sum too large. Only a quote that is open at the end of
    the text need not: it makes the number of quotes odd.
    """
    if not data or b"\0" in data:
        return None
    text = in_utf8(data, dialect.encoding)
    if text is None:
        return None
    quote = _quote_in(data, dialect)
    try:
        fields = _parsed(text, dialect, quote=quote)
    except pl.exceptions.PolarsError:
        return None
    values = sum(fields.select(pl.all().str.len_bytes().sum().cast(pl.Int64)).row(0))
    quotes = _count(text, quote) if quote else 0
    marks = _count(text, "\n") + _line_ends_of_two(text) + quotes
    if quotes % 2 or values + fields.height * (dialect.width - 1) + marks != len(text):
        return None
    # In one piece: each expression that mixes them with other columns would have to piece them together again.
    return None if dialect.width == 1 and (fields["0"] == "").any() else fields.rechunk()


def _quote_in(data: bytes, dialect: Dialect) -> str | None:
    return dialect.quote if dialect.quote is not None and dialect.quote.encode() in data else None


def _parsed(text: bytes, dialect: Dialect, *, quote: str | None) -> pl.DataFrame:
    """Return the fields of text without NUL.

    polars drops a carriage return at the end of any field: one that ends no line is a NUL meanwhile.
    """
    has_lone_returns = b"\r" in text and text.count(b"\r") != text.count(b"\r\n")
    if has_lone_returns:
        text = _LONE_RETURN.sub(b"\0", text)
    fields = pl.read_csv(
        _BYTE_ORDER_MARK + text if text.startswith(_MISREAD) else text,
        has_header=False,
        schema={str(i): pl.String for i in range(dialect.width)},
        separator=dialect.delimiter,
        quote_char=quote,
        empty_string_is_null=False,
    )
    return (
        fields.with_columns(pl.all().str.replace_all("\0", "\r", literal=True))
        if has_lone_returns
        else fields
    )


def _line_ends_of_two(data: bytes) -> int:
    """Return how often a line feed follows a carriage return; one byte is found much faster than two are."""
    return data.count(b"\r\n") if b"\r" in data else 0


def _count(data: bytes, character: str) -> int:
    """Return how often the character stands in the data; blocks that fit the cache are the fastest."""
    text, code = np.frombuffer(data, np.uint8), ord(character)
    blocks = range(0, len(text), _COUNT_BLOCK)
    return sum(int(np.count_nonzero(text[i : i + _COUNT_BLOCK] == code)) for i in blocks)


def _read_carefully(lines: PhysicalLines, dialect: Dialect) -> TextRecords:
    judged = judged_lines(lines, dialect)
    begins, ends = records_over_lines(judged, dialect)
    is_covered = are_covered((begins, ends), len(lines))
    begins_record = judged["is_sound"].to_numpy() & ~is_covered
    is_unreadable = ~(begins_record | is_covered)
    begins_record[begins] = True
    positions = np.flatnonzero(begins_record)
    return TextRecords(
        fields=_fields_of(lines.kept(np.flatnonzero(~is_unreadable)), dialect, height=len(positions)),
        positions=positions,
        reasons=reasons_of(judged.filter(pl.Series(is_unreadable)), lines, dialect),
        continuation_lines=int((ends - begins).sum()),
        lines=lines,
    )


def _fields_of(text: bytes, dialect: Dialect, *, height: int) -> pl.DataFrame:
    if not height:
        return pl.DataFrame(schema={str(i): pl.String for i in range(dialect.width)})
    fields = _parsed(text, dialect, quote=_quote_in(text, dialect))
    if fields.height != height:
        raise SourceError(f"polars read {fields.height} records where {height} were found sound")
    return fields
