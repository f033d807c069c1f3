"""Implausible values of a partition: found among all its fragments and what earlier partitions published, before any is judged."""

import polars as pl

from orchestration_assets.imputation import plausible
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.imputation import good_records

RECORDS = 5_000_000
"""Records that are compared, at most about so many: memory does not grow with the partition."""


def implausible_cells(context: Context, parts: list[pl.DataFrame]) -> pl.DataFrame:
    """What is implausible in the fragments, as `plausible.CELLS`; `parts`: what is compared of each.

    Of a partition of more than RECORDS records, evenly taken fragments are looked at.
    """
    if not parts:
        return pl.DataFrame(schema=plausible.CELLS)
    rules = context.rules
    records = sum(part.height for part in parts)
    looked_at = parts[:: max(1, -(-records // RECORDS))]
    names = plausible.fields_compared(rules)
    known = good_records(context, []).select(pl.lit(None, pl.UInt64).alias("_id"), *names).collect()
    return plausible.implausible([*looked_at, plausible.compared(known, rules)], rules)
