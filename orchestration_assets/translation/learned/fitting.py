"""Everything that examples teach of the fields of a contract: lookups and programs, each measured without itself.

What is uncertain of a program is whether it reads the next text, so its cases are distinct texts: one that is met 300
times is one case. Texts that keep the rules of their field are learned apart from those that do not, and only where nearly
all that look alike are to be changed: then their source writes another notation, and is not merely wrong at times.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import polars as pl

from orchestration_assets.settlement.gate import METHOD_SCHEMA, Measured
from orchestration_assets.translation.learned.examples import learned_fields
from orchestration_assets.translation.learned.inducing import Example, Induced, induce, tested
from orchestration_assets.translation.learned.lookups import (
    COLUMN,
    FEWEST_PAIRS,
    LOOKUP_SCHEMA,
    lookups_of,
    votes,
)
from orchestration_assets.translation.learned.segments import Cut, Outline, by_runs, by_separators
from orchestration_assets.translation.learned.weighing import gated, whose
from orchestration_assets.translation.readings import Translator
from validators.rules import FieldSpec, RuleSet

LEARNED = Translator("learned", "1", lambda _spec, _notation: [])
LOOKUP, PROGRAM = "lookup", "program"
EXAMPLES_PER_OUTLINE = 4_000
EXAMPLES_PER_COLUMN = 20_000
"""So many distinct texts of one field of one source are looked at: those that people stated first, then drawn by hash."""
_OUTLINES_PER_COLUMN = 50
_FEWEST_STATED = 2
_CHANGED_SHARE = 0.9


@dataclass(frozen=True)
class LearnedProgram:
    """A program for one field of one source, and what was measured of it. `is_good`: for texts that keep the rules."""

    source: str
    field: str
    is_good: bool
    found: Induced
    measured: Measured
    is_applied: bool
    evidence: str


@dataclass(frozen=True)
class LearnedTranslation:
    """What examples taught. `lookups` as LOOKUP_SCHEMA."""

    lookups: pl.DataFrame
    programs: tuple[LearnedProgram, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to propose."""
        return self.lookups.is_empty() and not self.programs

    @property
    def has_good(self) -> bool:
        """Whether anything was learned of texts that keep the rules of their field."""
        return self.lookups["is_good"].any() or any(program.is_good for program in self.programs)


NOTHING_LEARNED = LearnedTranslation(LOOKUP_SCHEMA.to_frame())


def learn_translation(examples: pl.DataFrame, rules: RuleSet) -> LearnedTranslation:
    """What `examples` (EXAMPLE_SCHEMA) teach of the fields that are translated."""
    known = examples.filter(pl.col("field").is_in(learned_fields(rules)))
    if known.is_empty():
        return NOTHING_LEARNED
    # What a person said of a thing counts, and not what another report says of it.
    known = known.sort(pl.col("evidence_class") != "judged", maintain_order=True)
    known = _systematic(known.unique([*COLUMN, "original", "about"], keep="first", maintain_order=True))
    columns = known.sort("_source", "field", "is_good").partition_by(
        COLUMN, as_dict=True, maintain_order=True
    )
    programs = [
        program
        for (source, name, is_good), part in columns.items()
        for program in _programs(part, str(source), rules.fields[name], is_good=bool(is_good))
    ]
    return LearnedTranslation(lookups_of(known, rules), tuple(programs))


def methods_of_learned(learned: LearnedTranslation, rules: RuleSet) -> pl.DataFrame:
    """What was measured, as METHOD_SCHEMA: one row per lookup, and one per program, its outline as the shape.

    `parameters` say what it does; of personal fields they quote nothing.
    """
    limits = {name: spec.policy.max_error for name, spec in rules.fields.items()}
    pair = pl.format("'{}' stands for '{}'", "original", "repaired")
    lookups = learned.lookups.with_columns(
        pl.lit(LEARNED.name).alias("method"),
        pl.lit(LEARNED.version).alias("version"),
        pl.col("_source").alias("source"),
        pl.lit(LOOKUP).alias("arm"),
        pl.when(~pl.col("field").is_in(rules.personal)).then(pair).otherwise(pl.lit("")).alias("parameters"),
        pl.col("field").replace_strict(limits, return_dtype=pl.Float64).alias("max_error"),
    )
    rows = [_as_method(program, rules.fields[program.field]) for program in learned.programs]
    return pl.concat([lookups.select(METHOD_SCHEMA.names()), pl.DataFrame(rows, schema=METHOD_SCHEMA)])


