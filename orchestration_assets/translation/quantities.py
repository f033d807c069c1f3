"""Numbers with a unit, a share or a scale: `12.0 oz. can`, `4,5 %`, `1.2 Mio.`, and what a bare number counts.

The field's contract names its unit; a unit of the same dimension is converted, any other is not read. Factors are
exact by definition: the international yard and pound (1959), the US customary gallon of 231 cubic inches.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from orchestration_assets.translation.numbers import COMMA, POINT, plain
from orchestration_assets.translation.numbers import as_text as text_of
from orchestration_assets.translation.readings import Reading, Translator
from validators.parsing import Notation
from validators.rules import FieldSpec

_POUND, _GALLON, _FOOT = 453.59237, 3785.411784, 0.3048


@dataclass(frozen=True)
class Unit:
    """`ones` of the dimension's base unit make one; `words` are how it is written, in lower case."""

    name: str
    dimension: str
    ones: float
    words: tuple[str, ...]


_TABLE = (
    ("mg", "mass", 0.001, "mg milligram milligrams milligramm"),
    ("g", "mass", 1.0, "g gr gram grams gramm gramme grammes"),
    ("kg", "mass", 1000.0, "kg kgs kilo kilos kilogram kilograms kilogramm"),
    ("t", "mass", 1_000_000.0, "t tonne tonnes tonnen"),
    ("oz", "mass", _POUND / 16, "oz ozs ounce ounces unze unzen"),
    ("lb", "mass", _POUND, "lb lbs pound pounds"),
    ("ml", "volume", 1.0, "ml milliliter milliliters millilitre millilitres"),
    ("cl", "volume", 10.0, "cl centiliter centiliters centilitre centilitres"),
    ("dl", "volume", 100.0, "dl deciliter deciliters decilitre decilitres"),
    ("l", "volume", 1000.0, "l lt ltr liter liters litre litres"),
    ("fl oz", "volume", _GALLON / 128, "fl|oz fluid|ounce fluid|ounces"),
    ("pt", "volume", _GALLON / 8, "pt pint pints"),
    ("qt", "volume", _GALLON / 4, "qt quart quarts"),
    ("gal", "volume", _GALLON, "gal gallon gallons"),
    ("mm", "length", 0.001, "mm millimeter millimeters millimetre millimetres"),
    ("cm", "length", 0.01, "cm centimeter centimeters centimetre centimetres"),
    ("m", "length", 1.0, "m meter meters metre metres"),
    ("km", "length", 1000.0, "km kms kilometer kilometers kilometre kilometres"),
    ("in", "length", _FOOT / 12, 'in inch inches zoll "'),
    ("ft", "length", _FOOT, "ft foot feet '"),
    ("yd", "length", _FOOT * 3, "yd yard yards"),
    ("mi", "length", _FOOT * 5280, "mi mile miles"),
    ("ms", "time", 0.001, "ms millisecond milliseconds"),
    ("s", "time", 1.0, "s sec secs second seconds sek sekunde sekunden"),
    ("min", "time", 60.0, "min mins minute minutes minuten"),
    ("h", "time", 3600.0, "h hr hrs hour hours std stunde stunden"),
    ("d", "time", 86400.0, "d day days tag tage"),
    ("B", "data", 1.0, "b byte bytes"),
    ("kB", "data", 1000.0, "kb kilobyte kilobytes"),
    ("MB", "data", 1000.0**2, "mb megabyte megabytes"),
    ("GB", "data", 1000.0**3, "gb gigabyte gigabytes"),
    ("KiB", "data", 1024.0, "kib"),
    ("MiB", "data", 1024.0**2, "mib"),
    ("GiB", "data", 1024.0**3, "gib"),
    ("C", "temperature", 1.0, "c °c celsius"),
    ("F", "temperature", 1.0, "f °f fahrenheit"),
    ("K", "temperature", 1.0, "k kelvin"),
)
UNITS = {
    name: Unit(name, dimension, ones, tuple(word.replace("|", " ") for word in words.split()))
    for name, dimension, ones, words in _TABLE
}
"""By the name that a contract gives as `unit`."""

_NOTE = r"(?:[\s,;(]+\p{L}[\p{L} .)&-]{0,40})"
SIGNIFICANT_DIGITS = (
    15  # what a double holds of a decimal number: the 17th digit of 0.093 is noise of a computation
)
GRID = tuple(i * 10.0**e for e in (-2, -1, 0, 1, 2) for i in range(1, 100))
_STEPS = 500


def words_of(unit: Unit) -> dict[str, Unit]:
    """How units of the same dimension are written. Among volumes an ounce is a fluid one."""
    words = {word: u for u in UNITS.values() if u.dimension == unit.dimension for word in u.words}
    if unit.dimension == "volume":
        words |= dict.fromkeys(UNITS["oz"].words, UNITS["fl oz"])
    return words


def as_text(number: pl.Expr, spec: FieldSpec) -> pl.Expr:
    """The contract's text of a number that was computed, without the noise of the computation."""
    return text_of(number.round_sig_figs(SIGNIFICANT_DIGITS), spec)


