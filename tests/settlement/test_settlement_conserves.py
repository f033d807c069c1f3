"""Nothing is lost: whatever is delivered, every record gets exactly one place."""

import random as chance

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from orchestration_assets.settlement.gate import PROPOSAL_SCHEMA
from orchestration_assets.settlement.verdicts import settle
from orchestration_assets.way import Repaired, repair_records
from validators.contract import Contract, field
from validators.judgement import FINDING_SCHEMA
from validators.parsing import Notation
from validators.rules import RuleSet, compile_contract
from validators.triage import typed


class Payment(Contract):
    """One row per payment. The promises are loose, so that a handful of records opens the gate."""

    number: str = field(key=True, str_matches="^P[0-9]$", translate="code", max_error=0.5)
    town: str = field(
        isin=["ULM", "BONN"],
        translate="code",
        impute=("reference", "mode:shop"),
        max_error=0.5,
        evidence="agreement",
    )
    shop: str = field(nullable=True)
    price: float = field(
        gt=0, translate="money", impute=("reference", "median:shop"), max_error=0.5, evidence="agreement"
    )
    risk: float = field(nullable=True, le=1, translate="number", max_error=0.5)
    note: str = field(nullable=True, str_length={"max_value": 3}, severity="warning")


class Report(Contract, grain="report"):
    """One row per report of a site on a flight."""

    site: str = field(source=True, isin=["a", "b", "c"])
    flight: str = field(entity=True, str_matches="^F[0-9]$")
    clock: str = field(
        str_matches=r"^(1[0-2]|[1-9]):[0-5][0-9] [ap]\.m\.$",
        translate="clock",
        impute="agreement",
        max_error=0.5,
        evidence="agreement",
    )
    gate: str = field(impute="agreement", max_error=0.5, evidence="agreement")


_PAYMENT, _REPORT = compile_contract(Payment), compile_contract(Report)
_PAYMENTS = st.tuples(
    st.sampled_from([*[f"P{i}" for i in range(8)], "P1", "P1", "p1", "P-1", "P22", None]),
    st.sampled_from(["ULM", "ULM", "BONN", "ulm", " BONN ", "KIEL", None]),
    st.sampled_from(["s1", "s1", "s2", None]),
    st.sampled_from(["10.25", "10.25", "12.5", "7", "12,5", "1,234", "-3", "ten", "", None]),
    st.sampled_from(["0.5", "0,5", "n/a", "7", None]),
    st.sampled_from(["ok", "too long", None]),
)
_REPORTS = st.tuples(
    st.sampled_from(["a", "b", "c", "d", None]),
    st.sampled_from(["F1", "F1", "F2", "F3", "f", None]),
    st.sampled_from(["7:10 a.m.", "7:10 a.m.", "7:20 p.m.", "19:20", "7:10", "7:10a", "noon", None]),
    st.sampled_from(["G1", "G1", "G2", None]),
)


def _records(rows: list[tuple], rules: RuleSet) -> pl.DataFrame:
    """Text records; every other one comes from another source."""
    frame = pl.DataFrame(rows, schema=dict.fromkeys(rules.fields, pl.String), orient="row").with_row_index(
        "_id"
    )
    source = pl.when(pl.col("_id") % 2 == 0).then(pl.lit("till")).otherwise(pl.lit("web")).alias("_source")
    return frame.with_columns(pl.col("_id").cast(pl.UInt64), source)


def _repair(records: pl.DataFrame, rules: RuleSet) -> Repaired:
    return repair_records(
        records, rules, {source: dict.fromkeys(rules.fields, Notation()) for source in ("till", "web")}
    )


def _places(done: Repaired) -> list[tuple[int, str]]:
    places = [(i, "clean") for i in done.clean["_id"]]
    for part in done.settled:
        places += [(i, "trusted") for i in part.trusted["_id"]]
        places += part.held.select("_id", "_verdict").rows()
    return sorted(places)


def _counts(done: Repaired) -> dict[str, int]:
    places = [place for _, place in _places(done)]
    return {place: places.count(place) for place in sorted(set(places))}


def _check(done: Repaired, records: pl.DataFrame, rules: RuleSet) -> None:
    places = _places(done)
    assert [i for i, _ in places] == records["_id"].to_list()
    assert done.proposals["evidence"].null_count() == 0
    assert {place for _, place in places} <= {"clean", "trusted", "review", "quarantine", "duplicate"}
    kept = {i for i, place in places if place in ("clean", "trusted")}
    for part in done.settled:
        same = part.held.filter(pl.col("_verdict") == "duplicate")
        assert same["_stands_for"].null_count() == 0
        assert (
            part.held.filter(pl.col("_verdict") != "duplicate")["_stands_for"].null_count()
            == part.held.height - same.height
        )
        if rules.grain == "entity":
            assert set(same["_stands_for"]) <= kept
        texts = records.join(part.held.select("_id"), on="_id").sort("_id").select(list(rules.fields))
        nothing = pl.when(pl.col(pl.String) != "").then(pl.col(pl.String))
        assert_frame_equal(part.held.sort("_id").select(list(rules.fields)), texts.with_columns(nothing))


@settings(max_examples=15, deadline=None)
@given(st.lists(_PAYMENTS, max_size=24))
def test_every_payment_gets_exactly_one_place(rows) -> None:
    records = _records(rows, _PAYMENT)
    _check(_repair(records, _PAYMENT), records, _PAYMENT)


@settings(max_examples=15, deadline=None)
@given(st.lists(_REPORTS, max_size=24))
def test_every_report_gets_exactly_one_place(rows) -> None:
    records = _records(rows, _REPORT)
    _check(_repair(records, _REPORT), records, _REPORT)


