"""Files, a real database and a real web server: what they deliver is landed, and whatever fails has words for it."""

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sources.connectors.increments import MOST_TIES
from sources.connectors.positions import composed, mark_of
from sources.declaration import Source
from sources.reading import read_fragment

DAY = "2026-11-23"
CSV = b"id;betrag\n1;2,50\n2;3,00\n"
FIELDS = {"order_id": "id", "amount": "betrag"}


def test_files_that_were_seen_are_left_out_until_they_change(harbour, declared) -> None:
    source = declared(FIELDS, endpoints=[{"kind": "files", "path": "shop/*.csv"}], delimiter=";")
    for name in ("a", "b"):
        harbour.put(f"shop/{name}.csv", CSV + name.encode() * 4)
    first = harbour.land(source)
    assert [d.name for d in first] == ["a.csv", "b.csv"]
    since = {"files:0": composed(source.endpoints[0], DAY, [d.position for d in first])}
    [nothing] = harbour.land(source, since=since)
    assert (nothing.status, nothing.reason) == ("absent", "files:0: none of 2 files is new")
    harbour.put("shop/a.csv", CSV + b"4;1,00\n")
    harbour.put("shop/c.csv", CSV + b"5;1,00\n")
    assert [d.name for d in harbour.land(source, since=since)] == ["a.csv", "c.csv"]


def test_a_position_covers_one_file_alone(harbour, declared) -> None:
    source = declared(FIELDS, endpoints=[{"kind": "files", "path": "shop/*.csv"}], delimiter=";")
    harbour.put("shop/a.csv", CSV)
    harbour.put("shop/b.csv", CSV + b"4;1,00\n")
    since = {"files:0": harbour.land(source)[-1].position}
    assert [d.name for d in harbour.land(source, since=since)] == ["a.csv"]


def test_a_file_that_cannot_be_read_leaves_the_others_alone(harbour, declared, monkeypatch) -> None:
    source = declared(FIELDS, endpoints=[{"kind": "files", "path": "shop/*.csv"}], delimiter=";")
    for i in range(4):
        harbour.put(f"shop/{i}.csv", CSV + b"%d;1,00\n" % i)
    opened = Path.open

    def refusing(path: Path, *args: Any, **more: Any) -> Any:
        if path.name == "2.csv":
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refusing)  # who runs the tests may be allowed to read everything
        deliveries = harbour.land(source)
    assert [(d.name, d.status, d.content_hash != "") for d in deliveries] == [
        ("0.csv", "landed", True),
        ("1.csv", "landed", True),
        ("2.csv", "refused", False),
        ("3.csv", "landed", True),
    ]
    assert (deliveries[2].reason, deliveries[2].position) == ("2.csv cannot be read: Permission denied", "")
    since = composed(source.endpoints[0], DAY, [d.position for d in deliveries if d.position])
    assert [d.name for d in harbour.land(source, since={"files:0": since})] == ["2.csv"]


