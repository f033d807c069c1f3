"""Records of a careful reading: which lines they are, and their fields once somebody asks for them.

Everything is parsed once, at the end; what is learnt before is learnt from a few records.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from sources.reading.csv_lines import Dialect, Judged, are_covered, records_over_lines
from sources.reading.lines import Replaced

Parse = Callable[[bytes, Dialect, int], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Records:
    """Sound records, each from line `begins` to line `ends`."""

    judged: Judged
    dialect: Dialect
    parse: Parse
    begins: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.begins)

    @property
    def is_covered(self) -> np.ndarray:
        """Which lines belong to a record."""
        if len(self.ends) and (self.begins == self.ends).all():
            covered = np.zeros(len(self.judged), bool)
            covered[self.begins] = True
            return covered
        return are_covered((self.begins, self.ends), len(self.judged))

    def fields(self, chosen: np.ndarray | None = None, replaced: Replaced | None = None) -> pl.DataFrame:
        """Return the fields of the records, or of those at ascending places.

        `replaced` has other text for some of them: by their first line, the last one and the text.
        """
        part = self if chosen is None else replace(self, begins=self.begins[chosen], ends=self.ends[chosen])
        bare = part.begins[self.judged.is_bare[part.begins] & (part.begins == part.ends)]
        texts = {
            at: (at, self._quoted(line))
            for at, line in zip(bare.tolist(), self.judged.text(bare), strict=True)
        }
        text = self.judged.lines.kept(np.flatnonzero(part.is_covered), texts | (replaced or {}))
        return self.parse(text, self.dialect, len(part))

    def without(self, lines: np.ndarray) -> "Records":
        """Return the records that begin on none of the lines."""
        if not len(lines):
            return self
        is_gone = np.zeros(len(self.judged), bool)
        is_gone[lines] = True
        is_kept = ~is_gone[self.begins]
        return replace(self, begins=self.begins[is_kept], ends=self.ends[is_kept])

    def with_records(self, begins: np.ndarray, ends: np.ndarray) -> "Records":
        """Return these and further records."""
        if not len(begins):
            return self
        everything = np.concatenate([self.begins, begins])
        order = np.argsort(everything, kind="stable")
        return replace(self, begins=everything[order], ends=np.concatenate([self.ends, ends])[order])

    def _quoted(self, line: str) -> bytes:
        """Return a line whose quotes are characters as one in which they are doubled within quotes."""
        return as_line(line.split(self.dialect.delimiter), self.dialect)


def as_line(fields: list[str], dialect: Dialect) -> bytes:
    """Return the fields as a sound line with its end."""
    quote = dialect.quote
    if quote is None:
        return dialect.delimiter.join(fields).encode() + b"\n"
    quoted = (quote + field.replace(quote, quote * 2) + quote for field in fields)
    return dialect.delimiter.join(quoted).encode() + b"\n"


def sound_records(judged: Judged, dialect: Dialect, parse: Parse) -> Records:
    """Return the records that lines are by themselves, or several together."""
    spans = records_over_lines(judged, dialect)
    is_record = judged.is_sound
    if len(spans[0]):
        is_record = is_record & ~are_covered(spans, len(judged))
        is_record[spans[0]] = True
    begins = np.flatnonzero(is_record)
    ends = begins.copy()
    ends[np.searchsorted(begins, spans[0])] = spans[1]
    return Records(judged, dialect, parse, begins, ends)
