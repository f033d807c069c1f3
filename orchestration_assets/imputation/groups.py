"""Imputation from the record's group: the mode or the median of a field among records that share another field.

`known` frames hold good records only: one row per record, fields typed and written
as text in the contract's notation; held-out cases have their `_source` as well. They never hold a record that is to be repaired.
"""

from dataclasses import dataclass

import polars as pl

from orchestration_assets.imputation.calibration import Threshold, calibrate, strength_of_votes
from validators.parsing import write
from validators.rules import FieldSpec, RuleSet

VERSION = "1"
_WITHIN = 0.005  # a predicted number is right if it is within half a percent of the true one


@dataclass(frozen=True)
class GroupModel:
    """`table`: one row per group: `by`, `predicted`, `share`, `support`. `threshold`: what it is worth."""

    method: str
    by: str
    table: pl.DataFrame
    threshold: Threshold


def read_members(known: pl.LazyFrame, names: list[str], groups: pl.Series, rules: RuleSet) -> pl.DataFrame:
    """The typed records of `known` whose first field of `names` is one of `groups`: those fields, as text."""
    texts = [write(pl.col(name), rules.fields[name].dtype).alias(name) for name in dict.fromkeys(names)]
    return known.filter(texts[0].is_in(groups.unique().implode())).select(texts).collect()


def _members(
    known: pl.DataFrame, by: str, value: pl.Expr, cases: pl.DataFrame, groups: pl.Series
) -> pl.DataFrame:
    """`by` and `value` of the records in the `groups` wanted, and in those of the held-out `cases`."""
    wanted = pl.concat([groups, cases[by]]).unique()
    return known.filter(pl.col(by).is_in(wanted.implode())).select(by, value).drop_nulls()


def fit_mode(
    known: pl.DataFrame, by: str, spec: FieldSpec, cases: pl.DataFrame, groups: pl.Series
) -> GroupModel:
    """The most frequent value of `spec` per value of `by`, for the `groups` wanted and those of the held-out `cases`."""
    counts = _members(known, by, pl.col(spec.name), cases, groups).group_by(by, spec.name).len("n")
    top = (
        counts.sort(by, "n", spec.name, descending=[False, True, False])
        .group_by(by, maintain_order=True)
        .agg(
            pl.col(spec.name).first().alias("predicted"),
            pl.col("n").first().alias("first"),
            pl.col("n").get(1, null_on_oob=True).fill_null(0).alias("second"),
            pl.col("n").get(2, null_on_oob=True).fill_null(0).alias("third"),
            pl.col(spec.name).get(1, null_on_oob=True).alias("runner_up"),
            pl.col("n").sum().alias("total"),
        )
    )
    table = top.filter(pl.col("first") > pl.col("second")).select(
        by, "predicted", (pl.col("first") / pl.col("total")).alias("share"), pl.col("first").alias("support")
    )
    return GroupModel("mode", by, table, _calibrated(_left_out(cases, top, by, spec), spec))


def _calibrated(held: pl.DataFrame, spec: FieldSpec) -> Threshold:
    """What predictions are worth, by `held`: `share`, `support`, `is_right`, `_source` of known values."""
    return calibrate(held.with_columns(strength=strength_of_votes()), spec.policy, "masked")


def fit_median(
    known: pl.DataFrame, by: str, spec: FieldSpec, cases: pl.DataFrame, groups: pl.Series
) -> GroupModel:
    """The median of `spec` per value of `by`. The share of a prediction is 1, its support the size of the group."""
    number = pl.col(spec.name).cast(pl.Float64, strict=False)
    grouped = _members(known, by, number, cases, groups).group_by(by)
    sorted_ = grouped.agg(pl.col(spec.name).sort(), pl.len().alias("support"))
    inner, middle = pl.col(spec.name).list, (pl.col("support") // 2).cast(pl.Int64)
    table = sorted_.select(
        by,
        "support",
        inner.median().alias("median"),
        *[inner.get(middle + at, null_on_oob=True).alias(f"at{at}") for at in (-1, 0, 1)],
    )
    held = (
        cases.select("_source", by, number.alias("truth"))
        .drop_nulls()
        .join(table, on=by)
        .filter(pl.col("support") > 1)
    )
    close = (_rounded(_median_without("truth"), spec) - pl.col("truth")).abs() <= _WITHIN * pl.col(
        "truth"
    ).abs()
    held = held.select(pl.lit(1.0).alias("share"), pl.col("support") - 1, close.alias("is_right"), "_source")
    predicted = write(_rounded(pl.col("median"), spec).cast(spec.dtype), spec.dtype).alias("predicted")
    rows = table.select(by, predicted, pl.lit(1.0).alias("share"), "support")
    return GroupModel("median", by, rows, _calibrated(held, spec))


def _median_without(truth: str) -> pl.Expr:
    """The median of a group without one of its values: of `at-1`, `at0`, `at1`, those around the middle, what remains."""
    case = pl.col(truth)
    left = pl.when(case > pl.col("at-1")).then(pl.col("at-1")).otherwise(pl.col("at0"))
    right = pl.when(case > pl.col("at0")).then(pl.col("at0")).otherwise(pl.col("at1"))
    return pl.when(pl.col("support") % 2 == 0).then(left).otherwise((left + right) / 2)


def _rounded(number: pl.Expr, spec: FieldSpec) -> pl.Expr:
    return number.round(0 if spec.dtype.is_integer() else 2)


def predict(model: GroupModel, cells: pl.LazyFrame) -> pl.LazyFrame:
    """`cells` (one row per cell, with its group as `_group`) joined with what their group says."""
    known = (pl.col("support") / pl.col("share")).round(0).cast(pl.Int64).cast(pl.String)
    share = (pl.col("share") * 100).round(1).cast(pl.String)
    said = pl.concat_str(share, pl.lit("% of "), known) if model.method == "mode" else known
    words = pl.concat_str(
        pl.lit(f"{model.method} of the good records with the same {model.by}: "), said, pl.lit(" records")
    )
    # In words per group, not per cell: several cells ask the same group.
    table = model.table.lazy().with_columns(strength=strength_of_votes(), evidence=words)
    return cells.join(table, left_on="_group", right_on=model.by, how="inner")


def _left_out(cases: pl.DataFrame, top: pl.DataFrame, by: str, spec: FieldSpec) -> pl.DataFrame:
    """Each case predicted by its group without itself."""
    held = (
        cases.select("_source", by, pl.col(spec.name).alias("truth"))
        .drop_nulls()
        .join(top, on=by, how="inner")
    )
    is_first = pl.col("truth") == pl.col("predicted")
    is_second = (pl.col("truth") == pl.col("runner_up")).fill_null(value=False)
    # Without itself the case may leave a tie, or another value in front: then nothing, or the wrong one, is predicted.
    held = held.with_columns(
        (pl.col("first") - is_first).alias("first"),
        (pl.col("second") - is_second).alias("second"),
        (pl.col("total") - 1).alias("total"),
        is_first.alias("is_first"),
    )
    most = pl.max_horizontal("first", "second", "third")
    at_most = pl.sum_horizontal(pl.col(name) == most for name in ("first", "second", "third"))
    return held.filter((most > 0) & (at_most == 1)).select(
        (most / pl.col("total")).alias("share"),
        most.cast(pl.UInt32).alias("support"),
        (pl.col("is_first") & (pl.col("first") == most)).alias("is_right"),
        "_source",
    )
