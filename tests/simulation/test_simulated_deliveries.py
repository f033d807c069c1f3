"""The files and tables that a simulated day leaves behind, read with the standard library only."""

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from sources.simulation import DamageRates, DayReport, SimulationMistake, simulate
from sources.simulation.vocabulary import FIELDS

DAY = "2026-11-01"
HEADER = [
    "txn_ref",
    "kunde",
    "mail",
    "haendler",
    "geraet",
    "betrag",
    "waehrung",
    "land",
    "zeitpunkt",
    "risiko",
]
BROKEN = DamageRates(share=0.3, broken_line_share=0.05)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("systems")
    simulate(folder, [DAY], records=1500, seed=5, rates=BROKEN)
    return folder


def truth_of(root: Path, source: str) -> pl.DataFrame:
    return pl.read_parquet(root / "truth" / f"{DAY}.parquet").filter(source=source)


def lines_of(root: Path, source: str, name: str, encoding: str = "utf-8") -> list[str]:
    return (root / source / DAY / name).read_text(encoding).split("\n")


def bookings(root: Path, *columns: str) -> list[tuple]:
    with closing(sqlite3.connect(root / "ledger" / "ledger.sqlite")) as database:
        wanted = ", ".join(columns)
        return database.execute(
            f"SELECT {wanted} FROM bookings WHERE booking_day = ? ORDER BY rowid", (DAY,)
        ).fetchall()


def files_of(root: Path) -> dict[str, bytes]:
    paths = [path for path in sorted(root.rglob("*")) if path.is_file() and path.suffix != ".sqlite"]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


@pytest.mark.parametrize("style", ["systems", "csv"])
def test_the_same_arguments_give_the_same_bytes(tmp_path: Path, style: str) -> None:
    roots = [tmp_path / "once", tmp_path / "again"]
    for folder in (*roots, roots[1]):
        simulate(folder, [DAY, "2026-11-02"], records=300, rates=BROKEN, style=style)
    assert files_of(roots[0]) == files_of(roots[1])
    assert len(files_of(roots[0])) == (6 if style == "systems" else 8)
    if style == "systems":
        assert bookings(roots[0], "*") == bookings(roots[1], "*")


def test_a_day_does_not_depend_on_the_days_before_it(tmp_path: Path) -> None:
    simulate(tmp_path / "both", ["2026-10-31", DAY], records=300)
    simulate(tmp_path / "one", [DAY], records=300)
    assert files_of(tmp_path / "one").items() <= files_of(tmp_path / "both").items()


@pytest.mark.parametrize("changed", [{"seed": 2}, {"rates": DamageRates(share=0.2)}, {"records": 301}])
def test_another_argument_gives_other_bytes(tmp_path: Path, changed: dict) -> None:
    simulate(tmp_path / "one", [DAY], **({"records": 300, "seed": 1} | changed))
    simulate(tmp_path / "two", [DAY], records=300, seed=1)
    assert files_of(tmp_path / "one") != files_of(tmp_path / "two")


def test_gateway_a_has_the_stated_header_a_true_row_per_line_and_the_euro_of_windows_latin_1(
    root: Path,
) -> None:
    header, *lines, end = lines_of(root, "gateway_a", "payments.csv", "latin-1")
    truth = truth_of(root, "gateway_a")
    assert header.split(";") == HEADER
    assert end == ""
    assert truth["row"].to_list() == list(range(len(lines)))
    assert any(";\x80;" in line for line in lines)
    assert any(";€;" in line for line in lines_of(root, "gateway_a", "payments.csv", "cp1252"))


def test_readable_lines_have_ten_fields_and_broken_ones_do_not(root: Path) -> None:
    _, *lines, _ = lines_of(root, "gateway_a", "payments.csv", "cp1252")
    truth = truth_of(root, "gateway_a")
    readable = [len(next(csv.reader([line], delimiter=";"))) == 10 for line in lines]
    assert readable == truth["is_readable"].to_list()
    assert set(truth.filter(~pl.col("is_readable"))["damage"].list.join(",")) == {
        "line:missing_field",
        "line:extra_field",
        "line:unclosed_quote",
        "line:half",
    }


def test_gateway_b_has_one_json_object_per_readable_line(root: Path) -> None:
    *lines, _ = lines_of(root, "gateway_b", "payments.ndjson")
    truth = truth_of(root, "gateway_b")
    assert [is_json(line) for line in lines] == truth["is_readable"].to_list()
    sound = [json.loads(line) for line, damage in zip(lines, truth["damage"], strict=True) if not len(damage)]
    undamaged = truth.filter(pl.col("damage").list.len() == 0)
    assert [record["amount"]["minor"] / 100 for record in sound] == undamaged["amount"].to_list()
    assert [record["device"]["risk"] for record in sound] == undamaged["device_risk"].to_list()
    assert {record["created"][-6:] for record in sound} == {"+00:00", "+01:00", "+02:00", "-05:00"}


