"""Which decision matters most: what is at stake in the record, how long it has waited, and what deciding it would teach.

For an open cell of a record with `value` at stake and `open_fields` open fields, in a group of waiting cells with the same
method, version, arm, field, source and shape:

    own     = value / open_fields                    what this decision brings closer to `trusted`
    urgency = 1 + min(age / limit, 3)                age since it was delivered, limit as the feed allows
    teaches = own of the others in its group / (judged + rank)
    matters = urgency * own + teaches

`judged` are the cases in which people already said whether the method is right there; `rank` is the cell's place in its
group by `urgency * own`, from 1: a second decision of the same kind still teaches, but less. Without a method there is
nothing to teach.
"""

from datetime import datetime

import polars as pl

LONGEST = 3.0
"""Times its limit after which waiting longer makes nothing more urgent: what is hopeless must not bury what is new."""
GROUP = ("method", "version", "arm", "field", "_source", "shape")
"""Cells that teach the same."""
ORDERED = ("age_hours", "urgency", "teaches", "matters")


def ordered(cells: pl.DataFrame, now: datetime, within_hours: float) -> pl.DataFrame:
    """`cells` (`value`, `open_fields`, `since`, `judged`, GROUP), the one that matters most first, with ORDERED; of equals as they are."""
    age = (pl.lit(now).cast(pl.Datetime("us", "UTC")) - pl.col("since")).dt.total_seconds() / 3600
    own, due = pl.col("value") / pl.col("open_fields"), pl.col("_due")
    with_age = cells.with_columns(age.clip(lower_bound=0).fill_null(0).alias("age_hours"))
    with_due = with_age.with_columns(
        (1 + (pl.col("age_hours") / within_hours).clip(upper_bound=LONGEST)).alias("urgency"),
        own.alias("_own"),
    ).with_columns((pl.col("urgency") * pl.col("_own")).alias("_due"))
    others = pl.col("_own").sum().over(GROUP) - pl.col("_own")
    rank = due.rank("ordinal", descending=True).over(GROUP)
    teaches = pl.when(pl.col("method").is_not_null()).then(others / (pl.col("judged") + rank)).otherwise(0.0)
    with_all = with_due.with_columns(teaches.alias("teaches")).with_columns(
        (due + pl.col("teaches")).alias("matters")
    )
    return with_all.sort("matters", descending=True, maintain_order=True).drop("_own", "_due")
