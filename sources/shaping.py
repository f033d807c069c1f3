"""What was delivered, as lines of text that can be cut at line feeds: converted where it must be, and its dialect found."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sources.converting.json_document import lines_of_document
from sources.converting.tables import lines_of_parquet, lines_of_workbook
from sources.converting.text import (
    ends_with_returns,
    has_lone_returns,
    in_utf8,
    with_line_feeds,
    with_records_parted,
)
from sources.declaration import Source
from sources.dialect import DELIMITERS, found_dialect, quotes_in, usual_delimiters
from sources.encodings import Watch, encoding_for, wide_encoding
from sources.found import ReadAs, reading_of
from sources.notation import DETECTED
from sources.store import spooled
from sources.unpacking import CutOff

Peek = Callable[[Iterable[bytes]], tuple[bytes, Iterator[bytes]]]

_QUOTES_BYTES = 1 << 18

_UTF8: dict[str, Any] = {"encoding": "utf-8"}
_OF_WORKBOOK: dict[str, Any] = {"delimiter": ",", "quote": '"', **_UTF8}


@dataclass(slots=True)
class Shaped:
    """Lines of text while they pass by: `found` and `reading` are complete after `finish`."""

    chunks: Iterable[bytes]
    reading: ReadAs
    found: dict[str, Any]
    declared_encoding: str
    """As declared, or `detected`; empty where the encoding is known for certain."""
    cut_off: list[str] = field(default_factory=list)
    watch: Watch = field(default_factory=Watch)

    def see(self, chunk: bytes) -> None:
        """Look at the encoding of a chunk, where that may still be another."""
        if self.declared_encoding not in ("", "utf-8"):
            self.watch.feed(chunk)

    def finish(self) -> None:
        """Decide on the encoding."""
        if self.declared_encoding in ("", "utf-8"):
            return
        self.watch.finish()
        is_declared = self.declared_encoding != DETECTED
        encoding = encoding_for(self.declared_encoding, self.watch, is_declared=is_declared)
        if encoding != self.declared_encoding:
            self.found["encoding"] = encoding
            self.reading = replace(self.reading, encoding=encoding)


def is_read_as_it_is(head: bytes, form: str) -> bool:
    """Return whether the bytes themselves are lines of text, as far as their beginning tells."""
    is_lines = form in ("csv", "tsv", "ndjson") and not wide_encoding(head)
    return is_lines and not (has_lone_returns(head) if form != "ndjson" else ends_with_returns(head))


@contextmanager
def shaped(
    content: Iterable[bytes], form: str, source: Source, folder: Path, peeked: Peek
) -> Iterator[Shaped]:
    """Give the content of a file in the form as lines of text; its chunks raise Corrupt where it is none of the form."""
    found: dict[str, Any] = {} if form == source.notation.format else {"format": _read_as(form)}
    cut_off: list[str] = []
    with ExitStack() as stack:
        lines = _lines_of(content, form, source, folder, stack, found, cut_off, peeked)
        yield _with_dialect(lines, form, source, found, cut_off, peeked)


def _read_as(form: str) -> str:
    return "csv" if form in ("csv", "tsv", "excel") else "ndjson"


def _lines_of(
    content: Iterable[bytes],
    form: str,
    source: Source,
    folder: Path,
    stack: ExitStack,
    found: dict[str, Any],
    cut_off: list[str],
    peeked: Peek,
) -> Iterable[bytes]:
    if form in ("parquet", "excel"):
        path = stack.enter_context(spooled(content, folder))
        if form == "parquet":
            found |= _UTF8
            return lines_of_parquet(path)
        sheet, lines = lines_of_workbook(path, frozenset(source.required_columns))
        found |= {"sheet": sheet, **_OF_WORKBOOK}
        return lines
    head, chunks = peeked(content)
    if wide := wide_encoding(head):
        found |= {"encoding": wide, "transcoded": "utf-8"}
        chunks = _until_cut(in_utf8(chunks, wide), cut_off)
    if form == "json":
        path = stack.enter_context(spooled(chunks, folder))
        first_names = frozenset(column.split(".")[0] for column in source.required_columns)
        return _until_cut(lines_of_document(path, first_names), cut_off)
    return chunks


def _until_cut(chunks: Iterable[bytes], cut_off: list[str]) -> Iterator[bytes]:
    """Yield the chunks up to where they are cut off, and note why: what reads them goes on to its own end."""
    try:
        yield from chunks
    except CutOff as reason:
        cut_off.append(str(reason))


def _with_dialect(
    chunks: Iterable[bytes],
    form: str,
    source: Source,
    found: dict[str, Any],
    cut_off: list[str],
    peeked: Peek,
) -> Shaped:
    notation = source.notation
    is_certain = "encoding" in found or form != notation.format
    declared = "" if is_certain else notation.encoding
    head, chunks = peeked(chunks)
    if _read_as(form) == "csv":
        _find_dialect(head, form, source, found)
        chunks = _with_line_feeds(head, chunks, found, reading_of(notation, found))
    elif ends_with_returns(head):
        found["line_ends"] = "\r"
        chunks = with_line_feeds(chunks, None)
    return Shaped(chunks, reading_of(notation, found), found, declared, cut_off)


def _find_dialect(head: bytes, form: str, source: Source, found: dict[str, Any]) -> None:
    notation = source.notation
    known = reading_of(notation, found)
    asked = {
        name for name in ("delimiter", "quote") if getattr(notation, name) == DETECTED and name not in found
    }
    delimiters = (("\t",) if form == "tsv" else DELIMITERS) if "delimiter" in asked else (known.delimiter,)
    if ends_with_returns(head):
        head = head.replace(b"\r", b"\n")
    dialect = found_dialect(
        head,
        _encoding_so_far(head, source, found) or known.encoding,
        delimiters=delimiters,
        quotes=quotes_in(head[:_QUOTES_BYTES], delimiters) if "quote" in asked else (known.quote,),
        columns=frozenset(source.columns.values()),
        required=frozenset(source.required_columns),
    )
    found |= {name: getattr(dialect, name) for name in sorted(asked)}
    if dialect.preamble:
        found["preamble"] = dialect.preamble


def _encoding_so_far(head: bytes, source: Source, found: dict[str, Any]) -> str:
    """Return what the first bytes are in, as far as they tell."""
    declared = source.notation.encoding
    if "encoding" in found or declared == "utf-8":
        return ""
    watch = Watch()
    watch.feed(head)
    return encoding_for(declared, watch, is_declared=declared != DETECTED)


def _with_line_feeds(
    head: bytes, chunks: Iterable[bytes], found: dict[str, Any], reading: ReadAs
) -> Iterable[bytes]:
    if ends_with_returns(head):
        found["line_ends"] = "\r"
        return with_line_feeds(chunks, reading.quote)
    if has_lone_returns(head):
        return with_records_parted(chunks, reading.delimiter, usual_delimiters(head, reading.delimiter))
    return chunks
