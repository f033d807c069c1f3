"""`breakwater review`, `undo` and `replay`: what waits, decided; what was done, taken back; what is held, tried again."""

import json
from collections.abc import Callable

import polars as pl
import pytest

from orchestration_assets.cli import main
from orchestration_assets.decisions.ledger import decisions_of
from tests.sales_desk import CONTRACT, DAYS, NEEDED, Desk


@pytest.fixture
def shop(desk: Desk, surroundings: Callable) -> Desk:
    surroundings(desk.place)
    return desk


@pytest.fixture
def told(capsys: pytest.CaptureFixture) -> Callable:
    """Return a function that runs a command and returns what it printed as JSON."""

    def run(*arguments: str, code: int = 0) -> list | dict:
        capsys.readouterr()
        assert main([*arguments, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return run


def test_what_waits_is_listed_by_pattern(shop, told, capsys) -> None:
    patterns = told("review", "sales", "--records", "2")
    assert [(p["source"], p["field"], p["kind"], p["cells"], p["proposal"]) for p in patterns] == [
        ("till", "town", "missing", 28, "ULM")
    ]
    assert patterns[0]["ids"] == shop.waiting(DAYS[0])[:2]
    assert told("review", "sales", "--partition", DAYS[1])[0]["cells"] == 14
    assert told("review", "sales", "--field", "shop") == []
    assert main(["review", "sales"]) == 0
    assert "28  till.town is missing → `ULM` by mode" in capsys.readouterr().out


def test_a_decision_on_the_command_line_is_kept_with_who_and_why(shop, told, capsys) -> None:
    one, two, three, four = shop.waiting(DAYS[0])[:4]
    assert told("review", "sales", "--accept", one, "town", "--by", "ann", "--why", "asked") == {
        "decided": 1,
        "refused": [],
    }
    told("review", "sales", "--correct", two, "town", "BONN", "--by", "ann")
    told("review", "sales", "--reject", three, "--by", "ann")
    told("review", "sales", "--leave", four, "town", "--by", "ann")
    rows = decisions_of(shop.place.lake, "sales")
    assert rows.select("action", "field", "value", "by", "why").rows() == [
        ("accept", "town", "ULM", "ann", "asked"),
        ("correct", "town", "BONN", "ann", None),
        ("reject", None, None, "ann", None),
        ("leave", "town", None, "ann", None),
    ]
    assert main(["review", "sales", "--accept", one, "town", "--by", "bob"]) == 2
    assert f"--replaces {rows['decision'][0]}" in capsys.readouterr().err
    assert (
        main(
            [
                "review",
                "sales",
                "--correct",
                one,
                "town",
                "BONN",
                "--by",
                "bob",
                "--replaces",
                rows["decision"][0],
            ]
        )
        == 0
    )
    assert shop.take_up() == [DAYS[0]]
    assert [shop.towns(DAYS[0]).get(f"N{n}") for n in (500, 501, 502, 503)] == ["BONN", "BONN", None, None]
    assert shop.place.table("quarantine", DAYS[0], "sales").height == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--accept", "till:2026-11-01:0123456789ab:7", "town"],
        ["--accept", "nonsense", "town"],
        ["--reject", "till:2026-11-01:0123456789ab:7", "town", "more"],
    ],
)
def test_what_is_not_there_is_not_decided(shop, arguments, capsys) -> None:
    assert main(["review", "sales", *arguments]) == 1
    assert "Hint:" in capsys.readouterr().err


def test_a_proposal_that_nobody_made_is_not_accepted(shop, capsys) -> None:
    record = shop.waiting(DAYS[0])[0]
    assert main(["review", "sales", "--accept", record, "town", "--value", "KIEL"]) == 1
    assert "Hint: ULM" in capsys.readouterr().err