def _as_method(learned: LearnedProgram, spec: FieldSpec) -> dict[str, object]:
    return {
        "method": LEARNED.name,
        "version": LEARNED.version,
        "field": learned.field,
        "source": learned.source,
        "shape": learned.found.program.reads,
        "arm": PROGRAM,
        "parameters": learned.found.program.words(is_personal=spec.policy.is_personal),
        "cases": learned.measured.cases,
        "right": learned.measured.right,
        "evidence_class": learned.measured.evidence_class,
        "error_bound": learned.measured.error_bound,
        "max_error": spec.policy.max_error,
        "is_applied": learned.is_applied,
    }


def _systematic(known: pl.DataFrame) -> pl.DataFrame:
    """`known` without the good texts of outlines that mostly stand as they are meant."""
    alike = pl.col("original").str.replace_all("[0-9]+", "9").str.replace_all(r"\p{L}+", "a")
    is_changed = (pl.col("original") != pl.col("truth")).mean().over([*COLUMN, alike])
    return known.filter(~pl.col("is_good") | (is_changed >= _CHANGED_SHARE))


def _programs(part: pl.DataFrame, source: str, spec: FieldSpec, *, is_good: bool) -> Iterator[LearnedProgram]:
    """The programs of one field of one source: by runs first, by separators for what these do not read."""
    left = _distinct(part)
    make = partial(_program, source=source, spec=spec, is_good=is_good)
    for cuts in (_one_cut, by_separators):
        for outline, examples in _outlines(left, cuts):
            read: set[str] = set()
            for learned, kept in _of_outline(outline, examples, make):
                yield learned
                read |= {example.original for example in kept}
            left = [example for example in left if example.original not in read]


def _of_outline(
    outline: Outline, examples: list[Example], make: Callable[[Outline, list[Example]], LearnedProgram | None]
) -> Iterator[tuple[LearnedProgram, list[Example]]]:
    """One program for the whole outline, or else one per shape: texts of other lengths may be written in another way."""
    if learned := make(outline, examples):
        yield learned, examples
        return
    shapes: dict[tuple[int, ...], list[Example]] = defaultdict(list)
    for example in examples:
        shapes[tuple(map(len, example.values))].append(example)
    if 1 < len(shapes) <= _OUTLINES_PER_COLUMN:
        for kept in shapes.values():
            if learned := make(outline, kept):
                yield learned, kept


def _program(
    outline: Outline, examples: list[Example], *, source: str, spec: FieldSpec, is_good: bool
) -> LearnedProgram | None:
    people = sum(example.evidence_class == "judged" for example in examples)
    if people < _FEWEST_STATED and len(examples) < FEWEST_PAIRS:
        return None
    found = induce(outline, examples, spec)
    if found is None:
        return None
    measured, is_applied = gated(tested(outline, examples, spec), spec.policy)
    words = found.program.words(is_personal=spec.policy.is_personal)
    evidence = measured.describe(f"learned from {whose(people, len(examples) - people)}: {words}")
    return LearnedProgram(source, spec.name, is_good, found, measured, is_applied, evidence)


def _distinct(part: pl.DataFrame) -> list[Example]:
    """The distinct texts, not yet cut, with what is said of them most often; those of which two things are said as often are left out."""
    led = votes(part, ["original"])
    is_stated = pl.col("judged") > pl.col("next_judged")
    is_agreed = (pl.col("sum_judged") == 0) & (pl.col("others") > pl.col("next_others"))
    decided = led.filter(is_stated | is_agreed)
    drawn = decided.sort(pl.col("judged") == 0, pl.col("original").hash(seed=20261101), "original")
    rows = drawn.head(EXAMPLES_PER_COLUMN).select("original", "truth", "judged").iter_rows()
    return [
        Example(original, (), truth, "judged" if judged else "agreement") for original, truth, judged in rows
    ]


def _one_cut(text: str) -> Iterator[Cut]:
    if cut := by_runs(text):
        yield cut


def _outlines(
    examples: list[Example], cuts: Callable[[str], Iterator[Cut]]
) -> list[tuple[Outline, list[Example]]]:
    """The examples by outline, the most frequent outlines first."""
    groups: dict[Outline, list[Example]] = defaultdict(list)
    for example in examples:
        for outline, values in cuts(example.original):
            groups[outline].append(replace(example, values=values))
    ranked = sorted(groups.items(), key=lambda group: -len(group[1]))[:_OUTLINES_PER_COLUMN]
    return [(outline, of[:EXAMPLES_PER_OUTLINE]) for outline, of in ranked]
