"""The fused judgement is pandera's: on the same typed frame, record by record and rule by rule."""

import re
from datetime import UTC, date, datetime, time
from typing import Annotated

import pandera.errors
import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validators.contract import Contract, field
from validators.contracts.flights import FlightReport
from validators.contracts.payments import Payment
from validators.judgement import findings_of, judge, mark
from validators.rules import compile_contract

_AWKWARD = [
    None,
    "",
    " ",
    "a",
    "A",
    "ab",
    "abc",
    "abcd",
    "a\n",
    "\n",
    "ä",
    "ａ",
    "null",
    "'; --",
    "a\u0000b",
    "🙂",
    "ß",
    "٣",
]
_NUMBERS = [
    None,
    float("nan"),
    float("inf"),
    float("-inf"),
    0.0,
    -0.0,
    5e-324,
    0.5,
    1.0,
    2.0,
    3.0,
    1e6,
    999_999.99,
    -1.0,
]
_WHOLE = [None, 0, 1, 2, 3, 4, 5, -1, 2**63 - 1, -(2**63)]
_MOMENTS = [
    None,
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 12, tzinfo=UTC),
    datetime(9999, 12, 31, tzinfo=UTC),
]


class Everything(Contract):
    """Every built-in check, on every kind of type."""

    name: str = field(
        key=True, str_length={"min_value": 1, "max_value": 3}, str_contains="a", str_startswith="a"
    )
    ending: str = field(nullable=True, str_endswith="c", str_matches="ab|b", ne="abc")
    code: str = field(nullable=True, isin=["a", "ab", "", "ä"], notin=["ab"])
    number: float = field(ge=0, le=3, ne=2)
    share: float = field(nullable=True, in_range={"min_value": 0, "max_value": 1, "include_max": False})
    whole: int = field(nullable=True, gt=0, lt=5, isin=[1, 2, 3, 4, 5])
    whole_again: int = field(eq=3)
    day: date = field(nullable=True, ge=date(2026, 1, 1))
    at: time = field(nullable=True, lt=time(12))
    is_paid: bool = field(nullable=True, eq=True)
    moment: Annotated[pl.Datetime, "us", "UTC"] = field(nullable=True, gt=datetime(2000, 1, 1, tzinfo=UTC))


class Strict(Contract):
    """Nulls are no pass: `ignore_na=False`."""

    name: str = field(key=True, nullable=True, str_matches="^a", ignore_na=False)
    number: float = field(nullable=True, gt=0, ignore_na=False)
    code: str = field(nullable=True, isin=["a"], ignore_na=False)
    whole: int = field(gt=0, ignore_na=False)


class Own(Contract):
    """Checks of the author's own: expressions, whole frames, single elements."""

    name: str = field(key=True, nullable=True)
    low: float = field(nullable=True)
    high: float = field(nullable=True)

    @pa.check("low", "high")
    def is_small(cls, data):
        return data.lazyframe.select(pl.col(data.key) < 2)

    @pa.check("name", element_wise=True)
    def is_short(cls, value):
        return len(value) < 3

    @pa.check("low", element_wise=True, ignore_na=False)
    def is_known(cls, value):
        return value != 1

    @pa.check("name", name="by the frame's own methods")
    def with_columns(cls, data):
        return data.lazyframe.with_columns(pl.col(data.key) != "a").select(data.key)

    @pa.check("name")
    def wants_a_real_frame(cls, data):
        assert isinstance(data.lazyframe, pl.LazyFrame)
        return data.lazyframe.select(pl.col(data.key).str.len_chars() > 0)

    @pa.dataframe_check
    def is_ordered(cls, data):
        return data.lazyframe.select(pl.col("low") <= pl.col("high"))

    @pa.dataframe_check(ignore_na=False)
    def is_strictly_ordered(cls, data):
        return data.lazyframe.select(pl.col("low") < pl.col("high"))

    @pa.dataframe_check
    def is_complete(cls, data):
        return data.lazyframe.select(pl.all().is_not_null())

    @pa.dataframe_check
    def numbers_are_not_one(cls, data):
        return data.lazyframe.select(pl.col("low", "high") != 1)


def _rows(values: dict[str, list]):
    return st.lists(st.tuples(*[st.sampled_from(v) for v in values.values()]), max_size=12)


