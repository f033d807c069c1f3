"""Sources that write fields in notations of their own, the whole way: what others say of the same records teaches it."""

import shutil
import sys
from pathlib import Path

import polars as pl
import pytest

from orchestration_assets.cli import main

CONTRACT = '''
"""Rentals of the tests. The promises are loose, so that a few records open the gate."""

from typing import Annotated

import polars as pl

from validators.contract import Contract, field


class Rental(Contract):
    """One row per rental."""

    number: str = field(key=True, str_matches=r"^N[0-9]+$")
    device: str = field(translate="learned", str_matches=r"^DEV-[0-9]{6}$", max_error=0.05, evidence="agreement")
    began: Annotated[pl.Datetime, "us", "UTC"] = field(translate="datetime", max_error=0.05, evidence="agreement")
    state: str = field(isin=["open", "closed", "lost"], translate="code", max_error=0.05, evidence="agreement")
    place: str = field(translate="learned", max_error=0.05, evidence="agreement")
'''
FEED = """
feed: rentals
contract: contract_of_rentals_in_tests:Rental
owner: team:rentals
partitions: {kind: daily, start: 2026-01-01}
"""
SOURCE = """
source: NAME
feed: rentals
owner: team:rentals
delivers: snapshot
endpoints:
  - {kind: files, path: "NAME/{partition}.csv"}
notation: {format: csv}
fields: {number: number, device: device, began: began, state: state, place: place}
"""
DAY = "2026-11-01"
HEADER = "number,device,began,state,place\n"
TOWNS = [
    a + b
    for a in ("Ul", "Bon", "Kie", "Tri", "Wei", "Han")
    for b in ("heim", "dorf", "stedt", "au", "burg", "feld", "tal")
]
PLACES = [f"{town} {side}" for town in TOWNS for side in ("North", "South", "Centre")]
STATES, CODES = ("open", "closed", "lost"), ("O", "C", "L")


def device(i: int) -> int:
    return i * 7919 % 100_000


def usual(i: int) -> list[str]:
    """Rental `i` as the contract writes it."""
    began = f"2026-{i % 12 + 1:02d}-{i % 28 + 1:02d}T{i % 24:02d}:{i % 60:02d}:00Z"
    return [f"N{i}", f"DEV-{device(i):06d}", began, STATES[i % 3], PLACES[i % len(PLACES)]]


def own(i: int) -> list[str]:
    """The same in the notation of the second source."""
    number, _, began, state, place = usual(i)
    town, side = place.split()
    moment = f"{began[5:7]}~{began[8:10]}~{began[:4]} {began[11:13]}{began[14:16]}"
    return [number, f"d{device(i)}", moment, CODES[STATES.index(state)], f"{side.upper()} OF {town}"]


def lines(rows: list[list[str]]) -> str:
    return HEADER + "".join(",".join(row) + "\n" for row in rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "contract_of_rentals_in_tests.py").write_text(CONTRACT)
    sys.path.insert(0, str(tmp_path))
    yield tmp_path
    sys.path.remove(str(tmp_path))
    sys.modules.pop("contract_of_rentals_in_tests", None)


@pytest.fixture
def rented(folder: Path, place_at):
    """A lake with a feed of the sources that are given: name to its records."""

    def way(**delivered: list[list[str]]):
        place = place_at(folder / "place")
        for name in ("feeds", "catalog"):
            shutil.copytree(getattr(place, name), place.folder / name)
            setattr(place, name, place.folder / name)
        (place.feeds / "rentals.yaml").write_text(FEED)
        for name, rows in delivered.items():
            (place.catalog / f"{name}.yaml").write_text(SOURCE.replace("NAME", name))
            place.put(f"{name}/{DAY}.csv", lines(rows))
        assert [o.name for o in place.way(DAY, "rentals") if not o.is_passed] == []
        return place

    return way


def published(place) -> list[tuple]:
    trusted = place.table("trusted", DAY, "rentals").sort(pl.col("number").str.slice(1).cast(pl.Int64))
    texts = pl.col("began").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return trusted.select("number", "device", texts, "state", "place").rows()


