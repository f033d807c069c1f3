"""The whole way of two simulated days: everything accounted for, repairs right, nothing done twice."""

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from orchestration_assets.steps.imputation import good_records, impute_partition
from orchestration_assets.steps.measuring import measure_partition
from orchestration_assets.steps.publishing import publish_partition
from orchestration_assets.steps.settlement import settle_partition
from orchestration_assets.steps.shelf import SHELF
from orchestration_assets.steps.translation import translate_partition
from orchestration_assets.steps.triage import triage_partition

FIRST, SECOND = "2026-11-01", "2026-11-02"
FIELDS = (
    "payment_id", "customer_id", "email", "merchant_id", "device_id", "amount", "currency", "country", "paid_at",
    "device_risk",
)  # fmt: skip
PLACES = ("trusted", "review", "quarantine", "aside")
CHANGES_EACH_TIME = ("payments/metrics",)  # it holds durations


def physical_lines(outside: Path, day: str) -> dict[str, list[bytes]]:
    """The lines of data that each source delivered, read without the project."""
    a = (outside / "gateway_a" / day / "payments.csv").read_bytes().removesuffix(b"\n").split(b"\n")[1:]
    b = (outside / "gateway_b" / day / "payments.ndjson").read_bytes().removesuffix(b"\n").split(b"\n")
    with closing(sqlite3.connect(outside / "ledger" / "ledger.sqlite")) as database:
        rows = database.execute(
            "SELECT * FROM bookings WHERE booking_day = ? ORDER BY rowid", (day,)
        ).fetchall()
    return {"gateway_a": a, "gateway_b": b, "ledger": [repr(row).encode() for row in rows]}


def rows_by_place(lived, day: str) -> dict[str, list[tuple[str, int]]]:
    found = {name: lived.table(name, day).select("_source", "_row").rows() for name in PLACES}
    found["unreadable"] = [
        (source, row)
        for source in ("gateway_a", "gateway_b", "ledger")
        for row in lived.rows(f"{source}/unreadable", day)["_row"].to_list()
    ]
    return found


@pytest.mark.parametrize("day", [FIRST, SECOND])
def test_every_physical_line_is_in_exactly_one_place(lived, simulated: Path, day: str) -> None:
    delivered = [(s, i) for s, lines in physical_lines(simulated, day).items() for i in range(len(lines))]
    placed = [place for rows in rows_by_place(lived, day).values() for place in rows]
    assert sorted(placed) == sorted(delivered)
    assert all(rows_by_place(lived, day)[name] for name in (*PLACES, "unreadable"))


@pytest.mark.parametrize("day", [FIRST, SECOND])
def test_the_metrics_are_the_rows_of_the_tables(lived, simulated: Path, day: str) -> None:
    metrics, places = lived.metrics(day), rows_by_place(lived, day)
    assert metrics["landed"] == sum(len(lines) for lines in physical_lines(simulated, day).values())
    for name in ("trusted", "review", "quarantine", "unreadable"):
        assert metrics[name] == len(places[name])
    assert metrics["duplicate"] + metrics["outside"] == len(places["aside"])
    assert metrics["clean"] + metrics["translated"] + metrics["imputed"] == metrics["trusted"]
    assert metrics["lost"] == 0


def test_unreadable_lines_hold_the_very_bytes(lived, simulated: Path) -> None:
    lines = physical_lines(simulated, FIRST)
    for source in ("gateway_a", "gateway_b"):
        for row in lived.rows(f"{source}/unreadable", FIRST).to_dicts():
            assert row["bytes"] == lines[source][row["_row"]]
    cut_off = lived.rows("gateway_b/unreadable", FIRST).filter(pl.col("_row") == len(lines["gateway_b"]) - 1)
    assert cut_off.height == 1


@pytest.mark.parametrize("name", ["review", "quarantine", "aside"])
def test_held_records_are_word_for_word_as_they_were_delivered(lived, simulated: Path, name: str) -> None:
    lines = physical_lines(simulated, FIRST)
    compared = 0
    for row in lived.table(name, FIRST).to_dicts():
        line = lines[row["_source"]][row["_row"]]
        if row["_source"] == "gateway_a":
            cells = next(csv.reader([line.decode("cp1252")], delimiter=";"))
            assert [row[field] or "" for field in FIELDS] == cells
        elif row["_source"] == "gateway_b":
            told = json.loads(line, parse_int=str, parse_float=str)
            theirs = (told["id"], told["customer"]["email"], told["amount"]["minor"], told["created"])
            ours = (row["payment_id"], row["email"], row["amount"], row["paid_at"])
            assert [cell or "" for cell in ours] == [cell or "" for cell in theirs]
        compared += row["_source"] != "ledger"
    assert compared > 5


