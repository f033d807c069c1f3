"""Endpoints that refuse, hang, drip and answer 429 or 500: a real server, and what is remembered from process to process."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sources.availability.asking import Clock
from sources.availability.remembered import Known, Remembered
from sources.declaration import Source
from sources.delivery import Delivery, Tried
from sources.landing import land, last_served, may_be_asked
from tests.faulty_server import FaultyServer, faulty_server

DAY = "2026-11-23"
CSV = b"id\n1\n2\n"
TOP = Path(__file__).resolve().parents[2]


@pytest.fixture
def server(monkeypatch) -> Iterator[FaultyServer]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with faulty_server(CSV) as running:
        yield running


class Shop:
    """A source of one or two endpoints, landed in a folder; time passes only where it is told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "shop" / "landed"
        self.slept: list[float] = []
        self.moment = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
        (folder / "backup.csv").write_bytes(CSV)
        self.backup = {"kind": "files", "path": "backup.csv"}

    @property
    def file(self) -> Path:
        return self.folder / "shop" / "availability.json"

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.moment, chance=lambda: 0.0, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.moment += seconds

    def let_pass(self, seconds: float) -> None:
        """What is remembered happened so much earlier."""
        content = json.loads(self.file.read_text())
        content["http:0"]["circuit"]["opened_at"] -= seconds
        self.file.write_text(json.dumps(content))

    def source(self, *endpoints: dict[str, Any], deadline: float = 5) -> Source:
        return Source.model_validate(
            {
                "source": "shop", "feed": "orders", "owner": "team:shop", "delivers": "increment",
                "endpoints": list(endpoints), "notation": {"format": "csv"}, "fields": {"number": "id"},
                "deadline": deadline,
            }
        )  # fmt: skip

    def land(self, *endpoints: dict[str, Any], deadline: float = 5) -> list[Delivery]:
        source = self.source(*endpoints, deadline=deadline)
        return land(source, DAY, store=self.store, root=self.folder, clock=self.clock)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def at(server: FaultyServer, **more: Any) -> dict[str, Any]:
    return {"kind": "http", "url": server.url(), "timeout": 0.2} | more


@pytest.mark.parametrize("trouble", [500, 503, 429, "close", "hang"])
def test_what_passes_is_asked_again_and_served(shop, server, trouble: Any) -> None:
    server.then = [trouble, trouble, 200]
    [delivery] = shop.land(at(server))
    assert (delivery.status, delivery.tried, len(server.asked)) == ("landed", (), 3)


@pytest.mark.parametrize("answer", [401, 403, 404, 410])
def test_what_would_be_answered_alike_is_asked_once(shop, server, answer: int) -> None:
    server.then = [answer]
    [delivery] = shop.land(at(server, attempts=5))
    assert (delivery.status, len(server.asked)) == ("absent", 1)
    assert delivery.tried == (Tried("http:0", f"the server answered {answer}", 1),)


def test_retry_after_is_honoured_and_never_beyond_the_deadline(shop, server) -> None:
    server.then = [(429, {"Retry-After": "2"}), 200]
    assert shop.land(at(server))[0].status == "landed"
    assert shop.slept == [2.0]
    server.then = [(429, {"Retry-After": "60"}), 200]
    [delivery] = shop.land(at(server))
    assert (delivery.status, shop.slept) == ("absent", [2.0])
    assert delivery.reason == "http:0: the server answered 429"


def test_an_endpoint_that_asked_to_be_left_alone_is_by_the_next_run_too(shop, server) -> None:
    server.then = [(429, {"Retry-After": "60"}), 200]
    shop.land(at(server))
    [delivery] = shop.land(at(server), shop.backup)
    assert (delivery.endpoint, len(server.asked)) == ("files:1", 1)
    assert delivery.tried == (Tried("http:0", "it asked to be left alone until 2026-11-23 12:01:00 UTC", 0),)
    shop.moment += 60
    assert shop.land(at(server), shop.backup)[0].endpoint == "http:0"


