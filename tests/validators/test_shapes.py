"""The shape of a value."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validators.shapes import shape


def _shape(*texts: str | None) -> list[str | None]:
    return (
        pl.DataFrame({"text": list(texts)}, schema={"text": pl.String})
        .select(shape(pl.col("text")))
        .to_series()
        .to_list()
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("7", "9"),
        ("01.02.2026 10:00", "99.99.9999 99:99"),
        ("1.234,56", "9.999,99"),
        ("€ 12", "€ 99"),
        ("EUR 12.50", "EUR 99.99"),
        ("12.50 eur", "99.99 EUR"),
        ("XYZ 12.50", "aaa 99.99"),
        ("7:10 a.m.", "9:99 a.a."),
        ("7:10 pm", "9:99 PM"),
        ("7:10pm", "9:99aa"),
        ("Dec 1", "DEC 9"),
        ("1 märz 2026", "9 MÄRZ 9999"),
        ("3. Mär 2026", "9. MÄR 9999"),
        ("december", "DECEMBER"),
        ("decembers", "aaaaaaaaa"),
        ("Feb-30-sek", "FEB-99-SEK"),
        ("müller", "aaaaaa"),
        ("Straße", "aaaaaa"),
        ("日本", "aa"),
        ("٣", "٣"),  # only the digits of ASCII are digits: no notation reads the others
        ("  a  b ", "  a  a "),
        ("a\tb\n", "a\ta\n"),
        ("x_1-2@b.de", "a_9-9@a.aa"),
        ("P0000000001", "a9999999999"),
    ],
)
def test_digits_become_nine_and_letters_a_while_words_of_notation_stay(text, expected) -> None:
    assert _shape(text) == [expected]


def test_nothing_has_no_shape() -> None:
    assert _shape(None, "a") == [None, "a"]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="aZ9.-: /€ädecmy\n", max_size=20))
def test_a_shape_is_as_long_as_its_text_and_keeps_what_is_neither_letter_nor_digit(text) -> None:
    (found,) = _shape(text)
    assert len(found) == len(text)
    assert [c for c in found if not c.isalnum()] == [c for c in text if not c.isalnum()]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="aZ9.-: /€decmy", max_size=20), st.data())
def test_texts_that_differ_in_digits_only_have_one_shape(text, data) -> None:
    other = "".join(data.draw(st.sampled_from("0123456789")) if c == "9" else c for c in text)
    assert _shape(other) == _shape(text)
