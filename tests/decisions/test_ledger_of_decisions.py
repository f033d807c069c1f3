"""The ledger of decisions: append only, nothing twice, nothing lost, undone and taken back."""

import multiprocessing
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from orchestration_assets.decisions.ledger import (
    DECISION_SCHEMA,
    Decision,
    decide,
    decisions_of,
    in_force,
    subject_of,
    undoing,
)
from orchestration_assets.lake import Lake
from validators.contract import Contract, field
from validators.rules import compile_contract


class Sale(Contract):
    """One row per sale."""

    number: str = field(key=True)
    price: float = field(gt=0)
    note: str = field(nullable=True, str_matches="^[a-z]*$")


_RULES = compile_contract(Sale)
DAY = "2026-11-01"


def on(row: int = 0, name: str | None = "price", by: str = "ann", action: str = "accept", **more) -> Decision:
    """A decision on one record of the till."""
    given = {"partition": DAY, "source": "till", "delivery": "d1", "method": "money", "version": "1"} | more
    return Decision(by=by, action=action, row=row, field=name, **given)


def undo(**scope) -> Decision:
    return Decision(by="eve", action="undo", **scope)


def told(rows: pl.DataFrame) -> list[tuple]:
    return rows.select("_row", "field", "by", "action").rows()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def test_a_decision_is_a_row_with_who_when_and_why(lake) -> None:
    assert decide(lake, "sales", [on(3, value="2.5", original="2,5", why="told by the shop")]) == []
    rows = decisions_of(lake, "sales")
    assert rows.schema == DECISION_SCHEMA
    assert rows.select("by", "why", "_partition", "_row", "value", "original", "is_seen").rows() == [
        ("ann", "told by the shop", DAY, 3, "2.5", "2,5", True)
    ]
    assert rows["at"].null_count() == 0
    assert decisions_of(lake, "other").schema == DECISION_SCHEMA


def test_who_did_not_see_the_last_decision_is_refused_and_told_of_it(lake) -> None:
    decide(lake, "sales", [on(value="2.5")])
    (refused,) = decide(lake, "sales", [on(by="bob", action="correct", value="3")])
    assert refused.last["by"] == "ann"
    assert "ann decided it at" in refused.reason
    seen = replace(refused.decision, replaces=refused.last["decision"])
    assert decide(lake, "sales", [seen]) == []
    assert told(in_force(decisions_of(lake, "sales"))) == [(0, "price", "bob", "correct")]


def test_the_same_decision_twice_is_one(lake) -> None:
    assert len(decide(lake, "sales", [on(), on(), on(1)])) == 1
    assert len(decide(lake, "sales", [on()])) == 1
    assert decisions_of(lake, "sales").height == 2


def test_another_persons_decision_on_a_field_must_be_seen_to_reject_the_record(lake) -> None:
    decide(lake, "sales", [on()])
    (refused,) = decide(lake, "sales", [on(name=None, by="bob", action="reject")])
    assert refused.last["field"] == "price"
    assert decide(lake, "sales", [on(name=None, action="reject")]) == []
    assert [r.decision.by for r in decide(lake, "sales", [on(name="note", by="bob")])] == ["bob"]


def test_a_decision_follows_its_record_into_another_delivery(lake) -> None:
    key, originals = subject_of({"number": "7", "price": "2,5"}, _RULES)
    assert key == "7"
    assert subject_of({"number": "7", "price": "2,5", "note": ""}, _RULES) == (key, originals)
    assert subject_of({"number": "7", "price": "2.5"}, _RULES)[1] != originals
    assert subject_of({"number": "", "price": "2,5"}, _RULES)[0] is None
    first = on(key=key, originals=originals)
    decide(lake, "sales", [first])
    again = replace(first, delivery="d2", row=9, partition="2026-11-02", by="bob")
    (refused,) = decide(lake, "sales", [again])
    assert refused.last["_delivery"] == "d1"
    decide(lake, "sales", [replace(again, replaces=refused.last["decision"])])
    assert told(in_force(decisions_of(lake, "sales"))) == [(9, "price", "bob", "accept")]


def test_an_own_value_must_keep_the_rules_of_its_field_and_is_written_as_the_contract_writes_it(lake) -> None:
    own = [
        on(0, action="correct", value="-1"),
        on(1, action="correct", value="two"),
        on(2, action="correct", value=None),
        on(3, "note", action="correct", value=None),
        on(4, action="correct", value="2.50"),
        on(5, "colour", action="correct", value="red"),
    ]
    refused = decide(lake, "sales", own, _RULES)
    assert [(r.decision.row, r.reason) for r in refused] == [
        (0, "price must be greater than 0"),
        (1, "price is not read as a number by the source's notation"),
        (2, "price a value is required"),
        (5, "the contract Sale has no field 'colour'"),
    ]
    assert in_force(decisions_of(lake, "sales"))["value"].to_list() == [None, "2.5"]