def _by_pandera(contract: type[Contract], frame: pl.DataFrame) -> set[tuple]:
    """(record, field, number of the check) of each failure; the number is None for a null that must not be."""
    try:
        contract.to_schema().validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return set()
    assert cases["index"].null_count() == 0, f"not a judgement of records: {cases}"
    is_record = pl.col("schema_context") == "DataFrameSchema"
    column = pl.when(is_record).then(None).otherwise(pl.col("column"))
    return set(cases.select("index", column, "check_number").iter_rows())


def _by_us(contract: type[Contract], frame: pl.DataFrame) -> set[tuple]:
    rules = compile_contract(contract)
    numbers: dict[str | None, int] = {}
    of_rule = {}
    for rule in rules.rules:
        if rule.name == "not_nullable":
            of_rule[(rule.field, rule.name)] = None
        else:
            of_rule[(rule.field, rule.name)] = numbers.get(rule.field, 0)
            numbers[rule.field] = numbers.get(rule.field, 0) + 1
    assert len(of_rule) == len(rules.rules)
    found = findings_of(frame.with_row_index("_id").with_columns(pl.col("_id").cast(pl.UInt64)), rules)
    return {
        (i, name, of_rule[(name, rule)]) for i, name, rule in found.select("_id", "field", "rule").iter_rows()
    }


def _agree(contract: type[Contract], rows: list[tuple], names: list[str]) -> None:
    schema = compile_contract(contract).schema
    frame = pl.DataFrame(rows, schema={name: schema[name] for name in names}, orient="row").select(
        schema.names()
    )
    assert _by_us(contract, frame) == _by_pandera(contract, frame)
    ours = {record for record, _, _ in _by_us(contract, frame)}
    good = mark(frame, compile_contract(contract))["_is_good"].to_list()
    assert good == [i not in ours for i in range(frame.height)]


_PAYMENT = {
    "payment_id": [
        None,
        "",
        "P0000000001",
        "p0000000001",
        "P000000001",
        "P0000000001\n",
        " P0000000001",
        "P０000000001",
    ],
    "customer_id": [None, "C0000001", "C000000", "x"],
    "email": [None, "a@b.de", "A@b.de", "a@b", "a@@b.de", "a@b.de\n", "ä@b.de"],
    "merchant_id": [None, "M00001", "M0001"],
    "device_id": [None, "D00000001", "D٠0000001"],
    "amount": [*_NUMBERS, 999_999.999_999, 1_000_000.0],
    "currency": [None, "EUR", "eur", "XXX", ""],
    "country": [None, "DE", "de", "UK", "ZZ"],
    "paid_at": _MOMENTS,
    "device_risk": [*_NUMBERS, 1.000_000_1],
}
_CLOCKS = [
    None,
    "",
    "7:10 a.m.",
    "12:59 p.m.",
    "0:10 a.m.",
    "13:10 p.m.",
    "7:60 a.m.",
    "7:10 a.m.\n",
    "7:10 A.M.",
    "٧:10 a.m.",
]
_FLIGHT = {
    "tuple_id": [None, "1", "-1", "1\n", "١"],
    "src": [None, "aa", ""],
    "flight": [None, "AA-1-JFK-LAX", "aa-1-JFK-LAX", "AA--JFK-LAX"],
    **dict.fromkeys(("sched_dep_time", "act_dep_time", "sched_arr_time", "act_arr_time"), _CLOCKS),
}
_EVERYTHING = {
    "name": _AWKWARD,
    "ending": _AWKWARD,
    "code": _AWKWARD,
    "number": _NUMBERS,
    "share": _NUMBERS,
    "whole": _WHOLE,
    "whole_again": _WHOLE,
    "day": [None, date(2025, 12, 31), date(2026, 1, 1)],
    "at": [None, time(11, 59, 59), time(12)],
    "is_paid": [None, True, False],
    "moment": _MOMENTS,
}


@settings(max_examples=25, deadline=None)
@given(_rows(_PAYMENT))
def test_payments_are_judged_as_pandera_judges_them(rows) -> None:
    _agree(Payment, rows, list(_PAYMENT))


@settings(max_examples=25, deadline=None)
@given(_rows(_FLIGHT))
def test_flight_reports_are_judged_as_pandera_judges_them(rows) -> None:
    _agree(FlightReport, rows, list(_FLIGHT))


@settings(max_examples=25, deadline=None)
@given(_rows(_EVERYTHING))
def test_every_built_in_check_judges_as_in_pandera(rows) -> None:
    _agree(Everything, rows, list(_EVERYTHING))


@settings(max_examples=25, deadline=None)
@given(_rows({"name": _AWKWARD, "number": _NUMBERS, "code": _AWKWARD, "whole": _WHOLE}))
def test_nulls_that_are_no_pass_are_judged_as_in_pandera(rows) -> None:
    _agree(Strict, rows, ["name", "number", "code", "whole"])


