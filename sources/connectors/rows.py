"""Rows of a database as lines of JSON, and the query for those from a value of a column on. No I/O."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from sources.errors import LastingFailure
from sources.queries import bound, parameters_of

ROWS = 5_000
"""Of one batch."""

Batch = tuple[list[str], list[Any]]
"""Lines, and the value of the cursor column of each where there is one."""

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Asked:
    """A query with a value for each of its parameters, in their order."""

    query: str
    values: list[Any]
    cursor: str | None
    after: Any
    url: str
    """As it is declared, to take the values of its variables out of messages."""

    @property
    def declared(self) -> tuple[str, str]:
        """What variables stand in."""
        return self.url, self.query

    @property
    def has_condition(self) -> bool:
        """Whether a condition on the cursor column is added: the query goes on from a value and has no `:since`."""
        return self.cursor is not None and self.after is not None and "since" not in parameters_of(self.query)

    @property
    def bound_values(self) -> list[Any]:
        """The values for every placeholder of `text`."""
        return [*self.values, self.after] if self.has_condition else self.values

    def text(
        self, placeholder: Callable[[int], str], quoted: Callable[[str], str], columns: str = "q.*"
    ) -> str:
        """Return the query with its placeholders, in the order of the cursor column where there is one."""
        inner = bound(self.query, placeholder)
        if self.cursor is None:
            return inner if columns == "q.*" else f"SELECT {columns} FROM (\n{inner}\n) q"  # noqa: S608 - of the declared query, values are bound
        column = f"q.{quoted(self.cursor)}"
        condition = (
            f"WHERE {column} >= {placeholder(len(self.values))} OR {column} IS NULL "
            if self.has_condition
            else ""
        )
        return f"SELECT {columns} FROM (\n{inner}\n) q {condition}ORDER BY {column}"  # noqa: S608 - the same

    def place_in(self, names: Sequence[str]) -> int | None:
        """Return the position of the cursor column; LastingFailure where there is none of that name."""
        if self.cursor is None:
            return None
        if self.cursor not in names:
            raise LastingFailure(f"the query has no column {self.cursor}, which is its cursor")
        return names.index(self.cursor)


def checked_names(names: Sequence[str]) -> list[str]:
    """Return the names of the columns; LastingFailure where one is given twice."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise LastingFailure(f"the query names columns twice: {', '.join(twice)}")
    return list(names)


def in_double_quotes(name: str) -> str:
    """Return an identifier as SQL quotes it."""
    return '"' + name.replace('"', '""') + '"'


def line_of(names: Sequence[str], row: Sequence[object]) -> str:
    """Return a row as one object of JSON."""
    return line_of_value(dict(zip(names, row, strict=True)))


def line_of_value(value: object) -> str:
    """Return a value as one line of JSON.

    What JSON has not is text: decimals with all their digits, times as ISO 8601, bytes as hexadecimal digits,
    infinity as `inf`.
    """
    try:
        return _encode(value)
    except (TypeError, ValueError):
        return _encode(_plain(value))


def _plain(value: object) -> object:
    match value:
        case None | bool() | int() | str():
            return value
        case dict():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(inner) for inner in value]
        case float():
            return value if math.isfinite(value) else str(value)
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case date() | time():
            return value.isoformat()
    return str(value)
