"""One of three sources is slow: the others are published meanwhile, and what comes late is taken in by itself."""

import io
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration_assets.cli import main
from orchestration_assets.reporting import in_a_line
from orchestration_assets.running import run_partition
from orchestration_assets.steps import asking
from orchestration_assets.steps.arrivals import Arrival, leave, left
from orchestration_assets.steps.landing import (
    arrivals,
    land_sources,
    late_landings,
    summary,
    take_in,
    wait_to_the_end,
)
from tests.faulty_server import FaultyServer, faulty_server

DAY = "2026-11-01"
TOP = Path(__file__).resolve().parents[2]
GOOD = [
    "P0000000001;C0000001;ann@example.org;M00001;D00000001;12,50;EUR;DE;01.11.2026 10:00;0,1",
    "P0000000002;C0000002;bob@example.org;M00001;D00000002;7,00;EUR;DE;01.11.2026 11:30;",
]
BOOKING = ("3", "C0000003", "cy@example.org", "M00001", "D00000003", 900, 978, 276, 1793530000, 0.2)
OF_THE_FILE, OF_THE_DATABASE, OF_THE_SERVER = (
    ["P0000000001", "P0000000002"],
    ["P0000000003"],
    ["P0000000009"],
)


@pytest.fixture
def server(line_of_b: Callable[..., str], monkeypatch) -> Iterator[FaultyServer]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with faulty_server(line_of_b(id="P0000000009").encode() + b"\n") as running:
        yield running


@pytest.fixture
def slow(place, orders, server: FaultyServer) -> Callable[..., Any]:
    """Return a function that gives the place three sources, of which gateway_b is reached by the server."""

    def declare(*, deadline: float, patience: float | None = None, **endpoint: Any) -> Any:
        orders(place)
        change(
            place.catalog / "gateway_b.yaml",
            deadline=deadline,
            endpoints=[{"kind": "http", "url": server.url(), "timeout": 600, "attempts": 1} | endpoint],
        )
        change(place.feeds / "payments.yaml", catch_up_days=366)
        if patience is not None:
            change(place.feeds / "payments.yaml", patience=patience)
        place.gateway_a(GOOD)
        place.ledger([(int(BOOKING[0]), *BOOKING[1:])])
        return place

    return declare


def change(path, **settings: Any) -> None:
    content = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**content, **settings}, sort_keys=False))


def payments(place) -> list[str]:
    return sorted(place.table("trusted")["payment_id"].to_list())


def statuses(place) -> dict[str, str]:
    return {name: row["status"] for name, row in summary(place.context()).items()}


class Told(io.StringIO):
    """What a run tells; calls `then` when it says that it waits."""

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__()
        self.then = then

    def write(self, text: str) -> int:
        if "waiting for" in text:
            self.then()
        return super().write(text)


def test_the_others_are_published_before_and_what_comes_late_is_taken_in_by_a_second_pass(
    slow, server, surroundings
) -> None:
    place = slow(deadline=120, patience=0.1)
    surroundings(place)
    server.then = ["hang_then_answer"]
    before: list[Any] = []

    def look_and_release() -> None:
        before.append((payments(place), statuses(place)["gateway_b"]))
        server.stop.set()

    told = Told(look_and_release)
    result = run_partition("payments", DAY, told)
    assert before == [(OF_THE_FILE + OF_THE_DATABASE, "late")]
    assert "waiting for gateway_b until the deadline" in told.getvalue()
    assert "taking in what came late" in told.getvalue()
    assert payments(place) == OF_THE_FILE + OF_THE_DATABASE + OF_THE_SERVER
    assert (result.report["lost"], result.report["missing"], result.exit_code) == (0, [], 0)
    assert len(server.asked) == 1
    assert arrivals(place.context()) == []


def test_a_source_that_hangs_for_its_whole_time_costs_its_deadline_at_most(
    slow, server, surroundings, capsys
) -> None:
    place = slow(deadline=2)
    surroundings(place)
    server.then = ["hang"]
    published: list[float] = []
    told = Told(lambda: published.append(time.monotonic()))
    result = run_partition("payments", DAY, told)
    ended = time.monotonic()
    assert payments(place) == OF_THE_FILE + OF_THE_DATABASE
    # All that is beyond the healthy part of the run and the deadline is the report.
    healthy = published or [ended]
    assert ended - max(healthy[0], server.asked[0] + 2) < 2
    assert result.exit_code == 2
    [missing] = result.report["missing"]
    assert (missing["source"], missing["status"]) == ("gateway_b", "absent")
    assert in_a_line(missing).startswith("gateway_b: absent since 20")
    assert in_a_line(missing).endswith("timed out")
    assert main(["report", "payments", "--partition", DAY]) == 0
    assert f"payments {DAY}, gateway_b: absent since" in capsys.readouterr().out


def test_nobody_is_waited_for_longer_than_the_patience_once_others_have_landed(slow, server) -> None:
    place = slow(deadline=30, patience=0.2)
    server.then = ["hang"]
    began = time.monotonic()
    counts = land_sources(place.context())
    assert time.monotonic() - began < 20
    assert {name: row["status"] for name, row in counts.items()} == {
        "gateway_a": "landed",
        "gateway_b": "late",
        "ledger": "landed",
    }
    assert "and the run went on without it" in counts["gateway_b"]["reason"]


