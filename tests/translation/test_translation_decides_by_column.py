"""What a shape means is decided by the whole column of a source, and applied only where that was measured."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration_assets.settlement.gate import Measured
from orchestration_assets.translation.decide import Decision, measure
from orchestration_assets.translation.readings import Reading
from orchestration_assets.translation.registry import TRANSLATORS
from orchestration_assets.translation.translate import (
    cells_to_translate,
    decide_all,
    methods_of,
    pool,
    propose,
    shape_samples,
)
from validators.contract import Contract, field
from validators.judgement import FINDING_SCHEMA
from validators.parsing import Notation
from validators.rules import compile_contract


class Sale(Contract):
    """One row per sale."""

    number: str = field(key=True, str_matches=r"^S[0-9]{3}$", translate="code")
    at: pl.Datetime = field(translate="datetime")
    price: float = field(gt=0, translate="money")
    clock: str = field(str_matches=r"^(1[0-2]|[1-9]):[0-5][0-9] [ap]\.m\.$", translate="clock")
    risk: float = field(nullable=True, le=1, translate="number")
    strict: float = field(translate="money", max_error=0.001)
    judged: float = field(translate="money", evidence="judged")
    believed: float = field(translate="money", evidence="agreement")
    fixed: float = field()


_RULES = compile_contract(Sale)
# 400 known values of each field: more than the 299 that it takes to show that less than one in a hundred is wrong.
_KNOWN = pl.DataFrame(
    {
        "_source": ["till"] * 400,
        "number": [f"S{i:03}" for i in range(400)],
        "at": [f"2026-{1 + i % 12:02}-{1 + i % 28:02}T{i % 24:02}:{i % 60:02}:00" for i in range(400)],
        "price": [f"{i + 1}.25" for i in range(400)],
        "clock": [f"{1 + i % 12}:{i % 60:02} {'a.m.' if i % 2 else 'p.m.'}" for i in range(400)],
        "risk": [f"0.{1 + i % 9}" for i in range(400)],
        **{name: [f"{i + 1}.25" for i in range(400)] for name in ("strict", "judged", "believed", "fixed")},
    }
)


def _cells(name: str, values: list[str], source: str = "till") -> pl.DataFrame:
    rows = [(i, source, name, "malformed", "r", "error", "m", value, "f") for i, value in enumerate(values)]
    return cells_to_translate(pl.DataFrame(rows, schema=FINDING_SCHEMA, orient="row"), _RULES)


def _decisions(cells: pl.DataFrame, known: pl.DataFrame = _KNOWN) -> list[Decision]:
    return decide_all(pool([shape_samples(cells)]), _RULES, {"till": {"at": Notation()}}, known)


def _proposed(
    name: str, values: list[str], known: pl.DataFrame = _KNOWN
) -> dict[str, tuple[str | None, str]]:
    """Original to (repaired, status)."""
    cells = _cells(name, values)
    found = propose(cells, _decisions(cells, known), _RULES)
    return {
        original: (repaired, status)
        for original, repaired, status in found.select("original", "repaired", "status").iter_rows()
    }


def test_day_and_month_alone_are_undecided() -> None:
    assert _proposed("at", ["03/04/2026 10:00"]) == {"03/04/2026 10:00": ("2026-04-03T10:00:00", "suggested")}


def test_an_undecided_reading_names_its_rivals() -> None:
    (decision,) = _decisions(_cells("at", ["03/04/2026 10:00"]))
    assert decision.evidence.endswith("; could also be month first")
    assert not decision.is_applied


def test_a_day_beyond_twelve_decides_its_shape() -> None:
    assert _proposed("at", ["03/04/2026 10:00", "13/04/2026 10:00"]) == {
        "03/04/2026 10:00": ("2026-04-03T10:00:00", "applied"),
        "13/04/2026 10:00": ("2026-04-13T10:00:00", "applied"),
    }


def test_a_month_in_front_decides_its_shape_the_other_way() -> None:
    assert _proposed("at", ["03/04/2026 10:00", "04/13/2026 10:00"]) == {
        "03/04/2026 10:00": ("2026-03-04T10:00:00", "applied"),
        "04/13/2026 10:00": ("2026-04-13T10:00:00", "applied"),
    }


def test_another_shape_of_the_column_decides_where_the_shape_itself_does_not() -> None:
    assert _proposed("at", ["03/04/2026 10:00", "13.4.2026 10:00"]) == {
        "03/04/2026 10:00": ("2026-04-03T10:00:00", "applied"),
        "13.4.2026 10:00": ("2026-04-13T10:00:00", "applied"),
    }


def test_what_one_shape_proves_is_not_overruled_by_another() -> None:
    values = ["13.04.2026 10:00", "03.04.2026 10:00", "04/13/2026 10:00", "04/03/2026 10:00"]
    assert _proposed("at", values) == {
        "13.04.2026 10:00": ("2026-04-13T10:00:00", "applied"),
        "03.04.2026 10:00": ("2026-04-03T10:00:00", "applied"),
        "04/13/2026 10:00": ("2026-04-13T10:00:00", "applied"),
        "04/03/2026 10:00": ("2026-04-03T10:00:00", "applied"),
    }


def test_a_column_of_mixed_evidence_leaves_an_open_shape_open() -> None:
    found = _proposed("at", ["13.04.2026 10:00", "04/13/2026 10:00", "03-04-2026 10:00"])
    assert found["03-04-2026 10:00"] == ("2026-04-03T10:00:00", "suggested")


@pytest.mark.parametrize("days", [1, 15, 16])
def test_a_shape_of_mixed_evidence_is_left_open_however_the_majority_writes(days) -> None:
    day_first = [f"{day}/04/2026 10:00" for day in range(13, 13 + days)]
    found = _proposed("at", [*day_first, "04/13/2026 10:00", "03/04/2026 10:00"])
    assert {status for _, status in found.values()} == {"suggested"}


def test_what_one_source_proves_says_nothing_of_another() -> None:
    cells = pl.concat(
        [
            _cells("at", ["13/04/2026 10:00"]),
            _cells("at", ["03/04/2026 10:00"], "web").with_columns(pl.col("_id") + 9),
        ]
    )
    found = propose(cells, _decisions(cells), _RULES)
    assert sorted(found.select("_source", "status").rows()) == [("till", "applied"), ("web", "suggested")]


def test_thousands_and_decimals_are_undecided_alone_and_decided_by_their_column() -> None:
    assert _proposed("price", ["1,234"])["1,234"][1] == "suggested"
    assert _proposed("price", ["1,234", "12,5"])["1,234"] == ("1.234", "applied")
    assert _proposed("price", ["1,234", "1,234.50"])["1,234"] == ("1234", "applied")
    assert _proposed("price", ["1,234", "1,234.50", "12,5"])["1,234"][1] == "suggested"


def test_a_reading_outside_the_domain_of_its_field_is_no_reading() -> None:
    assert _proposed("risk", ["0,5", "1,5"]) == {"0,5": ("0.5", "applied")}
    assert _proposed("price", ["-12,5"]) == {}


def test_a_code_is_repaired_only_into_what_the_contract_accepts() -> None:
    found = _proposed("number", ["s001", " S002", "S-003", "S04", "X005", "S00٣"])
    assert found == {"s001": ("S001", "applied"), " S002": ("S002", "applied"), "S-003": ("S003", "applied")}


def test_a_shape_that_nothing_reads_has_no_decision() -> None:
    cells = _cells("price", ["about ten", "???"])
    assert _decisions(cells) == []
    assert propose(cells, [], _RULES).is_empty()


def test_a_field_without_a_translator_is_not_translated() -> None:
    assert _cells("fixed", ["12,5"]).is_empty()


@pytest.mark.parametrize(
    ("known", "status"), [(0, "suggested"), (298, "suggested"), (299, "applied"), (400, "applied")]
)
def test_a_translation_is_applied_where_enough_known_values_show_that_it_is_right(known, status) -> None:
    assert _proposed("price", ["12,50"], _KNOWN.head(known)) == {"12,50": ("12.5", status)}


def test_a_tighter_promise_takes_more_known_values() -> None:
    assert _proposed("strict", ["12,50"])["12,50"] == ("12.5", "suggested")
    many = pl.concat([_KNOWN] * 8)
    assert _proposed("strict", ["12,50"], many)["12,50"] == ("12.5", "applied")


def test_masked_evidence_does_for_a_field_that_accepts_weaker_and_not_for_one_that_wants_stronger() -> None:
    assert _proposed("believed", ["12,50"])["12,50"] == ("12.5", "applied")
    assert _proposed("judged", ["12,50"])["12,50"] == ("12.5", "suggested")


def test_a_reading_that_cannot_be_written_is_only_ever_suggested() -> None:
    assert _proposed("clock", ["7:10pm (estimated)"]) == {"7:10pm (estimated)": ("7:10 p.m.", "suggested")}
    (decision,) = _decisions(_cells("clock", ["7:10pm (estimated)"]))
    assert decision.evidence == "clock, 12 hours, with a note: never measured"
    assert decision.measured == Measured(0, 0, "masked")


def test_a_time_without_its_half_of_the_day_is_decided_by_hours_that_only_a_clock_of_24_has() -> None:
    assert _proposed("clock", ["7:10"]) == {"7:10": ("7:10 a.m.", "suggested")}
    assert _proposed("clock", ["7:10", "19:10"]) == {
        "7:10": ("7:10 a.m.", "applied"),
        "19:10": ("7:10 p.m.", "applied"),
    }


def test_known_values_of_other_sources_count_too() -> None:
    elsewhere = _KNOWN.with_columns(pl.lit("web").alias("_source"))
    assert _proposed("price", ["12,50"], elsewhere) == {"12,50": ("12.5", "applied")}


def _first_two(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.ends_with("!")).then(text.str.slice(0, 2))


class Word(Contract):
    """A word of two or three small letters."""

    key: int = field(key=True)
    word: str = field(str_matches="^[a-z]{2,3}$")


_WORD = compile_contract(Word)


def _measured(readings: list[Reading], known: list[str]) -> Measured:
    return measure(readings[0], readings, _WORD.fields["word"], _WORD, pl.Series("word", known, pl.String))


def test_the_masked_measure_counts_what_is_read_back_right_and_wrong() -> None:
    cut = Reading("cut", _first_two, lambda text: text + "!")
    assert _measured([cut], ["ab", "cd", "abc"]) == Measured(3, 2, "masked")


def test_the_masked_measure_does_not_count_what_cannot_be_written_or_is_not_read() -> None:
    picky = Reading("picky", _first_two, lambda text: pl.when(text != "ab").then(text + "!"))
    assert _measured([picky], ["ab", "cd", "ef"]) == Measured(2, 2, "masked")
    deaf = Reading("deaf", lambda text: pl.when(text == "cd!").then(pl.lit("cd")), lambda text: text + "!")
    assert _measured([deaf], ["ab", "cd"]).right == 1
    assert _measured([deaf], ["ab", "cd"]).cases == 1


def test_the_masked_measure_abstains_where_the_readings_disagree() -> None:
    cut = Reading("cut", _first_two, lambda text: text + "!")
    turned = Reading("turned", lambda text: _first_two(text).str.reverse(), lambda text: text + "!")
    assert _measured([cut, turned], ["ab", "cd"]) == Measured(0, 0, "masked")


def test_the_masked_measure_counts_what_another_reading_makes_of_it() -> None:
    wrong = Reading("wrong", lambda text: pl.when(text.str.ends_with("!")).then(pl.lit("xx")))
    cut = Reading("cut", _first_two, lambda text: text + "!")
    known = pl.Series("word", ["ab", "xx"], pl.String)
    # The first reading takes the shape in use, too; that the second would read it right helps nobody. But they disagree.
    assert measure(cut, [wrong, cut], _WORD.fields["word"], _WORD, known) == Measured(0, 0, "masked")


def test_nothing_known_measures_nothing() -> None:
    cut = Reading("cut", _first_two, lambda text: text + "!")
    assert _measured([cut], []) == Measured(0, 0, "masked")


def test_in_a_field_that_may_be_empty_a_word_for_nothing_means_nothing() -> None:
    assert _proposed("risk", ["n/a", "UNKNOWN", " - ", "0,5"]) == {
        "n/a": (None, "applied"),
        "UNKNOWN": (None, "applied"),
        " - ": (None, "applied"),
        "0,5": ("0.5", "applied"),
    }


def test_in_a_field_that_must_not_be_empty_a_word_for_nothing_is_no_value() -> None:
    assert _proposed("price", ["n/a", "UNKNOWN", "-"]) == {}


def test_a_word_for_nothing_does_not_take_its_shape_with_it() -> None:
    cells = _cells("risk", ["null", "nope"])
    assert _decisions(cells) == []
    (decision,) = _decisions(_cells("risk", ["null"]))
    assert propose(cells, [decision], _RULES).select("original", "repaired").rows() == [("null", None)]


def test_many_values_of_one_shape_are_sampled_without_favour() -> None:
    # In the order of their texts the first hundreds would all be of the first days of a month.
    values = [
        f"{day:02}/{month:02}/2026 {hour:02}:00"
        for day in range(1, 29)
        for month in range(1, 13)
        for hour in range(3)
    ]
    cells = _cells("at", values)
    found = propose(cells, _decisions(cells), _RULES)
    assert found["status"].unique().to_list() == ["applied"]
    assert found.filter(pl.col("original") == "03/04/2026 02:00")["repaired"].to_list() == [
        "2026-04-03T02:00:00"
    ]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 400), max_size=60), st.integers(0, 60))
def test_the_sample_does_not_depend_on_how_the_records_were_cut(numbers, cut) -> None:
    cells = _cells("price", [f"{number},{number % 7}" for number in numbers] + ["about ten"])
    whole = pool([shape_samples(cells)])
    parts = pool([shape_samples(cells[:cut]), shape_samples(cells[cut:])])
    assert parts.rows() == whole.rows()


def test_the_sample_does_not_depend_on_how_more_values_than_it_holds_were_cut() -> None:
    cells = _cells("price", [f"{number},00" for number in range(1000, 2000)])
    whole = pool([shape_samples(cells)])
    parts = pool([shape_samples(cells[::3]), shape_samples(cells[1::3]), shape_samples(cells[2::3])])
    assert whole["cells"].to_list() == [1000]
    assert parts.rows() == whole.rows()


def test_what_was_measured_is_told_per_shape() -> None:
    rows = methods_of(_decisions(_cells("price", ["12,50"])), _RULES)
    assert rows.select(
        "method", "version", "field", "source", "shape", "arm", "evidence_class", "max_error", "is_applied"
    ).rows() == [("money", "1", "price", "till", "99,99", "number with decimal comma", "masked", 0.01, True)]
    # 299 cases are needed for one in a hundred, and a fifth more are taken.
    assert rows.select("cases", "right").rows() == [(358, 358)]


def test_a_finding_is_translated_once_per_cell_and_a_missing_one_not_at_all() -> None:
    rows = [
        (1, "till", "number", "malformed", "str_matches", "error", "m", "s1", "f"),
        (1, "till", "number", "malformed", "str_length", "error", "m", "s1", "f"),
        (2, "till", "number", "missing", "not_nullable", "error", "m", None, "f"),
        (3, "till", "price", "out_of_domain", "greater_than", "error", "m", "-5", "f"),
        (4, "till", None, "inconsistent", "is_ordered", "error", "m", None, "f"),
    ]
    cells = cells_to_translate(pl.DataFrame(rows, schema=FINDING_SCHEMA, orient="row"), _RULES)
    assert cells.select("_id", "field", "value", "shape").rows() == [
        (1, "number", "s1", "a9"),
        (3, "price", "-5", "-9"),
    ]


def test_every_translator_has_a_name_a_version_and_distinct_readings() -> None:
    for name, translator in TRANSLATORS.items():
        readings = [r.name for r in translator.readings(_RULES.fields["price"], Notation())]
        assert (translator.name, translator.version) == (name, "2" if name == "datetime" else "1")
        assert len(readings) == len(set(readings))
        # A unit or a type that the field does not have; and methods that see two fields, the column, or examples.
        others = {"spelling", "split", "swapped", "learned"}
        assert readings or name in {"decimals", "quantity", "boolean"} | others
