"""How single records are written, well and badly: every expectation is written by hand."""

from datetime import UTC, datetime

import polars as pl
import pytest

from sources.simulation.breakage import broken_line
from sources.simulation.deliver import csv_lines, json_lines
from sources.simulation.notation import amount_text, grouped_amount_text, notations
from sources.simulation.spelling import changed_truth, mistyped, other_notation
from sources.simulation.vocabulary import FIELDS, TRUE_TYPES

GATEWAY_A, GATEWAY_B, LEDGER = notations("systems")
PLAIN = notations("csv")[0]


def payment(**changed: object) -> pl.DataFrame:
    """One payment as `reported_by` returns it, with room for a draw."""
    row = {
        "payment_id": "P0000000042",
        "customer_id": "C0000007",
        "email": "calm.owl1@example.org",
        "merchant_id": "M00003",
        "device_id": "D00000009",
        "amount": 1234.5,
        "currency": "EUR",
        "country": "AT",
        "paid_at": datetime(2026, 11, 1, 23, 5, tzinfo=UTC),
        "device_risk": 0.125,
        "amount_e4": 12_345_000,
        "habit": 0.9,
        "offset": 60,
        "draw": 0.0,
    }
    return pl.DataFrame([row | changed], schema_overrides=TRUE_TYPES)


def around(notation: object, **changed: object) -> pl.DataFrame:
    row = payment(**changed)
    return row.hstack(notation.cells(row).rename(lambda name: f"cell_{name}"))


def test_gateway_a_writes_german_numbers_and_local_time() -> None:
    line = csv_lines(GATEWAY_A.cells(payment()), ";").item()
    assert (
        line
        == "P0000000042;C0000007;calm.owl1@example.org;M00003;D00000009;1234,50;EUR;AT;02.11.2026 00:05;0,125"
    )


def test_gateway_a_sometimes_writes_the_sign_of_the_euro_and_nothing_for_null() -> None:
    cells = GATEWAY_A.cells(payment(habit=0.1, device_risk=None))
    assert csv_lines(cells, ";").item().endswith("1234,50;€;AT;02.11.2026 00:05;")


def test_gateway_b_nests_cents_and_offsets() -> None:
    assert json_lines(GATEWAY_B.cells(payment(offset=-300))).item() == (
        '{"id":"P0000000042","customer":{"ref":"C0000007","email":"calm.owl1@example.org","country":"AT"},'
        '"merchant":"M00003","device":{"id":"D00000009","risk":0.125},"amount":{"minor":123450,"currency":"EUR"},'
        '"created":"2026-11-01T18:05:00-05:00"}'
    )


@pytest.mark.parametrize(
    ("habit", "word"), [(0.01, "AUT"), (0.05, "Austria"), (0.09, "Österreich"), (0.11, "AT"), (0.99, "AT")]
)
def test_gateway_b_has_its_own_words_for_countries(habit: float, word: str) -> None:
    assert GATEWAY_B.cells(payment(habit=habit))["country"].item() == word


def test_the_ledger_writes_numbers() -> None:
    cells = LEDGER.cells(payment()).select(
        "payment_id", "amount", "currency", "country", "paid_at", "device_risk"
    )
    assert cells.row(0) == ("42", "123450", "978", "40", "1793574300", "0.125")


def test_the_plain_style_is_canonical() -> None:
    line = csv_lines(PLAIN.cells(payment(habit=0.0)), ",").item()
    assert line.endswith(",1234.50,EUR,AT,2026-11-01T23:05:00Z,0.125")


def test_cells_are_quoted_only_where_the_delimiter_asks_for_it() -> None:
    cells = PLAIN.cells(payment()).with_columns(amount=pl.lit("1,234.50"))
    assert ',"1,234.50",EUR' in csv_lines(cells, ",").item()
    assert ";1,234.50;EUR" in csv_lines(cells, ";").item()


@pytest.mark.parametrize(
    ("unit", "e4", "text"),
    [
        ("comma", 500, "0,05"),
        ("point", 125_000, "12.50"),
        ("point", 1_250, "0.1250"),
        ("cents", 125_000, "1250"),
        ("cents", 1_250, "12.50"),
        ("comma", -307_500, "-30,75"),
        ("cents", -307_500, "-3075"),
    ],
)
def test_amounts_have_two_decimals_unless_the_unit_is_wrong(unit: str, e4: int, text: str) -> None:
    assert payment(amount_e4=e4).select(amount_text(unit)).item() == text


@pytest.mark.parametrize(
    ("e4", "text"), [(125_000, "12,50"), (10_050_700, "1.005,07"), (12_000_340_500, "1.200.034,05")]
)
def test_thousands_are_separated(e4: int, text: str) -> None:
    assert payment(amount_e4=e4).select(grouped_amount_text(".", ",")).item() == text


