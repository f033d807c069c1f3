"""Applying repairs, and taking them back."""

from datetime import datetime

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from orchestration_assets.settlement.apply import applied, apply_repairs, repaired_fields
from orchestration_assets.settlement.gate import PROPOSAL_SCHEMA
from orchestration_assets.settlement.verdicts import settle
from validators.contract import Contract, field
from validators.judgement import RAW, findings_of
from validators.rules import compile_contract


class Sale(Contract):
    """One row per sale."""

    number: str = field(key=True)
    price: float = field(gt=0)
    at: pl.Datetime = field(nullable=True)


_RULES = compile_contract(Sale)


def _frame(rows: list[tuple]) -> pl.DataFrame:
    """(_id, raw number, raw price, raw at) as triage leaves them."""
    schema = {"_id": pl.UInt64, "raw.number": pl.String, "raw.price": pl.String, "raw.at": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        pl.col("raw.number").alias("number"),
        pl.col("raw.price").cast(pl.Float64, strict=False).alias("price"),
        pl.col("raw.at").str.strptime(pl.Datetime("us"), "%Y-%m-%dT%H:%M:%S", strict=False).alias("at"),
        pl.lit("till").alias("_source"),
        pl.col("_id").alias("_identity"),
    )


def _proposals(*rows: tuple) -> pl.DataFrame:
    """(_id, field, repaired, status)."""
    names = ["_id", "field", "repaired", "status"]
    full = [{**dict.fromkeys(PROPOSAL_SCHEMA), **dict(zip(names, row, strict=True))} for row in rows]
    return pl.DataFrame(full, schema=PROPOSAL_SCHEMA)


_ROWS = [(0, "A", "1,5", None), (1, "B", "2", "x"), (2, "C", None, "2026-11-01T10:00:00")]


def test_a_repair_changes_its_cell_in_text_and_in_value_and_no_other() -> None:
    frame = _frame(_ROWS)
    repaired = apply_repairs(
        frame, _proposals((0, "price", "1.5", "applied"), (1, "at", None, "applied")), _RULES
    )
    assert repaired.columns == frame.columns
    assert repaired.select("raw.price", "price").rows() == [("1.5", 1.5), ("2", 2.0), (None, None)]
    assert repaired.select("raw.at", "at").rows() == [
        (None, None),
        (None, None),
        ("2026-11-01T10:00:00", datetime(2026, 11, 1, 10)),
    ]
    assert repaired["number"].to_list() == ["A", "B", "C"]


def test_what_is_suggested_or_undone_changes_nothing() -> None:
    frame = _frame(_ROWS)
    proposals = _proposals((0, "price", "1.5", "suggested"), (1, "at", None, "undone"))
    assert_frame_equal(apply_repairs(frame, proposals, _RULES), frame)


def test_the_first_repair_in_force_of_a_cell_counts() -> None:
    proposals = _proposals(
        (0, "price", "1", "suggested"), (0, "price", "2", "applied"), (0, "price", "3", "applied")
    )
    assert applied(proposals)["repaired"].to_list() == ["2"]
    assert apply_repairs(_frame(_ROWS), proposals, _RULES)["price"].to_list() == [2.0, 2.0, None]


def test_a_repair_that_the_type_does_not_read_leaves_a_malformed_cell() -> None:
    repaired = apply_repairs(_frame(_ROWS), _proposals((1, "price", "two", "applied")), _RULES)
    assert repaired.select("raw.price", "price").rows()[1] == ("two", None)
    assert (1, "price", "malformed") in findings_of(repaired, _RULES).select("_id", "field", "kind").rows()


def test_a_repair_of_a_record_that_is_not_there_adds_none() -> None:
    assert_frame_equal(
        apply_repairs(_frame(_ROWS), _proposals((9, "price", "1", "applied")), _RULES), _frame(_ROWS)
    )


def test_the_repaired_fields_of_a_record_are_named_in_order() -> None:
    proposals = _proposals(
        (0, "price", "1", "applied"), (0, "at", None, "applied"), (1, "at", None, "suggested")
    )
    assert repaired_fields(applied(proposals)).rows() == [(0, ["at", "price"])]


