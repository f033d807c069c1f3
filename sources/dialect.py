"""How a CSV file is written, where that is not declared: delimiter, quote, and the line on which the header stands.

Told from the first bytes, by the names of the declared columns before all else.
"""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sources.encodings import BOM

DELIMITERS = (",", ";", "\t", "|")
QUOTES = ('"', "'")

_LINES = 200
_LINE_END = re.compile(rb"\r\n|\n|\r")
_MOST_CONSISTENT = 2


@dataclass(frozen=True, slots=True)
class FoundDialect:
    """How the fields are told apart, and how many lines stand before the header."""

    delimiter: str
    quote: str | None
    preamble: int = 0


def found_dialect(
    head: bytes,
    encoding: str,
    *,
    delimiters: Sequence[str],
    quotes: Sequence[str | None],
    columns: frozenset[str],
    required: frozenset[str],
) -> FoundDialect:
    """Return the dialect among the candidates whose header names the most columns, on the earliest line.

    Among equals the one decides by which the lines have the same number of fields. A line behind the first is the header
    only if it has every required column, or most of them.
    """
    lines = [line.decode(encoding, "replace") for line in lines_of(head)[:_LINES]]
    best, best_score = FoundDialect(delimiters[0], quotes[0]), (-1, 0, -1.0, 0)
    for quote in quotes:
        for order, delimiter in enumerate(delimiters):
            at, named = _header_at(lines, delimiter, quote, columns, required)
            score = (named, -at, _consistency(lines[at:], delimiter, quote), -order)
            if score > best_score:
                best, best_score = FoundDialect(delimiter, quote, at), score
    return best


def quotes_in(head: bytes, delimiters: Sequence[str]) -> tuple[str | None, ...]:
    """Return the marks around fields, the likelier first: the double one unless only single ones enclose fields."""
    text = b"\n" + head + b"\n"
    counts = {quote: _enclosed(text, quote, delimiters) for quote in QUOTES}
    return ("'",) if counts["'"] > counts['"'] == 0 else ('"',)


def lines_of(head: bytes) -> list[bytes]:
    """Return the lines of the first bytes without their ends; the last only if nothing else is there."""
    lines = head.removeprefix(BOM).split(b"\n", _LINES)[:_LINES]
    return [
        line.removesuffix(b"\r") for line in (lines[:-1] if len(lines) > 1 and lines[-1] == b"" else lines)
    ]


def fields_of(line: str, delimiter: str, quote: str | None) -> list[str]:
    """Return the fields of one line, quotes heeded where they enclose."""
    if quote is None or quote not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, quotechar=quote), [])
    except csv.Error:
        return line.split(delimiter)


def usual_delimiters(head: bytes, delimiter: str) -> int:
    """Return how many delimiters most lines have, whatever ends a line."""
    counts = Counter(line.count(delimiter.encode()) for line in _LINE_END.split(head)[: 10 * _LINES] if line)
    return counts.most_common(1)[0][0] if counts else 0


def _header_at(
    lines: list[str], delimiter: str, quote: str | None, columns: frozenset[str], required: frozenset[str]
) -> tuple[int, int]:
    """Return the line of the header and how many columns it names; the first where none is a header."""
    best, most = 0, 0
    for number, line in enumerate(lines):
        fields = set(fields_of(line, delimiter, quote))
        named = len(columns & fields)
        is_header = number == 0 or required <= fields or 2 * len(required & fields) > len(required)
        if is_header and named > most:
            best, most = number, named
    return best, most


def _consistency(lines: list[str], delimiter: str, quote: str | None) -> float:
    """Return the share of lines with the commonest number of fields, nothing where that is one."""
    counts = Counter(len(fields_of(line, delimiter, quote)) for line in lines if line)
    if not counts:
        return 0.0
    width, often = counts.most_common(1)[0]
    return often / counts.total() if width >= _MOST_CONSISTENT else 0.0


def _enclosed(text: bytes, quote: str, delimiters: Sequence[str]) -> int:
    mark, between = re.escape(quote.encode()), b"[" + re.escape("".join(delimiters).encode()) + b"\r\n]"
    return len(re.findall(between + mark + rb"[^\r\n]*?" + mark + b"(?=" + between + b")", text))
