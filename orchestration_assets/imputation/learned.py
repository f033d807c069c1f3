"""Learned imputers (`model`, `nearest`): fitted on good records, tested on records that they were not fitted on."""

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
    threshold: Threshold


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
    return Learned(
        method, version, predictor, calibrate(_cases(held, spec, others, fit), spec.policy, "masked")
    )


def _cases(
    held: pl.DataFrame,
    spec: FieldSpec,
    others: list[str],
    fit: Callable[[pl.DataFrame, FieldSpec, list[str]], Predictor | None],
) -> pl.DataFrame:
    """One row per known value, predicted by a model that did not see it: `strength`, `is_right`, `_source`."""
    number = pl.int_range(pl.len()) % FOLDS
    folds = held.with_columns(_fold=number)
    parts = [pl.DataFrame(schema={"strength": pl.Float64, "is_right": pl.Boolean, "_source": pl.String})]
    for fold in range(FOLDS):
        asked = folds.filter(pl.col("_fold") == fold)
        if (predictor := fit(folds.filter(pl.col("_fold") != fold), spec, others)) is not None:
            said = predictor.predict(asked).with_columns(truth=asked[spec.name], _source=asked["_source"])
            said = said.drop_nulls("predicted")
            parts.append(said.select("strength", _is_right(spec).alias("is_right"), "_source"))
    return pl.concat(parts)


def _is_right(spec: FieldSpec) -> pl.Expr:
    same = pl.col("predicted") == pl.col("truth")
    if not spec.dtype.is_float():
        return same
    predicted, truth = (pl.col(name).cast(pl.Float64, strict=False) for name in ("predicted", "truth"))
    return (same | ((predicted - truth).abs() <= CLOSE * truth.abs())).fill_null(value=False)