def _many(strategy_rows: list[list], count: int, seed: int) -> list[tuple]:
    drawn = chance.Random(seed)
    return [tuple(drawn.choice(values) for values in strategy_rows) for _ in range(count)]


_PAYMENT_VALUES = [
    [*[f"P{i}" for i in range(10)], "p3", None],
    ["ULM", "ULM", "BONN", "ulm", "KIEL", None],
    ["s1", "s2", None],
    ["10.25", "10.25", "10.25", "7", "12,5", "ten", None],
    ["0.5", "0,5", "n/a", None],
    ["ok", "too long", None],
]
_REPORT_VALUES = [
    ["a", "b", "c", None],
    ["F1", "F2", "F3", None],
    ["7:10 a.m.", "7:20 p.m.", "19:20", "7:10a", None],
    ["G1", "G2", None],
]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("rules", "values"), [(_PAYMENT, _PAYMENT_VALUES), (_REPORT, _REPORT_VALUES)], ids=["payments", "reports"]
)
def test_many_records_that_collide_are_conserved_and_some_are_repaired(rules, values, seed) -> None:
    records = _records(_many(values, 400, seed), rules)
    done = _repair(records, rules)
    _check(done, records, rules)
    assert done.proposals.filter(pl.col("status") == "applied").height > 0


@pytest.mark.parametrize(
    ("rules", "values"), [(_PAYMENT, _PAYMENT_VALUES), (_REPORT, _REPORT_VALUES)], ids=["payments", "reports"]
)
def test_the_same_records_give_the_same_tables(rules, values) -> None:
    records = _records(_many(values, 300, 7), rules)
    first, second = _repair(records, rules), _repair(records, rules)
    assert_frame_equal(first.clean, second.clean)
    assert_frame_equal(first.proposals, second.proposals)
    assert_frame_equal(first.methods, second.methods)
    for one, other in zip(first.settled, second.settled, strict=True):
        assert_frame_equal(one.trusted, other.trusted)
        assert_frame_equal(one.held, other.held)
        assert_frame_equal(one.findings, other.findings)


class Order(Contract):
    """A payment without imputers from groups, whose halves go by the order of the records."""

    number: str = field(key=True, str_matches="^P[0-9]$", translate="code")
    price: float = field(gt=0, translate="money", impute="reference", max_error=0.5, evidence="agreement")
    risk: float = field(nullable=True, le=1, translate="number", max_error=0.5)


_ORDER = compile_contract(Order)
_ORDERS = st.tuples(
    st.sampled_from([*[f"P{i}" for i in range(8)], "p1", None]),
    st.sampled_from(["10.25", "10.25", "12.5", "12,5", "1,234", "-3", "ten", None]),
    st.sampled_from(["0.5", "0,5", "n/a", None]),
)


@settings(max_examples=12, deadline=None)
@given(st.lists(_ORDERS, max_size=20), st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_change_how_many_get_which_verdict(rows, random) -> None:
    records = _records(rows, _ORDER).with_columns(pl.lit("till").alias("_source"))
    order = list(range(len(rows)))
    random.shuffle(order)
    shuffled = records[order].with_columns(records["_id"])
    assert _counts(_repair(shuffled, _ORDER)) == _counts(_repair(records, _ORDER))


@settings(max_examples=12, deadline=None)
@given(st.lists(_PAYMENTS, max_size=24))
def test_what_is_trusted_keeps_the_contract_and_agrees_with_itself(rows) -> None:
    done = _repair(_records(rows, _PAYMENT), _PAYMENT)
    frames = [done.clean, *(part.trusted for part in done.settled)]
    trusted = pl.concat([frame.select(list(_PAYMENT.fields)) for frame in frames])
    good = trusted.filter(
        pl.col("number").str.contains("^P[0-9]$"),
        pl.col("town").is_in(["ULM", "BONN"]),
        pl.col("price") > 0,
        pl.col("risk").is_null() | (pl.col("risk") <= 1),
    )
    assert good.height == trusted.height
    assert trusted["number"].is_unique().all()


def test_no_records_are_conserved_too() -> None:
    done = _repair(_records([], _PAYMENT), _PAYMENT)
    assert _places(done) == []
    assert done.proposals.is_empty()


def test_a_repaired_key_that_is_another_records_is_not_trusted() -> None:
    rows = [(f"P{i}", "ULM", "s1", "10.25", "0.5", None) for i in range(10)]
    done = _repair(_records([*rows, ("p1", "ULM", "s1", "99.5", "0.5", None)], _PAYMENT), _PAYMENT)
    assert _places(done)[10] == (10, "review")


def test_a_taken_key_is_held_for_a_person_with_its_reason() -> None:
    records = _records([("P1", "ULM", "s1", "10.25", None, None)], _PAYMENT)
    frame = (
        typed(records.lazy(), _PAYMENT, {}).with_columns(pl.lit(1, pl.UInt64).alias("_identity")).collect()
    )
    findings, proposals = FINDING_SCHEMA.to_frame(), PROPOSAL_SCHEMA.to_frame()
    done = settle(
        frame, findings, proposals, _PAYMENT, is_contested=False, taken=pl.Series("_id", [0], pl.UInt64)
    )
    assert done.trusted.is_empty()
    assert done.held.select("_id", "_verdict").rows() == [(0, "review")]
    assert done.findings.select("field", "kind", "rule").rows() == [
        ("number", "inconsistent", "key_is_its_own")
    ]
