"""Whether the numbers of a field are of another scale than they used to be, while the shape of their distribution is the same.

A change is told from enough values only: rescaled by the factor they must fall together with the known ones, as they are
they must not.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration_assets.drift.values import distance
from validators.parsing import UNITS

ENOUGH = 30
_FACTORS = {
    100.0: "hundred times", 1000.0: "thousand times", 10.0: "ten times", 1e6: "million times", 60.0: "sixty times",
    3600.0: "3600 times", 24.0: "24 times", 0.453592: "pounds to kilograms", 1.609344: "miles to kilometres",
    2.54: "inches to centimetres", 0.3048: "feet to metres", 28.349523: "ounces to grams",
}  # fmt: skip
_SHIFTED = {(1.8, 32.0): "Celsius to Fahrenheit", (1.0, 273.15): "Celsius to Kelvin"}
_MUCH_CLOSER = 0.25
_FALL_TOGETHER = 0.25
_SAME_SHAPE = 0.15
_FAR = 5.0


@dataclass(frozen=True)
class ScaleChange:
    """`now = factor * former + offset`, as far as values can tell. `name` in words; `is_known`: a usual change of units."""

    factor: float
    offset: float
    name: str
    is_known: bool
    before: float
    """Distance from the known values as they are, 0 to 1."""
    after: float
    """Distance once they are scaled back."""


def scale_change(values: pl.Series, known: pl.Series) -> ScaleChange | None:
    """The change of scale from `known` to `values`, typed numbers of one field; None where there is none to tell."""
    now, former = (s.cast(pl.Float64).drop_nulls().drop_nans() for s in (values, known))
    if min(now.len(), former.len()) < ENOUGH:
        return None
    before = distance(now, former)
    if before < 2 * _MUCH_CLOSER:
        return None
    best = min(
        (
            ScaleChange(f, o, name, known_, before, distance((now - o) / f, former))
            for f, o, name, known_ in _changes(now, former)
        ),
        key=lambda change: change.after - 0.05 * change.is_known,
        default=None,
    )
    if best is None or before - best.after < _MUCH_CLOSER:
        return None
    return best if best.after <= (_FALL_TOGETHER if best.is_known else _SAME_SHAPE) else None


def unit_for(declared: str | None, change: ScaleChange, *, is_money: bool) -> tuple[str | None, bool]:
    """The unit that the numbers count in now, and whether there is such a one to declare (None: no unit)."""
    per_one = (UNITS[declared] if declared else 1.0) * change.factor
    if change.offset:
        return None, False
    if np.isclose(per_one, 1.0):
        return None, True
    fitting = [unit for unit, per in UNITS.items() if np.isclose(per, per_one)]
    preferred = "cents" if is_money else "percent"
    return (preferred if preferred in fitting else fitting[0], True) if fitting else (None, False)


def _changes(now: pl.Series, former: pl.Series) -> list[tuple[float, float, str, bool]]:
    """Factor, offset, name and whether it is a usual one: those near the ratio of the medians, and the ratio itself."""
    middle, before = float(np.median(now.to_numpy())), float(np.median(former.to_numpy()))
    found = [(factor, offset, name, True) for (factor, offset), name in _SHIFTED.items()]
    found += [(1 / factor, -offset / factor, f"{name}, reversed", True) for factor, offset, name, _ in found]
    if middle <= 0 or before <= 0:
        return found
    ratio = middle / before
    for factor, name in _FACTORS.items():
        for f, told in (
            (factor, name),
            (
                1 / factor,
                f"{name} less" if factor in (10, 24, 60, 100, 1000, 3600, 1e6) else f"{name}, reversed",
            ),
        ):
            if 0.4 < ratio / f < 2.5:
                found.append((f, 0.0, told, True))
    if max(ratio, 1 / ratio) >= _FAR:
        found.append((ratio, 0.0, f"about {ratio:.3g} times", False))
    return found
