"""PostgreSQL, over ADBC: a read-only transaction, and a cursor on the server that hands over rows in batches.

The server itself writes each row as JSON: it knows every type, and its numbers and times are exact.
"""

import math
from collections.abc import Generator, Sequence
from itertools import count
from typing import Any

from sources.connectors.payload import Deadline
from sources.connectors.rows import ROWS, Asked, Batch, checked_names, in_double_quotes
from sources.errors import EndpointFailure, LastingFailure
from sources.surroundings import scrubbed

_SETTINGS = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL TIME ZONE 'UTC'",
    "SET LOCAL DateStyle = 'ISO'",
    "SET LOCAL IntervalStyle = 'iso_8601'",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL cursor_tuple_fraction = 1",
)
# Classes of SQLSTATE: what may be over soon; and what is said of the connection, rights and the query. Other messages
# may repeat a value.
_PASSING = ("08", "40", "53", "55", "57", "58", "XX")
_TELLING = ("08", "0A", "25", "28", "3D", "42", "53", "55", "57")
_KEPT = "connect_timeout={0}&tcp_user_timeout={1}&keepalives_idle={0}&keepalives_interval={0}"


def batches(asked: Asked, url: str, deadline: Deadline, *, timeout: float) -> Generator[Batch, None, None]:
    """Yield the rows of the query; EndpointFailure where the database does not serve."""
    from adbc_driver_manager import Error
    from adbc_driver_postgresql import dbapi

    try:
        with dbapi.connect(_with_limits(url, deadline, timeout)) as connection:
            with connection.cursor() as cursor:
                _open(cursor, asked, deadline)
            while batch := _fetched(connection, has_values=asked.cursor is not None):
                yield batch
    except Error as error:
        deadline.check()
        kind = EndpointFailure if (error.sqlstate or "08").startswith(_PASSING) else LastingFailure
        raise kind(f"the database does not serve: {_words(error, asked)}") from None


def _with_limits(url: str, deadline: Deadline, timeout: float) -> str:
    """Return the address with limits, so that a client left behind ends too; what the address says itself comes last."""
    base, _, told = url.partition("?")
    seconds = max(2, math.ceil(min(timeout, deadline.seconds_left)))
    return f"{base}?{_KEPT.format(seconds, 1_000 * seconds)}" + (f"&{told}" if told else "")


def _open(cursor: Any, asked: Asked, deadline: Deadline) -> None:
    """Open the cursor on the server."""
    for setting in _SETTINGS:
        cursor.execute(setting)
    cursor.execute(f"SET LOCAL statement_timeout = {math.ceil(1_000 * deadline.seconds_left)}")
    text, values = _typed(cursor, asked)
    cursor.execute(f"DECLARE breakwater NO SCROLL CURSOR FOR {text}", values or None)


def _typed(cursor: Any, asked: Asked) -> tuple[str, list[str]]:
    """Return the query for lines of JSON, and its values as texts that the server casts to what it expects.

    The client binds a text as text, and PostgreSQL compares no date with that.
    """
    plain = asked.text(lambda i: f"${i + 1}", in_double_quotes)
    columns = cursor.adbc_execute_schema(plain)
    names = checked_names(columns.names)
    asked.place_in(names)
    expected = [field.metadata[b"POSTGRESQL:type"].decode() for field in _parameters(cursor, plain)]
    given = [(i, value) for i, value in enumerate(asked.bound_values) if value is not None]
    numbers = {i: number for number, (i, _) in zip(count(1), given)}

    def placeholder(i: int) -> str:
        value = f"CAST(${numbers[i]} AS text)" if i in numbers else "NULL"
        return f"CAST({value} AS {in_double_quotes(expected[i])})"

    rows = asked.text(placeholder, in_double_quotes, _columns(names, columns))
    value = f"r.{in_double_quotes(asked.cursor)}::text" if asked.cursor else "NULL::text"
    # Within JSON a line end stands between tokens only: a column of the type json keeps the space it came with.
    line = r"translate(row_to_json(r)::text, E'\n\r', '  ')"
    text = f"SELECT {line} AS line, {value} AS value FROM (\n{rows}\n) r"  # noqa: S608 - of the declared query, values are bound
    return text, [str(value) for _, value in given]


def _parameters(cursor: Any, text: str) -> Sequence[Any]:
    return cursor.adbc_prepare(text) or ()


def _columns(names: list[str], schema: Any) -> str:
    """Return the columns, bytes as hexadecimal digits."""
    quoted = [f"q.{in_double_quotes(name)}" for name in names]
    is_bytes = [field.metadata.get(b"POSTGRESQL:type") == b"bytea" for field in schema]
    return ", ".join(
        f"encode({column}, 'hex') AS {in_double_quotes(name)}" if flag else column
        for name, column, flag in zip(names, quoted, is_bytes, strict=True)
    )


def _fetched(connection: Any, *, has_values: bool) -> Batch | None:
    """Return the next rows of the cursor, None behind the last."""
    from adbc_driver_postgresql import StatementOptions

    with connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{StatementOptions.USE_COPY.value: "false"})
        cursor.execute(f"FETCH FORWARD {ROWS} FROM breakwater")
        rows = cursor.fetch_arrow_table()
    if not rows.num_rows:
        return None
    return [_text(line) for line in rows.column(0).cast("binary").to_pylist()], rows.column(
        1
    ).to_pylist() if has_values else []


def _text(raw: bytes) -> str:
    """Return text; bytes that are not utf-8, which a database without an encoding may hold, are kept."""
    return raw.decode("utf-8", "surrogateescape")


def _words(error: Any, asked: Asked) -> str:
    """Return what the server says where that cannot repeat a value, else the code of its error."""
    state = error.sqlstate or ""
    if state and not state.startswith(_TELLING):
        return f"SQLSTATE {state}"
    return scrubbed(str(error).partition(": ")[2], *asked.declared)
