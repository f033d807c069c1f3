"""Which records the decisions are about: those that were decided on, and the same delivered again."""

from collections.abc import Mapping

import polars as pl

from orchestration_assets.decisions.ledger import SEPARATOR, subject_of
from validators.judgement import RAW
from validators.rules import RuleSet

Firsts = Mapping[tuple[str, str], int]
"""(source, delivery as record ids name it) to the `_id` of its row 0."""


def on_records(
    rows: pl.DataFrame, frame: pl.DataFrame, rules: RuleSet, *, partition: str, firsts: Firsts
) -> pl.DataFrame:
    """`rows` of the ledger with `_id` of each record of `frame` that they are about; of each cell the last one.

    `frame`: `_id`, `_source`, and the texts as delivered (`raw.<field>`).
    """
    found = pl.concat([_by_content(rows, frame, rules), _by_id(rows, frame, partition, firsts)])
    return found.sort("decision").unique(["_id", "field"], keep="last", maintain_order=True)


def key_text(rules: RuleSet, prefix: str = RAW) -> pl.Expr:
    """The key of a record as `subject_of` makes it, null where a part of it is."""
    parts = [pl.col(prefix + name) for name in rules.key]
    is_whole = pl.all_horizontal((part.fill_null("") != "") for part in parts)
    return pl.when(is_whole).then(pl.concat_str(parts, separator=SEPARATOR))


def _by_content(rows: pl.DataFrame, frame: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """Rows that carry key and originals, by these and the source."""
    rows = rows.filter(pl.col("key").is_not_null(), pl.col("originals").is_not_null())
    texts = [pl.col(RAW + name).alias(name) for name in rules.fields]
    named = frame.lazy().select("_id", "_source", key_text(rules).alias("key"), *texts)
    may_be = named.join(rows.lazy().select("_source", "key").unique(), on=["_source", "key"], how="semi")
    records = may_be.collect()
    told = [subject_of(record, rules)[1] for record in records.select(*rules.fields).iter_rows(named=True)]
    same = records.select("_id", "_source", "key", pl.Series("originals", told, pl.String))
    return rows.join(same, on=["_source", "key", "originals"]).select("_id", *rows.columns)


def _by_id(rows: pl.DataFrame, frame: pl.DataFrame, partition: str, firsts: Firsts) -> pl.DataFrame:
    """Rows without a key, by the record id alone."""
    is_keyed = pl.col("key").is_not_null() & pl.col("originals").is_not_null()
    rows = rows.filter(~is_keyed, pl.col("_partition") == partition)
    numbers = [(*key, number) for key, number in firsts.items()]
    schema = {"_source": pl.String, "_delivery": pl.String, "_first": pl.UInt64}
    known = rows.join(pl.DataFrame(numbers, schema=schema, orient="row"), on=["_source", "_delivery"])
    ided = known.with_columns((pl.col("_first") + pl.col("_row").cast(pl.UInt64)).alias("_id"))
    return ided.join(frame.select("_id"), on="_id", how="semi").select("_id", *rows.columns)
