"""SQLite, with the standard library: SQLite types values, not columns, and each is written as it is."""

import sqlite3
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from sources.connectors.payload import Deadline
from sources.connectors.rows import ROWS, Asked, Batch, checked_names, in_double_quotes, line_of
from sources.errors import EndpointFailure, LastingFailure
from sources.surroundings import below

PREFIX = "sqlite:///"

_LOCK_SECONDS = 5.0
_STEPS_BETWEEN_CHECKS = 100_000


def batches(asked: Asked, url: str, root: Path, deadline: Deadline) -> Generator[Batch, None, None]:
    """Yield the rows of the query; EndpointFailure where the database does not serve."""
    path = below(root, url.removeprefix(PREFIX))
    if not path.is_file():
        raise LastingFailure(f"there is no database {path.name}")
    try:
        with closing(_connection(path, deadline)) as connection:
            cursor = connection.execute(asked.text(lambda _: "?", in_double_quotes), asked.bound_values)
            names = checked_names([column[0] for column in cursor.description or ()])
            place = asked.place_in(names)
            while rows := cursor.fetchmany(ROWS):
                deadline.check()
                yield (
                    [line_of(names, row) for row in rows],
                    [] if place is None else [row[place] for row in rows],
                )
    except (sqlite3.Error, sqlite3.Warning) as error:
        deadline.check()
        raise EndpointFailure(f"the database does not serve: {_words(error, asked.query)}") from None


def _words(error: Exception, query: str) -> str:
    """Return what SQLite says, its error's name only where it could repeat the value of a variable."""
    return getattr(error, "sqlite_errorname", "an error") if "${" in query else str(error)


def _connection(path: Path, deadline: Deadline) -> sqlite3.Connection:
    wait = min(_LOCK_SECONDS, deadline.seconds_left)
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=wait)
    connection.text_factory = _text
    connection.set_progress_handler(lambda: deadline.is_over, _STEPS_BETWEEN_CHECKS)
    return connection


def _text(raw: bytes) -> str:
    """Return text with bytes that are not utf-8 escaped: the record is found unreadable, not changed."""
    return raw.decode("utf-8", "surrogateescape")
