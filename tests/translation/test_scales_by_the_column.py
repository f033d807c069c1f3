"""What a number counts is decided by the known values of the field and all values of the column, never by one cell."""

import polars as pl
import pytest

from orchestration_assets.translation.translate import (
    cells_to_translate,
    decide_all,
    pool,
    propose,
    shape_samples,
)
from validators.contract import Contract, field
from validators.judgement import FINDING_SCHEMA
from validators.rules import compile_contract


class Beverage(Contract):
    """One row per beverage."""

    number: str = field(key=True)
    strength: float = field(in_range={"min_value": 0, "max_value": 1}, translate="percent")
    size: float = field(gt=0, le=10, unit="l", translate="quantity")
    cans: float = field(gt=0, unit="fl oz", translate="quantity")
    made: float = field(gt=0, lt=1_000_000, translate=("number", "scale"))
    on: pl.Date = field(translate="datetime")


_RULES = compile_contract(Beverage)
_KNOWN = pl.DataFrame(
    {
        "_source": ["shop"] * 400,
        "strength": [str((40 + i % 50) / 1000) for i in range(400)],
        "made": [f"{20_000 + 137 * i}" for i in range(400)],
        "on": [f"{2010 + i % 15}-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(400)],
    }
)


def _proposed(name: str, values: list[str], known: pl.DataFrame = _KNOWN) -> dict[str, tuple[str, str]]:
    """Original to (repaired, status)."""
    rows = [(i, "shop", name, "malformed", "r", "error", "m", v, "f") for i, v in enumerate(values)]
    cells = cells_to_translate(pl.DataFrame(rows, schema=FINDING_SCHEMA, orient="row"), _RULES)
    found = propose(cells, decide_all(pool([shape_samples(cells)]), _RULES, {}, known), _RULES)
    return {o: (r, s) for o, r, s in found.select("original", "repaired", "status").iter_rows()}


def test_a_mark_of_percent_is_read_where_that_gives_known_values() -> None:
    found = _proposed("strength", ["4.5 %", "5.0 %", "5.5 %", "6.1 %", "7.0 %", "8.2 %"])
    assert found["4.5 %"] == ("0.045", "applied")
    assert {status for _, status in found.values()} == {"applied"}


def test_a_mark_of_percent_behind_fractions_means_nothing() -> None:
    found = _proposed("strength", ["0.045%", "0.050%", "0.055%", "0.061%", "0.07000000000000001%"])
    assert found["0.045%"] == ("0.045", "applied")
    assert found["0.07000000000000001%"] == ("0.07", "applied")


def test_numbers_beyond_one_are_percent_where_the_column_says_so() -> None:
    found = _proposed("strength", ["4.5", "5.0", "5.5", "6.1", "7.0"])
    assert found["4.5"] == ("0.045", "applied")


def test_few_values_decide_no_scale() -> None:
    assert {s for _, s in _proposed("strength", ["4.5 %", "5.0 %", "6.1 %"]).values()} == {"suggested"}


def test_no_known_values_decide_no_scale() -> None:
    values = ["4.5 %", "5.0 %", "5.5 %", "6.1 %", "7.0 %", "8.2 %"]
    assert {s for _, s in _proposed("strength", values, _KNOWN.head(20)).values()} == {"suggested"}


def test_a_column_of_two_scales_is_left_open() -> None:
    values = ["4.5 %", "5.0 %", "5.5 %", "6.1 %", "7.0 %", "0.1 %", "0.05 %", "0.06 %", "0.07 %", "0.08 %"]
    assert {s for _, s in _proposed("strength", values).values() if s == "applied"} == set()


def test_a_word_of_magnitude_says_it_by_itself() -> None:
    assert _proposed("made", ["25k", "31 Tsd.", "0,05 Mio."])["0,05 Mio."] == ("50000", "applied")


@pytest.mark.parametrize(
    ("text", "litres"),
    [
        ("500 ml", "0.5"),
        ("50cl", "0.5"),
        ("0,75 l", "0.75"),
        ("1 pint", "0.473176473"),
        ("33 cl can", "0.33"),
    ],
)
def test_units_of_the_same_dimension_are_converted(text, litres) -> None:
    assert _proposed("size", [text]) == {text: (litres, "applied")}


@pytest.mark.parametrize("text", ["500 g", "5 m", "12 l 6 pack", "about 3 l", "3 litters", "0 l", "12"])
def test_other_units_and_other_words_are_not_read(text) -> None:
    assert _proposed("size", [text]) == {}


def test_an_ounce_among_volumes_is_a_fluid_one_and_notes_may_follow() -> None:
    found = _proposed("cans", ["12.0 oz", "16.0 oz. Alumi-Tek", "12.0 ounce", "19.2 OZ."])
    assert found == {
        "12.0 oz": ("12", "applied"),
        "16.0 oz. Alumi-Tek": ("16", "applied"),
        "12.0 ounce": ("12", "applied"),
        "19.2 OZ.": ("19.2", "applied"),
    }


def test_a_comma_between_thousands_is_not_a_decimal_one_in_quantities_either() -> None:
    assert _proposed("cans", ["1,234 oz"])["1,234 oz"][1] == "suggested"


@pytest.mark.parametrize(("text", "day"), [("41640", "2014-01-01"), ("1388534400", "2014-01-01")])
def test_one_bare_number_is_no_date(text, day) -> None:
    assert _proposed("on", [text])[text][1] == "suggested"


def test_days_of_a_spreadsheet_that_fit_from_1900_and_from_1904_are_left_open() -> None:
    found = _proposed("on", [str(40200 + 7 * i) for i in range(30)])  # from 2010 or from 2014 on
    assert {status for _, status in found.values()} == {"suggested"}


def test_days_of_a_spreadsheet_are_read_where_only_one_count_gives_known_dates() -> None:
    found = _proposed("on", [str(44600 + 7 * i) for i in range(30)])  # from 2022 or from 2026 on
    assert found["44600"] == ("2022-02-08", "applied")


def test_seconds_since_1970_are_read_where_they_give_known_dates() -> None:
    found = _proposed("on", [str(1_388_534_400 + 86_400 * 30 * i) for i in range(12)])
    assert found["1388534400"] == ("2014-01-01", "applied")


def test_a_short_year_behind_a_month_stands_first_or_last_as_known_dates_have_it() -> None:
    days = ["03-Apr-75", "14-Apr-76", "30-Apr-77", "28-Apr-78", "29-Apr-79", "27-Apr-80"]
    assert {status for _, status in _proposed("on", days).values()} == {"suggested"}  # no known date is near
    seventies = _KNOWN.with_columns(pl.col("on").str.replace("20", "19"))
    found = _proposed(
        "on", days, seventies.with_columns(pl.col("on").str.replace("191", "197").str.replace("192", "198"))
    )
    assert found["30-Apr-77"] == ("1977-04-30", "applied")


def test_short_years_of_two_centuries_are_read_where_the_known_dates_lie_in_both() -> None:
    both = _KNOWN.with_columns(
        pl.Series("on", [f"{1990 + i % 25}-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(400)])
    )
    days = [f"{1 + i % 12}/{13 + i % 12}/{(90 + i) % 100:02}" for i in range(24)]
    found = _proposed("on", days, both)
    assert found["1/13/90"] == ("1990-01-13", "applied")
    assert found["10/22/99"] == ("1999-10-22", "applied")
    assert found["11/23/00"] == ("2000-11-23", "applied")
