"""The command line as its users meet it: what it prints, how it ends, and that a mistake of theirs has no traceback."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from orchestration_assets.cli import main

FIRST, SECOND = "2026-11-01", "2026-11-02"
KEYS = {
    "feed", "partition", "landed", "unreadable", "clean", "translated", "imputed", "trusted", "review", "quarantine",
    "duplicate", "outside", "lost", "rows_per_second",
}  # fmt: skip
TOP = Path(__file__).resolve().parents[2]
HEAVY = ("dagster", "pandera", "great_expectations")


@pytest.fixture
def command(capsys: pytest.CaptureFixture) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs one command: exit code, what it printed, what it printed as errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def reading(lived, surroundings) -> None:
    surroundings(lived)


def record_id(lived, table: str, condition: pl.Expr) -> str:
    row = lived.table(table, FIRST).filter(condition).sort("_source", "_row").row(0, named=True)
    return f"{row['_source']}:{FIRST}:{row['_delivery']}:{row['_row']}"


def test_a_report_has_the_counts_that_others_rely_on(reading, command, lived) -> None:
    code, out, err = command("report", "payments", "--partition", FIRST, "--json")
    [row] = json.loads(out)
    assert (code, err) == (0, "")
    assert set(row) >= KEYS
    assert (row["feed"], row["partition"], row["lost"]) == ("payments", FIRST, 0)
    for name in ("trusted", "review", "quarantine"):
        assert row[name] == lived.table(name, FIRST).height
    assert all(isinstance(row[name], int) for name in KEYS - {"feed", "partition"})
    parts = ("trusted", "review", "quarantine", "duplicate", "outside", "unreadable")
    assert row["landed"] == sum(row[name] for name in parts)


def test_a_report_shows_the_latest_partition_or_all(reading, command) -> None:
    assert [r["partition"] for r in json.loads(command("report", "--json")[1])] == [SECOND]
    assert [r["partition"] for r in json.loads(command("report", "--all", "--json")[1])] == [FIRST, SECOND]
    table = command("report", "--all")[1]
    assert table.splitlines()[0].split() == ["payments", FIRST, "payments", SECOND]


def test_the_story_of_a_repaired_record_says_what_was_found_and_what_was_done(
    reading, command, lived
) -> None:
    wanted = record_id(lived, "trusted", pl.col("_repaired").list.contains("paid_at"))
    code, out, _ = command("explain", wanted)
    assert code == 0
    assert out.splitlines()[0] == wanted
    for words in (
        "landed      payments.",
        "found       paid_at is malformed: `",
        "applied     paid_at → `2026-11-0",
        "right in",
    ):
        assert words in out
    assert "verdict     trusted" in out


def test_the_story_of_a_record_that_needed_nothing_says_so(reading, command, lived) -> None:
    story = command("explain", record_id(lived, "trusted", pl.col("_repaired").is_null()))[1]
    assert "found       nothing wrong" in story
    assert "verdict     trusted" in story


def test_the_story_of_a_record_in_review_names_its_suggestions_or_its_contradictions(
    reading, command, lived
) -> None:
    has_suggestion = pl.col("_errors").list.eval(pl.element().struct.field("kind") == "malformed").list.any()
    code, out, _ = command("explain", record_id(lived, "review", has_suggestion))
    assert code == 0
    assert "suggested   " in out
    assert "verdict     review" in out


def test_the_story_of_a_duplicate_names_the_record_that_stands_for_it(reading, command, lived) -> None:
    story = command("explain", record_id(lived, "aside", pl.col("_verdict") == "duplicate"))[1]
    kept = story.split("verdict     duplicate: says the same as ")[1].split()[0]
    assert "verdict     trusted" in command("explain", kept)[1]


def test_the_story_of_an_unreadable_line_says_why_and_shows_nothing_personal(reading, command, lived) -> None:
    lines = lived.rows("gateway_a/unreadable", FIRST).filter(pl.col("bytes").bin.contains(b"@"))
    row = lines.row(0, named=True)
    wanted = f"gateway_a:{FIRST}:{row['_delivery']}:{row['_row']}"
    code, out, _ = command("explain", wanted)
    assert code == 0
    assert f"line {row['_row'] + 2}," in out
    assert f"verdict     unreadable: {row['reason']}" in out
    assert "@" not in out
    assert "@" in command("explain", wanted, "--show-personal")[1]


def test_personal_values_are_shown_only_on_demand(reading, command, lived) -> None:
    is_email = pl.col("_repaired").list.contains("email")
    wanted = record_id(lived, "trusted", is_email)
    for extra in ([], ["--json"]):  # the rules are told too, and that of addresses has an @ of its own
        assert "@example" not in command("explain", wanted, *extra)[1].lower()
        assert "@example" in command("explain", wanted, "--show-personal", *extra)[1].lower()


@pytest.mark.parametrize(
    "arguments",
    [
        ["explain", "nonsense"],
        ["explain", "a:b:c:d"],
        ["explain", "a:b:c:²"],
        ["explain", ":::"],
        ["explain", f"ledger:{FIRST}:000000000000:1"],
        ["explain", f"nobody:{FIRST}:000000000000:1"],
        ["report", "nobody"],
        ["report", "--partition", "2020-01-01"],
        ["run", "nobody"],
        ["run", "payments", "--partition", "yesterday"],
        ["run", "payments", "--partition", "2999-01-01"],
        ["run", "payments", "--partition", "1999-01-01"],
        ["run", "flights", "--partition", FIRST],
        ["run", "payments", "--wait", "long"],
        ["simulate", "--days", "soon"],
        ["simulate", "--days", f"{SECOND}..{FIRST}"],
        ["simulate", "--records", "0"],
        ["simulate", "--damage", "2"],
        [
            "repair",
            "no-such-file.csv",
            "--contract",
            "validators.contracts.flights:FlightReport",
            "--out",
            "x.csv",
        ],
        ["nonsense"],
        [],
    ],
    ids=" ".join,
)
def test_a_mistake_of_the_user_ends_in_words_and_in_exit_code_1(
    reading, command, arguments: list[str]
) -> None:
    code, out, err = command(*arguments)
    assert code == 1
    assert "Traceback" not in out + err
    assert "Hint: " in err or "usage: " in err


def test_report_and_explain_start_without_the_heavy_libraries(lived) -> None:
    wanted = record_id(lived, "trusted", pl.col("_repaired").list.contains("paid_at"))
    code = f"""
