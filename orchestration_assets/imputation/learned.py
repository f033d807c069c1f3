"""Learned imputers (`model`, `nearest`): fitted on good records, tested on records that they were not fitted on.

Cases lack some of their other fields, as the records that are asked about do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from orchestration_assets.imputation import nearest, trees
from orchestration_assets.imputation.calibration import Threshold, calibrate
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
    """A fitted predictor of one field, and how strong its predictions must be."""

    method: str
    version: str
    predictor: Predictor
    others: tuple[str, ...]
    usually_lacking: int
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
    lacking = held.select(pl.sum_horizontal(pl.col(n).is_null().cast(pl.Int64) for n in others)).to_series()
    threshold = calibrate(_cases(held, spec, others, fit), spec.policy, "masked")
    usually = int(lacking.quantile(0.5) or 0)
    return Learned(method, version, predictor, tuple(others), usually, threshold)


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
