"""Formats and packings: what is packed or converted reads like the plain file, and what cannot be trusted is refused."""

import bz2
import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.converting.json_document import lines_of_document
from sources.converting.tables import cell_text, lines_of_parquet
from sources.declaration import Source
from sources.delivery import Delivery
from sources.reading import Reading, read_fragment
from sources.unpacking import CutOff, member

DAY = "2026-11-23"
FIELDS = {"order_id": "id", "name": "name"}
CSV = b"id;name\n1;x\n2;y\n"
ROWS = [(0, "1", "x"), (1, "2", "y")]


def land_all(harbour, source: Source, content: bytes) -> list[Delivery]:
    harbour.put(f"{DAY}/data.{source.notation.format}", content)
    return harbour.land(source)


def read_all(harbour, source: Source, delivery: Delivery) -> Reading:
    assert delivery.status == "landed", delivery.reason
    [fragment] = delivery.fragments
    return read_fragment(source, delivery, fragment, store=harbour.store)


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def shop(declared: Callable[..., Source]) -> Source:
    return declared(FIELDS, delimiter=";", quote='"', encoding="utf-8")


@pytest.mark.parametrize(
    ("packed", "packing"),
    [
        (gzip.compress(CSV), "gzip"),
        (gzip.compress(CSV[:10]) + gzip.compress(CSV[10:]) + b"\0" * 512, "gzip"),
        (zstandard.compress(CSV), "zstd"),
        (zstandard.compress(CSV[:10]) + zstandard.compress(CSV[10:]), "zstd"),
        (zipped(**{"a.csv": CSV}), "zip"),
    ],
)
def test_what_is_packed_is_the_same_delivery_as_the_plain_file(
    harbour, shop: Source, packed: bytes, packing: str
) -> None:
    [delivery] = land_all(harbour, shop, packed)
    assert delivery.content_hash == hashlib.sha256(CSV).hexdigest()
    assert json.loads(delivery.found)["compression"] == packing
    assert (harbour.store / delivery.packed).read_bytes() == packed
    assert (harbour.store / delivery.path).read_bytes() == CSV
    assert read_all(harbour, shop, delivery).records.rows() == ROWS


def test_each_file_of_an_archive_is_a_delivery_and_its_name_never_a_path(harbour, shop: Source) -> None:
    packed = zipped(
        **{"../../up.csv": CSV, "folder/": b"", "/root.csv": CSV + b"3;z\n", "n\nl.csv": CSV + b"4;z\n"}
    )
    deliveries = land_all(harbour, shop, packed)
    assert [d.name for d in deliveries] == [
        "data.csv/../../up.csv",
        "data.csv//root.csv",
        "data.csv/n\ufffdl.csv",
    ]
    assert [d.lines for d in deliveries] == [2, 3, 3]
    digests = {d.content_hash for d in deliveries}
    assert {Path(d.path).stem for d in deliveries} == digests
    assert {path.parent for path in harbour.store.rglob("*") if path.is_file()} == {harbour.store / DAY}
    assert {path.parent for path in harbour.root.rglob("*") if path.is_file()} == {harbour.root / DAY}


@pytest.mark.parametrize(
    ("packed", "word"),
    [
        (gzip.compress(CSV * 1000)[:-30], "gzip"),
        (zstandard.compress(bytes(range(256)).hex().encode() + b"\n" + CSV * 50_000)[:-30], "zstd"),
        (zipped(**{"a.csv": CSV})[:-40], "zip"),
    ],
)
def test_of_a_truncated_archive_is_taken_what_can_be_unpacked(
    harbour, declared, packed: bytes, word: str
) -> None:
    source = declared({"order_id": {"from": "id", "optional": True}}, delimiter=";")
    [delivery] = land_all(harbour, source, packed)
    assert (delivery.status, delivery.is_closed) == ("landed", False)
    assert delivery.reason.startswith(f"cut off: the {word}")
    assert delivery.lines > 0
    assert read_all(harbour, source, delivery).lines == delivery.lines


def test_a_line_that_a_truncated_archive_cuts_is_no_record(harbour, shop: Source) -> None:
    packed = gzip.compress(CSV + b"3;z", compresslevel=0)
    [delivery] = land_all(harbour, shop, packed[:-8])
    reading = read_all(harbour, shop, delivery)
    assert reading.records.rows() == ROWS
    assert reading.unreadable.select("_row", "line", "byte", "bytes", "reason").rows() == [
        (2, 4, 16, b"3;z", "cut off: the line has no end")
    ]


