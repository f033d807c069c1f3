"""What the systems truly wrote, read from their sound deliveries with nothing but the standard library.

The yardstick of a round: only how a value is understood (the declared notation) is taken from the product.
"""

import csv
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import polars as pl

from orchestration_assets.steps.context import Context
from sources.chaos.world import SYSTEMS, World
from sources.declaration import Source
from sources.endpoints import SqlEndpoint
from validators.parsing import parse, present

Record = dict[str, Any]


@dataclass(frozen=True)
class Book:
    """One source's records of a day, in the order of delivery: texts as written, values as declared, true values."""

    texts: tuple[Record, ...]
    values: tuple[Record, ...]
    truth: tuple[Record, ...]


def books_of(world: World, context: Context) -> dict[str, Book]:
    """The book of each source for the context's partition."""
    truth = world.truth(context.partition)
    by_name = {source.source: source for source in context.sources}
    books = {}
    for name in SYSTEMS:
        texts = list(_texts(world, by_name[name], context.partition))
        true = truth.filter(pl.col("source") == name).sort("row").select(context.rules.schema.names())
        books[name] = Book(
            tuple(texts), tuple(_values(texts, context, name)), tuple(true.iter_rows(named=True))
        )
    return books


def _values(texts: list[Record], context: Context, source: str) -> list[Record]:
    notations, schema = context.notations[source], context.rules.schema
    frame = pl.DataFrame(texts, schema=dict.fromkeys(schema, pl.String))
    return frame.select(
        parse(present(pl.col(name), notations[name]), dtype, notations[name]).alias(name)
        for name, dtype in schema.items()
    ).to_dicts()


def _texts(world: World, source: Source, day: str) -> Iterator[Record]:
    rows = {"gateway_a": _of_csv, "gateway_b": _of_json, "ledger": _of_database}[source.source]
    for row in rows(world, source, day):
        yield {name: row[column] for name, column in source.columns.items()}


def _of_csv(world: World, source: Source, day: str) -> Iterator[Record]:
    text = world.sound(source.source, day).decode(source.notation.encoding)
    yield from csv.DictReader(text.splitlines(), delimiter=source.notation.delimiter)


def _of_json(world: World, source: Source, day: str) -> Iterator[Record]:
    for line in world.sound(source.source, day).decode().splitlines():
        record = json.loads(line, parse_int=str, parse_float=str)
        yield {path: _at(record, path) for path in source.columns.values()}


def _at(record: Any, path: str) -> Any:
    for name in path.split("."):
        record = record[name]
    return record


def _of_database(world: World, source: Source, day: str) -> Iterator[Record]:
    query = next(e.query for e in source.endpoints if isinstance(e, SqlEndpoint))
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(world.sound(source.source, day))
        cursor = database.execute(query, {"partition": day})
        names = [column[0] for column in cursor.description]
        for row in cursor:
            yield {
                name: None if value is None else str(value) for name, value in zip(names, row, strict=True)
            }
