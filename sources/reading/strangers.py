"""Lines of a CSV file that are no records of its table, though they look like some: its header again, another table.

Another table begins behind an empty line with a header of its own; it goes on until this table's header comes again.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from sources.reading.csv_lines import Dialect
from sources.reading.records import Records, as_line

AGAIN = "the header again"
OTHER_TABLE = "of another table, which begins behind an empty line"

_NO_DIGIT = r"\A[^0-9]*\p{L}[^0-9]*\z"
_MOST = 0.8
_SAMPLE = 1_000


def holds_header(fields: pl.DataFrame, dialect: Dialect) -> bool:
    """Return whether one of the records repeats the names of the columns."""
    return bool(_is_header(fields, dialect).any())


def strangers(sound: Records) -> pl.DataFrame:
    """Return `position` and `reason` of lines that belong to no record of this table, whatever they look like."""
    headers = _headers(sound)
    found = [_stated(headers, AGAIN)]
    found += [_stated(np.arange(begin, end), OTHER_TABLE) for begin, end in _other_tables(sound, headers)]
    return pl.concat(found).unique("position", keep="first", maintain_order=True)


def _stated(lines: np.ndarray, reason: str) -> pl.DataFrame:
    return pl.DataFrame({"position": lines, "reason": [reason] * len(lines)}, schema=_SCHEMA)


def _headers(sound: Records) -> np.ndarray:
    """Return the lines that repeat the header, as it is or with every name in quotes."""
    dialect = sound.dialect
    if not dialect.columns:
        return np.array([], np.int64)
    forms = {
        dialect.delimiter.join(dialect.columns).encode(),
        as_line(list(dialect.columns), dialect).rstrip(b"\n"),
    }
    if not any(form in sound.judged.lines.utf8 for form in forms):
        return np.array([], np.int64)
    sizes = sound.judged.lines.utf8_ends - np.append(-1, sound.judged.lines.utf8_ends[:-1]) - 1
    is_so_long = np.isin(sizes, [size for form in forms for size in (len(form), len(form) + 1)])
    lines = sound.begins[is_so_long[sound.begins] & (sound.begins == sound.ends)]
    is_header = sound.judged.text(lines).is_in(pl.Series([form.decode() for form in forms]).implode())
    return lines[is_header.to_numpy()]


_SCHEMA = {"position": pl.Int64, "reason": pl.String}


def _is_header(fields: pl.DataFrame, dialect: Dialect) -> np.ndarray:
    if len(dialect.columns) != fields.width or not fields.height:
        return np.zeros(fields.height, bool)
    is_same = (fields["0"] == dialect.columns[0]).to_numpy().copy()
    if is_same.any():
        at = np.flatnonzero(is_same)
        is_same[at] = [row == dialect.columns for row in fields[at.tolist()].iter_rows()]
    return is_same


def _other_tables(sound: Records, headers: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield the first line of each other table, and the one behind its last."""
    size = len(sound.judged)
    empty = np.flatnonzero(sound.judged.lines.is_empty())
    firsts = empty[np.flatnonzero(np.diff(empty, append=size) > 1)] + 1
    firsts = firsts[firsts < size]
    if not len(firsts):
        return
    stops = np.append(empty, size)
    done = 0
    for first in firsts[_are_names(sound.judged.text(firsts), sound.dialect)].tolist():
        stop = int(stops[np.searchsorted(stops, first)])
        if first >= done and first not in headers and _begins_other(sound, first, stop):
            again = headers[headers > first]
            done = int(again[0]) if len(again) else size
            yield first, done


def _are_names(line: pl.Series, dialect: Dialect) -> np.ndarray:
    """Return whether every field of each line has a letter and no digit, and none is there twice."""
    fields = line.str.split(dialect.delimiter)
    are_names = fields.list.eval(pl.element().str.contains(_NO_DIGIT)).list.all()
    return (are_names & (fields.list.len() > 1) & (fields.list.len() == fields.list.n_unique())).to_numpy()


def _begins_other(sound: Records, first: int, stop: int) -> bool:
    """Return whether the line is a header: of another width, as most lines below it, or without digits where all have some."""
    fields = sound.judged.fields
    if fields[first] != sound.dialect.width:
        below = fields[first + 1 : stop]
        return len(below) > 0 and float((below == fields[first]).mean()) >= _MOST
    known = np.flatnonzero(sound.begins < first)[-_SAMPLE:]
    if not len(known):
        return False
    return any(sound.fields(known).select(pl.all().str.contains("[0-9]").all()).row(0))
