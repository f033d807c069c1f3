"""The mode and the median of a group, and what they are worth on cases that they have not seen."""

import statistics
from collections import Counter
from unittest import mock

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration_assets.imputation import groups
from orchestration_assets.imputation.calibration import calibrate
from orchestration_assets.imputation.groups import GroupModel, fit_median, fit_mode, predict
from validators.contract import Contract, field
from validators.rules import compile_contract


class Visit(Contract):
    """One row per visit."""

    visit: str = field(key=True)
    town: str = field()
    colour: str = field(impute="mode:town")
    price: float = field(impute="median:town")
    pieces: int = field(impute="median:town")


_FIELDS = compile_contract(Visit).fields


def _known(rows: list[tuple], name: str) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema={"town": pl.String, name: pl.String}, orient="row")
    return frame.with_columns(_source=pl.lit("desk"))


def _fit(fit, rows: list[tuple], name: str, cases: list[int] | None = None) -> tuple[GroupModel, list[tuple]]:
    """The model, and (share, support, is_right) of each held-out case that it predicts."""
    known = _known(rows, name)
    held = known if cases is None else known[cases]
    with mock.patch.object(groups, "calibrate", side_effect=calibrate) as spy:
        model = fit(known, "town", _FIELDS[name], held, known["town"])
    (seen, *_), _ = spy.call_args
    # polars may divide by a constant column as it multiplies by 1/x: the last digit is no part of the promise.
    return model, seen.select(pl.col("share").round(12), "support", "is_right").rows()


def _table(model: GroupModel) -> dict[str, tuple]:
    return {town: said for town, *said in model.table.select("town", "predicted", "share", "support").rows()}


def test_the_mode_of_a_group_is_its_most_frequent_value() -> None:
    rows = [("Ulm", "red"), ("Ulm", "red"), ("Ulm", "blue"), ("Ulm", None), ("Bonn", "green"), (None, "red")]
    model, _ = _fit(fit_mode, rows, "colour")
    assert _table(model) == {"Ulm": ["red", 2 / 3, 2], "Bonn": ["green", 1.0, 1]}


def test_a_group_with_two_modes_has_none() -> None:
    model, _ = _fit(fit_mode, [("Ulm", "red"), ("Ulm", "blue"), ("Ulm", None)], "colour")
    assert _table(model) == {}


def test_only_the_groups_that_are_asked_for_or_tested_are_fitted() -> None:
    known = _known([("Ulm", "red"), ("Bonn", "green"), ("Kiel", "blue")], "colour")
    model = fit_mode(known, "town", _FIELDS["colour"], known[:1], pl.Series("town", ["Bonn", None]))
    assert set(_table(model)) == {"Ulm", "Bonn"}


def test_the_median_of_a_group_is_written_as_the_contract_writes_the_field() -> None:
    rows = [
        ("Ulm", "1"),
        ("Ulm", "2.5"),
        ("Bonn", "1"),
        ("Bonn", "2"),
        ("Kiel", "7.125"),
        ("Kiel", None),
        ("Graz", "x"),
    ]
    model, _ = _fit(fit_median, rows, "price")
    # Half a cent goes to the even cent, or away from zero: both are within a cent of the median.
    kiel = _table(model).pop("Kiel")
    assert kiel[0] in ("7.12", "7.13")
    assert {town: said[0] for town, said in _table(model).items() if town != "Kiel"} == {
        "Ulm": "1.75",
        "Bonn": "1.5",
    }
    whole, _ = _fit(fit_median, [("Ulm", "1"), ("Ulm", "4"), ("Ulm", "9")], "pieces")
    assert _table(whole) == {"Ulm": ["4", 1.0, 3]}


def test_the_median_of_whole_numbers_is_a_whole_number() -> None:
    model, _ = _fit(fit_median, [("Ulm", "10"), ("Ulm", "13")], "pieces")
    assert _table(model)["Ulm"][0] in ("11", "12")


