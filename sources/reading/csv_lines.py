"""Which physical lines of CSV are records: one by one, or several where a quoted field holds line ends.

Vectorised; the only loop is over stray quotes. Decides, and parses nothing.
"""

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from sources.reading.lines import PhysicalLines, counted

# Longer ones are taken for a stray quote.
MOST_LINES_OF_A_RECORD = 1_000

# A pattern that counts more fields becomes too large; counting them apart takes three times as long.
MOST_COUNTED_FIELDS = 1_000

Spans = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the fields of a line are told apart, and how many there are."""

    delimiter: str
    quote: str | None
    encoding: str
    width: int
    columns: tuple[str, ...] = ()
    """As the header names them, where it is known."""

    @property
    def record(self) -> str:
        """A pattern for a sound record on one line."""
        return rf"\A{self._field}(?:{self._delimiter}{self._field}){{{self.width - 1}}}\z"

    @property
    def closed(self) -> str:
        """A pattern for sound fields, however many."""
        return rf"\A{self._field}(?:{self._delimiter}{self._field})*\z"

    @property
    def open(self) -> str:
        """A pattern for sound fields of which the last is quoted and goes on behind the end of the line."""
        quote = self._quote
        return rf"\A(?:{self._field}{self._delimiter})*{quote}[^{quote}]*(?:{quote}{quote}[^{quote}]*)*\z"

    @property
    def quoted(self) -> str:
        """A pattern for one quoted field."""
        quote = self._quote
        return rf"{quote}[^{quote}]*{quote}(?:{quote}[^{quote}]*{quote})*"

    @property
    def quote_at_edge(self) -> str:
        """A pattern for a field that begins or ends with a quote."""
        return rf"(?:\A|{self._delimiter}){self._quote}|{self._quote}(?:{self._delimiter}|\z)"

    @property
    def _field(self) -> str:
        return rf"(?:{self.quoted}|[^{self._quote}{self._delimiter}]*)"

    @property
    def _quote(self) -> str:
        return re.escape(self.quote or "")

    @property
    def _delimiter(self) -> str:
        return re.escape(self.delimiter)


@dataclass(frozen=True, slots=True)
class Judged:
    """What each line is by itself.

    `quotes` and `fields` count marks, the latter as if quotes had no meaning. Lines with `is_broken` (not in the encoding,
    or with NUL) are part of no record. Lines with `is_bare` are sound with quotes that are characters of a value: no field
    begins or ends with one.
    """

    lines: PhysicalLines
    quotes: np.ndarray
    fields: np.ndarray
    is_broken: np.ndarray
    is_sound: np.ndarray
    is_bare: np.ndarray

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self.lines)

    def text(self, positions: np.ndarray) -> pl.Series:
        """Return the text of lines."""
        return self.lines.text(positions)


def judged_lines(lines: PhysicalLines, dialect: Dialect) -> Judged:
    """Return what each line is by itself."""
    text, ends = lines.utf8, lines.utf8_ends
    has_quotes = dialect.quote is not None and dialect.quote.encode() in text
    quotes = counted(text, ends, dialect.quote or "") if has_quotes else np.zeros(len(lines), np.int64)
    fields = counted(text, ends, dialect.delimiter) + 1
    is_broken = lines.is_undecodable.copy()
    if b"\0" in text:
        is_broken |= counted(text, ends, "\0") > 0
    is_sound = (quotes == 0) & (fields == dialect.width) & ~is_broken
    if dialect.width == 1:
        is_sound &= ~lines.is_empty()
    is_bare = np.zeros(len(lines), bool)
    judged = Judged(lines, quotes, fields, is_broken, is_sound, is_bare)
    quoted = np.flatnonzero((quotes > 0) & ~is_broken)
    if len(quoted):
        even = quoted[quotes[quoted] % 2 == 0]
        is_sound[even] = _are_records_alone(judged.text(even), dialect)
        full = quoted[(fields[quoted] == dialect.width) & ~is_sound[quoted]]
        is_bare[full] = ~judged.text(full).str.contains(dialect.quote_at_edge).to_numpy()
        is_sound |= is_bare
    return judged


def reasons_of(judged: Judged, positions: np.ndarray, dialect: Dialect) -> pl.DataFrame:
    """Return `position` and `reason` of lines that are no records."""
    width = f"{dialect.width} {'is' if dialect.width == 1 else 'are'} declared"
    noun = pl.when(pl.col("fields") == 1).then(pl.lit(" field")).otherwise(pl.lit(" fields"))
    has_fields = pl.col("fields") == dialect.width
    reason = (
        pl.when("is_undecodable").then(pl.lit(f"not {dialect.encoding}"))
        .when("is_broken").then(pl.lit("NUL bytes"))
        .when(pl.col("line") == "").then(pl.lit("empty line"))
        .when(pl.col("quotes") % 2 == 1).then(pl.lit("quote not closed"))
        .when(has_fields & (pl.col("quotes") > 0)).then(pl.lit("quote within a field"))
        .otherwise(pl.col("fields").cast(pl.String) + noun + pl.lit(f" where {width}"))
    )  # fmt: skip
    told = pl.DataFrame(
        {
            "position": positions,
            "line": judged.text(positions),
            "quotes": judged.quotes[positions],
            "is_broken": judged.is_broken[positions],
            "is_undecodable": judged.lines.is_undecodable[positions],
        }
    )
    return told.with_columns(fields=_fields(pl.col("line"), dialect)).select("position", reason=reason)


def records_over_lines(judged: Judged, dialect: Dialect) -> Spans:
    """Return the first and the last line of each record that goes over several lines.

    Such a record begins at a line with an odd number of quotes and ends at the next such line. Where the two
    and what lies between are no sound record, the quote was a stray one: reading resumes at the next line, so
    that the second of the two may begin a record itself.
    """
    odd = np.flatnonzero(judged.quotes % 2 == 1)
    begins, ends = odd[:-1], odd[1:]
    is_sound = np.zeros(len(odd), bool)
    if len(begins):
        is_sound[:-1] = _are_records(judged, begins, ends, dialect)
    chosen = _chosen_pairs(is_sound)
    return odd[chosen], odd[chosen + 1]


def are_covered(spans: Spans, size: int) -> np.ndarray:
    """Return for each of `size` lines whether it belongs to a span."""
    begins, ends = spans
    edges = np.zeros(size + 1, int)
    edges[begins] += 1
    edges[ends + 1] -= 1
    return np.cumsum(edges[:-1]) > 0


def _are_records_alone(line: pl.Series, dialect: Dialect) -> np.ndarray:
    if dialect.width <= MOST_COUNTED_FIELDS:
        return line.str.contains(dialect.record).to_numpy()
    is_closed, fields = _matches(line, dialect.closed, dialect)
    return is_closed & (fields == dialect.width)


def _fields(line: pl.Expr, dialect: Dialect) -> pl.Expr:
    """Return how many fields there are where quotes are heeded; a last one that is not closed is one."""
    if dialect.quote is not None:
        quote = re.escape(dialect.quote)
        line = line.str.replace_all(dialect.quoted, "").str.replace(rf"(?s){quote}.*", "")
    return line.str.count_matches(dialect.delimiter, literal=True) + 1


def _are_records(judged: Judged, begins: np.ndarray, ends: np.ndarray, dialect: Dialect) -> np.ndarray:
    """Return for each span of lines whether it is one sound record.

    A line within a quoted field is judged with a quote set before it: then it is closed at the end of the
    record, and open within it.
    """
    broken = _sums_before(judged.is_broken)
    is_open, fields_of_begin = _matches(judged.text(begins), dialect.open, dialect)
    is_closed, fields_of_end = _matches(_within(judged.text(ends), dialect), dialect.closed, dialect)
    is_sound = (
        is_open & is_closed & (ends - begins < MOST_LINES_OF_A_RECORD) & (broken[ends + 1] == broken[begins])
    )
    inner = _inner_lines_with_quotes(judged, begins[is_sound], ends[is_sound])
    still_open, fields_of_inner = _matches(_within(judged.text(inner), dialect), dialect.open, dialect)
    not_open, more_fields = np.zeros((2, len(judged)), int)
    not_open[inner], more_fields[inner] = ~still_open, fields_of_inner - 1
    stray, more = _sums_before(not_open), _sums_before(more_fields)
    fields = fields_of_begin + more[ends] - more[begins] + fields_of_end - 1
    return is_sound & (stray[ends] == stray[begins]) & (fields == dialect.width)


def _inner_lines_with_quotes(judged: Judged, begins: np.ndarray, ends: np.ndarray) -> np.ndarray:
    is_even = (judged.quotes > 0) & (judged.quotes % 2 == 0)
    return np.flatnonzero(is_even & are_covered((begins, ends), len(judged)))


def _within(line: pl.Series, dialect: Dialect) -> pl.Series:
    return pl.Series([dialect.quote], dtype=pl.String) + line


def _matches(line: pl.Series, pattern: str, dialect: Dialect) -> tuple[np.ndarray, np.ndarray]:
    """Return whether each line has the pattern, and how many fields it holds."""
    judged = pl.DataFrame({"line": line}).select(
        matches=pl.col("line").str.contains(pattern), fields=_fields(pl.col("line"), dialect).cast(pl.Int64)
    )
    return judged["matches"].to_numpy(), judged["fields"].to_numpy()


def _sums_before(values: np.ndarray) -> np.ndarray:
    """Return what stands before each position, added up, and after them the whole."""
    return np.concatenate([[0], np.cumsum(values)])


def _chosen_pairs(is_sound: np.ndarray) -> np.ndarray:
    """Return the pairs (k, k + 1) that are records: a sound pair uses up both, a stray one only k.

    Loops over the stray ones only.
    """
    stray = [np.flatnonzero(~is_sound[parity::2]) * 2 + parity for parity in (0, 1)]
    chosen, at = [np.array([], int)], 0
    while at < len(is_sound):
        of_parity = stray[at % 2]
        behind = np.searchsorted(of_parity, at)
        stop = int(of_parity[behind]) if behind < len(of_parity) else len(is_sound)
        chosen.append(np.arange(at, stop, 2))
        at = stop + 1
    return np.concatenate(chosen)
