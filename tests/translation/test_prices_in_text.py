"""Amounts between words, and the currency that their mark names."""

import polars as pl
import pytest

from orchestration_assets.translation.prices import currency_marks, read_prices, withdraw_other_currency
from orchestration_assets.way import repair_records
from validators.codes import ISO_4217
from validators.contract import Contract, field
from validators.rules import compile_contract


@pytest.mark.parametrize(
    ("text", "amount", "mark"),
    [
        ("From $109.90", 109.90, "$"),
        ("31,07 € (bez DPH)", 31.07, "€"),
        ("1 150 грн.", 1150.0, "грн."),
        ("$69,900", 69900.0, "$"),
        ("1.234,50 EUR", 1234.5, "EUR"),
        ("US$:12.99", 12.99, "US$"),
        ("3 Ausgaben für nur 14,85 EUR", 14.85, "EUR"),
        ("423.923 KD", 423.923, "KD"),  # three decimals, as the dinar has
        ("35€ 99", 35.99, "€"),
        ("$119. 95", 119.95, "$"),
        ("$1,190.00 AUD", 1190.0, "AUD"),
        ("Free!", 0.0, None),
        ("15.08.2017", None, None),
        ("16.00 ft", None, None),
        ("40% OFF", None, None),
        ("£6.95 - £9.95", None, "£"),
        ("$ 791.00 $ 479.00", None, "$"),
        ("orders over $49+", None, "$"),
        ("not available", None, None),
    ],
)
def test_one_amount_in_a_text_is_read_and_several_are_not(text, amount, mark) -> None:
    assert read_prices(pl.Series([text])).row(0) == (amount, mark)


def test_a_declared_decimal_mark_is_followed() -> None:
    assert read_prices(pl.Series(["$69,900"]), ",")["amount"].to_list() == [69.9]
    assert read_prices(pl.Series(["$69,900"]), ".")["amount"].to_list() == [69900.0]


def test_the_library_takes_the_first_of_several_amounts() -> None:
    found = read_prices(pl.Series(["$ 791.00 $ 479.00", "$5"]), with_library=True)
    assert found["amount"].to_list() == [791.0, 5.0]


def test_a_sign_of_several_currencies_stands_for_each_of_them() -> None:
    marks = currency_marks()
    assert {"USD", "CAD"} <= marks["$"]
    assert marks["€"] == {"EUR"}
    assert set(ISO_4217) <= set(marks)


class Offer(Contract):
    """One row per offer."""

    number: str = field(key=True)
    price: float = field(gt=0, translate=("money", "price"), currency="currency", max_error=0.05)
    currency: str = field(isin=ISO_4217)


def _repaired(price: str, currency: str) -> list[tuple[str, str]]:
    rows = [(i, "s", str(i), f"{i + 1}.25", "EUR") for i in range(200)]
    rows.append((200, "s", "200", price, currency))
    schema = {
        "_id": pl.UInt64,
        "_source": pl.String,
        "number": pl.String,
        "price": pl.String,
        "currency": pl.String,
    }
    records = pl.DataFrame(rows, schema=schema, orient="row")
    found = repair_records(records, compile_contract(Offer), {}).proposals
    return found.select("repaired", "status").rows()


@pytest.mark.parametrize("price", ["from 12,50 € *", "12,50 EUR", "12,50"])
def test_an_amount_in_the_records_currency_is_applied(price) -> None:
    assert _repaired(price, "EUR") == [("12.5", "applied")]


@pytest.mark.parametrize("price", ["from 12,50 £ *", "12,50 GBP"])
def test_an_amount_in_another_currency_is_only_suggested(price) -> None:
    assert _repaired(price, "EUR") == [("12.5", "suggested")]


def test_nothing_is_withdrawn_without_proposals() -> None:
    frame = pl.DataFrame({"_id": [1], "currency": ["EUR"]}, schema_overrides={"_id": pl.UInt64})
    from orchestration_assets.settlement.gate import PROPOSAL_SCHEMA

    nothing = PROPOSAL_SCHEMA.to_frame()
    assert withdraw_other_currency(frame, nothing, compile_contract(Offer)).is_empty()
