"""What came from outside is looked at, and exported, without danger."""

import csv
import io
import unicodedata
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration_assets.decisions.export import as_cell, as_csv
from orchestration_assets.decisions.shown import shown

# Any character at all, lone surrogates and unassigned ones too, the treacherous ones more often.
TREACHEROUS = (
    "\x00\x07\t\n\r\x1b\x7f\x85\xa0\u200b\u200e\u202a\u202e\u2028\u2066\u2069\ufeff\ud800'\"<>&=+-@|%;,"
)
TEXTS = st.text(st.one_of(st.characters(exclude_categories=[]), st.sampled_from(TREACHEROUS)), max_size=300)
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\u2212")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (12.5, "12.5"),
        ("plain, as it is: ä 金 ’", "plain, as it is: ä 金 ’"),
        ("<b>bold</b> &amp;", "<b>bold</b> &amp;"),
        ("a\nb\tc\r\x00\x1b[31m\x7f", "a␊b␉c␍␀␛[31m␡"),
        ("abc\u202etxt.exe", "abc⟦U+202E⟧txt.exe"),
        ("zero\u200bwidth\ufeff", "zero⟦U+200B⟧width⟦U+FEFF⟧"),
        ("no\u00a0break", "no⟦U+00A0⟧break"),
        (b"caf\xe9 \xc3\xa9", "caf\\xe9 é"),
        ("\ud800", "⟦U+D800⟧"),
        ("مرحبا", "مرحبا"),
    ],
)
def test_values_are_shown_so_that_nothing_in_them_is_hidden(value, text) -> None:
    assert shown(value) == text


def test_a_long_value_is_cut_and_says_how_much_is_left() -> None:
    assert shown("x" * 1_000_200) == "x" * 200 + "… (1,000,000 more)"


def test_a_pile_of_marks_does_not_cover_its_neighbours() -> None:
    assert len(shown("a" + "\u0301" * 150 + "b")) == 10


@given(TEXTS)
def test_whatever_is_shown_is_one_line_of_visible_characters(text) -> None:
    told = shown(text)
    assert told.isprintable()
    assert {unicodedata.bidirectional(c) for c in told} & {
        "LRE",
        "RLE",
        "PDF",
        "LRO",
        "RLO",
        "LRI",
        "RLI",
        "FSI",
        "PDI",
    } == set()
    told.encode("utf-8")
    assert len(told) < 200 * 10 + 30


@given(TEXTS)
def test_texts_without_anything_treacherous_are_shown_as_they_are(text) -> None:
    if (
        text.isprintable()
        and not any(unicodedata.category(c).startswith("M") for c in text)
        and len(text) <= 200
    ):
        assert shown(text) == text


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (-12.5, "-12.5"),
        (True, "True"),
        (date(2026, 11, 1), "2026-11-01"),
        (datetime(2026, 11, 1, 10, 5, 7, 99, UTC), "2026-11-01 10:05:07+00:00"),
        ("-12.5", "'-12.5"),
        ("=1+1", "'=1+1"),
        ("  =cmd|' /C calc'!A0", "'  =cmd|' /C calc'!A0"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'␉=1"),
        ("\r=1", "'␍=1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("a=1", "a=1"),
        ('say "hi"; ok', 'say "hi"; ok'),
        (["=1", "2"], "'=1; 2"),
    ],
)
def test_cells_of_an_export_by_hand(value, cell) -> None:
    assert as_cell(value) == cell


@given(st.lists(st.lists(st.one_of(st.none(), TEXTS), min_size=2, max_size=2), max_size=5), TEXTS)
def test_whatever_is_exported_is_read_back_cell_by_cell_and_is_no_formula(rows, name) -> None:
    frame = pl.DataFrame(
        [[None if c is None else c.encode(errors="replace").decode() for c in row] for row in rows],
        schema={"a": pl.String, f"b{name.encode(errors='replace').decode()}": pl.String},
        orient="row",
    )
    text = as_csv(frame).decode("utf-8-sig")
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert [len(row) for row in read] == [2] * (1 + frame.height)
    assert not [cell for row in read for cell in row if cell.startswith(FORMULAS)]
    assert text.count("\r\n") == 1 + frame.height  # no line break but those between rows
