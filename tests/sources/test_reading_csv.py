"""Reading CSV: sound records exactly as delivered, every other line named, and none lost."""

import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.csv_lines import MOST_LINES_OF_A_RECORD, Dialect
from sources.declaration import Source
from sources.delivery import Fragment
from sources.errors import NotReadable
from sources.reading import read_fragment
from sources.reading_csv import read_csv_text

REFERENCE = (
    os.environ.get("BREAKWATER_REFERENCE_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data"
)
SPECTRUM = Path(REFERENCE) / "csv_spectrum"
HEADER = b"id;betrag;notiz\n"
FIELDS = {"order_id": "id", "amount": "betrag", "note": "notiz"}


@pytest.fixture
def shop(declared: Callable[..., Source]) -> Source:
    return declared(FIELDS, delimiter=";")


def rows(
    data: bytes, width: int = 3, encoding: str = "utf-8", quote: str | None = '"'
) -> list[tuple[int, ...]]:
    read = read_csv_text(data, Dialect(";", quote, encoding, width))
    return list(zip(read.positions.tolist(), *read.fields, strict=True))


def reasons(data: bytes, width: int = 3, encoding: str = "utf-8") -> list[tuple[int, str]]:
    return read_csv_text(data, Dialect(";", '"', encoding, width)).reasons.rows()


def test_a_reading_has_the_row_and_the_declared_fields_as_text(harbour, declared) -> None:
    source = declared(
        {"amount": "betrag", "order_id": "id", "more": {"from": "x", "optional": True}}, delimiter=";"
    )
    reading = harbour.read(source, HEADER + b"01;2,50;a\n02;;b\n")
    assert reading.records.schema == {
        "_row": pl.UInt32, "amount": pl.String, "order_id": pl.String, "more": pl.String
    }  # fmt: skip
    assert reading.records.rows() == [(0, "2,50", "01", None), (1, "", "02", None)]
    assert (reading.unreadable.height, reading.lines, reading.continuation_lines) == (0, 2, 0)


def test_an_unreadable_line_is_named_with_where_it_stands(harbour, shop: Source) -> None:
    reading = harbour.read(shop, HEADER + b"1;2;3\r\n1;2\r\n4;5;6\r\n")
    assert reading.records["_row"].to_list() == [0, 2]
    assert reading.unreadable.to_dicts() == [
        {"_row": 1, "line": 3, "byte": 23, "bytes": b"1;2", "reason": "2 fields where 3 are declared"}
    ]


def test_a_later_fragment_knows_where_it_stands_in_the_file(harbour, shop: Source) -> None:
    content = HEADER + b"1;2;3\n\n4;5;6\n7;8\n"
    delivery = harbour.land_bytes(shop, content, fragment_bytes=7)
    assert delivery.fragments == (Fragment(16, 23, 0), Fragment(23, 33, 2))
    reading = read_fragment(shop, delivery, delivery.fragments[1], store=harbour.store)
    assert reading.records.rows() == [(2, "4", "5", "6")]
    assert reading.unreadable.select("_row", "line", "byte").rows() == [(3, 5, 29)]


def test_a_last_line_that_is_cut_off_is_said_to_be(harbour, shop: Source) -> None:
    reading = harbour.read(shop, HEADER + b"1;2;3\n4;5")
    assert reading.unreadable["reason"].to_list() == ["cut off: 2 fields where 3 are declared"]


def test_what_was_not_landed_cannot_be_read(harbour, shop: Source) -> None:
    refused = harbour.land_bytes(shop, HEADER)
    with pytest.raises(NotReadable, match="is refused, not landed"):
        read_fragment(shop, refused, Fragment(0, 1, 0), store=harbour.store)
    landed = harbour.land_bytes(shop, HEADER + b"1;2;3\n")
    with pytest.raises(NotReadable, match="ends before byte 99"):
        read_fragment(shop, landed, Fragment(16, 99, 0), store=harbour.store)
    (harbour.store / landed.path).unlink()
    with pytest.raises(NotReadable, match="cannot be read from the store"):
        read_fragment(shop, landed, landed.fragments[0], store=harbour.store)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"1;2;3\n4;5;6\n", [(0, "1", "2", "3"), (1, "4", "5", "6")]),
        (b"1;2;3\r\n4;5;\r\n", [(0, "1", "2", "3"), (1, "4", "5", "")]),
        (b"1;2;3\r\n4;5;6", [(0, "1", "2", "3"), (1, "4", "5", "6")]),
        (b";;\n", [(0, "", "", "")]),
        (b" 1 ;2 ; \n", [(0, " 1 ", "2 ", " ")]),
        (b"#1;NULL;nan\n", [(0, "#1", "NULL", "nan")]),
        (b"1;\r;a\rb\n", [(0, "1", "\r", "a\rb")]),
        (b'"";"""";"a;b"\n', [(0, "", '"', "a;b")]),
        (b'"1";2;"3"\r\n', [(0, "1", "2", "3")]),
        (b'1;"a\r\n\nb";3\r\n4;5;6\r\n', [(0, "1", "a\r\n\nb", "3"), (3, "4", "5", "6")]),
        (b'1;"a\nb";"c\nd"\n', [(0, "1", "a\nb", "c\nd")]),
        (b'1;"a\nb;c;d\ne";3\n', [(0, "1", "a\nb;c;d\ne", "3")]),
        (b"x^1;2;3\n", [(0, "x^1", "2", "3")]),
        (b"\xef\xbb\xbf1;2;3\n", [(0, "\ufeff1", "2", "3")]),
        ("1;\ufffd;ü\n".encode(), [(0, "1", "\ufffd", "ü")]),
    ],
)  # fmt: skip
def test_sound_records_are_read_exactly(data: bytes, expected: list[tuple[int, ...]]) -> None:
    assert rows(data) == expected
    # The same beside a line that makes the reader careful.
    assert rows(data.removesuffix(b"\n") + b"\n;;;\n") == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1;2", "2 fields where 3 are declared"),
        (b"1", "1 field where 3 are declared"),
        (b"1;2;3;4", "4 fields where 3 are declared"),
        (b"", "empty line"),
        (b"1;\0;3", "NUL bytes"),
        (b"1;\xff;3", "not utf-8"),
        (b'1;"2;3', "quote not closed"),
        (b'1;2";3', "quote not closed"),
        (b'1;a"2"b;3', "quote within a field"),
        (b'1;"2" ;3', "quote within a field"),
        (b'1;"2;3"', "2 fields where 3 are declared"),
        (b'1;"2";"3";4', "4 fields where 3 are declared"),
    ],
)
def test_a_line_that_is_no_record_is_named_and_its_neighbours_are_read(line: bytes, reason: str) -> None:
    data = b"a;b;c\n" + line + b"\nd;e;f\n"
    assert rows(data) == [(0, "a", "b", "c"), (2, "d", "e", "f")]
    assert reasons(data) == [(1, reason)]


