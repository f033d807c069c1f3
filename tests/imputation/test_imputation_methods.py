"""The way of a missing value: which cells are asked for, whom they are asked of, and what is proposed."""

import polars as pl

from orchestration_assets.imputation.agreed import believed, fit_agreed, stated
from orchestration_assets.imputation.cells import open_cells
from orchestration_assets.imputation.impute import (
    Imputers,
    claim_cases,
    fit_claim_calibrations,
    fit_groups,
    impute,
    methods_of,
)
from orchestration_assets.settlement.agreement import contradictions
from validators.contract import Contract, field
from validators.judgement import RAW, findings_of
from validators.rules import RuleSet, compile_contract


class Visit(Contract):
    """One row per visit."""

    visit: str = field(key=True)
    town: str = field()
    colour: str = field(isin=["red", "blue"], impute=("reference", "mode:town"))
    price: float = field(gt=0, impute="median:town", max_error=0.02)
    note: str = field()


_RULES = compile_contract(Visit)


def _frame(rows: list[tuple], rules: RuleSet = _RULES) -> pl.DataFrame:
    """(_id, _source, _identity, then the fields) as records after translation."""
    schema = {"_id": pl.UInt64, "_source": pl.String, "_identity": pl.UInt64, **rules.schema}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(pl.col(name).cast(pl.String).alias(RAW + name) for name in rules.fields)


# Ulm is red and costs 5, in 1300 clean records; Bonn is half red, half blue.
_CLEAN = pl.DataFrame(
    {
        "visit": [f"V{i}" for i in range(1400)],
        "town": ["Ulm"] * 1300 + ["Bonn"] * 100,
        "colour": ["red"] * 1300 + ["red", "blue"] * 50,
        "price": [5.0] * 1400,
        "note": ["-"] * 1400,
    }
)


def _imputers(frame: pl.DataFrame, rules: RuleSet = _RULES) -> Imputers:
    towns = frame["town"].unique() if "town" in frame.columns else None
    groups = {} if towns is None else {(name, "town"): towns for name in ("colour", "price")}
    return Imputers(
        claims=fit_claim_calibrations([claim_cases(frame, rules)], rules),
        groups=fit_groups(
            _CLEAN.lazy(), groups, rules, _CLEAN.cast(pl.String).with_columns(_source=pl.lit("till"))
        ),
        learned={},
        agreed=fit_agreed(stated(frame, rules), rules),
    )


def _open(frame: pl.DataFrame, rules: RuleSet = _RULES, *, is_contested: bool = False) -> pl.DataFrame:
    wrong = findings_of(frame, rules)
    return open_cells(
        frame, pl.concat([wrong, contradictions(frame, rules)]) if is_contested else wrong, rules
    )


def _proposed(frame: pl.DataFrame, *, is_contested: bool = False, rules: RuleSet = _RULES) -> list[tuple]:
    cells = _open(frame, rules, is_contested=is_contested)
    imputers = _imputers(frame, rules)
    is_agreed = is_contested and imputers.agreed is not None
    found = impute(
        cells,
        imputers,
        rules,
        reports=frame if is_contested else None,
        believed=believed(frame, imputers.agreed, rules) if is_agreed else None,
    )
    return found.select("_id", "field", "repaired", "method", "arm", "evidence_class", "status").rows()


def test_a_missing_value_is_supplied_by_its_group_where_that_was_measured_to_be_right() -> None:
    frame = _frame(
        [(1, "till", 1, "V1", "Ulm", None, 5.0, "-"), (2, "till", 2, "V2", "Ulm", "red", None, "-")]
    )
    assert _proposed(frame) == [
        (1, "colour", "red", "mode", "mode:town", "masked", "applied"),
        (2, "price", "5", "median", "median:town", "masked", "applied"),
    ]


def test_a_group_of_two_minds_or_none_proposes_nothing() -> None:
    frame = _frame(
        [
            (1, "till", 1, "V1", "Bonn", None, 5.0, "-"),
            (2, "till", 2, "V2", "Kiel", None, 5.0, "-"),
            (3, "till", 3, "V3", None, None, 5.0, "-"),
        ]
    )
    assert _proposed(frame) == []