@pytest.mark.parametrize(
    ("notation", "field", "draw", "text"),
    [
        (GATEWAY_A, "amount", 0.0, "EUR 1234.50"),
        (GATEWAY_A, "amount", 0.3, "1234.50 EUR"),
        (GATEWAY_A, "amount", 0.5, "€1234,50"),
        (GATEWAY_A, "amount", 0.7, "1.234,50"),
        (GATEWAY_A, "amount", 0.9, "1,234.50"),
        (GATEWAY_A, "paid_at", 0.0, "02/11/2026 00:05"),
        (GATEWAY_B, "paid_at", 0.0, "11/01/2026 11:05 PM"),
        (LEDGER, "paid_at", 0.3, "01.11.26 23:05"),
        (PLAIN, "paid_at", 0.6, "2026-11-01 23:05"),
        (PLAIN, "paid_at", 0.8, "1 Nov 2026 23:05"),
        (GATEWAY_A, "device_risk", 0.5, "0.125"),
        (GATEWAY_B, "device_risk", 0.5, "0,125"),
        (GATEWAY_A, "country", 0.0, "AUT"),
        (GATEWAY_A, "country", 0.5, "Österreich"),
        (GATEWAY_B, "country", 0.0, "at"),
        (LEDGER, "country", 0.0, "AT"),
        (PLAIN, "currency", 0.0, "Euro"),
        (PLAIN, "currency", 0.3, "€"),
        (PLAIN, "payment_id", 0.0, "p0000000042"),
        (PLAIN, "payment_id", 0.9999, "P0000000042 "),
        (LEDGER, "payment_id", 0.0, "P0000000042"),
        (PLAIN, "email", 0.0, "CALM.OWL1@EXAMPLE.ORG"),
    ],
)
def test_other_notations(notation: object, field: str, draw: float, text: str) -> None:
    written = around(notation, draw=draw).select(other_notation(field, notation)).item()
    assert written.strip() == text.strip()
    assert (written != text.strip()) == (draw == 0.9999)


def test_a_notation_that_is_the_sources_own_is_replaced_by_another() -> None:
    row = around(GATEWAY_A, amount_e4=125_000, draw=0.7)
    assert row.select(other_notation("amount", GATEWAY_A)).item() == "EUR 12.50"


@pytest.mark.parametrize(
    ("kind", "field", "draw", "cells"),
    [
        ("unit", "amount", 0.1, ("123450,00", "12345000", "123450.00")),
        ("unit", "amount", 0.9, ("12,3450", "1234.50", "12.3450")),
        ("out_of_domain", "amount", 0.5, ("-1234,50", "-123450", "-1234.50")),
        ("out_of_domain", "currency", 0.5, ("XXX", "XXX", "XXX")),
        (
            "out_of_domain",
            "paid_at",
            0.1,
            ("01.01.1970 01:00", "1970-01-01T01:00:00+01:00", "1970-01-01T00:00:00Z"),
        ),
        ("out_of_domain", "device_risk", 0.5, ("7,3", "7.3", "7.3")),
        ("disagree", "country", 0.1, ("PL", "PL", "PL")),
    ],
)
def test_wrong_values_are_written_as_the_source_writes(
    kind: str, field: str, draw: float, cells: tuple[str, str, str]
) -> None:
    wrong = payment(draw=draw).with_columns(changed_truth(kind, field))
    assert tuple(n.cells(wrong)[field].item() for n in (GATEWAY_A, GATEWAY_B, PLAIN)) == cells


@pytest.mark.parametrize(
    ("text", "way", "place", "letter", "typed"),
    [
        ("M12345", 0, 0.2, 0.0, "M02345"),
        ("M02345", 0, 0.2, 0.0, "M12345"),
        ("EUR", 0, 0.0, 0.0, "AUR"),
        ("a@example.org", 0, 0.1, 0.0, "aaexample.org"),
        ("M12345", 1, 0.99, 0.0, "M1234"),
        ("M12345", 2, 0.0, 0.0, "MM12345"),
        ("M12345", 3, 0.99, 0.0, "M12354"),
        ("M11345", 3, 0.2, 0.0, "M01345"),
    ],
)
def test_typos_change_one_place(text: str, way: int, place: float, letter: float, typed: str) -> None:
    assert mistyped(text, way, place, letter) == typed


@pytest.mark.parametrize(
    ("way", "line"),
    [
        ("missing_field", "a;b;d;e"),
        ("extra_field", "a;b;0;c;d;e"),
        ("unclosed_quote", 'a;b;"c;d;e'),
        ("half", "a;b;"),
    ],
)
def test_broken_lines(way: str, line: str) -> None:
    assert broken_line("a;b;c;d;e", way, 0.5, ";") == line


def test_every_field_is_written_by_every_source() -> None:
    assert [n.cells(payment()).columns for n in (GATEWAY_A, GATEWAY_B, LEDGER, PLAIN)] == [list(FIELDS)] * 4
