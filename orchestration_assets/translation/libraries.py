"""What goes to a Python library: distinct values only, each once, and no more than a bound per call."""

from collections.abc import Callable

import polars as pl

DISTINCT_VALUES = 50_000
"""So many distinct values of a column are asked of a library; the others stay as they are, and are found again."""


def by_distinct(text: pl.Expr, ask: Callable[[str], str | None], most: int = DISTINCT_VALUES) -> pl.Expr:
    """What `ask` makes of each text, null where it makes nothing of it, for at most `most` distinct texts.

    `ask` keeps what it was asked before.
    """

    def answer(values: pl.Series) -> pl.Series:
        distinct = values.drop_nulls().unique(maintain_order=True).head(most)
        answers = pl.Series([ask(value) for value in distinct], dtype=pl.String)
        return values.replace_strict(distinct, answers, default=None, return_dtype=pl.String)

    return text.map_batches(answer, return_dtype=pl.String, is_elementwise=True)
