"""Learned imputers: they find what there is to learn, say how sure they are, and are tested on what they did not see."""

import numpy as np
import polars as pl
import pytest

from orchestration_assets.imputation.learned import learn
from orchestration_assets.imputation.nearest import fit_nearest
from orchestration_assets.imputation.trees import fit_trees
from orchestration_assets.way import repair_records
from validators.contract import Contract, field
from validators.parsing import Notation
from validators.rules import RuleSet, compile_contract


class Device(Contract):
    """One row per device."""

    device: str = field(key=True)
    maker: str = field()
    model: str = field(max_error=0.05)
    memory: int = field(max_error=0.05)
    colour: str = field(max_error=0.05)
    price: float = field(max_error=0.05)


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return compile_contract(Device)


@pytest.fixture(scope="module")
def known() -> pl.DataFrame:
    """The maker and the memory fix the model and the price; the colour is anything."""
    rng = np.random.default_rng(3)
    maker, memory = rng.integers(0, 3, 600), rng.choice([64, 128, 256], 600)
    return pl.DataFrame(
        {
            "_source": "shop",
            "device": [f"d{i}" for i in range(600)],
            "maker": [f"maker {m}" for m in maker],
            "model": [f"model {m}-{g}" for m, g in zip(maker, memory, strict=True)],
            "memory": [str(g) for g in memory],
            "colour": rng.choice(["red", "blue", "grey", "black"], 600).tolist(),
            "price": [str(float(100 * (m + 1) + g)) for m, g in zip(maker, memory, strict=True)],
        }
    )


ASKED = pl.DataFrame(
    {
        "device": ["new"],
        "maker": ["maker 1"],
        "model": [None],
        "memory": ["128"],
        "colour": ["red"],
        "price": [None],
    },
    schema_overrides={"model": pl.String, "price": pl.String},
)


@pytest.mark.parametrize("method", ["nearest", "model"])
def test_what_follows_from_other_fields_is_learned_and_applied(
    method: str, known: pl.DataFrame, rules: RuleSet
) -> None:
    learned = learn(known, "model", method, rules)
    assert learned is not None
    assert learned.threshold.is_applied
    said = learned.predictor.predict(ASKED.with_columns(price=pl.lit("328.0")))
    assert said["predicted"].to_list() == ["model 1-128"]
    assert said["strength"][0] >= learned.threshold.strength


@pytest.mark.parametrize("method", ["nearest", "model"])
def test_what_follows_from_nothing_is_never_applied(method: str, known: pl.DataFrame, rules: RuleSet) -> None:
    learned = learn(known, "colour", method, rules)
    assert learned is not None
    assert not learned.threshold.is_applied


def test_numbers_are_predicted_as_numbers(known: pl.DataFrame, rules: RuleSet) -> None:
    learned = learn(known, "price", "model", rules)
    assert learned is not None
    assert 300 < float(learned.predictor.predict(ASKED)["predicted"][0]) < 356  # 328 is true


def test_too_few_records_teach_nothing(known: pl.DataFrame, rules: RuleSet) -> None:
    assert learn(known.head(29), "model", "nearest", rules) is None


def test_one_value_teaches_nothing(known: pl.DataFrame, rules: RuleSet) -> None:
    assert fit_trees(known.with_columns(model=pl.lit("same")), rules.fields["model"], ["maker"]) is None


def test_a_record_unlike_all_others_is_a_weak_prediction(known: pl.DataFrame, rules: RuleSet) -> None:
    fitted = fit_nearest(known, rules.fields["model"], ["maker", "memory"])
    strange = pl.DataFrame({"maker": ["someone else"], "memory": ["7"]})
    assert fitted.predict(strange)["strength"][0] < fitted.predict(ASKED)["strength"][0]


class Shelf(Contract):
    """One row per device on a shelf, of which the model may be missing."""

    device: str = field(key=True)
    maker: str = field(isin=[f"maker {i}" for i in range(3)])
    model: str = field(impute="nearest", max_error=0.05)
    memory: int = field()
    colour: str = field()
    price: float = field()


def test_a_record_that_lacks_more_than_any_case_has_evidence_in_words(known: pl.DataFrame) -> None:
    rules = compile_contract(Shelf)
    gone = {"device": "new", "maker": "?", "model": None, "memory": "64", "colour": None, "price": "?"}
    records = pl.concat(
        [known.select("_source", *rules.fields), pl.DataFrame({"_source": "shop", **gone})], how="vertical"
    )
    numbered = records.with_columns(pl.Series("_id", range(records.height), pl.UInt64))
    done = repair_records(numbered, rules, {"shop": dict.fromkeys(rules.fields, Notation())})
    said = done.proposals.filter(pl.col("_id") == known.height, pl.col("field") == "model")
    assert said["status"].to_list() == ["suggested"]
    assert said["confidence"].to_list() == [None]
    assert "more of the record is missing than of any case" in said["evidence"].item()
