"""Text whose lines cannot be cut at bytes of line feeds: utf-16 and utf-32, and lines that end with a carriage return.

Lossless: each character stays what it is.
"""

import codecs
import re
from collections.abc import Iterable, Iterator

import numpy as np

from sources.unpacking import Corrupt, CutOff

_LONE_RETURN = re.compile(rb"\r(?!\n)")
_NEWLINE, _RETURN = 10, 13


def in_utf8(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Yield the chunks as utf-8 without byte order mark; half of a surrogate pair stays one, and is no utf-8 then.

    Raises Corrupt where there are no characters, and CutOff at the end within one.
    """
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    is_first = True
    for chunk in chunks:
        try:
            text = decoder.decode(chunk)
        except UnicodeDecodeError as error:
            raise Corrupt(f"it is not {encoding} throughout") from error
        if text and is_first:
            text, is_first = text.removeprefix("\ufeff"), False
        if text:
            yield text.encode("utf-8", "surrogatepass")
    if decoder.getstate()[0]:
        raise CutOff(f"cut off: it ends within a character of {encoding}")


def has_lone_returns(head: bytes) -> bool:
    """Return whether a carriage return stands without a line feed, but for the last byte."""
    return b"\r" in head and _LONE_RETURN.search(head[:-1]) is not None


def ends_with_returns(head: bytes) -> bool:
    """Return whether lines end with carriage returns alone."""
    return b"\n" not in head and b"\r" in head


def with_line_feeds(chunks: Iterable[bytes], quote: str | None) -> Iterator[bytes]:
    """Yield the chunks with a line feed for each carriage return outside of quotes: no byte moves."""
    is_within = False
    for chunk in chunks:
        text = np.frombuffer(chunk, np.uint8).copy()
        inside = np.full(len(text), is_within)
        if quote is not None:
            inside ^= np.bitwise_xor.accumulate(text == ord(quote))
            is_within = bool(inside[-1]) if len(inside) else is_within
        text[(text == _RETURN) & ~inside] = _NEWLINE
        yield text.tobytes()


def with_records_parted(chunks: Iterable[bytes], delimiter: str, delimiters: int) -> Iterator[bytes]:
    """Yield the chunks with a line feed for each carriage return that parts records, and for no other.

    It does where every part of the line, cut at carriage returns, has as many delimiters as most lines, and the line no
    quote. No byte moves.
    """
    rest = b""
    for chunk in chunks:
        whole, mark, rest = (rest + chunk).rpartition(b"\n")
        if mark:
            yield _parted(whole + mark, delimiter.encode(), delimiters)
    if rest:
        yield _parted(rest, delimiter.encode(), delimiters)


def _parted(text: bytes, delimiter: bytes, delimiters: int) -> bytes:
    if delimiters == 0 or not has_lone_returns(text):
        return text
    return b"\n".join(_line(line, delimiter, delimiters) for line in text.split(b"\n"))


def _line(line: bytes, delimiter: bytes, delimiters: int) -> bytes:
    body = line.removesuffix(b"\r")
    if b"\r" not in body or b'"' in body:
        return line
    is_parted = all(part.count(delimiter) == delimiters for part in body.split(b"\r"))
    return body.replace(b"\r", b"\n") + line[len(body) :] if is_parted else line