def test_nearly_all_automatic_repairs_are_right(lived, simulated: Path) -> None:
    right = wrong = 0
    for day in (FIRST, SECOND):
        truth = {
            (row["source"], row["row"]): row
            for row in pl.read_parquet(simulated / "truth" / f"{day}.parquet").to_dicts()
        }
        for row in lived.table("trusted", day).filter(pl.col("_repaired").list.len() > 0).to_dicts():
            for field in row["_repaired"]:
                if row[field] is None:
                    continue  # a word for nothing, read as nothing, states no value
                is_right = row[field] == truth[row["_source"], row["_row"]][field]
                right, wrong = right + is_right, wrong + (not is_right)
    assert right + wrong > 300
    assert right / (right + wrong) >= 0.97


def test_records_that_were_never_repaired_are_not_changed(lived, simulated: Path) -> None:
    truth = pl.read_parquet(simulated / "truth" / f"{FIRST}.parquet")
    undamaged = truth.filter((pl.col("damage").list.len() == 0) & pl.col("is_readable"))
    undamaged = undamaged.select(pl.col("source").alias("_source"), pl.col("row").alias("_row"), *FIELDS)
    trusted = lived.table("trusted", FIRST).filter(pl.col("_repaired").list.len().fill_null(0) == 0)
    both = trusted.select("_source", "_row", *FIELDS).join(undamaged, on=["_source", "_row"], suffix="_true")
    assert both.height > 2000
    for field in FIELDS:
        assert both.filter(pl.col(field).ne_missing(pl.col(f"{field}_true"))).height == 0


def test_the_repairs_table_names_the_cells_that_differ_from_what_was_delivered(lived) -> None:
    trusted = lived.table("trusted", FIRST)
    named = {(r["_source"], r["_row"], f) for r in trusted.to_dicts() for f in r["_repaired"] or []}
    applied = (
        lived.table("repairs", FIRST)
        .filter(status="applied")
        .join(trusted.select("_source", "_row"), on=["_source", "_row"], how="semi")
    )
    assert set(applied.select("_source", "_row", "field").rows()) == named


def test_running_a_partition_again_changes_nothing(lived, copy_of) -> None:
    place = copy_of(lived)
    versions, contents = place.versions(without=CHANGES_EACH_TIME), place.contents(FIRST)
    assert [o for o in place.way(FIRST) if not o.is_passed] == []
    assert place.versions(without=CHANGES_EACH_TIME) == versions
    again = place.contents(FIRST)
    counts = [
        {r for r in rows["payments/metrics"] if not r[0].endswith(("seconds", "per_second"))}
        for rows in (contents, again)
    ]
    assert counts[0] == counts[1]
    assert {n: r for n, r in again.items() if n not in CHANGES_EACH_TIME} == {
        n: r for n, r in contents.items() if n not in CHANGES_EACH_TIME
    }


def test_a_partition_does_not_depend_on_its_fragments_being_there(lived, copy_of) -> None:
    place = copy_of(lived)
    contents = place.contents(FIRST, without=CHANGES_EACH_TIME)
    work = place.context(FIRST).work
    for path in sorted((work / "fragments").iterdir()):
        path.unlink()
    place.way(FIRST)
    assert place.contents(FIRST, without=CHANGES_EACH_TIME) == contents


def test_steps_in_processes_of_their_own_come_to_the_same(
    place, lived, simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.outside = simulated
    place.land(FIRST)
    context = place.context(FIRST)
    monkeypatch.setattr(SHELF, "budget", 0)  # nothing is at hand: all is read from the files
    for step in (
        triage_partition, translate_partition, impute_partition, settle_partition, measure_partition, publish_partition
    ):  # fmt: skip
        step(context)
    without = (*CHANGES_EACH_TIME, *(f"{source}/deliveries" for source in physical_lines(simulated, FIRST)))
    assert place.contents(FIRST, without=without) == lived.contents(FIRST, without=without)


def test_another_partition_changes_nothing_of_the_first(place, simulated: Path) -> None:
    place.outside = simulated
    place.way(FIRST)
    alone = place.contents(FIRST)
    place.way(SECOND)
    assert place.contents(FIRST) == alone


def test_a_partition_that_was_there_before_an_earlier_one_is_not_its_history(
    place, lived, simulated: Path
) -> None:
    place.outside = simulated
    place.way(SECOND)
    place.way(FIRST)
    landed_anew = tuple(
        f"{source}/deliveries" for source in ("gateway_a", "gateway_b", "ledger")
    )  # when it landed
    without = (*CHANGES_EACH_TIME, *landed_anew)
    assert place.contents(FIRST, without=without) == lived.contents(FIRST, without=without)


def test_models_learn_from_clean_records_of_the_day_and_from_what_earlier_days_published(lived) -> None:
    def learned(day: str) -> int:
        place = lived.context(day)
        return good_records(place, place.handed_over("triage")["fragments"]).select(pl.len()).collect().item()

    clean = {
        day: sum(f["counts"]["clean"] for f in lived.context(day).handed_over("triage")["fragments"])
        for day in (FIRST, SECOND)
    }
    assert learned(FIRST) == clean[FIRST]
    assert learned(SECOND) == clean[SECOND] + lived.table("trusted", FIRST).height
