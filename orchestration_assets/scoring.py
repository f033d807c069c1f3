"""How many repairs were wrong, where the truth is known: only for the simulated outside world, and only afterwards."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from orchestration_assets.lake import Lake
from validators.parsing import write
from validators.rules import RuleSet


@dataclass(frozen=True)
class Score:
    """Of the repairs applied to records that are now trusted: how many state a value, and how many a `wrong` one.

    `emptied`: tokens for nothing that were read as nothing, which states no value, whatever was true.
    `trusted_wrong`: wrong cells of trusted records that no rule and no other report contradicts.
    """

    repairs: int
    wrong: int
    emptied: int
    trusted_cells: int
    trusted_wrong: int
    by_method: pl.DataFrame
    """One row per (method, arm, field): `repairs`, `wrong`."""


def truth_of(outside: Path, partition: str) -> Path | None:
    """The file of true values that the simulation kept aside, if this partition was simulated."""
    path = outside / "truth" / f"{partition}.parquet"
    return path if path.exists() else None


def score(lake: Lake, feed: str, partition: str, truth: Path, rules: RuleSet) -> Score:
    """Compare what was published of the partition with the truth, for the sources that the truth knows."""
    true = (
        pl.read_parquet(truth)
        .rename({"source": "_source", "row": "_row"})
        .with_columns(pl.col("_row").cast(pl.Int64))
    )
    texts = [
        write(pl.col(name).cast(spec.dtype), spec.dtype).alias(name) for name, spec in rules.fields.items()
    ]
    cells = true.select("_source", "_row", *texts).unpivot(
        index=["_source", "_row"], variable_name="field", value_name="truth"
    )
    trusted = lake.read(f"{feed}/trusted", partition).join(
        true.select("_source").unique(), on="_source", how="semi"
    )
    joined = _repaired_cells(lake, feed, partition, trusted).join(
        cells, on=["_source", "_row", "field"], how="left"
    )
    repaired = joined.drop_nulls("repaired")
    is_wrong = ~pl.col("repaired").eq_missing(pl.col("truth"))
    by_method = repaired.group_by("method", "arm", "field").agg(
        pl.len().alias("repairs"), is_wrong.sum().alias("wrong")
    )
    published = trusted.select(
        "_source", "_row", *[write(pl.col(n), s.dtype).alias(n) for n, s in rules.fields.items()]
    )
    left = published.unpivot(index=["_source", "_row"], variable_name="field", value_name="value").join(
        cells, on=["_source", "_row", "field"], how="left"
    )
    return Score(
        repairs=repaired.height,
        wrong=int(repaired.select(is_wrong.sum()).item()),
        emptied=joined.height - repaired.height,
        trusted_cells=left.height,
        trusted_wrong=int(left.select((~pl.col("value").eq_missing(pl.col("truth"))).sum()).item()),
        by_method=by_method.sort("wrong", "repairs", descending=True),
    )


def _repaired_cells(lake: Lake, feed: str, partition: str, trusted: pl.DataFrame) -> pl.DataFrame:
    """The applied repairs of trusted records, the one in force per cell."""
    repairs = lake.read(f"{feed}/repairs", partition).filter(pl.col("status") == "applied")
    kept = repairs.unique(["_source", "_delivery", "_row", "field"], keep="first", maintain_order=True)
    return kept.join(
        trusted.select("_source", "_delivery", "_row"), on=["_source", "_delivery", "_row"], how="semi"
    )
