"""Typing errors: found and put right by the column itself, where known values show that this is right."""

import polars as pl
import pytest

from orchestration_assets.translation import spelling
from orchestration_assets.translation.edits import few_edits, nearest
from orchestration_assets.way import repair_records
from validators.contract import Contract, field
from validators.rules import compile_contract


class Visit(Contract):
    """One row per visit."""

    number: str = field(key=True)
    town: str = field(translate="spelling", max_error=0.05)
    answer: str = field(isin=["yes", "no"], translate="spelling", max_error=0.05)
    code: str = field(translate="spelling", max_error=0.05)


_RULES = compile_contract(Visit)
_TOWNS = (
    "birmingham montgomery huntsville tuscaloosa florence gadsden anniston fayette opelika dothan enterprise russellville"
    " guntersville talladega sylacauga alexander decatur cullman scottsboro andalusia"
).split()
_CODES = [f"pn-{i}" for i in range(10)]


def _records(towns: list[str], answers: list[str] | None = None) -> pl.DataFrame:
    """Each town ten times, with a code; and the `towns` and `answers` that are to be looked at, once each."""
    asked = answers or ["yes"] * len(towns)
    usual = [(t, "yes" if i % 2 else "no", c) for t in _TOWNS for i, c in enumerate(_CODES)]
    rows = [*usual, *zip(towns, asked, ["pn-1"] * len(towns), strict=True)]
    return pl.DataFrame(
        [(i, "s", str(i), *row) for i, row in enumerate(rows)],
        schema={
            "_id": pl.UInt64,
            "_source": pl.String,
            "number": pl.String,
            "town": pl.String,
            "answer": pl.String,
            "code": pl.String,
        },
        orient="row",
    )


def _learned(records: pl.DataFrame) -> dict[tuple[str, str], tuple[str, str, bool]]:
    """(field, value) to (repaired, arm, whether it is applied)."""
    learned = spelling.learn(spelling.count_values(records.lazy(), _RULES), _RULES)
    return {
        (f, v): (r, arm, learned.is_applied(f, arm, _RULES)) for f, v, r, arm in learned.values.iter_rows()
    }


_MANY = [
    "birminghxm",
    "montgomxry",
    "huntsvillx",
    "txscaloosa",
    "flxrxncx",
    "gaxsxen",
    "anniston",
    "fayettx",
    "opxlika",
]


def test_a_letter_that_stands_for_others_is_seen_and_undone() -> None:
    found = _learned(_records([*_MANY, "xnniston", "dxthan"]))
    assert found["town", "birminghxm"] == ("birmingham", "letter replaced by x", True)
    assert found["town", "gaxsxen"] == ("gadsden", "letter replaced by x", True)
    assert found["town", "dxthan"] == ("dothan", "letter replaced by x", True)


def test_two_letters_replaced_are_not_that_kind_of_error() -> None:
    assert ("town", "flxrxncx") not in _learned(_records(_MANY))  # `o` and `e`, three edits of eight letters


def test_a_few_edits_are_put_right_where_one_value_is_near() -> None:
    found = _learned(_records(["birmingam", "huntsvile", "tuscaloossa"]))
    assert found["town", "birmingam"][0] == "birmingham"
    assert {arm for _, arm, _ in found.values()} == {"few edits"}


def test_codes_that_differ_by_one_sign_are_no_misspellings_of_each_other() -> None:
    records = _records([]).with_columns(
        pl.when(pl.col("_id") == 0).then(pl.lit("pn-x")).otherwise("code").alias("code")
    )
    assert not any(name == "code" for name, _ in _learned(records))


def test_a_code_list_is_what_values_are_put_right_to() -> None:
    found = _learned(_records([*_MANY, "xnniston", "dxthan"], ["yes"] * len(_MANY) + ["yxs", "xo"]))
    assert found["answer", "yxs"][0] == "yes"
    assert found["answer", "xo"][0] == "no"


def test_frequent_values_are_left_however_near_they_are() -> None:
    near = pl.concat([_records([]), _records([]).with_columns(pl.lit("dothen").alias("town")).head(60)])
    assert ("town", "dothen") not in _learned(
        near.with_columns(pl.int_range(pl.len(), dtype=pl.UInt64).alias("_id"))
    )


def test_between_two_near_values_nothing_is_chosen() -> None:
    assert nearest("marten", ["martin", "morten"]) is None
    assert nearest("montgomry", ["montgomery", "huntsville"]) == "montgomery"


@pytest.mark.parametrize("value", ["ab", "yes", "pn-1"])
def test_short_values_are_near_to_nothing(value) -> None:
    assert nearest(value, ["abc", "yas", "pn-2"]) is None
    assert few_edits(value) == []


def test_the_errors_put_into_known_values_are_always_the_same() -> None:
    assert few_edits("birmingham") == few_edits("birmingham")
    assert "birmingham" not in few_edits("birmingham")
    assert len(few_edits("birmingham")) == 4


def test_misspelled_records_come_back_whole_and_say_what_was_wrong() -> None:
    records = _records([*_MANY, "xnniston", "dxthan"])
    repaired = repair_records(records, _RULES, {})
    applied = repaired.proposals.filter(pl.col("status") == "applied").select("original", "repaired").rows()
    assert ("birminghxm", "birmingham") in applied
    findings = pl.concat([s.findings for s in repaired.settled])
    assert findings.filter(pl.col("value") == "birminghxm").select("kind", "rule").rows() == [
        ("inconsistent", "spelled_like_others")
    ]
    trusted = pl.concat([repaired.clean.select("_id"), *(s.trusted.select("_id") for s in repaired.settled)])
    assert trusted.height == records.height


def test_a_column_without_errors_is_left_as_it_is() -> None:
    repaired = repair_records(_records([]), _RULES, {})
    assert repaired.settled == []
    assert repaired.proposals.is_empty()
