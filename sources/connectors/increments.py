"""How far an endpoint was read, as a text that only this room reads, and what lies beyond it."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

MOST_TIES = 1_000
"""Rows at the greatest value that are remembered one by one; of more, all are delivered again."""

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
    return f"{what}[{field_name}>={shown} #{_digest(since)[:8]}]"


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
    _known: Counter[str] = field(default_factory=Counter)
    _ties: Counter[str] = field(default_factory=Counter)
    _without: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Read the position; one of another column is none, and all is delivered again."""
        told = json.loads(self.since) if self.since else {}
        if told.get("column") != self.column:
            self.since = None
        else:
            self.after = self._greatest = _TYPES[told["type"]](told["value"])
            self._ties, self._without = Counter(told["ties"]), Counter(told["without"])
            self._known = self._ties + self._without

    def new(self, rows: Iterable[tuple[str, Any]]) -> list[str]:
        """Return the lines, given with their values, that were not delivered before."""
        return [line for line, value in rows if self._is_new(line, value)]

    def position(self) -> str:
        """Return the position behind all rows so far."""
        told = {
            "column": self.column,
            "type": type(self._greatest).__name__,
            "value": _text(self._greatest),
            "ties": self._ties,
            "without": self._without,
        }
        return json.dumps(told, ensure_ascii=False)

    def _is_new(self, line: str, value: Any) -> bool:
        if value is not None and value != self.after:
            self.count += 1
            self._note_greater(line, value)
            return True
        digest = _digest(line)
        if self._known[digest] > 0:
            self._known[digest] -= 1
            return False
        self.count += 1
        _add(self._without if value is None else self._ties, digest)
        return True

    def _note_greater(self, line: str, value: Any) -> None:
        if value != self._greatest:
            self._greatest = value
            self._ties.clear()
        _add(self._ties, _digest(line))


def _add(ties: Counter[str], digest: str) -> None:
    if len(ties) < MOST_TIES:
        ties[digest] += 1


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


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
