"""Bytes as physical lines of text: what a careful reader begins with, and how it names what it cannot read.

A line ends with a line feed, or a carriage return and one. Nothing here knows a format.
"""

import io
from dataclasses import dataclass, field

import numpy as np
import polars as pl

UNREADABLE_SCHEMA = {
    "_row": pl.UInt32,
    "line": pl.Int64,
    "byte": pl.Int64,
    "bytes": pl.Binary,
    "reason": pl.String,
}
MENDED_SCHEMA = {
    "_row": pl.UInt32,
    "line": pl.Int64,
    "byte": pl.Int64,
    "bytes": pl.Binary,
    "method": pl.String,
    "version": pl.String,
    "cases": pl.Int64,
    "right": pl.Int64,
    "evidence": pl.String,
}
Replaced = dict[int, tuple[int, bytes]]
NO_POSITIONS = np.array([], np.int64)
NO_REASONS = pl.DataFrame(schema={"position": pl.Int64, "reason": pl.String})

_BLOCK = 1 << 18
_RETURN = 13
_MANY = 8
_REPLACEMENT = "\ufffd"


@dataclass(frozen=True, slots=True)
class PhysicalLines:
    """The lines of `data`, and of `utf8`, the same in utf-8.

    `starts` and `ends` are positions in `data`, the latter before the line feed; `utf8_ends` are such in
    `utf8`. A line with `is_undecodable` holds replacement characters in `utf8`.
    """

    data: bytes
    starts: np.ndarray
    ends: np.ndarray
    utf8: bytes
    utf8_ends: np.ndarray
    is_undecodable: np.ndarray

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self.starts)

    def raw(self, position: int) -> bytes:
        """Return the bytes of a line without its end."""
        return self.data[self.starts[position] : self.ends[position]].removesuffix(b"\r")

    def is_empty(self) -> np.ndarray:
        """Return which lines hold nothing."""
        lengths = self.ends - self.starts
        first = np.frombuffer(self.data, np.uint8)[np.minimum(self.starts, max(len(self.data) - 1, 0))]
        return (lengths == 0) | ((lengths == 1) & (first == _RETURN))

    def text(self, positions: np.ndarray) -> pl.Series:
        """Return the text of lines without their ends; loops over them where they are few."""
        if len(positions) * _MANY > len(self):
            return text_of_lines(self.utf8).gather(positions)
        ends = self.utf8_ends[positions].tolist()
        begins = np.where(positions > 0, self.utf8_ends[positions - 1] + 1, 0).tolist()
        lines = [self.utf8[begin:end] for begin, end in zip(begins, ends, strict=True)]
        return pl.Series("line", [line.removesuffix(b"\r").decode() for line in lines], dtype=pl.String)

    def kept(self, positions: np.ndarray, replaced: "Replaced | None" = None) -> bytes:
        """Return, in utf-8, the lines at ascending positions; loops over what is left out or replaced between them.

        `replaced`: the first line of a record, its last, and the text with a line end that stands for them all.
        """
        if len(positions) == len(self) and not replaced:
            return self.utf8
        texts = {} if replaced is None else {first: text for first, (_, text) in replaced.items()}
        is_first = np.ones(len(positions), bool)
        is_first[1:] = np.diff(positions) != 1
        if replaced:
            edges = np.array([*replaced, *(last + 1 for last, _ in replaced.values())])
            at = np.minimum(np.searchsorted(positions, edges), len(positions) - 1)
            is_first[at[positions[at] == edges]] = True
        runs = np.append(np.flatnonzero(is_first), len(positions))
        bounds = np.concatenate([[0], self.utf8_ends + 1])
        first = positions[runs[:-1]]
        begins, ends = (
            bounds[first].tolist(),
            bounds[positions[runs[1:] - 1] + 1].tolist() if len(positions) else [],
        )
        parts = zip(first.tolist(), begins, ends, strict=True)
        return b"".join(
            [texts[line] if line in texts else self.utf8[begin:end] for line, begin, end in parts]
        )


@dataclass(frozen=True, slots=True)
class TextRecords:
    """What a reader found: `fields` has one row per record, `positions` is the line on which each begins.

    `reasons` has one row per unreadable line (`position`, `reason`); `lines` is None where every line was
    sound.
    """

    fields: pl.DataFrame
    positions: np.ndarray
    reasons: pl.DataFrame
    continuation_lines: int
    lines: PhysicalLines | None
    mended: pl.DataFrame = field(default_factory=pl.DataFrame)
    """One row per mended record: `position`, `last`, and what is known of the repair."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the data that are read stand in their file: first byte, first row, lines before row 0."""

    byte: int
    row: int
    header_lines: int


def in_utf8(data: bytes, encoding: str) -> bytes | None:
    """Return the data of another encoding as utf-8, None where they are not in that encoding."""
    if encoding == "utf-8" or data.isascii():
        return data
    try:
        return data.decode(encoding).encode()
    except UnicodeDecodeError:
        return None


