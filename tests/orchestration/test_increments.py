"""A source that goes on from a position: a partition run again keeps what it had, and gains what is newer."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

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
