"""What the text of a file that nobody declared is: its format, the line of its header, and which columns can be declared. Pure."""

import json
import re
from collections import Counter
from collections.abc import Sequence

from sources.dialect import fields_of, lines_of
from sources.encodings import BOM
from sources.unpacking import packing_of

_PARQUET, _OLD_WORKBOOK, _ZIP = b"PAR1", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
_DOCUMENT = re.compile(rb'\s*(?:\[\s*[\[{"\]0-9-]|\{\s*["}])')
_MARKUP = re.compile(rb"\s*<[?!a-zA-Z]")
_LETTER = re.compile(r"[^\W\d_]")
_NUMBER = re.compile(r"\s*[+-]?[0-9][0-9.,:/ -]*\s*")
_DIGIT = re.compile(r"[0-9]")
_FEWEST = 3
"""From so many columns on a line with one field filled is no header; so many lines tell what a column holds."""


def form_of(head: bytes) -> str:
    """The format, as a declaration names it, of an unpacked file that begins with `head`; text of one byte per ASCII character."""
    if head.startswith(_PARQUET):
        return "parquet"
    if head.startswith(_OLD_WORKBOOK) or (head.startswith(_ZIP) and not packing_of(head)):
        return "excel"
    records = _objects_in(lines_of(head))
    if records:
        return "json" if len(records) == 1 and _wraps_records(records[0]) else "ndjson"
    return "json" if _DOCUMENT.match(head.removeprefix(BOM)) else "csv"


def is_no_table(head: bytes) -> str:
    """Why text that begins with `head` holds no table, or nothing."""
    if b"\0" in head:
        return "it holds NUL bytes: this is binary"
    return "it begins with `<`: this is XML or HTML" if _MARKUP.match(head.removeprefix(BOM)) else ""


def header_of(lines: Sequence[str], delimiter: str, quote: str | None) -> tuple[int, tuple[str, ...]]:
    """On which line the header stands, from 0, and its names.

    That is the first line, unless a later one is surely the header: as wide as the table and full of names, and either
    all lines before it hold little, or it has no digit in a column in which every line below has one.
    """
    rows = [fields_of(line, delimiter, quote) for line in lines]
    width = _width(rows)
    at = next((at for at, row in enumerate(rows) if len(row) == width and not _is_sparse(row)), 0)
    if at and _are_names(rows[at]):
        below = [row for row in rows[at + 1 :] if len(row) == width]
        if all(2 * _filled(row) <= width for row in rows[:at]) or _stands_out(rows[at], below):
            return at, tuple(rows[at])
    return 0, tuple(rows[0]) if rows else ()


def declarable(names: Sequence[str], *, has_header: bool) -> tuple[list[str], list[str]]:
    """The columns that a source may declare, and a remark for what is left out or doubtful.

    A name that stands there twice says of neither column which it is, and landing refuses to guess; below a column that
    holds values none of its parts can be declared.
    """
    counts = Counter(names)
    twice = [name for name in counts if name.strip() and counts[name] > 1]
    unnamed = [str(at) for at, name in enumerate(names, 1) if not name.strip()]
    chosen = [name for name in counts if name.strip() and counts[name] == 1]
    below = [] if has_header else [name for name in chosen if _is_below_another(name, counts)]
    remarks = [
        f"the header has {counts[name]} columns named `{name}`: none of them is proposed, since nothing tells them apart"
        for name in twice
    ]
    if unnamed:
        remarks.append(f"columns without a name, which are not proposed: {', '.join(unnamed)}")
    remarks += [f"`{name}` is not proposed: in other records what it lies in is a value" for name in below]
    if has_header and chosen and not any(_LETTER.search(name) for name in chosen):
        remarks.append("no name in the header has a letter: is the first line a record?")
    return [name for name in chosen if name not in below], remarks


def _objects_in(lines: list[bytes]) -> list[dict[str, object]]:
    """The objects of JSON on the lines, if most lines are one; the last line counts only if it is alone: it may be cut."""
    there = [line for line in lines if line.strip()]
    records = [record for line in there[:-1] or there if (record := _object(line)) is not None]
    return records if 2 * len(records) > len(there[:-1] or there) else []


def _object(line: bytes) -> dict[str, object] | None:
    try:
        record = json.loads(line.decode("utf-8", "replace"), parse_int=str)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _wraps_records(document: dict[str, object]) -> bool:
    """Whether one array of the document, and no other, holds objects."""
    arrays = [value for value in document.values() if isinstance(value, list) and value]
    return sum(isinstance(array[0], dict) for array in arrays) == 1


def _width(rows: Sequence[Sequence[str]]) -> int:
    counts = Counter(len(row) for row in rows if any(row))
    return max(counts, key=lambda width: (counts[width], width), default=0)


def _filled(row: Sequence[str]) -> int:
    return sum(bool(field.strip()) for field in row)


def _is_sparse(row: Sequence[str]) -> bool:
    """Whether a line as wide as the table holds so little that it is no header: a title, as workbooks have it."""
    return _filled(row) == 0 or (_filled(row) == 1 and len(row) >= _FEWEST)


def _are_names(row: Sequence[str]) -> bool:
    return all(field.strip() and not _NUMBER.fullmatch(field) for field in row)


def _stands_out(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether in some column only the first of these lines has no digit."""
    columns = zip(row, *below, strict=True)
    return len(below) >= _FEWEST and any(
        not _DIGIT.search(name) and all(map(_DIGIT.search, values)) for name, *values in columns
    )


def _is_below_another(name: str, names: Counter[str]) -> bool:
    return any(name[:at] in names for at, mark in enumerate(name) if mark == ".")
