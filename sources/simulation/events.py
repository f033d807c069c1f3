"""What can happen to which record, and what does: draws only, no values.

A record and an event meet by bits: one per field that is there to be damaged, and a few for circumstances.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl

from sources.simulation.notation import Notation
from sources.simulation.rates import DamageRates
from sources.simulation.spelling import DISAGREE_FIELDS, OUT_OF_DOMAIN_FIELDS, TYPO_FIELDS
from sources.simulation.vocabulary import FIELDS

SECOND_SHARE = 0.1
WRONG_TYPE_FACTOR = 0.05
SWAPPED_PAIRS = (("currency", "country"), ("merchant_id", "device_id"))

_BIT = {name: 1 << position for position, name in enumerate(FIELDS)}
_IS_SHARED, _IS_FIRST, _CODES_DIFFER = (1 << (len(FIELDS) + extra) for extra in range(3))


class Event(NamedTuple):
    """One way of damaging a record; it happens only to a record that has all the bits of `needs`."""

    kind: str
    fields: tuple[str, ...]
    weight: float
    needs: int

    @property
    def bits(self) -> int:
        """Return the bits of the fields that it changes."""
        return sum(_BIT[name] for name in self.fields)


def possible_events(notation: Notation, rates: DamageRates) -> Iterator[Event]:
    """Yield every way of damaging a record of this source, with its weight."""
    fields_of = {
        "missing": FIELDS,
        "placeholder": FIELDS,
        "notation": FIELDS,
        "typo": TYPO_FIELDS,
        "unit": ("amount",),
        "out_of_domain": OUT_OF_DOMAIN_FIELDS,
        "disagree": DISAGREE_FIELDS if notation.source == "ledger" else (),
    }
    for kind, names in fields_of.items():
        extra = _IS_SHARED | _IS_FIRST if kind == "disagree" else 0
        for name in names:
            is_wrong_type = (
                notation.is_coded and name in notation.numbers and kind in ("placeholder", "notation")
            )
            weight = getattr(rates, kind) / len(names) * (WRONG_TYPE_FACTOR if is_wrong_type else 1)
            yield Event(kind, (name,), weight, _BIT[name] | extra)
    for pair, extra in zip(SWAPPED_PAIRS, (_CODES_DIFFER, 0), strict=True):
        needs = _BIT[pair[0]] | _BIT[pair[1]] | _IS_FIRST | extra
        yield Event("swapped", pair, rates.swapped / len(SWAPPED_PAIRS), needs)
    yield Event("duplicate", (), rates.duplicate, _IS_FIRST)


def openings(reported: pl.DataFrame, cells: pl.DataFrame) -> np.ndarray:
    """Return, per record, the bits of what can be damaged; a value that is truly null cannot."""
    bits = np.full(reported.height, sum(_BIT.values()) | _IS_FIRST)
    bits -= _BIT["device_risk"] * reported["device_risk"].is_null().to_numpy()
    bits += _IS_SHARED * reported["is_shared"].to_numpy()
    return bits + _CODES_DIFFER * (cells["currency"] != cells["country"]).to_numpy()


def drawn(
    possible: np.ndarray, events: list[Event], share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the damaged rows and the index of each one's event; a row with two events stands there twice."""
    rows = np.flatnonzero(rng.random(len(possible)) < share)
    first = _event_of(possible[rows], events, rng)
    rows, first = rows[first >= 0], first[first >= 0]
    is_second = rng.random(len(rows)) < SECOND_SHARE
    is_second &= ~np.isin(first, [i for i, event in enumerate(events) if event.kind == "duplicate"])
    taken = np.array([event.bits for event in events])[first[is_second]]
    left = possible[rows[is_second]] & ~(taken | _IS_FIRST)
    second = _event_of(left, events, rng)
    return np.concatenate([rows, rows[is_second][second >= 0]]), np.concatenate([first, second[second >= 0]])


def _event_of(possible: np.ndarray, events: list[Event], rng: np.random.Generator) -> np.ndarray:
    """Return the index of an event that each record can have, by weight; -1 where there is none."""
    weights = np.array([event.weight for event in events])
    needs = np.array([event.needs for event in events])
    draws, chosen = rng.random(len(possible)), np.full(len(possible), -1)
    for bits in np.unique(possible):
        reached = np.cumsum(weights * ((needs & ~bits) == 0))
        if reached[-1] > 0:
            is_here = possible == bits
            chosen[is_here] = np.searchsorted(reached, draws[is_here] * reached[-1], side="right")
    return chosen
