"""Cells that look alike, grouped: one decision for “the 412 amounts of gateway_a that look like this one”."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import polars as pl

from orchestration_assets.decisions.index import PATTERN, WAITING
from orchestration_assets.decisions.queue import EVERYTHING, WHOLE_RECORD, Filters, chosen_cells, made_safe
from orchestration_assets.decisions.shown import shown
from orchestration_assets.decisions.view import FeedView

SAMPLES = 5
"""So many different values of a pattern are shown, and count as seen when one decision is made for all."""
PATTERN_COLUMNS = (
    *(
        "pattern",
        "feed",
        *PATTERN,
        "title",
        "cells",
        "records",
        "distinct",
        "distinct_proposals",
        "value",
        "oldest",
    ),
    *("judged", "right", "confidence", "evidence_class", "evidence", "wrong", "matters", "samples"),
)
_OF_SAMPLE = ("pattern", "record_id", "original", "proposal", "value", "is_personal", "is_key_personal")


def patterns(
    views: Sequence[FeedView],
    filters: Filters = EVERYTHING,
    *,
    now: datetime | None = None,
    sees_personal: bool = False,
    limit: int = 200,
) -> pl.DataFrame:
    """One row per pattern of waiting cells: PATTERN_COLUMNS, the one that matters most first, masked and safe to show.

    `samples` are texts `original → proposal`, no two alike.
    """
    found = chosen_cells(views, filters, now=now, sees_personal=sees_personal)
    groups = found.group_by("pattern", maintain_order=True).agg(
        pl.col(
            "feed", *PATTERN, "judged", "right", "confidence", "evidence_class", "evidence", "wrong"
        ).first(),
        pl.col("is_personal", "is_key_personal").first(),
        pl.len().cast(pl.Int64).alias("cells"),
        pl.col("record_id").n_unique().cast(pl.Int64).alias("records"),
        pl.col("original").n_unique().cast(pl.Int64).alias("distinct"),
        pl.col("proposal").drop_nulls().n_unique().cast(pl.Int64).alias("distinct_proposals"),
        (pl.col("value") / pl.col("open_fields")).sum().alias("value"),
        pl.col("since").min().alias("oldest"),
        pl.col("matters").sum(),
    )
    best = groups.sort("matters", descending=True, maintain_order=True).head(limit)
    samples = samples_of(found.select(_OF_SAMPLE).join(best.select("pattern"), on="pattern", how="semi"))
    told = _in_words(samples, sees_personal=sees_personal)
    rows = best.join(told, on="pattern", how="left", maintain_order="left")
    titles = [title_of(row) for row in rows.iter_rows(named=True)]
    return made_safe(
        rows.with_columns(pl.Series("title", titles, pl.String)), sees_personal=sees_personal
    ).select(PATTERN_COLUMNS)


def cells_of(view: FeedView, pattern: str, filters: Filters = EVERYTHING) -> pl.DataFrame:
    """The waiting cells of one pattern that `filters` ask for, as the index has them."""
    return chosen_cells([view], replace(filters, pattern=pattern, states=WAITING), sees_personal=True)


def samples_of(cells: pl.DataFrame) -> pl.DataFrame:
    """Up to SAMPLES cells of each pattern, no two alike: those with the most at stake."""
    in_order = cells.sort("value", "record_id", descending=[True, False])
    return in_order.filter(pl.struct("pattern", "original", "proposal").is_first_distinct()).filter(
        pl.int_range(pl.len()).over("pattern") < SAMPLES
    )


def title_of(row: dict[str, object]) -> str:
    """What a pattern is, in words."""
    field, one = row["field"] or WHOLE_RECORD, row["cells"] == 1
    whose = f"{row['cells']:,} × {field} of {row['_source']}"
    if row["shape"] is None:
        return f"{whose} where nothing stands" if row["field"] else f"{whose} as a whole"
    look = f"that look{'s' if one else ''} like {shown(row['shape'], 60)}"
    return f"{whose} {look}"


def _in_words(samples: pl.DataFrame, *, sees_personal: bool) -> pl.DataFrame:
    """One row per pattern: `pattern`, `samples`."""
    safe = made_safe(samples, sees_personal=sees_personal)
    nothing = pl.lit("(nothing)")
    text = pl.format("{} → {}", pl.col("original").fill_null(nothing), pl.col("proposal").fill_null("?"))
    return safe.group_by("pattern", maintain_order=True).agg(text.alias("samples"))
