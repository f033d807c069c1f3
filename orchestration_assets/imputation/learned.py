"""Learned imputers (`model`, `nearest`): fitted on good records, tested on records that they were not fitted on.

Cases lack some of their other fields, as the records that are asked about do. A field with too few cases to tell shares
those of all fields with the same promise: how sure a method is says much the same in all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import polars as pl

from orchestration_assets.imputation import nearest, trees
from orchestration_assets.imputation.calibration import Threshold, calibrate, shared_level
from validators.rules import FieldSpec, RuleSet

FOLDS = 5
KNOWN_RECORDS = 20_000
LEAST_RECORDS = 30
LACKING = (0, 0, 1)
"""So many of its other fields each case in turn lacks; of a record that lacks more nothing was measured."""
CLOSE = 0.005
"""A predicted number is right if it is within half a percent of the true one."""


class Predictor(Protocol):
    """Something that was fitted."""

    def predict(self, texts: pl.DataFrame) -> pl.DataFrame:
        """One row per row of `texts`: `predicted`, `strength`."""


FITTERS: dict[str, tuple[str, Callable[[pl.DataFrame, FieldSpec, list[str]], Predictor | None]]] = {
    "nearest": (nearest.VERSION, nearest.fit_nearest),
    "model": (trees.VERSION, trees.fit_trees),
}
"""Method to its version and what fits it."""


@dataclass(frozen=True)
class Learned:
    """A fitted predictor of one field, and how strong its predictions must be. `cases`: what it was measured on."""

    method: str
    version: str
    predictor: Predictor
    others: tuple[str, ...]
    usually_lacking: int
    cases: pl.DataFrame
    threshold: Threshold

    def predict(self, texts: pl.DataFrame) -> pl.DataFrame:
        """One row per row of `texts`: `predicted`, `strength`; no strength where it lacks more fields than any case."""
        lacking = pl.sum_horizontal(pl.col(name).is_null().cast(pl.Int64) for name in self.others)
        is_measured = texts.select(lacking <= self.usually_lacking + max(LACKING)).to_series()
        return self.predictor.predict(texts).with_columns(
            strength=pl.when(is_measured).then(pl.col("strength"))
        )


def learn(known: pl.DataFrame, name: str, method: str, rules: RuleSet) -> Learned | None:
    """`known`: good records as text, `_source` and one column per field. None where there is too little to learn from.

    Each record is predicted by a model that was fitted without its fold; the model that is kept saw all of them.
    """
    spec = rules.fields[name]
    held = known.drop_nulls(name)
    held = held.gather_every(held.height // KNOWN_RECORDS + 1)
    others = [
        other
        for other, of in rules.fields.items()
        if other != name and not (of.policy.is_key or of.policy.is_source)
    ]
    version, fit = FITTERS[method]
    predictor = fit(held, spec, others) if held.height >= LEAST_RECORDS and others else None
    if predictor is None:
        return None
    cases = _cases(held, spec, others, fit)
    lacking = held.select(pl.sum_horizontal(pl.col(n).is_null().cast(pl.Int64) for n in others)).to_series()
    threshold = calibrate(cases, spec.policy, "masked")
    return Learned(method, version, predictor, tuple(others), int(lacking.median() or 0), cases, threshold)  # type: ignore[arg-type]


def pooled(learned: dict[tuple[str, str], Learned], rules: RuleSet) -> dict[tuple[str, str], Learned]:
    """`learned`, those that could not show by their own cases that they keep the promise measured on those of all fields.

    Of one method, and of fields with the same promise. A field in which more than promised was wrong is left as it is.
    """
    out = {}
    for (name, method), one in learned.items():
        policy = rules.fields[name].policy
        alike = [
            other.cases
            for (field, m), other in learned.items()
            if m == method and rules.fields[field].policy.max_error == policy.max_error
        ]
        level = shared_level(2)
        own = calibrate(one.cases, policy, "masked", level)
        together = calibrate(pl.concat(alike), policy, "masked", level)
        above = one.cases.filter(together.may_apply())
        wrong = above.height - int(above["is_right"].sum())
        is_kept = together.is_applied and wrong <= policy.max_error * above.height
        usable = one.threshold if len(alike) == 1 else together if is_kept and not own.is_applied else own
        out[name, method] = replace(one, threshold=usable)
    return out


def _cases(
    held: pl.DataFrame,
    spec: FieldSpec,
    others: list[str],
    fit: Callable[[pl.DataFrame, FieldSpec, list[str]], Predictor | None],
) -> pl.DataFrame:
    """One row per known value, predicted by a model that did not see it: `strength`, `is_right`, `_source`."""
    number = pl.int_range(pl.len())
    folds = held.with_columns(_fold=number % FOLDS, _number=number)
    parts = [pl.DataFrame(schema={"strength": pl.Float64, "is_right": pl.Boolean, "_source": pl.String})]
    for fold in range(FOLDS):
        asked = folds.filter(pl.col("_fold") == fold)
        if (predictor := fit(folds.filter(pl.col("_fold") != fold), spec, others)) is not None:
            said = predictor.predict(_lacking(asked, others)).with_columns(
                truth=asked[spec.name], _source=asked["_source"]
            )
            said = said.drop_nulls("predicted")
            parts.append(said.select("strength", _is_right(spec).alias("is_right"), "_source"))
    return pl.concat(parts)


def _is_right(spec: FieldSpec) -> pl.Expr:
    same = pl.col("predicted") == pl.col("truth")
    if not spec.dtype.is_float():
        return same
    predicted, truth = (pl.col(name).cast(pl.Float64, strict=False) for name in ("predicted", "truth"))
    return (same | ((predicted - truth).abs() <= CLOSE * truth.abs())).fill_null(value=False)


def _lacking(asked: pl.DataFrame, others: list[str]) -> pl.DataFrame:
    """`asked`, each record without some of the `others`, drawn by its number."""
    many = pl.lit(pl.Series(LACKING)).gather(pl.col("_number") // FOLDS % len(LACKING))
    places = {name: pl.struct("_number", pl.lit(i)).hash(seed=1) for i, name in enumerate(others)}
    ranked = asked.select(
        pl.concat_list(places.values()).list.eval(pl.element().rank("ordinal")).alias("_rank"),
        many.alias("_many"),
    )
    hidden = [
        pl.when(ranked["_rank"].list.get(i) > ranked["_many"]).then(pl.col(name)).alias(name)
        for i, name in enumerate(others)
    ]
    return asked.with_columns(hidden)