def test_a_decision_without_what_it_needs_is_refused(lake) -> None:
    lacking = [
        on(by=" "),
        on(by="gate"),
        on(name=None),
        on(name=None, action="correct"),
        on(source=None),
        undo(),
    ]
    assert [r.decision for r in decide(lake, "sales", lacking)] == lacking
    assert decisions_of(lake, "sales").is_empty()


def test_what_a_person_decided_can_be_undone_and_the_undo_taken_back(lake) -> None:
    decide(lake, "sales", [on(0), on(1, by="bob"), on(2, action="reject")])
    decide(lake, "sales", [undo(undoes_by="ann")])
    assert told(in_force(decisions_of(lake, "sales"))) == [(1, "price", "bob", "accept")]
    (row,) = undoing(decisions_of(lake, "sales")).to_dicts()
    decide(lake, "sales", [undo(replaces=row["decision"])])
    assert in_force(decisions_of(lake, "sales")).height == 3
    assert undoing(decisions_of(lake, "sales")).is_empty()
    last = decisions_of(lake, "sales")["decision"][-1]
    decide(lake, "sales", [undo(replaces=last)])
    assert in_force(decisions_of(lake, "sales")).height == 1


def test_undoing_a_method_takes_its_accepted_values_back_and_no_rejections(lake) -> None:
    made = [on(0), on(1, version="2"), on(2, action="reject"), on(3, action="correct", value="3")]
    decide(lake, "sales", made)
    decide(lake, "sales", [undo(undoes_method="money", undoes_version="1")])
    rows = decisions_of(lake, "sales", DAY)
    assert in_force(rows)["_row"].to_list() == [1, 2, 3]
    assert rows.filter(action="undo")["_partition"].to_list() == [None]
    assert decide(lake, "sales", [on(0, by="bob")]) == []  # decided anew, after the undo
    assert 0 in in_force(decisions_of(lake, "sales"))["_row"].to_list()


def test_the_undo_of_a_record_concerns_only_it(lake) -> None:
    decide(lake, "sales", [on(0), on(0, "note"), on(1)])
    decide(lake, "sales", [undo(partition=DAY, source="till", delivery="d1", row=0)])
    assert in_force(decisions_of(lake, "sales"))["_row"].to_list() == [1]


_MADE = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["price", "note", None]),
        st.sampled_from(["ann", "bob"]),
        st.sampled_from(["accept", "correct", "reject", "leave"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_MADE, min_size=1, max_size=4))
def test_rows_are_only_ever_added_and_one_per_cell_is_in_force(tmp_path_factory, batches) -> None:
    lake = Lake(tmp_path_factory.mktemp("lake"))
    before, kept = decisions_of(lake, "sales"), {}
    for batch in batches:
        force = in_force(before)
        last = {(r["_row"], r["field"]): r["decision"] for r in force.to_dicts()}
        made = [
            on(row, name, by, action, replaces=max(last.values()) if sees and last else None)
            for row, name, by, action, sees in batch
        ]
        refused = decide(lake, "sales", made)
        after = decisions_of(lake, "sales")
        assert_frame_equal(after.head(before.height), before)
        written = after.tail(after.height - before.height).to_dicts()
        assert len(written) + len(refused) == len(made)
        for row in written:
            kept[(row["_row"], row["field"])] = row["decision"]
        assert after["decision"].is_sorted()
        assert after["decision"].is_unique().all()
        before = after
    force = in_force(before)
    assert {(r["_row"], r["field"]): r["decision"] for r in force.to_dicts()} == kept


def _decide_all(root: str, who: str) -> int:
    """So many of ten decisions were written."""
    return 10 - sum(len(decide(Lake(root), "sales", [on(i, by=who)])) for i in range(10))


def test_several_processes_decide_at_once_and_nothing_is_twice_or_lost(lake) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        written = pool.starmap(_decide_all, [(str(lake.root), who) for who in ("ann", "bob", "eve")])
    rows = decisions_of(lake, "sales")
    assert sum(written) == 10
    assert sorted(rows["_row"]) == list(range(10))
    assert rows["decision"].is_unique().all()
    assert [rows.filter(by=who).height for who in ("ann", "bob", "eve")] == written


def test_who_concluded_from_an_older_state_of_the_table_adds_nothing(lake) -> None:
    decide(lake, "sales", [on()])
    schema = pl.Schema({k: v for k, v in DECISION_SCHEMA.items() if k != "_partition"})
    part = {DAY: decisions_of(lake, "sales").drop("_partition")}
    assert lake.append("sales/decisions", part, schema, read_at=0) is False
    assert decisions_of(lake, "sales").height == 1
