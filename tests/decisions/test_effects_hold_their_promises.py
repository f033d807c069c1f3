"""Whatever people decide: no record is lost, held ones keep what was delivered, and undone everything is as before."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from orchestration_assets.decisions.effects import decided, kept_out
from orchestration_assets.decisions.following import on_records
from orchestration_assets.decisions.judged import JUDGED_SCHEMA, judge, strata
from orchestration_assets.decisions.ledger import (
    DECISION_SCHEMA,
    Decision,
    as_written,
    in_force,
    subject_of,
    undoing,
)
from orchestration_assets.settlement.gate import PROPOSAL_SCHEMA
from orchestration_assets.settlement.verdicts import Settled, settle
from orchestration_assets.way import Unit
from validators.contract import Contract, field
from validators.judgement import RAW, findings_of
from validators.rules import compile_contract
from validators.triage import typed

DAY = "2026-11-01"


class Sale(Contract):
    """One row per sale."""

    number: str = field(key=True, str_matches="^P[0-9]$")
    price: float = field(gt=0, max_error=0.4)
    town: str = field(isin=["ULM", "BONN"])


_RULES = compile_contract(Sale)
_ROWS = [
    ("P1", "1,5", "ULM"),
    ("P2", "2", "ulm"),
    ("P3", None, "KIEL"),
    ("P1", "1.5", "ULM"),
    (None, "x", "BONN"),
]
_TEXTS = [dict(zip(_RULES.fields, row, strict=True)) for row in _ROWS]


def _unit(proposals: list[tuple], *, is_contested: bool) -> Unit:
    records = pl.DataFrame(
        _ROWS, schema=dict.fromkeys(_RULES.fields, pl.String), orient="row"
    ).with_row_index("_id")
    plain = records.with_columns(pl.col("_id").cast(pl.UInt64), pl.lit("till").alias("_source"))
    frame = typed(plain.lazy(), _RULES, {}).with_columns(pl.col("number").hash().alias("_identity")).collect()
    names = ["_id", "field", "repaired", "method", "status"]
    rows = [{**dict.fromkeys(PROPOSAL_SCHEMA, "-"), "_source": "till", "shape": None, "confidence": None,
             "decided_by": "gate", "version": "1", "evidence": "measured",
             **dict(zip(names, p, strict=True))} for p in dict.fromkeys(proposals)]  # fmt: skip
    for row in rows:
        row["original"] = _TEXTS[row["_id"]][row["field"]]
    made = pl.DataFrame(rows, schema=PROPOSAL_SCHEMA).unique(
        ["_id", "field", "method"], keep="first", maintain_order=True
    )
    return Unit("unit", frame, findings_of(frame, _RULES), made, is_contested)


def _ledger(made: list[tuple], *more: Decision) -> pl.DataFrame:
    """Each decision sees all that came before."""
    rows = DECISION_SCHEMA.to_frame()
    decisions = []
    for i, name, action, value, by in made:
        key, originals = subject_of(_TEXTS[i], _RULES)
        decisions.append(Decision(
            by=by, action=action, partition=DAY, source="till", delivery="d1", row=i, key=key, originals=originals,
            field=name, value=value, original=_TEXTS[i][name] if name else None, method="m1", version="1", arm="-",
        ))  # fmt: skip
    for decision in [*decisions, *more]:
        seen = rows["decision"][-1] if rows.height and decision.action != "undo" else None
        new, refused = as_written([Decision(**{**vars(decision), "replaces": seen})], rows)
        assert not refused
        rows = pl.concat([rows, new])
    return rows


def _decided(unit: Unit, ledger: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The unit's proposals as decided, and who is kept out."""
    own = {"partition": DAY, "firsts": {("till", "d1"): 0}}
    standing, undos = in_force(ledger), undoing(ledger)
    records = undos.filter(pl.col("_source").is_not_null())
    on = pl.concat([on_records(rows, unit.frame, _RULES, **own) for rows in (standing, records)])
    judged = judge(on.filter(pl.col("action") != "undo"), unit.proposals).with_columns(
        pl.lit("till").alias("_source"), pl.lit("d1").alias("_delivery"), pl.lit(0, pl.Int64).alias("_row")
    )
    told = strata(judged.select(JUDGED_SCHEMA.names()), standing["decision"], _RULES)
    return decided(unit, on, undos, told, _RULES), kept_out(on)


def _settled(unit: Unit, proposals: pl.DataFrame, out: pl.DataFrame) -> Settled:
    return settle(unit.frame, unit.findings, proposals, _RULES, is_contested=unit.is_contested, kept_out=out)


