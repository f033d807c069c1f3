"""`decimals`: zeros that were left out at the end of a number with a fixed count of decimals."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration_assets.translation.decimals import DECIMALS
from orchestration_assets.way import repair_records
from validators.contract import Contract, field
from validators.parsing import Notation
from validators.rules import compile_contract


class Sample(Contract, grain="entity"):
    """One row per sample. No known value ends in a zero."""

    number: int = field(key=True)
    index: str = field(str_matches=r"^1\.[0-9]{5}$", translate="decimals")
    loose: str = field(str_matches=r"^[0-9]+\.[0-9]{4,5}$", translate="decimals")


RULES = compile_contract(Sample)


def readings() -> list:
    return DECIMALS.readings(RULES.fields["index"], Notation())


@pytest.mark.parametrize(
    ("text", "count", "expected"),
    [("1.5", 2, "1.50"), ("13", 2, "13.00"), ("-0.5", 3, "-0.500"), ("1.50", 2, None), ("1.505", 2, None),
     ("1,5", 2, None), ("?", 2, None), (None, 2, None), (" 7. ", 1, "7.0")],
)  # fmt: skip
def test_zeros_are_added_to_a_number_that_is_too_short(text: str, count: int, expected: str) -> None:
    reading = readings()[count - 1]
    assert pl.select(reading.parse(pl.lit(text, pl.String))).item() == expected


@given(st.decimals(min_value=-9999, max_value=9999, places=4, allow_nan=False))
def test_the_number_stays_the_same(number: object) -> None:
    reading = readings()[3]
    written = f"{number:.4f}"
    short = pl.select(reading.render(pl.lit(written))).item()
    if short is None:
        assert not written.endswith("0")
    else:
        assert float(short) == float(written)
        assert pl.select(reading.parse(pl.lit(short))).item() == written


def test_numbers_of_another_type_have_no_decimals_to_restore() -> None:
    assert DECIMALS.readings(RULES.fields["number"], Notation()) == []


def test_a_short_number_is_completed_where_the_rule_fixes_the_count_and_left_where_it_does_not() -> None:
    rows = [(n, n, f"1.5{n:03d}1", f"{n}.1234") for n in range(100)] + [(100, 100, "1.517", "2.5")]
    records = pl.DataFrame(rows, schema=["_id", "number", "index", "loose"], orient="row").select(
        pl.col("_id").cast(pl.UInt64),
        pl.lit("file").alias("_source"),
        pl.col("number", "index", "loose").cast(pl.String),
    )
    found = repair_records(records, RULES, {}).proposals.sort("field")
    assert found.select("field", "repaired", "status").rows() == [
        ("index", "1.51700", "applied"), ("loose", "2.5000", "suggested"),
    ]  # fmt: skip
