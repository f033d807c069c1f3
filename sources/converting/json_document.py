"""One document of JSON as lines of JSON: cut where its records end, nothing parsed, every number as it is written.

Two passes over the file in bounded memory: one for where the records stand, one to write them down.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sources.encodings import BOM
from sources.unpacking import CutOff
from sources.unpacking.member import CHUNK_BYTES

_SKELETON_BYTES = 1 << 20
_OPEN, _CLOSE, _SPACE = b"[{", b"]}", b" \t\r\n"


@dataclass(frozen=True, slots=True)
class _Part:
    """Bytes of the document from `start` on; per byte whether it is in a string, and how deep it is behind it."""

    start: int
    text: np.ndarray
    is_inside: np.ndarray
    depth: np.ndarray

    def is_one_of(self, characters: bytes) -> np.ndarray:
        """Return where one of the characters stands outside of strings."""
        is_member = np.zeros(256, bool)
        is_member[list(characters)] = True
        return is_member[self.text] & ~self.is_inside


@dataclass(slots=True)
class _Survey:
    """What the first pass finds: the document without what is deeper than one level, and the arrays on that level."""

    skeleton: bytearray = field(default_factory=bytearray)
    arrays: list[tuple[int, int | None]] = field(default_factory=list)
    end: int | None = None
    """Behind the first value of the document; None where it does not end."""
    is_closed: bool = False


def lines_of_document(path: Path, required: frozenset[str]) -> Iterator[bytes]:
    """Yield one line per record of the document, chunk by chunk; `required` are the names that a record has.

    Records are the elements of an array; the document itself where it is an object that has the required names; else the
    elements of its one array of objects. What stands behind the document follows as it is. CutOff behind all, where
    the document does not end.
    """
    survey = _surveyed(path)
    level, begin, end = _place(path, survey, required)
    yield from _written(path, level, begin, end)
    if not survey.is_closed:
        raise CutOff("cut off: the JSON document has no end")
    last = b""
    for chunk in _behind(path, survey.end):
        if level and not last:
            yield b"\n"
        yield chunk
        last = chunk
    if not last.endswith(b"\n"):
        yield b"\n"


def _parts(path: Path) -> Iterator[_Part]:
    is_within, depth, start, held = False, 0, 0, b""
    with path.open("rb") as file:
        if file.read(len(BOM)) == BOM:
            start = len(BOM)
        file.seek(start)
        while chunk := file.read(CHUNK_BYTES):
            raw = held + chunk
            held = raw[len(raw.rstrip(b"\\")) :]  # whether they escape is told by what follows
            raw = raw[: len(raw) - len(held)]
            if raw:
                part = _part(raw, start, depth, is_within=is_within)
                is_within, depth, start = bool(part.is_inside[-1]), int(part.depth[-1]), start + len(raw)
                yield part
        if held:
            yield _part(held, start, depth, is_within=is_within)


def _part(raw: bytes, start: int, depth: int, *, is_within: bool) -> _Part:
    plain = np.frombuffer(raw.replace(b"\\\\", b"..").replace(b'\\"', b".."), np.uint8)
    is_inside = np.bitwise_xor.accumulate(plain == ord('"')) ^ is_within
    steps = np.zeros(256, np.int8)
    steps[list(_OPEN)], steps[list(_CLOSE)] = 1, -1
    change = np.where(is_inside, np.int8(0), steps[plain])
    return _Part(start, np.frombuffer(raw, np.uint8), is_inside, depth + np.cumsum(change, dtype=np.int64))


def _surveyed(path: Path) -> _Survey:
    survey, is_open = _Survey(), False
    for part in _parts(path):
        opens, closes = part.is_one_of(_OPEN), part.is_one_of(_CLOSE)
        is_shallow = (part.depth <= 1) | (opens & (part.depth == 2))
        if survey.end is None:
            if len(survey.skeleton) < _SKELETON_BYTES:
                survey.skeleton += part.text[is_shallow].tobytes()
            _note_arrays(survey, part, opens, closes)
            ended = np.flatnonzero(closes & (part.depth <= 0))
            survey.end = part.start + int(ended[0]) + 1 if len(ended) else None
        is_open = bool(part.is_inside[-1]) or part.depth[-1] > 0
    survey.is_closed = survey.end is not None or not is_open
    return survey


def _note_arrays(survey: _Survey, part: _Part, opens: np.ndarray, closes: np.ndarray) -> None:
    begins = np.flatnonzero(opens & (part.depth == 2) & (part.text == ord("[")))
    ends = np.flatnonzero(closes & (part.depth == 1) & (part.text == ord("]")))
    for at in sorted([*((int(i), True) for i in begins), *((int(i), False) for i in ends)]):
        position, is_begin = part.start + at[0], at[1]
        if is_begin:
            survey.arrays.append((position + 1, None))
        elif survey.arrays and survey.arrays[-1][1] is None:
            survey.arrays[-1] = (survey.arrays[-1][0], position)


def _place(path: Path, survey: _Survey, required: frozenset[str]) -> tuple[int, int, int | None]:
    """Return the depth of the records, and the bytes between which they stand."""
    skeleton = bytes(survey.skeleton).lstrip(_SPACE)
    if skeleton.startswith(b"["):
        begin = _first(path, b"[") + 1
        return 1, begin, None if survey.end is None else survey.end - 1
    if skeleton.startswith(b"{") and not _is_record(skeleton, required):
        arrays = [array for array in survey.arrays if _holds_objects(path, array[0])]
        if len(arrays) == 1:
            return 2, arrays[0][0], arrays[0][1]
    return 0, 0, survey.end


def _is_record(skeleton: bytes, required: frozenset[str]) -> bool:
    try:
        document = json.loads(skeleton, parse_int=str)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and bool(required) and required <= document.keys()


def _holds_objects(path: Path, begin: int) -> bool:
    with path.open("rb") as file:
        file.seek(begin)
        return file.read(CHUNK_BYTES).lstrip(_SPACE).startswith(b"{")


def _first(path: Path, character: bytes) -> int:
    with path.open("rb") as file:
        return file.read(CHUNK_BYTES).find(character)


def _written(path: Path, level: int, begin: int, end: int | None) -> Iterator[bytes]:
    for part in _parts(path):
        low = max(0, begin - part.start)
        high = len(part.text) if end is None else min(len(part.text), end - part.start)
        if low >= high:
            continue
        text = part.text.copy()
        text[part.is_one_of(b"\r\n")] = ord(" ")
        if level:
            text[part.is_one_of(b",") & (part.depth == level)] = ord("\n")
        yield text[low:high].tobytes()


def _behind(path: Path, end: int | None) -> Iterator[bytes]:
    """Yield what stands behind the document as it is, unless that is nothing."""
    if end is None:
        return
    with path.open("rb") as file:
        file.seek(end)
        is_begun = False
        while chunk := file.read(CHUNK_BYTES):
            is_begun = is_begun or bool(chunk.strip(_SPACE))
            if is_begun:
                yield chunk