def physical_lines(data: bytes, encoding: str) -> PhysicalLines:
    """Split the data at line feeds; what is not in the encoding is marked, line by line."""
    ends = _line_ends(data)
    starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
    is_undecodable = np.zeros(len(ends), bool)
    text = in_utf8(data, encoding)
    if text is not None and (encoding != "utf-8" or _is_utf8(data)):
        text_ends = ends if text is data else _line_ends(text)
        return PhysicalLines(data, starts, ends, text, text_ends, is_undecodable)
    text = data.decode(encoding, "replace").encode()
    lines = PhysicalLines(data, starts, ends, text, _line_ends(text), is_undecodable)
    _mark_undecodable(lines, encoding)
    return lines


def text_of_lines(text: bytes) -> pl.Series:
    """Return one text per line of what is utf-8, without its end."""
    # Without the line feed, polars would unpack a text that begins like a compressed file.
    lines = pl.scan_lines(io.BytesIO(b"\n" + text)).collect()["line"]
    return lines[1:]


def unreadable_lines(read: TextRecords, origin: Origin, *, is_cut_off: bool) -> pl.DataFrame:
    """Return one row per line that is no record; `is_cut_off` says that the last line lacks its end."""
    lines = read.lines
    if lines is None:
        return pl.DataFrame(schema=UNREADABLE_SCHEMA)
    position = read.reasons["position"].to_numpy()
    is_last = pl.Series(position == len(lines) - 1)
    table = {
        "_row": position + origin.row,
        "line": position + origin.row + origin.header_lines + 1,
        "byte": lines.starts[position] + origin.byte,
        "bytes": [lines.raw(each) for each in position],
        "reason": read.reasons["reason"],
    }
    prefix = pl.when(is_last & is_cut_off).then(pl.lit("cut off: ")).otherwise(pl.lit(""))
    return pl.DataFrame(table, schema=UNREADABLE_SCHEMA).with_columns(reason=prefix + pl.col("reason"))


def mended_lines(read: TextRecords, origin: Origin) -> pl.DataFrame:
    """Return one row per mended record, with the bytes of all its lines as they were delivered."""
    lines, mended = read.lines, read.mended
    if lines is None or not mended.height:
        return pl.DataFrame(schema=MENDED_SCHEMA)
    position, last = mended["position"].to_numpy(), mended["last"].to_numpy()
    whole = zip(lines.starts[position].tolist(), lines.ends[last].tolist(), strict=True)
    table = {
        "_row": position + origin.row,
        "line": position + origin.row + origin.header_lines + 1,
        "byte": lines.starts[position] + origin.byte,
        "bytes": [lines.data[begin:end].removesuffix(b"\r") for begin, end in whole],
        **{name: mended[name] for name in ("method", "version", "cases", "right", "evidence")},
    }
    return pl.DataFrame(table, schema=MENDED_SCHEMA)


def positions_of(data: bytes, mark: str) -> np.ndarray:
    """Return where the mark stands; blocks that fit the cache are the fastest."""
    text, code = np.frombuffer(data, np.uint8), ord(mark)
    found = [np.flatnonzero(text[i : i + _BLOCK] == code) + i for i in range(0, len(text), _BLOCK)]
    return np.concatenate(found) if found else NO_POSITIONS


def counted(data: bytes, ends: np.ndarray, mark: str) -> np.ndarray:
    """Return how often the mark stands in each line, of which `ends` has the ends."""
    text, code = np.frombuffer(data, np.uint8), ord(mark)
    before, total, line = np.zeros(len(ends) + 1, np.int64), 0, 0
    for i in range(0, len(text) + 1, _BLOCK):
        found = np.flatnonzero(text[i : i + _BLOCK] == code)
        stop = int(np.searchsorted(ends, i + _BLOCK))
        before[line + 1 : stop + 1] = total + np.searchsorted(found, ends[line:stop] - i)
        total, line = total + len(found), stop
    return np.diff(before)


def _line_ends(data: bytes) -> np.ndarray:
    ends = positions_of(data, "\n")
    return np.append(ends, len(data)) if data and not data.endswith(b"\n") else ends


def _is_utf8(data: bytes) -> bool:
    try:
        return data.isascii() or pl.Series([data]).cast(pl.String) is not None
    except pl.exceptions.PolarsError:
        return False


def _mark_undecodable(lines: PhysicalLines, encoding: str) -> None:
    """Look closely at the lines with replacement characters: a delivery may hold such a character itself."""
    is_suspect = text_of_lines(lines.utf8).str.contains(_REPLACEMENT, literal=True)
    for position in is_suspect.arg_true():
        try:
            lines.raw(position).decode(encoding)
        except UnicodeDecodeError:
            lines.is_undecodable[position] = True
