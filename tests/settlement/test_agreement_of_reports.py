"""Records that speak of the same thing: who contradicts whom, and which of them stands for all."""

from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration_assets.settlement.agreement import compared_fields, contradictions, duplicates
from orchestration_assets.settlement.gate import PROPOSAL_SCHEMA
from orchestration_assets.settlement.verdicts import settle, withdraw_contradicted
from validators.contract import Contract, field
from validators.judgement import FINDING_SCHEMA, RAW, findings_of
from validators.rules import RuleSet, compile_contract


class Payment(Contract):
    """One row per payment: entity grain."""

    number: str = field(key=True)
    amount: float = field(gt=0, translate="money")
    email: str = field(nullable=True, personal=True)


class Report(Contract, grain="report"):
    """One row per report on a flight: report grain."""

    site: str = field(source=True)
    flight: str = field(entity=True)
    gate: str = field(impute="agreement")
    note: str = field(nullable=True)


_PAYMENT, _REPORT = compile_contract(Payment), compile_contract(Report)


def _frame(rows: list[tuple], rules: RuleSet) -> pl.DataFrame:
    """(_source, then the fields); `_id` counts from 0, and what is alike in its key has one identity."""
    frame = pl.DataFrame(rows, schema={"_source": pl.String, **rules.schema}, orient="row").with_row_index(
        "_id"
    )
    identity = pl.col(rules.key[0]).cast(pl.Categorical).to_physical().cast(pl.UInt64).alias("_identity")
    raw = [pl.col(name).cast(pl.String).alias(RAW + name) for name in rules.fields]
    return frame.with_columns(pl.col("_id").cast(pl.UInt64), identity, *raw)


def _payments(*said: tuple) -> pl.DataFrame:
    """(source, amount) or (source, amount, email), all of one payment."""
    return _frame([(source, "P1", amount, *(rest or [None])) for source, amount, *rest in said], _PAYMENT)


def _reports(*said: tuple) -> pl.DataFrame:
    """(site, gate), all of one flight."""
    return _frame([("web", site, "F1", gate, None) for site, gate in said], _REPORT)


def _against(frame: pl.DataFrame, rules: RuleSet) -> list[int]:
    return contradictions(frame, rules)["_id"].to_list()


@pytest.mark.parametrize(
    ("said", "contradicted"),
    [
        ([("a", 10.0), ("b", 10.0)], []),
        ([("a", 10.0), ("b", 12.0)], [0, 1]),
        ([("a", 10.0), ("b", 10.0), ("c", 12.0)], [2]),
        ([("a", 10.0), ("b", 12.0), ("c", 14.0)], [0, 1, 2]),  # nobody leads: nobody is believed
        ([("a", 10.0), ("b", 10.0), ("c", 12.0), ("d", 12.0)], [0, 1, 2, 3]),
        ([("a", 10.0), ("a", 12.0)], [0, 1]),  # one source that says two things
        ([("a", 10.0), ("a", 12.0), ("b", 10.0)], [1]),
        ([("a", 10.0), ("a", 10.0), ("b", 12.0)], [0, 1, 2]),  # to say it twice does not make it two
        ([("a", 10.0), ("b", None)], []),
        ([("a", 10.0), ("b", -1.0)], []),  # what is no good value contradicts nobody
        ([("a", None), ("b", None)], []),
        ([("a", 10.0)], []),
    ],
)
def test_under_entity_grain_different_values_contradict_unless_one_leads(said, contradicted) -> None:
    assert _against(_payments(*said), _PAYMENT) == contradicted


def test_under_entity_grain_every_field_but_the_key_is_compared() -> None:
    assert compared_fields(_PAYMENT) == ["amount", "email"]
    found = contradictions(_payments(("a", 10.0, "x@y.z"), ("b", 10.0, "u@v.w")), _PAYMENT)
    assert found.select("_id", "field", "kind", "rule").rows() == [
        (0, "email", "inconsistent", "agrees_with_other_reports"),
        (1, "email", "inconsistent", "agrees_with_other_reports"),
    ]


def test_a_contradiction_is_counted_and_not_quoted() -> None:
    found = contradictions(
        _payments(("a", 10.0, "x@y.z"), ("b", 10.0, "u@v.w"), ("c", 10.0, "x@y.z")), _PAYMENT
    )
    assert found.select("_id", "message", "value").rows() == [
        (1, "is contradicted by 2 of 2 other reports", "u@v.w")
    ]


