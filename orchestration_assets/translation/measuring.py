"""Measuring apart from any run what runs asked for: readings, placeholders and pairs of fields, on known values."""

from collections.abc import Iterable

import polars as pl

from orchestration_assets.settlement.gate import Measured
from orchestration_assets.translation import neighbours
from orchestration_assets.translation.decide import measure_all
from orchestration_assets.translation.measurements import Asked, Measurements, written_as
from orchestration_assets.translation.readings import Reading
from orchestration_assets.translation.registry import TRANSLATORS
from orchestration_assets.translation.translate import (
    PLACEHOLDER,
    Notations,
    known_texts,
    measure_placeholder,
)
from validators.parsing import Notation
from validators.rules import RuleSet


def measured(
    asked: Iterable[Asked], known: pl.DataFrame, rules: RuleSet, notations: Notations
) -> dict[Asked, Measured]:
    """What `known` records (`_source`, one text column per field) say of each reading, and of every pair of fields.

    What no declaration and no translator knows any longer is left out.
    """
    told: dict[Asked, Measured] = {}
    together: dict[Asked, list[Asked]] = {}
    for one in asked:
        spec = rules.fields.get(one.field)
        if spec is not None and one.translator == PLACEHOLDER.name and one.written in notations:
            told[one] = measure_placeholder(known_texts(known, one.written, one.field))
        elif spec is not None and one.translator in spec.policy.translate:
            rivals = Asked(one.field, one.written, one.translator, one.version, one.competing, "")
            together.setdefault(rivals, []).append(one)
    for rivals, of_them in together.items():
        told |= _measured_together(rivals, of_them, known, rules, notations)
    pairs = Measurements()
    neighbours.fit_across(known, rules, pairs)
    return told | pairs.told


def _measured_together(
    rivals: Asked, asked: list[Asked], known: pl.DataFrame, rules: RuleSet, notations: Notations
) -> dict[Asked, Measured]:
    found = _written(rivals, notations)
    if found is None:
        return {}
    source, notation = found
    readings = _readings(rivals, rules, notation)
    by_name = {reading.name: reading for reading in readings}
    mine = [one for one in asked if one.reading in by_name]
    texts = known_texts(known, source, rivals.field)
    tested = [by_name[one.reading] for one in mine]
    return dict(
        zip(mine, measure_all(tested, readings, rules.fields[rivals.field], rules, texts), strict=True)
    )


def _written(rivals: Asked, notations: Notations) -> tuple[str, Notation] | None:
    """The first source that writes the field so, and its notation."""
    for source, of_source in notations.items():
        notation = of_source.get(rivals.field, Notation())
        if written_as(notation) == rivals.written:
            return source, notation
    return None


def _readings(rivals: Asked, rules: RuleSet, notation: Notation) -> list[Reading]:
    """The readings that compete, in their order; none if the translator has another version or other readings now."""
    translator = TRANSLATORS[rivals.translator]
    if translator.version != rivals.version:
        return []
    for _, readings in translator.stages(rules.fields[rivals.field], notation):
        by_name = {reading.name: reading for reading in readings}
        if set(rivals.competing) <= set(by_name):
            return [by_name[name] for name in rivals.competing]
    return []
