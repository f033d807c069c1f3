"""Lines of a CSV file that are no records of its table, though they look like some: its header again, another table.

Another table begins behind an empty line with a header of its own; it goes on until this table's header comes again.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from sources.reading.csv_lines import Dialect
from sources.reading.mending import Sound

AGAIN = "the header again"
OTHER_TABLE = "of another table, which begins behind an empty line"

_NO_DIGIT = r"\A[^0-9]*\p{L}[^0-9]*\z"
_MOST = 0.8
_SAMPLE = 1_000


def holds_header(fields: pl.DataFrame, dialect: Dialect) -> bool:
    """Return whether one of the records repeats the names of the columns."""
    return bool(_is_header(fields, dialect).any())


def strangers(judged: pl.DataFrame, sound: Sound, dialect: Dialect) -> pl.DataFrame:
    """Return `position` and `reason` of lines that belong to no record of this table, whatever they look like."""
    is_header = _is_header(sound.fields, dialect)
    headers = sound.begins[is_header]
    found = [pl.DataFrame({"position": headers, "reason": [AGAIN] * len(headers)}, schema=_SCHEMA)]
    for begin, end in _other_tables(judged, sound, dialect, headers):
        lines = np.arange(begin, end)
        found.append(pl.DataFrame({"position": lines, "reason": [OTHER_TABLE] * len(lines)}, schema=_SCHEMA))
    return pl.concat(found).unique("position", keep="first", maintain_order=True)


_SCHEMA = {"position": pl.Int64, "reason": pl.String}


def _is_header(fields: pl.DataFrame, dialect: Dialect) -> np.ndarray:
    if len(dialect.columns) != fields.width or not fields.height:
        return np.zeros(fields.height, bool)
    is_same = (fields["0"] == dialect.columns[0]).to_numpy().copy()
    if is_same.any():
        at = np.flatnonzero(is_same)
        is_same[at] = [row == dialect.columns for row in fields[at.tolist()].iter_rows()]
    return is_same


def _other_tables(
    judged: pl.DataFrame, sound: Sound, dialect: Dialect, headers: np.ndarray
) -> Iterator[tuple[int, int]]:
    """Yield the first line of each other table, and the one behind its last."""
    line = judged["line"]
    empty = np.flatnonzero((line == "").to_numpy())
    firsts = empty[np.flatnonzero(np.diff(empty, append=len(line)) > 1)] + 1
    firsts = firsts[firsts < len(line)]
    if not len(firsts):
        return
    stops = np.append(empty, len(line))
    done = 0
    for first in firsts[_are_names(line.gather(firsts), dialect)].tolist():
        stop = int(stops[np.searchsorted(stops, first)])
        if first >= done and _begins_other(judged, sound, first, stop, dialect):
            again = headers[headers > first]
            done = int(again[0]) if len(again) else len(line)
            yield first, done


def _are_names(line: pl.Series, dialect: Dialect) -> np.ndarray:
    """Return whether every field of each line has a letter and no digit, and none is there twice."""
    fields = line.str.split(dialect.delimiter)
    are_names = fields.list.eval(pl.element().str.contains(_NO_DIGIT)).list.all()
    return (are_names & (fields.list.len() > 1) & (fields.list.len() == fields.list.n_unique())).to_numpy()


def _begins_other(judged: pl.DataFrame, sound: Sound, first: int, stop: int, dialect: Dialect) -> bool:
    """Return whether the line is a header: of another width, as most lines below it, or without digits where all have some."""
    width = judged["fields"][first]
    if width != dialect.width:
        below = judged["fields"][first + 1 : stop]
        return len(below) > 0 and float((below == width).mean()) >= _MOST
    known = sound.fields.filter(pl.Series(sound.begins < first)).tail(_SAMPLE)
    if not known.height:
        return False
    has_digits = known.select(pl.all().str.contains("[0-9]").all())
    return any(has_digits.row(0)) and judged["line"][first] != dialect.delimiter.join(dialect.columns)
