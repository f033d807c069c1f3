"""What goes to a Python library: distinct values only, each once, and no more than a bound per call."""

from collections.abc import Callable

import polars as pl

from orchestration_assets.translation.answers import answered

DISTINCT_VALUES = 50_000
"""So many distinct values of a column are asked of a library; the others stay as they are, and are found again."""


def by_distinct(
    text: pl.Expr,
    ask: Callable[[str], str | None],
    library: str,
    how: str,
    most: int = DISTINCT_VALUES,
) -> pl.Expr:
    """What `ask` makes of each text, null where it makes nothing of it, for at most `most` distinct texts.

    `library` (the name of its distribution) and `how` it is asked (method, its version, options): what was answered
    before is not asked again.
    """

    def answer(values: pl.Series) -> pl.Series:
        distinct = values.drop_nulls().unique(maintain_order=True).head(most)
        answers = pl.Series(answered(distinct.to_list(), ask, library, how), dtype=pl.String)
        return values.replace_strict(distinct, answers, default=None, return_dtype=pl.String)

    return text.map_batches(answer, return_dtype=pl.String, is_elementwise=True)