def test_a_short_and_a_long_line_do_not_make_up_for_each_other() -> None:
    assert reasons(b"1;2\n1;2;3;4\n1;2;3\n") == [
        (0, "2 fields where 3 are declared"),
        (1, "4 fields where 3 are declared"),
    ]


def test_a_stray_quote_does_not_swallow_what_follows() -> None:
    data = b'1;"a;3\n4;5;6\n7;"x\ny";9\n10;b";12\n13;14;15\n'
    assert rows(data) == [(1, "4", "5", "6"), (2, "7", "x\ny", "9"), (5, "13", "14", "15")]
    assert reasons(data) == [(0, "quote not closed"), (4, "quote not closed")]


@pytest.mark.parametrize("before", [b"", b"1;2;3\n"])
def test_a_quote_that_is_open_at_the_end_is_no_record(before: bytes) -> None:
    assert reasons(before + b'";";"";";""') == [(before.count(b"\n"), "quote not closed")]


def test_two_stray_quotes_far_apart_do_not_swallow_what_lies_between() -> None:
    between = b"4;5;6\n" * MOST_LINES_OF_A_RECORD
    assert reasons(b'1;"a;3\n' + between + b'7;8";9\n') == [
        (0, "quote not closed"),
        (1001, "quote not closed"),
    ]


def test_a_line_of_another_encoding_is_named_and_the_others_are_read() -> None:
    data = b"1;\x81;3\n4;\xe9\x80;6\n"
    assert rows(data, encoding="cp1252") == [(1, "4", "é€", "6")]
    assert reasons(data, encoding="cp1252") == [(0, "not cp1252")]
    assert rows(b"1;\xe9;3\n", encoding="latin-1") == [(0, "1", "é", "3")]


def test_without_quoting_a_quote_is_a_character_like_any_other() -> None:
    assert rows(b'1;"2;3"\n', quote=None) == [(0, "1", '"2', '3"')]


def test_in_a_single_column_an_empty_line_is_no_record_and_an_empty_text_is() -> None:
    assert rows(b'a\n\n""\n', width=1) == [(0, "a"), (2, "")]
    assert rows(b"a\n\nb\n", width=1) == [(0, "a"), (2, "b")]


@pytest.mark.parametrize("width", [1_000, 1_001, 20_000])
def test_wide_records_with_quotes_are_read(width: int) -> None:
    wide = b'"a;b"' + b";c" * (width - 1)
    assert rows(wide + b"\n" + wide + b";d\n", width=width) == [(0, "a;b", *("c" * (width - 1)))]


