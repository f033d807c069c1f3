"""The program of a group of examples, and how often programs learned without an example are right about it.

Examples that contradict the others are expected: a person errs, another source errs. The search begins with a few
examples and takes in those that the program found so far gets wrong, as long as some program agrees with all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from orchestration_assets.settlement.gate import Measured
from orchestration_assets.translation.learned.programs import Program, simplest
from orchestration_assets.translation.learned.segments import Outline
from validators.parsing import read_back, write
from validators.rules import FieldSpec

FOLDS = 10
"""Up to so many and two examples, each is predicted without itself; of more, each without its tenth."""
_READABLE_SHARE = 0.9
_STARTS, _ROUNDS = 4, 6
_TEXT, _SAID = "original", "said"


@dataclass(frozen=True)
class Example:
    """One distinct text, cut into the segments of its outline, what is true, and the class of who says so."""

    original: str
    values: tuple[str, ...]
    truth: str
    evidence_class: str


@dataclass(frozen=True)
class Induced:
    """The simplest program, and the `rivals` that are as right about all examples and hardly less simple."""

    program: Program
    rivals: tuple[Program, ...]


def induce(outline: Outline, examples: Sequence[Example], spec: FieldSpec) -> Induced | None:
    """The simplest program that is right about nearly all `examples`, all of one `outline`; null if there is none."""
    best: tuple[int, float, list[Program]] | None = None
    for targets in _targets(examples, spec):
        for start in range(min(_STARTS, len(examples))):
            found = _refined(outline, examples, targets, start, spec)
            if found is None:
                continue
            right, programs = found
            if best is None or (-right, programs[0].cost) < (-best[0], best[1]):
                best = (right, programs[0].cost, programs)
            if right == len(examples):
                break
    if best is None or best[0] < _READABLE_SHARE * len(examples) or best[2][0].is_identity:
        return None
    return Induced(best[2][0], tuple(best[2][1:]))


def tested(outline: Outline, examples: Sequence[Example], spec: FieldSpec) -> dict[str, Measured]:
    """Per evidence class: how often the program learned without an example is right about it. Abstentions are no cases."""
    folds = len(examples) if len(examples) <= FOLDS + 2 else FOLDS
    tallies = {"judged": [0, 0], "agreement": [0, 0]}
    for fold in range(folds):
        held = examples[fold::folds]
        found = induce(outline, [e for i, e in enumerate(examples) if i % folds != fold], spec)
        for example, said in zip(held, _predicted(found, held, spec), strict=True):
            if said is not None:
                tallies[example.evidence_class][0] += 1
                tallies[example.evidence_class][1] += said == example.truth
    return {name: Measured(cases, right, name) for name, (cases, right) in tallies.items()}


def in_contract(text: pl.Expr, spec: FieldSpec) -> pl.Expr:
    """What a program gives, as the contract writes it."""
    return text if spec.dtype == pl.String else write(read_back(text, spec.dtype), spec.dtype)


def _predicted(found: Induced | None, examples: Sequence[Example], spec: FieldSpec) -> list[str | None]:
    """What the program says, null where it says nothing or a rival something else."""
    if found is None:
        return [None] * len(examples)
    said = _read([found.program, *found.rivals], examples, spec)
    is_open = [pl.col(name) != pl.col("0") for name in said.columns[1:]]
    open_ = pl.any_horizontal(pl.lit(value=False), *is_open).fill_null(value=False)
    return said.select(pl.when(~open_).then("0")).to_series().to_list()


def _refined(
    outline: Outline, examples: Sequence[Example], targets: Sequence[str], start: int, spec: FieldSpec
) -> tuple[int, list[Program]] | None:
    """The best programs that were found from two of the examples on, and how many `examples` they are right about.

    `start`: which two, evenly over all of them; there are _STARTS.
    """
    first = start * len(examples) // _STARTS
    chosen, best, passed = sorted({first, (first + 1) % len(examples)}), None, set[int]()
    for _ in range(_ROUNDS):
        pieces = simplest(outline, [examples[i].values for i in chosen], [targets[i] for i in chosen])
        if not pieces:
            # The one that was taken in last contradicts the others: it is passed over.
            if best is None:
                return None
            passed.add(chosen.pop())
        else:
            rights = _rights(programs := _fitted(outline, pieces, examples), examples, spec)
            most = max(sum(of) for of in rights)
            kept = [i for i, of in enumerate(rights) if sum(of) == most]
            if best is None or most > best[0]:
                best = (most, [_within(programs[i], rights[i], examples) for i in kept])
            wrong = [i for i, is_right in enumerate(rights[kept[0]]) if not is_right]
            wrong = [i for i in wrong if i not in passed and i not in chosen]
            if not wrong:
                break
            chosen.append(wrong[0])
    return best


def _fitted(outline: Outline, pieces: list, examples: Sequence[Example]) -> list[Program]:
    lengths = _lengths(examples)
    return [Program(outline, one, lengths) for one in pieces]


def _lengths(examples: Sequence[Example]) -> tuple[tuple[int, int], ...]:
    of_segments = zip(*(map(len, example.values) for example in examples), strict=True)
    return tuple((min(of), max(of)) for of in map(list, of_segments))


def _within(program: Program, right: list[bool], examples: Sequence[Example]) -> Program:
    """`program` for texts whose segments are as long as those about which it is right."""
    kept = [example for example, is_right in zip(examples, right, strict=True) if is_right]
    return replace(program, lengths=_lengths(kept)) if kept else program


def _rights(programs: Sequence[Program], examples: Sequence[Example], spec: FieldSpec) -> list[list[bool]]:
    """Per program and example: whether it is right."""
    truth = pl.Series([example.truth for example in examples], dtype=pl.String)
    return [of.eq_missing(truth).to_list() for of in _read(programs, examples, spec)]


def _read(programs: Sequence[Program], examples: Sequence[Example], spec: FieldSpec) -> pl.DataFrame:
    """What each program makes of each example: columns `0`, `1` and so on."""
    texts = pl.LazyFrame({_TEXT: [example.original for example in examples]}, schema={_TEXT: pl.String})
    return texts.select(
        in_contract(program.parse(pl.col(_TEXT)), spec).alias(str(i)) for i, program in enumerate(programs)
    ).collect()


def _targets(examples: Sequence[Example], spec: FieldSpec) -> list[list[str]]:
    """What the programs are to give: the truths; of numbers also as exact as the most exact one is."""
    truths = [example.truth for example in examples]
    decimals = {len(truth.partition(".")[2]) for truth in truths}
    if not spec.dtype.is_float() or len(decimals) == 1:
        return [truths]
    most = max(decimals)
    return [truths, [_with_decimals(truth, most) for truth in truths]]


def _with_decimals(number: str, most: int) -> str:
    whole, _, part = number.partition(".")
    return f"{whole}.{part.ljust(most, '0')}" if "e" not in number.lower() else number