def amount_of(digits: pl.Expr, decimal: str) -> pl.Expr:
    """The number that the digits are, with the decimal mark `decimal`."""
    return plain(digits, decimal=decimal).cast(pl.Float64, strict=False)


def grid(texts: list[str], known: list[float], spec: FieldSpec) -> pl.DataFrame:
    """Numbers of many sizes: `known` as the field has it, `value` as the notation writes it."""
    numbers = pl.DataFrame({"n": known, "value": texts}, schema={"n": pl.Float64, "value": pl.String})
    return numbers.select(as_text(pl.col("n"), spec).alias("known"), "value").drop_nulls()


def _within(spec: FieldSpec) -> tuple[float, ...]:
    """Numbers of two decimals that the field's rules allow, as far as they name a lowest and a highest."""
    told = [told for _, told in spec.checks]
    low = max((t["min_value"] for t in told if t.get("min_value") is not None), default=None)
    high = min((t["max_value"] for t in told if t.get("max_value") is not None), default=None)
    if low is None or high is None or high - low < 1:
        return GRID
    return tuple(round(low + (high - low) * (i + 0.5) / _STEPS, 2) for i in range(_STEPS))


def with_decimals(number: float, decimal: str) -> str:
    """A number with two decimals."""
    return f"{number:.2f}".replace(".", decimal)


def _parse_quantity(
    spec: FieldSpec, unit: Unit, pattern: str, decimal: str, note: str
) -> Callable[[pl.Expr], pl.Expr]:
    words = words_of(unit)
    named = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    anchored = rf"^\s*(?<number>{pattern})\s*(?<unit>(?i:{named}))\.?{note}\s*$"
    factors = {word: u.ones / unit.ones for word, u in words.items()}
    shifts = {
        word: (_KELVIN[u.name][0], _KELVIN[u.name][1]) for word, u in words.items() if u.name in _KELVIN
    }

    def parse(text: pl.Expr) -> pl.Expr:
        parts = text.str.replace_all(r"(?i)fl\.\s*oz", "fl oz").str.extract_groups(anchored)
        word = parts.struct.field("unit").str.to_lowercase()
        amount = amount_of(parts.struct.field("number"), decimal)
        if unit.dimension == "temperature":
            return as_text(_converted(amount, word, shifts, unit), spec)
        factor = word.replace_strict(factors, default=None, return_dtype=pl.Float64)
        return as_text(amount * factor, spec)

    return parse


_KELVIN = {"C": (1.0, 273.15), "F": (5 / 9, 459.67 * 5 / 9), "K": (1.0, 0.0)}
"""Kelvins are `slope` times the reading, plus `shift`."""


def _converted(amount: pl.Expr, word: pl.Expr, shifts: dict[str, tuple[float, float]], unit: Unit) -> pl.Expr:
    slope = word.replace_strict({w: s for w, (s, _) in shifts.items()}, default=None, return_dtype=pl.Float64)
    shift = word.replace_strict({w: s for w, (_, s) in shifts.items()}, default=None, return_dtype=pl.Float64)
    own_slope, own_shift = _KELVIN[unit.name]
    # The sum of three numbers with two decimals: what is left of a computation with 273.15 is cut.
    return ((amount * slope + shift - own_shift) / own_slope).round(9)


def _render_with(suffix: str, decimal: str) -> Callable[[pl.Expr], pl.Expr]:
    def render(text: pl.Expr) -> pl.Expr:
        number = text if decimal == "." else text.str.replace(".", decimal, literal=True)
        return pl.concat_str(number, pl.lit(suffix))

    return render


def _quantity(spec: FieldSpec, notation: Notation) -> list[Reading]:
    unit = UNITS.get(spec.policy.unit or "")
    if unit is None or notation.unit is not None:
        return []
    word = unit.words[0]
    readings = []
    for noted, note in (("", ""), (" and a note", _NOTE)):
        suffix = f" {word}." + (" can" if noted else "")
        for convention, pattern, decimal in (("point", POINT, "."), ("comma", COMMA, ",")):
            readings.append(
                Reading(
                    name=f"{unit.name}{noted}, decimal {convention}",
                    parse=_parse_quantity(spec, unit, pattern, decimal, note),
                    render=_render_with(suffix, decimal),
                    convention=convention,
                    specimens=_specimens(spec, unit, decimal, suffix="can" if noted else ""),
                )
            )
    return readings


def _specimens(spec: FieldSpec, unit: Unit, decimal: str, suffix: str) -> Callable[[], pl.DataFrame]:
    """Numbers in the field's own unit, each written with one of its words."""
    words = [word for word, u in words_of(unit).items() if u.name == unit.name]

    def specimens() -> pl.DataFrame:
        numbers = list(_within(spec))
        parts = [
            grid([f"{with_decimals(n, decimal)} {word}. {suffix}".strip() for n in numbers], numbers, spec)
            for word in words
        ]
        return pl.concat(parts).sample(fraction=1.0, shuffle=True, seed=20261101)

    return specimens


QUANTITY = Translator("quantity", "1", _quantity)
"""Numbers with a unit; the field's own is `field(unit=…)`, one of `UNITS`."""
