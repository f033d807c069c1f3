"""A source that goes on from a position: a partition run again keeps what it had, and gains what is newer."""

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration_assets.steps.arrivals import Arrival, leave
from orchestration_assets.steps.deliveries import merged
from orchestration_assets.steps.landing import in_force, take_in
from orchestration_assets.steps.positions import positions
from sources.connectors.positions import mark_of, marked

DAY, NEXT = "2026-11-01", "2026-11-02"
HEADER = "txn_ref;kunde;mail;haendler;geraet;betrag;waehrung;land;zeitpunkt;risiko"
CATALOG = Path(__file__).resolve().parents[2] / "sources" / "catalog"
ROW = "'ann@example.org', 'M00001', 'D00000001', 1250, 978, 276, {at}, 0.25, 'any'"


@pytest.fixture
def books(tmp_path: Path, place_at):
    """A place whose only source is the ledger, asked by a column that never falls and not by partition."""
    declared = (CATALOG / "ledger.yaml").read_text(encoding="utf-8")
    declared = declared.replace(
        "      WHERE booking_day = :partition\n      ORDER BY rowid\n", "    cursor: booked_at\n"
    )
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "ledger.yaml").write_text(declared, encoding="utf-8")
    place = place_at(tmp_path, catalog=tmp_path / "catalog")
    place.ledger([])
    return place


def book(place, *numbers: int, at: int) -> None:
    with closing(sqlite3.connect(place.outside / "ledger" / "ledger.sqlite")) as database, database:
        for number in numbers:
            values = ROW.format(at=at)
            database.execute(f"INSERT INTO bookings VALUES ({number}, 'C{number:07d}', {values})")


def trusted(place) -> list[str]:
    return place.table("trusted").sort("payment_id")["payment_id"].to_list()


def test_a_partition_that_is_run_again_gains_what_is_newer_and_loses_nothing(books) -> None:
    morning = 1_793_523_600  # 2026-11-01 09:00 UTC
    book(books, 1, 2, at=morning)
    books.way()
    assert trusted(books) == ["P0000000001", "P0000000002"]
    books.way()
    assert trusted(books) == ["P0000000001", "P0000000002"]
    book(books, 3, at=morning)
    book(books, 4, at=morning + 60)
    books.way()
    books.way()
    assert trusted(books) == [f"P{number:010d}" for number in (1, 2, 3, 4)]
    assert books.table("aside").is_empty()


# --- a position covers only what landed ---


@pytest.fixture
def gateway(tmp_path: Path, place_at):
    """A place whose only source is gateway_a, with all its days in one folder."""
    (tmp_path / "catalog").mkdir()
    shutil.copy(CATALOG / "gateway_a.yaml", tmp_path / "catalog")
    place = place_at(tmp_path, catalog=tmp_path / "catalog")
    declare(place, endpoints=[{"kind": "files", "path": "gateway_a/*.csv"}])
    return place


def declare(place, **changed: Any) -> None:
    path = place.catalog / "gateway_a.yaml"
    declared = yaml.safe_load(path.read_text(encoding="utf-8")) | changed
    path.write_text(yaml.safe_dump(declared, allow_unicode=True, sort_keys=False), encoding="utf-8")


def put(place, name: str, first: int, header: str = HEADER) -> None:
    lines = [
        f"P{i:010d};C{i:07d};c{i}@example.org;M00001;D{i:08d};{i},50;EUR;DE;01.11.2026 10:00;0,1"
        for i in range(first, first + 60)
    ]
    place.put(f"gateway_a/{name}", "".join(f"{line}\n" for line in (header, *lines)))


def latest(place, day: str = DAY) -> dict[str, str]:
    rows = place.rows("gateway_a/deliveries", day).filter(is_latest=True)
    return dict(rows.select("name", "status").iter_rows())


def names_in_force(place, day: str) -> list[str]:
    return [row["name"] for _, row in in_force(place.context(day))]


