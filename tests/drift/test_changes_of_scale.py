"""Numbers of another scale: told from enough values of the same shape, and never from fewer or from another shape."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration_assets.drift.units import scale_change, unit_for


def amounts(seed: int, count: int = 400, middle: float = 3.0) -> pl.Series:
    return pl.Series(np.random.default_rng(seed).lognormal(middle, 0.9, count))


@pytest.mark.parametrize("factor", [100, 1 / 100, 1000, 1 / 1000, 10, 60, 1e6])
def test_a_usual_factor_is_found(factor: float) -> None:
    change = scale_change(amounts(1) * factor, amounts(2))
    assert change is not None
    assert change.factor == pytest.approx(factor)
    assert change.is_known


def test_celsius_that_became_fahrenheit_is_found() -> None:
    celsius = pl.Series(np.random.default_rng(3).normal(18, 4, 300))
    change = scale_change(celsius * 1.8 + 32, pl.Series(np.random.default_rng(4).normal(18, 4, 300)))
    assert change is not None
    assert (change.factor, change.offset) == (1.8, 32.0)


@given(st.integers(0, 2**32 - 1))
def test_other_values_of_the_same_scale_are_no_change(seed: int) -> None:
    assert scale_change(amounts(seed), amounts(seed + 1)) is None


@pytest.mark.parametrize("factor", [1.05, 1.3, 0.8, 2.0])
def test_prices_that_rise_or_fall_are_no_change_of_scale(factor: float) -> None:
    assert scale_change(amounts(5) * factor, amounts(6)) is None


def test_few_values_tell_nothing() -> None:
    assert scale_change(amounts(7, 20) * 100, amounts(8)) is None


def test_another_shape_is_no_change_of_scale() -> None:
    assert scale_change(pl.Series(np.linspace(1500, 1600, 300)), amounts(9)) is None


@pytest.mark.parametrize(
    ("declared", "factor", "is_money", "unit"),
    [
        (None, 100, True, "cents"),
        (None, 100, False, "percent"),
        ("cents", 1 / 100, True, None),
        (None, 1 / 1000, False, "thousands"),
    ],
)
def test_the_unit_to_declare_follows_from_what_is_declared_and_the_factor(
    declared: str | None, factor: float, is_money: bool, unit: str | None
) -> None:
    change = scale_change(amounts(1) * factor, amounts(2))
    assert change is not None
    assert unit_for(declared, change, is_money=is_money) == (unit, True)


def test_sixty_times_is_no_unit_that_can_be_declared() -> None:
    change = scale_change(amounts(1) * 60, amounts(2))
    assert change is not None
    assert unit_for(None, change, is_money=False) == (None, False)