def test_a_field_without_an_imputer_is_not_asked_for() -> None:
    cells = _open(_frame([(1, "till", 1, "V1", None, "red", 5.0, None)]))
    assert cells.is_empty()


def test_a_value_outside_its_domain_is_asked_for_once() -> None:
    cells = _open(_frame([(1, "till", 1, "V1", "Ulm", "green", -1.0, "-")]))
    assert sorted(cells.select("_id", "field", "value").rows()) == [
        (1, "colour", "green"),
        (1, "price", "-1.0"),
    ]


def test_what_errs_least_is_proposed_first() -> None:
    frame = _frame(
        [(1, "till", 1, "V1", "Ulm", None, 5.0, "-"), (2, "web", 1, "V1", "Ulm", "blue", 5.0, "-")]
    )
    assert _proposed(frame, is_contested=True) == [
        (1, "colour", "red", "mode", "mode:town", "masked", "applied"),
        (1, "colour", "blue", "reference", "plurality", "agreement", "suggested"),
    ]


def test_a_contradicted_value_is_asked_for_too() -> None:
    frame = _frame(
        [(1, "till", 1, "V1", "Ulm", "red", 5.0, "-"), (2, "web", 1, "V1", "Ulm", "blue", 5.0, "-")]
    )
    assert _open(frame).is_empty()
    cells = _open(frame, is_contested=True)
    assert cells.select("_id", "field", "value").rows() == [(1, "colour", "red"), (2, "colour", "blue")]


class _Report(Contract, grain="report"):
    """One row per report of a site on a flight."""

    site: str = field(source=True)
    flight: str = field(entity=True)
    gate: str = field(impute="agreement", evidence="agreement", max_error=0.1)


_REPORT = compile_contract(_Report)


def _reports(flights: int, *, wrong: int) -> pl.DataFrame:
    """Five sites on each flight, one of which is wrong about the first `wrong` of them; and one that does not say."""
    rows = []
    for flight in range(flights):
        for number, site in enumerate("abcde"):
            gate = "X" if number == 0 and flight < wrong else f"G{flight}"
            rows.append((len(rows), "web", flight * 64, site, f"F{flight}", gate))
    rows.append((len(rows), "web", 64, "f", "F1", None))
    return _frame(rows, _REPORT)


def test_what_the_others_agree_on_is_applied_where_they_were_right_about_each_other() -> None:
    frame = _reports(40, wrong=0)
    assert _proposed(frame, is_contested=True, rules=_REPORT) == [
        (200, "gate", "G1", "agreement", "reliability", "agreement", "applied")
    ]


def test_what_the_others_agree_on_is_suggested_where_they_were_often_wrong() -> None:
    # A fifth of all claims is wrong about half of the flights: ten in a hundred, which is more than was promised.
    found = _proposed(_reports(40, wrong=20), is_contested=True, rules=_REPORT)
    assert {status for *_, status in found} == {"suggested"}


def test_a_site_that_always_says_otherwise_is_no_witness_against_the_others() -> None:
    found = _proposed(_reports(40, wrong=40), is_contested=True, rules=_REPORT)
    assert sorted(row[0] for row in found) == [*range(0, 200, 5), 200]
    assert {status for *_, status in found} == {"applied"}


def test_what_was_measured_of_imputers_is_told() -> None:
    rows = methods_of(_imputers(_frame([(1, "till", 1, "V1", "Ulm", None, 5.0, "-")])), _RULES)
    told = rows.select(
        "method", "field", "arm", "cases", "right", "evidence_class", "max_error", "is_applied"
    ).rows()
    assert [row[:3] for row in told] == [
        ("reference", "colour", "plurality"),
        ("mode", "colour", "mode:town"),
        ("median", "price", "median:town"),
    ]
    assert told[0][3:] == (0, 0, "agreement", 0.01, False)
    # All 1300 of Ulm; those of Bonn have a share too small to be believed.
    assert told[1][3:] == (1300, 1300, "masked", 0.01, True)
    assert told[2][3:] == (1400, 1400, "masked", 0.02, True)