@pytest.mark.parametrize(
    ("said", "contradicted"),
    [
        ([("a", "1"), ("b", "2")], []),  # one against one: no majority
        ([("a", "1"), ("b", "2"), ("c", "2")], [0]),
        ([("a", "1"), ("b", "1"), ("c", "2")], [2]),
        ([("a", "1"), ("b", "2"), ("c", "3")], []),
        (
            [("a", "1"), ("b", "1"), ("c", "2"), ("d", "2")],
            [0, 1, 2, 3],
        ),  # of the others, two of three each time
        ([("a", "1"), ("b", "2"), ("b", "2"), ("b", "2")], []),  # one reporter, however often
        ([("a", "1"), ("b", "2"), ("c", "2"), ("d", "3"), ("e", "4")], []),  # two of four are no majority
        ([("a", None), ("b", "2"), ("c", "2")], []),
    ],
)
def test_under_report_grain_a_value_is_contradicted_by_the_most_of_at_least_two_others(
    said, contradicted
) -> None:
    assert _against(_reports(*said), _REPORT) == contradicted


def test_under_report_grain_only_what_can_be_imputed_is_compared() -> None:
    assert compared_fields(_REPORT) == ["gate"]


def test_records_of_different_things_do_not_contradict() -> None:
    frame = _frame(
        [("a", "P1", 10.0, None), ("b", "P2", 12.0, None), ("c", None, 14.0, None), ("d", None, 16.0, None)],
        _PAYMENT,
    )
    assert _against(frame, _PAYMENT) == []


def _none_held() -> pl.Series:
    return pl.Series("_id", [], pl.UInt64)


def test_under_entity_grain_the_first_good_record_stands_for_the_others() -> None:
    frame = _payments(("a", -1.0), ("b", 10.0), ("c", 10.0))
    held = pl.Series("_id", [0], pl.UInt64)
    assert sorted(duplicates(frame, held, _PAYMENT).rows()) == [(0, 1), (2, 1)]


def test_where_no_record_is_good_none_stands_for_another() -> None:
    frame = _payments(("a", -1.0), ("b", -2.0))
    assert duplicates(frame, frame["_id"], _PAYMENT).rows() == []


def test_under_report_grain_only_a_reporter_who_repeats_himself_is_a_duplicate() -> None:
    frame = _reports(("a", "1"), ("b", "1"), ("a", "1"), ("a", "2"))
    assert duplicates(frame, _none_held(), _REPORT).rows() == [(2, 0)]


def test_a_record_without_an_identity_is_nobodys_duplicate() -> None:
    frame = _frame([("a", None, 10.0, None), ("b", None, 10.0, None)], _PAYMENT)
    assert duplicates(frame, _none_held(), _PAYMENT).rows() == []


def _verdicts(frame: pl.DataFrame, rules: RuleSet) -> dict[int, tuple]:
    """`_id` to its verdict, and the record that stands for it."""
    done = settle(frame, findings_of(frame, rules), PROPOSAL_SCHEMA.to_frame(), rules, is_contested=True)
    trusted = dict.fromkeys(done.trusted["_id"], ("trusted", None))
    held = {
        i: (verdict, other)
        for i, verdict, other in done.held.select("_id", "_verdict", "_stands_for").iter_rows()
    }
    assert not trusted.keys() & held.keys()
    return dict(sorted((trusted | held).items()))


@pytest.mark.parametrize(
    ("said", "verdicts"),
    [
        ([("a", 10.0), ("b", 10.0)], {0: ("trusted", None), 1: ("duplicate", 0)}),
        ([("a", 10.0), ("b", 12.0)], {0: ("review", None), 1: ("review", None)}),
        (
            [("a", 10.0), ("b", 12.0), ("c", 14.0)],
            {0: ("review", None), 1: ("review", None), 2: ("review", None)},
        ),
        (
            [("a", 12.0), ("b", 10.0), ("c", 10.0)],
            {0: ("review", None), 1: ("trusted", None), 2: ("duplicate", 1)},
        ),
        ([("a", 10.0), ("a", 12.0)], {0: ("review", None), 1: ("review", None)}),
        ([("a", None), ("b", 10.0)], {0: ("duplicate", 1), 1: ("trusted", None)}),
        ([("a", -1.0), ("b", None)], {0: ("quarantine", None), 1: ("quarantine", None)}),
    ],
)
def test_under_entity_grain_one_record_of_those_that_agree_is_trusted(said, verdicts) -> None:
    assert _verdicts(_payments(*said), _PAYMENT) == verdicts


