"""What was published, as something to learn from: without the cells that were repaired, so that no repair speaks for itself."""

from collections.abc import Iterator

import polars as pl

from orchestration_assets.steps.context import Context
from orchestration_assets.way import each_once
from validators.parsing import write

PARTITIONS = 14
GOOD_RECORDS = 3_000_000
"""Good records to learn from, at most about so many: memory does not grow with what was published."""
KNOWN_RECORDS = 40_000
"""Good records on which methods are measured, evenly taken."""
_REPAIRED = "_repaired"


class Published:
    """The latest published partitions up to that of `context`."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.partitions = self._latest()
        self.records = sum(self._rows(partition) for partition in self.partitions)

    def known(self) -> pl.DataFrame:
        """Good values as text, evenly taken: `_source`, one column per field (null where repaired), `_is_clean`."""
        rules = self.context.rules
        step = max(1, self.records // KNOWN_RECORDS)
        texts = [write(pl.col(name), spec.dtype).alias(name) for name, spec in rules.fields.items()]
        empty = pl.DataFrame(
            schema={"_source": pl.String, **dict.fromkeys(rules.fields, pl.String), "_is_clean": pl.Boolean}
        )
        parts = [
            rows.gather_every(step).select("_source", *texts, "_is_clean").collect()
            for rows in self._files(list(rules.fields))
        ]
        return each_once(pl.concat([empty, *parts]), rules)

    def texts(self, names: list[str]) -> pl.DataFrame:
        """The fields `names` of all good records, as text, null where repaired."""
        fields = self.context.rules.fields
        texts = [write(pl.col(name), fields[name].dtype).alias(name) for name in names]
        step = max(1, -(-self.records // GOOD_RECORDS))
        empty = pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        files = [rows.gather_every(step).select(texts).collect() for rows in self._files(names)]
        return pl.concat([empty, *files])

    def _files(self, names: list[str]) -> Iterator[pl.LazyFrame]:
        """Each file: `_source`, the fields `names` that it has in the contract's type, `_is_clean`."""
        lake, table = self.context.lake, self.context.table("trusted")
        fields = self.context.rules.fields
        for partition in self.partitions:
            for path in sorted(lake.active(table, partition)):
                rows = pl.scan_parquet(lake.path(table) / path, hive_partitioning=False)
                schema = rows.collect_schema()
                repaired = (
                    pl.col(_REPAIRED).fill_null([]) if _REPAIRED in schema else pl.lit([], pl.List(pl.String))
                )
                yield rows.select(
                    "_source",
                    *(
                        _unless_repaired(name, repaired, is_whole=_REPAIRED not in schema)
                        if schema.get(name) == fields[name].dtype
                        else pl.lit(None, fields[name].dtype).alias(name)
                        for name in names
                    ),
                    (repaired.list.len() == 0).alias("_is_clean"),
                )

    def _latest(self) -> list[str]:
        """The latest partitions, while they hold no more than GOOD_RECORDS together; one at least."""
        table, taken = self.context.table("trusted"), list[str]()
        records = 0
        earlier = [p for p in self.context.lake.partitions(table) if p <= self.context.partition]
        for partition in reversed(earlier):
            records += self._rows(partition)
            if taken and (records > GOOD_RECORDS or len(taken) == PARTITIONS):
                break
            taken.append(partition)
        return sorted(taken)

    def _rows(self, partition: str) -> int:
        return sum(
            file.rows for file in self.context.lake.active(self.context.table("trusted"), partition).values()
        )


def _unless_repaired(name: str, repaired: pl.Expr, *, is_whole: bool) -> pl.Expr:
    if is_whole:
        return pl.col(name)
    return pl.when(~repaired.list.contains(pl.lit(name))).then(pl.col(name)).alias(name)
