"""What is well read, and what the other reports of the same entity speak against all the same."""

import polars as pl

from orchestration_assets.imputation.agreed import Agreed, fit_agreed
from orchestration_assets.imputation.unbelieved import doubted_reporters, unbelieved, withdrawn
from orchestration_assets.settlement.gate import PROPOSAL_SCHEMA
from validators.contract import Contract, field
from validators.rules import compile_contract

CLAIMS = {"_identity": pl.UInt64, "field": pl.String, "_reporter": pl.String, "claim": pl.String}
BELIEVED = {"_id": pl.UInt64, "field": pl.String, "claim": pl.String, "predicted": pl.String}
ENTITIES = 30


class Report(Contract, grain="report"):
    """One row per report of a site on a flight."""

    site: str = field(source=True)
    flight: str = field(entity=True)
    gate: str = field(impute="agreement", evidence="agreement", max_error=0.05)


RULES = compile_contract(Report)
TRUE = [f"g{i}" for i in range(ENTITIES)]
WILD = [f"w{i}" for i in range(ENTITIES)]


def learned(said: dict[str, list[str]]) -> Agreed:
    rows = [(i, "gate", who, what) for who, all_said in said.items() for i, what in enumerate(all_said)]
    agreed = fit_agreed(pl.DataFrame(rows, schema=CLAIMS, orient="row"), RULES)
    assert agreed is not None
    return agreed


def proposed(*ids: int, status: str = "applied", shape: str | None = "a9") -> pl.DataFrame:
    rows = [
        {"_id": i, "field": "gate", "original": "x", "repaired": "y", "status": status, "shape": shape,
         "method": "code", "confidence": 0.999, "evidence": "well read"}
        for i in ids
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=PROPOSAL_SCHEMA)


def reports_of(*sites: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "_id": range(len(sites)),
            "_source": ["file"] * len(sites),
            "_identity": range(len(sites)),
            "site": sites,
            "flight": [f"F{i}" for i in range(len(sites))],
            "gate": ["g0"] * len(sites),
            "raw.gate": ["g0"] * len(sites),
        },
        schema_overrides={"_id": pl.UInt64, "_identity": pl.UInt64},
    )


def otherwise(*ids: int, claim: str | None = "y", predicted: str | None = "z") -> pl.DataFrame:
    return pl.DataFrame([(i, "gate", claim, predicted) for i in ids], schema=BELIEVED, orient="row")


HONEST = dict.fromkeys(("one", "two", "three"), TRUE)


def test_a_reporter_whom_the_others_contradict_more_often_than_promised_is_doubted() -> None:
    assert doubted_reporters(learned({**HONEST, "wild": WILD}), RULES).rows() == [("gate", "wild")]


def test_one_contradiction_in_thirty_is_no_reason_to_doubt_at_one_in_twenty() -> None:
    once = [*TRUE[:-1], "w"]
    assert doubted_reporters(learned({**HONEST, "once": once}), RULES).is_empty()


def test_who_is_alone_with_what_he_reports_is_contradicted_by_nobody() -> None:
    rows = [(i, "gate", "alone", f"a{i}") for i in range(ENTITIES)]
    agreed = fit_agreed(pl.DataFrame(rows, schema=CLAIMS, orient="row"), RULES)
    assert agreed is not None
    assert doubted_reporters(agreed, RULES).is_empty()


def test_a_translation_is_doubted_where_another_value_is_believed() -> None:
    agreed = learned(HONEST)
    found = unbelieved(proposed(0, 1), otherwise(1), reports_of("one", "two"), agreed, RULES)
    assert found.select("_id", "field").rows() == [(1, "gate")]
    assert "is another value" in found["doubt"][0]


def test_a_cell_without_a_value_or_a_belief_contradicts_nothing() -> None:
    beliefs = pl.concat([otherwise(0, claim=None), otherwise(1, predicted=None)])
    assert unbelieved(proposed(0, 1), beliefs, reports_of("one", "two"), learned(HONEST), RULES).is_empty()


def test_translations_of_a_doubted_reporter_are_doubted_and_those_of_others_not() -> None:
    agreed = learned({**HONEST, "wild": WILD})
    nothing = otherwise()
    # The flight of the first report is one that nobody else speaks of.
    found = unbelieved(proposed(0, 1), nothing, reports_of("wild", "one"), agreed, RULES)
    assert found.select("_id", "field").rows() == [(0, "gate")]
    assert "contradict what this reporter says" in found["doubt"][0]


def test_only_applied_translations_are_doubted() -> None:
    agreed, reports = learned(HONEST), reports_of("one", "two")
    assert unbelieved(proposed(0, status="suggested"), otherwise(0), reports, agreed, RULES).is_empty()
    assert unbelieved(proposed(0, shape=None), otherwise(0), reports, agreed, RULES).is_empty()


def test_a_doubted_translation_is_suggested_says_why_and_has_no_confidence() -> None:
    doubts = pl.DataFrame(
        {"_id": [1], "field": ["gate"], "doubt": ["; but no"]}, schema_overrides={"_id": pl.UInt64}
    )
    out = withdrawn(proposed(0, 1), doubts)
    assert out.schema == PROPOSAL_SCHEMA
    assert out.select("_id", "status", "confidence", "evidence").rows() == [
        (0, "applied", 0.999, "well read"),
        (1, "suggested", None, "well read; but no"),
    ]
