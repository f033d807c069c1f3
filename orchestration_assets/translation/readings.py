"""What a translator is made of: readings, each of which reads one notation, and can write it where that is possible."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import polars as pl

from validators.parsing import Notation
from validators.rules import FieldSpec


@dataclass(frozen=True)
class Reading:
    """One notation. `parse` gives the contract's own text, null where the notation does not fit.

    `render` writes known values (the contract's text) in this notation, so that the translator can be put to the test
    on them. Readings of one `convention` stand or fall together: what one value proves about day and month or about
    point and comma holds for the whole column of a source. Readings of different `scale` make different amounts of the
    same text (`4.5` counted in percent, or in ones): the column decides by which of them falls among the known values.

    `specimens` gives more cases, one row each: `known` and `value`, how this notation writes it. They are for notations
    that say all by themselves (a unit, a word of a public vocabulary), where few values or none are known. What a
    reading with a `pattern` reads matches it: costly readings are left out where no value of the column does.
    """

    name: str
    parse: Callable[[pl.Expr], pl.Expr]
    render: Callable[[pl.Expr], pl.Expr] | None = None
    convention: str = ""
    scale: str = ""
    specimens: Callable[[], pl.DataFrame] | None = None
    pattern: str = ""


@dataclass(frozen=True)
class Translator:
    """A versioned method: the readings that it tries on a field of a source, in order of preference.

    `others` are tried on the shapes that none of `readings` reads.
    """

    name: str
    version: str
    readings: Callable[[FieldSpec, Notation], list[Reading]]
    others: Callable[[FieldSpec, Notation], list[Reading]] | None = None

    def stages(self, spec: FieldSpec, notation: Notation) -> Iterator[tuple[Self, list[Reading]]]:
        """The readings, and then the others, each with the translator itself."""
        for readings in (self.readings, self.others):
            if readings is not None:
                yield self, readings(spec, notation)
