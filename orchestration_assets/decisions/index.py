"""What waits, as two frames in memory: one row per open cell, one per held record. Made once per version of the tables."""

import threading
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from orchestration_assets.decisions.decided import (
    WITHDRAWN,
    judged_cases,
    on_held,
    taken_up,
    with_states,
)
from orchestration_assets.decisions.ledger import decisions_of, in_force
from orchestration_assets.decisions.order import ORDERED, ordered
from orchestration_assets.decisions.tables import (
    RECORD,
    held_records,
    landed_moments,
    proposals_of,
    record_id,
)
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.decisions.worth import values_at_stake
from orchestration_assets.lake import PARTITION
from orchestration_assets.settlement.labels import STRATUM
from validators.rules import digest
from validators.shapes import shape

PATTERN = ("_source", "field", "kind", "shape", "method", "version", "arm")
"""Cells that look alike, and for which the same is proposed by the same."""
WAITING = ("open", "left")
_SHAPED = 120  # characters: the shape of more than that tells nobody anything
_WORD_AGAINST_WORD = 0.5
_READ = ("review", "quarantine", "repairs", "decisions", "judged")
_CELL = ["_at", "field"]


_TEXT, _WHOLE, _NUMBER = pl.String(), pl.Int64(), pl.Float64()
CELLS = pl.Schema(
    {
        "_at": pl.UInt32(),
        "feed": _TEXT,
        "record_id": _TEXT,
        "table": _TEXT,
        **dict.fromkeys(RECORD[:3], _TEXT),
        "_row": _WHOLE,
        **dict.fromkeys(("key", "field", "kind"), _TEXT),
        "rules": pl.List(pl.String),
        **dict.fromkeys(("wrong", "original", "shape", "proposal", "method", "version", "arm"), _TEXT),
        **dict.fromkeys(("repair_shape", "status"), _TEXT),
        "confidence": _NUMBER,
        **dict.fromkeys(("evidence_class", "evidence"), _TEXT),
        "alternatives": _WHOLE,
        "pattern": _TEXT,
        **dict.fromkeys(("like_it", "judged", "right"), _WHOLE),
        "value": _NUMBER,
        "open_fields": _WHOLE,
        "since": pl.Datetime("us", "UTC"),
        **dict.fromkeys(("state", "left_by"), _TEXT),
        **dict.fromkeys(("is_personal", "is_key_personal"), pl.Boolean()),
        **dict.fromkeys(ORDERED, _NUMBER),
    }
)
"""One row per open cell. `field` is null where the record as a whole is meant, `shape` that of the original, `repair_shape`
what the proposal says it is of (null for imputers)."""


@dataclass(frozen=True)
class Index:
    """`cells`: CELLS without what the order adds, by record id. `records`: one row per held record, with what is searched.

    That is the record id, `table`, `key`, `plain_text` and, with what is personal, `whole_text`. `seen`: the last decision
    that it knows of, empty before the first.
    """

    cells: pl.DataFrame
    records: pl.DataFrame
    seen: str
    _orders: dict[tuple[datetime, float], pl.DataFrame] = field(default_factory=dict)

    def in_order(self, now: datetime, within_hours: float) -> pl.DataFrame:
        """`cells`, the one that matters most first, as things are in the current minute."""
        minute = now.replace(second=0, microsecond=0), within_hours
        if (kept := self._orders.get(minute)) is None:
            kept = ordered(self.cells, minute[0], within_hours).select(CELLS.names())
            self._orders.clear()
            self._orders[minute] = kept
        return kept


_KEPT: dict[tuple[str, str], tuple[str, Index]] = {}
_LOCK = threading.Lock()


def index_of(view: FeedView) -> Index:
    """The index of the feed as its tables are now; kept in memory until one of them changes."""
    place = (str(view.lake.root.absolute()), view.feed)
    versions = [view.lake.version(view.table(name)) for name in _READ]
    token = digest(versions, view.rules.fingerprint, view.declared.feed.model_dump(mode="json"))
    kept = _KEPT.get(place)
    if kept is not None and kept[0] == token:
        return kept[1]
    with _LOCK:  # one makes it, the others wait for it
        kept = _KEPT.get(place)
        if kept is None or kept[0] != token:
            kept = _KEPT[place] = (token, made(view))
    return kept[1]


def forget() -> None:
    """Let every index be made anew when it is next asked for."""
    _KEPT.clear()