@pytest.mark.filterwarnings("ignore::polars.exceptions.PolarsInefficientMapWarning")
@settings(max_examples=25, deadline=None)
@given(_rows({"name": _AWKWARD, "low": _NUMBERS, "high": _NUMBERS}))
def test_checks_of_the_authors_own_judge_as_in_pandera(rows) -> None:
    _agree(Own, rows, ["name", "low", "high"])


def test_an_own_check_on_all_columns_sees_the_contracts_fields_and_no_others() -> None:
    class Complete(Contract):
        name: str = field(key=True)
        note: str = field(nullable=True)

        @pa.dataframe_check
        def is_complete(cls, data):
            return data.lazyframe.select(pl.all_horizontal(pl.all().is_not_null()))

    frame = pl.DataFrame(
        {
            "_id": [0, 1],
            "_comment": [None, None],
            "name": ["a", "b"],
            "note": ["x", None],
            "raw.note": [None, None],
        },
        schema={
            "_id": pl.UInt64,
            "_comment": pl.String,
            "name": pl.String,
            "note": pl.String,
            "raw.note": pl.String,
        },
    )
    found = findings_of(frame, compile_contract(Complete))
    assert found.select("_id", "rule", "kind").rows() == [(1, "is_complete", "inconsistent")]


class _Warned(Contract):
    order: str = field(key=True, str_matches="^a")
    price: float = field(gt=0, severity="warning")

    @pa.check("price", raise_warning=True)
    def is_round(cls, data):
        return data.lazyframe.select(pl.col(data.key) % 1 == 0)

    @pa.dataframe_check(raise_warning=True)
    def is_cheap(cls, data):
        return data.lazyframe.select((pl.col("price") < 100) | (pl.col("order") == "a rich one"))


def test_a_warning_is_found_in_good_and_bad_records_alike_and_holds_none() -> None:
    frame = pl.DataFrame(
        {"_id": [0, 1, 2, 3], "order": ["a", "a", "b", "a rich one"], "price": [1.0, -0.5, 200.5, 500.0]},
        schema_overrides={"_id": pl.UInt64},
    )
    judged = judge(frame, compile_contract(_Warned))
    assert judged.good["_id"].to_list() == [0, 1, 3]
    assert judged.bad["_id"].to_list() == [2]
    assert set(judged.findings.select("_id", "field", "rule", "severity").rows()) == {
        (1, "price", "greater_than", "warning"),
        (1, "price", "is_round", "warning"),
        (2, "order", "str_matches", "error"),
        (2, "price", "is_round", "warning"),
        (2, None, "is_cheap", "warning"),
    }


@pytest.mark.filterwarnings("ignore:.*is_loud.*")
def test_only_pandera_speaks_of_a_warning_that_is_none_of_its_failures() -> None:
    class Loud(Contract):
        order: str = field(key=True)

        @pa.check("order", raise_warning=True)
        def is_loud(cls, data):
            return data.lazyframe.select(pl.col(data.key).str.to_uppercase() == pl.col(data.key))

    frame = pl.DataFrame({"order": ["a", "A"]})
    assert _by_pandera(Loud, frame) == set()
    assert _by_us(Loud, frame) == {(0, "order", 0)}


# kind of rule: the check, a value that fails, one that passes. A null must do neither.
_RULE_KINDS = [
    (str, {"eq": "a"}, "b", "a"),
    (str, {"ne": "a"}, "a", "b"),
    (float, {"gt": 1}, 1.0, 1.5),
    (float, {"ge": 1}, 0.5, 1.0),
    (float, {"lt": 1}, 1.0, 0.5),
    (float, {"le": 1}, 1.5, 1.0),
    (float, {"in_range": {"min_value": 0, "max_value": 1}}, 1.5, 1.0),
    (str, {"isin": ["a", "b"]}, "c", "a"),
    (str, {"notin": ["a", "b"]}, "a", "c"),
    (str, {"str_matches": "a+$"}, "ab", "aa"),
    (str, {"str_contains": "b"}, "aa", "ab"),
    (str, {"str_startswith": "b"}, "ab", "ba"),
    (str, {"str_endswith": "b"}, "ba", "ab"),
    (str, {"str_length": {"min_value": 2}}, "a", "aa"),
    (str, {"str_length": {"exact_value": 2}}, "aaa", "aa"),
]


