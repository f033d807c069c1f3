"""Which reading a shape gets: decided from the whole column of a source, and put to the test on known values.

Frames of values here hold one row per distinct text: `shape`, `value`. A reading is chosen per shape; what day and
month or point and comma mean is decided by the values that only one convention can read, first within the shape, then
within the column; where no value decides, nothing is decided. What a number counts (percent, thousands) is decided by
the values that only one scale puts among the known values of the field.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import polars as pl

from orchestration_assets.settlement.gate import Measured, cases_needed
from orchestration_assets.translation.measurements import Measurements, asked_of
from orchestration_assets.translation.readings import Reading, Translator
from validators.parsing import Notation, read_back
from validators.rules import FieldSpec, RuleSet
from validators.shapes import with_shape

_READABLE_SHARE = 0.9
_MARGIN = 1.2
_SPARE = 8
# Of the known values, all but the most extreme are where a value is expected; and one expected value decides nothing.
_TAIL = 0.005
_FEWEST_KNOWN, _FEWEST_PROOFS, _AGREEING_SHARE = 30, 5, 0.95
UNKNOWN_SCALE = "another scale"


@dataclass(frozen=True)
class Choice:
    """The reading of one shape. `rivals` are the readings that would have given other values; empty if decided."""

    shape: str
    reading: Reading
    rivals: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """What is done with one shape of one field of one source."""

    source: str
    field: str
    shape: str
    translator: Translator
    reading: Reading
    measured: Measured
    is_applied: bool
    evidence: str
    is_disputed: bool = False
    """Other readings would have given other values: how often this one is right then was not measured."""


@dataclass(frozen=True)
class Column:
    """A field as one source wrote it: the distinct `values` of its samples (`shape`, `value`)."""

    source: str
    values: pl.DataFrame


def decide(
    columns: list[Column],
    *,
    spec: FieldSpec,
    rules: RuleSet,
    translators: list[tuple[Translator, list[Reading]]],
    known: pl.Series,
    notation: Notation | None = None,
    measurements: Measurements | None = None,
) -> list[Decision]:
    """One decision per column and shape that any translator reads; the first translator that reads a shape gets it.

    `columns`: those of all sources that write the field alike, in `notation`; each is decided by its own values, and all
    share the measurement of the readings, on the `known` values if it is not among the `measurements` of before.
    """
    measurements = Measurements() if measurements is None else measurements
    decided: list[dict[str, Decision]] = [{} for _ in columns]
    for translator, offered in translators:
        asked = [(c.values, list(shapes)) for c, shapes in zip(columns, decided, strict=True)]
        readings = _fitting(asked, offered)
        chosen = _choose(
            asked,
            readings,
            spec,
            rules,
            known,
        )
        tested = list({choice.reading.name: choice.reading for of in chosen for choice in of}.values())
        found = measurements.of(
            asked_of(spec, notation or Notation(), translator, tested, readings),
            spec.policy.max_error,
            partial(_measure_some, tested, readings, spec, rules, known),
        )
        measured = dict(zip([r.name for r in tested], found, strict=True))
        for column, choices, of_column in zip(columns, chosen, decided, strict=True):
            for choice in choices:
                of_column[choice.shape] = _decision(
                    choice, translator, measured[choice.reading.name], column.source, spec
                )
    return [decision for of_column in decided for decision in of_column.values()]


def _fitting(columns: list[tuple[pl.DataFrame, list[str]]], readings: list[Reading]) -> list[Reading]:
    """The readings without those whose pattern no value of an undecided shape matches."""
    if not any(reading.pattern for reading in readings):
        return readings
    values = pl.concat(values.filter(~pl.col("shape").is_in(shapes)) for values, shapes in columns)
    matched = values.select(
        pl.col("value").str.contains(reading.pattern).any().alias(str(i))
        for i, reading in enumerate(readings)
    ).row(0)
    return [reading for reading, is_matched in zip(readings, matched, strict=True) if is_matched]


def _choose(
    columns: list[tuple[pl.DataFrame, list[str]]],
    readings: list[Reading],
    spec: FieldSpec,
    rules: RuleSet,
    known: pl.Series,
) -> list[list[Choice]]:
    """Per column (its values, and the shapes that are decided): one choice for each other shape that can be read."""
    values = pl.concat(
        values.filter(~pl.col("shape").is_in(shapes)).select(
            pl.lit(i).alias("of"), "shape", "value", pl.lit(None, pl.String).alias("known")
        )
        for i, (values, shapes) in enumerate(columns)
    )
    if values.is_empty() or not readings:
        return [[] for _ in columns]
    told = _told(values.lazy(), readings, spec, rules, known)
    return [_choices(part, readings) for part in _parts(told, len(columns))]


def _parts(told: pl.DataFrame, count: int) -> list[pl.DataFrame]:
    """The rows of `told` for each `of`, from 0."""
    parts = told.partition_by("of", as_dict=True)
    return [parts.get((i,), told.clear()) for i in range(count)]


def measure(
    reading: Reading, readings: list[Reading], spec: FieldSpec, rules: RuleSet, known: pl.Series
) -> Measured:
    """Known values of the field, written in the notation of `reading`, and read back by the same procedure."""
    return measure_all([reading], readings, spec, rules, known)[0]


def _measure_some(
    tested: list[Reading],
    readings: list[Reading],
    spec: FieldSpec,
    rules: RuleSet,
    known: pl.Series,
    missing: list[int],
) -> list[Measured]:
    return measure_all([tested[i] for i in missing], readings, spec, rules, known)


def measure_all(
    tested: list[Reading], readings: list[Reading], spec: FieldSpec, rules: RuleSet, known: pl.Series
) -> list[Measured]:
    """`measure` of each reading in `tested`, in one pass."""
    wanted = int(cases_needed(spec.policy.max_error) * _MARGIN)
    written = [
        cases.lazy().select(pl.lit(i).alias("of"), "known", "value")
        for i, reading in enumerate(tested)
        if (cases := _written(reading, known.head(wanted), wanted)).height
    ]
    if not written:
        return [Measured(0, 0, "masked") for _ in tested]
    told = _told(with_shape(pl.concat(written), "value"), readings, spec, rules, known)
    return [_result(part, readings) for part in _parts(told, len(tested))]


def _written(reading: Reading, known: pl.Series, wanted: int) -> pl.DataFrame:
    """`known` and `value`, as the reading writes it: its specimens, each once, and the `known` values.

    Without specimens the cases follow the frequencies of the known values: for a reading that looks up words, a word
    that is often met would otherwise prove all the others.
    """
    parts = [pl.DataFrame(schema={"known": pl.String, "value": pl.String})]
    if reading.specimens is not None:
        # The field's rules will refuse some of them.
        parts.append(reading.specimens().select("known", "value").head(_SPARE * wanted))
    if reading.render is not None and known.len():
        parts.append(known.to_frame("known").with_columns(reading.render(pl.col("known")).alias("value")))
    return pl.concat(parts).drop_nulls()


def _result(told: pl.DataFrame, readings: list[Reading]) -> Measured:
    """In how many cases it was decided how to read what was written, and in how many rightly."""
    of_shape = {row["shape"]: row for row in told.to_dicts()}
    decided = [
        (of_shape[choice.shape], readings.index(choice.reading))
        for choice in _choices(told, readings)
        if not choice.rivals
    ]
    cases = sum(row[f"cases_{i}"] for row, i in decided)
    return Measured(cases, sum(row[f"right_{i}"] for row, i in decided), "masked")


def _told(
    values: pl.LazyFrame, readings: list[Reading], spec: FieldSpec, rules: RuleSet, known: pl.Series
) -> pl.DataFrame:
    """One row per `of` and shape of `values` (`of`, `shape`, `value`, `known`): what readings 0, 1, … make of it.

    `read_<i>`: the share that it reads within the field's domain; `cases_<i>` and `right_<i>`: how many it reads, and
    how many as the known value; `proof_<convention>`: how many values no other convention reads; `fits`: how many
    each set of scales puts among the `known` ones; `differ_<i>_<j>`: how many the two read otherwise.
    """
    indexes = range(len(readings))
    # Names that no field can have: a reading is judged as the field.
    read = values.select(
        *[pl.col(name).alias(f"_{name}") for name in ("of", "shape", "known")],
        *[reading.parse(pl.col("value")).alias(f"_{i}") for i, reading in enumerate(readings)],
    )
    for i in indexes:
        read = read.with_columns(read_back(pl.col(f"_{i}"), spec.dtype).alias(spec.name)).with_columns(
            pl.when(rules.is_good(spec.name)).then(pl.col(f"_{i}")).alias(f"_{i}")
        )
    text = [pl.col(f"_{i}") for i in indexes]
    read = read.with_columns(_fits(readings, text, known, spec).alias("_scales"))
    grouped = read.group_by(pl.col("_of").alias("of"), pl.col("_shape").alias("shape"), maintain_order=True)
    return grouped.agg(
        *[text[i].is_not_null().mean().alias(f"read_{i}") for i in indexes],
        *[text[i].count().alias(f"cases_{i}") for i in indexes],
        *[(text[i] == pl.col("_known")).sum().alias(f"right_{i}") for i in indexes],
        *[proof.sum().alias(f"proof_{name}") for name, proof in _proofs(readings, text).items()],
        pl.col("_scales").value_counts(name="values").alias("fits"),
        *[
            (text[i] != text[j]).sum().alias(f"differ_{i}_{j}")
            for i in indexes
            for j in range(i + 1, len(readings))
        ],
    ).collect()


def _choices(told: pl.DataFrame, readings: list[Reading]) -> list[Choice]:
    column = {c: int(told[f"proof_{c}"].sum()) for c in _conventions(readings)}
    fits: Counter[int] = Counter()
    for of_shape in told["fits"]:
        fits.update({row["_scales"]: row["values"] for row in of_shape.to_list()})
    choices = [_choose_one(row, readings, column, fits) for row in told.to_dicts()]
    return [choice for choice in choices if choice is not None]


def _conventions(readings: list[Reading]) -> list[str]:
    return sorted({r.convention for r in readings if r.convention})


def _scales(readings: list[Reading]) -> list[str]:
    """The scales in the order in which they are offered: of two that fit alike, the first is taken."""
    return list(dict.fromkeys(r.scale for r in readings if r.scale))


def _proofs(readings: list[Reading], text: list[pl.Expr]) -> dict[str, pl.Expr]:
    """Per convention: whether a value can be read by it and by no other convention."""
    return _alone(
        {
            c: pl.any_horizontal(text[i].is_not_null() for i, r in enumerate(readings) if r.convention == c)
            for c in _conventions(readings)
        }
    )


def _fits(readings: list[Reading], text: list[pl.Expr], known: pl.Series, spec: FieldSpec) -> pl.Expr:
    """Which scales put a value where the known values lie, as bits; none if they make different values of it."""
    none = pl.lit(0, pl.UInt64)
    scales = _scales(readings)
    # Every second one: what is measured on known values is not decided by the same alone.
    half = known.gather_every(2).to_frame("known")
    numbers = (
        half.select(_position(pl.col("known"), spec)).to_series().drop_nulls() if scales else half["known"]
    )
    if not scales or numbers.len() < _FEWEST_KNOWN:
        return none
    low, high = numbers.quantile(_TAIL), numbers.quantile(1 - _TAIL)
    said = [
        pl.coalesce(
            pl.when(_position(text[i], spec).is_between(low, high)).then(text[i])
            for i, r in enumerate(readings)
            if r.scale == s
        )
        for s in scales
    ]
    is_one = pl.min_horizontal(said) == pl.max_horizontal(said)
    bits = pl.sum_horizontal(
        pl.when(value.is_not_null()).then(pl.lit(1 << k, pl.UInt64)) for k, value in enumerate(said)
    )
    return pl.when(is_one).then(bits).otherwise(none)


def _position(text: pl.Expr, spec: FieldSpec) -> pl.Expr:
    """Where a value lies among others: a number itself, a moment by what it is counted in."""
    return read_back(text, spec.dtype).to_physical().cast(pl.Float64, strict=False)


def _alone(can: dict[str, pl.Expr]) -> dict[str, pl.Expr]:
    return {
        c: can[c] & ~pl.any_horizontal(pl.lit(value=False), *(can[o] for o in can if o != c)) for c in can
    }


def _choose_one(
    row: dict, readings: list[Reading], column: dict[str, int], fits: Mapping[int, int]
) -> Choice | None:
    able = [i for i in range(len(readings)) if row[f"read_{i}"] > 0]
    # Of the scales that can read this shape: the values of the whole column speak for one, or for none.
    here = {readings[i].scale for i in able}
    scale = _scale_of(fits, {s: 1 << k for k, s in enumerate(_scales(readings)) if s in here})
    able = [i for i in able if not (scale and readings[i].scale and readings[i].scale != scale)]
    if not able:
        return None
    choice = _choose_convention(row, readings, able, column)
    if choice.reading.scale and not scale and not choice.rivals:
        return replace(choice, rivals=(UNKNOWN_SCALE,))
    return choice


def _choose_convention(row: dict, readings: list[Reading], able: list[int], column: dict[str, int]) -> Choice:
    here = {c: int(row[f"proof_{c}"]) for c in column}
    proven = [c for c, count in here.items() if count]
    if len(proven) > 1:
        # Both ways of writing occur in one shape: what remains open within it must not follow the majority.
        disputed = [i for i in able if readings[i].convention in proven]
        chosen = readings[disputed[0]]
        rivals = tuple(readings[i].name for i in disputed if readings[i].convention != chosen.convention)
        return Choice(row["shape"], chosen, rivals)
    convention = _winner(here) or _winner(column)
    able = [
        i
        for i in able
        if not (readings[i].convention and convention and readings[i].convention != convention)
    ]
    able = [i for i in able if row[f"read_{i}"] >= _READABLE_SHARE] or able
    first = able[0]
    rivals = tuple(readings[i].name for i in able[1:] if row[f"differ_{first}_{i}"])
    return Choice(row["shape"], readings[first], rivals)


def _scale_of(fits: Mapping[int, int], bits: dict[str, int]) -> str | None:
    """The scale that all but a few values speak for: unlike a notation, a distribution has tails.

    `fits`: how many values fit each set of scales; `bits`: the scales that are asked for, each with its place in a set.
    """
    total = sum(count for fitting, count in fits.items() if fitting & sum(bits.values()))
    if total < _FEWEST_PROOFS:
        return None
    speaking = {s: sum(n for fitting, n in fits.items() if fitting & bit) for s, bit in bits.items()}
    best = max(speaking, key=speaking.__getitem__)
    return best if speaking[best] >= _AGREEING_SHARE * total else None


def _winner(proof: dict[str, int]) -> str | None:
    proven = [c for c, count in proof.items() if count]
    return proven[0] if len(proven) == 1 else None


def _decision(
    choice: Choice, translator: Translator, measured: Measured, source: str, spec: FieldSpec
) -> Decision:
    is_applied = not choice.rivals and measured.may_apply(spec.policy)
    evidence = measured.describe(f"{translator.name}, {choice.reading.name}")
    if choice.rivals:
        evidence += f"; could also be {', '.join(choice.rivals)}"
    return Decision(
        source,
        spec.name,
        choice.shape,
        translator,
        choice.reading,
        measured,
        is_applied=is_applied,
        evidence=evidence,
        is_disputed=bool(choice.rivals),
    )
