"""Which undeclared column of a delivery stands for which field whose column is gone: evidence, assignment, and how sure.

The evidence of names, values, history and place is added up as log-likelihood ratios and normalised twice: over the columns
that the field could be, and over the fields that the column could be. Clear is only what names or history tell apart from
everything else: values that merely fit are a proposal.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from orchestration_assets.drift.candidates import Candidate, Delivered, Evidence, History, Matching
from orchestration_assets.drift.doubts import doubt_of, doubt_of_header
from orchestration_assets.drift.names import likeness, owners_in, sense
from orchestration_assets.drift.units import ScaleChange, scale_change, unit_for
from orchestration_assets.drift.values import ENOUGH, Fit, fit, fits, numbers, similarity, typed
from sources.declaration import Source
from validators.parsing import Notation
from validators.rules import FieldSpec, RuleSet

WORTH_PROPOSING = 0.2
_NOTHING = 2.0  # what must be outweighed: that a column is new, and a field gone
_PLACE = 1.5
_WORTH_COMPARING = 0.3
_GOOD, _CAP, _WEIGHT = 0.95, 0.02, 2.0
_NAME_WEIGHTS = ((1.0, 9.0), (0.98, 7.0), (0.9, 6.3), (0.7, 3.5), (0.35, 1.5), (0.01, -1.0))
_CONTRARY = -5.0


def match(
    delivered: Delivered,
    gone: tuple[str, ...],
    source: Source,
    rules: RuleSet,
    notations: Mapping[str, Notation],
    history: History,
) -> Matching:
    """The best one-to-one assignment of undeclared columns to the fields `gone`, each with how sure it is."""
    columns, gone = tuple(sorted(delivered.undeclared)), tuple(sorted(gone))  # their order decides nothing
    if not columns or not gone:
        return Matching({}, gone)
    names = [*gone, *(name for name in rules.fields if name not in gone)]
    evidence = _evidence(delivered, names, source, rules, notations, history)
    weights = np.array([[evidence[name, column].weight for column in columns] for name in names])
    best, margins = _assignment(weights[: len(gone)])
    chances = _probabilities(weights, len(gone))
    candidates = {}
    for row, name in enumerate(gone):
        if (at := best[row]) is None or chances[row, at] < WORTH_PROPOSING:
            continue
        told = evidence[name, columns[at]]
        candidate = Candidate(
            name, columns[at], float(chances[row, at]), margins[row], told.name, told.fit, told.similarity,
            told.is_specific, told.is_same_place, _unit(name, columns[at], told, source, rules), "",
        )  # fmt: skip
        doubt = doubt_of_header(candidate, rules, notations) or doubt_of(candidate, told, source, rules)
        candidates[name] = replace(candidate, doubt=doubt)
    return Matching(candidates, tuple(name for name in gone if name not in candidates))


def _evidence(
    delivered: Delivered,
    names: list[str],
    source: Source,
    rules: RuleSet,
    notations: Mapping[str, Notation],
    history: History,
) -> dict[tuple[str, str], Evidence]:
    """By (field, column), for each undeclared column and each field, also those that are not gone."""
    fitting = fits(delivered.values, names, rules, notations, thoroughly=delivered.undeclared)
    of_record = sense(source.feed).known | sense(rules.contract).known
    found = {}
    for name in names:
        spec, notation = rules.fields[name], notations.get(name, Notation())
        said = of_record | owners_in(spec.description)
        references = [name, *([source.columns[name]] if name in source.columns else [])]
        for column in delivered.undeclared:
            others = [fitting[other, name].share for other in delivered.values.columns if other != column]
            own, change, alike = _of_values(
                delivered.values[column], fitting[column, name], spec, rules, notation, history
            )
            told = Evidence(
                name=likeness(column, references, said=said),
                fit=own,
                similarity=alike,
                change=change,
                is_specific=own.share >= 0.8 and max(others, default=0.0) < 0.3,
                is_same_place=_is_same_place(column, name, delivered, source, history),
                weight=0.0,
            )
            found[name, column] = replace(told, weight=_weight(told, others))
    return found


def _of_values(
    texts: pl.Series, own: Fit, spec: FieldSpec, rules: RuleSet, notation: Notation, history: History
) -> tuple[Fit, ScaleChange | None, float | None]:
    """How well the texts fit the field, whether they are of another scale than its history, and how like that they are."""
    known = history.of(spec.name)
    if spec.dtype.is_numeric() and known.len():
        now = numbers(texts, spec, notation)
        if (change := scale_change(now, known)) is not None:
            return _fit_once_rescaled(texts, own, spec, rules, notation, change), change, 1 - change.after
    alike = (
        similarity(typed(texts, spec, rules, notation), known) if own.declared >= _WORTH_COMPARING else None
    )
    return own, None, alike


def _fit_once_rescaled(
    texts: pl.Series, own: Fit, spec: FieldSpec, rules: RuleSet, notation: Notation, change: ScaleChange
) -> Fit:
    unit, is_declarable = unit_for(notation.unit, change, is_money="money" in spec.policy.translate)
    return fit(texts, spec, rules, replace(notation, unit=unit)) if is_declarable else own


def _weight(told: Evidence, others: list[float]) -> float:
    name = (
        _CONTRARY
        if told.name.is_contrary
        else next((w for s, w in _NAME_WEIGHTS if told.name.score >= s), 0.0)
    )
    chance = float(np.clip((sum(others) + 0.05) / (len(others) + 0.5), _CAP, 1 - _CAP))
    share = told.fit.share
    per_value = share * np.log(_GOOD / chance) + (1 - share) * np.log((1 - _GOOD) / (1 - chance))
    values = _WEIGHT * per_value * min(1.0, told.fit.count / ENOUGH)
    history = 0.0 if told.similarity is None else float(np.clip((told.similarity - 0.75) * 12, -4, 2.5))
    return float(name + values + history + _PLACE * told.is_same_place)


def _assignment(weights: np.ndarray) -> tuple[list[int | None], list[float]]:
    """The column of each field, None where none is better than none, and what the next best assignment would cost."""
    best, total = _solved(weights)
    margins = []
    for row, column in enumerate(best):
        if column is None:
            margins.append(0.0)
            continue
        without = weights.copy()
        without[row, column] = -1e6
        margins.append(total - _solved(without)[1])
    return best, margins


def _solved(weights: np.ndarray) -> tuple[list[int | None], float]:
    from scipy.optimize import linear_sum_assignment

    rows, columns = weights.shape
    padded = np.hstack([weights, np.full((rows, rows), _NOTHING)])
    row_of, column_of = linear_sum_assignment(padded, maximize=True)
    best: list[int | None] = [None] * rows
    for row, column in zip(row_of.tolist(), column_of.tolist(), strict=True):
        best[row] = column if column < columns else None
    return best, float(padded[row_of, column_of].sum())


def _probabilities(weights: np.ndarray, gone: int) -> np.ndarray:
    """How probable each pair is, as the field sees it and as the column sees it: the lower of the two."""
    lifted = np.exp(np.clip(weights, -50, 50))
    of_field = lifted / (lifted.sum(axis=1, keepdims=True) + np.exp(_NOTHING))
    of_column = lifted / (lifted.sum(axis=0, keepdims=True) + np.exp(_NOTHING))
    return np.minimum(of_field, of_column)[:gone]


def _is_same_place(column: str, name: str, delivered: Delivered, source: Source, history: History) -> bool:
    """Whether the column stands where the field's column stood, in a header that is otherwise as long as it was."""
    former, now = history.columns, delivered.values.columns
    declared = source.columns.get(name)
    return len(former) == len(now) and declared in former and now[former.index(declared)] == column


def _unit(name: str, column: str, told: Evidence, source: Source, rules: RuleSet) -> str | None:
    """What the numbers of the column count, as values against history tell, else its name, else as it is declared."""
    declared = source.fields[name].unit if name in source.fields else None
    if not rules.fields[name].dtype.is_numeric():
        return declared
    if told.change is not None:
        unit, is_declarable = unit_for(
            declared, told.change, is_money="money" in rules.fields[name].policy.translate
        )
        return unit if is_declarable else declared
    if told.similarity is None and (said := sense(column).unit):
        return said
    return declared
