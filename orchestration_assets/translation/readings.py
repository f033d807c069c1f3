"""What a translator is made of: readings, each of which reads one notation, and can write it where that is possible."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from validators.parsing import Notation
from validators.rules import FieldSpec


@dataclass(frozen=True)
class Reading:
    """One notation. `parse` gives the contract's own text, null where the notation does not fit.

    `render` writes known values (the contract's text) in this notation, so that the translator can be put to the test
    on them. Readings of one `convention` stand or fall together: what one value proves about day and month or about
    point and comma holds for the whole column of a source.
    """

    name: str
    parse: Callable[[pl.Expr], pl.Expr]
    render: Callable[[pl.Expr], pl.Expr] | None = None
    convention: str = ""


@dataclass(frozen=True)
class Translator:
    """A versioned method: the readings that it tries on a field of a source, in order of preference."""

    name: str
    version: str
    readings: Callable[[FieldSpec, Notation], list[Reading]]