@pytest.mark.parametrize(
    ("said", "verdicts"),
    [
        ([("a", "1"), ("b", "1")], {0: ("trusted", None), 1: ("trusted", None)}),
        ([("a", "1"), ("b", "2")], {0: ("trusted", None), 1: ("trusted", None)}),
        (
            [("a", "1"), ("b", "1"), ("c", "2")],
            {0: ("trusted", None), 1: ("trusted", None), 2: ("review", None)},
        ),
        (
            [("a", "1"), ("a", "1"), ("b", None)],
            {0: ("trusted", None), 1: ("duplicate", 0), 2: ("quarantine", None)},
        ),
    ],
)
def test_under_report_grain_every_report_keeps_its_place(said, verdicts) -> None:
    assert _verdicts(_reports(*said), _REPORT) == verdicts


def test_a_translation_that_the_others_contradict_is_only_suggested() -> None:
    frame = _payments(("a", 10.0), ("b", 10.0), ("c", None)).with_columns(
        pl.Series(RAW + "amount", ["10", "10", "12,50"])
    )
    proposal = {
        **dict.fromkeys(PROPOSAL_SCHEMA),
        "_id": 2,
        "field": "amount",
        "original": "12,50",
        "repaired": "12.5",
        "shape": "99,99",
        "status": "applied",
        "evidence": "measured",
    }
    proposals = pl.DataFrame([proposal], schema=PROPOSAL_SCHEMA)
    withdrawn = withdraw_contradicted(frame, proposals, _PAYMENT)
    assert withdrawn.select("status", "evidence").rows() == [
        ("suggested", "measured; but the other reports contradict it")
    ]
    agreeing = proposals.with_columns(pl.lit("10").alias("repaired"))
    assert withdraw_contradicted(frame, agreeing, _PAYMENT).equals(agreeing)


def test_no_records_contradict_nobody() -> None:
    assert contradictions(_payments(), _PAYMENT).schema == FINDING_SCHEMA
    assert _verdicts(_payments(), _PAYMENT) == {}


def test_records_that_say_nothing_but_their_key_do_not_contradict() -> None:
    class Key(Contract):
        number: str = field(key=True)

    rules = compile_contract(Key)
    assert _against(_frame([("a", "P1"), ("b", "P1")], rules), rules) == []


def _outvoted_by_hand(rows: list[tuple]) -> list[int]:
    """(source, payment, amount): whose amount is not stated by more sources than any other of the same payment."""
    out = []
    for at, (_, payment, amount) in enumerate(rows):
        stated = {(s, a) for s, p, a in rows if p == payment and a is not None}
        votes = Counter(a for _, a in stated)
        leads = amount is not None and all(
            votes[amount] > count for other, count in votes.items() if other != amount
        )
        if payment is not None and amount is not None and not leads:
            out.append(at)
    return out


def _overruled_by_hand(rows: list[tuple]) -> list[int]:
    """(site, flight, gate): against whose gate more than half of what the other sites state, by two of them, stands."""
    out = []
    for at, (site, flight, gate) in enumerate(rows):
        stated = {(s, g) for s, f, g in rows if f == flight and s != site and g is not None}
        votes = Counter(g for _, g in stated)
        against = max((count for other, count in votes.items() if other != gate), default=0)
        if None not in (flight, gate) and against >= 2 and against > len(stated) / 2:
            out.append(at)
    return out


_SAID = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "d", "e"]),
        st.sampled_from(["1", "1", "2", None]),
        st.sampled_from([1.0, 1.0, 2.0, 3.0, None]),
    ),
    max_size=14,
)


@settings(max_examples=60, deadline=None)
@given(_SAID)
def test_contradictions_under_entity_grain_are_those_of_a_plain_count(rows) -> None:
    frame = _frame([(source, payment, amount, None) for source, payment, amount in rows], _PAYMENT)
    frame = frame.with_columns(pl.when(pl.col("number").is_not_null()).then("_identity").alias("_identity"))
    assert _against(frame, _PAYMENT) == _outvoted_by_hand(rows)


@settings(max_examples=60, deadline=None)
@given(_SAID)
def test_contradictions_under_report_grain_are_those_of_a_plain_count(rows) -> None:
    said = [(site, flight, None if gate is None else f"G{gate}") for site, flight, gate in rows]
    frame = _frame([("web", site, flight, gate, None) for site, flight, gate in said], _REPORT)
    frame = frame.with_columns(pl.when(pl.col("flight").is_not_null()).then("_identity").alias("_identity"))
    assert _against(frame, _REPORT) == _overruled_by_hand(said)