def test_a_file_that_can_be_read_at_the_second_attempt_lands(harbour, declared, monkeypatch) -> None:
    source = declared(FIELDS, endpoints=[{"kind": "files", "path": "shop/*.csv"}], delimiter=";")
    for i in range(3):
        harbour.put(f"shop/{i}.csv", CSV + b"%d;1,00\n" % i)
    asked: list[str] = []
    opened = Path.open

    def failing_once(path: Path, *args: Any, **more: Any) -> Any:
        if path.parent.name == "shop":
            asked.append(path.name)
            if asked == ["0.csv", "1.csv"]:
                raise OSError(5, "Input/output error")
        return opened(path, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", failing_once)
        deliveries = harbour.land(source)
    assert [(d.name, d.status) for d in deliveries] == [(f"{i}.csv", "landed") for i in range(3)]
    assert asked == ["0.csv", "1.csv", "2.csv", "1.csv"]


def test_a_position_of_another_address_is_not_used_and_that_is_told(harbour, declared, monkeypatch) -> None:
    source = declared(FIELDS, endpoints=[{"kind": "files", "path": "${FOLDER}/*.csv"}], delimiter=";")
    for name in ("here", "there"):
        harbour.put(f"{name}/a.csv", CSV)
        os.utime(harbour.root / name / "a.csv", (1, 1))
    monkeypatch.setenv("FOLDER", "here")
    [first] = harbour.land(source)
    assert "here" not in first.position
    assert harbour.land(source, since={"files:0": first.position})[0].has_nothing_new
    monkeypatch.setenv("FOLDER", "there")
    [second] = harbour.land(source, since={"files:0": first.position})
    assert second.status == "landed"
    assert second.reason == "its position is of another system: asked from the beginning"


def test_who_signs_in_is_no_part_of_what_tells_systems_apart(declared, monkeypatch) -> None:
    def mark(url: str) -> dict[str, str]:
        return mark_of(of_database(declared, "SELECT 1 AS id", url=url).endpoints[0], DAY)

    for name in ("old", "n/e@w"):
        monkeypatch.setenv("PASSWORD", name)
        assert mark("postgresql://me:${PASSWORD}@a.example.org/b") == mark("postgresql://a.example.org/b")
    assert mark("postgresql://a.example.org/b") != mark("postgresql://a.example.org/c")


def test_a_snapshot_is_always_asked_for_whole(harbour, declared) -> None:
    source = declared(FIELDS, endpoints=[{"kind": "files", "path": "*.csv"}], delimiter=";")
    harbour.put("a.csv", CSV)
    [first] = harbour.land(source)
    assert first.position
    whole = source.model_copy(update={"delivers": "snapshot"})
    assert [d.status for d in harbour.land(whole, since={"files:0": first.position})] == ["landed"]


def of_database(
    declared: Callable[..., Source], query: str, *, url: str = "sqlite:///books/ledger.sqlite", **more
) -> Source:
    endpoints = [{"kind": "sql", "url": url, "query": query}, *more.pop("then", [])]
    return declared(FIELDS, endpoints=endpoints, format="ndjson")


@pytest.fixture
def database(harbour) -> Iterator[sqlite3.Connection]:
    (harbour.root / "books").mkdir()
    with closing(sqlite3.connect(harbour.root / "books" / "ledger.sqlite")) as connection:
        connection.execute("CREATE TABLE bookings (id INTEGER, betrag, day TEXT)")
        connection.commit()
        yield connection


def test_many_rows_of_one_moment_are_remembered_and_too_many_are_refused_by_name(
    harbour, declared, database
) -> None:
    endpoint = {
        "kind": "sql",
        "url": "sqlite:///books/ledger.sqlite",
        "query": "SELECT id, betrag, day FROM bookings",
        "cursor": "day",
    }
    source = declared(FIELDS, endpoints=[endpoint], format="ndjson")
    database.executemany("INSERT INTO bookings VALUES (?, 1, '2026')", [(i,) for i in range(1_500)])
    database.commit()
    [first] = harbour.land(source)
    database.executemany("INSERT INTO bookings VALUES (?, 1, '2026')", [(-1,), (7,)])
    database.commit()
    [second] = harbour.land(source, since={"sql:0": first.position})
    lines = (harbour.store / second.path).read_text().splitlines()
    assert sorted(json.loads(line)["id"] for line in lines) == [-1, 7]
    assert harbour.land(source, since={"sql:0": second.position})[0].has_nothing_new
    database.executemany("INSERT INTO bookings VALUES (?, 1, '2026')", [(i,) for i in range(MOST_TIES + 1)])
    database.commit()
    [refused] = harbour.land(source)
    assert refused.status == "absent"
    assert "more than 100,000 records have the same day" in refused.reason
    assert "Hint: go on by a column that grows" in refused.reason


BY_DAY = "SELECT id, betrag FROM bookings WHERE day = :partition ORDER BY rowid"


def test_rows_of_a_database_are_written_down_as_they_came(harbour, declared, database) -> None:
    values = [
        (1, 250),
        (2, "2,50"),
        (3, 2.5),
        (4, None),
        ("five", "€"),
        (6, b"\x01\xff"),
        (7, 9e999),
        (2**60, "a\nb"),
    ]
    database.executemany(f"INSERT INTO bookings VALUES (?, ?, '{DAY}')", values)
    database.execute("INSERT INTO bookings VALUES (99, 1, '2026-11-22')")
    database.commit()
    source = of_database(declared, BY_DAY)
    [delivery] = harbour.land(source)
    assert (delivery.status, delivery.name, delivery.endpoint, delivery.lines) == (
        "landed",
        "query",
        "sql:0",
        8,
    )
    lines = (harbour.store / delivery.path).read_text().splitlines()
    assert [tuple(json.loads(line).values()) for line in lines] == [
        *(
            (1, 250),
            (2, "2,50"),
            (3, 2.5),
            (4, None),
            ("five", "€"),
            (6, "01ff"),
            (7, "inf"),
            (2**60, "a\nb"),
        ),
    ]
    reading = read_fragment(source, delivery, delivery.fragments[0], store=harbour.store)
    assert reading.records["amount"].to_list() == ["250", "2,50", "2.5", None, "€", "01ff", "inf", "a\nb"]


def test_text_of_a_database_that_is_no_text_is_found_unreadable(harbour, declared, database) -> None:
    database.execute(f"INSERT INTO bookings VALUES (1, CAST(x'41ff' AS TEXT), '{DAY}'), (2, 'b', '{DAY}')")
    database.commit()
    source = of_database(declared, BY_DAY)
    [delivery] = harbour.land(source)
    reading = read_fragment(source, delivery, delivery.fragments[0], store=harbour.store)
    assert reading.records["order_id"].to_list() == ["2"]
    assert reading.unreadable["reason"].to_list() == ["half of a surrogate pair: betrag"]


def test_a_query_without_a_row_delivers_nothing(harbour, declared, database) -> None:
    [delivery] = harbour.land(of_database(declared, BY_DAY))
    assert (delivery.status, delivery.reason) == ("absent", f"sql:0: the query has no row for {DAY}")


def test_a_database_cannot_be_written(harbour, declared, database) -> None:
    database.execute(f"INSERT INTO bookings VALUES (1, 2, '{DAY}')")
    database.commit()
    [delivery] = harbour.land(of_database(declared, "DELETE FROM bookings"))
    assert delivery.status == "absent"
    assert "readonly database" in delivery.reason
    assert database.execute("SELECT count(*) FROM bookings").fetchone() == (1,)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT betrug FROM bookings", "the database does not serve: no such column: betrug"),
        ("SELECT 1; SELECT 2", "the database does not serve: You can only execute one statement at a time."),
        ("SELECT id, betrag AS id FROM bookings", "the query names columns twice: id"),
        ("SELECT ${PASSWORD} FROM nowhere WHERE ${PASSWORD}", "the database does not serve: SQLITE_ERROR"),
    ],
)
def test_a_query_that_fails_has_a_reason(
    harbour, declared, database, monkeypatch, query: str, reason: str
) -> None:
    monkeypatch.setenv("PASSWORD", "s3cret")
    [delivery] = harbour.land(of_database(declared, query))
    assert (delivery.status, delivery.reason) == ("absent", f"sql:0: {reason}")


