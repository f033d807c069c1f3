"""What holds for damage of any seed and rate: how much, where, and that the notes of it are right."""

import math
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.simulation import DamageRates, SimulationMistake
from sources.simulation.damage import DUPLICATE_LABEL, Damaged, damaged
from sources.simulation.notation import Notation, notations
from sources.simulation.population import populate
from sources.simulation.vocabulary import FIELDS
from sources.simulation.world import payments_of_day, reported_by

DAY = date(2026, 11, 1)
KINDS = (
    "missing",
    "placeholder",
    "notation",
    "typo",
    "unit",
    "swapped",
    "out_of_domain",
    "duplicate",
    "disagree",
)
ALL_NOTATIONS = [*notations("systems"), *notations("csv")]
PAYMENTS = payments_of_day(populate(3, 4000), DAY, records=4000, seed=3)


def delivery(notation: Notation, rates: DamageRates, seed: int = 1) -> tuple[pl.DataFrame, Damaged]:
    """The payments that the source reports, and what it makes of them."""
    reported = reported_by(notation.source, PAYMENTS, DAY, seed=3)
    return reported, damaged(reported, notation, rates, np.random.default_rng(seed))


def only(kind: str, share: float = 0.5) -> DamageRates:
    return DamageRates(share=share, **{name: float(name == kind) for name in KINDS})


@given(st.sampled_from(ALL_NOTATIONS), st.floats(0, 1), st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_a_cell_differs_from_its_proper_text_exactly_where_damage_is_noted(
    notation: Notation, share: float, seed: int
) -> None:
    _, result = delivery(notation, DamageRates(share=share, duplicate=0.0), seed)
    proper = notation.cells(result.truth)
    for field in FIELDS:
        noted = result.labels.list.eval(pl.element().str.starts_with(f"{field}:")).list.any()
        assert (result.cells[field].ne_missing(proper[field]) == noted).all()


@pytest.mark.parametrize("notation", ALL_NOTATIONS, ids=lambda n: f"{n.source}-{n.style}")
@pytest.mark.parametrize("share", [0.0, 0.1, 0.7, 1.0])
def test_the_damaged_share_is_within_five_standard_deviations(notation: Notation, share: float) -> None:
    reported, result = delivery(notation, DamageRates(share=share))
    count = (result.labels.list.len() > 0).sum()
    tolerance = 5 * math.sqrt(reported.height * share * (1 - share))
    assert abs(count - reported.height * share) <= tolerance + 0.01 * count


def test_one_damaged_record_of_ten_has_two_damaged_cells() -> None:
    _, result = delivery(ALL_NOTATIONS[3], DamageRates(share=1.0, swapped=0.0, duplicate=0.0))
    assert result.labels.list.len().max() == 2
    assert 0.07 < (result.labels.list.len() == 2).mean() < 0.13


@pytest.mark.parametrize("notation", ALL_NOTATIONS, ids=lambda n: f"{n.source}-{n.style}")
@pytest.mark.parametrize("kind", KINDS)
def test_a_single_kind_is_the_only_damage(notation: Notation, kind: str) -> None:
    _, result = delivery(notation, only(kind))
    kinds = result.labels.explode(empty_as_null=False).str.split(":").list.last().unique().to_list()
    is_possible = kind != "disagree" or notation.source == "ledger"
    assert kinds == ([kind] if is_possible else [])


def test_only_shared_bookings_disagree_and_another_amount_currency_or_country_is_booked() -> None:
    _, result = delivery(ALL_NOTATIONS[2], only("disagree", share=1.0))
    is_damaged = result.labels.list.len() > 0
    assert (is_damaged == result.truth["is_shared"]).all()
    assert set(result.labels.explode(empty_as_null=False)) == {
        "amount:disagree",
        "currency:disagree",
        "country:disagree",
    }


def test_a_duplicate_repeats_an_earlier_record_exactly() -> None:
    reported, result = delivery(ALL_NOTATIONS[0], DamageRates(share=0.3))
    is_duplicate = result.labels.list.contains(DUPLICATE_LABEL)
    assert result.cells.height == reported.height + is_duplicate.sum()
    both = result.cells.with_columns(is_duplicate, key=result.truth["payment_id"], row=pl.int_range(pl.len()))
    again, first = both.filter(is_duplicate), both.filter(~is_duplicate)
    pairs = again.join(first, on=["key", *FIELDS], nulls_equal=True)
    assert pairs.height == again.height > 0
    assert (pairs["row"] > pairs["row_right"]).all()


def test_swapped_fields_have_each_others_values() -> None:
    notation = ALL_NOTATIONS[3]
    _, result = delivery(notation, only("swapped", share=1.0))
    proper = notation.cells(result.truth)
    is_swapped = result.labels.list.contains("currency:swapped")
    assert (result.cells["currency"] == proper["country"]).filter(is_swapped).all()
    assert (result.cells["country"] == proper["currency"]).filter(is_swapped).all()


def test_unknown_risks_stay_unknown() -> None:
    _, result = delivery(ALL_NOTATIONS[3], DamageRates(share=1.0, duplicate=0.0))
    assert result.cells["device_risk"].filter(result.truth["device_risk"].is_null()).is_null().all()


def test_the_ledger_seldom_has_text_among_its_numbers() -> None:
    _, result = delivery(ALL_NOTATIONS[2], DamageRates(share=1.0))
    is_text = ~result.cells["paid_at"].fill_null("0").str.contains(r"^-?\d+$")
    assert 0 < is_text.sum() < 0.02 * len(is_text)


@pytest.mark.parametrize(
    ("changed", "name"),
    [({"share": 1.1}, "share"), ({"share": float("nan")}, "share"), ({"typo": -1.0}, "typo")],
)
def test_impossible_rates_are_refused_by_name(changed: dict[str, float], name: str) -> None:
    with pytest.raises(SimulationMistake, match=rf"DamageRates\.{name}: expected a number .*\nHint: "):
        DamageRates(**changed)
