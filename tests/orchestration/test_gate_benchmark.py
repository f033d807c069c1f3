"""The audit of the gate: its tables by hand, and one day of the simulated feed put to the test."""

from pathlib import Path
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from benchmarks.diagram import draw
from benchmarks.gate import main, report
from benchmarks.judging_repairs import FEED, Budget, against, judged, promising
from benchmarks.promises import JUDGED, Outcome, interval, outcomes, reliability
from orchestration_assets.settlement.gate import PROPOSAL_SCHEMA
from orchestration_assets.steps.context import rules_of

CELL = ["_id", "field"]


@pytest.mark.parametrize(
    ("cases", "wrong", "promise", "p", "verdict"),
    [
        # 1 - 0.95 ** 10; 1 - 0.99 ** 300 - 300 * 0.01 * 0.99 ** 299; 0.05 ** 2
        (10, 1, 0.05, 0.401263, "too few"),
        (300, 2, 0.01, 0.802371, "not broken"),
        (2, 2, 0.05, 0.0025, "broken"),
        # Few repairs can break a promise, and never keep one.
        (1, 1, 0.01, 0.01, "broken"),
        (1, 1, 0.05, 0.05, "too few"),
        (0, 0, 0.05, 1.0, "too few"),
        (58, 0, 0.05, 1.0, "too few"),
        (59, 0, 0.05, 1.0, "kept"),
        (298, 0, 0.01, 1.0, "too few"),
        (299, 0, 0.01, 1.0, "kept"),
    ],
)
def test_a_promise_is_broken_kept_open_or_not_to_be_told(cases, wrong, promise, p, verdict) -> None:
    outcome = Outcome(cases, wrong, promise)
    assert outcome.p == pytest.approx(p, rel=1e-4)
    assert outcome.verdict == verdict


def rows(*told: tuple) -> pl.DataFrame:
    """`table`, `promise`, `evidence_class`, `confidence`, `is_applied`, `is_right`."""
    names = ["table", "promise", "evidence_class", "confidence", "is_applied", "is_right"]
    frame = pl.DataFrame(told, schema={n: JUDGED[n] for n in names}, orient="row")
    return frame.with_columns(field=pl.lit("f"), method=pl.lit("m"), arm=pl.lit("a")).select(JUDGED.names())


def test_only_applied_repairs_count_for_the_promise() -> None:
    told = [("t", 0.05, "masked", 0.9, True, True)] * 3 + [("t", 0.05, "masked", 0.9, True, False)] * 2
    told += [("t", 0.05, "masked", 0.9, False, False)] * 50 + [("t", 0.05, "judged", 1.0, True, True)]
    found = outcomes(rows(*told), "table", "evidence_class")
    assert found.select("evidence_class", "promise", "applied", "wrong", "verdict").rows() == [
        ("judged", 0.05, 1, 0, "too few"),
        ("masked", 0.05, 5, 2, "broken"),
    ]
    assert found["share"].to_list() == [0.0, 0.4]


def test_the_report_counts_tests_and_names_what_is_silent(capsys: pytest.CaptureFixture) -> None:
    told = [("t", 0.05, "masked", 0.9, True, False)] * 2 + [("quiet", 0.05, "masked", 0.4, False, True)]
    assert report(rows(*told)) == 3  # of the table, of the class and of the method
    out = capsys.readouterr().out
    assert "quiet, at most 0.05 wrong: nothing applied, 1 suggested" in out
    assert "3 tests: at p < 0.05 about 0.2 would be called broken" in out
    assert "fewer than the 59 repairs" in out


def test_confidence_is_binned_by_class_and_compared_with_what_was_right() -> None:
    told = [
        ("t", 0.05, "masked", c, True, r) for c, r in [(0.2, False), (0.4, True), (0.95, True), (1.0, True)]
    ]
    told += [("t", 0.05, "judged", 0.5, False, True), ("t", 0.05, "masked", None, False, False)]
    found = reliability(rows(*told), (0.0, 0.5, 0.9, 1.0))
    assert found.select("evidence_class", "cases", "right", "share").rows() == [
        ("judged", 1, 1, 1.0),
        ("masked", 2, 1, 0.5),
        ("masked", 2, 2, 1.0),
    ]
    assert found["confidence"].to_list() == pytest.approx([0.5, 0.3, 0.975])


