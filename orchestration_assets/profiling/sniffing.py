"""How the bytes of a file that nobody declared are written: format, encoding, delimiter, quote. From its first bytes."""

import csv
import json
from collections import Counter
from dataclasses import dataclass

_DELIMITERS = ",;\t|"
_LINES = 100
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Sniffed:
    """The notation of a file, as far as its bytes tell."""

    format: str
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str | None = '"'


def sniffed(head: bytes) -> Sniffed:
    """The notation of a file that begins with `head`."""
    encoding = encoding_of(head)
    lines = head.removeprefix(_BOM).decode(encoding, "replace").splitlines()[:_LINES]
    if _are_objects(lines):
        return Sniffed("ndjson", encoding)
    return Sniffed("csv", encoding, delimiter_of(lines))


def encoding_of(head: bytes) -> str:
    """utf-8 where the bytes are that, else what Windows writes in western Europe."""
    whole = head[: head.rfind(b"\n") + 1] or head
    try:
        whole.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        whole.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"  # the few bytes that cp1252 does not have
    return "cp1252"


def delimiter_of(lines: list[str]) -> str:
    """The character that cuts the most lines into the same number of fields, more than one."""

    def score(delimiter: str) -> tuple[float, int]:
        counts = Counter(
            len(fields) for fields in csv.reader((line for line in lines if line), delimiter=delimiter)
        )
        width, often = counts.most_common(1)[0] if counts else (1, 0)
        return (often / counts.total() if width > 1 else 0.0, width)

    return max(_DELIMITERS, key=score)


def _are_objects(lines: list[str]) -> bool:
    there = [line for line in lines if line.strip()][:-1] or lines[:1]
    return bool(there) and sum(_is_object(line) for line in there) > len(there) / 2


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
