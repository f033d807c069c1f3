"""What truly happened on a day, and which system takes note of which payment.

Nothing is wrong in this module: notations belong to `notation`, damage to `damage`.
"""

from datetime import date

import numpy as np
import polars as pl

from sources.simulation.population import FAVOURITES, Population, identifiers, scrambled
from sources.simulation.vocabulary import COUNTRIES, CURRENCIES, FIELDS, TRUE_TYPES, stream

TRAVEL_SHARE = 0.03
FAVOURITE_SHARE = 0.7
ABROAD_MERCHANT_SHARE = 0.05
NO_RISK_SHARE = 0.1
LEDGER_ONLY_SHARE = 0.1
SHARED_SHARE = 0.15
# 70 % of the customers live in the EU: this makes both gateways take half of what gateways take.
GATEWAY_A_SHARE_OF_EU = 0.5 / sum(c.weight for c in COUNTRIES if c.is_eu)

_EPOCH = date(1970, 1, 1)
_MINUTES = 24 * 60
_ID_DIGITS = 10
_IDS_PER_DAY = 5_000_000
_OFFSETS_MINUTES = np.array([0, 60, 120, -300])

_CODES = pl.Series([c.alpha_2 for c in COUNTRIES])
_CURRENCY_OF = pl.Series([c.currency for c in COUNTRIES])
_RATE_OF = np.array([next(m.rate for m in CURRENCIES if m.code == c.currency) for c in COUNTRIES])
_IS_EU = np.array([c.is_eu for c in COUNTRIES])


def payments_of_day(
    people: Population, day: date, *, records: int, seed: int, shared_share: float = SHARED_SHARE
) -> pl.DataFrame:
    """Return one row per payment, in the order of time.

    Besides the ten true fields: `amount_e4` (the amount in ten-thousandths of the currency's unit), `taken_by`
    (the system that took the payment) and `is_shared` (the ledger booked a gateway's payment again).
    """
    rng = stream(seed, "payments", day)
    customer = np.searchsorted(people.activity, rng.random(records), side="right")
    country = _countries(people, customer, rng)
    merchant = _merchants(people, customer, country, rng)
    device = customer + people.size * (people.has_second_device[customer] & (rng.random(records) < 0.3))
    cents = _cents(people, merchant, country, rng)
    taken_by, is_shared = _takers(people.home[customer], rng, shared_share)
    frame = people.customers[customer].with_columns(
        payment_id=payment_ids(day, records),
        merchant_id=people.merchant_ids[merchant],
        device_id=people.device_ids[device],
        amount=pl.Series(cents / 100),
        currency=_CURRENCY_OF[country],
        country=_CODES[country],
        paid_at=_minutes_of_day(day, records, rng),
        device_risk=_risks(people.device_risk[device], rng),
        amount_e4=pl.Series(cents * 100),
        taken_by=taken_by,
        is_shared=pl.Series(is_shared),
    )
    return frame.select(*FIELDS, "amount_e4", "taken_by", "is_shared").cast(TRUE_TYPES)


def reported_by(source: str, payments: pl.DataFrame, day: date, *, seed: int) -> pl.DataFrame:
    """Return one row per payment that the source reports, with its habits of the moment.

    Adds `habit` (a draw in [0, 1) between its ways to write a word) and `offset` (minutes from UTC of its clock).
    """
    is_reported = pl.col("taken_by") == source
    if source == "ledger":
        is_reported |= pl.col("is_shared")
    reported = payments.filter(is_reported)
    rng = stream(seed, f"habits of {source}", day)
    return reported.with_columns(
        habit=pl.Series(rng.random(reported.height)),
        offset=pl.Series(rng.choice(_OFFSETS_MINUTES, reported.height)),
    )


def payment_ids(day: date, records: int) -> pl.Series:
    """Return the day's payment ids; unique over 2,000 days of up to 5 million payments (fewer of larger days)."""
    per_day = _IDS_PER_DAY * max(1, -(-records // _IDS_PER_DAY))
    numbers = (day - _EPOCH).days * per_day + np.arange(records)
    return identifiers("P", _ID_DIGITS, scrambled(numbers, _ID_DIGITS))


def _countries(people: Population, customer: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    home = people.home[customer]
    elsewhere = (home + rng.integers(1, len(COUNTRIES), len(home))) % len(COUNTRIES)
    return np.where(rng.random(len(home)) < TRAVEL_SHARE, elsewhere, home)


def _merchants(
    people: Population, customer: np.ndarray, country: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    size = len(customer)
    is_abroad = rng.random(size) < ABROAD_MERCHANT_SHARE
    place = np.where(is_abroad, rng.integers(0, len(COUNTRIES), size), country)
    other = people.merchants_of(place, rng.random(size))
    favourite = people.favourites[customer, rng.integers(0, FAVOURITES, size)]
    is_favourite = (country == people.home[customer]) & (rng.random(size) < FAVOURITE_SHARE)
    return np.where(is_favourite, favourite, other)


def _cents(
    people: Population, merchant: np.ndarray, country: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    noise = np.exp(people.spread[merchant] * rng.standard_normal(len(merchant)))
    return np.maximum(1, np.rint(people.price[merchant] * noise * _RATE_OF[country] * 100)).astype(np.int64)


def _takers(home: np.ndarray, rng: np.random.Generator, shared_share: float) -> tuple[pl.Series, np.ndarray]:
    size = len(home)
    is_ledger_only = rng.random(size) < LEDGER_ONLY_SHARE
    is_a = _IS_EU[home] & (rng.random(size) < GATEWAY_A_SHARE_OF_EU)
    names = pl.Series(["gateway_b", "gateway_a", "ledger"], dtype=pl.String)
    taken_by = names[np.where(is_ledger_only, 2, is_a.astype(np.int64))]
    return taken_by, ~is_ledger_only & (rng.random(size) < shared_share)


def _minutes_of_day(day: date, records: int, rng: np.random.Generator) -> pl.Series:
    busy = 1.2 - np.cos(2 * np.pi * np.arange(_MINUTES) / _MINUTES)
    reached = np.cumsum(busy)
    minute = np.sort(np.searchsorted(reached / reached[-1], rng.random(records), side="right"))
    seconds = pl.Series((day - _EPOCH).days * 86_400 + minute * 60).cast(pl.Int64)
    return pl.from_epoch(seconds, time_unit="s").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _risks(usual: np.ndarray, rng: np.random.Generator) -> pl.Series:
    noisy = np.round(np.clip(usual + rng.normal(0, 0.03, len(usual)), 0, 1), 3)
    is_unknown = rng.random(len(usual)) < NO_RISK_SHARE
    return pl.Series(np.where(is_unknown, np.nan, noisy)).fill_nan(None)
