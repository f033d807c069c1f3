"""Records that wait in one partition, and all others there that speak of the same, in the form in which settlement judges them."""

from dataclasses import dataclass

import polars as pl

from orchestration_assets.decisions.tables import RECORD, held_records, proposals_of, record_id
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.lake import PARTITION
from orchestration_assets.settlement.gate import PROPOSAL_SCHEMA
from validators.judgement import FINDING_SCHEMA, RAW
from validators.parsing import write
from validators.triage import identity_hash, typed

_HEAD = ("_id", "_source", "_delivery", "_row")


@dataclass(frozen=True)
class Reports:
    """`frame`: one row per record, as `validators.judgement` describes it, with `_identity`.

    `held`: those of them that wait (`_id`, `_at`, `_source`), `held_rows` as the tables have them; `ids`: `_id` of each
    record id; `findings`, `proposals`: of those that wait.
    """

    partition: str
    frame: pl.DataFrame
    held: pl.DataFrame
    held_rows: pl.DataFrame
    ids: pl.DataFrame
    findings: pl.DataFrame
    proposals: pl.DataFrame
    waiting: pl.Series

    def identities(self, view: FeedView) -> pl.Series:
        """The identity of every record of the partition that waits or is trusted."""
        published = _trusted(view, self.partition, first=0)
        return pl.concat(
            [self.waiting, *(p.select("_identity").collect().to_series() for p in published)]
        ).drop_nulls()


def reports_of(view: FeedView, partition: str, chosen: pl.DataFrame) -> Reports:
    """The records `chosen` (RECORD) of the partition, and those that speak of the same."""
    held_rows = held_records(view, pl.col(PARTITION) == partition)
    waiting = _typed(view, held_rows)
    asked = chosen.select(_HEAD[1:]).unique().with_columns(_is_chosen=True)
    marked = waiting.join(asked, on=list(_HEAD[1:]), how="left", maintain_order="left")
    is_chosen = marked["_is_chosen"].fill_null(value=False)
    identities = waiting.filter(is_chosen)["_identity"].drop_nulls().unique()
    speaks = pl.col("_identity").is_in(identities.implode()).fill_null(value=False)
    mine = waiting.filter(is_chosen | waiting.select(speaks).to_series())
    published = [rows.filter(speaks).collect() for rows in _trusted(view, partition, first=held_rows.height)]
    held = mine.select("_id", pl.col("_id").cast(pl.UInt32).alias("_at"), "_source")
    rows = held_rows.join(held, on="_at", how="semi", maintain_order="left")
    return Reports(
        partition=partition,
        frame=pl.concat([mine, *published]),
        held=held,
        held_rows=rows,
        ids=rows.select(pl.col("_at").cast(pl.UInt64).alias("_id"), record_id()),
        findings=_findings(view, partition, mine),
        proposals=_proposals(view, rows),
        waiting=waiting["_identity"],
    )


def _typed(view: FeedView, held: pl.DataFrame) -> pl.DataFrame:
    """The held records as triage read them."""
    names = list(view.rules.fields)
    records = held.select(pl.col("_at").cast(pl.UInt64).alias("_id"), *_HEAD[1:], *names)
    parts = [
        typed(part.lazy(), view.rules, view.notations.get(str(source), {}))
        for (source,), part in records.partition_by("_source", as_dict=True, maintain_order=True).items()
    ]
    if not parts:
        parts = [typed(records.lazy(), view.rules, {})]
    return _in_order(pl.concat(parts).sort("_id"), view).collect()


def _trusted(view: FeedView, partition: str, *, first: int) -> list[pl.LazyFrame]:
    """The trusted records of the partition, numbered from `first`; none if there is no such table."""
    if not view.lake.exists(view.table("trusted")):
        return []
    rules = view.rules
    texts = [write(pl.col(name), spec.dtype).alias(RAW + name) for name, spec in rules.fields.items()]
    rows = view.lake.scan(view.table("trusted")).filter(pl.col(PARTITION) == partition)
    numbered = rows.select(*_HEAD[1:], *rules.fields, *texts).with_row_index("_id", first)
    return [_in_order(numbered.with_columns(pl.col("_id").cast(pl.UInt64)), view)]


def _in_order(records: pl.LazyFrame, view: FeedView) -> pl.LazyFrame:
    names = list(view.rules.fields)
    with_identity = records.with_columns(identity_hash(view.rules).alias("_identity"))
    return with_identity.select(*_HEAD, "_identity", *names, *[RAW + name for name in names])


def _findings(view: FeedView, partition: str, records: pl.DataFrame) -> pl.DataFrame:
    if not view.lake.exists(view.table("findings")):
        return FINDING_SCHEMA.to_frame()
    rows = view.lake.scan(view.table("findings")).filter(pl.col(PARTITION) == partition)
    mine = rows.join(records.lazy().select(_HEAD), on=list(_HEAD[1:]), how="inner", maintain_order="left")
    return mine.select(FINDING_SCHEMA.names()).collect()


def _proposals(view: FeedView, held: pl.DataFrame) -> pl.DataFrame:
    rows = proposals_of(view, held).join(held.select("_at", *RECORD), on="_at", maintain_order="left")
    named = rows.with_columns(pl.col("_at").cast(pl.UInt64).alias("_id"))
    return named.select(pl.col(name).cast(dtype) for name, dtype in PROPOSAL_SCHEMA.items())
