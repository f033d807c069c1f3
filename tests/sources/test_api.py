"""A real web server with pages: every record's own text is landed once, and whatever goes wrong has words for it."""

import base64
import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from sources.connectors.api import Newest
from sources.connectors.json_spans import NumberText, decoded, records_at
from sources.connectors.payload import Deadline
from sources.connectors.positions import mark_of, marked
from sources.connectors.web import answer_to
from sources.declaration import Source
from sources.delivery import Delivery
from sources.endpoints import HttpEndpoint
from sources.errors import EndpointFailure, RetryLater

DAY = "2026-11-23"
FIELDS = {"order_id": "id"}
RECORDS = [{"id": i, "at": f"2026-11-{i + 1:02}T00:00:00Z"} for i in range(7)]


class Shop(BaseHTTPRequestHandler):
    """Answers by the path of the request; keeps what it was asked."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.server.asked.append((self.path, dict(self.headers)))
        getattr(self, f"answer_{parts.path.strip('/').replace('/', '_')}")()

    def send(self, body: bytes | object, status: int = 200, **headers: str) -> None:
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        for name, text in ({"Content-Length": str(len(body))} | named).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def answer_pages(self) -> None:
        start = 3 * (int(self.query["page"]) - 1)
        self.send({"data": {"items": RECORDS[start : start + 3]}})

    def answer_offsets(self) -> None:
        """Gives at most two, whatever it is asked for."""
        start = int(self.query["from"])
        self.send(RECORDS[start : start + min(2, int(self.query["limit"]))])

    def answer_cursors(self) -> None:
        start = int(self.query.get("after", "0"))
        following = start + 3 if start + 3 < len(RECORDS) else None
        self.send({"items": RECORDS[start : start + 3] if start != 3 else [], "meta": {"next": following}})

    def answer_links(self) -> None:
        start = int(self.query.get("start", "0"))
        link = f'</first>; rel="first", <?start={start + 3}&x=1,2>; title="a, b"; rel="prev next"'
        headers = {"Link": link} if start + 3 < len(RECORDS) else {}
        self.send(RECORDS[start : start + 3], **headers)

    def answer_addresses(self) -> None:
        start = int(self.query.get("start", "0"))
        following = f"/addresses?start={start + 3}" if start + 3 < len(RECORDS) else ""
        self.send({"items": RECORDS[start : start + 3], "next": following})

    def answer_since(self) -> None:
        self.send([r for r in RECORDS if r["at"] >= self.query.get("updated", "")])

    def answer_exact(self) -> None:
        self.send(
            '\ufeff {"a": [1], "rows":\r\n [ {"id": 12345678901234567890.10,\n "n": 1e400, "t": "a\\nb\\ud800"} , null,{"id":NaN},'
            '{"id": "€"}\t]}'.encode()
        )

    def answer_loop(self) -> None:
        self.send({"items": RECORDS[:1], "next": {"1": "2", "2": "1"}[self.query.get("c", "1")]})

    def answer_same(self) -> None:
        self.send(RECORDS[:1])

    def answer_endless(self) -> None:
        self.send({"items": [], "next": str(int(self.query.get("c", "0")) + 1)})

    def answer_away(self) -> None:
        self.send(RECORDS[:1], Link=f"<http://localhost:{self.server.server_port}/pages>; rel=next")

    def answer_moved(self) -> None:
        self.send(b"", 302, Location="/same")

    def answer_moved_away(self) -> None:
        self.send(b"", 302, Location=f"http://localhost:{self.server.server_port}/same")

    def answer_gzip(self) -> None:
        self.send(gzip.compress(json.dumps(RECORDS).encode()), Content_Encoding="gzip")

    def answer_gzipcut(self) -> None:
        self.send(gzip.compress(json.dumps(RECORDS).encode())[:-9], Content_Encoding="gzip")

    def answer_private(self) -> None:
        self.send({"secret": "s3cret"}, 401)

    def answer_broken(self) -> None:
        self.send(b"s3cret", 500)

    def answer_busy(self) -> None:
        self.send(b"", 429, Retry_After="120")

    def answer_busyuntil(self) -> None:
        self.send(b"", 503, Retry_After=formatdate(time.time() + 3600, usegmt=True))

    def answer_busysometimes(self) -> None:
        page = int(self.query["page"])
        is_again = [path for path, _ in self.server.asked].count(self.path) > 1
        if page == 2 and not is_again:
            self.send(b"", 429, Retry_After="0")
        else:
            self.answer_pages()

    def answer_busythen(self) -> None:
        if self.query["page"] == "1":
            self.answer_pages()
        else:
            self.answer_busy()

    def answer_empty(self) -> None:
        self.send({"items": None})

    def answer_nothing(self) -> None:
        self.send(b"")

    def answer_html(self) -> None:
        self.send(b"<html>")

    def answer_latin(self) -> None:
        self.send(b'[{"id": "\xe9"}]')

    def answer_short(self) -> None:
        self.send(b'[{"id": 1}]', Content_Length="1000")

    def answer_toolong(self) -> None:
        """States fewer bytes than it sends."""
        self.send(b'[{"id": 1}]', Content_Length="5")

    def answer_halfway(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"b\r\n[{'id':")

    def answer_hang(self) -> None:
        self.server.stop.wait(5)

    def answer_drip(self) -> None:
        self.send(b"[", Content_Length="1000000")
        while not self.server.stop.wait(0.03):
            self.wfile.write(b" ")

    def answer_dripheader(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not self.server.stop.wait(0.03):
            self.wfile.write(b"x")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch) -> Iterator[ThreadingHTTPServer]:
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    server.handle_error = lambda *args: None
    server.asked, server.stop = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.stop.set()
    server.shutdown()
    server.server_close()
    thread.join()


def of_api(declared: Callable[..., Source], server, path: str, *, deadline: float = 20, **more) -> Source:
    url = f"http://127.0.0.1:{server.server_port}/{path}"
    source = declared(FIELDS, endpoints=[{"kind": "api", "url": url} | more], format="ndjson")
    return source.model_copy(update={"deadline": deadline})


def landed(harbour, source: Source, since: str | None = None) -> Delivery:
    [delivery] = harbour.land(source, since={"api:0": since} if since else None)
    return delivery


def lines(harbour, delivery: Delivery) -> list[str]:
    assert delivery.status == "landed", delivery.reason
    return (harbour.store / delivery.path).read_text().splitlines()


BY_PAGE = {"by": "page", "parameter": "page"}


@pytest.mark.parametrize(
    ("path", "records", "pages", "asked"),
    [
        ("pages", "data.items", BY_PAGE, 4),
        (
            "offsets",
            "",
            {"by": "offset", "parameter": "from", "size": 5, "size_parameter": "limit"},
            5,
        ),
        ("cursors", "items", {"by": "cursor", "parameter": "after", "next": "meta.next"}, 3),
        ("links", "", {"by": "link"}, 3),
        ("addresses", "items", {"by": "link", "next": "next"}, 3),
    ],
)
def test_all_pages_are_landed_as_one_delivery(
    harbour, declared, server, path: str, records: str, pages: dict, asked: int
) -> None:
    source = of_api(declared, server, path, records=records, pages=pages)
    delivery = landed(harbour, source)
    # What the cursors skip on an empty page in the middle is not there.
    expected = RECORDS if path != "cursors" else [r for r in RECORDS if r["id"] not in (3, 4, 5)]
    assert [json.loads(line) for line in lines(harbour, delivery)] == expected
    assert (delivery.name, delivery.endpoint, len(server.asked)) == ("records", "api:0", asked)


def test_the_very_text_of_each_record_is_kept(harbour, declared, server) -> None:
    delivery = landed(harbour, of_api(declared, server, "exact", records="rows"))
    assert lines(harbour, delivery) == [
        '{"id": 12345678901234567890.10,  "n": 1e400, "t": "a\\nb\\ud800"}',
        "null",
        '{"id":NaN}',
        '{"id": "€"}',
    ]


def test_the_next_increment_is_asked_for_from_the_greatest_value(
    harbour, declared, server, monkeypatch
) -> None:
    source = of_api(declared, server, "since", since={"parameter": "updated", "field": "at"})
    first = landed(harbour, source)
    nothing = landed(harbour, source, first.position)
    assert server.asked[1][0] == "/since?updated=2026-11-07T00%3A00%3A00Z"
    assert nothing.has_nothing_new
    monkeypatch.setattr(f"{__name__}.RECORDS", [*RECORDS, {**RECORDS[-1], "id": 7}])
    second = landed(harbour, source, first.position)
    assert [json.loads(line)["id"] for line in lines(harbour, second)] == [7]
    assert second.name.startswith("records[at>=2026-11-07T00:00:00Z #")
    assert landed(harbour, source, second.position).has_nothing_new


def test_a_position_of_one_partition_is_none_of_another(harbour, declared, server) -> None:
    source = of_api(declared, server, "since?day={partition}", since={"parameter": "updated", "field": "at"})
    first = landed(harbour, source)
    assert landed(harbour, source, first.position).has_nothing_new
    elsewhere = first.position.replace(DAY, "2026-11-22")
    assert elsewhere != first.position
    again = landed(harbour, source, elsewhere)
    assert (again.name, len(lines(harbour, again))) == ("records", 7)


def test_nothing_new_is_no_failure_that_another_endpoint_mends(harbour, declared, server) -> None:
    source = of_api(declared, server, "since", since={"parameter": "updated", "field": "at"})
    at = json.dumps({"field": "at", "value": "2027", "is_number": False})
    later = marked(mark_of(source.endpoints[0], DAY), lambda: at)
    harbour.put("backup.ndjson", b'{"id": 1}\n')
    backup = declared(
        FIELDS, endpoints=[{"kind": "files", "path": "backup.ndjson"}], format="ndjson"
    ).endpoints
    both = source.model_copy(update={"endpoints": source.endpoints + backup})
    delivery = landed(harbour, both, later)
    assert (delivery.status, delivery.reason) == ("absent", "api:0: the API has nothing new")


@pytest.mark.parametrize(
    ("values", "greatest"),
    [
        (["2026-01-01T10:00:00+02:00", "2026-01-01T09:00:00Z", None], "2026-01-01T09:00:00Z"),
        ([NumberText("9"), NumberText("10"), NumberText("10.0")], "9|10"),
        (["b", "a", "ba"], "ba"),
        (["a", NumberText("1")], ""),
    ],
)
def test_the_greatest_value_is_that_of_numbers_moments_or_texts(values: list, greatest: str) -> None:
    newest = Newest("a.b", None)
    for number, value in enumerate(values):
        assert newest.is_new(str(number), {"a": {"b": value}})
    assert json.loads(newest.position() or '{"value": ""}')["value"] == greatest.rpartition("|")[2]


def test_credentials_are_sent_and_never_shown(harbour, declared, server, monkeypatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "s3cret")
    shown = []
    for more in (
        {"headers": {"X-Api-Key": "${SHOP_KEY}", "Accept": "application/json"}},
        {"token": "${SHOP_KEY}"},
        {"username": "ann", "password": "${SHOP_KEY}"},
        {"parameters": {"api_key": "${SHOP_KEY}", "day": "{partition}"}},
    ):
        shown.append(str(landed(harbour, of_api(declared, server, "same", **more))))
        shown.append(str(landed(harbour, of_api(declared, server, "private", **more))))
    headers = [headers for _, headers in server.asked[::2]]
    assert (headers[0]["X-Api-Key"], headers[0]["Accept"]) == ("s3cret", "application/json")
    assert headers[1]["Authorization"] == "Bearer s3cret"
    assert headers[2]["Authorization"] == "Basic " + base64.b64encode(b"ann:s3cret").decode()
    assert server.asked[6][0] == f"/same?api_key=s3cret&day={DAY}"
    assert "the server answered 401" in shown[1]
    assert not [text for text in shown if "s3cret" in text]


def test_credentials_go_to_no_other_host(harbour, declared, server, monkeypatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "s3cret")
    more = {"headers": {"X-Api-Key": "${SHOP_KEY}"}}
    assert landed(harbour, of_api(declared, server, "moved", **more)).status == "landed"
    assert landed(harbour, of_api(declared, server, "moved/away", **more)).status == "landed"
    sent = [(path, "X-Api-Key" in headers) for path, headers in server.asked]
    assert sent == [("/moved", True), ("/same", True), ("/moved/away", True), ("/same", False)]
    away = landed(harbour, of_api(declared, server, "away", pages={"by": "link"}, **more))
    assert away.reason == "api:0: page 1 leads to another host"


def test_an_address_with_other_letters_is_asked_as_it_is_meant(harbour, declared, server) -> None:
    url = f"http://127.0.0.1:{server.server_port}/since?shop=Blé 1%20é&a=[1]"
    source = declared(
        FIELDS, endpoints=[{"kind": "api", "url": url, "parameters": {"x y": "ü&"}}], format="ndjson"
    )
    assert landed(harbour, source).status == "landed"
    assert server.asked[0][0] == "/since?shop=Bl%C3%A9%201%20%C3%A9&a=[1]&x+y=%C3%BC%26"


def test_what_is_packed_unasked_is_unpacked(harbour, declared, server) -> None:
    assert len(lines(harbour, landed(harbour, of_api(declared, server, "gzip")))) == 7


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("broken", "the server answered 500"),
        ("private", "the server answered 401"),
        ("busy", "the server answered 429"),
        ("empty", f"the API has no record for {DAY}"),
        ("nothing", "page 1 is not what is declared: it is no JSON from character 0"),
        ("html", "page 1 is not what is declared: it is no JSON from character 0"),
        ("latin", "page 1 is not what is declared: it is not utf-8 from byte 9"),
        ("same", "page 1 is not what is declared: there is no list at items"),
        ("short", "the server sent 11 bytes of 1000"),
        ("toolong", "page 1 is not what is declared: it is no JSON from character 2"),
        ("halfway", "the transfer broke off: IncompleteRead"),
        ("gzipcut", f"page 1 is cut off, or larger than {64 << 20} bytes"),
        ("hang", "timed out"),
        ("drip", "it took longer than its deadline of 0.4 s"),
        (
            "dripheader",
            ("it took longer than its deadline of 0.4 s", "timed out"),
        ),  # whichever is noticed first
    ],
)
def test_what_an_api_does_wrong_is_a_reason(
    harbour, declared, server, path: str, reason: str | tuple[str, str]
) -> None:
    is_slow = path in ("hang", "drip", "dripheader")
    more = {"timeout": 0.2, "deadline": 0.4} if is_slow else {}
    delivery = landed(harbour, of_api(declared, server, path, records="items", **more))
    assert delivery.status == "absent"
    assert delivery.reason.endswith(reason)
    assert "s3cret" not in delivery.reason
    assert not list(harbour.store.rglob("*.*"))


@pytest.mark.parametrize(
    ("path", "pages", "reason"),
    [
        ("loop", {"by": "cursor", "parameter": "c", "next": "next"}, "page 3 leads back to a page before it"),
        ("same", BY_PAGE, "page 2 is the one before: `page` has no effect"),
        (
            "endless",
            {"by": "cursor", "parameter": "c", "next": "next", "most": 4},
            "there are more than 4 pages",
        ),
        (
            "endless",
            {"by": "cursor", "parameter": "c", "next": "items"},
            "page 1 has neither text nor number at items",
        ),
    ],
)
def test_pages_without_an_end_are_given_up(
    harbour, declared, server, path: str, pages: dict, reason: str
) -> None:
    records = "" if path == "same" else "items"
    assert (
        landed(harbour, of_api(declared, server, path, records=records, pages=pages)).reason
        == f"api:0: {reason}"
    )


def test_a_wait_that_the_server_asks_for_between_pages_is_kept(harbour, declared, server) -> None:
    source = of_api(declared, server, "busysometimes", records="data.items", pages=BY_PAGE)
    assert len(lines(harbour, landed(harbour, source))) == 7
    late = of_api(declared, server, "busythen", records="data.items", pages=BY_PAGE)
    assert landed(harbour, late).reason == "api:0: the server answered 429"


@pytest.mark.parametrize(("path", "seconds"), [("busy", 120), ("busyuntil", 3600)])
def test_a_server_that_asks_to_wait_says_how_long(server, path: str, seconds: float) -> None:
    endpoint = HttpEndpoint(kind="http", url=f"http://127.0.0.1:{server.server_port}/{path}")
    with pytest.raises(RetryLater) as later, answer_to(endpoint.url, endpoint, Deadline(5)):
        pass
    assert seconds - 5 < later.value.seconds <= seconds


def test_a_header_of_two_lines_is_not_sent(server, monkeypatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "a\r\nX: b")
    endpoint = HttpEndpoint(
        kind="http", url=f"http://127.0.0.1:{server.server_port}/same", headers={"X-Key": "${SHOP_KEY}"}
    )
    with (
        pytest.raises(EndpointFailure, match="more than one line"),
        answer_to(endpoint.url, endpoint, Deadline(5)),
    ):
        pass
    assert server.asked == []


def test_records_are_found_where_keys_are_given_twice() -> None:
    text, value = decoded(b'{"a": {"b": [1]}, "a" : {"c\\u0022":0, "b" : [ {"x" : 2.50} ,3 ] } }')
    assert [line for line, _ in records_at(text, value, "a.b")] == ['{"x" : 2.50}', "3"]
