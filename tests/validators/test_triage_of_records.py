"""From text to typed, judged and split records."""

import polars as pl
import pytest

from validators.contract import Contract, field
from validators.parsing import Notation
from validators.rules import compile_contract
from validators.triage import contested, identities, triage


class Sale(Contract):
    """One row per sale."""

    shop: str = field(key=True)
    number: int = field(key=True, gt=0)
    price: float = field(gt=0)
    note: str = field(nullable=True, str_length={"max_value": 3}, severity="warning")


_RULES = compile_contract(Sale)


def _records(rows: list[tuple]) -> pl.DataFrame:
    names = ["_id", "shop", "number", "price", "note"]
    frame = pl.DataFrame(
        rows, schema={n: pl.UInt64 if n == "_id" else pl.String for n in names}, orient="row"
    )
    return frame.with_columns(pl.lit("till").alias("_source"))


def test_every_record_is_either_clean_or_in_trouble() -> None:
    records = _records(
        [
            (0, "a", "1", "2,5", None),
            (1, "a", "x", "1", ""),
            (2, None, "3", "1", None),
            (3, "b", "4", "0", None),
        ]
    )
    done = triage(records, _RULES, {"price": Notation(decimal=",")})
    assert done.clean.select("_id", "shop", "number", "price", "note").rows() == [(0, "a", 1, 2.5, None)]
    assert done.troubled["_id"].to_list() == [1, 2, 3]
    assert done.findings.select("_id", "field", "kind").rows() == [
        (2, "shop", "missing"),
        (3, "price", "out_of_domain"),
        (1, "number", "malformed"),
    ]


def test_the_text_stays_beside_the_value_of_a_record_in_trouble() -> None:
    done = triage(_records([(0, "a", "x", "1,5", "")]), _RULES, {"price": Notation(decimal=",")})
    row = done.troubled.row(0, named=True)
    assert (row["raw.number"], row["number"]) == ("x", None)
    assert (row["raw.price"], row["price"]) == ("1,5", 1.5)
    assert (row["raw.note"], row["note"]) == (None, None)


def test_a_clean_record_has_no_raw_text_and_no_marks_of_triage() -> None:
    done = triage(_records([(0, "a", "1", "1", None)]), _RULES, {})
    assert done.clean.columns == ["_id", "_source", "shop", "number", "price", "note"]


def test_a_clean_record_with_a_warning_carries_it() -> None:
    done = triage(_records([(0, "a", "1", "1", "long"), (1, "a", "2", "1", "ok")]), _RULES, {})
    assert done.troubled.is_empty()
    warnings = dict(done.clean.select("_id", "_warnings").iter_rows())
    assert [(w["field"], w["rule"], w["value"]) for w in warnings[0]] == [("note", "str_length", "long")]
    assert warnings[1] is None


def test_a_record_whose_identity_others_share_is_in_trouble_without_a_finding() -> None:
    records = _records(
        [
            (0, "a", "1", "1", None),
            (1, "a", "01", "2", None),
            (2, "a", "2", "1", None),
            (3, None, "1", "1", None),
        ]
    )
    hashes = identities(records.lazy(), _RULES, {})
    assert hashes[0] == hashes[1] != hashes[2]
    assert hashes[3] is None
    done = triage(records, _RULES, {}, contested_identities=contested([hashes]))
    assert done.clean["_id"].to_list() == [2]
    assert done.troubled.select("_id", "_is_contested").rows() == [(0, True), (1, True), (3, False)]
    assert done.findings["_id"].to_list() == [3]


@pytest.mark.parametrize("cut", [0, 1, 2, 3])
def test_what_is_contested_does_not_depend_on_how_the_records_were_cut(cut) -> None:
    hashes = pl.Series("_identity", [7, None, 7, 9, None, 8, 9], pl.UInt64)
    assert contested([hashes[:cut], hashes[cut:]]).to_list() == [7, 9]


def test_the_parts_of_an_identity_are_not_run_together() -> None:
    class Pair(Contract):
        left: str = field(key=True)
        right: str = field(key=True)

    records = pl.DataFrame({"left": ["ab", "a", "a"], "right": ["c", "bc", "bc"]})
    hashes = identities(records.lazy(), compile_contract(Pair), {})
    assert hashes[0] != hashes[1]
    assert hashes[1] == hashes[2]


def test_no_records_give_no_records() -> None:
    done = triage(_records([]), _RULES, {})
    assert (done.clean.height, done.troubled.height, done.findings.height) == (0, 0, 0)