def test_what_shared_records_teach_repairs_those_that_only_one_source_has(rented) -> None:
    def second(i: int) -> list[str]:
        return [*own(i)[:4], usual(i)[4]]

    place = rented(first=[usual(i) for i in range(240)], second=[second(i) for i in range(40, 300)])
    assert published(place) == [tuple(usual(i)) for i in range(300)]
    repairs = place.table("repairs", DAY, "rentals").filter(status="applied")
    assert set(repairs["_source"]) == {"second"}
    assert set(repairs["method"]) == {"learned"}
    told = repairs.filter(pl.col("original") == f"d{device(249)}").select(
        "repaired", "arm", "evidence_class", "evidence"
    )
    assert told.rows() == [
        (
            usual(249)[1], "program", "agreement",
            "learned from 200 pairs of other reports: 'DEV-', number 1 with zeros to 6: right in 199 of 199 agreement cases",
        )
    ]  # fmt: skip
    assert place.table("aside", DAY, "rentals").height == 200  # the second reports on the same, and agrees
    methods = place.table("methods", DAY, "rentals").filter(method="learned")
    assert set(methods.filter("is_applied")["field"]) == {"device", "began", "state"}
    assert methods.filter(pl.col("is_applied") & (pl.col("error_bound") > pl.col("max_error"))).is_empty()


def test_where_the_other_source_is_often_wrong_nothing_is_applied(rented) -> None:
    wrong = [usual(i) if i % 5 else [f"N{i}", f"DEV-{device(i) + 1:06d}", *usual(i)[2:]] for i in range(200)]
    place = rented(first=wrong, second=[[*usual(i)[:1], own(i)[1], *usual(i)[2:]] for i in range(300)])
    repairs = place.table("repairs", DAY, "rentals").filter(method="learned")
    assert set(repairs["status"]) <= {"suggested"}
    assert {row[0] for row in published(place)} <= {f"N{i}" for i in range(200)}


def test_one_source_that_writes_otherwise_than_two_others_is_brought_into_line(rented) -> None:
    def third(i: int) -> list[str]:
        return [*usual(i)[:4], own(i)[4]]

    everything = [usual(i) for i in range(120)]
    place = rented(first=everything, second=everything, third=[third(i) for i in range(120)])
    assert published(place) == [tuple(usual(i)) for i in range(120)]
    repairs = place.table("repairs", DAY, "rentals").filter(status="applied")
    assert repairs.select("_source", "field", "method").unique().rows() == [("third", "place", "learned")]
    assert repairs.height == 120


def test_of_two_sources_nobody_can_say_whose_notation_is_meant(rented) -> None:
    place = rented(
        first=[usual(i) for i in range(80)], second=[[*usual(i)[:4], own(i)[4]] for i in range(80)]
    )
    assert place.table("repairs", DAY, "rentals").is_empty()
    assert place.table("review", DAY, "rentals").height == 160


def test_labels_teach_a_notation_to_the_command(folder: Path) -> None:
    rows = [own(i) for i in range(200)]
    rows = [[*row[:2], usual(i)[2], usual(i)[3], usual(i)[4]] for i, row in enumerate(rows)]
    (folder / "in.csv").write_text(lines(rows))
    labelled = "".join(",".join([str(i), *usual(i)]) + "\n" for i in range(0, 200, 3))
    (folder / "labels.csv").write_text("_row," + HEADER + labelled)
    given = [
        folder / "in.csv",
        "--contract",
        "contract_of_rentals_in_tests:Rental",
        "--out",
        folder / "out.csv",
    ]
    more = ["--labels", folder / "labels.csv", "--proposals", folder / "left.csv"]
    assert main(["repair", *map(str, [*given, *more])]) == 0
    out = pl.read_csv(folder / "out.csv", infer_schema=False)
    assert out["device"].to_list() == [usual(i)[1] for i in range(200)]
    assert set(out["_status"]) == {"trusted"}


def test_a_few_labels_make_suggestions_for_texts_like_those_that_were_labelled(folder: Path) -> None:
    rows = [[usual(i)[0], own(i)[1], *usual(i)[2:]] for i in range(100, 140)]
    (folder / "in.csv").write_text(lines(rows))
    labelled = "".join(",".join([str(i), *usual(i + 100)]) + "\n" for i in range(5))
    (folder / "labels.csv").write_text("_row," + HEADER + labelled)
    given = [
        folder / "in.csv",
        "--contract",
        "contract_of_rentals_in_tests:Rental",
        "--out",
        folder / "out.csv",
    ]
    more = ["--labels", folder / "labels.csv", "--proposals", folder / "left.csv"]
    assert main(["repair", *map(str, [*given, *more])]) == 0
    left = pl.read_csv(folder / "left.csv", infer_schema=False).filter(pl.col("_row").cast(pl.Int64) >= 5)
    assert left.select("original", "repaired", "method").rows() == [
        (own(i)[1], usual(i)[1], "learned") for i in range(105, 139)
    ]
    out = pl.read_csv(folder / "out.csv", infer_schema=False)
    assert out["device"].to_list()[5:] == [own(i)[1] for i in range(105, 140)]
    # The last one has three digits, and nobody labelled one with fewer than four.
    assert out["_status"].to_list() == ["trusted"] * 5 + ["review"] * 34 + ["quarantine"]
