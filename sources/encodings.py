"""Which encoding bytes are in: by byte order mark, by whether they are utf-8, by the pattern of NUL bytes, by evidence.

Nothing here changes a byte.
"""

import codecs
import re
from dataclasses import dataclass, field

import numpy as np
import polars as pl

BOM = b"\xef\xbb\xbf"

FEW_CHARACTERS = 3
"""So many characters of several bytes, and no byte that is not utf-8, do not come about in another encoding."""

_MARKS = (
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
# Of a hundred characters of the tables of this world, most are ASCII: digits, delimiters, line ends.
_WIDE_SHARE = 0.4
_NARROW_SHARE = 0.02
_MOSTLY = 0.9
_MARK = "\ufffd".encode()
_EVIDENCE_BYTES = 1 << 18
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")
_HIGH_ALONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
_IN_WORD = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f]|[^\x00-\x7f](?=[A-Za-z])")
_FEW_LETTERS = 200
# In the order of preference: without evidence for another, what the web takes for what says nothing of itself.
_LATIN = (
    "cp1252",
    "cp1250",
    "cp1254",
    "cp1257",
    "cp850",
    "cp852",
    "cp437",
    "mac_roman",
    "iso8859_2",
    "iso8859_15",
)
_OTHER_SCRIPTS = ("cp1251", "koi8_r", "cp866", "iso8859_5", "cp1253", "iso8859_7", "cp1255", "cp1256")


def wide_encoding(head: bytes) -> str:
    """Return utf-16 or utf-32 with its order of bytes, by mark or by pattern; nothing where it is neither."""
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), "")
    return marked or _wide_by_pattern(head)


def _wide_by_pattern(head: bytes) -> str:
    whole = len(head) // 4 * 4
    if not whole or b"\0" not in head:
        return ""
    is_nul = (np.frombuffer(head[:whole], np.uint8) == 0).reshape(-1, 4).mean(axis=0)
    patterns = {
        "utf-32-le": (0, 1, 1, 1),
        "utf-32-be": (1, 1, 1, 0),
        "utf-16-le": (0, 1, 0, 1),
        "utf-16-be": (1, 0, 1, 0),
    }
    for name, pattern in patterns.items():
        wanted = np.array(pattern, bool)
        if (is_nul[wanted] > _WIDE_SHARE).all() and (is_nul[~wanted] < _NARROW_SHARE).all():
            return name
    return ""


@dataclass(slots=True)
class Watch:
    """What the bytes of a delivery say of their encoding while they pass by; bounded memory."""

    leads: int = 0
    invalid: int = 0
    high: np.ndarray = field(default_factory=lambda: np.zeros(128, np.int64))
    evidence: bytearray = field(default_factory=bytearray)
    _rest: bytes = b""

    def feed(self, chunk: bytes) -> None:
        """Look at one chunk, up to its last line end: there every character is whole."""
        end = chunk.rfind(b"\n") + 1
        if not end:
            chunk, self._rest = self._rest + chunk, b""
            end = _end_of_characters(chunk)
        self._look_at(b"".join((self._rest, memoryview(chunk)[:end])))
        self._rest = chunk[end:]

    def finish(self) -> None:
        """Look at what stands behind the last line end."""
        self._look_at(self._rest)
        self._rest = b""

    def _look_at(self, body: bytes) -> None:
        if body.isascii():
            return
        raw = np.frombuffer(body, np.uint8)
        high = raw[raw.view(np.int8) < 0]
        marks = body.count(_MARK) if (high == _MARK[0]).any() else 0
        self.high += np.bincount(high - 128, minlength=128)
        self.leads += int(np.count_nonzero(high >= 0xC2)) - marks
        if not _is_utf8(body):
            self.invalid += body.decode("utf-8", "replace").count("\ufffd") - marks
            if len(self.evidence) < _EVIDENCE_BYTES:
                self.evidence += _lines_with_high_bytes(body)[: _EVIDENCE_BYTES - len(self.evidence)]

    @property
    def is_utf8(self) -> bool:
        """Whether every byte so far is utf-8."""
        return self.invalid == 0

    @property
    def has_several_characters(self) -> bool:
        """Whether there is enough that is not ASCII to tell utf-8 from another encoding."""
        return self.leads >= FEW_CHARACTERS

    def chosen(self) -> str:
        """Return the encoding where none is declared; utf-8 also where the evidence is for none in particular."""
        if self.is_utf8 or self.leads - self.invalid > _MOSTLY * self.leads:
            return "utf-8"
        return self._single_byte() or "utf-8"

    def _single_byte(self) -> str:
        """Return the encoding in which the words are words; one of another script where they hold hardly any ASCII."""
        text = bytes(self.evidence)
        latin = [name for name in _LATIN if self._fits(name)]
        candidates = latin if _is_latin(text) else [name for name in _OTHER_SCRIPTS if self._fits(name)]
        if candidates is latin and latin and len(_HIGH_BYTE.findall(text)) < _FEW_LETTERS:
            return codecs.lookup(max(latin, key=lambda name: _letters_in(text, name))).name
        return _best(text, candidates)

    def _fits(self, encoding: str) -> bool:
        """Return whether the encoding knows every byte, and none of them as a control character."""
        met = bytes((np.flatnonzero(self.high) + 128).tolist())
        try:
            return not any("\x80" <= character <= "\x9f" for character in met.decode(encoding))
        except UnicodeDecodeError:
            return False


def _best(text: bytes, candidates: list[str]) -> str:
    from charset_normalizer import from_bytes

    if not candidates:
        return ""
    best = from_bytes(text, cp_isolation=candidates, preemptive_behaviour=False).best()
    return codecs.lookup(best.encoding if best is not None else candidates[0]).name


def _is_latin(text: bytes) -> bool:
    """Return whether most of what is not ASCII stands beside ASCII letters, and not in words of its own."""
    alone = len(_HIGH_ALONE.findall(text))
    return 2 * alone >= len(_HIGH_BYTE.findall(text))


def _letters_in(text: bytes, encoding: str) -> int:
    """Return how many characters beside ASCII letters are letters themselves."""
    return sum(match[-1].isalpha() for match in _IN_WORD.findall(text.decode(encoding)))


def encoding_for(declared: str, watch: Watch, *, is_declared: bool) -> str:
    """Return the encoding to read in, once all bytes were seen.

    What is declared holds, but for an encoding of single bytes where every byte is utf-8 and several characters are of
    more than one byte: each would silently become two or three wrong ones.
    """
    if not is_declared:
        return watch.chosen()
    is_contradicted = declared not in ("utf-8", "ascii") and watch.is_utf8 and watch.has_several_characters
    return "utf-8" if is_contradicted else declared


def _is_utf8(body: bytes) -> bool:
    """Whether every byte is utf-8; polars looks at many bytes at once."""
    try:
        pl.Series([body]).cast(pl.String)
    except pl.exceptions.PolarsError:
        return False
    return True


def _end_of_characters(body: bytes) -> int:
    """Return the position behind the last character that is surely whole, of bytes without a line end."""
    for back in range(1, min(4, len(body)) + 1):
        if body[-back] < 0x80:
            return len(body) - back + 1
        if body[-back] >= 0xC0:
            return len(body) - back
    return len(body)


def _lines_with_high_bytes(chunk: bytes) -> bytes:
    return b"\n".join(line for line in chunk[:_EVIDENCE_BYTES].split(b"\n") if not line.isascii())
