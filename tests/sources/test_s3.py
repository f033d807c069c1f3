"""A stand-in for S3 behind a real socket, and a server of faults: objects are landed once, with no secret in a reason."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sources.connectors.positions import composed
from sources.connectors.s3 import regex_of
from sources.declaration import Source

DAY = "2026-11-23"
CSV = b"id;betrag\n1;2,50\n"
FIELDS = {"order_id": "id", "amount": "betrag"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def put(address, monkeypatch) -> Callable[[str, bytes], None]:
    """Empty the bucket `harbour`, and return what puts an object there."""
    import boto3

    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"S3_URL": address, "S3_ID": "keeper", "S3_SECRET": "s3cret"}.items():
        monkeypatch.setenv(name, value)
    client = boto3.client(
        "s3", endpoint_url=address, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    client.create_bucket(Bucket="harbour")
    for entry in client.list_objects_v2(Bucket="harbour").get("Contents", []):
        client.delete_object(Bucket="harbour", Key=entry["Key"])
    return lambda key, body: client.put_object(Bucket="harbour", Key=key, Body=body) and None


SIGNED = {
    "endpoint_url": "${S3_URL}",
    "region": "us-east-1",
    "access_key_id": "${S3_ID}",
    "secret_access_key": "${S3_SECRET}",
}


def of_bucket(
    declared: Callable[..., Source], path: str, deadline: float = 20, bucket: str = "harbour", **more
) -> Source:
    endpoints = [{"kind": "files", "path": f"s3://{bucket}/{path}"} | SIGNED | more]
    return declared(FIELDS, endpoints=endpoints, delimiter=";").model_copy(update={"deadline": deadline})


def test_each_matching_object_is_one_delivery(harbour, declared, put) -> None:
    big = CSV + b"2;1,00\n" * 400_000
    put(f"in/{DAY}/b ü%20.csv", big)
    put(f"in/{DAY}/a.csv", CSV)
    for other in (f"in/{DAY}/.hidden.csv", f"in/{DAY}/deep/c.csv", "in/2026-11-22/a.csv", f"in/{DAY}/a.txt"):
        put(other, CSV)
    deliveries = harbour.land(of_bucket(declared, "in/{partition}/*.csv"))
    assert [(d.name, d.status, d.bytes) for d in deliveries] == [
        ("a.csv", "landed", len(CSV)),
        ("b ü%20.csv", "landed", len(big)),
    ]
    assert (harbour.store / deliveries[1].path).read_bytes() == big


def test_objects_that_were_seen_are_left_out_until_they_change(harbour, declared, put) -> None:
    put("in/a.csv", CSV)
    put("in/b.csv", CSV + b"2;1,00\n")
    source = of_bucket(declared, "in/*.csv")
    first = [delivery.position for delivery in harbour.land(source)]
    since = {"files:0": composed(source.endpoints[0], DAY, first)}
    [nothing] = harbour.land(source, since=since)
    assert nothing.reason == "files:0: none of 2 files is new"
    put("in/a.csv", CSV + b"3;1,00\n")
    put("in/c.csv", CSV + b"4;1,00\n")
    assert [d.name for d in harbour.land(source, since=since)] == ["a.csv", "c.csv"]


def test_one_object_and_the_environment_of_the_client(harbour, declared, put, address, monkeypatch) -> None:
    put("one.csv", CSV)
    for name, value in {
        "AWS_ENDPOINT_URL": address,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }.items():
        monkeypatch.setenv(name, value)
    source = declared(FIELDS, endpoints=[{"kind": "files", "path": "s3://harbour/one.csv"}], delimiter=";")
    assert [(d.name, d.status) for d in harbour.land(source)] == [("one.csv", "landed")]


@pytest.mark.parametrize(
    ("path", "more", "reason"),
    [
        ("none/{partition}/*.csv", {}, f"no object matches s3://harbour/none/{DAY}/*.csv"),
        ("*.csv", {"endpoint_url": "http://127.0.0.1:1"}, "the storage does not serve: it cannot be reached"),
        ("*.csv", {"bucket": "nowhere"}, "the storage does not serve: it answered 404"),
        ("*.csv", {"secret_access_key": "${S3_UNSET}"}, "the environment variable S3_UNSET is not set"),
    ],
)
def test_what_the_storage_does_not_have_is_a_reason(
    harbour, declared, put, path: str, more: dict, reason: str
) -> None:
    [delivery] = harbour.land(of_bucket(declared, path, **more))
    assert (delivery.status, delivery.reason) == ("absent", f"files:0: {reason}")


LIST = """<?xml version="1.0"?><ListBucketResult><Name>harbour</Name><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated>
<Contents><Key>a.csv</Key><LastModified>2026-11-23T00:00:00.000Z</LastModified><ETag>"e"</ETag><Size>10</Size></Contents>
</ListBucketResult>"""


class Faults(BaseHTTPRequestHandler):
    """Storage with one object, of which something is wrong as the server says."""

    def do_GET(self) -> None:
        fault = self.server.fault
        if fault.isdigit():
            self.send(int(fault), b"<Error><Message>s3cret</Message></Error>")
        elif fault == "hang":
            self.server.stop.wait(5)
        elif "list-type" in self.path:
            self.send(200, b"<html>" if fault == "page" else LIST.encode())
        else:
            self.send(200, CSV[:3], length=10)
            while fault == "drip" and not self.server.stop.wait(0.2):
                self.wfile.write(b"x")

    def send(self, status: int, body: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length or len(body)))
        self.send_header("ETag", '"e"')
        self.send_header("Last-Modified", "Mon, 23 Nov 2026 00:00:00 GMT")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *args: object) -> None:
        pass


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("500", "the storage does not serve: it answered 500"),
        ("429", "the storage does not serve: it answered 429"),
        ("403", "the storage does not serve: it answered 403"),
        ("page", "the storage does not serve: GenericError"),
        ("cut", "a.csv cannot be read: the transfer broke off"),
        ("hang", ""),
        ("drip", ""),
    ],
)
def test_what_the_storage_does_wrong_is_a_reason(
    harbour, declared, monkeypatch, fault: str, reason: str
) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Faults)
    server.handle_error = lambda *args: None
    server.fault, server.stop = fault, threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    for name, value in {
        "S3_URL": f"http://127.0.0.1:{server.server_port}",
        "S3_ID": "a",
        "S3_SECRET": "b",
    }.items():
        monkeypatch.setenv(name, value)
    deadline = 0.4 if fault in ("hang", "drip") else 20
    try:
        [delivery] = harbour.land(of_bucket(declared, "*.csv", deadline))
    finally:
        server.stop.set()
        server.shutdown()
        server.server_close()
        thread.join()
    assert delivery.status == "absent"
    assert delivery.reason.endswith(reason or ("it took longer than its deadline of 0.4 s", "timed out"))
    assert "s3cret" not in delivery.reason
    assert not list(harbour.store.rglob("*.*"))


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*.csv", ["a.csv", "ü .csv"], [".csv", "a/b.csv", "a.csv.gz"]),
        ("**/*.csv", ["a.csv", "x/y/a.csv"], [".x/a.csv", "x/.a.csv"]),
        ("x/**", ["x/a", "x/y/z"], ["x/", "x/.a", "y/a"]),
        ("a?[0-9][!a-c][*].csv", ["ab1d*.csv"], ["ab1a*.csv", "abxd*.csv", "ab1dx.csv", "a/1d*.csv"]),
        ("a[^b].csv", ["a^.csv", "ab.csv"], ["ac.csv"]),
        ("a+(b).csv", ["a+(b).csv"], ["aab.csv"]),
    ],
)
def test_wildcards_match_keys_as_they_match_files(pattern: str, yes: list[str], no: list[str]) -> None:
    import re

    matches = re.compile(regex_of(pattern)).fullmatch
    assert [key for key in yes if not matches(key)] == []
    assert [key for key in no if matches(key)] == []