_PROPOSED = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(["number", "price", "at"]),
        st.sampled_from([None, "1", "2.5", "x", "2026-11-02T00:00:00"]),
        st.sampled_from(["applied", "suggested", "undone"]),
    ),
    max_size=10,
)


@settings(max_examples=60, deadline=None)
@given(_PROPOSED)
def test_to_take_all_repairs_back_restores_the_records(rows) -> None:
    frame = _frame(_ROWS)
    proposals = _proposals(*rows)
    repaired = apply_repairs(frame, proposals, _RULES)
    undone = proposals.with_columns(pl.lit("undone").alias("status"))
    assert_frame_equal(apply_repairs(frame, undone, _RULES), frame)
    changed = {(i, name) for i, name, _, status in rows if status == "applied"}
    for name in _RULES.fields:
        same = [i not in {c for c, n in changed if n == name} for i in range(3)]
        columns = [name, RAW + name]
        assert_frame_equal(repaired.filter(same).select(columns), frame.filter(same).select(columns))


@settings(max_examples=60, deadline=None)
@given(_PROPOSED)
def test_repairs_may_be_applied_again(rows) -> None:
    proposals = _proposals(*rows)
    once = apply_repairs(_frame(_ROWS), proposals, _RULES)
    assert_frame_equal(apply_repairs(once, proposals, _RULES), once)


def test_a_held_record_keeps_the_text_that_was_delivered() -> None:
    frame = _frame([(0, "A", "1,5", "x")])
    proposals = _proposals((0, "price", "1.5", "applied"), (0, "at", "never", "suggested"))
    done = settle(frame, findings_of(frame, _RULES), proposals, _RULES, is_contested=False)
    assert done.trusted.is_empty()
    assert done.held.select("_id", "_verdict", "number", "price", "at").rows() == [
        (0, "review", "A", "1,5", "x")
    ]
    assert [(e["field"], e["kind"], e["value"]) for e in done.held["_errors"][0]] == [
        ("at", "malformed", "x")
    ]
    assert sorted(done.findings.select("field", "kind").rows()) == [
        ("at", "malformed"),
        ("price", "malformed"),
    ]


def test_a_record_is_reviewed_where_every_bad_cell_has_a_suggestion_and_else_quarantined() -> None:
    frame = _frame([(0, "A", "?", "x"), (1, "B", "?", "x")])
    proposals = _proposals(
        (0, "price", "1", "suggested"), (0, "at", None, "suggested"), (1, "price", "1", "suggested")
    )
    done = settle(frame, findings_of(frame, _RULES), proposals, _RULES, is_contested=False)
    assert done.held.select("_id", "_verdict").rows() == [(0, "review"), (1, "quarantine")]


def test_an_undone_suggestion_is_no_way_out() -> None:
    frame = _frame([(0, "A", "?", None)])
    done = settle(
        frame, findings_of(frame, _RULES), _proposals((0, "price", "1", "undone")), _RULES, is_contested=False
    )
    assert done.held["_verdict"].to_list() == ["quarantine"]


def test_a_repaired_record_is_trusted_typed_and_says_what_was_repaired() -> None:
    frame = _frame([(0, "A", "1,5", None), (1, "B", "2", None)])
    done = settle(
        frame,
        findings_of(frame, _RULES),
        _proposals((0, "price", "1.5", "applied")),
        _RULES,
        is_contested=False,
    )
    assert done.held.is_empty()
    assert done.trusted.select("_id", "number", "price", "at", "_repaired").rows() == [
        (0, "A", 1.5, None, ["price"]),
        (1, "B", 2.0, None, None),
    ]
    assert done.trusted.select(_RULES.schema.names()).schema == _RULES.schema


def test_a_repair_that_breaks_the_contract_is_judged_again() -> None:
    frame = _frame([(0, "A", "?", None)])
    done = settle(
        frame,
        findings_of(frame, _RULES),
        _proposals((0, "price", "-1", "applied")),
        _RULES,
        is_contested=False,
    )
    assert done.trusted.is_empty()
    assert sorted(done.findings.select("field", "rule").rows()) == [
        ("price", "greater_than"),
        ("price", "notation"),
    ]
