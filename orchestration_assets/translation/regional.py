"""Telephone numbers that are written as in the country that another field of their record names."""

from functools import partial

import polars as pl

from orchestration_assets.settlement.gate import Measured
from orchestration_assets.translation.answers import answered
from orchestration_assets.translation.contacts import e164, in_region
from orchestration_assets.translation.libraries import DISTINCT_VALUES


def with_e164(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` (`text`, `region`) with `number`: the text as E.164, read as in that region; each distinct pair once."""
    distinct = frame.select("text", "region").drop_nulls().unique(maintain_order=True).head(DISTINCT_VALUES)
    parts = [distinct.with_columns(pl.lit(None, pl.String).alias("number")).clear()]
    for (region,), part in distinct.partition_by("region", as_dict=True).items():
        numbers = answered(
            part["text"].to_list(), partial(e164, region=str(region)), "phonenumbers", f"e164 1, {region}"
        )
        parts.append(part.with_columns(pl.Series("number", numbers, pl.String)))
    read = pl.concat(parts)
    return frame.join(read, on=["text", "region"], how="left", maintain_order="left")


def measure_regional(known: pl.DataFrame) -> Measured:
    """Known pairs (`a`: the number, `b`: its record's country), written as in that country and read back."""
    written = [in_region(number, country) for number, country in known.select("a", "b").iter_rows()]
    cases = known.with_columns(pl.Series("text", written, pl.String), pl.col("b").alias("region"))
    back = with_e164(cases.drop_nulls("text"))
    return Measured(back.height, int((back["number"] == back["a"]).sum()), "masked")
