"""Of several predictions of one cell the surest counts; those that contradict each other do not."""

import polars as pl

from orchestration_assets.imputation.cells import ERROR, PREDICTED_SCHEMA
from orchestration_assets.imputation.choice import chosen


def _predictions(*rows: dict) -> pl.DataFrame:
    plain = {"_id": 1, "field": "town", "status": "applied", "evidence_class": "masked", "evidence": "seen"}
    frame = pl.DataFrame([plain | row for row in rows])
    lacking = [
        pl.lit(None, dtype).alias(n) for n, dtype in PREDICTED_SCHEMA.items() if n not in frame.columns
    ]
    return frame.with_columns(lacking).select(PREDICTED_SCHEMA.names()).cast(PREDICTED_SCHEMA)


def _told(*rows: dict) -> list[tuple]:
    return chosen(_predictions(*rows)).select("_id", "method", "repaired", "status").rows()


def test_the_surest_applied_prediction_of_each_cell_comes_first() -> None:
    told = _told(
        {"_id": 2, "method": "often", "repaired": "ulm", ERROR: 0.02},
        {"_id": 1, "method": "often", "repaired": "ulm", ERROR: 0.001},
        {"_id": 1, "method": "nearest", "repaired": "ulm", ERROR: 0.01},
        {"_id": 2, "method": "nearest", "repaired": "ulm", ERROR: 0.01},
        {"_id": 2, "method": "guess", "repaired": "bonn", ERROR: 0.001, "status": "suggested"},
    )
    assert told == [
        (1, "often", "ulm", "applied"),
        (1, "nearest", "ulm", "applied"),
        (2, "nearest", "ulm", "applied"),
        (2, "often", "ulm", "applied"),
        (2, "guess", "bonn", "suggested"),
    ]


def test_applied_predictions_that_contradict_each_other_are_suggestions() -> None:
    rows = (
        {"method": "often", "repaired": "ulm", ERROR: 0.001},
        {"method": "nearest", "repaired": "bonn", ERROR: 0.01},
        {"_id": 2, "method": "often", "repaired": "ulm", ERROR: 0.001},
    )
    assert _told(*rows) == [
        (1, "often", "ulm", "suggested"),
        (1, "nearest", "bonn", "suggested"),
        (2, "often", "ulm", "applied"),
    ]
    evidence = chosen(_predictions(*rows))["evidence"].to_list()
    assert evidence == [*["seen; but another method that may be applied says otherwise"] * 2, "seen"]


def test_what_people_judged_stands_against_what_was_only_measured() -> None:
    told = _told(
        {"method": "often", "repaired": "ulm", ERROR: 0.001},
        {"method": "agreement", "repaired": "bonn", ERROR: 0.03, "evidence_class": "judged"},
    )
    assert told == [(1, "agreement", "bonn", "applied"), (1, "often", "ulm", "suggested")]
