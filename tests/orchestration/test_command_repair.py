"""`breakwater repair` on one file: what changes, what must not, and what is refused."""

import csv
import json
from pathlib import Path

import polars as pl
import pytest

from orchestration_assets.cli import main

CONTRACT = "contract_of_towns_in_tests:Visit"
TOWNS = '''
"""Visits of the tests. The promises are loose, so that a few records open the gate."""

from validators.contract import Contract, field


class Visit(Contract, grain="report"):
    """One row per visit."""

    number: str = field(entity=True, str_matches=r"^V[0-9]+$")
    town: str = field(isin=["ULM", "BONN"], translate="code", max_error=0.3)
    price: float = field(gt=0, translate="money", max_error=0.3)
'''
HEADER = ["number", "note", "town", "price"]
# `note` is no field of the contract: it is handed through.
GOOD = [[f"V{i}", "", ("ULM", "BONN")[i % 2], f"{i}.50"] for i in range(1, 41)]
BAD = [
    ["V41", 'a "quoted", odd note', "ulm", "1.50"],
    ["V42", " spaces stay ", "BONN", "1.234,56"],
    ["V43", "Ünïcødé", "KIEL", "3"],
    ["V44", "two\nlines", "ULM", "1e1"],
    ["V45", "", "ULM", "x"],
]


