"""NDJSON as text: every line is a record or is named as unreadable.

polars reads what it reads as it is written; the lines that it refuses, or whose text it would change (a key
given twice, half a surrogate pair, 1.50 for 1.5), are found with patterns and read again. No Python runs per
sound line.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from sources.reading.json_lines import NoRecord, record_of, texts_of
from sources.reading.json_text import (
    ODD_ESCAPE,
    Tree,
    changed_number,
    key_with_value,
    node_at,
    nodes_of,
    plausible_object,
    quoted_numbers,
    schema_of,
    tree_of,
)
from sources.reading.lines import NO_REASONS, PhysicalLines, TextRecords, physical_lines, text_of_lines

FEW_LINES = 64


@dataclass(frozen=True, slots=True)
class _Task:
    lines: PhysicalLines
    text: pl.Series
    paths: tuple[str, ...]
    tree: Tree


def read_ndjson_text(
    data: bytes, paths: tuple[str, ...], *, encoding: str = "utf-8", seen: tuple[str, ...] = ()
) -> TextRecords:
    """Read lines of JSON objects; `fields` has columns `0`, `1`, … in the order of the dotted paths.

    `seen` are further paths that the lines hold: those that share a name with a declared one are read along,
    because a key is known to be given once by comparing how often its name stands in the line with what was
    read.
    """
    lines = physical_lines(data, encoding)
    task = _Task(lines, text_of_lines(lines.utf8), paths, tree_of(paths, seen))
    read = pl.concat([_none_read(paths), *_understood(task)])
    is_left = np.ones(len(lines), bool)
    is_left[read["position"].to_numpy()] = False
    slowly, reasons = _read_one_by_one(task, np.flatnonzero(is_left), encoding)
    records = pl.concat([read, slowly]).sort("position")
    return TextRecords(records.drop("position"), records["position"].to_numpy(), reasons, 0, lines)


def _understood(task: _Task) -> Iterator[pl.DataFrame]:
    """Yield `position` and the paths of the lines of which polars keeps every text."""
    for positions, parsed in _parts(task):
        line = task.text.gather(positions) if len(positions) < len(task.text) else task.text
        is_odd = (
            line.str.contains(ODD_ESCAPE)
            | _differs(line, parsed, task.tree)
            | _holds_containers(parsed, task)
        )
        has_numbers = line.str.contains(changed_number()) & ~is_odd
        yield _columns(positions, parsed, task).filter(~is_odd & ~has_numbers)
        yield from _with_quoted_numbers(positions[has_numbers.to_numpy()], task)


def _parts(task: _Task) -> Iterator[tuple[np.ndarray, pl.DataFrame]]:
    """Yield positions of lines and what polars reads on them; leave out lines that it does not read."""
    positions = np.flatnonzero(~task.lines.is_undecodable)
    parsed = _parsed(task.lines.kept(positions), len(positions), task.tree)
    if parsed is not None:
        yield positions, parsed
        return
    is_plausible = task.text.str.contains(plausible_object()).to_numpy()
    yield from _bisected(positions[is_plausible[positions]], task)


def _bisected(positions: np.ndarray, task: _Task) -> Iterator[tuple[np.ndarray, pl.DataFrame]]:
    parsed = _parsed(task.lines.kept(positions), len(positions), task.tree, is_lenient=True)
    if parsed is not None:
        yield positions, parsed
    elif len(positions) > FEW_LINES:
        half = len(positions) // 2
        yield from _bisected(positions[:half], task)
        yield from _bisected(positions[half:], task)


def _parsed(text: bytes, height: int, tree: Tree, *, is_lenient: bool = False) -> pl.DataFrame | None:
    """Return one row per line, or None; `is_lenient` reads null where a value stands for an object."""
    if not text.startswith(b"{"):
        text = b" " + text  # polars would unpack a text that begins like a compressed file
    try:
        frame = pl.read_ndjson(text, schema=schema_of(tree), ignore_errors=is_lenient) if height else None
    except pl.exceptions.PolarsError:
        return None
    return frame if frame is not None and frame.height == height else None


def _with_quoted_numbers(positions: np.ndarray, task: _Task) -> Iterator[pl.DataFrame]:
    """Yield the lines read with each number as a text: polars would write 1.50 as 1.5."""
    text = quoted_numbers(task.lines.kept(positions)) if len(positions) else b""
    parsed = _parsed(text, len(positions), task.tree, is_lenient=True)
    if parsed is not None:
        yield _columns(positions, parsed, task)


def _differs(line: pl.Series, parsed: pl.DataFrame, tree: Tree) -> pl.Series:
    """Return where names of the tree stand in the line more or less often than they were read."""
    written = line.str.count_matches(key_with_value(tree))
    return (
        written != parsed.select(pl.sum_horizontal(node.is_not_null() for node in nodes_of(tree))).to_series()
    )


def _holds_containers(parsed: pl.DataFrame, task: _Task) -> pl.Series:
    begins = (node_at(path).str.slice(0, 1).is_in(["[", "{"]).fill_null(value=False) for path in task.paths)
    return parsed.select(pl.any_horizontal(begins)).to_series()


def _read_one_by_one(task: _Task, positions: np.ndarray, encoding: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the records and the reasons of lines that polars did not read."""
    is_undecodable = task.lines.is_undecodable[positions]
    rows: list[tuple[object, ...]] = []
    reasons = [(position, f"not {encoding}") for position in positions[is_undecodable].tolist()]
    decodable = positions[~is_undecodable]
    for position, line in zip(decodable.tolist(), task.text.gather(decodable), strict=True):
        try:
            rows.append((position, *texts_of(record_of(line), task.paths)))
        except NoRecord as reason:
            reasons.append((position, str(reason)))
    read = pl.DataFrame(rows, schema=_none_read(task.paths).schema, orient="row")
    return read, pl.DataFrame(reasons, schema=NO_REASONS.schema, orient="row").sort("position")


def _none_read(paths: tuple[str, ...]) -> pl.DataFrame:
    return pl.DataFrame(schema={"position": pl.Int64} | {str(i): pl.String for i in range(len(paths))})


def _columns(positions: np.ndarray, parsed: pl.DataFrame, task: _Task) -> pl.DataFrame:
    fields = parsed.select(node_at(path).alias(str(i)) for i, path in enumerate(task.paths))
    return fields.insert_column(0, pl.Series("position", positions))
