"""The whole way of real reports on flights, and their repair by the command, scored by those who know the truth.

The data are others' and are not part of the project: these tests skip where they are absent.
"""

import csv
import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from orchestration_assets.cli import main
from orchestration_assets.settings import FLIGHTS_VARIABLE, Settings, settings

CONTRACT = "validators.contracts.flights:FlightReport"


@pytest.fixture(scope="module")
def found() -> Settings:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(FLIGHTS_VARIABLE, raising=False)
        told = settings()
        if not told.flights.is_file():
            pytest.skip(
                f"no flights data: name the file `dirty.csv` of the flights data (github.com/BigDaMa/raha, datasets/flights) "
                f"in {FLIGHTS_VARIABLE}, or its parent folder in BREAKWATER_REFERENCE_DATA"
            )
        yield told


@pytest.fixture(scope="module")
def flown(found: Settings, place_at, tmp_path_factory: pytest.TempPathFactory):
    place = place_at(tmp_path_factory.mktemp("flights"))
    place.outside.mkdir()
    place.outcomes = place.way("all", "flights")
    return place


@pytest.fixture(scope="module")
def repaired(found: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("repaired") / "out.csv"
    assert main(["repair", str(found.flights), "--contract", CONTRACT, "--out", str(out)]) == 0
    return out


def test_every_report_is_in_exactly_one_place(flown, found: Settings) -> None:
    assert [o.found for o in flown.outcomes if not o.is_passed] == []
    with found.flights.open(newline="", encoding="utf-8") as file:
        delivered = len(list(csv.DictReader(file)))
    tables = [flown.table(name, "all", "flights") for name in ("trusted", "review", "quarantine", "aside")]
    rows = pl.concat([t.select("_source", "_row") for t in tables if t.height] + [
        flown.rows("flights/unreadable", "all").select(pl.lit("flights").alias("_source"), "_row")
    ])  # fmt: skip
    assert sorted(rows.rows()) == [("flights", i) for i in range(delivered)]


def test_times_are_repaired_and_say_how(flown) -> None:
    applied = flown.table("repairs", "all", "flights").filter(status="applied")
    assert applied.height > 1000
    assert {"clock", "agreement"} <= set(applied["method"])
    assert set(applied["field"]) <= {"sched_dep_time", "act_dep_time", "sched_arr_time", "act_arr_time"}


def test_what_was_repaired_keeps_the_promise_of_the_contract(flown) -> None:
    methods = flown.table("methods", "all", "flights").filter("is_applied")
    assert methods.height > 0
    assert methods.filter(pl.col("error_bound") > pl.col("max_error")).height == 0
    assert methods.filter(pl.col("right") > pl.col("cases")).height == 0


def test_repairs_of_the_command_are_right_by_the_truth(found: Settings, repaired: Path) -> None:
    tool = found.reference.parent / "tools" / "score_repair.py"
    clean = found.flights.with_name("clean.csv")
    if not (tool.is_file() and clean.is_file()):
        pytest.skip(f"no truth to score by: {tool} and {clean} are needed")
    scored = subprocess.run(
        [sys.executable, str(tool), str(found.flights), str(clean), str(repaired)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    score = json.loads(scored.stdout)
    assert score["precision"] >= 0.95
    assert score["damaged"] < 60
    assert score["trusted_share"] > 0.1
    before, after = (
        pl.read_csv(path, infer_schema=False).fill_null("") for path in (found.flights, repaired)
    )
    assert sum((before[c] != after[c]).sum() for c in before.columns) >= 500


def test_only_cells_with_an_applied_repair_differ_from_the_input(found: Settings, repaired: Path) -> None:
    with (
        found.flights.open(newline="", encoding="utf-8") as before,
        repaired.open(newline="", encoding="utf-8") as after,
    ):
        dirty, ours = list(csv.reader(before)), list(csv.reader(after))
    assert ours[0] == [*dirty[0], "_status"]
    assert len(ours) == len(dirty)
    times = range(3, 7)
    assert all(a[i] == b[i] for a, b in zip(dirty, ours, strict=True) for i in range(7) if i not in times)
