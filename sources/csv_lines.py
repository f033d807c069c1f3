"""Which physical lines of CSV are records: one by one, or several together where a quoted field holds line ends.

Vectorised; the only loop is over stray quotes. Decides, and parses nothing.
"""

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from sources.physical_lines import PhysicalLines, text_of_lines

MOST_LINES_OF_A_RECORD = 1_000

# Stands for a line end within a record while it is judged: a line with a NUL of its own is no part of any record.
_JOINT = 0

Spans = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the fields of a line are told apart, and how many there are."""

    delimiter: str
    quote: str | None
    encoding: str
    width: int

    @property
    def record(self) -> str:
        """A regular expression for a sound record: plain fields without quotes, quoted ones with quotes doubled."""
        quote, delimiter = re.escape(self.quote or ""), re.escape(self.delimiter)
        field = rf"(?:{self.quoted}|[^{quote}{delimiter}\x00]*)"
        return rf"\A{field}(?:{delimiter}{field}){{{self.width - 1}}}\z"

    @property
    def quoted(self) -> str:
        """A regular expression for a quoted field."""
        quote = re.escape(self.quote or "")
        return rf"{quote}[^{quote}]*{quote}(?:{quote}[^{quote}]*{quote})*"


def judged_lines(lines: PhysicalLines, dialect: Dialect) -> pl.DataFrame:
    """Return one row per line, judged by itself: `position`, `line`, `quotes`, `fields`, `is_broken`, `is_sound`.

    `is_broken` lines (not in the encoding, or with NUL) are part of no record; `fields` holds where there are no quotes.
    """
    line = pl.col("line")
    judged = (
        pl.LazyFrame({"line": text_of_lines(lines.utf8), "is_undecodable": lines.is_undecodable})
        .with_row_index("position")
        .select(
            pl.col("position").cast(pl.Int64),
            "line",
            quotes=_occurrences(dialect.quote),
            fields=_occurrences(dialect.delimiter) + 1,
            is_broken=pl.col("is_undecodable") | line.str.contains("\0", literal=True),
        )
        .collect()
    )
    is_plain = (pl.col("quotes") == 0) & ~pl.col("is_broken") & (line != "")
    judged = judged.with_columns(is_sound=is_plain & (pl.col("fields") == dialect.width))
    return judged.with_columns(is_sound=pl.col("is_sound") | _are_sound_with_quotes(judged, dialect))


def reasons_of(judged: pl.DataFrame, lines: PhysicalLines, dialect: Dialect) -> pl.DataFrame:
    """Return `position` and `reason` of lines that are no records."""
    width = f"{dialect.width} {'is' if dialect.width == 1 else 'are'} declared"
    noun = pl.when(pl.col("fields") == 1).then(pl.lit("field")).otherwise(pl.lit("fields"))
    reason = (
        pl.when("is_undecodable").then(pl.lit(f"not {dialect.encoding}"))
        .when("is_broken").then(pl.lit("NUL bytes"))
        .when(pl.col("line") == "").then(pl.lit("empty line"))
        .when(pl.col("quotes") % 2 == 1).then(pl.lit("quote not closed"))
        .when(pl.col("stray_quotes") > 0).then(pl.lit("quote within a field"))
        .otherwise(pl.format("{} {} where {}", "fields", noun, pl.lit(width)))
    )  # fmt: skip
    is_undecodable = pl.Series(lines.is_undecodable[judged["position"].to_numpy()])
    return _without_quoted_fields(judged, dialect).with_columns(is_undecodable=is_undecodable).select(
        "position", reason=reason
    )


def records_over_lines(lines: PhysicalLines, judged: pl.DataFrame, dialect: Dialect) -> Spans:
    """Return the first and the last line of each record that goes over several lines.

    Such a record begins at a line with an odd number of quotes and ends at the next such line. Where the two and what
    lies between are no sound record, the quote was a stray one: reading resumes at the next line, so that the
    second of the two may begin a record itself.
    """
    odd = np.flatnonzero(judged["quotes"].to_numpy() % 2 == 1)
    is_broken = judged["is_broken"].to_numpy()
    is_sound = np.zeros(len(odd), bool)
    for parity in (0, 1):
        pairs = odd[parity : len(odd) - (len(odd) - parity) % 2].reshape(-1, 2)
        are_sound = _are_records(lines, (pairs[:, 0], pairs[:, 1]), is_broken, dialect)
        is_sound[parity : parity + 2 * len(pairs) : 2] = are_sound
        if parity == 0 and are_sound.all() and len(odd) % 2 == 0:
            break  # no stray quote: the other pairs are none
    chosen = _chosen_pairs(is_sound)
    return odd[chosen], odd[chosen + 1]


def are_covered(spans: Spans, size: int) -> np.ndarray:
    """Return for each of `size` lines whether it belongs to a span."""
    begins, ends = spans
    edges = np.zeros(size + 1, int)
    edges[begins] += 1
    edges[ends + 1] -= 1
    return np.cumsum(edges[:-1]) > 0


def _occurrences(character: str | None) -> pl.Expr:
    return pl.col("line").str.count_matches(character, literal=True) if character else pl.lit(0, pl.UInt32)


def _are_sound_with_quotes(judged: pl.DataFrame, dialect: Dialect) -> pl.Series:
    is_candidate = judged.select((pl.col("quotes") > 0) & (pl.col("quotes") % 2 == 0) & ~pl.col("is_broken"))
    is_sound = is_candidate.to_series().to_numpy().copy()
    candidates = judged["line"].filter(pl.Series(is_sound))
    is_sound[is_sound] = candidates.str.contains(dialect.record).to_numpy() if len(candidates) else False
    return pl.Series(is_sound)


def _without_quoted_fields(judged: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    """Return the lines with `fields` as they are beside quoted ones, and the `stray_quotes` that belong to none."""
    if dialect.quote is None:
        return judged.with_columns(stray_quotes=0)
    rest = pl.col("line").str.replace_all(dialect.quoted, "")
    counted = judged.with_columns(line=rest).select(
        fields=_occurrences(dialect.delimiter) + 1, stray_quotes=_occurrences(dialect.quote)
    )
    return judged.with_columns(counted)


def _are_records(lines: PhysicalLines, spans: Spans, is_broken: np.ndarray, dialect: Dialect) -> np.ndarray:
    """Return for each span of lines whether it is one sound record."""
    begins, ends = spans
    broken_before = np.concatenate([[0], np.cumsum(is_broken)])
    are_whole = broken_before[ends + 1] == broken_before[begins]
    are_records = are_whole & (ends - begins < MOST_LINES_OF_A_RECORD)
    if are_records.any():
        texts = _joined(lines, (begins[are_records], ends[are_records]))
        are_records[are_records] = texts.str.contains(dialect.record).to_numpy()
    return are_records


def _joined(lines: PhysicalLines, spans: Spans) -> pl.Series:
    """Return the text of each span, its inner line feeds replaced."""
    begins, ends = spans
    has_joint = are_covered((begins, ends - 1), len(lines))
    text = np.frombuffer(lines.utf8, np.uint8).copy()
    text[lines.utf8_ends[has_joint]] = _JOINT
    joints_before = np.concatenate([[0], np.cumsum(has_joint)])
    return text_of_lines(text.tobytes()).gather(begins - joints_before[begins])


def _chosen_pairs(is_sound: np.ndarray) -> np.ndarray:
    """Return the pairs (k, k + 1) that are records, from the first on: a sound pair uses up both, a stray one only k.

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
