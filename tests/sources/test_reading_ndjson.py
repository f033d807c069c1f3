"""Reading NDJSON: the text of every value as delivered, every line that is no object named, and none lost."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.declaration import Source
from sources.delivery import Fragment
from sources.reading import read_fragment
from sources.reading.json_lines import NoRecord, record_of, texts_of
from sources.reading.json_text import quoted_numbers
from sources.reading.ndjson import FEW_LINES, read_ndjson_text

PATHS = ("id", "customer.ref", "customer.country")


@pytest.fixture
def shop(declared: Callable[..., Source]) -> Source:
    fields = {"order_id": "id", "customer_id": "customer.ref", "note": {"from": "n", "optional": True}}
    return declared(fields, format="ndjson")


def rows(data: bytes, seen: tuple[str, ...] = ()) -> list[tuple[object, ...]]:
    read = read_ndjson_text(data, PATHS, seen=seen)
    assert len(read.positions) + read.reasons.height == data.count(b"\n") + (not data.endswith(b"\n"))
    return list(zip(read.positions.tolist(), *read.fields, strict=True))


def text_of(value: bytes) -> str | None:
    """Return how the value of `id` is read, alone and among sound lines alike."""
    line = b'{"id":%s}\n' % value
    [(_, alone, _, _)] = rows(line)
    among = rows(b'{"id":"a"}\n' * 3 + line + b'{"id":"b"}\n')
    assert among[3][1] == alone
    return alone


def test_a_reading_has_the_row_and_the_declared_fields_as_text(harbour, shop: Source) -> None:
    reading = harbour.read(shop, b'{"id":7,"customer":{"ref":"a"},"x":1}\n{"id":null}\n{"customer":{}}\n')
    assert reading.records.rows() == [(0, "7", "a", None), (1, None, None, None), (2, None, None, None)]
    assert reading.records.columns == ["_row", "order_id", "customer_id", "note"]
    assert (reading.lines, reading.unreadable.height, reading.continuation_lines) == (3, 0, 0)


def test_an_unreadable_line_is_named_with_where_it_stands(harbour, shop: Source) -> None:
    content = b'\xef\xbb\xbf{"id":1,"customer":{"ref":2}}\r\n\r\n{"id":3}\r\n{"id":4'
    delivery = harbour.land_bytes(shop, content, fragment_bytes=30)
    assert delivery.fragments == (Fragment(0, 34, 0), Fragment(34, 53, 1))
    reading = read_fragment(shop, delivery, delivery.fragments[1], store=harbour.store)
    assert reading.records.rows() == [(2, "3", None, None)]
    assert reading.unreadable.drop("reason").rows() == [(1, 2, 34, b""), (3, 4, 46, b'{"id":4')]
    assert reading.unreadable["reason"].to_list()[0] == "empty line"
    assert reading.unreadable["reason"].to_list()[1].startswith("cut off: no JSON: ")
    first = read_fragment(shop, delivery, delivery.fragments[0], store=harbour.store)
    assert first.records.rows() == [(0, "1", "2", None)]


@pytest.mark.parametrize(
    "number",
    [
        *("0", "-0", "7", "-7", "9007199254740993", "18446744073709551616", "9" * 40, "9" * 400),
        *("1.5", "1.50", "100.0", "0.00001", "-0.0", "1e5", "1E+2", "1.5e-7", "1e400"),
        *("0.1234567890123456789", "12345678901234567.5", "1234567.123456789", "0.30000000000000004"),
    ],
)
def test_numbers_keep_their_text(number: str) -> None:
    assert text_of(number.encode()) == number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"true", "true"),
        (b"null", None),
        (b'""', ""),
        (b'"1.50"', "1.50"),
        (b'"a\\n\\u00e9\\"\\\\"', 'a\né"\\'),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\u0041"', "A"),
        (b'"[1]"', "[1]"),
        (b'{"a":1.50,"b":["x",null,true]}', '{"a": 1.50, "b": ["x", null, true]}'),
        (b"[]", "[]"),
    ],
)
def test_other_values_are_read_as_their_text(value: bytes, text: str | None) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "empty line"),
        (b"  ", "empty line"),
        (b"junk", "no JSON"),
        (b"x^", "no JSON"),
        (b'{"id":"2"', "no JSON"),
        (b'{"id":"2"} x', "no JSON"),
        (b'{"id":"2"}{"id":"3"}', "no JSON"),
        (b'{"id":"2",}', "no JSON"),
        (b'{"id":NaN}', "no JSON"),
        (b'{"id":01}', "no JSON"),
        (b'{"id":"a\tb"}', "no JSON"),
        (b'{"z":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "no JSON: nested too deeply"),
        (b"[1]", "JSON that is no object"),
        (b"3", "JSON that is no object"),
        (b"null", "JSON that is no object"),
        (b'{"id":"\xff"}', "not utf-8"),
        (b'{"id":"\0"}', "NUL bytes"),
        (b"\0\0", "NUL bytes"),
        (b'{"id":"\\ud800"}', "half of a surrogate pair: id"),
        (b'{"id":"1","id":"2"}', "key given twice: id"),
        (b'{"id":"1","\\u0069d":"2"}', "key given twice: id"),
        (b'{"customer":{"ref":"1","ref":"2"}}', "key given twice: customer.ref"),
        (b'{"customer":{"ref":"1"},"customer":{"country":"2"}}', "key given twice: customer.ref"),
    ],
)
def test_a_line_that_is_no_record_is_named_and_its_neighbours_are_read(line: bytes, reason: str) -> None:
    data = b'{"id":"a"}\n' + line + b'\n{"id":"b"}\n'
    assert rows(data) == [(0, "a", None, None), (2, "b", None, None)]
    [(position, found)] = read_ndjson_text(data, PATHS).reasons.rows()
    assert position == 1
    assert found.startswith(reason)


@pytest.mark.parametrize("line", [b'{"id":null,"id":"2"}', b'{"id":"2","id":null}', b'{"id":"2","id":"2"}'])
def test_a_key_given_twice_with_one_value_is_no_contradiction(line: bytes) -> None:
    assert rows(line + b"\n") == [(0, "2", None, None)]


def test_a_value_where_an_object_is_declared_leaves_its_fields_without_value() -> None:
    data = b'{"id":1,"customer":"x"}\n{"id":2,"customer":{"ref":"y"}}\n{"id":3,"customer":[4]}\n'
    assert rows(data) == [(0, "1", None, None), (1, "2", "y", None), (2, "3", None, None)]


def test_a_name_that_stands_elsewhere_too_does_no_harm() -> None:
    data = b'{"id":1,"shop":{"id":2,"country":"DE"}}\n{"id":3,"shop":null}\n{"shop":{"id":4}}\n'
    expected = [(0, "1", None, None), (1, "3", None, None), (2, None, None, None)]
    assert rows(data) == expected
    assert rows(data, seen=("id", "shop", "shop.id", "shop.country", "customer", "id.x")) == expected


def test_damage_here_and_there_among_many_lines_is_found() -> None:
    lines = [b'{"id":%d,"customer":{"ref":"c%d"}}' % (i, i) for i in range(20 * FEW_LINES)]
    lines[100] = b'{"id":1,}'
    lines[700] = b'{"id":'
    lines[701] = b'{"id":01}'
    read = read_ndjson_text(b"\n".join(lines), PATHS)
    assert read.reasons["position"].to_list() == [100, 700, 701]
    assert read.fields.height == len(lines) - 3
    assert read.fields.row(-1) == ("1279", "c1279", None)


def test_numbers_get_quotes_only_outside_of_texts() -> None:
    line = b'{"a":2.50,"b":{"c":true,"e":-0.0,"x\\"1":[1,2e5,"3 4"]},"s":"\\\\","n":null}\n'
    assert quoted_numbers(line) == (
        b'{"a":"2.50","b":{"c":true,"e":"-0.0","x\\"1":["1","2e5","3 4"]},"s":"\\\\","n":null}\n'
    )


NUMBERS = st.one_of(
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,3})?", fullmatch=True),
)
WORDS = st.text(st.sampled_from('ab"\\:,{}[] 1.0\néид€😀'), max_size=6)
TEXTS = st.tuples(WORDS, st.booleans()).map(lambda pair: json.dumps(pair[0], ensure_ascii=pair[1]))
LEAVES = st.one_of(NUMBERS, TEXTS, st.sampled_from(["true", "false", "null"]))
KEYS = st.sampled_from(["id", "customer", "ref", "country", "other"])


def objects(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(KEYS, values), max_size=4)
    return pairs.map(lambda items: "{" + ", ".join(f'"{key}": {value}' for key, value in items) + "}")


VALUES = st.recursive(
    LEAVES,
    lambda v: st.one_of(objects(v), st.lists(v, max_size=2).map(lambda i: f"[{','.join(i)}]")),
    max_leaves=6,
)
LINES = st.one_of(
    objects(VALUES), objects(VALUES), VALUES, st.sampled_from(["", "{", '{"id":1', "nul", "{]"])
)
DAMAGE = st.sampled_from([b"", b'"', b"{", b",", b"\\", b"\xff", b"\0", b"\n", b"0", b"\\ud800"])


def read_by_hand(line: bytes) -> list[str | None] | str:
    try:
        return texts_of(record_of(line.decode()), PATHS)
    except UnicodeDecodeError:
        return "not utf-8"
    except NoRecord as reason:
        return str(reason)


@settings(deadline=None, max_examples=250)
@given(
    st.lists(LINES, min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 2), DAMAGE), max_size=2),
)
def test_a_line_is_read_alike_alone_and_among_others(lines: list[str], damage) -> None:
    data = "".join(line + "\n" for line in lines).encode()
    for position, removed, inserted in damage:
        at = position % (len(data) + 1)
        data = data[:at] + inserted + data[at + removed :]
    read = read_ndjson_text(data, PATHS)
    found: dict[int, object] = dict(read.reasons.rows())
    found |= {at: list(row) for at, row in zip(read.positions.tolist(), read.fields.rows(), strict=True)}
    physical = data.removesuffix(b"\n").split(b"\n") if data else []
    assert [found[at] for at in range(len(found))] == [read_by_hand(line) for line in physical]
