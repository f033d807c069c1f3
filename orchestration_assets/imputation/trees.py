"""Gradient-boosted trees: a field learned from the other fields of good records, for numbers and for texts of few values."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from orchestration_assets.imputation.nearest import PREDICTED
from validators.parsing import write
from validators.rules import FieldSpec

VERSION = "1"
MOST_VALUES = 50
"""A text with more distinct values is not learned by trees."""
_CATEGORIES = 200
_SEED = 20261101
_ROUNDED = 2
_SPREAD = (0.1, 0.9)
_ROUNDS = 60


@dataclass(frozen=True)
class Trees:
    """What was fitted: `features` turns texts into numbers, `model` predicts; `spread` are two quantiles, for numbers."""

    spec: FieldSpec
    features: "Features"
    model: Any
    spread: tuple[Any, Any] | None

    def predict(self, texts: pl.DataFrame) -> pl.DataFrame:
        """One row per row of `texts`: `predicted`, `strength`."""
        rows = self.features.of(texts)
        if self.spread is None:
            odds = self.model.predict_proba(rows)
            values = self.model.classes_[odds.argmax(axis=1)]
            return pl.DataFrame({"predicted": list(values), "strength": odds.max(axis=1)}, schema=PREDICTED)
        number = self.model.predict(rows)
        low, high = (one.predict(rows) for one in self.spread)
        width = np.abs(high - low) / np.maximum(np.abs(number), 1e-9)
        rounded = pl.Series(number).round(0 if self.spec.dtype.is_integer() else _ROUNDED)
        text = (
            rounded.cast(self.spec.dtype)
            .to_frame("n")
            .select(write(pl.col("n"), self.spec.dtype))
            .to_series()
        )
        return pl.DataFrame({"predicted": text, "strength": 1 / (1 + width)}, schema=PREDICTED)


@dataclass(frozen=True)
class Features:
    """The other fields as numbers: numbers as they are, texts as the number of their value; what is missing stays so."""

    numbers: list[str]
    codes: dict[str, list[str]]

    def of(self, texts: pl.DataFrame) -> np.ndarray:
        """One row per row of `texts`, one column per feature, nan where there is no value."""
        columns = [pl.col(name).cast(pl.Float64, strict=False) for name in self.numbers]
        columns += [
            pl.col(name).replace_strict(values, range(len(values)), default=None, return_dtype=pl.Float64)
            for name, values in self.codes.items()
        ]
        return texts.select(columns).to_numpy() if columns else np.zeros((texts.height, 1))

    @property
    def is_code(self) -> list[bool]:
        """Per column, whether its numbers stand for values without an order."""
        return [False] * len(self.numbers) + [True] * len(self.codes) or [False]


def fit_trees(known: pl.DataFrame, spec: FieldSpec, others: list[str]) -> Trees | None:
    """`known`: good records as text. None where there is nothing to learn: one value only, or too many of a text."""
    from threadpoolctl import threadpool_limits

    held = known.drop_nulls(spec.name)
    distinct = held[spec.name].n_unique()
    is_number = spec.dtype.is_numeric()
    has_too_many = distinct > min(MOST_VALUES, held.height // 2)  # values that occur once each teach nothing
    if distinct < 2 or (has_too_many and not is_number):
        return None
    features = _features(held, others)
    # One thread: on a busy machine OpenMP's threads wait for each other a hundred times longer than the work takes.
    with threadpool_limits(limits=1):
        if is_number:
            return _of_numbers(features, held, spec)
        return _of_texts(features, held, spec)


def _of_texts(features: Features, held: pl.DataFrame, spec: FieldSpec) -> Trees:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(**_options(features))
    return Trees(spec, features, model.fit(features.of(held), held[spec.name].to_numpy().astype(str)), None)


def _of_numbers(features: Features, held: pl.DataFrame, spec: FieldSpec) -> Trees:
    from sklearn.ensemble import HistGradientBoostingRegressor

    rows, truth = features.of(held), held[spec.name].cast(pl.Float64).to_numpy()
    losses: list[dict[str, Any]] = [
        {"loss": "absolute_error"},
        *({"loss": "quantile", "quantile": share} for share in _SPREAD),
    ]
    model, low, high = (
        HistGradientBoostingRegressor(**loss, **_options(features)).fit(rows, truth) for loss in losses
    )
    return Trees(spec, features, model, (low, high))


def _options(features: Features) -> dict[str, Any]:
    return {
        "categorical_features": features.is_code,
        "random_state": _SEED,
        "early_stopping": False,
        "max_iter": _ROUNDS,
    }


def _features(known: pl.DataFrame, others: list[str]) -> Features:
    numbers, codes = [], {}
    for name in others:
        column = known[name].drop_nulls()
        if column.is_empty():
            continue
        if column.cast(pl.Float64, strict=False).null_count() == 0:
            numbers.append(name)
        else:
            codes[name] = column.value_counts(sort=True)[name].head(_CATEGORIES).sort().to_list()
    return Features(numbers, codes)