def test_a_source_of_a_long_deadline_that_has_landed_does_not_prolong_the_wait_for_another(
    slow, server
) -> None:
    place = slow(deadline=60)
    change(place.catalog / "ledger.yaml", deadline=600)
    change(place.catalog / "gateway_b.yaml", deadline=1)
    server.then = ["hang"]
    began = time.monotonic()
    counts = land_sources(place.context())
    assert time.monotonic() - began < 60  # half of 600 is what the ledger would have been waited for
    assert counts["gateway_b"]["status"] == "late"


def test_where_nothing_else_has_landed_a_slow_source_has_its_whole_time(slow, server) -> None:
    place = slow(deadline=30, patience=0)
    (place.outside / "gateway_a" / DAY / "payments.csv").unlink()
    (place.outside / "ledger" / "ledger.sqlite").unlink()
    server.then = ["hang_then_answer"]
    threading.Timer(0.4, server.stop.set).start()
    assert land_sources(place.context())["gateway_b"]["status"] == "landed"


def late_note(place, server) -> None:
    """Lands with gateway_b late, and lets it arrive when nobody holds the partition."""
    server.then = ["hang_then_answer"]
    land_sources(place.context())
    context = place.context()
    threads = late_landings(context.lake, "payments", DAY)
    server.stop.set()
    wait_to_the_end(threads)


def test_a_thread_that_outlives_its_run_writes_no_table_and_leaves_a_note(slow, server) -> None:
    place = slow(deadline=30, patience=0)
    server.then = ["hang_then_answer"]
    land_sources(place.context())
    threads = late_landings(place.lake, "payments", DAY)
    assert [thread.source.source for thread in threads] == ["gateway_b"]
    versions = place.versions()
    with place.lake.lock("payments", DAY, wait_seconds=0, holder="another run"):
        server.stop.set()
        wait_to_the_end(threads)
        assert place.versions() == versions
    assert statuses(place)["gateway_b"] == "late"
    [note] = left(place.lake, "gateway_b", DAY)
    assert [row["status"] for row in note.rows] == ["landed"]
    assert take_in(place.context())
    assert statuses(place)["gateway_b"] == "landed"
    assert (arrivals(place.context()), take_in(place.context())) == ([], False)


def test_what_arrived_is_taken_in_by_the_next_landing_without_asking_anybody(slow, server) -> None:
    place = slow(deadline=30, patience=0)
    late_note(place, server)
    land_sources(place.context(), ask=[])
    assert statuses(place) == {"gateway_a": "landed", "gateway_b": "landed", "ledger": "landed"}
    assert len(server.asked) == 1


def test_a_note_of_nothing_does_not_speak_against_what_was_delivered_since(slow, server) -> None:
    place = slow(deadline=30, patience=30)
    server.then = [200]
    land_sources(place.context())
    [row] = place.rows("gateway_b/deliveries").to_dicts()
    silent = {
        **row,
        "status": "absent",
        "name": "",
        "content_hash": "",
        "endpoint": "",
        "path": "",
        "reason": "x",
    }
    leave(place.lake, DAY, Arrival("gateway_b", [silent], row["landed_at"]))
    assert not take_in(place.context())
    assert statuses(place)["gateway_b"] == "landed"
    assert place.rows("gateway_b/deliveries")["status"].to_list() == ["landed"]


def test_a_note_that_is_damaged_stops_nothing(slow, server) -> None:
    place = slow(deadline=30, patience=0)
    late_note(place, server)
    folder = place.lake.root / "gateway_b" / "_arrived" / DAY
    (folder / "damaged.json").write_text('{"rows": [')
    assert take_in(place.context())
    assert statuses(place)["gateway_b"] == "landed"


def test_a_defect_in_reading_one_source_leaves_the_others_alone_and_tells_no_value(
    slow, server, monkeypatch
) -> None:
    place = slow(deadline=30)
    real = asking.land

    def spoilt(source, *args: Any, **options: Any) -> Any:
        if source.source == "gateway_b":
            raise ValueError("s3cret")
        return real(source, *args, **options)

    monkeypatch.setattr(asking, "land", spoilt)
    counts = land_sources(place.context())
    assert counts["gateway_a"]["status"] == "landed"
    assert counts["gateway_b"]["status"] == "absent"
    assert counts["gateway_b"]["reason"].startswith(
        "a defect in landing it: ValueError in test_slow_sources.py"
    )
    assert "s3cret" not in str(counts)


@pytest.mark.slow
def test_two_runs_at_once_take_everything_in_once(slow, server, surroundings) -> None:
    place = slow(deadline=60, patience=0)
    surroundings(place)
    server.then = ["hang_then_answer"]
    command = [
        sys.executable,
        "-m",
        "orchestration_assets.cli",
        "run",
        "payments",
        "--partition",
        DAY,
        "--json",
    ]
    runs = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=TOP)
        for _ in range(2)
    ]
    until = time.monotonic() + 50
    while len(server.asked) < 2 and time.monotonic() < until:
        threading.Event().wait(0.05)
    server.stop.set()
    ended = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode in (0, 2) for run in runs] == [True, True], ended
    assert payments(place) == OF_THE_FILE + OF_THE_DATABASE + OF_THE_SERVER
    assert place.metrics()["lost"] == 0
    rows = place.rows("gateway_b/deliveries")
    assert (rows.height, rows["is_in_force"].to_list()) == (1, [True])
    assert arrivals(place.context()) == []