def test_the_ledger_is_typed_and_holds_the_truth_where_nothing_is_damaged(root: Path) -> None:
    truth = truth_of(root, "ledger")
    rows = bookings(root, "payment_no", "amount_cents", "booked_at", "risk", "customer", "booking_day")
    assert len(rows) == truth.height
    is_sound = (truth["damage"].list.len() == 0).to_list()
    sound = [row for row, is_good in zip(rows, is_sound, strict=True) if is_good]
    expected = truth.filter(pl.Series(is_sound)).select(
        pl.col("payment_id").str.slice(1).cast(pl.Int64),
        (pl.col("amount") * 100).round().cast(pl.Int64),
        pl.col("paid_at").dt.epoch("s"),
        "device_risk",
        "customer_id",
        pl.lit(DAY),
    )
    assert sound == expected.rows()
    assert [type(value) for value in sound[0][:3]] == [int, int, int]


def test_delivering_a_day_again_replaces_only_its_bookings(tmp_path: Path) -> None:
    simulate(tmp_path, ["2026-10-31"], records=200)
    simulate(tmp_path, [DAY], records=200, rates=DamageRates(share=0.9))
    simulate(tmp_path, [DAY], records=200)
    assert len(bookings(tmp_path, "payment_no")) == truth_of(tmp_path, "ledger").height
    with closing(sqlite3.connect(tmp_path / "ledger" / "ledger.sqlite")) as database:
        assert database.execute("SELECT count(DISTINCT booking_day) FROM bookings").fetchone() == (2,)


@pytest.mark.parametrize("style", ["systems", "csv"])
def test_a_file_that_is_cut_off_ends_in_an_unreadable_line(tmp_path: Path, style: str) -> None:
    rates = DamageRates(share=1.0, duplicate=0.0, cut_off=True)
    simulate(tmp_path, [DAY], records=200, rates=rates, style=style)
    name = "payments.ndjson" if style == "systems" else "payments.csv"
    last = lines_of(tmp_path, "gateway_b", name)[-1]
    truth = truth_of(tmp_path, "gateway_b").row(-1, named=True)
    assert last
    assert last.count(",") < 9
    assert truth["is_readable"] is False
    assert len(truth["damage"]) >= 2
    assert truth["damage"][-1] == "line:cut_off"
    assert lines_of(tmp_path, "gateway_a", "payments.csv", "cp1252")[-1] == ""


def test_an_undamaged_plain_delivery_reads_back_as_the_truth(tmp_path: Path) -> None:
    spotless = DamageRates(share=0.0, broken_line_share=0.0)
    simulate(tmp_path, [DAY], records=400, rates=spotless, style="csv")
    truth = pl.read_parquet(tmp_path / "truth" / f"{DAY}.parquet")
    for source in ("gateway_a", "gateway_b", "ledger"):
        delivered = pl.read_csv(
            tmp_path / source / DAY / "payments.csv", schema=dict.fromkeys(FIELDS, pl.String)
        )
        typed = delivered.with_columns(
            pl.col("amount", "device_risk").cast(pl.Float64),
            pl.col("paid_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC"),
        )
        assert typed.equals(truth.filter(source=source).select(FIELDS))


@pytest.mark.parametrize("records", [0, 1, 2, 3])
@pytest.mark.parametrize("style", ["systems", "csv"])
def test_the_smallest_days_are_delivered_too(tmp_path: Path, records: int, style: str) -> None:
    rates = DamageRates(share=1.0, broken_line_share=1.0, cut_off=True)
    report = simulate(tmp_path, [DAY], records=records, rates=rates, style=style)[0]
    truth = pl.read_parquet(tmp_path / "truth" / f"{DAY}.parquet")
    assert truth.height == sum(report.delivered.values())
    assert truth["payment_id"].n_unique() == records
    assert all(path.is_file() for path in report.files)


def test_the_report_counts_what_the_truth_holds(tmp_path: Path) -> None:
    report = simulate(tmp_path, [DAY], records=500, rates=BROKEN)[0]
    truth = pl.read_parquet(report.files[-1])
    assert isinstance(report, DayReport)
    assert report.payments == 500
    assert report.delivered == dict(truth.group_by("source").len().rows())
    assert report.damaged == truth.filter(pl.col("damage").list.len() > 0).height
    assert report.unreadable == truth.filter(~pl.col("is_readable")).height


def test_nothing_unfinished_is_left_behind(root: Path) -> None:
    assert [path.name for path in root.rglob("*") if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"days": ["01.11.2026"]}, r"days: expected dates like 2026-11-01, got '01\.11\.2026'"),
        ({"records": -1}, "records: expected a whole number that is not negative, got -1"),
        ({"style": "xml"}, r"style: expected one of \['csv', 'systems'\], got 'xml'"),
    ],
)
def test_mistakes_are_refused_before_anything_is_written(tmp_path: Path, changed: dict, message: str) -> None:
    with pytest.raises(SimulationMistake, match=message):
        simulate(tmp_path / "out", **({"days": [DAY]} | changed))
    assert not (tmp_path / "out").exists()


def is_json(line: str) -> bool:
    """Whether the line is one whole JSON object."""
    try:
        return isinstance(json.loads(line), dict)
    except json.JSONDecodeError:
        return False