def test_a_missing_or_locked_database_is_followed_by_the_next_endpoint(
    harbour, declared, database, monkeypatch
) -> None:
    monkeypatch.setattr("sources.connectors.sqlite._LOCK_SECONDS", 0.05)
    harbour.put("backup.ndjson", b'{"id":1,"betrag":2}\n')
    backup = {"kind": "files", "path": "backup.ndjson"}
    database.execute("BEGIN EXCLUSIVE")
    [locked] = harbour.land(of_database(declared, BY_DAY))
    assert locked.reason == "sql:0: the database does not serve: database is locked"
    [delivery] = harbour.land(of_database(declared, BY_DAY, then=[backup]))
    assert (delivery.status, delivery.endpoint) == ("landed", "files:1")
    [missing] = harbour.land(of_database(declared, BY_DAY, url="sqlite:///none.sqlite"))
    assert missing.reason == "sql:0: there is no database none.sqlite"


def test_a_query_that_takes_too_long_is_given_up(harbour, declared, database) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n"
    source = of_database(declared, endless).model_copy(update={"deadline": 0.2})
    [delivery] = harbour.land(source)
    assert delivery.reason == "sql:0: it took longer than its deadline of 0.2 s"


class Answers(BaseHTTPRequestHandler):
    """Answers by the path of the request."""

    def do_GET(self) -> None:
        name = self.path.split("?")[0].rpartition("/")[2]
        getattr(self, f"answer_{name}", self.answer_good)()

    def send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def answer_good(self) -> None:
        self.server.paths.append(self.path)
        self.send(200, CSV)

    def answer_error(self) -> None:
        self.send(503, b"busy with s3cret")

    def answer_tagged(self) -> None:
        is_known = self.headers.get("If-None-Match") == self.server.tag
        self.send(*((304, b"") if is_known else (200, CSV)), {"ETag": self.server.tag})

    def answer_partial(self) -> None:
        self.send(206, CSV)

    def answer_short(self) -> None:
        self.send(200, CSV, {"Content-Length": "1000"})

    def answer_moved(self) -> None:
        self.send(302, b"", {"Location": "/good"})

    def answer_away(self) -> None:
        self.send(302, b"", {"Location": "file:///etc/hostname"})

    def answer_slow(self) -> None:
        self.server.stop.wait(5)

    def answer_trickle(self) -> None:
        self.send(200, b"id;betrag\n", {"Content-Length": "1000000"})
        while not self.server.stop.wait(0.05):
            self.wfile.write(b"1;2\n")

    def answer_page(self) -> None:
        self.send(200, b"<html>\n<p>Sign in</p>\n")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch) -> Iterator[ThreadingHTTPServer]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.handle_error = lambda *args: None
    server.paths, server.stop = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.stop.set()
    server.shutdown()
    server.server_close()
    thread.join()


