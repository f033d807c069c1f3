"""Any other database, through SQLAlchemy and the driver that its address names."""

from collections.abc import Generator
from contextlib import closing
from typing import Any

from sources.connectors.rows import ROWS, Asked, Batch, checked_names, line_of
from sources.errors import EndpointFailure, LastingFailure

_READ_ONLY = {
    "sqlite": "PRAGMA query_only = ON",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
    "postgresql": "SET TRANSACTION READ ONLY",
}


def batches(asked: Asked, url: str) -> Generator[Batch, None, None]:
    """Yield the rows of the query; EndpointFailure where the database does not serve."""
    try:
        import sqlalchemy
    except ImportError:
        raise LastingFailure("SQLAlchemy is not installed: pip install 'breakwater[sqlalchemy]'") from None
    try:
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool, hide_parameters=True)
        with closing(engine.connect()) as connection:
            yield from _rows(connection, asked)
    except EndpointFailure:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a driver raises; its text may hold the address
        raise EndpointFailure(f"the database does not serve: {_words(error)}") from None


def _rows(connection: Any, asked: Asked) -> Generator[Batch, None, None]:
    from sqlalchemy import text

    dialect = connection.dialect
    if dialect.name in _READ_ONLY:
        connection.exec_driver_sql(_READ_ONLY[dialect.name])
    query = asked.text(lambda i: f"\0{i}\0", dialect.identifier_preparer.quote_identifier)
    values = {f"p{i}": value for i, value in enumerate(asked.bound_values)}
    result = connection.execution_options(stream_results=True, max_row_buffer=ROWS).execute(
        text(_named(query)), values
    )
    if not result.returns_rows:
        raise LastingFailure("the query returns no rows")
    names = checked_names(list(result.keys()))
    place = asked.place_in(names)
    for rows in result.partitions(ROWS):
        yield [line_of(names, row) for row in rows], [] if place is None else [row[place] for row in rows]


def _named(query: str) -> str:
    """Return the query with `:p0` for the mark of parameter 0, and every colon of its own escaped."""
    parts = query.split("\0")
    return "".join(f":p{part}" if i % 2 else part.replace(":", r"\:") for i, part in enumerate(parts))


def _words(error: Exception) -> str:
    """Return the kind of the error alone: what drivers say may hold the address and values."""
    cause = getattr(error, "orig", None) or error
    return type(cause).__name__
