"""Records that wait, and all others that speak of the same, in the form in which settlement judges them."""

from dataclasses import dataclass

import polars as pl

from orchestration_assets.decisions.tables import RECORD, held_records, proposals_of
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.lake import PARTITION
from orchestration_assets.settlement.gate import PROPOSAL_SCHEMA
from validators.judgement import FINDING_SCHEMA, RAW
from validators.parsing import Notation, parse, present, write
from validators.triage import identity_hash, typed

_HEAD = ("_id", *RECORD)


@dataclass(frozen=True)
class Reports:
    """`frame`: one row per record, as `validators.judgement` describes it, with `_identity`.

    Records of different partitions never speak of the same: their partition is part of the identity. `held`: those of
    them that wait (`_id`, `_at`), `held_rows` as the tables have them; `findings`, `proposals`: of those that wait.
    """

    frame: pl.DataFrame
    held: pl.DataFrame
    held_rows: pl.DataFrame
    findings: pl.DataFrame
    proposals: pl.DataFrame


def reports_of(view: FeedView, chosen: pl.DataFrame) -> Reports:
    """The records that wait and are `chosen` (RECORD, at least one), and those that speak of the same as one of them."""
    partitions = chosen[PARTITION].unique().sort()
    every = held_records(view, pl.col(PARTITION).is_in(partitions.implode()))
    identities = held_identities(view, every)
    asked = chosen.select(RECORD).unique().with_columns(_is_chosen=True)
    marked = every.join(asked, on=list(RECORD), how="left", maintain_order="left")
    is_chosen = marked["_is_chosen"].fill_null(value=False)
    wanted = identities.filter(is_chosen).drop_nulls().unique()
    rows = every.filter(is_chosen | identities.is_in(wanted.implode()).fill_null(value=False))
    published = published_records(view, partitions, first=every.height)
    same = [part.filter(pl.col("_identity").is_in(wanted.implode())).collect() for part in published]
    return Reports(
        frame=pl.concat([_typed(view, rows), *same]),
        held=rows.select(pl.col("_at").cast(pl.UInt64).alias("_id"), "_at"),
        held_rows=rows,
        findings=_findings(view, rows),
        proposals=_proposals(view, rows),
    )


def held_identities(view: FeedView, held: pl.DataFrame) -> pl.Series:
    """What each record of `held` is about, null where that is not known: from its key alone."""
    parts = [pl.DataFrame(schema={"_at": pl.UInt32, "_identity": pl.UInt64})]
    for (source,), part in held.partition_by("_source", as_dict=True).items():
        notations = view.notations.get(str(source), {})
        keys = []
        for name in view.rules.key:
            notation = notations.get(name, Notation())
            keys.append(
                parse(present(pl.col(name), notation), view.rules.fields[name].dtype, notation).alias(name)
            )
        parts.append(part.select("_at", PARTITION, *keys).select("_at", identity_in_partition(view)))
    return pl.concat(parts).sort("_at")["_identity"]


def identity_in_partition(view: FeedView, own: pl.Expr | None = None) -> pl.Expr:
    """`_identity` of typed records of several partitions; `own`: that within the partition, where it is known."""
    own = identity_hash(view.rules) if own is None else own
    return pl.when(own.is_not_null()).then(pl.struct(own.alias("own"), PARTITION).hash()).alias("_identity")


def published_records(view: FeedView, partitions: pl.Series, *, first: int) -> list[pl.LazyFrame]:
    """The trusted records of the partitions, numbered from `first`, as the `frame` of `Reports`; none without a table."""
    if not view.lake.exists(view.table("trusted")):
        return []
    rules = view.rules
    texts = [write(pl.col(name), spec.dtype).alias(RAW + name) for name, spec in rules.fields.items()]
    rows = view.lake.scan(view.table("trusted")).filter(pl.col(PARTITION).is_in(partitions.implode()))
    numbered = rows.select(*RECORD, *rules.fields, *texts).with_row_index("_id", first)
    return [_in_order(numbered.with_columns(pl.col("_id").cast(pl.UInt64)), view)]


def _typed(view: FeedView, held: pl.DataFrame) -> pl.DataFrame:
    """The held records as triage read them."""
    records = held.select(pl.col("_at").cast(pl.UInt64).alias("_id"), *RECORD, *view.rules.fields)
    parts = [
        typed(part.lazy(), view.rules, view.notations.get(str(source), {}))
        for (source,), part in records.partition_by("_source", as_dict=True, maintain_order=True).items()
    ]
    if not parts:
        parts = [typed(records.lazy(), view.rules, {})]
    return _in_order(pl.concat(parts).sort("_id"), view).collect()


def _in_order(records: pl.LazyFrame, view: FeedView) -> pl.LazyFrame:
    names = list(view.rules.fields)
    with_identity = records.with_columns(identity_in_partition(view))
    return with_identity.select(*_HEAD, "_identity", *names, *[RAW + name for name in names])


def _findings(view: FeedView, held: pl.DataFrame) -> pl.DataFrame:
    if not view.lake.exists(view.table("findings")):
        return FINDING_SCHEMA.to_frame()
    is_there = pl.col(PARTITION).is_in(held[PARTITION].unique().implode())
    rows = view.lake.scan(view.table("findings")).filter(is_there)
    named = held.lazy().select(pl.col("_at").cast(pl.UInt64).alias("_id"), *RECORD)
    mine = rows.join(named, on=list(RECORD), how="inner", maintain_order="left")
    return mine.select(FINDING_SCHEMA.names()).collect()


def _proposals(view: FeedView, held: pl.DataFrame) -> pl.DataFrame:
    rows = proposals_of(view, held).join(held.select("_at", "_source"), on="_at", maintain_order="left")
    named = rows.with_columns(pl.col("_at").cast(pl.UInt64).alias("_id"))
    return named.select(pl.col(name).cast(dtype) for name, dtype in PROPOSAL_SCHEMA.items())
