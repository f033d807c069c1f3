"""Fitted imputers in files: frames as Parquet, numbers as JSON. Nothing is pickled, so nothing can be run by reading it."""

import json
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from orchestration_assets.imputation.calibration import Calibration
from orchestration_assets.imputation.groups import GroupModel
from orchestration_assets.imputation.sequence import Threshold
from orchestration_assets.settlement.gate import Measured

_STORED: dict[str, type] = {one.__name__: one for one in (Calibration, Threshold, Measured)}
"""What may be made from a file: plain numbers, by the name of their class."""

GROUPS = pl.Schema({"group": pl.UInt64, "predicted": pl.String, "share": pl.Float64, "support": pl.UInt32})
"""One row per group: the hash of its value, what is predicted (null: nothing), the share and the number of those who say so."""


def as_plain(one: Any) -> Any:
    """A measured thing as JSON has it."""
    if is_dataclass(one) and type(one).__name__ in _STORED:
        told = {field.name: as_plain(getattr(one, field.name)) for field in fields(one)}
        return {"is": type(one).__name__, **told}
    return one


def from_plain(plain: Any, fit: str) -> Any:
    """What `as_plain` wrote down, as measured by `fit`; raises KeyError or TypeError for anything else."""
    if not isinstance(plain, dict):
        return plain
    told = {name: from_plain(value, fit) for name, value in plain.items() if name != "is"}
    made = _STORED[plain["is"]](**told)
    return replace(made, fit=fit) if isinstance(made, Measured) else made


def write_group(
    folder: Path, file: str, name: str, arm: str, model: GroupModel, met: pl.Series
) -> dict[str, Any]:
    """Write the table of a model into `folder`; returns what `read_group` needs to know of it.

    `met`: every group that was met, also those that predict nothing.
    """
    table = met.drop_nulls().unique().to_frame(model.by).join(model.table, on=model.by, how="left")
    rows = table.select(_hashed(model.by).alias("group"), *list(GROUPS)[1:]).cast(GROUPS)
    rows.sort("group", "predicted").write_parquet(folder / file, compression="lz4")
    return {
        "file": file,
        "field": name,
        "arm": arm,
        "method": model.method,
        "by": model.by,
        "calibration": as_plain(model.calibration),
    }


def read_group(folder: Path, told: dict[str, Any], asked: pl.Series, fit: str) -> GroupModel:
    """The model that was written, for the groups that are `asked` (as text)."""
    by = told["by"]
    groups = (
        asked.drop_nulls().unique(maintain_order=True).to_frame(by).with_columns(_hashed(by).alias("group"))
    )
    table = pl.read_parquet(folder / told["file"])
    found = groups.join(table, on="group", how="inner", maintain_order="left").drop("group")
    return GroupModel(told["method"], by, found, from_plain(told["calibration"], fit))


def _hashed(by: str) -> pl.Expr:
    """A group's number: what is asked is compared with it, and the values themselves are not written down."""
    return pl.col(by).hash(seed=20261123)


def write_plain(path: Path, content: Any) -> None:
    """`content` as JSON, the same bytes for the same content."""
    path.write_text(json.dumps(content, indent=1, sort_keys=True))
