"""Damaging a delivery: cells change, records arrive twice, and a note of it is kept.

What happens to which record is drawn in `events`, the damaged values are written by `spelling`, and lines that
are no records any more by `breakage`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl

from sources.simulation.events import Event, drawn, openings, possible_events
from sources.simulation.notation import Notation
from sources.simulation.rates import DamageRates
from sources.simulation.spelling import changed_truth, missing, other_notation, placeholder, typos
from sources.simulation.vocabulary import FIELDS

DUPLICATE_LABEL = "record:duplicate"
LONGEST_LAG_LINES = 50


class Damaged(NamedTuple):
    """A delivery after damage: one row per delivered record, in the order of delivery.

    `cells` are the ten text columns, `truth` the reported payments in the same order, `labels` the lists of
    `<field>:<kind>`.
    """

    cells: pl.DataFrame
    truth: pl.DataFrame
    labels: pl.Series


def damaged(
    reported: pl.DataFrame, notation: Notation, rates: DamageRates, rng: np.random.Generator
) -> Damaged:
    """Return the records as the source delivers them: damaged, and some of them twice."""
    cells = notation.cells(reported)
    events = list(possible_events(notation, rates))
    rows, which = drawn(openings(reported, cells), events, rates.share, rng)
    changes = [
        change
        for index, event in enumerate(events)
        if event.kind != "duplicate" and (hit := rows[which == index]).size
        for change in _changes(event, hit, reported, cells, notation, rng)
    ]
    is_duplicate = np.isin(which, [i for i, event in enumerate(events) if event.kind == "duplicate"])
    return _delivered(_applied(cells, changes), reported, _labels(changes), rows[is_duplicate], rng)


class _Change(NamedTuple):
    field: str
    kind: str
    rows: np.ndarray
    texts: pl.Series


def _changes(
    event: Event,
    rows: np.ndarray,
    reported: pl.DataFrame,
    cells: pl.DataFrame,
    notation: Notation,
    rng: np.random.Generator,
) -> Iterator[_Change]:
    """Yield what the event writes into each of its fields, only where that differs from what stood there."""
    around = reported[rows].hstack(cells[rows].rename(lambda name: f"cell_{name}"))
    around = around.with_columns(draw=pl.Series(rng.random(len(rows))))
    for name in event.fields:
        texts = _texts(event, name, around, notation, rng)
        is_changed = texts.ne_missing(around[f"cell_{name}"])
        yield _Change(name, event.kind, rows[is_changed.to_numpy()], texts.filter(is_changed))


def _texts(
    event: Event, name: str, around: pl.DataFrame, notation: Notation, rng: np.random.Generator
) -> pl.Series:
    match event.kind:
        case "missing":
            return around.with_columns(texts=missing(name, notation))["texts"]
        case "placeholder":
            return around.with_columns(texts=placeholder())["texts"]
        case "notation":
            return around.with_columns(texts=other_notation(name, notation))["texts"]
        case "typo":
            return typos(name, around, rng)
        case "swapped":
            other = event.fields[1 - event.fields.index(name)]
            return around[f"cell_{other}"]
        case kind:  # unit, out_of_domain, disagree: a wrong value, properly written
            return notation.cells(around.with_columns(changed_truth(kind, name)))[name]


def _applied(cells: pl.DataFrame, changes: list[_Change]) -> pl.DataFrame:
    columns = {name: cells[name].clone() for name in FIELDS}
    for change in changes:
        columns[change.field] = columns[change.field].scatter(change.rows, change.texts)
    return pl.DataFrame(columns)


def _labels(changes: list[_Change]) -> pl.DataFrame:
    """Return one row per damaged record: `row`, `damage` (its labels in alphabetic order)."""
    notes = [
        pl.DataFrame({"row": change.rows}, schema={"row": pl.Int64}).with_columns(
            damage=pl.lit(f"{change.field}:{change.kind}")
        )
        for change in changes
    ]
    empty = pl.DataFrame(schema={"row": pl.Int64, "damage": pl.String})
    return pl.concat([empty, *notes]).sort("row", "damage").group_by("row", maintain_order=True).agg("damage")


def _delivered(
    cells: pl.DataFrame,
    truth: pl.DataFrame,
    labels: pl.DataFrame,
    again: np.ndarray,
    rng: np.random.Generator,
) -> Damaged:
    """Put each duplicate some lines after its original."""
    places = np.concatenate(
        [np.arange(cells.height), again + rng.integers(0, LONGEST_LAG_LINES, len(again)) + 0.5]
    )
    order = np.argsort(places, kind="stable")
    rows = np.concatenate([np.arange(cells.height), again])[order]
    noted = pl.DataFrame({"row": rows, "is_again": order >= cells.height}, schema_overrides={"row": pl.Int64})
    noted = noted.join(labels, on="row", how="left", maintain_order="left")
    damage = pl.col("damage").fill_null(pl.lit([], pl.List(pl.String)))
    copied = pl.lit([DUPLICATE_LABEL], pl.List(pl.String))
    return Damaged(
        cells[rows],
        truth[rows],
        noted.select(pl.when("is_again").then(copied).otherwise(damage).alias("damage")).to_series(),
    )