@pytest.mark.parametrize(("kind", "check", "failing", "passing"), _RULE_KINDS, ids=lambda v: str(v)[:40])
def test_a_null_neither_passes_nor_fails_a_rule(kind, check, failing, passing) -> None:
    class One(Contract):
        order: int = field(key=True)
        value: kind = field(nullable=True, **check)

    frame = pl.DataFrame(
        {"_id": [0, 1, 2], "order": [0, 1, 2], "value": [failing, passing, None]},
        schema_overrides={"_id": pl.UInt64},
    )
    rules = compile_contract(One)
    assert findings_of(frame, rules).select("_id", "field").rows() == [(0, "value")]
    assert mark(frame, rules)["_is_good"].to_list() == [False, True, True]


def test_a_missing_value_is_missing_and_breaks_no_other_rule() -> None:
    class One(Contract):
        order: int = field(key=True)
        value: float = field(gt=0, lt=9)

    frame = pl.DataFrame(
        {"_id": [7], "order": [1], "value": [None]},
        schema={"_id": pl.UInt64, "order": pl.Int64, "value": pl.Float64},
    )
    found = findings_of(frame, compile_contract(One))
    assert found.select("_id", "field", "kind", "rule").rows() == [(7, "value", "missing", "not_nullable")]


def test_all_rules_are_judged_and_not_only_the_first_that_fails() -> None:
    class One(Contract):
        order: str = field(key=True, str_matches="^a", str_length={"max_value": 2}, isin=["ab"])

    frame = pl.DataFrame({"_id": [0], "order": ["bbb"]}, schema_overrides={"_id": pl.UInt64})
    found = findings_of(frame, compile_contract(One)).select("rule", "kind").rows()
    assert sorted(found) == [
        ("isin", "out_of_domain"),
        ("str_length", "malformed"),
        ("str_matches", "malformed"),
    ]


def test_what_was_delivered_and_not_read_is_malformed_and_not_missing() -> None:
    class One(Contract):
        order: int = field(key=True)
        value: float = field(gt=0)

    frame = pl.DataFrame(
        {
            "_id": [0, 1, 2, 3],
            "order": [0, 1, 2, 3],
            "value": [None, None, None, 1.0],
            "raw.value": ["1,5", None, "", "1"],
        },
        schema={"_id": pl.UInt64, "order": pl.Int64, "value": pl.Float64, "raw.value": pl.String},
    )
    judged = judge(frame, compile_contract(One))
    assert judged.findings.select("_id", "kind", "rule", "value").rows() == [
        (1, "missing", "not_nullable", None),
        (2, "missing", "not_nullable", ""),
        (0, "malformed", "notation", "1,5"),
    ]
    assert judged.good["_id"].to_list() == [3]


def test_a_nullable_field_that_was_not_read_is_malformed_too() -> None:
    class One(Contract):
        order: int = field(key=True)
        value: float = field(nullable=True)

    frame = pl.DataFrame(
        {"_id": [0, 1], "order": [0, 1], "value": [None, None], "raw.value": ["?", None]},
        schema={"_id": pl.UInt64, "order": pl.Int64, "value": pl.Float64, "raw.value": pl.String},
    )
    judged = judge(frame, compile_contract(One))
    assert judged.good["_id"].to_list() == [1]
    assert judged.findings.select("_id", "kind").rows() == [(0, "malformed")]


def test_a_contract_of_nothing_but_own_opaque_checks_is_judged() -> None:
    class One(Contract):
        order: str = field(key=True, nullable=True)

        @pa.check("order", element_wise=True)
        def is_a_palindrome(cls, value):
            return value == value[::-1]

    frame = pl.DataFrame({"_id": [0, 1], "order": ["otto", "anno"]}, schema_overrides={"_id": pl.UInt64})
    judged = judge(frame, compile_contract(One))
    assert judged.good["_id"].to_list() == [0]
    assert judged.findings.select("_id", "rule", "value").rows() == [(1, "is_a_palindrome", "anno")]


def test_no_records_have_no_findings() -> None:
    rules = compile_contract(Payment)
    judged = judge(pl.DataFrame(schema={"_id": pl.UInt64, **rules.schema}), rules)
    assert (judged.good.height, judged.bad.height, judged.findings.height) == (0, 0, 0)


def test_a_message_with_many_allowed_values_counts_them() -> None:
    messages = {
        rule.name: rule.message for rule in compile_contract(Payment).rules if rule.field == "currency"
    }
    assert re.fullmatch(r"must be one of \d\d\d known values", messages["isin"])
