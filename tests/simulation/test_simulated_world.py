"""What holds for the truth of every simulated day, before anybody writes it down."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.simulation.population import populate, scrambled
from sources.simulation.world import payment_ids, payments_of_day, reported_by

DAY = date(2026, 11, 1)
CURRENCY_OF = {
    **dict.fromkeys(("DE", "FR", "IT", "ES", "NL", "AT"), "EUR"),
    "US": "USD",
    "GB": "GBP",
    "CH": "CHF",
    "PL": "PLN",
    "SE": "SEK",
}


@pytest.fixture(scope="module")
def week() -> pl.DataFrame:
    people = populate(7, 3000)
    days = [DAY + timedelta(days=number) for number in range(5)]
    return pl.concat([payments_of_day(people, day, records=3000, seed=7) for day in days])


def test_the_country_determines_the_currency(week: pl.DataFrame) -> None:
    pairs = set(week.select("country", "currency").unique().rows())
    assert pairs == set(CURRENCY_OF.items())


@pytest.mark.parametrize("belonging", ["device_id", "email"])
def test_a_device_and_an_email_belong_to_one_customer(week: pl.DataFrame, belonging: str) -> None:
    assert week.group_by(belonging).agg(pl.col("customer_id").n_unique())["customer_id"].max() == 1


def test_a_customer_has_one_email_and_one_or_two_devices(week: pl.DataFrame) -> None:
    counts = week.group_by("customer_id").agg(pl.col("email", "device_id").n_unique())
    assert counts["email"].unique().to_list() == [1]
    assert counts["device_id"].unique().sort().to_list() == [1, 2]


def test_customers_are_at_home_in_about_97_of_100_payments(week: pl.DataFrame) -> None:
    home = week.group_by("customer_id").agg(home=pl.col("country").mode().first(), times=pl.len())
    often = week.join(home.filter(pl.col("times") > 10), on="customer_id")
    assert 0.955 < (often["country"] == often["home"]).mean() < 0.985


def test_prices_of_one_merchant_differ_less_than_prices_of_all(week: pl.DataFrame) -> None:
    in_euros = week.filter(currency="EUR").select("merchant_id", price=pl.col("amount").log())
    within = in_euros.select((pl.col("price") - pl.col("price").mean().over("merchant_id")).std()).item()
    assert within < 0.6 * in_euros["price"].std()


def test_the_risk_of_one_device_is_nearly_constant(week: pl.DataFrame) -> None:
    spread = week.select(
        (pl.col("device_risk") - pl.col("device_risk").mean().over("device_id")).std()
    ).item()
    assert spread < 0.05 < week["device_risk"].std()
    assert 0.08 < week["device_risk"].is_null().mean() < 0.12
    assert week["device_risk"].is_between(0, 1).all()


def test_identifiers_and_amounts_have_their_form(week: pl.DataFrame) -> None:
    forms = {
        "payment_id": r"^P\d{10}$",
        "customer_id": r"^C\d{7}$",
        "merchant_id": r"^M\d{5}$",
        "device_id": r"^D\d{8}$",
        "email": r"^[a-z]+\.[a-z]+\d+@example\.(org|net|com)$",
    }
    assert [name for name, form in forms.items() if not week[name].str.contains(form).all()] == []
    assert week["amount"].min() > 0
    assert (week["amount"] == week["amount"].round(2)).all()


def test_payments_are_whole_minutes_of_their_day_in_order() -> None:
    payments = payments_of_day(populate(7, 3000), DAY, records=3000, seed=7)
    assert payments["paid_at"].dt.date().unique().to_list() == [DAY]
    assert payments["paid_at"].dt.second().unique().to_list() == [0]
    assert payments["paid_at"].is_sorted()


def test_another_day_has_the_same_customers() -> None:
    people = populate(7, 3000)
    today, later = (
        set(payments_of_day(people, day, records=3000, seed=7)["customer_id"])
        for day in (DAY, date(2027, 3, 1))
    )
    assert len(today & later) > 0.8 * len(today)


def test_gateways_take_45_of_100_each_and_the_ledger_books_some_again() -> None:
    payments = payments_of_day(populate(7, 40_000), DAY, records=40_000, seed=7)
    a, b, ledger = (reported_by(name, payments, DAY, seed=7) for name in ("gateway_a", "gateway_b", "ledger"))
    assert a.height / 40_000 == pytest.approx(0.45, abs=0.03)
    assert b.height / 40_000 == pytest.approx(0.45, abs=0.03)
    assert ledger.height / 40_000 == pytest.approx(0.10 + 0.15 * 0.90, abs=0.01)
    assert set(ledger["payment_id"]).isdisjoint(a.filter(~pl.col("is_shared"))["payment_id"])
    assert set(ledger["payment_id"]) > set(a.filter("is_shared")["payment_id"])
    assert a.height + b.height + ledger.filter(taken_by="ledger").height == 40_000


@given(st.integers(0, 2**31), st.sampled_from([5, 7, 10]), st.integers(0, 99_999))
@settings(max_examples=30, deadline=None)
def test_scrambled_numbers_never_repeat(start: int, digits: int, shift: int) -> None:
    numbers = pl.int_range(start, start + 5_000, eager=True).to_numpy()
    mixed = scrambled(numbers, digits, shift)
    assert len(set(mixed.tolist())) == 5_000
    assert mixed.min() >= 0
    assert mixed.max() < 10**digits


def test_payment_ids_of_neighbouring_days_never_meet() -> None:
    ids = [payment_ids(DAY + timedelta(days=number), 2_000) for number in range(20)]
    assert pl.concat(ids).n_unique() == 40_000
