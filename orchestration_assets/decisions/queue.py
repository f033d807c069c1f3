"""The queue: what waits for a person, filtered, searched, and page by page, the decision that matters most first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl

from orchestration_assets.decisions.index import CELLS, index_of
from orchestration_assets.decisions.shown import MASK, shown
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.lake import PARTITION

FACETS = {
    "feed": "feed",
    "partition": PARTITION,
    "source": "_source",
    "kind": "kind",
    "field": "field",
    "table": "table",
    "state": "state",
}
"""What the queue is told apart by: name to column."""
CELL_COLUMNS = (
    *(
        "feed",
        "record_id",
        "table",
        "state",
        "left_by",
        "_partition",
        "_source",
        "key",
        "field",
        "kind",
        "wrong",
    ),
    *(
        "original",
        "proposal",
        "method",
        "version",
        "arm",
        "shape",
        "confidence",
        "evidence_class",
        "evidence",
    ),
    *(
        "alternatives",
        "pattern",
        "like_it",
        "judged",
        "right",
        "value",
        "since",
        "age_hours",
        "matters",
        "why_first",
    ),
)
RECORD_COLUMNS = (
    *("feed", "record_id", "table", "state", "_partition", "_source", "key", "fields", "kinds", "wrong"),
    *("open_fields", "value", "since", "age_hours", "matters"),
)
_OF_RECORD = (
    *("record_id", "table", "state", PARTITION, "_source", "key", "is_key_personal"),
    *("open_fields", "value", "since", "age_hours"),
)
WHOLE_RECORD = "the record"
"""The name of no field: a rule of the whole record is broken."""
_TEXTS = (
    *("original", "proposal", "key", "wrong", "shape", "evidence", "arm"),
    *("fields", "kinds", "record_id"),
)


@dataclass(frozen=True)
class Filters:
    """What is wanted of the queue; empty: everything. `text` is looked for in the record's id, key and texts as delivered.

    `states`: `open`, `left` (to another), `decided` (its run has not taken it up), `kept_out`. What `person` left to
    another comes last for that person.
    """

    feeds: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    states: tuple[str, ...] = ("open", "left")
    min_age_hours: float | None = None
    min_value: float | None = None
    text: str = ""
    pattern: str | None = None
    person: str | None = None


EVERYTHING = Filters()
"""All that waits."""


@dataclass(frozen=True)
class Page:
    """One page: `rows`, masked, and safe to show as text; `total` rows on all pages, of `records` records.

    `seen`: by feed, the last decision that the page knows of, for `drafting`: later ones were not before the person's eyes.
    """

    rows: pl.DataFrame
    total: int
    records: int
    number: int
    size: int
    seen: dict[str, str]


def cells_page(
    views: Sequence[FeedView],
    filters: Filters = EVERYTHING,
    *,
    number: int = 0,
    size: int = 50,
    now: datetime | None = None,
    sees_personal: bool = False,
) -> Page:
    """One row per waiting (record, open field): CELL_COLUMNS, the one that matters most first; pages count from 0."""
    found = chosen_cells(views, filters, now=now, sees_personal=sees_personal)
    rows = found.slice(number * size, size).with_columns(_why_first().alias("why_first"))
    safe = made_safe(rows, sees_personal=sees_personal).select(CELL_COLUMNS)
    return Page(safe, found.height, found["record_id"].n_unique(), number, size, seen_of(views))


def records_page(
    views: Sequence[FeedView],
    filters: Filters = EVERYTHING,
    *,
    number: int = 0,
    size: int = 50,
    now: datetime | None = None,
    sees_personal: bool = False,
) -> Page:
    """One row per waiting record: RECORD_COLUMNS; what it matters is the sum over its cells that were asked for."""
    found = chosen_cells(views, filters, now=now, sees_personal=sees_personal)
    totals = found.group_by("feed", "_at", maintain_order=True).agg(pl.col("matters").sum())
    best = totals.sort("matters", descending=True, maintain_order=True).slice(number * size, size)
    cells = best.select("feed", "_at").join(
        found, on=["feed", "_at"], how="left", maintain_order="left_right"
    )
    rows = cells.group_by("feed", "_at", maintain_order=True).agg(
        pl.col(_OF_RECORD).first(),
        pl.col("field").fill_null(WHOLE_RECORD).unique(maintain_order=True).str.join(", ").alias("fields"),
        pl.col("kind").unique(maintain_order=True).str.join(", ").alias("kinds"),
        pl.format("{} {}", pl.col("field").fill_null(WHOLE_RECORD), "wrong").str.join("; ").alias("wrong"),
        pl.col("matters").sum(),
    )
    safe = made_safe(rows, sees_personal=sees_personal).select(RECORD_COLUMNS)
    return Page(safe, totals.height, totals.height, number, size, seen_of(views))


def seen_of(views: Sequence[FeedView]) -> dict[str, str]:
    """By feed, the last decision that the queue knows of; empty before the first."""
    return {view.feed: index_of(view).seen for view in views}


def facets(
    views: Sequence[FeedView], filters: Filters = EVERYTHING, *, sees_personal: bool = False
) -> dict[str, pl.DataFrame]:
    """For each of FACETS, `value` and `cells`: how many waiting cells there are of it under all the other filters."""
    found = chosen_cells(views, filters, sees_personal=sees_personal)
    counted = {}
    for name, column in FACETS.items():
        without = replace(filters, **{f"{name}s": ()})  # type: ignore[arg-type]
        rows = found if without == filters else chosen_cells(views, without, sees_personal=sees_personal)
        values = rows.group_by(pl.col(column).alias("value")).agg(pl.len().cast(pl.Int64).alias("cells"))
        counted[name] = values.sort("cells", "value", descending=[True, False])
    return counted


def chosen_cells(
    views: Sequence[FeedView],
    filters: Filters = EVERYTHING,
    *,
    now: datetime | None = None,
    sees_personal: bool = False,
) -> pl.DataFrame:
    """The cells of the index that `filters` ask for, in order, neither masked nor safe to show.

    Who may not see what is personal does not find it by searching either.
    """
    moment = now or datetime.now(UTC)
    asked = [view for view in views if not filters.feeds or view.feed in filters.feeds]
    parts = [CELLS.to_frame()] if len(asked) != 1 else []
    for view in asked:
        index = index_of(view)
        kept = index.in_order(moment, view.declared.feed.desk.within_hours).filter(_wanted(filters))
        if words := filters.text.strip().lower():
            text = "whole_text" if sees_personal else "plain_text"
            has_it = index.records.filter(pl.col(text).str.contains(words, literal=True))["_at"]
            kept = kept.filter(pl.col("_at").is_in(has_it.implode()))
        parts.append(kept)
    found = parts[0] if len(parts) == 1 else pl.concat(parts)
    if len(parts) > 1:
        found = found.sort("matters", descending=True, maintain_order=True)
    if filters.person is None:
        return found
    return found.sort((pl.col("left_by") == filters.person).fill_null(value=False), maintain_order=True)


def made_safe(rows: pl.DataFrame, *, sees_personal: bool) -> pl.DataFrame:
    """`rows` of the index with every text masked, unless that may be seen, and safe to show."""
    for columns, is_hidden in ((("original", "proposal"), "is_personal"), (("key",), "is_key_personal")):
        there = [] if sees_personal else [c for c in columns if c in rows.columns]
        rows = rows.with_columns(
            pl.when(pl.col(is_hidden) & pl.col(c).is_not_null())
            .then(pl.lit(MASK))
            .otherwise(pl.col(c))
            .alias(c)
            for c in there
        )
    texts = [c for c in _TEXTS if c in rows.columns]
    return rows.with_columns(
        pl.Series(c, [None if text is None else shown(text) for text in rows[c]], pl.String) for c in texts
    )


def _wanted(filters: Filters) -> pl.Expr:
    """Whether a cell of the index is asked for; the text that is looked for is not part of it."""
    kept = [
        pl.col(column).is_in(list(values))
        for name, column in FACETS.items()
        if (values := getattr(filters, f"{name}s"))
    ]
    if filters.min_age_hours is not None:
        kept.append(pl.col("age_hours") >= filters.min_age_hours)
    if filters.min_value is not None:
        kept.append(pl.col("value") >= filters.min_value)
    if filters.pattern is not None:
        kept.append(pl.col("pattern") == filters.pattern)
    return pl.all_horizontal(pl.lit(value=True), *kept)


def _why_first() -> pl.Expr:
    """In words, what the place of a cell in the order comes from."""
    stake = pl.format("{} at stake", pl.col("value").round(2))
    waits = pl.format("waits {} h", pl.col("age_hours").round(0).cast(pl.Int64))
    others = pl.format("{} like it wait", pl.col("like_it"))
    judged = pl.format("{} judged before, {} of them right", "judged", "right")
    return pl.concat_str([stake, waits, others, judged], separator="; ")