@pytest.mark.parametrize("day", [DAY, NEXT])
@pytest.mark.parametrize("path", ["gateway_a/*.csv", "gateway_a/{partition}*.csv"])
def test_a_file_that_waits_is_read_again_until_it_lands_and_nothing_is_twice(
    gateway, day: str, path: str
) -> None:
    declare(gateway, endpoints=[{"kind": "files", "path": path}])
    one, two = f"{DAY}-1.csv", f"{DAY}-2.csv"
    day = DAY if "{partition}" in path else day
    put(gateway, one, 1, HEADER.replace("betrag", "zz9"))
    put(gateway, two, 100)
    gateway.land()
    assert latest(gateway) == {one: "waiting", two: "landed"}
    gateway.land()
    assert latest(gateway) == {one: "waiting"}
    fields = yaml.safe_load((gateway.catalog / "gateway_a.yaml").read_text(encoding="utf-8"))["fields"]
    declare(gateway, fields=fields | {"amount": "zz9"})
    gateway.land(day)
    assert latest(gateway, day)[one] == "landed"
    assert names_in_force(gateway, day) == ([one, two] if day == DAY else [one])
    for again in (DAY, NEXT):
        gateway.land(again)
    assert names_in_force(gateway, DAY) + names_in_force(gateway, NEXT) == (
        [one, two] if day == DAY else [two, one]
    )


def test_positions_of_many_files_grow_with_their_number_alone(gateway) -> None:
    for i in range(3):
        put(gateway, f"{i}.csv", 100 * i)
        gateway.land()
    sizes = {len(text) for text in gateway.rows("gateway_a/deliveries")["position"]}
    assert len(sizes) == 1


def batches(place, *told: tuple[str, str, str], since: str = "") -> Arrival:
    """Batches of a topic, each with its offsets, its content and what it is worth."""
    put(place, "0.csv", 1)
    place.land(NEXT)
    [known] = place.rows("gateway_a/deliveries", NEXT).to_dicts()
    topic = {"kind": "kafka", "servers": "broker.example.org", "topic": "t"}
    declare(place, endpoints=[{"kind": "files", "path": "gateway_a/*.csv"}, topic])
    rows = [
        {
            **known, "endpoint": "kafka:1", "name": f"t[0:{offsets}]", "content_hash": content * 64, "status": status,
            "position": position(place, offsets), "landed_at": datetime.now(UTC), "columns": [],
        }
        for offsets, content, status in told
    ]  # fmt: skip
    return Arrival("gateway_a", rows, datetime.now(UTC), {"kafka:1": since} if since else {})


def position(place, offsets: str) -> str:
    [source] = place.context().sources
    return marked(mark_of(source.endpoints[1], DAY), lambda: offsets)


def test_a_stream_goes_on_before_the_first_batch_that_did_not_land(gateway) -> None:
    arrival = batches(gateway, ("0-9", "1", "landed"), ("10-19", "2", "refused"), ("20-29", "3", "landed"))
    leave(gateway.lake, DAY, arrival)
    take_in(gateway.context())
    rows = gateway.rows("gateway_a/deliveries").filter(endpoint="kafka:1").sort("name")
    assert rows.select("name", "status", "reason").rows()[1:] == [
        ("t[0:10-19]", "refused", ""),
        ("t[0:20-29]", "refused", "it comes after t[0:10-19], which did not land: both are read again"),
    ]
    context = gateway.context()
    assert positions(context, context.sources[0])["kafka:1"] == position(gateway, "0-9")


def test_a_batch_of_a_stream_supersedes_only_itself() -> None:
    batch = {
        "name": "t[0:0-9]", "content_hash": "1", "status": "landed", "endpoint": "kafka:0", "position": "",
        "landed_at": datetime.now(UTC), "is_latest": False, "is_in_force": False,
    }  # fmt: skip
    rows = merged([], [batch], "increment")
    rows = merged(rows, [batch, {**batch, "content_hash": "2"}], "increment")
    assert [(row["content_hash"], row["is_in_force"]) for row in rows] == [("1", True), ("2", True)]


def test_what_could_not_be_read_is_a_row_until_it_can() -> None:
    row = {
        "name": "a", "content_hash": "", "status": "refused", "endpoint": "files:0", "position": "",
        "landed_at": datetime.now(UTC), "is_latest": False, "is_in_force": False,
    }  # fmt: skip
    rows = merged([], [row, {**row, "name": "b"}, {**row, "name": "c", "content_hash": "1"}], "increment")
    assert {one["name"] for one in rows} == {"a", "b", "c"}
    landed = {**row, "content_hash": "2", "status": "landed"}
    assert [one["name"] for one in merged(rows, [landed], "increment") if one["is_in_force"]] == ["a"]
