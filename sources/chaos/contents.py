"""Texts that arrive otherwise than they were written: each function makes the bytes of one fault from a sound sheet."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from sources.chaos.sheet import Sheet

_PAGE = b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n<body>\n<h1>Bad Gateway</h1>\n</body></html>\n"
_PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
_MARK = b"\xef\xbb\xbf"
_IMPOSSIBLE = ("00.00.0000 00:00", "31.02.2026 12:00", "99.99.9999 99:99")
_SHARE_OF_GARBAGE = 0.1


def empty(_sheet: Sheet, _rng: np.random.Generator) -> bytes:
    """Nothing at all."""
    return b""


def header_only(sheet: Sheet, _rng: np.random.Generator) -> bytes:
    """The header, and no line of data."""
    return sheet.with_lines(()).content()


def cut_in_mid_record(sheet: Sheet, rng: np.random.Generator) -> bytes:
    """The beginning, up to a place within a record, before its last value."""
    lines = sheet.lines[: _kept(sheet, rng) + 1]
    last = lines[-1]
    end = len(last) if sheet.header is None else last.rindex(sheet.delimiter)
    at = int(rng.integers(end // 4, end))
    return sheet.with_lines((*lines[:-1], last[:at])).content().removesuffix(b"\n")


def cut_in_last_value(sheet: Sheet, rng: np.random.Generator) -> bytes:
    """The beginning, up to a place within the last value of a record, which still looks whole."""
    whole = [n for n, line in enumerate(sheet.lines) if len(line.rpartition(sheet.delimiter)[2]) > 3]
    at = max((n for n in whole if n <= _kept(sheet, rng)), default=whole[0])
    lines = sheet.lines[: at + 1]
    return sheet.with_lines((*lines[:-1], lines[-1][:-1])).content().removesuffix(b"\n")


def cut_at_record_end(sheet: Sheet, rng: np.random.Generator) -> bytes:
    """The beginning, up to the end of a record: less than half of the records."""
    return sheet.with_lines(sheet.lines[: _kept(sheet, rng)]).content()


def html_page(_sheet: Sheet, _rng: np.random.Generator) -> bytes:
    """A page that says that something is wrong."""
    return _PAGE


def pdf(_sheet: Sheet, rng: np.random.Generator) -> bytes:
    """The beginning of a PDF file, and a stream of bytes."""
    return _PDF + rng.bytes(2000)


def packed(content: bytes, _rng: np.random.Generator) -> bytes:
    """A sound gzip archive."""
    return gzip.compress(content, mtime=0)


def packed_with_flipped_byte(content: bytes, rng: np.random.Generator) -> bytes:
    """A gzip archive of which one byte of the compressed data has changed."""
    archive = bytearray(gzip.compress(content, mtime=0))
    archive[int(rng.integers(len(archive) // 4, len(archive) - 8))] ^= 0x55
    return bytes(archive)


def packed_and_truncated(content: bytes, rng: np.random.Generator) -> bytes:
    """The beginning of a gzip archive."""
    archive = gzip.compress(content, mtime=0)
    return archive[: int(len(archive) * rng.uniform(0.3, 0.9))]


def in_encoding(encoding: str) -> Callable[[Sheet, np.random.Generator], bytes]:
    """The same text in another encoding; what that lacks is written as a question mark."""
    return lambda sheet, _rng: sheet.content().decode(sheet.encoding).encode(encoding, "replace")


def with_byte_order_mark(sheet: Sheet, _rng: np.random.Generator) -> bytes:
    """A byte order mark before the text, as editors on Windows write it."""
    return _MARK + sheet.content()


def mixed_line_ends(sheet: Sheet, rng: np.random.Generator) -> bytes:
    """Some lines end as on Unix, some as on Windows."""
    ends = np.where(rng.random(len(sheet.all_lines)) < 0.5, "\n", "\r\n")
    text = "".join(line + end for line, end in zip(sheet.all_lines, ends.tolist(), strict=True))
    return text.encode(sheet.encoding)


def nul_bytes(sheet: Sheet, rng: np.random.Generator) -> bytes:
    """NUL bytes within a few lines, behind their first value."""

    def spoilt(line: str) -> str:
        at = int(rng.integers(len(line) // 2, len(line)))
        return line[:at] + "\0\0" + line[at:]

    return sheet.with_few(spoilt, rng).content()


def delimiter_changed(sheet: Sheet, _rng: np.random.Generator) -> bytes:
    """Tabs between the fields."""
    return sheet.content().replace(b";", b"\t")


def preamble(sheet: Sheet, _rng: np.random.Generator) -> bytes:
    """Words for people before the header."""
    words = "Payments of the day\nmade by the till system\n\n"
    return words.encode(sheet.encoding) + sheet.content()


def two_tables(sheet: Sheet, _rng: np.random.Generator) -> bytes:
    """A second, smaller table below the first."""
    below = "\nhaendler;anzahl\nM00001;12\nM00002;7\n"
    return sheet.content() + below.encode(sheet.encoding)


def ragged_rows(sheet: Sheet, rng: np.random.Generator) -> bytes:
    """A few lines that lack a field in their middle; of JSON, a closing brace."""
    if sheet.header is None:
        return sheet.with_few(lambda line: line.removesuffix("}"), rng).content()

    def lack_one(fields: list[str]) -> None:
        del fields[int(rng.integers(1, len(fields) - 1))]

    return sheet.with_few_fields(lack_one, rng).content()


def unquoted_delimiter(sheet: Sheet, rng: np.random.Generator) -> bytes:
    """In a few lines, a value that holds the delimiter and is not quoted: the merchant with a remark."""

    def remark(fields: list[str]) -> None:
        fields[3] += ";old"

    return sheet.with_few_fields(remark, rng).content()


def extra_quote(sheet: Sheet, rng: np.random.Generator) -> bytes:
    """In a few lines, a quote that is never closed; in JSON, one that ends a text too early."""
    if sheet.header is None:
        return sheet.with_few(lambda line: line.replace('"merchant":"', '"merchant":""', 1), rng).content()

    def quote(fields: list[str]) -> None:
        fields[3] = '"' + fields[3]

    return sheet.with_few_fields(quote, rng).content()


def line_cut_in_two(sheet: Sheet, rng: np.random.Generator) -> bytes:
    """A few lines with a line end in their middle, behind their first value."""

    def cut(line: str) -> str:
        at = int(rng.integers(len(line) // 3, 2 * len(line) // 3))
        return f"{line[:at]}\n{line[at:]}"

    return sheet.with_few(cut, rng).content()


def rows_reordered(sheet: Sheet, rng: np.random.Generator) -> bytes:
    """The same records in another order."""
    return sheet.with_lines(sheet.lines[i] for i in rng.permutation(len(sheet.lines))).content()


def columns_reordered(sheet: Sheet, rng: np.random.Generator) -> bytes:
    """The columns, or the keys of the objects, in another order."""
    if sheet.header is None:
        return sheet.with_lines(_dumped(_turned(json.loads(line))) for line in sheet.lines).content()
    order = rng.permutation(len(sheet.columns)).tolist()
    return sheet.with_fields(lambda fields: [fields[i] for i in order]).content()


def column_renamed(sheet: Sheet, rng: np.random.Generator) -> bytes:
    """One column under another name of the same meaning."""
    synonyms = {"kunde": "kundennummer", "mail": "e_mail", "betrag": "amount", "zeitpunkt": "paid_at"}
    old = list(synonyms)[int(rng.integers(len(synonyms)))]
    return _with_header(sheet, old, synonyms[old])


def column_renamed_to_nonsense(sheet: Sheet, _rng: np.random.Generator) -> bytes:
    """One column under a name that says nothing."""
    return _with_header(sheet, "haendler", "xq7")


def column_dropped(sheet: Sheet, _rng: np.random.Generator) -> bytes:
    """One column is gone, with its values."""
    at = sheet.columns.index("haendler")
    return sheet.with_fields(lambda fields: fields[:at] + fields[at + 1 :]).content()


def column_added(sheet: Sheet, _rng: np.random.Generator) -> bytes:
    """One column more, of which nobody was told."""
    if sheet.header is None:
        return sheet.with_lines(
            line.removesuffix("}") + ',"channel":"web"}' for line in sheet.lines
        ).content()
    added = sheet.with_fields(lambda fields: [*fields, "web"])
    return _with_header(added, "web", "kanal")


def unit_changed(sheet: Sheet, _rng: np.random.Generator) -> bytes:
    """Amounts in cents where euros were agreed."""
    at = sheet.columns.index("betrag")

    def in_cents(fields: list[str]) -> list[str]:
        whole, mark, cents = fields[at].partition(",")
        if mark and (whole + cents).isdigit() and len(cents) == 2:
            fields[at] = str(int(whole + cents))
        return fields

    return sheet.with_fields(in_cents).content()


def clock_garbage(sheet: Sheet, rng: np.random.Generator) -> bytes:
    """A tenth of the times are none that a clock can show."""
    is_hit = rng.random(len(sheet.lines)) < _SHARE_OF_GARBAGE
    is_hit[0] = True
    return sheet.with_lines(
        _with_time(line, sheet, _IMPOSSIBLE[number % len(_IMPOSSIBLE)]) if hit else line
        for number, (line, hit) in enumerate(zip(sheet.lines, is_hit.tolist(), strict=True))
    ).content()


def _kept(sheet: Sheet, rng: np.random.Generator) -> int:
    return max(1, int(len(sheet.lines) * rng.uniform(0.1, 0.4)))


def _with_header(sheet: Sheet, old: str, new: str) -> bytes:
    names = [new if name == old else name for name in sheet.columns]
    return Sheet(sheet.delimiter.join(names), sheet.lines, sheet.delimiter, sheet.encoding).content()


def _with_time(line: str, sheet: Sheet, time: str) -> str:
    if sheet.header is None:
        return _dumped({**json.loads(line), "created": time})
    fields = line.split(sheet.delimiter)
    fields[sheet.columns.index("zeitpunkt")] = time
    return sheet.delimiter.join(fields)


def _turned(value: dict[str, Any]) -> dict[str, Any]:
    turned = dict(reversed(value.items()))
    return {key: _turned(inner) if isinstance(inner, dict) else inner for key, inner in turned.items()}


def _dumped(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