def test_a_drip_ends_at_the_deadline_and_the_next_endpoint_serves(shop, server) -> None:
    server.then = ["drip"]
    [delivery] = shop.land(at(server), shop.backup, deadline=0.5)
    assert (delivery.status, delivery.endpoint) == ("landed", "files:1")
    assert delivery.tried == (Tried("http:0", "it took longer than its deadline of 0.5 s", 1),)


def test_a_server_that_delivers_what_is_worthless_is_among_those_that_were_tried(shop, server) -> None:
    server.body = b"<html>sign in</html>\n"
    refused, landed = shop.land(at(server), shop.backup)
    assert (refused.status, landed.status, landed.endpoint) == ("refused", "landed", "files:1")
    [tried] = landed.tried
    assert tried.endpoint == "http:0"
    assert tried.reason.startswith("all that it handed over was refused: ")


def test_outside_its_hours_an_endpoint_is_not_asked_and_that_is_said(shop, server) -> None:
    night = {"from": "22:00", "to": "06:00", "timezone": "Europe/Berlin"}
    [delivery] = shop.land(at(server, hours=night), shop.backup)
    assert (delivery.endpoint, server.asked) == ("files:1", [])
    reason = "not asked outside of its hours, 22:00 to 06:00 Europe/Berlin; again at 2026-11-23 21:00 UTC"
    assert delivery.tried == (Tried("http:0", reason, 0),)
    assert not may_be_asked(shop.source(at(server, hours=night)), store=shop.store, clock=shop.clock)
    shop.moment += 9 * 3600
    assert shop.land(at(server, hours=night))[0].endpoint == "http:0"


def test_a_breaker_opens_leaves_alone_and_closes_after_a_probe(shop, server) -> None:
    endpoint = at(server, attempts=1, breaker={"failures": 2, "open_seconds": 60})
    server.then = [500]
    shop.land(endpoint)
    shop.land(endpoint)
    assert len(server.asked) == 2
    [delivery] = shop.land(endpoint)
    assert (len(server.asked), delivery.status) == (2, "absent")
    assert delivery.tried[0].attempts == 0
    assert not may_be_asked(shop.source(endpoint), store=shop.store, clock=shop.clock)
    shop.moment += 61
    assert may_be_asked(shop.source(endpoint), store=shop.store, clock=shop.clock)
    shop.land(endpoint)  # the probe fails
    shop.land(endpoint)
    assert len(server.asked) == 3
    shop.moment += 61
    server.then = [200]
    assert shop.land(endpoint)[0].status == "landed"
    assert shop.land(endpoint)[0].status == "landed"


def test_what_an_endpoint_does_not_have_is_not_held_against_it(shop, server) -> None:
    server.then = [404]
    endpoint = at(server, breaker={"failures": 1, "open_seconds": 60})
    shop.land(endpoint)
    shop.land(endpoint)
    assert len(server.asked) == 2


def test_an_endpoint_that_is_declared_anew_begins_anew(shop, server) -> None:
    server.then = [500]
    shop.land(at(server, attempts=1, breaker={"failures": 1, "open_seconds": 60}))
    server.then = [200]
    assert (
        shop.land(at(server, attempts=1, breaker={"failures": 1, "open_seconds": 61}))[0].status == "landed"
    )


ASK = """
import json, sys
from pathlib import Path
from sources.declaration import Source
from sources.landing import land
folder = Path(sys.argv[1])
source = Source.model_validate(json.loads(sys.stdin.readline()))
print("ready", flush=True)
sys.stdin.readline()
[delivery] = land(source, "2026-11-23", store=folder / "shop" / "landed", root=folder)
print(json.dumps([delivery.status, [t.attempts for t in delivery.tried]]), flush=True)
"""