def test_a_wrong_checksum_is_refused_and_the_other_members_are_taken(harbour, shop: Source) -> None:
    bad = bytearray(gzip.compress(CSV))
    bad[-8] ^= 1
    [delivery] = land_all(harbour, shop, bytes(bad))
    assert (delivery.status, delivery.reason) == (
        "refused",
        "the gzip stream is corrupt: incorrect data check",
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.csv", CSV)
        archive.writestr("b.csv", CSV + b"3;z\n")
    stored = bytearray(out.getvalue())
    stored[stored.index(b"1;x")] ^= 1
    first, second = land_all(harbour, shop, bytes(stored))
    assert (first.status, first.reason) == ("refused", "the zip file is corrupt: its checksum is wrong")
    assert (second.status, second.lines) == ("landed", 3)


@pytest.mark.parametrize(
    "packed",
    [b"PK\x03\x04junk", b"\x1f\x8bjunk", b"\x28\xb5\x2f\xfdjunk", zipped(), b"BZh" + bz2.compress(CSV)],
)
def test_what_is_no_archive_is_refused_and_kept(harbour, shop: Source, packed: bytes) -> None:
    [delivery] = land_all(harbour, shop, packed)
    assert delivery.status == "refused"
    assert delivery.reason
    assert (harbour.store / (delivery.packed or delivery.path)).read_bytes() == packed


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, lambda text: zipped(**{"a.csv": text})])
def test_a_bomb_is_refused(harbour, shop: Source, monkeypatch: pytest.MonkeyPatch, pack) -> None:
    monkeypatch.setattr(member, "FREE_BYTES", 1 << 20)
    [delivery] = land_all(harbour, shop, pack(CSV + b"0;0\n" * (4 << 20)))
    assert delivery.status == "refused"
    assert "it is held for a bomb" in delivery.reason


def test_a_packed_file_within_another_form_is_unpacked_first(harbour, declared) -> None:
    source = declared(FIELDS, format="json")
    [delivery] = land_all(harbour, source, gzip.compress(b'[{"id": 1.50, "name": "x"}]'))
    assert read_all(harbour, source, delivery).records.rows() == [(0, "1.50", "x")]


@pytest.mark.parametrize(
    ("document", "rows"),
    [
        (
            b'[{"id": 1.50, "name": "a,]}\\"\\\\"},\r\n {"id":\n1e2}]',
            [(0, "1.50", 'a,]}"\\'), (1, "1e2", None)],
        ),
        (b'{"id": 1, "name": "x", "more": [{"id": 2}]}', [(0, "1", "x")]),
        (
            b'{"page": 1, "rows": [{"id": 1, "name": "x"}, {"id": 2}], "next": [7]}',
            [(0, "1", "x"), (1, "2", None)],
        ),
        (b'{"id": 1, "name": "x"}\n{"id": 2, "name": "y"}', ROWS),
        (b'\xef\xbb\xbf[{"id": 1, "name": "x"}]', [(0, "1", "x")]),
        ('[{"id": 1, "name": "ü"}]'.encode("utf-16"), [(0, "1", "ü")]),
    ],
)
def test_a_document_of_json_is_read_record_by_record(harbour, declared, document: bytes, rows) -> None:
    source = declared(FIELDS, format="json")
    [delivery] = land_all(harbour, source, document)
    reading = read_all(harbour, source, delivery)
    assert reading.records.rows() == rows
    assert delivery.content_hash == hashlib.sha256(document).hexdigest()


def test_two_arrays_of_objects_are_no_one_table(harbour, declared) -> None:
    source = declared(FIELDS, format="json")
    [delivery] = land_all(harbour, source, b'{"a": [{"id": 1, "name": "x"}], "b": [{"id": 2, "name": "y"}]}')
    assert delivery.status == "refused"


