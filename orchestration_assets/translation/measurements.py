"""What readings were measured to be worth: taken from before where that suffices, measured anew where it does not.

A reading is measured together with those that it competes with: they decide which convention a value is read in.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass

import polars as pl

from orchestration_assets.settlement.gate import METHOD_SCHEMA, Measured, cases_needed
from orchestration_assets.translation.readings import Reading, Translator
from validators.parsing import Notation
from validators.rules import FieldSpec, RuleSet, digest

MEASUREMENTS = pl.Schema(
    {
        "field": pl.String(),
        "written": pl.String(),
        "translator": pl.String(),
        "version": pl.String(),
        "competing": pl.List(pl.String()),
        "reading": pl.String(),
        "cases": pl.Int64(),
        "right": pl.Int64(),
        "evidence_class": pl.String(),
    }
)
"""One row per reading that was asked for. `written`: how the field is written (`written_as`), or by which source."""


@dataclass(frozen=True)
class Asked:
    """Which reading is to be measured: of which field, written how, by which translator, against which others."""

    field: str
    written: str
    translator: str
    version: str
    competing: tuple[str, ...]
    reading: str


class Measurements:
    """What was measured `before`, and, in `told`, all that was asked of it."""

    def __init__(self, before: Mapping[Asked, Measured] | None = None) -> None:
        self.before = before or {}
        self.told: dict[Asked, Measured] = {}

    def of(
        self, asked: list[Asked], max_error: float, anew: Callable[[list[int]], list[Measured]]
    ) -> list[Measured]:
        """One per reading in `asked`; `anew` measures those (by position) of which too few cases are known."""
        enough = cases_needed(max_error)
        found = {i: self.before[one] for i, one in enumerate(asked) if one in self.before}
        missing = [i for i in range(len(asked)) if i not in found or found[i].cases < enough]
        found |= dict(zip(missing, anew(missing) if missing else [], strict=True))
        result = [found[i] for i in range(len(asked))]
        self.told.update(zip(asked, result, strict=True))
        return result


def written_as(notation: Notation) -> str:
    """A name for how a field is written, the same for all sources that write it alike."""
    return digest(repr(notation))


def asked_of(
    spec: FieldSpec,
    notation: Notation,
    translator: Translator,
    tested: list[Reading],
    readings: list[Reading],
) -> list[Asked]:
    """What `tested` readings are known by; `readings`: those that they compete with, themselves included."""
    names = tuple(reading.name for reading in readings)
    return [
        Asked(spec.name, written_as(notation), translator.name, translator.version, names, reading.name)
        for reading in tested
    ]


def as_frame(told: Mapping[Asked, Measured]) -> pl.DataFrame:
    """`told` as MEASUREMENTS, in an order that does not depend on how it came about."""
    rows = [
        {**asdict(asked), "cases": m.cases, "right": m.right, "evidence_class": m.evidence_class}
        for asked, m in told.items()
    ]
    frame = pl.DataFrame(rows, schema=MEASUREMENTS)
    joined = pl.col("competing").list.join("\x1f")
    return frame.sort("field", "written", "translator", "version", joined, "reading")


def from_frame(frame: pl.DataFrame, fit: str | None = None) -> dict[Asked, Measured]:
    """What `as_frame` wrote down; `fit`: where it was measured."""
    return {
        Asked(
            row["field"],
            row["written"],
            row["translator"],
            row["version"],
            tuple(row["competing"]),
            row["reading"],
        ): Measured(row["cases"], row["right"], row["evidence_class"], fit)
        for row in frame.to_dicts()
    }


def union(parts: Iterable[pl.DataFrame]) -> list[Asked]:
    """What several runs asked for, each once."""
    return list(dict.fromkeys(asked for part in parts for asked in from_frame(part)))


def methods_of(told: Mapping[Asked, Measured], rules: RuleSet) -> pl.DataFrame:
    """`told` as METHOD_SCHEMA: one row per reading, in general, of no shape."""
    rows = [
        {
            "method": a.translator,
            "version": a.version,
            "field": a.field,
            "source": "",
            "shape": "",
            "arm": a.reading,
            "parameters": f"of {len(a.competing)} readings" if a.competing else "",
            "cases": m.cases,
            "right": m.right,
            "evidence_class": m.evidence_class,
            "error_bound": m.error_bound,
            "max_error": rules.fields[a.field].policy.max_error,
            "is_applied": m.may_apply(rules.fields[a.field].policy),
        }
        for a, m in told.items()
    ]
    return pl.DataFrame(rows, schema=METHOD_SCHEMA)
