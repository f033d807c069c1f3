"""What others say of the same as one record, and what was trusted before of those who have to do with it."""

import polars as pl

from orchestration_assets.decisions.tables import RECORD, record_id
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.imputation.cells import fields_by_group
from orchestration_assets.lake import PARTITION
from validators.parsing import Notation, parse, present, read_back, write

MOST = 50
"""So many other reports, and so many trusted records of the same, are shown at most."""
PARTITIONS = 31
"""So many partitions are looked back through, the record's own among them."""
_PLACES = ("review", "quarantine", "aside")
Texts = dict[str, str | None]


def others_of(view: FeedView, partition: str, own: str, read: Texts) -> pl.DataFrame:
    """One row per other report of the same in the partition: `record_id`, `_source`, `verdict`, the fields as text.

    `read`: the record's values in the contract's text; where its key is none, nobody speaks of the same.
    """
    rules = view.rules
    schema = {
        **dict.fromkeys(("record_id", "_source", "verdict"), pl.String()),
        **dict.fromkeys(rules.fields, pl.String()),
    }
    parts = [pl.DataFrame(schema=schema)]
    if all(read[name] is not None for name in rules.key):
        parts += [
            _trusted(view, partition, read),
            *(_held(view, partition, table, read) for table in _PLACES),
        ]
    found = pl.concat(part.select(*schema) for part in parts if part.width)
    return found.filter(pl.col("record_id") != own).sort("record_id").head(MOST)


def history_of(
    view: FeedView, partition: str, own: str, read: Texts, cells: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """By field whose value they share with the record: trusted records, of this partition and those before, the nearest first.

    The fields are those of the key, and those by which the open `cells` are imputed: `_partition`, `record_id`, the fields.
    """
    table = view.table("trusted")
    if not view.lake.exists(table):
        return {}
    near = [p for p in view.lake.partitions(table) if p <= partition][-PARTITIONS:]
    rows = view.lake.scan(table).filter(pl.col(PARTITION).is_in(near))
    fields = cells["field"].drop_nulls().to_list()
    groups = dict.fromkeys(by for name, _, by in fields_by_group(view.rules) if name in fields)
    found = {}
    for names in [view.rules.key, *([by] for by in groups)]:
        if all(read[name] is not None for name in names):
            same = rows.filter(_is_same(view, names, read)).select(PARTITION, record_id(), *_texts(view))
            nearest = (
                same.filter(pl.col("record_id") != own).sort(PARTITION, descending=True).head(MOST).collect()
            )
            if nearest.height:
                found[", ".join(names)] = nearest
    return found


def _trusted(view: FeedView, partition: str, read: Texts) -> pl.DataFrame:
    if not view.lake.exists(view.table("trusted")):
        return pl.DataFrame()
    rows = view.lake.scan(view.table("trusted")).filter(pl.col(PARTITION) == partition)
    same = rows.filter(_is_same(view, view.rules.key, read))
    told = same.select(record_id(), "_source", pl.lit("trusted").alias("verdict"), *_texts(view))
    return told.collect()


def _held(view: FeedView, partition: str, table: str, read: Texts) -> pl.DataFrame:
    """The records of one table of texts as delivered, each read in its source's notation."""
    if not view.lake.exists(view.table(table)):
        return pl.DataFrame()
    rows = view.lake.scan(view.table(table)).filter(pl.col(PARTITION) == partition)
    verdict = pl.col("_verdict") if table == "aside" else pl.lit(table)
    there = rows.select(*RECORD, *view.rules.fields, verdict.alias("verdict")).collect()
    parts = []
    for (source,), part in there.partition_by("_source", as_dict=True).items():
        notations = view.notations.get(str(source), {})
        values = [
            parse(
                present(pl.col(n), notations.get(n, Notation())), spec.dtype, notations.get(n, Notation())
            ).alias(n)
            for n, spec in view.rules.fields.items()
        ]
        parts.append(part.with_columns(values).filter(_is_same(view, view.rules.key, read)))
    same = (
        pl.concat(parts) if parts else there.head(0).cast({n: s.dtype for n, s in view.rules.fields.items()})
    )
    return same.select(record_id(), "_source", "verdict", *_texts(view))


def _is_same(view: FeedView, names: list[str], read: Texts) -> pl.Expr:
    """Whether a typed record has the record's values in `names`."""
    return pl.all_horizontal(
        pl.col(n) == read_back(pl.lit(read[n], pl.String), view.rules.fields[n].dtype) for n in names
    )


def _texts(view: FeedView) -> list[pl.Expr]:
    return [write(pl.col(name), spec.dtype).alias(name) for name, spec in view.rules.fields.items()]