def test_an_undo_says_what_it_restores_does_it_once_and_is_taken_back(shop, told) -> None:
    before = shop.tables(DAYS[0])
    shop.decide(*[shop.on(record) for record in shop.waiting(DAYS[0])[:NEEDED]])
    shop.take_up()
    applied = shop.tables(DAYS[0])
    version = shop.place.table("repairs", DAYS[0], "sales")["version"][0]
    undo = ("undo", "sales", "--method", "mode", "--version", version)
    rows = decisions_of(shop.place.lake, "sales").height
    plan = told(*undo, "--dry-run")
    assert plan["cells"] == [
        {"_partition": day, "field": "town", "status": "applied", "cells": 14} for day in DAYS[:2]
    ]
    assert (plan["decisions"], plan["partitions"], plan["runs"]) == (NEEDED, list(DAYS[:2]), [])
    assert decisions_of(shop.place.lake, "sales").height == rows
    done = told(*undo, "--reason", "wrong")
    assert [r["partition"] for r in done["runs"]] == list(DAYS[:2])
    assert len(shop.towns(DAYS[0])) == 60
    assert set(shop.place.table("repairs", DAYS[0], "sales")["status"]) == {"undone"}
    again = told(*undo)
    assert (again["is_done_already"], again["runs"]) == (True, [])
    assert decisions_of(shop.place.lake, "sales").height == rows + 1
    back = told(*undo, "--take-back")
    assert [r["partition"] for r in back["runs"]] == list(DAYS[:2])
    assert shop.tables(DAYS[0]) == applied
    told("undo", "sales", "--by", "ann")
    assert shop.tables(DAYS[0]) == before


def test_an_undo_is_left_to_the_sensor(shop, told) -> None:
    record = shop.waiting(DAYS[0])[0]
    shop.decide(shop.on(record))
    shop.take_up()
    told("undo", "sales", "--record", record, "--no-run")
    assert "N500" in shop.towns(DAYS[0])
    assert shop.take_up() == [DAYS[0]]
    assert "N500" not in shop.towns(DAYS[0])
    assert told("undo", "sales", "--record", record, "--dry-run")["is_done_already"]


def test_an_undo_that_is_not_in_force_cannot_be_taken_back(shop, capsys) -> None:
    assert main(["undo", "sales", "--by", "ann", "--take-back"]) == 1
    assert main(["undo", "sales", "--method", "mode"]) == 1
    assert "Hint:" in capsys.readouterr().err


def files(shop: Desk) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in shop.place.lake.root.rglob("*") if p.is_file()}


def test_a_replay_says_what_would_be_and_writes_nothing(shop, told) -> None:
    before = files(shop)
    shop.place.table("review", DAYS[0], "sales")
    replayed = told("replay", "sales")
    assert files(shop) == before
    assert [(r["partition"], r["held"], r["became"]) for r in replayed] == [
        (day, 14, {"review": 14}) for day in DAYS[:2]
    ]
    assert replayed[0]["by_reason"] == [
        {"was": "review", "why": "town not_nullable", "became": "review", "records": 14, "attempt": 1}
    ]


def test_a_replay_goes_by_the_decisions_and_counts_its_attempts(shop, told) -> None:
    shop.decide(*[shop.on(record) for record in shop.waiting(DAYS[0])[:3]])
    [tried] = told("replay", "sales", "--partition", DAYS[0])
    assert tried["became"] == {"review": 11, "trusted": 3}
    assert len(shop.towns(DAYS[0])) == 60
    ids = shop.waiting(DAYS[0])
    [done] = told("replay", "sales", "--partition", DAYS[0], "--apply", "--by", "ann")
    assert (done["became"], done["is_dry_run"]) == (tried["became"], False)
    assert len(shop.towns(DAYS[0])) == 63
    assert shop.waiting(DAYS[0]) == ids[3:]
    [second] = told("replay", "sales", "--partition", DAYS[0], "--apply")
    assert {row["attempt"] for row in second["by_reason"]} == {2}
    replays = shop.place.table("replays", DAYS[0], "sales")
    assert replays.height == 14 + 11
    assert replays.filter(pl.col("was") != pl.col("became"))["by"].to_list() == ["ann"] * 3


def test_a_replay_puts_held_records_through_a_changed_contract(
    shop, told, sales_contract, monkeypatch
) -> None:
    """A town that may be missing holds nobody back any more."""
    changed = CONTRACT.replace("town: str = field(", "town: str = field(nullable=True, ")
    (sales_contract / "changed_contract_of_sales.py").write_text(changed)
    feed = shop.place.feeds / "sales.yaml"
    feed.write_text(feed.read_text().replace("contract_of_sales_in_tests", "changed_contract_of_sales"))
    replayed = told("replay", "sales")
    assert [r["became"] for r in replayed] == [{"trusted": 14}] * 2
    assert len(shop.waiting(DAYS[0])) == 14
    assert [r["became"] for r in told("replay", "sales", "--apply")] == [{"trusted": 14}] * 2
    assert shop.waiting(DAYS[0]) == []