@pytest.mark.parametrize(
    ("cases", "right", "low", "high"),
    # From Clopper and Pearson's table: 5 of 10, and the ends: 1 - 0.025 ** (1 / 10).
    [(10, 5, 0.187086, 0.812914), (10, 0, 0.0, 0.308497), (10, 10, 0.691503, 1.0)],
)
def test_the_interval_is_that_of_clopper_and_pearson(cases, right, low, high) -> None:
    assert interval(cases, right) == pytest.approx((low, high), abs=1e-6)


def proposals(*told: tuple) -> pl.DataFrame:
    """`_id`, `original`, `repaired`, `method`, `status`."""
    names = ["_id", "original", "repaired", "method", "status"]
    frame = pl.DataFrame(told, schema={n: PROPOSAL_SCHEMA[n] for n in names}, orient="row")
    return frame.with_columns(field=pl.lit("town"))


def test_of_each_cell_the_repair_in_force_is_judged_and_every_suggestion() -> None:
    told = proposals(
        (1, "ulmm", "ulm", "spelling", "applied"),
        (1, "ulmm", "bonn", "mode", "applied"),  # the first one is in force
        (1, "ulmm", "kiel", "nearest", "suggested"),
        (2, "a  b", "a b", "text", "applied"),
        (3, "N/A", None, "placeholder", "applied"),  # states no value
        (4, "x", "y", "label", "applied"),  # a person said so
        (5, "bonn", "bonn", "code", "applied"),  # changes nothing
        (6, "?", "bonn", "mode", "applied"),  # its truth is not known
    )
    truth = pl.DataFrame(
        {"_id": [1, 2, 3, 4, 5], "field": ["town"] * 5, "truth": ["ulm", "a  b", "x", "y", "bonn"]},
        schema_overrides={"_id": pl.UInt64},
    )
    found = against(told, truth, CELL).sort("_id", "method")
    assert found.select("_id", "method", "is_applied", "is_right").rows() == [
        (1, "nearest", False, False),
        (1, "spelling", True, True),
        (2, "text", True, True),  # white space is compared as the published benchmarks do
    ]


def test_every_field_makes_the_promise_that_is_put_to_the_test() -> None:
    plain = rules_of("validators.contracts.payments:Payment")
    rules = promising(plain, 0.05)
    assert {spec.policy.max_error for spec in rules.fields.values()} == {0.05}
    assert plain.fields["amount"].policy.max_error == 0.005
    assert rules.rules == plain.rules


def test_a_day_of_the_simulated_feed_is_not_wrong_more_often_than_promised(tmp_path: Path) -> None:
    found = judged(FEED, 0.05, Budget(seeds=1, days=1, records=1500), tmp_path)
    assert found.schema == JUDGED
    told = outcomes(found, "evidence_class")
    assert told["applied"].sum() > 100
    assert told.filter(pl.col("verdict") == "broken").rows() == []


def test_the_diagram_has_a_mark_for_each_bin_and_its_numbers(tmp_path: Path) -> None:
    told = [("t", 0.05, "masked", 0.6, True, i < 6) for i in range(10)]
    told += [("t", 0.05, "judged", 0.99, True, True)] * 4
    draw(reliability(rows(*told), (0.0, 0.5, 0.9, 1.0)), tmp_path / "new" / "r.svg")
    svg = ET.parse(tmp_path / "new" / "r.svg").getroot()
    titles = [t.text for t in svg.iter("{http://www.w3.org/2000/svg}title")]
    # The better one stands in the close-up too.
    assert titles == [
        "judged: 4 of 4 right at 0.990",
        "masked: 6 of 10 right at 0.600",
        "judged: 4 of 4 right at 0.990",
    ]


def test_without_reference_data_the_audit_says_where_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("BREAKWATER_REFERENCE_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setattr("sys.argv", ["gate", "--table", "price_parser"])
    assert main() == 1
    assert str(tmp_path / "nowhere" / "price_parser" / "examples.jsonl") in capsys.readouterr().err