_CELL = st.sampled_from(["price", "town", "number"])
_VALUE = st.sampled_from(["1.5", "7", "-1", "ULM", "BONN", "P1", "P7", None])
_PROPOSED = st.lists(
    st.tuples(
        st.integers(0, 4),
        _CELL,
        _VALUE,
        st.sampled_from(["m1", "m2"]),
        st.sampled_from(["applied", "suggested"]),
    ),
    max_size=8,
)
_ACTION = st.sampled_from(["accept", "correct", "reject", "leave"])
_WHO = st.sampled_from(["ann", "bob"])
_MADE = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 4), _CELL, _ACTION, _VALUE, _WHO),
        st.tuples(st.integers(0, 4), st.none(), st.sampled_from(["reject", "leave"]), st.none(), _WHO),
    ),
    max_size=8,
)


@settings(max_examples=60)
@given(_PROPOSED, _MADE, st.booleans())
def test_no_record_is_lost_and_held_ones_keep_what_was_delivered(proposed, made, is_contested) -> None:
    unit = _unit(proposed, is_contested=is_contested)
    proposals, out = _decided(unit, _ledger(made))
    done = _settled(unit, proposals, out)
    assert sorted([*done.trusted["_id"], *done.held["_id"]]) == list(range(len(_ROWS)))
    for row in done.held.iter_rows(named=True):
        assert {name: row[name] for name in _RULES.fields} == _TEXTS[row["_id"]]
    assert findings_of(done.trusted, _RULES).is_empty()
    assert set(proposals["status"]) <= {"applied", "suggested", "rejected", "undone"}
    was = {(r["_id"], r["field"], r["original"]) for r in proposals.iter_rows(named=True)}
    assert all(_TEXTS[i][name] == original for i, name, original in was)


@settings(max_examples=60)
@given(_PROPOSED, _MADE, st.booleans())
def test_undone_all_is_as_if_nobody_had_decided(proposed, made, is_contested) -> None:
    unit = _unit(proposed, is_contested=is_contested)
    undos = [Decision(by="eve", action="undo", undoes_by=who) for who in ("ann", "bob")]
    proposals, out = _decided(unit, _ledger(made, *undos))
    assert_frame_equal(proposals, unit.proposals)
    assert out.is_empty()


@settings(max_examples=60)
@given(_PROPOSED, _MADE)
def test_an_undone_method_changes_no_cell(proposed, made) -> None:
    unit = _unit(proposed, is_contested=False)
    undo = [Decision(by="eve", action="undo", undoes_method=m, undoes_version="1") for m in ("m1", "m2")]
    proposals, out = _decided(unit, _ledger(made, *undo))
    in_force_now = proposals.filter(status="applied")
    assert set(in_force_now["method"]) <= {"person"}
    done = _settled(unit, proposals, out)
    stated = set(in_force_now.select("_id", "field").rows())
    kept = unit.frame.join(done.trusted.select("_id"), on="_id", how="semi")
    for row, now in zip(kept.sort("_id").to_dicts(), done.trusted.sort("_id").to_dicts(), strict=True):
        same = [name for name in _RULES.fields if (row["_id"], name) not in stated]
        assert [now[name] for name in same] == [row[name] for name in same]


def test_the_same_record_delivered_twice_is_one_decision_and_one_case() -> None:
    """The first and the fourth sale differ in how the price is written: they are two records."""
    unit = _unit(
        [(0, "price", "1.5", "m1", "suggested"), (3, "town", "BONN", "m1", "suggested")], is_contested=False
    )
    proposals, _ = _decided(unit, _ledger([(0, "price", "accept", "1.5", "ann")]))
    assert proposals.filter(status="applied").select("_id", "decided_by").rows() == [(0, "ann")]
    assert unit.frame[RAW + "price"][0] == "1,5"


def test_a_record_without_a_key_is_followed_by_its_id() -> None:
    unit = _unit([(4, "price", "7", "m1", "suggested")], is_contested=False)
    proposals, _ = _decided(unit, _ledger([(4, "price", "accept", "7", "ann")]))
    assert proposals.filter(status="applied").select("_id", "repaired").rows() == [(4, "7")]


def test_an_undone_record_keeps_its_suggestions_and_loses_what_was_applied() -> None:
    unit = _unit(
        [(1, "town", "ULM", "m1", "applied"), (1, "price", "7", "m1", "suggested")], is_contested=False
    )
    key, originals = subject_of(_TEXTS[1], _RULES)
    undo = Decision(
        by="eve",
        action="undo",
        partition=DAY,
        source="till",
        delivery="d1",
        row=1,
        key=key,
        originals=originals,
    )
    proposals, _ = _decided(unit, _ledger([], undo))
    assert dict(proposals.select("field", "status").iter_rows()) == {"town": "undone", "price": "suggested"}