def test_many_records_over_several_lines_are_read_by_all_threads_alike() -> None:
    data = b"".join(b'%d;"a""\n\r\n;%d";"b"\n' % (i, i) for i in range(200_000))
    read = read_csv_text(data, Dialect(";", '"', "utf-8", 3))
    assert (read.fields.height, read.continuation_lines, read.reasons.height) == (200_000, 400_000, 0)
    assert read.positions[-1] == 3 * 199_999
    assert read.fields.row(123_456) == ("123456", 'a"\n\r\n;123456', "b")


# Texts with what is awkward in CSV.
TEXTS = st.text(st.sampled_from('ab;"\n\r ,€x'), max_size=6)
WRITERS = st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
DAMAGE = st.sampled_from([b";", b'"', b"\xff", b"\0", b"\n", b"\r\n", b'";"', b"", b'a"b'])


def written(records: list[tuple[str, ...]], quoting: int, end: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", quoting=quoting, lineterminator=end).writerows(records)
    return text.getvalue().encode()


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=12), WRITERS)
def test_what_a_writer_of_csv_writes_is_read_back(records, quoting: int) -> None:
    # With another line end the writer would leave a carriage return without quotes, and it would become one.
    data = written(records, quoting, "\r\n")
    read = read_csv_text(data, Dialect(";", '"', "utf-8", 3))
    assert read.fields.rows() == records
    assert read.reasons.height == 0
    assert read.fields.height + read.continuation_lines == data.count(b"\n")


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=12),
    WRITERS,
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 3), DAMAGE), min_size=1, max_size=4),
)
def test_whatever_the_damage_each_line_is_a_record_goes_on_with_one_or_is_unreadable(
    records, quoting, damage
) -> None:
    data = written(records, quoting, "\n")
    for position, removed, inserted in damage:
        at = position % (len(data) + 1)
        data = data[:at] + inserted + data[at + removed :]
    read = read_csv_text(data, Dialect(";", '"', "utf-8", 3))
    lines = data.count(b"\n") + (bool(data) and not data.endswith(b"\n"))
    assert read.fields.height + read.continuation_lines + read.reasons.height == lines
    starts = [*read.positions.tolist(), *read.reasons["position"]]
    assert len(set(starts)) == len(starts)
    assert sorted(read.positions.tolist()) == read.positions.tolist()
    assert_unreadable_lines_are_alone(
        data.split(b"\n"), read.positions.tolist(), read.reasons["position"].to_list(), lines
    )
    assert records_by_hand(data.split(b"\n"), read.positions.tolist(), starts, lines) == read.fields.rows()


def assert_unreadable_lines_are_alone(
    lines: list[bytes], begins: list[int], unreadable: list[int], size: int
) -> None:
    """No record goes over a line that is unreadable, and no unreadable line is a sound record by itself."""
    for position in unreadable:
        line = lines[position].removesuffix(b"\r")
        is_text = b"\0" not in line and "\ufffd" not in line.decode(errors="replace")
        assert not (is_text and b'"' not in line and line.count(b";") == 2)
        assert position not in begins
        assert position < size


def records_by_hand(
    lines: list[bytes], begins: list[int], starts: list[int], size: int
) -> list[tuple[str, ...]]:
    """Parse each record, from its first line to the next start, with the csv module.

    To that module a carriage return ends a line; here it is a character like any other.
    """
    records = []
    for begin in begins:
        end = min((start for start in starts if start > begin), default=size)
        text = b"\n".join(lines[begin:end]).decode().removesuffix("\r").replace("\r", "\u2405")
        [record] = csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True)
        records.append(tuple(field.replace("\u2405", "\r") for field in record))
    return records


# Its coordinates have bare quotes within a field and are not utf-8: no record by the rules held here.
SOUND = [path for path in sorted(SPECTRUM.glob("csvs/*.csv")) if path.stem != "location_coordinates"]


@pytest.mark.skipif(
    not SOUND, reason="no csv_spectrum in BREAKWATER_REFERENCE_DATA; it is github.com/max-mapper/csv-spectrum"
)
@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.stem)
def test_the_spectrum_of_csv_is_read_as_it_is_meant(path: Path, harbour, declared) -> None:
    # Copies of the spectrum have lost some of the carriage returns that its JSON still has.
    text = (SPECTRUM / "json" / f"{path.stem}.json").read_text(encoding="utf-8").replace("\\r\\n", "\\n")
    expected = json.loads(text)
    source = declared({f"field_{i}": column for i, column in enumerate(expected[0])})
    reading = harbour.read(source, path.read_bytes())
    assert reading.unreadable.height == 0
    assert reading.records.drop("_row").rows() == [tuple(record.values()) for record in expected]