def of_server(
    declared: Callable[..., Source], server, path: str, *, then: list | None = None, **more
) -> Source:
    url = f"http://127.0.0.1:{server.server_port}/{path}"
    endpoints = [{"kind": "http", "url": url} | more, *(then or [])]
    return declared(FIELDS, endpoints=endpoints, delimiter=";")


def test_what_a_server_answers_is_landed(harbour, declared, server, monkeypatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "s3cret")
    source = of_server(declared, server, "v1/orders-{partition}.csv?day={partition}&token=${SHOP_TOKEN}")
    [delivery] = harbour.land(source)
    assert (delivery.status, delivery.name, delivery.endpoint) == ("landed", f"orders-{DAY}.csv", "http:0")
    assert (harbour.store / delivery.path).read_bytes() == CSV
    assert server.paths == [f"/v1/orders-{DAY}.csv?day={DAY}&token=s3cret"]
    assert "s3cret" not in str(delivery)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("error?token=s3cret", "the server answered 503"),
        ("partial", "the server answered 206"),
        ("short", "the server sent 24 bytes of 1000"),
        ("away", "the server answered 302"),
        ("slow", "timed out"),
        ("trickle", "it took longer than its deadline of 0.4 s"),
    ],
)
def test_what_a_server_does_wrong_is_a_reason_without_secrets(
    harbour, declared, server, path: str, reason: str
) -> None:
    source = of_server(declared, server, path, timeout=0.3).model_copy(update={"deadline": 0.4})
    [delivery] = harbour.land(source)
    assert delivery.status == "absent"
    assert delivery.reason.endswith(reason)
    assert "s3cret" not in delivery.reason
    assert not list(harbour.store.rglob("*.*"))


def test_a_resource_is_taken_again_once_its_tag_is_another(harbour, declared, server) -> None:
    server.tag = '"é1"'.encode().decode("latin-1")
    source = of_server(declared, server, "tagged")
    [first] = harbour.land(source)
    [same] = harbour.land(source, since={"http:0": first.position})
    assert (same.status, same.reason) == ("absent", "http:0: the server has nothing newer")
    server.tag = '"2"'
    [second] = harbour.land(source, since={"http:0": first.position})
    assert (second.status, second.name) == ("landed", "tagged")
    other = of_server(declared, server, "tagged?other")
    assert harbour.land(other, since={"http:0": second.position})[0].status == "landed"


def test_a_redirect_within_http_is_followed(harbour, declared, server) -> None:
    [delivery] = harbour.land(of_server(declared, server, "moved"))
    assert delivery.status == "landed"


def test_a_server_that_is_not_there_is_followed_by_the_next_endpoint(harbour, declared, server) -> None:
    harbour.put("backup.csv", CSV)
    backup = {"kind": "files", "path": "backup.csv"}
    source = declared(
        FIELDS, endpoints=[{"kind": "http", "url": "http://127.0.0.1:1/x"}, backup], delimiter=";"
    )
    assert [(d.endpoint, d.status) for d in harbour.land(source)] == [("files:1", "landed")]
    [gone] = harbour.land(source.model_copy(update={"endpoints": source.endpoints[:1]}))
    assert gone.reason == "http:0: the server cannot be reached: Connection refused"
    page = of_server(declared, server, "page", then=[backup])
    assert [(d.endpoint, d.status) for d in harbour.land(page)] == [
        ("http:0", "refused"),
        ("files:1", "landed"),
    ]


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/x", "nonsense", "http://[::1"])
def test_an_address_that_is_neither_http_nor_https_is_refused(
    harbour, declared, monkeypatch, url: str
) -> None:
    monkeypatch.setenv("SHOP_URL", url)
    [delivery] = harbour.land(declared(FIELDS, endpoints=[{"kind": "http", "url": "${SHOP_URL}"}]))
    assert delivery.status == "absent"
    assert url not in delivery.reason
