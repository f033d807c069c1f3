"""One query of a database, its rows written down as NDJSON as they came. SQLite for now, for reading only.

SQLite types values, not columns: one column may hold numbers and text, and both are written as they are.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path

from sources.connectors.payload import Deadline, Payload
from sources.endpoints import SqlEndpoint
from sources.errors import EndpointFailure, LastingFailure
from sources.surroundings import PARTITION, below, expanded

NAME = "query"

_PREFIX = "sqlite:///"
_ROWS = 5_000
_LOCK_SECONDS = 5.0
_STEPS_BETWEEN_CHECKS = 100_000
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def payloads(endpoint: SqlEndpoint, partition: str, *, root: Path, deadline: Deadline) -> Iterator[Payload]:
    """Yield one payload of one JSON object per row; EndpointFailure where the query has no row."""
    url = expanded(endpoint.url).replace(PARTITION, partition)
    if not url.startswith(_PREFIX):
        raise EndpointFailure(f"the address of the database does not begin with {_PREFIX}")
    path = below(root, url.removeprefix(_PREFIX))
    if not path.is_file():
        raise LastingFailure(f"there is no database {path.name}")
    deadline.await_turn()
    chunks = _chunks(path, endpoint.query, partition, deadline)
    first = next(chunks, None)
    if first is None:
        raise LastingFailure(f"the query has no row for {partition}")
    yield Payload(NAME, chain((first,), chunks))


def _chunks(path: Path, query: str, partition: str, deadline: Deadline) -> Iterator[bytes]:
    try:
        with closing(_connection(path, deadline)) as connection:
            cursor = connection.execute(expanded(query), {"partition": partition})
            names = _names(cursor)
            while rows := cursor.fetchmany(_ROWS):
                deadline.check()
                yield "".join([_line(names, row) for row in rows]).encode()
    except (sqlite3.Error, sqlite3.Warning) as error:
        deadline.check()
        raise EndpointFailure(f"the database does not serve: {_words(error, query)}") from None


def _words(error: Exception, query: str) -> str:
    """Return what SQLite says, its error's name only where it could repeat the value of a variable."""
    return getattr(error, "sqlite_errorname", "an error") if "${" in query else str(error)


def _connection(path: Path, deadline: Deadline) -> sqlite3.Connection:
    wait = min(_LOCK_SECONDS, deadline.seconds_left)
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=wait)
    connection.text_factory = _text
    connection.set_progress_handler(lambda: deadline.is_over, _STEPS_BETWEEN_CHECKS)
    return connection


def _names(cursor: sqlite3.Cursor) -> list[str]:
    names = [column[0] for column in cursor.description or ()]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise LastingFailure(f"the query names columns twice: {', '.join(twice)}")
    return names


def _line(names: Sequence[str], row: Sequence[object]) -> str:
    record = dict(zip(names, row, strict=True))
    try:
        return _encode(record) + "\n"
    except (TypeError, ValueError):
        return _encode({name: _as_text(value) for name, value in record.items()}) + "\n"


def _as_text(value: object) -> object:
    """Return what JSON cannot hold as text: bytes as hexadecimal digits, infinity as `inf`."""
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if isinstance(value, float) and value - value != 0 else value


def _text(raw: bytes) -> str:
    """Return text with bytes that are not utf-8 escaped: the record is found unreadable, not changed."""
    return raw.decode("utf-8", "surrogateescape")
