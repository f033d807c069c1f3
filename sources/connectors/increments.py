"""How far an endpoint was read, as a text that only this room reads, and what lies beyond it."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sources.errors import LastingFailure

MOST_TIES = 100_000
"""Records at the greatest value, and records without one, that are remembered one by one: 16 digits each."""

_DIGITS = 16
_NAMED = 60
_TYPES: dict[str, Any] = {
    "NoneType": lambda _: None,
    "int": int,
    "float": float.fromhex,
    "str": str,
    "bytes": bytes.fromhex,
    "Decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
}


def name_of(what: str, field_name: str, value: Any, since: str | None) -> str:
    """Return the name of a delivery: `query`, or `query[updated_at>=2026-11-23 #1f6a20c4]` beyond a position.

    So what is asked for from one position never supersedes what was asked for from another.
    """
    if not since:
        return what
    text = "" if value is None else _text(value)
    shown = text if len(text) <= _NAMED else f"{text[:_NAMED]}…"
    return f"{what}[{field_name}>={shown} #{digest_of(since)[:8]}]"


@dataclass(slots=True)
class Boundary:
    """The records at the greatest value and those without one: asked for `>=`, they come again and are left out."""

    ties: Counter[str] = field(default_factory=Counter)
    without: Counter[str] = field(default_factory=Counter)
    _known: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Expect what is remembered to come again, as often as it was delivered."""
        self._known = self.ties + self.without

    def is_known(self, line: str) -> bool:
        """Return whether it was delivered before, and not yet come again."""
        digest = digest_of(line)
        if self._known[digest] > 0:
            self._known[digest] -= 1
            return True
        return False

    def note_tie(self, line: str, *, is_greater: bool) -> None:
        """Remember a record at the greatest value; those of the value before are forgotten where it is greater."""
        if is_greater:
            self.ties.clear()
        _add(self.ties, line)

    def note_without(self, line: str) -> None:
        """Remember a record without a value."""
        _add(self.without, line)

    def as_told(self, column: str) -> dict[str, Any]:
        """Return what a position says of them; LastingFailure where they are too many to be remembered."""
        for of, what in ((self.ties, f"the same {column}"), (self.without, f"no {column}")):
            if len(of) > MOST_TIES:
                raise LastingFailure(
                    f"more than {MOST_TIES:,} records have {what}, so that it cannot be told which were delivered. "
                    "Hint: go on by a column that grows with every record."
                )
        often = {digest: n for digest, n in (self.ties | self.without).items() if n > 1}
        return {"ties": "".join(self.ties), "without": "".join(self.without), "often": often}


def boundary_of(told: dict[str, Any]) -> Boundary:
    """Return the records that a position tells of."""
    ties, without = (_counted(told.get(name, ""), told.get("often", {})) for name in ("ties", "without"))
    return Boundary(ties, without)


@dataclass(slots=True)
class Increment:
    """The rows of a query in the order of a column, and the position behind them.

    A position is the greatest value, with the rows that have it: asked for `>=`, those come again and are left
    out, as often as they were delivered. So are rows without a value, which come every time. A row that
    arrives later with the same value is delivered.
    """

    column: str
    since: str | None
    after: Any = None
    """The value from which it goes on; None at the beginning, and where no row had a value."""
    count: int = 0
    """New rows so far."""
    _greatest: Any = None
    _boundary: Boundary = field(default_factory=Boundary)

    def __post_init__(self) -> None:
        """Read the position; one of another column is none, and all is delivered again."""
        told = json.loads(self.since) if self.since else {}
        if told.get("column") != self.column:
            self.since = None
        else:
            self.after = self._greatest = _TYPES[told["type"]](told["value"])
            self._boundary = boundary_of(told)

    def new(self, rows: Iterable[tuple[str, Any]]) -> list[str]:
        """Return the lines, given with their values, that were not delivered before."""
        return [line for line, value in rows if self._is_new(line, value)]

    def position(self) -> str:
        """Return the position behind all rows so far; LastingFailure where too many have its value."""
        told = {
            "column": self.column,
            "type": type(self._greatest).__name__,
            "value": _text(self._greatest),
            **self._boundary.as_told(self.column),
        }
        return json.dumps(told, ensure_ascii=False)

    def _is_new(self, line: str, value: Any) -> bool:
        if value is not None and value != self.after:
            self.count += 1
            self._note_greater(line, value)
            return True
        if self._boundary.is_known(line):
            return False
        self.count += 1
        if value is None:
            self._boundary.note_without(line)
        else:
            self._boundary.note_tie(line, is_greater=False)
        return True

    def _note_greater(self, line: str, value: Any) -> None:
        self._boundary.note_tie(line, is_greater=bool(value != self._greatest))
        self._greatest = value


def _add(records: Counter[str], line: str) -> None:
    """Count the record; beyond the most that are remembered only that there are more."""
    digest = digest_of(line)
    if len(records) <= MOST_TIES or digest in records:
        records[digest] += 1


def _counted(digests: str, often: dict[str, int]) -> Counter[str]:
    each = (digests[i : i + _DIGITS] for i in range(0, len(digests), _DIGITS))
    return Counter({digest: often.get(digest, 1) for digest in each})


def digest_of(text: str) -> str:
    """Return by what a record is known again: the first 16 digits of its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def _text(value: Any) -> str:
    """Return the value as the text from which its type makes it again."""
    match value:
        case float():
            return value.hex()
        case bytes():
            return value.hex()
        case date():
            return value.isoformat()
    return "" if value is None else str(value)