def other_process(shop: Shop, endpoint: dict[str, Any]) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", ASK, str(shop.folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=TOP,
    )  # fmt: skip
    process.stdin.write(json.dumps(shop.source(endpoint).model_dump(mode="json", by_alias=True)) + "\n")
    process.stdin.flush()
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen) -> None:
    process.stdin.write("\n")
    process.stdin.flush()


def answer_of(process: subprocess.Popen) -> list:
    answer = json.loads(process.stdout.readline())
    process.stdin.close()
    assert process.wait() == 0
    process.stdout.close()
    return answer


def test_a_breaker_outlives_the_process_and_only_one_of_two_probes(shop, server) -> None:
    endpoint = at(server, attempts=1, timeout=5, breaker={"failures": 1, "open_seconds": 600})
    processes = [other_process(shop, endpoint) for _ in range(3)]
    shop.moment = time.time()
    server.then = [500]
    shop.land(endpoint)
    go(processes[0])
    assert answer_of(processes[0]) == ["absent", [0]]
    assert len(server.asked) == 1
    shop.let_pass(601)
    server.then = ["hang"]
    go(processes[1])
    while len(server.asked) < 2:
        threading.Event().wait(0.01)
    go(processes[2])
    assert answer_of(processes[2]) == ["absent", [0]]
    server.stop.set()
    assert answer_of(processes[1]) == ["absent", [1]]
    assert len(server.asked) == 2


def test_a_rate_is_shared_by_threads(shop, server) -> None:
    endpoint = at(server, rate="20/second", timeout=5)
    source = shop.source(endpoint)
    began = time.monotonic()
    threads = [
        threading.Thread(
            target=land, args=(source, f"p{i}"), kwargs={"store": shop.store, "root": shop.folder}
        )
        for i in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked = sorted(moment - began for moment in server.asked)
    assert len(asked) == 12
    # Three at once, then 18 a second: the twelfth not before half a second after the first was sent.
    assert asked[11] >= 0.45


def test_a_rate_that_is_used_up_gives_the_next_endpoint_its_turn(shop, server) -> None:
    endpoint = at(server, rate="1/hour")
    assert shop.land(endpoint)[0].status == "landed"
    [delivery] = shop.land(endpoint, shop.backup)
    assert (delivery.endpoint, len(server.asked)) == ("files:1", 1)
    assert delivery.tried[0].reason == "its rate of 1/hour is used up for 3600.0 s, beyond the deadline"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"http:0": 5}', b'{"http:0": {}}', b"[" * 100_000,
        b'{"http:0": {"declared": "x", "circuit": {"failures": NaN}, "bucket": null, "served_at": 0}}',
        b'{"http:0": {"declared": "x", "circuit": [], "bucket": {"tokens": Infinity, "at": 0}, "served_at": 0}}',
    ],
)  # fmt: skip
def test_a_damaged_file_is_as_good_as_none(shop, server, content: bytes) -> None:
    shop.file.parent.mkdir()
    shop.file.write_bytes(content)
    assert last_served(shop.store) is None
    assert shop.land(at(server, rate="5/second"))[0].status == "landed"
    assert last_served(shop.store).timestamp() == shop.moment


def test_no_change_is_lost_among_threads(tmp_path: Path) -> None:
    remembered = Remembered(tmp_path / "availability.json")

    def count(known: Known) -> tuple[Known, None]:
        return Known(known.declared, known.circuit, known.bucket, known.served_at + 1), None

    threads = [
        threading.Thread(target=lambda: [remembered.change("http:0", "x", count) for _ in range(25)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert remembered.served_at() == 100
    assert sorted(path.name for path in tmp_path.iterdir()) == ["availability.json", "availability.lock"]


def test_no_secret_is_remembered(shop, server, monkeypatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "s3cret")
    server.then = [500]
    shop.land(at(server, url=server.url("x?token=${SHOP_TOKEN}")))
    assert "500" in shop.file.read_text()
    assert "s3cret" not in shop.file.read_text()
