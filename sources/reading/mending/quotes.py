"""Lines with a quote too many: every way to read them, and how such lines come about from sound records.

Python runs per line here, for broken lines and trials only.
"""

import re
from collections.abc import Iterator

import polars as pl

from sources.reading.mending.repairs import QUOTE, fields_schema

MOST_QUOTES = 64


def candidates_of(lines: pl.Series, delimiter: str, quote: str, width: int) -> pl.DataFrame:
    """Return one row per line and way to read it as `width` fields: without one of its quotes, or with all as characters."""
    pattern = _field_pattern(delimiter, quote)
    rows = [
        (at, *fields, arm)
        for at, line in enumerate(lines)
        for fields, arm in _ways(line, pattern, delimiter, quote, width)
    ]
    return pl.DataFrame(rows, schema=fields_schema(width), orient="row")


def _ways(
    line: str, pattern: re.Pattern[str], delimiter: str, quote: str, width: int
) -> Iterator[tuple[list[str], str]]:
    count = line.count(quote)
    if count == 1:
        before, _, behind = line.partition(quote)
        if line.count(delimiter) == width - 1:
            yield (before + behind).split(delimiter), f"{QUOTE}:{before.count(delimiter)}"
            yield line.split(delimiter), ""
        return
    if count % 2 == 1 and count <= MOST_QUOTES:
        at = -1
        for _ in range(count):
            at = line.index(quote, at + 1)
            fields, column = _fields(line[:at] + line[at + 1 :], pattern, quote, at)
            if len(fields) == width:
                yield fields, f"{QUOTE}:{column}"
    parts = line.split(delimiter)
    if len(parts) == width:
        yield [_unquoted(part, pattern, quote) for part in parts], ""


def _fields(line: str, pattern: re.Pattern[str], quote: str, place: int) -> tuple[list[str], int]:
    """Return the fields of a sound line, none of another, and in which of them the place is."""
    fields: list[str] = []
    at, column = 0, 0
    while match := pattern.match(line, at):
        quoted, plain, behind = match.groups()
        if match.start() <= place:
            column = len(fields)
        fields.append(plain if quoted is None else quoted.replace(quote * 2, quote))
        at = match.end()
        if not behind:
            return (fields, column) if at == len(line) else ([], 0)
    return [], 0


def _unquoted(part: str, pattern: re.Pattern[str], quote: str) -> str:
    match = pattern.fullmatch(part)
    return part if match is None or match[1] is None else match[1].replace(quote * 2, quote)


def _field_pattern(delimiter: str, quote: str) -> re.Pattern[str]:
    mark, between = re.escape(quote), re.escape(delimiter)
    return re.compile(
        rf"(?:{mark}((?:[^{mark}]|{mark}{mark})*){mark}|([^{mark}{between}]*))({between}|\Z)", re.DOTALL
    )