def made(view: FeedView) -> Index:
    """The index, from the tables."""
    held = held_records(view)
    made_so_far = decisions_of(view.lake, view.feed)
    proposals, decisions = proposals_of(view, held), in_force(made_so_far)
    best = best_of(proposals)
    records = _searched(held, view)
    cells = _open_cells(held).join(best, on=_CELL, how="left", maintain_order="left")
    of_record = (
        held.select("_at", "table", *RECORD, "_endpoint")
        .join(landed_moments(view.lake, held), on=list(RECORD[:3]), how="left", maintain_order="left")
        .join(values_at_stake(view, held, best), on="_at", how="left", maintain_order="left")
        .join(records.select("_at", "key"), on="_at", how="left", maintain_order="left")
    )
    cells = cells.join(of_record, on="_at", how="left", maintain_order="left")
    cells = with_states(cells, on_held(decisions, held, view), taken_up(view, held[PARTITION]))
    judged = judged_cases(view, decisions)
    cells = cells.join(judged, on=STRATUM, how="left", maintain_order="left")
    return Index(_counted(cells, view), records, last_of(made_so_far))


def last_of(decisions: pl.DataFrame) -> str:
    """The last of `decisions` (DECISION_SCHEMA), empty if there is none."""
    return str(decisions["decision"].max() or "")


def best_of(proposals: pl.DataFrame) -> pl.DataFrame:
    """One row per cell: the proposal to put before a person, as `proposal`, and how many different ones there are.

    What was only suggested goes before what was applied and did not help; then the one with more confidence: word
    against word has none, and is worth as much as the toss of a coin.
    """
    alive = proposals.filter(~pl.col("status").is_in(WITHDRAWN)).with_columns(
        (pl.col("status") == "applied").alias("_has_failed"),
        (-pl.col("confidence").fill_null(_WORD_AGAINST_WORD)).alias("_doubt"),
    )
    in_order = alive.sort(*_CELL, "_has_failed", "_doubt", maintain_order=True)
    return in_order.group_by(_CELL, maintain_order=True).agg(
        pl.col("repaired").first().alias("proposal"),
        pl.col("shape").first().alias("repair_shape"),
        pl.col("status").first(),
        pl.col("method", "version", "arm", "confidence", "evidence_class", "evidence").first(),
        pl.col("repaired").n_unique().cast(pl.Int64).alias("alternatives"),
    )


def _open_cells(held: pl.DataFrame) -> pl.DataFrame:
    """One row per (held record, field that an error is about), with all that is wrong with it."""
    reasons = held.select("_at", "_errors").explode("_errors").unnest("_errors")
    cells = reasons.group_by(_CELL, maintain_order=True).agg(
        pl.col("kind").drop_nulls().first().fill_null("inconsistent"),
        pl.col("rule").drop_nulls().unique(maintain_order=True).alias("rules"),
        pl.col("message").drop_nulls().unique(maintain_order=True).str.join("; ").alias("wrong"),
        pl.col("value").first().alias("original"),
    )
    return cells.with_columns(shape(pl.col("original").str.slice(0, _SHAPED)).alias("shape"))


def _searched(held: pl.DataFrame, view: FeedView) -> pl.DataFrame:
    """One row per held record: its key, and its texts in small letters, with and without what is personal."""
    rules = view.rules
    plain = [name for name in rules.fields if name not in rules.personal]
    named = record_id()

    def text(names: list[str]) -> pl.Expr:
        return pl.concat_str([named, *names], separator="\n", ignore_nulls=True).str.to_lowercase()

    return held.select(
        "_at",
        "table",
        *RECORD,
        pl.concat_str(rules.key, separator=" · ", ignore_nulls=True).alias("key"),
        text(plain).alias("plain_text"),
        text(list(rules.fields)).alias("whole_text"),
    )


def _counted(cells: pl.DataFrame, view: FeedView) -> pl.DataFrame:
    """`cells` with what is counted over them, and the name of each one's pattern."""
    pattern = pl.struct(PATTERN).hash(seed=1)
    is_waiting = pl.col("state").is_in(WAITING)
    counted = cells.with_columns(
        pl.lit(view.feed).alias("feed"),
        record_id(),
        pl.col("judged", "right", "alternatives").fill_null(0),
        pl.lit(view.is_key_personal).alias("is_key_personal"),
        pl.col("field").is_in(view.rules.personal).fill_null(value=False).alias("is_personal"),
        pl.format("{}-{}", pl.lit(view.feed), pattern).alias("pattern"),
        is_waiting.sum().over(pattern).cast(pl.Int64).alias("like_it"),
        pl.len().over("_at").cast(pl.Int64).alias("open_fields"),
    )
    return counted.select(pl.col(k).cast(v) for k, v in CELLS.items() if k not in ORDERED)
