"""What the assets of a feed have in common: keys, groups, tags, metadata, and how errors reach the user."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
import polars as pl

from orchestration_assets.errors import BreakwaterError
from orchestration_assets.feed import Declared
from orchestration_assets.steps.context import VERSION, Context
from validators.errors import ContractError

SAMPLE_ROWS = 10
MASK = "•••"
RETRY = dg.RetryPolicy(max_retries=2, delay=2, backoff=dg.Backoff.EXPONENTIAL)
"""For what is transient, such as two writers at once. A mistake of the author is not retried."""


def source_key(source: str) -> dg.AssetKey:
    """The graph shows the last part of a key only: it names the source."""
    return dg.AssetKey([source, f"{source}_landed"])


def feed_key(feed: str, name: str) -> dg.AssetKey:
    """The asset `name` of a feed."""
    return dg.AssetKey([feed, name])


def spec(
    declared: Declared,
    name: str,
    description: str,
    *,
    group: str,
    deps: list[dg.AssetKey] | None = None,
    kinds: set[str] | None = None,
    partitions_def: dg.PartitionsDefinition | None = None,
    **more: Any,
) -> dg.AssetSpec:
    """One asset of the feed, with all that the UI shows of it; without partitions, of the feed as a whole."""
    return dg.AssetSpec(
        feed_key(declared.feed.feed, name),
        description=description,
        deps=deps or [],
        group_name=f"{declared.feed.feed}_{group}",
        owners=[declared.feed.owner],
        kinds=kinds or {"polars"},
        code_version=VERSION,
        tags={"breakwater/feed": declared.feed.feed},
        partitions_def=partitions_def,
        **more,
    )


@contextmanager
def told_plainly() -> Iterator[None]:
    """Errors that are the user's to mend end the run in one message, are not retried, and show no traceback of ours."""
    try:
        yield
    except (BreakwaterError, ContractError) as error:
        raise dg.Failure(description=str(error), allow_retries=False) from None


def result(key: dg.AssetKey, rows: int, numbers: Mapping[str, float], **more: Any) -> dg.MaterializeResult:
    """A materialization whose numbers plot over partitions."""
    metadata = {"dagster/row_count": int(rows), **{k: _number(v) for k, v in numbers.items()}, **more}
    return dg.MaterializeResult(asset_key=key, metadata=metadata)


def _number(value: Any) -> int | float:
    return value if isinstance(value, int) else round(float(value), 6)


def sample(context: Context, table: str, columns: list[str]) -> dg.TableMetadataValue | dg.TextMetadataValue:
    """A few rows of a committed table, personal values masked."""
    lake, name = context.lake, context.table(table)
    files = [str(lake.path(name) / path) for path in sorted(lake.active(name, context.partition))][:3]
    if not files:
        return dg.MetadataValue.text("none")
    rows = pl.scan_parquet(files, hive_partitioning=False).select(columns).head(2000).collect()
    kinds = [c for c in ("field", "method", "rule") if c in columns]
    spread = rows.unique(kinds, keep="first", maintain_order=True) if kinds else rows
    return as_table(_brief(masked(spread.head(SAMPLE_ROWS), context.rules.personal)))


def masked(rows: pl.DataFrame, personal: list[str]) -> pl.DataFrame:
    """`rows` of a long table (`field` and texts), with the texts of personal fields replaced."""
    if "field" not in rows.columns or not personal:
        return rows
    is_personal = pl.col("field").is_in(personal)
    texts = [c for c in ("value", "original", "repaired") if c in rows.columns]
    return rows.with_columns(
        pl.when(is_personal & pl.col(c).is_not_null()).then(pl.lit(MASK)).otherwise(pl.col(c)).alias(c)
        for c in texts
    )


def _brief(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the measured part of the evidence only, unbroken: the UI makes a column of sentences narrow and rows tall."""
    if "evidence" not in rows.columns:
        return rows
    measured = pl.col("evidence").str.extract(r"right in (\d+ of \d+ \w+) cases")
    return rows.with_columns(
        measured.fill_null(pl.col("evidence")).str.replace_all(" ", "\u00a0", literal=True)
    )


def as_table(rows: pl.DataFrame) -> dg.TableMetadataValue | dg.TextMetadataValue:
    """`rows` as a table of the UI, or the word that there are none."""
    if rows.is_empty():
        return dg.MetadataValue.text("none")
    columns = [dg.TableColumn(name.lstrip("_"), str(dtype)) for name, dtype in rows.schema.items()]
    records = [dg.TableRecord({k.lstrip("_"): _cell(v) for k, v in row.items()}) for row in rows.to_dicts()]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(columns))


def _cell(value: Any) -> int | float | bool | str:
    """What a table of the UI can hold and a person can read."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, bool | int):
        return value
    text = "" if value is None else str(value)
    return text if text == text.strip() else f'"{text}"'  # else nobody would see what is wrong with it
