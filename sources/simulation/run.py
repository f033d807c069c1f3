"""One call that lets days pass in the simulated world: deliveries on disk, and the truth kept aside."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl

from sources.simulation.breakage import Lines, broken, cut_off
from sources.simulation.damage import Damaged, damaged
from sources.simulation.deliver import (
    csv_lines,
    deliver_csv,
    deliver_gateway_a,
    deliver_gateway_b,
    deliver_ledger,
    json_lines,
    replace_file,
)
from sources.simulation.errors import SimulationMistake
from sources.simulation.notation import Notation, notations
from sources.simulation.population import Population, populate
from sources.simulation.rates import DamageRates
from sources.simulation.vocabulary import FIELDS, Style, stream
from sources.simulation.world import payments_of_day, reported_by

DEFAULT_SEED = 20261101
DEFAULT_RECORDS = 5000
DEFAULT_RATES = DamageRates()


@dataclass(frozen=True)
class DayReport:
    """What one simulated day left behind.

    Attributes:
        day: the day.
        payments: payments that truly happened.
        delivered: lines (ledger: rows) per source; broken lines and duplicates count too.
        damaged: those of them with damage of any kind, broken lines included.
        unreadable: broken lines.
        files: the deliveries, then the file of truth.
    """

    day: date
    payments: int
    delivered: dict[str, int]
    damaged: int
    unreadable: int
    files: tuple[Path, ...]


def simulate(
    root: Path,
    days: Sequence[date | str],
    *,
    records: int = DEFAULT_RECORDS,
    seed: int = DEFAULT_SEED,
    rates: DamageRates = DEFAULT_RATES,
    style: Style = "systems",
) -> list[DayReport]:
    """Deliver each day's payments below `root` and return one report per day.

    `records` is the number of true payments a day; the sources deliver about 1.14 reports of each. The truth is
    `root/truth/<day>.parquet`, one row per delivered line: `source`, `row` (ordinal from 0 of the line after the
    header, or of the day's bookings by rowid), the ten true fields, `damage` (list of `<field>:<kind>`), and
    `is_readable`. The same arguments give the same bytes (ledger.sqlite: the same rows) on every call.

    Raises:
        SimulationMistake: a day, a number or the style is wrong.
    """
    return list(passing_days(root, days, records=records, seed=seed, rates=rates, style=style))


def passing_days(
    root: Path, days: Sequence[date | str], *, records: int, seed: int, rates: DamageRates, style: Style
) -> Iterator[DayReport]:
    """Do what `simulate` does, yielding each report as soon as its day is delivered."""
    dates = [_day(day) for day in days]
    _refuse_mistakes(records, seed, style)
    people = populate(seed, records)
    for day in dates:
        yield _deliver_day(root, people, day, records=records, seed=seed, rates=rates, style=style)


def _day(day: date | str) -> date:
    try:
        return date.fromisoformat(day) if isinstance(day, str) else day
    except ValueError as error:
        message = f"days: expected dates like 2026-11-01, got {day!r}."
        raise SimulationMistake(f"{message}\nHint: write year, month and day with hyphens.") from error


def _refuse_mistakes(records: int, seed: int, style: str) -> None:
    for name, value in (("records", records), ("seed", seed)):
        if value < 0:
            message = f"{name}: expected a whole number that is not negative, got {value}."
            raise SimulationMistake(f"{message}\nHint: leave it out for the default.")
    if style not in ("systems", "csv"):
        message = f"style: expected one of ['csv', 'systems'], got {style!r}."
        raise SimulationMistake(f"{message}\nHint: 'systems' writes as the three sources do.")


def _deliver_day(
    root: Path, people: Population, day: date, *, records: int, seed: int, rates: DamageRates, style: Style
) -> DayReport:
    shared = rates.booked_again_share
    payments = payments_of_day(people, day, records=records, seed=seed, shared_share=shared)
    files, truths = [], []
    for notation in notations(style):
        reported = reported_by(notation.source, payments, day, seed=seed)
        rng = stream(seed, f"damage of {notation.source}", day)
        delivery = damaged(reported, notation, rates, rng)
        path, breaks = _handed_over(root, notation, day, delivery, rates, rng)
        files.append(path)
        truths.append(_truth(notation.source, delivery, breaks))
    truth = pl.concat(truths)
    files.append(_kept_aside(root, day, truth))
    return _report(day, records, truth, tuple(files))


def _handed_over(
    root: Path, notation: Notation, day: date, delivery: Damaged, rates: DamageRates, rng: np.random.Generator
) -> tuple[Path, pl.Series]:
    """Deliver; return where, and per record what broke its line (null where nothing did)."""
    if notation.is_coded:
        unbroken = pl.repeat(None, delivery.cells.height, dtype=pl.String, eager=True)
        return deliver_ledger(root, day, delivery.cells), unbroken
    lines = _lines(notation, delivery, rates, rng)
    if notation.source == "gateway_b" and rates.cut_off:
        lines = cut_off(lines)
    if notation.style == "csv":
        return deliver_csv(root, notation.source, day, lines), lines.breaks
    deliver = deliver_gateway_a if notation.source == "gateway_a" else deliver_gateway_b
    return deliver(root, day, lines), lines.breaks


def _lines(notation: Notation, delivery: Damaged, rates: DamageRates, rng: np.random.Generator) -> Lines:
    is_json = notation.style == "systems" and notation.source == "gateway_b"
    delimiter = None if is_json else "," if notation.style == "csv" else ";"
    texts = csv_lines(delivery.cells, delimiter) if delimiter else json_lines(delivery.cells)
    candidates = np.flatnonzero((delivery.labels.list.len() == 0).to_numpy())
    return broken(texts, candidates, rates.broken_line_share, rng, delimiter)


def _truth(source: str, delivery: Damaged, breaks: pl.Series) -> pl.DataFrame:
    is_broken = breaks.is_not_null()
    frame = delivery.truth.select(FIELDS).with_columns(
        damage=delivery.labels, line=breaks, is_readable=~is_broken
    )
    return frame.select(
        pl.lit(source).alias("source"),
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row"),
        *FIELDS,
        pl.when("is_readable").then("damage").otherwise(pl.concat_list("damage", "line")).alias("damage"),
        "is_readable",
    )


def _kept_aside(root: Path, day: date, truth: pl.DataFrame) -> Path:
    content = BytesIO()
    truth.write_parquet(content)
    return replace_file(root / "truth" / f"{day.isoformat()}.parquet", content.getvalue())


def _report(day: date, records: int, truth: pl.DataFrame, files: tuple[Path, ...]) -> DayReport:
    return DayReport(
        day=day,
        payments=records,
        delivered={
            name: int((truth["source"] == name).sum()) for name in ("gateway_a", "gateway_b", "ledger")
        },
        damaged=int((truth["damage"].list.len() > 0).sum()),
        unreadable=int((~truth["is_readable"]).sum()),
        files=files,
    )
