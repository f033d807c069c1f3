"""The words of the simulated world: fields, sources, countries, currencies, and how people write them.

Only tables and what is looked up in them; who writes which word, and when, is decided elsewhere.
"""

import zlib
from datetime import date
from typing import Literal, NamedTuple

import numpy as np
import polars as pl

Style = Literal["systems", "csv"]

SOURCES = ("gateway_a", "gateway_b", "ledger")

TRUE_TYPES = pl.Schema(
    {
        "payment_id": pl.String(),
        "customer_id": pl.String(),
        "email": pl.String(),
        "merchant_id": pl.String(),
        "device_id": pl.String(),
        "amount": pl.Float64(),
        "currency": pl.String(),
        "country": pl.String(),
        "paid_at": pl.Datetime("us", "UTC"),
        "device_risk": pl.Float64(),
    }
)
FIELDS = tuple(TRUE_TYPES)

PLACEHOLDERS = ("N/A", "n/a", "-", "NULL", "unknown", "k.A.", "?")

_OUTSIDE_EU = ("US", "GB", "CH")


class Country(NamedTuple):
    """A country of ISO 3166-1 with its names, its currency and its share of the customers."""

    alpha_2: str
    alpha_3: str
    numeric: int
    english: str
    german: str
    currency: str
    weight: float

    @property
    def is_eu(self) -> bool:
        """Whether it is a member of the European Union."""
        return self.alpha_2 not in _OUTSIDE_EU


class Currency(NamedTuple):
    """A currency of ISO 4217; `rate` is how many of it a price of 1 EUR costs here."""

    code: str
    numeric: int
    name: str
    symbol: str
    rate: float


COUNTRIES = (
    Country("DE", "DEU", 276, "Germany", "Deutschland", "EUR", 0.20),
    Country("FR", "FRA", 250, "France", "Frankreich", "EUR", 0.12),
    Country("IT", "ITA", 380, "Italy", "Italien", "EUR", 0.08),
    Country("ES", "ESP", 724, "Spain", "Spanien", "EUR", 0.08),
    Country("NL", "NLD", 528, "Netherlands", "Niederlande", "EUR", 0.06),
    Country("AT", "AUT", 40, "Austria", "Österreich", "EUR", 0.04),
    Country("PL", "POL", 616, "Poland", "Polen", "PLN", 0.06),
    Country("SE", "SWE", 752, "Sweden", "Schweden", "SEK", 0.06),
    Country("US", "USA", 840, "United States", "Vereinigte Staaten", "USD", 0.12),
    Country("GB", "GBR", 826, "United Kingdom", "Vereinigtes Königreich", "GBP", 0.12),
    Country("CH", "CHE", 756, "Switzerland", "Schweiz", "CHF", 0.06),
)

CURRENCIES = (
    Currency("EUR", 978, "Euro", "€", 1.0),
    Currency("USD", 840, "US Dollar", "$", 1.1),
    Currency("GBP", 826, "Pound Sterling", "£", 0.85),
    Currency("CHF", 756, "Swiss Franc", "Fr.", 0.95),
    Currency("PLN", 985, "Polish Zloty", "zł", 4.3),
    Currency("SEK", 752, "Swedish Krona", "kr", 11.0),
)

COUNTRY_CODES = tuple(c.alpha_2 for c in COUNTRIES)
CURRENCY_CODES = tuple(c.code for c in CURRENCIES)

NO_CURRENCY, NO_COUNTRY, NO_NUMERIC = "XXX", "ZZ", "999"


def country_as(column: str) -> dict[str, str]:
    """Return alpha-2 code → the named column of `COUNTRIES`, as text."""
    return {c.alpha_2: str(getattr(c, column)) for c in COUNTRIES}


def currency_as(column: str) -> dict[str, str]:
    """Return alphabetic code → the named column of `CURRENCIES`, as text."""
    return {c.code: str(getattr(c, column)) for c in CURRENCIES}


def stream(seed: int, purpose: str, day: date | None = None) -> np.random.Generator:
    """Return the random numbers of one purpose, independent of all others and of the order of the calls."""
    ordinal = 0 if day is None else day.toordinal()
    return np.random.default_rng([seed, zlib.crc32(purpose.encode()), ordinal])
