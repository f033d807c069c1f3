"""CSV as text: every physical line is the first of one record, goes on with one, or is named as unreadable.

polars reads broken CSV quietly wrong, so it reads only what is known to be sound: a fragment without quotes
whose delimiters add up, or the lines that were found sound one by one. No Python runs per sound line.
"""

import re

import numpy as np
import polars as pl

from sources.errors import SourceError
from sources.reading.csv_lines import Dialect, judged_lines, reasons_of
from sources.reading.lines import NO_REASONS, PhysicalLines, TextRecords, in_utf8, physical_lines
from sources.reading.mending.mend import MOST_BROKEN_LINES, lines_of, mended, without_swallowed
from sources.reading.records import Records, sound_records
from sources.reading.strangers import holds_header, strangers
from sources.scanning import count_of

_LONE_RETURN = re.compile(rb"\r(?!\n|\Z)")
_FIRST_BYTES, _FEW = 1 << 20, 16
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# polars drops a mark at the beginning and unpacks what begins like a compressed file: a mark before it
# prevents both.
_MISREAD = (_BYTE_ORDER_MARK, b"x", b"\x1f", b"(")


def read_csv_text(data: bytes, dialect: Dialect) -> TextRecords:
    """Read lines of CSV without a header, fields in columns `0`, `1`, …; an empty field is an empty text."""
    fields = _read_at_once(data, dialect) if _is_sound_at_first(data, dialect) else None
    if fields is None or holds_header(fields, dialect):
        return _read_carefully(physical_lines(data, dialect.encoding), dialect)
    return TextRecords(fields, np.arange(fields.height), NO_REASONS, 0, None)


def _is_sound_at_first(data: bytes, dialect: Dialect) -> bool:
    """Return whether the first lines are sound: of a file with broken lines, not all of it is to be read in vain."""
    end = data.rfind(b"\n", 0, _FIRST_BYTES) + 1
    return len(data) < _FEW * _FIRST_BYTES or end == 0 or _read_at_once(data[:end], dialect) is not None


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
    quotes = count_of(text, quote) if quote else 0
    marks = count_of(text, "\n") + _line_ends_of_two(text) + quotes
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


def _read_carefully(lines: PhysicalLines, dialect: Dialect) -> TextRecords:
    judged = judged_lines(lines, dialect)
    sound = sound_records(judged, dialect, _parsed_records)
    sound = without_swallowed(sound)
    aside = strangers(sound)
    sound = sound.without(aside["position"].to_numpy())
    repair = mended(sound, _open_lines(sound, aside))
    aside = pl.concat([aside, lines_of(repair.held, sound)])
    records = repair.records
    gone = [
        aside["position"],
        records.select(pl.int_ranges("position", pl.col("last") + 1)).to_series().explode(),
    ]
    sound = sound.without(pl.concat([part.drop_nulls() for part in gone]).to_numpy())
    sound = sound.with_records(records["position"].to_numpy(), records["last"].to_numpy())
    unreadable = np.flatnonzero(~sound.is_covered)
    return TextRecords(
        fields=sound.fields(replaced=repair.texts),
        positions=sound.begins,
        reasons=_told(reasons_of(judged, unreadable, dialect), aside, repair.proposals),
        continuation_lines=int((sound.ends - sound.begins).sum()),
        lines=lines,
        mended=records,
    )


def _open_lines(sound: Records, aside: pl.DataFrame) -> np.ndarray:
    """Return the lines that may be mended: text that is no record, and records with quotes within a field."""
    is_open = ~(sound.is_covered | sound.judged.is_broken)
    is_open[aside["position"].to_numpy()] = False
    with_bare = is_open | sound.judged.is_bare
    return np.flatnonzero(with_bare if with_bare.sum() <= MOST_BROKEN_LINES else is_open)


def _told(reasons: pl.DataFrame, aside: pl.DataFrame, proposals: pl.DataFrame) -> pl.DataFrame:
    """Return the reasons, those of lines that were set aside before others, and with what lines could perhaps be."""
    aside = aside.rename({"reason": "other"}).unique("position", keep="first")
    proposals = proposals.unique("position", keep="first")
    told = reasons.join(aside, on="position", how="left", maintain_order="left")
    told = told.join(proposals, on="position", how="left", maintain_order="left")
    reason = pl.coalesce("other", "reason")
    return told.select(
        "position", reason=pl.concat_str(reason, pl.col("proposal"), separator="; ", ignore_nulls=True)
    )


def _parsed_records(text: bytes, dialect: Dialect, height: int) -> pl.DataFrame:
    if not height:
        return pl.DataFrame(schema={str(i): pl.String for i in range(dialect.width)})
    fields = _parsed(text, dialect, quote=_quote_in(text, dialect))
    if fields.height != height:
        raise SourceError(f"polars read {fields.height} records where {height} were found sound")
    return fields
