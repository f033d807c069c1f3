"""Who lives in the simulated world: customers, their devices, and merchants, the same on every day of one seed.

Habits are drawn here once; what somebody does on a given day is drawn in `world`.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from sources.simulation.vocabulary import COUNTRIES, stream

FAVOURITES = 4
RECORDS_PER_CUSTOMER = 5
RECORDS_PER_MERCHANT = 50
SECOND_DEVICE_SHARE = 0.4

# Coprime to 10, so that multiplying modulo 10**digits is a permutation: numbers look random and never repeat.
_MULTIPLIER = 387_420_489

_ADJECTIVES = (
    "amber brave brisk calm clear coral crisp dusky eager early fair gentle golden green happy humble icy "
    "jolly keen kind late light lively lucky mellow merry misty mild noble polar proud quick quiet rapid "
    "silent silver sunny swift warm wise"
)
_ANIMALS = (
    "badger bear beaver bison crane crow deer dolphin duck eagle falcon ferret finch fox gecko goose hare "
    "hawk heron ibis jay koala lark lemur lion lynx marten mole moose newt otter owl panda puffin raven "
    "robin seal stork swan wren"
)
_DOMAINS = "example.org example.net example.com"


@dataclass(frozen=True)
class Population:
    """Customers and devices by customer number, merchants by merchant number.

    Attributes:
        customers: one row per customer: `customer_id`, `email`.
        home: index into `COUNTRIES`, one per customer.
        activity: cumulative share of the payments, one per customer.
        favourites: merchant numbers of the home country, customers × 4.
        has_second_device: one per customer; the second device of customer c is device number `size + c`.
        device_ids: one per device number.
        device_risk: usual risk in [0, 1], one per device number.
        merchant_ids: one per merchant number; merchants of one country are neighbours.
        price: usual price in EUR, one per merchant number.
        spread: standard deviation of the logarithm of the price, one per merchant number.
        first_merchant: first merchant number of each country, with one more entry at the end.
    """

    customers: pl.DataFrame
    home: np.ndarray
    activity: np.ndarray
    favourites: np.ndarray
    has_second_device: np.ndarray
    device_ids: pl.Series
    device_risk: np.ndarray
    merchant_ids: pl.Series
    price: np.ndarray
    spread: np.ndarray
    first_merchant: np.ndarray

    @property
    def size(self) -> int:
        """Return the number of customers."""
        return len(self.home)

    def merchants_of(self, country: np.ndarray, draw: np.ndarray) -> np.ndarray:
        """Return one merchant number per country index; low draws in [0, 1) find the popular merchants."""
        first = self.first_merchant[country]
        count = self.first_merchant[country + 1] - first
        return first + (count * draw**2).astype(np.int64)


def scrambled(numbers: np.ndarray, digits: int, shift: int = 0) -> np.ndarray:
    """Return distinct numbers of at most `digits` digits for distinct numbers below 10**digits."""
    modulus = 10**digits
    return (numbers.astype(np.int64) % modulus * (_MULTIPLIER % modulus) + shift) % modulus


def identifiers(prefix: str, digits: int, numbers: np.ndarray) -> pl.Series:
    """Return the prefix and the zero-filled digits of each number."""
    return pl.Series(numbers.astype(np.int64)).cast(pl.String).str.zfill(digits).str.replace("^", prefix)


def populate(seed: int, records: int) -> Population:
    """Return the population whose size suits `records` payments a day; it depends on nothing else."""
    rng = stream(seed, "population")
    size = min(max(records // RECORDS_PER_CUSTOMER, 20), 5_000_000)
    shifts = rng.integers(0, 10**5, 4)
    first_merchant = _merchants_by_country(records)
    merchants = int(first_merchant[-1])
    home = rng.choice(len(COUNTRIES), size, p=[c.weight for c in COUNTRIES])
    activity = np.cumsum(rng.lognormal(0.0, 0.8, size))
    in_order = np.arange(size)
    people = Population(
        customers=pl.DataFrame(
            {
                "customer_id": identifiers("C", 7, scrambled(in_order, 7, int(shifts[0]))),
                "email": _emails(scrambled(in_order, 7, int(shifts[1]))),
            }
        ),
        home=home,
        activity=activity / activity[-1],
        favourites=np.empty((size, FAVOURITES), dtype=np.int64),
        has_second_device=rng.random(size) < SECOND_DEVICE_SHARE,
        device_ids=identifiers("D", 8, scrambled(np.arange(2 * size), 8, int(shifts[2]))),
        device_risk=rng.beta(1.5, 6.0, 2 * size),
        merchant_ids=identifiers("M", 5, scrambled(np.arange(merchants), 5, int(shifts[3]))),
        price=rng.lognormal(3.4, 0.9, merchants),
        spread=rng.uniform(0.15, 0.6, merchants),
        first_merchant=first_merchant,
    )
    for column in range(FAVOURITES):
        people.favourites[:, column] = people.merchants_of(home, rng.random(size))
    return people


def _merchants_by_country(records: int) -> np.ndarray:
    total = min(max(records // RECORDS_PER_MERCHANT, 60), 50_000)
    counts = [max(2, round(total * c.weight)) for c in COUNTRIES]
    return np.concatenate([[0], np.cumsum(counts)])


def _emails(numbers: np.ndarray) -> pl.Series:
    adjectives, animals, domains = (pl.Series(words.split()) for words in (_ADJECTIVES, _ANIMALS, _DOMAINS))
    parts = pl.DataFrame(
        {
            "adjective": adjectives[numbers % len(adjectives)],
            "animal": animals[numbers // len(adjectives) % len(animals)],
            "number": pl.Series(numbers // (len(adjectives) * len(animals))),
            "domain": domains[numbers % len(domains)],
        }
    )
    return parts.select(pl.format("{}.{}{}@{}", "adjective", "animal", "number", "domain")).to_series()
