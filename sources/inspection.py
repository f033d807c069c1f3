"""Whether delivered bytes are of the kind that their source declares: columns, or why they are refused."""

import json
from collections.abc import Iterator

from sources.declaration import Source
from sources.dialect import fields_of
from sources.encodings import BOM
from sources.found import ReadAs
from sources.scanning import SAMPLE_BYTES, Scan

SAMPLE_LINES = 200

_SHOWN = 10
_OTHERS = {b"PK\x03\x04": "a workbook", b"\xd0\xcf\x11\xe0": "a workbook", b"PAR1": "Parquet"}


def columns_of(source: Source, scan: Scan, reading: ReadAs) -> tuple[tuple[str, ...], str]:
    """Return the columns of the delivery and why it is refused; the reason is empty where it is accepted.

    CSV: its header. NDJSON: the dotted paths of values in the first 200 lines that are objects.
    """
    if scan.size_bytes == 0:
        return (), "0 bytes were delivered"
    other = next((name for magic, name in _OTHERS.items() if scan.sample.startswith(magic)), "")
    if other:
        return (), f"it is {other} where {source.notation.format} is declared"
    if reading.format == "ndjson":
        columns, reason = _columns_of_ndjson(source, scan, reading)
    else:
        columns, reason = _columns_of_csv(source, scan, reading)
    if not reason and scan.lines == 0:
        reason = "there is a header and no line of data"
    return columns, reason


def extra_columns(source: Source, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns that the source does not declare, neither as they are nor as a part of a path."""
    declared = set(source.columns.values())
    above = {path[:i] for path in declared for i, mark in enumerate(path) if mark == "."}
    known = declared | (above if source.notation.read_as == "ndjson" else set())
    return tuple(column for column in columns if column not in known)


def paths_of(value: object, prefix: str = "") -> Iterator[str]:
    """Yield the dotted paths of what an object holds; a list is one value, an empty object too."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from paths_of(inner, f"{prefix}.{key}" if prefix else key)
    elif prefix:
        yield prefix


def _columns_of_csv(source: Source, scan: Scan, reading: ReadAs) -> tuple[tuple[str, ...], str]:
    header = scan.header
    if header is None:
        return (), f"there is no line end in the first {SAMPLE_BYTES} bytes"
    if b"\0" in header:
        return (), "the header holds NUL bytes: this is binary"
    try:
        text = header.removeprefix(BOM).decode(reading.encoding)
    except UnicodeDecodeError:
        return (), f"the header is not {reading.encoding}"
    columns = tuple(fields_of(text, reading.delimiter, reading.quote))
    twice = sorted({c for c in source.columns.values() if columns.count(c) > 1})
    if twice:
        return columns, f"the header names columns twice: {_listed(twice)}"
    return columns, _what_is_missing(source, set(columns), f"the header of {len(columns)} columns")


def _columns_of_ndjson(source: Source, scan: Scan, reading: ReadAs) -> tuple[tuple[str, ...], str]:
    columns: dict[str, None] = {}
    for record in _first_objects(bytes(scan.sample), reading.encoding):
        columns |= dict.fromkeys(paths_of(record))
    if not columns:
        return (), "none of the first lines is a JSON object"
    seen = set(columns) | {path[:i] for path in columns for i, mark in enumerate(path) if mark == "."}
    return tuple(columns), _what_is_missing(source, seen, f"the first {SAMPLE_LINES} lines")


def _first_objects(sample: bytes, encoding: str) -> Iterator[dict[str, object]]:
    count = 0
    for line in sample.removeprefix(BOM).split(b"\n"):
        if count == SAMPLE_LINES:
            return
        record = _object(line, encoding)
        if record is not None:
            count += 1
            yield record


def _object(line: bytes, encoding: str) -> dict[str, object] | None:
    try:
        record = json.loads(line.decode(encoding), parse_int=str)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _what_is_missing(source: Source, seen: set[str], place: str) -> str:
    missing = sorted(set(source.required_columns) - seen)
    return f"columns that {place} lacks: {_listed(missing)}" if missing else ""


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
