"""Fitted imputers in files: frames as Parquet, names as JSON. Nothing is pickled, so nothing can be run by reading it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from orchestration_assets.imputation.calibration import Threshold, as_frame, from_frame
from orchestration_assets.imputation.groups import GroupModel

GROUPS = pl.Schema({"group": pl.UInt64, "predicted": pl.String, "share": pl.Float64, "support": pl.UInt32})
"""One row per group: the hash of its value, what is predicted (null: nothing), the share and the number of those who say so."""

Key = tuple[str, str]
"""(field, arm)"""


def write_group(folder: Path, file: str, key: Key, model: GroupModel, met: pl.Series) -> dict[str, Any]:
    """Write the table of a model into `folder`; returns what `read_group` needs to know of it.

    `met`: every group that was met, also those that predict nothing.
    """
    table = met.drop_nulls().unique().to_frame(model.by).join(model.table, on=model.by, how="left")
    rows = table.select(_hashed(model.by).alias("group"), *list(GROUPS)[1:]).cast(GROUPS)
    rows.sort("group", "predicted").write_parquet(folder / file, compression="lz4")
    return {"file": file, "field": key[0], "arm": key[1], "method": model.method, "by": model.by}


def read_group(folder: Path, told: Mapping[str, Any], asked: pl.Series, threshold: Threshold) -> GroupModel:
    """The model that was written, for the groups that are `asked` (as text)."""
    by = told["by"]
    groups = asked.drop_nulls().unique(maintain_order=True).to_frame(by)
    groups = groups.with_columns(_hashed(by).alias("group"))
    table = pl.read_parquet(folder / told["file"])
    found = groups.join(table, on="group", how="inner", maintain_order="left").drop("group")
    return GroupModel(told["method"], by, found, threshold)


def write_thresholds(path: Path, models: Mapping[Key, GroupModel]) -> None:
    """Write what each model is worth."""
    as_frame({key: model.threshold for key, model in models.items()}).write_parquet(path)


def read_thresholds(path: Path, fit: str) -> dict[Key, Threshold]:
    """What each model is worth, as measured by `fit`; what was never measured is not there."""
    return {key: _measured_by(fit, one) for key, one in from_frame(pl.read_parquet(path)).items()}


def _measured_by(fit: str, threshold: Threshold) -> Threshold:
    own = {source: _measured_by(fit, one) for source, one in threshold.of_source.items()}
    return replace(threshold, above=replace(threshold.above, fit=fit), of_source=own)


def _hashed(by: str) -> pl.Expr:
    """A group's number: what is asked is compared with it, and the values themselves are not written down."""
    return pl.col(by).hash(seed=20261123)
