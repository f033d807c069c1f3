"""The 283 files of the JSON test suite that say what a parser must do: 95 must parse, 188 must not."""

import os
from pathlib import Path

import pytest

from sources.converting.json_document import lines_of_document
from sources.reading.ndjson import read_ndjson_text
from sources.unpacking import CutOff

REFERENCE = Path(
    os.environ.get("BREAKWATER_REFERENCE_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data"
)
FILES = sorted((REFERENCE / "jsontestsuite" / "test_parsing").glob("[yn]_*.json"))
NO_OBJECT = "JSON that is no object"
needs_files = pytest.mark.skipif(
    not FILES, reason="no jsontestsuite in BREAKWATER_REFERENCE_DATA; it is github.com/nst/JSONTestSuite"
)


def converted(path: Path) -> tuple[bytes, bool]:
    """The document as lines, and whether it is cut off."""
    lines = []
    try:
        lines += lines_of_document(path, frozenset())
    except CutOff:
        return b"".join(lines), True
    return b"".join(lines), False


@needs_files
@pytest.mark.parametrize("path", [p for p in FILES if p.name.startswith("y_")], ids=lambda path: path.stem)
def test_what_must_parse_is_read_or_is_no_object(path: Path) -> None:
    as_line = read_ndjson_text(b" ".join(path.read_bytes().splitlines()), ("no such key",))
    assert set(as_line.reasons["reason"]) <= {NO_OBJECT}
    lines, is_cut_off = converted(path)
    read = read_ndjson_text(lines, ("no such key",))
    assert not is_cut_off
    assert set(read.reasons["reason"]) <= {NO_OBJECT, *(["empty line"] if b"[]" in path.read_bytes() else [])}


@needs_files
@pytest.mark.parametrize("path", [p for p in FILES if p.name.startswith("n_")], ids=lambda path: path.stem)
def test_what_must_not_parse_is_no_record_and_none_crashes(path: Path, harbour, declared) -> None:
    content = path.read_bytes()
    read = read_ndjson_text(content, ("no such key",))
    assert read.fields.height == 0
    assert read.reasons.height == content.count(b"\n") + (bool(content) and not content.endswith(b"\n"))
    for form in ("json", "ndjson"):
        source = declared({"a": {"from": "no such key", "optional": True}}, format=form)
        for delivery in (harbour.land_bytes(source, content),):
            assert delivery.status == "refused"
            assert delivery.reason


@needs_files
def test_the_suite_is_whole() -> None:
    assert [sum(p.name.startswith(kind) for p in FILES) for kind in ("y_", "n_")] == [95, 188]