def write(path: Path, rows: list[list[str]], header: list[str] = HEADER) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def read(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.fixture
def folder(tmp_path: Path, contract_folder: Path) -> Path:
    (contract_folder / "contract_of_towns_in_tests.py").write_text(TOWNS)
    return tmp_path


def repair(folder: Path, *more: object, file: Path | None = None, contract: str = CONTRACT) -> int:
    given = [file or folder / "in.csv", "--contract", contract, *more]
    out = [] if "--out" in more else ["--out", folder / "out.csv"]
    return main(["repair", *map(str, [*given, *out])])


def test_records_keep_their_order_and_untouched_cells_their_text(folder: Path) -> None:
    write(folder / "in.csv", [*BAD, *GOOD])
    assert repair(folder) == 0
    found = read(folder / "out.csv")
    assert found[0] == [*HEADER, "_status"]
    assert [row[:2] for row in found[1:]] == [row[:2] for row in (*BAD, *GOOD)]
    changed = {
        row[0]: row[2:] for row, was in zip(found[1:], [*BAD, *GOOD], strict=True) if row[2:4] != was[2:4]
    }
    assert changed == {"V41": ["ULM", "1.50", "trusted"], "V42": ["BONN", "1234.56", "trusted"]}
    assert {row[0]: row[4] for row in found[1:6]} == {
        "V41": "trusted", "V42": "trusted", "V43": "quarantine", "V44": "trusted", "V45": "quarantine",
    }  # fmt: skip
    assert {row[4] for row in found[6:]} == {"trusted"}


def test_a_file_without_faults_comes_back_byte_for_byte_but_for_the_status(folder: Path) -> None:
    lines = ["number,note,town,price", *(",".join(row) for row in GOOD)]
    (folder / "in.csv").write_text("\n".join(lines) + "\n")
    assert repair(folder) == 0
    expected = [f"{lines[0]},_status", *(f"{line},trusted" for line in lines[1:])]
    assert (folder / "out.csv").read_text().splitlines() == expected


def test_the_summary_counts_what_was_done(folder: Path, capsys: pytest.CaptureFixture) -> None:
    write(folder / "in.csv", [*BAD, *GOOD])
    assert repair(folder, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    expected = {"records": 45, "unreadable": 0, "trusted": 43, "review": 0, "quarantine": 2, "duplicate": 0,
                "repaired_cells": 2, "by_method": {"code": 1, "money": 1}, "ask": []}  # fmt: skip
    assert {name: told[name] for name in expected} == expected


def test_what_did_not_pass_the_gate_is_proposed_and_not_applied(folder: Path) -> None:
    rows = [["V50", "", "ULM", "1,234"], *GOOD]  # a thousand and more, or little more than one?
    write(folder / "in.csv", rows)
    assert repair(folder, "--proposals", folder / "proposals.csv") == 0
    proposals = pl.read_csv(folder / "proposals.csv", infer_schema=False)
    assert proposals.select("_row", "field", "original", "status").rows() == [
        ("0", "price", "1,234", "suggested")
    ]
    [first] = [row for row in read(folder / "out.csv") if row[0] == "V50"]
    assert first == ["V50", "", "ULM", "1,234", "review"]


def test_costs_decide_how_sure_a_repair_must_be(folder: Path) -> None:
    write(folder / "in.csv", [*BAD, *GOOD])
    assert repair(folder, "--cost-minute", 1, "--cost-wrong", 1000) == 0
    found = {row[0]: row for row in read(folder / "out.csv")}
    # At half a minute a decision 0.0005 wrong would pay: forty records prove less, and a person is asked.
    assert found["V41"][2:] == ["ulm", "1.50", "review"]
    assert repair(folder, "--cost-minute", 1, "--cost-wrong", 4, "--minutes-per-decision", 1) == 0
    assert {row[0]: row for row in read(folder / "out.csv")}["V41"][2:] == ["ULM", "1.50", "trusted"]


@pytest.mark.parametrize(
    "costs", [("--cost-wrong", 40), ("--cost-minute", 1), ("--cost-minute", 0, "--cost-wrong", 40)]
)
def test_half_of_the_costs_is_refused(folder: Path, costs: tuple, capsys: pytest.CaptureFixture) -> None:
    write(folder / "in.csv", GOOD)
    assert repair(folder, *costs) == 1
    told = capsys.readouterr().err
    assert "no threshold follows from these costs" in told
    assert "\nHint: --cost-wrong and --cost-minute go together" in told


def test_labels_settle_their_own_cells(folder: Path) -> None:
    write(folder / "in.csv", [*BAD, *GOOD])
    write(
        folder / "labels.csv",
        [["2", "V43", "ULM", "3"], ["4", "V45", "ULM", "9.75"]],
        ["_row", "number", "town", "price"],
    )
    assert repair(folder, "--labels", folder / "labels.csv") == 0
    found = {row[0]: row[2:] for row in read(folder / "out.csv")}
    assert found["V43"] == ["ULM", "3", "trusted"]
    assert found["V45"] == ["ULM", "9.75", "trusted"]


def test_it_asks_for_labels_of_held_records_only(folder: Path, capsys: pytest.CaptureFixture) -> None:
    write(folder / "in.csv", [*BAD, *GOOD])
    assert repair(folder, "--ask", 5, "--json") == 0
    assert sorted(json.loads(capsys.readouterr().out)["ask"]) == [2, 4]


def test_another_delimiter_and_encoding_are_read(folder: Path) -> None:
    text = "number;note;town;price\nV1;größer;ULM;1.5\n"
    (folder / "in.csv").write_bytes(text.encode("cp1252"))
    assert repair(folder, "--delimiter", ";", "--encoding", "cp1252") == 0
    assert read(folder / "out.csv")[1] == ["V1", "größer", "ULM", "1.5", "trusted"]


@pytest.mark.parametrize("spelling", ["in.csv", "sub/../in.csv", "link.csv"])
def test_it_refuses_to_overwrite_its_input_however_it_is_spelled(folder: Path, spelling: str, capsys) -> None:
    before = write(folder / "in.csv", [*BAD, *GOOD]).read_bytes()
    (folder / "sub").mkdir()
    (folder / "link.csv").symlink_to(folder / "in.csv")
    assert repair(folder, "--out", f"{folder}/{spelling}") == 1
    assert repair(folder, "--proposals", f"{folder}/{spelling}") == 1
    assert (folder / "in.csv").read_bytes() == before
    assert "one and the same\nHint: " in capsys.readouterr().err


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 20
BAD_FILES = {
    "empty": b"",
    "a picture": PNG,
    "a header only": b"number,note,town,price\n",
    "a column too few": b"number,note,town\nV1,,ULM\n",
    "a column twice": b"number,town,price,price\nV1,ULM,1,1\n",
    "a column of ours": b"number,town,price,_status\nV1,ULM,1,x\n",
    "another encoding": "number,town,price\nV1,ULM,1\n".encode("utf-16"),
}


@pytest.mark.parametrize("what", sorted(BAD_FILES))
def test_a_file_of_the_wrong_kind_is_refused_in_words(folder: Path, what: str, capsys) -> None:
    (folder / "in.csv").write_bytes(BAD_FILES[what])
    assert repair(folder) == 1
    error = capsys.readouterr().err
    assert error.startswith(("breakwater repair: in.csv ", "breakwater repair: in.csv: "))
    assert "\nHint: " in error
    assert not (folder / "out.csv").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        ["--delimiter", "ab"],
        ["--delimiter", "é"],
        ["--encoding", "no-such"],
        ["--encoding", "utf-16"],
        ["--labels", "no-such.csv"],
        ["--contract", "no-such"],
        ["--contract", "os:path"],
        ["--contract", "no_such_module:Visit"],
    ],
    ids=" ".join,
)
def test_a_wrong_option_is_refused_in_words(folder: Path, wrong: list[str], capsys) -> None:
    write(folder / "in.csv", GOOD)
    assert repair(folder, *wrong) == 1
    assert "\nHint: " in capsys.readouterr().err
    assert not (folder / "out.csv").exists()


def test_labels_without_positions_or_beyond_the_file_are_refused(folder: Path, capsys) -> None:
    write(folder / "in.csv", GOOD)
    for header, row in (
        (["town"], ["ULM"]),
        (["_row", "town"], ["40", "ULM"]),
        (["_row", "town"], ["x", "ULM"]),
    ):
        write(folder / "labels.csv", [row], header)
        assert repair(folder, "--labels", folder / "labels.csv") == 1
        assert "`_row`, positions from 0 to 39" in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_told_and_fails(folder: Path, capsys) -> None:
    write(folder / "in.csv", GOOD)
    (folder / "file").write_text("")
    assert repair(folder, "--out", folder / "file" / "out.csv") == 3
    assert "cannot be written" in capsys.readouterr().err
