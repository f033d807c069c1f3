"""What is learnt from a delivery's bytes while they pass by: lines, quotes, header, and where fragments end.

Bounded memory: one chunk, the first bytes as a sample, and three numbers per fragment. No Python per line.
"""

from dataclasses import dataclass, field

import numpy as np

from sources.delivery import Fragment

FRAGMENT_BYTES = 64 << 20
SAMPLE_BYTES = 4 << 20

_NEWLINE = 10
_BLOCK = 1 << 18


def count_of(data: bytes, mark: str) -> int:
    """Return how often the mark stands in the data; blocks that fit the cache are the fastest, and let other threads go on."""
    text, code = np.frombuffer(data, np.uint8), ord(mark)
    blocks = range(0, len(text), _BLOCK)
    return sum(int(np.count_nonzero(text[i : i + _BLOCK] == code)) for i in blocks)


@dataclass(slots=True)
class Scan:
    """Counts over the chunks fed so far; complete after `finish`.

    A fragment ends at the first line end behind `fragment_bytes` with an even number of quotes before it. A
    quote that is never closed must not make one fragment of the rest: where no such end comes within another
    `fragment_bytes`, the next line end serves, and the count of quotes begins anew.
    """

    has_header: bool
    quote: str | None
    fragment_bytes: int = FRAGMENT_BYTES
    preamble: int = 0
    """Lines before the header: with it they stand in the first fragment, and count as lines of data."""
    size_bytes: int = 0
    newlines: int = 0
    quotes: int = 0
    data_start: int | None = None
    is_closed: bool = True
    sample: bytearray = field(default_factory=bytearray)
    fragments: list[Fragment] = field(default_factory=list)
    _start: int = 0
    _start_newlines: int = 0
    _is_within_quotes: bool = False

    def __post_init__(self) -> None:
        """Let the data begin at once where there is no header, or something before it."""
        if not self.has_header or self.preamble:
            self.data_start = 0

    @property
    def header(self) -> "bytes | None":
        """The line of the column names without its end; None where it does not end within the sample."""
        begin = end = -1
        for _ in range(self.preamble + 1):
            begin, end = end + 1, self.sample.find(b"\n", end + 1)
            if end < 0:
                break
        if end < 0 and self.size_bytes > len(self.sample):
            return None
        return bytes(self.sample[begin : end if end >= 0 else None]).removesuffix(b"\r")

    @property
    def lines(self) -> int:
        """Physical lines of data: without the header, with a last line that lacks its end."""
        total = self.newlines + (not self.is_closed)
        return max(0, total - self.has_header)

    def feed(self, chunk: bytes) -> None:
        """Count one chunk."""
        if len(self.sample) < SAMPLE_BYTES:
            self.sample += chunk[: SAMPLE_BYTES - len(self.sample)]
        body = chunk if self.data_start is not None else self._behind_header(chunk)
        while body:
            body = self._take(body)
        self.is_closed = chunk.endswith(b"\n") if chunk else self.is_closed

    def finish(self) -> None:
        """Close the last fragment."""
        if self.data_start is not None and self.size_bytes > self._start:
            self._cut()

    def _behind_header(self, chunk: bytes) -> bytes:
        end = chunk.find(b"\n") + 1
        if end == 0:
            self.size_bytes += len(chunk)
            return b""
        self.size_bytes += end
        self.newlines += 1
        self.data_start = self._start = self.size_bytes
        self._start_newlines = 1
        return chunk[end:]

    def _take(self, body: bytes) -> bytes:
        """Count up to the end of the fragment, or all of it; return what lies behind."""
        stop = self._stop(body) if self.size_bytes + len(body) - self._start >= self.fragment_bytes else None
        taken = body if stop is None else body[:stop]
        quotes = count_of(taken, self.quote) if self.quote else 0
        self.size_bytes += len(taken)
        self.newlines += count_of(taken, "\n")
        self.quotes += quotes
        self._is_within_quotes ^= quotes % 2 == 1
        if stop is not None:
            self._cut()
        return b"" if stop is None else body[stop:]

    def _cut(self) -> None:
        first_row = max(0, self._start_newlines - self.has_header)
        self.fragments.append(Fragment(self._start, self.size_bytes, first_row))
        self._start, self._start_newlines = self.size_bytes, self.newlines
        self._is_within_quotes = False

    def _stop(self, body: bytes) -> int | None:
        """Return the position behind the line end at which the fragment ends, or None."""
        text = np.frombuffer(body, np.uint8)
        ends = np.flatnonzero(text == _NEWLINE)
        sizes = self.size_bytes - self._start + ends + 1
        is_stop = (sizes >= self.fragment_bytes) & (
            self._is_outside(text, ends) | (sizes >= 2 * self.fragment_bytes)
        )
        return int(ends[np.argmax(is_stop)]) + 1 if is_stop.any() else None

    def _is_outside(self, text: np.ndarray, ends: np.ndarray) -> np.ndarray:
        if not self.quote:
            return np.ones(len(ends), bool)
        before = np.searchsorted(np.flatnonzero(text == ord(self.quote)), ends)
        return (before + self._is_within_quotes) % 2 == 0