def test_a_document_that_is_cut_off_gives_its_whole_records(harbour, declared) -> None:
    source = declared(FIELDS, format="json")
    [delivery] = land_all(harbour, source, b'[{"id": 1, "name": "x"}, {"id": 2, "na')
    reading = read_all(harbour, source, delivery)
    assert (delivery.is_closed, delivery.reason) == (False, "cut off: the JSON document has no end")
    assert reading.records.rows() == [(0, "1", "x")]
    assert reading.unreadable["reason"].to_list() == ["cut off: no JSON: unterminated string"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    records=st.lists(
        st.dictionaries(st.text(max_size=3), JSON, min_size=1, max_size=3), min_size=1, max_size=5
    ),
    indent=st.sampled_from([None, 1]),
)
def test_every_element_of_an_array_is_a_line(tmp_path: Path, records, indent) -> None:
    path = tmp_path / "document.json"
    path.write_text(json.dumps(records, indent=indent), encoding="utf-8")
    lines = b"".join(lines_of_document(path, frozenset())).split(b"\n")
    assert [json.loads(line) for line in lines if line.strip()] == records


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=60) | st.text(alphabet='[]{}",:1 \\\n', max_size=60).map(str.encode))
def test_no_document_makes_the_conversion_fail(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "document.json"
    path.write_bytes(data)
    try:
        list(lines_of_document(path, frozenset({"a"})))
    except CutOff as reason:
        assert str(reason) == "cut off: the JSON document has no end"  # noqa: PT017 - both outcomes are right


def test_parquet_is_read_as_text_without_loss(harbour, declared) -> None:
    frame = pl.DataFrame(
        {
            "id": [2**53 + 1, None],
            "f": [0.1, 1e22],
            "d": pl.Series([Decimal("1.50"), None], dtype=pl.Decimal(10, 2)),
            "at": [datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), None],
            "on": [date(2026, 1, 2), None],
            "raw": [b"\x00\xff", None],
            "is": [True, None],
            "l": [[1, 2], None],
            "s": [{"a": {"b": 1.5}}, None],
        }
    )
    out = io.BytesIO()
    frame.write_parquet(out, row_group_size=1)
    fields = {name: {"from": name, "optional": True} for name in frame.columns[:-1]} | {"deep": "s.a.b"}
    source = declared(fields, format="parquet")
    [delivery] = land_all(harbour, source, out.getvalue())
    assert delivery.content_hash == hashlib.sha256(out.getvalue()).hexdigest()
    assert read_all(harbour, source, delivery).records.rows() == [
        (0, "9007199254740993", "0.1", "1.50", "2026-01-02T03:04:05.000006+00:00", "2026-01-02", "00ff", "true",
         '["1", "2"]', "1.5"),
        (1, None, "1e+22", None, None, None, None, None, None, None),
    ]  # fmt: skip


def test_parquet_without_its_end_is_refused(harbour, declared, tmp_path: Path) -> None:
    path = tmp_path / "whole.parquet"
    pl.DataFrame({"id": range(200_000), "name": "x"}).write_parquet(path)
    assert sum(chunk.count(b"\n") for chunk in lines_of_parquet(path)) == 200_000
    source = declared(FIELDS, format="parquet")
    [delivery] = land_all(harbour, source, path.read_bytes()[:-5])
    assert delivery.status == "refused"
    assert delivery.reason.startswith("it is no whole Parquet file")


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    xlsxwriter = pytest.importorskip("xlsxwriter")
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return out.getvalue()


def test_a_workbook_is_read_from_the_sheet_and_the_row_that_have_the_columns(harbour, declared) -> None:
    content = workbook(
        {
            "Cover": [["Report"]],
            "Data": [
                ["Orders of today"],
                [],
                ["id", "name", "at"],
                ["007", 12.5, datetime(2026, 1, 2, 3, 4, 5)],
                [],
                [3, True, ""],
            ],
        }
    )
    source = declared(FIELDS | {"at": "at"}, format="excel")
    [delivery] = land_all(harbour, source, content)
    reading = read_all(harbour, source, delivery)
    assert json.loads(delivery.found)["sheet"] == "Data"
    assert reading.records.rows() == [(2, "007", "12.5", "2026-01-02T03:04:05"), (4, "3", "true", "")]
    assert reading.unreadable["reason"].to_list() == ["before the header", "before the header", "empty line"]


def test_what_is_no_workbook_is_refused(harbour, declared) -> None:
    source = declared(FIELDS, format="excel")
    for content in (CSV, workbook({"Data": [["id", "name"], [1, 2]]})[:-100]):
        [delivery] = land_all(harbour, source, content)
        assert delivery.status == "refused"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (1.0, "1"),
        (0.1, "0.1"),
        (1e22, "1" + "0" * 22),
        (-2.5e-7, "-0.00000025"),
        (None, ""),
        (False, "false"),
    ],
)
def test_a_cell_is_written_as_it_is_shown(cell: object, text: str) -> None:
    assert cell_text(cell) == text
