"""What a decision on a record or on a pattern would say of each cell: for `ledger.decide`. Raw values, never to be shown."""

import polars as pl

from orchestration_assets.decisions.decided import on_held, with_subjects
from orchestration_assets.decisions.index import index_of
from orchestration_assets.decisions.ledger import Action, Decision, decisions_of
from orchestration_assets.decisions.patterns import cells_of, samples_of
from orchestration_assets.decisions.queue import EVERYTHING, Filters
from orchestration_assets.decisions.story import parsed
from orchestration_assets.decisions.tables import RECORD, held_records
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.errors import NotFoundError

DRAFT_COLUMNS = (
    *(
        *RECORD,
        "record_id",
        "key",
        "originals",
        "field",
        "original",
        "value",
        "method",
        "version",
        "arm",
        "shape",
    ),
    *("kind", "is_seen", "replaces"),
)
_OF_CELL = (
    "field",
    "original",
    "proposal",
    "method",
    "version",
    "arm",
    "repair_shape",
    "kind",
    "pattern",
    "record_id",
)


def drafts_of_record(view: FeedView, record_id: str, seen: str) -> pl.DataFrame:
    """One row per field of the held record, and one, of no field, for the record as a whole: DRAFT_COLUMNS.

    `value` is the best proposal for an open field, null for the others. `seen`: the last decision that was before the
    person's eyes. Raises `NotFoundError` if the record does not wait.
    """
    source, partition, delivery, row = parsed(record_id)
    identity = (partition, source, delivery, row)
    held = held_records(
        view, pl.all_horizontal(pl.col(k) == v for k, v in zip(RECORD, identity, strict=True))
    )
    if held.is_empty():
        raise NotFoundError(
            f"{record_id} does not wait for a person\nHint: it was settled meanwhile; look again"
        )
    told = held.row(0, named=True)
    cells = index_of(view).cells.filter(pl.col("record_id") == record_id)
    fields: list[str | None] = [*view.rules.fields, None]
    every = pl.DataFrame(
        {"field": fields, "_original": [told[name] if name else None for name in fields]},
        schema={"field": pl.String, "_original": pl.String},
    )
    rows = every.join(cells.select(_OF_CELL), on="field", how="left", nulls_equal=True, maintain_order="left")
    rows = rows.with_columns(pl.col("_original").alias("original"), pl.lit(record_id).alias("record_id"))
    return _completed(
        view, rows.with_columns(is_seen=pl.lit(value=True)).join(held.select(RECORD), how="cross"), held, seen
    )


def drafts_of_pattern(view: FeedView, pattern: str, seen: str, filters: Filters = EVERYTHING) -> pl.DataFrame:
    """One row per waiting cell of the pattern: DRAFT_COLUMNS; `is_seen` marks the samples that are shown of it."""
    cells = cells_of(view, pattern, filters)
    partitions = cells[RECORD[0]].unique()
    held = held_records(view, pl.col(RECORD[0]).is_in(partitions.implode()))
    held = held.join(cells.select(RECORD), on=list(RECORD), how="semi", maintain_order="left")
    shown_ones = samples_of(cells)["record_id"]
    rows = cells.select(*RECORD, *_OF_CELL).with_columns(
        pl.col("record_id").is_in(shown_ones.implode()).alias("is_seen")
    )
    return _completed(view, rows, held, seen)


def decisions_from(
    drafts: pl.DataFrame,
    action: Action,
    by: str,
    *,
    why: str | None = None,
    value: str | None = None,
    pattern: str | None = None,
) -> list[Decision]:
    """`drafts` as decisions of `by`; `value` is what stands after `correct`, for the others it is what was proposed."""
    is_own = action == "correct"
    return [
        Decision(
            by=by,
            action=action,
            partition=row["_partition"],
            source=row["_source"],
            delivery=row["_delivery"],
            row=row["_row"],
            value=value if is_own else row["value"] if action in ("accept", "reject") else None,
            why=why,
            pattern=pattern,
            key=row["key"],
            originals=row["originals"],
            field=row["field"],
            original=row["original"],
            kind=row["kind"],
            is_seen=row["is_seen"],
            replaces=row["replaces"],
            method=None if is_own else row["method"],
            version=None if is_own else row["version"],
            arm=None if is_own else row["arm"],
            shape=None if is_own else row["shape"],
        )
        for row in drafts.iter_rows(named=True)
    ]


def _completed(view: FeedView, rows: pl.DataFrame, held: pl.DataFrame, seen: str) -> pl.DataFrame:
    """`rows` with what lets a decision follow its record, and with the last decision on it up to `seen`."""
    before = decisions_of(view.lake, view.feed).filter(pl.col("decision") <= seen, pl.col("action") != "undo")
    last = on_held(before, held, view).group_by("_at").agg(pl.col("decision").max().alias("replaces"))
    subjects = with_subjects(held, view).join(last, on="_at", how="left", maintain_order="left")
    return (
        rows.join(subjects, on=list(RECORD), how="left", maintain_order="left")
        .with_columns(pl.col("proposal").alias("value"), pl.col("repair_shape").alias("shape"))
        .select(DRAFT_COLUMNS)
    )
