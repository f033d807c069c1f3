"""Which reading a shape gets: decided from the whole column of a source, and put to the test on known values.

Frames of values here hold one row per distinct text: `shape`, `value`. A reading is chosen per shape; what day and
month or point and comma mean is decided by the values that only one convention can read, first within the shape, then
within the column; where no value decides, nothing is decided.
"""

from dataclasses import dataclass

import polars as pl

from orchestration_assets.settlement.gate import Measured, cases_needed
from orchestration_assets.translation.readings import Reading, Translator
from validators.parsing import read_back
from validators.rules import FieldSpec, RuleSet
from validators.shapes import shape

_READABLE_SHARE = 0.9
_MARGIN = 1.2


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


def choose(values: pl.DataFrame, readings: list[Reading], spec: FieldSpec, rules: RuleSet) -> list[Choice]:
    """One choice per shape of `values` that any reading can read."""
    if values.is_empty() or not readings:
        return []
    return _choices(_read(values, readings, spec, rules), readings)


def _read(values: pl.DataFrame, readings: list[Reading], spec: FieldSpec, rules: RuleSet) -> pl.DataFrame:
    """`values` with `r0`, `r1`, …: what each reading makes of the value, null where it or the contract refuses."""
    names = [f"r{i}" for i in range(len(readings))]
    read = values.with_columns(r.parse(pl.col("value")).alias(f"r{i}") for i, r in enumerate(readings))
    good = [
        read.lazy()
        .select(read_back(pl.col(name), spec.dtype).alias(spec.name))
        .select(rules.is_good(spec.name).alias(f"ok_{name}"))
        for name in names
    ]
    judged = pl.concat([read.lazy(), *good], how="horizontal")
    texts = [pl.when(pl.col(f"ok_{name}")).then(pl.col(name)).alias(name) for name in names]
    return judged.with_columns(texts).drop(f"ok_{name}" for name in names).collect()


def _choices(read: pl.DataFrame, readings: list[Reading]) -> list[Choice]:
    read = _with_proof(read, readings)
    pairs = [(i, j) for i in range(len(readings)) for j in range(i + 1, len(readings))]
    shares = read.group_by("shape", maintain_order=True).agg(
        pl.col("^r[0-9]+$").is_not_null().mean(),
        pl.col("^proof_.*$").sum(),
        *[(pl.col(f"r{i}") != pl.col(f"r{j}")).sum().alias(f"differ_{i}_{j}") for i, j in pairs],
    )
    column = {c: int(shares[f"proof_{c}"].sum()) for c in _conventions(readings)}
    choices = [_choose_one(row, readings, column) for row in shares.to_dicts()]
    return [choice for choice in choices if choice is not None]


def in_domain(frame: pl.DataFrame, column: str, spec: FieldSpec, rules: RuleSet) -> pl.Series:
    """The texts of `column` that keep the rules of their field, null elsewhere."""
    value = frame.select(read_back(pl.col(column), spec.dtype).alias(spec.name))
    is_good = value.select(rules.is_good(spec.name)).to_series()
    return frame.select(pl.when(is_good).then(pl.col(column)).alias(column)).to_series()


def decide(
    values: pl.DataFrame,
    *,
    source: str,
    spec: FieldSpec,
    rules: RuleSet,
    translators: list[tuple[Translator, list[Reading]]],
    known: pl.Series,
    measured: dict[tuple[str, str], Measured] | None = None,
) -> list[Decision]:
    """One decision per shape that any translator reads; the first translator that reads a shape gets it.

    `measured`: what is known of (translator, reading) on `known` values so far; added to.
    """
    measured = {} if measured is None else measured
    decisions: dict[str, Decision] = {}
    for translator, readings in translators:
        open_values = values.filter(~pl.col("shape").is_in(list(decisions)))
        for choice in choose(open_values, readings, spec, rules):
            key = (translator.name, choice.reading.name)
            if key not in measured:
                measured[key] = measure(choice.reading, readings, spec, rules, known)
            decisions[choice.shape] = _decision(choice, translator, measured[key], source, spec)
    return list(decisions.values())


def measure(
    reading: Reading, readings: list[Reading], spec: FieldSpec, rules: RuleSet, known: pl.Series
) -> Measured:
    """Known values of the field, written in the notation of `reading`, and read back by the same procedure."""
    wanted = int(cases_needed(spec.policy.max_error) * _MARGIN)
    if reading.render is None or known.is_empty():
        return Measured(0, 0, "masked")
    written = (
        known.head(wanted).to_frame("known").with_columns(reading.render(pl.col("known")).alias("value"))
    )
    written = written.drop_nulls().with_columns(shape(pl.col("value")).alias("shape"))
    if written.is_empty():
        return Measured(0, 0, "masked")
    read = _read(written, readings, spec, rules)
    by_reading: dict[str, list[str]] = {}
    for choice in _choices(read, readings):
        if not choice.rivals:
            by_reading.setdefault(choice.reading.name, []).append(choice.shape)
    cases = right = 0
    for i, chosen in enumerate(readings):
        back = read.filter(pl.col("shape").is_in(by_reading.get(chosen.name, []))).drop_nulls(f"r{i}")
        cases += back.height
        right += int((back[f"r{i}"] == back["known"]).sum())
    return Measured(cases, right, "masked")


def _conventions(readings: list[Reading]) -> list[str]:
    return sorted({r.convention for r in readings if r.convention})


def _with_proof(read: pl.DataFrame, readings: list[Reading]) -> pl.DataFrame:
    """`read` with `proof_<convention>`: whether this value can be read by it and by no other convention."""
    conventions = _conventions(readings)
    can = {
        c: pl.any_horizontal(
            pl.col(f"r{i}").is_not_null() for i, r in enumerate(readings) if r.convention == c
        )
        for c in conventions
    }
    return read.with_columns(
        (can[c] & ~pl.any_horizontal(pl.lit(value=False), *(can[o] for o in conventions if o != c))).alias(
            f"proof_{c}"
        )
        for c in conventions
    )


def _choose_one(row: dict, readings: list[Reading], column: dict[str, int]) -> Choice | None:
    able = [i for i in range(len(readings)) if row[f"r{i}"] > 0]
    if not able:
        return None
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
    able = [i for i in able if row[f"r{i}"] >= _READABLE_SHARE] or able
    first = able[0]
    rivals = tuple(readings[i].name for i in able[1:] if row[f"differ_{first}_{i}"])
    return Choice(row["shape"], readings[first], rivals)


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
    )
