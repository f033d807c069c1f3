"""What is not declared is detected, what is declared wrongly is told, and no character becomes another in silence."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.dialect import found_dialect, quotes_in
from sources.encodings import Watch, wide_encoding

DAY = "2026-11-23"
FIELDS = {"order_id": "id", "name": "name"}
TEXT = "id;name\n1;Müller\n2;Jörg\n3;Süß\n"
ROWS = [(0, "1", "Müller"), (1, "2", "Jörg"), (2, "3", "Süß")]


@pytest.fixture
def shop(declared: Callable[..., object]) -> object:
    return declared(FIELDS)


def found_in(delivery) -> dict[str, object]:
    return json.loads(delivery.found)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quote", ['"', "'"])
def test_delimiter_and_quote_are_detected(harbour, shop, delimiter: str, quote: str) -> None:
    lines = [f"{quote}id{quote},{quote}name{quote}", f"{quote}1{quote},{quote}a, b; c{quote}"]
    content = lines[0].replace(",", delimiter) + "\n" + lines[1].replace(",", delimiter, 1) + "\n"
    assert harbour.read(shop, content.encode()).records.rows() == [(0, "1", "a, b; c")]
    [delivery] = harbour.land(shop)
    assert (found_in(delivery)["delimiter"], found_in(delivery)["quote"]) == (delimiter, quote)


def test_what_is_declared_is_not_detected(harbour, declared) -> None:
    source = declared(FIELDS, delimiter=";", quote=None, encoding="utf-8")
    assert harbour.land_bytes(source, TEXT.encode()).found == ""


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"],
)
def test_the_encoding_is_detected(harbour, shop, encoding: str) -> None:
    assert harbour.read(shop, TEXT.encode(encoding)).records.rows() == ROWS


def test_another_script_is_detected(harbour, shop) -> None:
    rows = [(0, "1", "Жуков Иван"), (1, "2", "Петрова Анна"), (2, "3", "Сидоров Пётр")]
    content = "id;name\n" + "".join(f"{i};{name}\n" for _, i, name in rows)
    assert harbour.read(shop, content.encode("cp1251")).records.rows() == rows


def test_utf_8_in_the_place_of_a_declared_encoding_is_read_and_told(harbour, declared) -> None:
    source = declared(FIELDS, delimiter=";", encoding="latin-1")
    assert harbour.read(source, TEXT.encode()).records.rows() == ROWS
    [delivery] = harbour.land(source)
    assert found_in(delivery)["encoding"] == "utf-8"
    assert harbour.read(source, TEXT.encode("latin-1")).records.rows() == ROWS
    assert "encoding" not in found_in(harbour.land(source)[0])


def test_too_little_does_not_contradict_a_declaration(harbour, declared) -> None:
    source = declared(FIELDS, delimiter=";", encoding="latin-1")
    assert harbour.read(source, "id;name\n1;ü\n".encode()).records.rows() == [(0, "1", "Ã¼")]


def test_lines_that_are_not_in_the_declared_utf_8_are_unreadable(harbour, declared) -> None:
    source = declared(FIELDS, delimiter=";", encoding="utf-8")
    reading = harbour.read(source, b"id;name\n1;x\n2;J\xf6rg\n")
    assert reading.records.rows() == [(0, "1", "x")]
    assert reading.unreadable.select("_row", "byte", "bytes", "reason").rows() == [
        (1, 12, b"2;J\xf6rg", "not utf-8")
    ]


def test_one_wrong_line_does_not_make_utf_8_another_encoding(harbour, shop) -> None:
    content = (
        TEXT.encode() * 1 + "".join(f"{i};Jürgen Äpfel Öl\n" for i in range(20)).encode() + b"9;J\xf6rg\n"
    )
    reading = harbour.read(shop, content)
    assert reading.unreadable["reason"].to_list() == ["not utf-8"]
    assert reading.records.height == 23


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"id;name\r1;x\r2;y\r", [(0, "1", "x"), (1, "2", "y")]),
        (b'id;name\r1;"a\rb"\r', [(0, "1", "a\rb")]),
        (b"id;name\r\n1;x\r2;y\n3;z\r\n", [(0, "1", "x"), (1, "2", "y"), (2, "3", "z")]),
        (b"id;name\n1;a\rb\n2;y\r\n", [(0, "1", "a\rb"), (1, "2", "y")]),
        (b"\xef\xbb\xbfid;name\n1;x\n", [(0, "1", "x")]),
    ],
)
def test_line_ends_may_be_mixed(harbour, shop, content: bytes, rows) -> None:
    reading = harbour.read(shop, content)
    assert reading.records.rows() == rows
    assert reading.unreadable.height == 0


def test_lines_before_the_header_are_named(harbour, shop) -> None:
    reading = harbour.read(shop, b"Orders of today\n\nid;name\n1;x\n2;y;z\n")
    assert reading.records.rows() == [(2, "1", "x")]
    assert reading.unreadable.select("_row", "line", "byte", "bytes", "reason").rows() == [
        (0, 1, 0, b"Orders of today", "before the header"),
        (1, 2, 16, b"", "before the header"),
        (3, 5, 29, b"2;y;z", "3 fields where 2 are declared"),
    ]
    assert reading.lines == harbour.land(shop)[0].lines == 4


def test_fragments_count_the_lines_before_the_header(harbour, shop) -> None:
    delivery = harbour.land_bytes(shop, b"Orders\nid;name\n1;x\n2;y\n3;z\n", fragment_bytes=18)
    assert [(f.start, f.end, f.first_row) for f in delivery.fragments] == [(0, 19, 0), (19, 27, 2)]


def test_a_header_that_comes_again_is_no_record(harbour, shop) -> None:
    reading = harbour.read(shop, b'id;name\n1;x\nid;name\n2;y\n"id";"name"\n')
    assert reading.records.rows() == [(0, "1", "x"), (2, "2", "y")]
    assert reading.unreadable["reason"].to_list() == ["the header again", "the header again"]


def test_another_table_in_the_file_is_no_part_of_this_one(harbour, shop) -> None:
    content = b"id;name\n1;x\n2;y\n\nstreet;town\nHigh;Ham\n\ncode;text;more\na;b;c\nd;e;f\n\nid;name\n3;z\n"
    reading = harbour.read(shop, content)
    assert reading.records["order_id"].to_list() == ["1", "2", "3"]
    other = "of another table, which begins behind an empty line"
    assert reading.unreadable["reason"].to_list() == ["empty line", *[other] * 7, "the header again"]


def test_an_empty_line_alone_begins_no_other_table(harbour, shop) -> None:
    reading = harbour.read(shop, b"id;name\n1;x\n\n2;y\n\nTotal;2\n")
    assert reading.records["order_id"].to_list() == ["1", "2", "Total"]
    assert reading.unreadable["reason"].to_list() == ["empty line", "empty line"]


def test_a_wide_encoding_is_known_without_its_mark() -> None:
    assert wide_encoding("id;name\n".encode("utf-16-le")) == "utf-16-le"
    assert wide_encoding("id;name\n".encode("utf-32-be")) == "utf-32-be"
    assert wide_encoding(b"id;\0\0\0name\n") == ""


@given(st.lists(st.text(), max_size=6), st.integers(1, 7))
def test_the_watch_does_not_depend_on_how_bytes_are_cut(texts: list[str], size: int) -> None:
    data = "\ufffd".join(texts).encode(errors="surrogatepass")
    whole, parts = Watch(), Watch()
    whole.feed(data)
    for i in range(0, len(data), size):
        parts.feed(data[i : i + size])
    whole.finish()
    parts.finish()
    assert whole.is_utf8 == parts.is_utf8
    assert (whole.leads, whole.high.tolist()) == (parts.leads, parts.high.tolist())


@given(st.binary(max_size=80))
def test_no_bytes_make_detection_fail(head: bytes) -> None:
    quotes = quotes_in(head, (",", ";"))
    found = found_dialect(
        head, "utf-8", delimiters=(",", ";"), quotes=quotes, columns=frozenset("ab"), required=frozenset("a")
    )
    assert found.delimiter in (",", ";")
    watch = Watch()
    watch.feed(head)
    watch.finish()
    assert head.decode(watch.chosen(), "replace") is not None
