"""Dependencies: found where they are broken, repaired where others say how, and left alone where it is word against word."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from orchestration_assets.imputation.calibration import as_frame, from_frame
from orchestration_assets.imputation.dependencies import Dependency, counted, others_state
from orchestration_assets.imputation.dependent import learn, texts_of
from validators.contract import Contract, field
from validators.rules import RuleSet, compile_contract


class Place(Contract):
    """One row per branch of a shop."""

    branch: str = field(key=True)
    zip: str = field(determined_by=["phone"], max_error=0.05)
    city: str = field(determined_by=["zip", "phone"], max_error=0.05)
    phone: str = field()


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return compile_contract(Place)


def places(*odd: tuple[str, str | None, str | None, str]) -> pl.DataFrame:
    """Twenty branches in each of five cities, and the odd ones."""
    rows = [(f"b{c}-{i}", f"{10000 + c}", f"city {c}", f"+4930{c}") for c in range(5) for i in range(20)]
    named = pl.DataFrame(
        [*rows, *odd], schema=dict.fromkeys(("branch", "zip", "city", "phone"), pl.String), orient="row"
    )
    return named.with_row_index("_id").cast({"_id": pl.UInt64})


def found(frame: pl.DataFrame, rules: RuleSet) -> dict[tuple[int, str], tuple[str, bool]]:
    cells = learn(lambda: [texts_of(frame, rules, {})], rules).cells
    return {(r["_id"], r["field"]): (r["predicted"], r["is_sure"]) for r in cells.to_dicts()}


def test_nothing_is_found_where_all_hold(rules: RuleSet) -> None:
    assert found(places(), rules) == {}


def test_a_missing_value_follows_from_its_determinant(rules: RuleSet) -> None:
    assert found(places(("new", "10003", None, "+49303")), rules) == {(100, "city"): ("city 3", True)}


def test_a_misspelling_gives_way_to_what_others_state(rules: RuleSet) -> None:
    assert found(places(("new", "10003", "c1ty 3", "+49303")), rules) == {(100, "city"): ("city 3", True)}


def test_two_determinants_that_disagree_are_left_to_a_person(rules: RuleSet) -> None:
    # The zip says city 1, the phone city 3: one of the two is wrong, and so is the zip by its phone.
    cells = found(places(("new", "10001", "elsewhere", "+49303")), rules)
    assert cells[(100, "city")][1] is False


def test_one_determinant_that_is_there_is_enough(rules: RuleSet) -> None:
    # Neither zip nor city is there: the phone gives both.
    assert found(places(("new", None, None, "+49302")), rules) == {
        (100, "zip"): ("10002", True),
        (100, "city"): ("city 2", True),
    }


def test_word_against_word_decides_nothing(rules: RuleSet) -> None:
    pair = (("x", "20000", "alpha", "+1"), ("y", "20000", "alpho", "+1"))
    assert not any(is_applied for _, is_applied in found(places(*pair), rules).values())


def test_others_are_counted_without_the_record_itself() -> None:
    texts = pl.DataFrame(
        {"_id": [1, 2, 3], "zip": ["1", "1", "1"], "city": ["a", "a", "b"]},
        schema_overrides={"_id": pl.UInt64},
    )
    one = Dependency("city", ("zip",))
    said = others_state(texts, one, counted(texts, [one]).counts[one])
    assert said.rows() == [
        (1, "a", 1, None, None, 0),  # one a and one b remain: level
        (2, "a", 1, None, None, 0),
        (3, "b", 0, "a", 1.0, 2),
    ]


def test_what_a_dependency_is_worth_is_the_same_to_another_step(rules: RuleSet, tmp_path: Path) -> None:
    # Two thirds is not written down in a few digits: rounded up, no prediction would reach it.
    thresholds = learn(
        lambda: [texts_of(places(("x", "10003", None, "+49303")), rules, {})], rules
    ).thresholds
    thirds = {("city", "zip"): replace(thresholds["city", "zip"], strength=2 / 3)}
    as_frame(thresholds | thirds).write_parquet(tmp_path / "kept.parquet")
    assert from_frame(pl.read_parquet(tmp_path / "kept.parquet")) == thresholds | thirds