import sys
from orchestration_assets.cli import main
assert main(["report", "--all"]) == 0
assert main(["explain", {wanted!r}]) == 0
print(sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    environment = {"PATH": "/usr/bin:/bin", "BREAKWATER_LAKE": str(lived.lake.root)}
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=TOP, env=environment
    )
    assert ended.stdout.splitlines()[-1] == "[]"


def test_a_run_says_what_it_does_before_it_imports_what_is_slow() -> None:
    code = f"""
import sys
first = []
class Out:
    def write(self, text):
        if text.strip() and not first:
            first.append((text.strip(), sorted({{"polars", *{HEAVY!r}}} & set(sys.modules))))
    def flush(self): pass
from orchestration_assets.cli import main
real, sys.stdout = sys.stdout, Out()
main(["run", "nobody"])
sys.stdout = real
print(first)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=TOP)
    assert ended.stdout.strip() == str(
        [("breakwater run: land, triage, translate, impute, settle, publish", [])]
    )


def test_days_are_simulated_where_the_settings_say(place, surroundings, command) -> None:
    surroundings(place)
    code, out, _ = command("simulate", "--days", f"{FIRST}..{SECOND}", "--records", 40)
    assert code == 0
    assert [line.split(":")[0] for line in out.splitlines()] == [FIRST, SECOND]
    assert (place.outside / "gateway_a" / SECOND / "payments.csv").is_file()


def test_sound_declarations_have_no_mistakes(place, surroundings, command) -> None:
    surroundings(place)
    code, out, _ = command("check")
    assert code == 0
    assert out.splitlines()[-1] == "no mistakes"
    assert json.loads(command("check", "--json")[1]) == {"feeds": ["flights", "payments"], "mistakes": []}


def test_every_mistake_is_told_at_once_with_its_file_its_line_and_a_hint(
    place, orders, surroundings, command
) -> None:
    orders(place)
    surroundings(place)
    shop = (place.catalog / "shop.yaml").read_text()
    (place.catalog / "shop.yaml").write_text(shop.replace("delivers: snapshot", "delivers: now and then"))
    (place.catalog / "ledger.yaml").write_text("source: ledger\n  feed: payments\n")
    (place.catalog / "gateway_a.yaml").write_text(
        (place.catalog / "gateway_a.yaml").read_text().replace("  amount: betrag\n", "  amout: betrag\n")
    )
    (place.feeds / "flights.yaml").write_text(
        (place.feeds / "flights.yaml").read_text().replace("flights:FlightReport", "flights:Nobody")
    )
    (place.feeds / "payments.yaml").write_text(
        (place.feeds / "payments.yaml").read_text().replace('"0 5 * * *"', '"at five"')
    )
    code, out, _ = command("check")
    assert code == 1
    for words in (
        "shop.yaml:5: ",
        "ledger.yaml:2: ",
        "gateway_a.yaml: `fields` names what Payment does not have: amout",
        "flights.yaml: contract 'validators.contracts.flights:Nobody' cannot be loaded",
        "payments.yaml: Dagster refuses it: Found invalid cron schedule 'at five'",
    ):
        assert words in out
    assert out.count("Hint: ") >= 4
    told = json.loads(command("check", "--json")[1])["mistakes"]
    assert f"{len(told)} mistakes" in out
    assert all(set(mistake) == {"file", "line", "message", "hint"} for mistake in told)


def test_a_second_feed_of_the_same_name_is_a_mistake_and_does_not_win(
    place, orders, surroundings, command
) -> None:
    orders(place)
    surroundings(place)
    (place.feeds / "orders_again.yaml").write_text(
        (place.feeds / "orders.yaml").read_text().replace("team:orders", "team:x")
    )
    code, out, _ = command("check")
    assert code == 1
    assert "orders_again.yaml: the name `orders` is taken" in out
