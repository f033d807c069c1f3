"""What was read in the wrong encoding is mended, and what only looks odd is not touched; measured like any translator."""

import json
import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration_assets.translation.decide import Column, decide
from orchestration_assets.translation.mojibake import ENCODING, mended_encoding, mistaken_encoding
from validators.contract import Contract, field
from validators.parsing import Notation
from validators.rules import compile_contract
from validators.shapes import shape

REFERENCE = Path(
    os.environ.get("BREAKWATER_REFERENCE_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data"
)
CASES = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(REFERENCE.glob("ftfy/*.json"))
}
needs_cases = pytest.mark.skipif(
    not CASES,
    reason="no ftfy in BREAKWATER_REFERENCE_DATA; it is tests/test-cases of github.com/rspeer/python-ftfy",
)


def expected(case: dict[str, str]) -> str:
    return case.get("fixed-encoding", case["fixed"])


@needs_cases
def test_nine_of_ten_broken_texts_are_mended() -> None:
    broken = [
        c
        for name, cases in CASES.items()
        if name != "negative"
        for c in cases
        if expected(c) != c["original"]
    ]
    right = sum(mended_encoding(case["original"]) == expected(case) for case in broken)
    assert len(broken) > 100
    assert right >= 0.9 * len(broken)


@needs_cases
def test_what_only_looks_broken_is_not_touched() -> None:
    texts = [case["original"] for case in CASES["negative"]]
    assert [mended_encoding(text) for text in texts] == texts


@pytest.mark.parametrize(
    ("broken", "text"),
    [("MÃ¼ller", "Müller"), ("cafÃ©", "café"), ("â‚¬ 5", "€ 5"), ("Müller", "Müller"), ("", "")],
)
def test_a_text_is_mended_by_hand(broken: str, text: str) -> None:
    assert mended_encoding(broken) == text


@given(st.text())
def test_ascii_stays_and_nothing_fails(text: str) -> None:
    assert mended_encoding(text) is not None
    assert mistaken_encoding("abc 123") is None


class Person(Contract):
    """One row per person."""

    key: str = field(key=True)
    name: str = field(str_matches=r"^[A-Za-zäöüÄÖÜß ]+$", translate="encoding")


def test_it_is_applied_where_known_values_prove_it() -> None:
    rules = compile_contract(Person)
    values = pl.DataFrame({"value": ["MÃ¼ller", "JÃ¶rg"]}).with_columns(shape=shape(pl.col("value")))
    known = pl.Series([f"{first}{rest}" for first in "BDFGHJKLMN" for rest in _endings()])
    spec = rules.fields["name"]
    decisions = decide(
        [Column("shop", values)],
        spec=spec,
        rules=rules,
        translators=[(ENCODING, ENCODING.readings(spec, Notation()))],
        known=known,
    )
    assert {d.is_applied for d in decisions} == {True}
    assert all(d.measured.right == d.measured.cases >= 299 for d in decisions)
    read = values.select(decisions[0].reading.parse(pl.col("value")))
    assert read.to_series().to_list() == ["Müller", "Jörg"]


def _endings() -> list[str]:
    return [f"{vowel}{a}{b}" for vowel in "äöü" for a in "lmnr" for b in "aegi"]
