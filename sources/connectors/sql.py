"""One query of a database, its rows written down as NDJSON as they came, and only those that are new by a cursor column.

Which client is asked goes by the address: SQLite, PostgreSQL, and through SQLAlchemy any other.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sources.connectors.in_time import in_time
from sources.connectors.increments import Increment, name_of
from sources.connectors.payload import Deadline, Payload
from sources.connectors.postgresql import batches as batches_of_postgresql
from sources.connectors.rows import Asked, Batch
from sources.connectors.sqlalchemy_databases import batches as batches_of_others
from sources.connectors.sqlite import PREFIX as SQLITE
from sources.connectors.sqlite import batches as batches_of_sqlite
from sources.endpoints import SqlEndpoint
from sources.errors import LastingFailure, NothingNew
from sources.queries import parameters_of
from sources.surroundings import PARTITION, expanded

NAME = "query"

_POSTGRESQL = ("postgresql://", "postgres://")


def payloads(
    endpoint: SqlEndpoint, partition: str, *, root: Path, deadline: Deadline, since: str | None
) -> Iterator[Payload]:
    """Yield one payload of one JSON object per row; EndpointFailure where the query has no row, NothingNew since then."""
    increment = Increment(endpoint.cursor, since) if endpoint.cursor else None
    asked = _asked(endpoint, partition, increment)
    deadline.await_turn()
    chunks = _chunks(_batches(endpoint, asked, _url(endpoint, partition), root, deadline), increment)
    first = next(chunks, None)
    if first is None and increment and increment.since:
        raise NothingNew("the query has no row that is new")
    if first is None:
        raise LastingFailure(f"the query has no row for {partition}")
    whole = chain((first,), chunks)
    if increment is None:
        yield Payload(NAME, whole, format="ndjson")
        return
    name = name_of(NAME, increment.column, increment.after, increment.since)
    yield Payload(name, whole, format="ndjson", position=increment.position)


def _asked(endpoint: SqlEndpoint, partition: str, increment: Increment | None) -> Asked:
    after = increment.after if increment else None
    known: dict[str, Any] = {"partition": partition, "since": after}
    values = [known[name] if name in known else expanded(name) for name in parameters_of(endpoint.query)]
    return Asked(endpoint.query, values, endpoint.cursor, after, endpoint.url)


def _batches(
    endpoint: SqlEndpoint, asked: Asked, url: str, root: Path, deadline: Deadline
) -> Iterator[Batch]:
    if url.startswith(SQLITE):
        return batches_of_sqlite(asked, url, root, deadline)
    if url.startswith(_POSTGRESQL):
        return in_time(
            lambda: batches_of_postgresql(asked, url, deadline, timeout=endpoint.timeout), deadline
        )
    if "://" not in url:
        raise LastingFailure("the address of the database has no ://")
    return in_time(lambda: batches_of_others(asked, url), deadline)


def _chunks(batches: Iterator[Batch], increment: Increment | None) -> Iterator[bytes]:
    for lines, values in batches:
        new = increment.new(zip(lines, values, strict=True)) if increment else lines
        if new:
            yield "".join(f"{line}\n" for line in new).encode("utf-8", "surrogateescape")


def _url(endpoint: SqlEndpoint, partition: str) -> str:
    """Return the address; within `user:password@` a variable's value is written as an address needs it."""
    user, at, rest = endpoint.url.rpartition("@")
    scheme, mark, user = user.partition("://")
    quoted = expanded(user, quote=lambda text: quote(text, safe=""))
    return f"{expanded(scheme)}{mark}{quoted}{at}{expanded(rest)}".replace(PARTITION, partition)