def test_a_prediction_says_what_it_rests_on() -> None:
    model, _ = _fit(fit_mode, [("Ulm", "red"), ("Ulm", "red"), ("Ulm", "red"), ("Ulm", "blue")], "colour")
    cells = pl.DataFrame({"_id": [7, 8, 9], "_group": ["Ulm", "Bonn", None]})
    found = predict(model, cells.lazy()).collect()
    assert found.select("_id", "predicted", "evidence").rows() == [
        (7, "red", "mode of the good records with the same town: 75.0% of 4 records")
    ]


_COLOURS = st.lists(
    st.tuples(st.sampled_from(["Ulm", "Bonn", None]), st.sampled_from(["r", "g", "b", "y", None])),
    max_size=20,
)
_PRICES = st.lists(
    st.tuples(
        st.sampled_from(["Ulm", "Bonn", None]),
        st.sampled_from(["1", "1.02", "2", "3", "10", "-4", "0", None]),
    ),
    max_size=14,
)


def _modes_without_each(rows: list[tuple]) -> list[tuple]:
    out = []
    for at, (town, truth) in enumerate(rows):
        others = [v for i, (t, v) in enumerate(rows) if i != at and t == town and v is not None]
        votes = Counter(others).most_common()
        if None in (town, truth) or not votes or (len(votes) > 1 and votes[0][1] == votes[1][1]):
            continue
        out.append((round(votes[0][1] / len(others), 12), votes[0][1], votes[0][0] == truth))
    return out


@settings(max_examples=60, deadline=None)
@given(_COLOURS)
def test_each_case_is_predicted_by_the_mode_of_the_others(rows) -> None:
    _, seen = _fit(fit_mode, rows, "colour")
    assert sorted(seen) == sorted(_modes_without_each(rows))


def _medians_without_each(rows: list[tuple]) -> list[tuple]:
    out = []
    for at, (town, truth) in enumerate(rows):
        others = [float(v) for i, (t, v) in enumerate(rows) if i != at and t == town and v is not None]
        if None in (town, truth) or not others:
            continue
        median = statistics.median(others)
        out.append((1.0, len(others), abs(median - float(truth)) <= 0.005 * abs(float(truth)) + 1e-12))
    return out


@settings(max_examples=60, deadline=None)
@given(_PRICES)
def test_each_case_is_predicted_by_the_median_of_the_others(rows) -> None:
    _, seen = _fit(fit_median, rows, "price")
    assert sorted(seen) == sorted(_medians_without_each(rows))


def _predicted_alone(fit, rows: list[tuple], name: str, at: int) -> list[tuple]:
    """Share and support of the prediction of one case."""
    return [seen[:2] for seen in _fit(fit, rows, name, [at])[1]]


@settings(max_examples=25, deadline=None)
@given(_COLOURS.filter(bool), st.data())
def test_the_prediction_of_a_case_does_not_change_with_its_own_value(rows, data) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    own = [
        [(t, colour) if i == at else (t, v) for i, (t, v) in enumerate(rows)] for colour in ("r", "g", "new")
    ]
    said = [_predicted_alone(fit_mode, some, "colour", at) for some in own]
    assert said[0] == said[1] == said[2]


@pytest.mark.parametrize("others", [["1"], ["1", "3"], ["1", "3", "10"], ["2", "2", "2", "5"]])
def test_a_median_is_right_about_a_case_that_says_the_same_and_about_no_other(others) -> None:
    median = str(statistics.median(float(v) for v in others))
    rights = []
    for own in ("-4", "1", "1.5", "2", "2.5", "3", "4", "10", median):
        _, seen = _fit(fit_median, [*(("Ulm", v) for v in others), ("Ulm", own)], "price", [len(others)])
        rights.append((float(own) == float(median), seen[0][2]))
    assert all(expected == found for expected, found in rights)
