"""Mending: a broken line becomes a record where only one reading looks like the others, and that is measured to be right."""

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.reading.csv import read_csv_text
from sources.reading.csv_lines import Dialect
from sources.reading.lines import TextRecords
from sources.reading.mending.profiles import learnt
from sources.reading.mending.trials import Measured

DIALECT = Dialect(";", '"', "utf-8", 5)
WORDS = "paid late at the desk again by card with thanks from them".split()


def payments(count: int = 800, seed: int = 1) -> list[list[str]]:
    """Rows of a key, words, a code, an amount and a day: words may hold anything, the others may not."""
    draw = random.Random(seed)
    return [
        [
            f"P{number:08d}",
            " ".join(draw.choices(WORDS, k=draw.randrange(1, 9))) + f" {draw.randrange(10**6)}",
            draw.choice(["EUR", "USD", "CHF"]),
            f"{draw.randrange(100, 99_999) / 100:.2f}",
            f"2026-11-{draw.randrange(1, 29):02d}",
        ]
        for number in range(count)
    ]


def read(lines: list[str], dialect: Dialect = DIALECT) -> TextRecords:
    return read_csv_text(("\n".join(lines) + "\n").encode(), dialect)


def with_line(broken: str, rows: list[list[str]], at: int = 400) -> list[str]:
    lines = [";".join(row) for row in rows]
    return [*lines[:at], *broken.split("\n"), *lines[at + 1 :]]


@pytest.mark.parametrize(
    ("broken", "method", "words"),
    [
        ("P00000400;late; at 7;EUR;12.50;2026-11-02", "delimiter within a field", "late; at 7"),
        ("P00000400;a; b; c 7;EUR;12.50;2026-11-02", "delimiter within a field", "a; b; c 7"),
        ('P00000400;late 7;EUR;1"2.50;2026-11-02', "extra quote", "late 7"),
        ('"P00000400;late 7;EUR;12.50;2026-11-02', "extra quote", "late 7"),
        ("P00000400;late 7;EUR;12.\n50;2026-11-02", "line cut in two", "late 7"),
        ("P0000\n0400;late 7;EUR;12.50;2026-11-02", "line cut in two", "late 7"),
        ("P00000400;late 7;EUR;12.50;2026-1\n1-02", "line cut in two", "late 7"),
        ("P00000400,late 7,EUR,12.50,2026-11-02", "other delimiter", "late 7"),
    ],
)
def test_a_line_with_one_reading_is_mended(broken: str, method: str, words: str) -> None:
    found = read(with_line(broken, payments()))
    assert found.reasons.height == 0
    assert found.fields.height == 800
    [mended] = found.mended.to_dicts()
    assert mended["method"] == method
    assert (mended["position"], mended["last"]) == (400, 400 + broken.count("\n"))
    assert mended["right"] == mended["cases"] >= 299
    assert found.fields.row(400) == ("P00000400", words, "EUR", "12.50", "2026-11-02")
    assert found.continuation_lines == broken.count("\n")


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("P00000400;late;EUR;12.50;2026-11-02;", "6 fields where 5 are declared"),
        ("P00000400;;late 7;EUR;12.50;2026-11-02", "6 fields where 5 are declared"),
        ("P00000400;late 7;EUR;12;50;2026-11-02", "6 fields where 5 are declared"),
        ("P00000400;late 7;EUR;2026-11-02", "4 fields where 5 are declared"),
        ('P00000400;"late 7;EUR;12.50;2026-11-02', "quote not closed"),
        ("total", "1 field where 5 are declared"),
    ],
)
def test_a_line_with_no_reading_or_two_stays_unreadable(broken: str, reason: str) -> None:
    found = read(with_line(broken, payments()))
    assert found.mended.height == 0
    assert found.reasons.rows() == [(400, reason)]


def test_a_line_end_within_words_is_not_taken_out() -> None:
    found = read(with_line("P00000400;paid la\nte 7;EUR;12.50;2026-11-02", payments()))
    assert found.mended.height == 0
    assert found.reasons["position"].to_list() == [400, 401]


def test_words_at_the_end_of_a_line_may_go_on_in_the_next() -> None:
    rows = [[*row[:1], *row[2:], row[1]] for row in payments()]
    broken = "P00000400;EUR;12.50;2026-11-02;paid late\nat the desk"
    found = read(with_line(broken, rows))
    assert found.reasons.rows() == [
        (400, "its last field may go on in the line behind it"),
        (401, "1 field where 5 are declared"),
    ]
    # A sum at the end of the file is none of it.
    found = read([*(";".join(row) for row in rows), "800 payments"])
    assert found.reasons["position"].to_list() == [800]


def test_without_enough_sound_records_nothing_is_mended() -> None:
    found = read(with_line('P00000040;late 7;EUR;1"2.50;2026-11-02', payments(90), at=40))
    assert found.mended.height == 0
    assert found.fields.row(40)[3] == '1"2.50'


def test_a_repair_that_is_wrong_too_often_is_only_proposed() -> None:
    # Beside words a number of any length: where a delimiter is too many, the words may have taken in a part of it.
    draw = random.Random(2)
    rows = [[row[0], row[1], str(draw.randrange(10 ** draw.randrange(1, 7))), *row[3:]] for row in payments()]
    found = read(with_line("P00000400;late;7 at;12;12.50;2026-11-02", rows))
    assert found.mended.height == 0
    [(position, reason)] = found.reasons.rows()
    assert position == 400
    assert reason.startswith("6 fields where 5 are declared; perhaps delimiter within a field: column 2: ")


def test_two_stray_quotes_do_not_swallow_the_records_between_them() -> None:
    rows = payments()
    lines = [";".join(row) for row in rows]
    lines[100] = ";".join([*rows[100][:2], '"' + rows[100][2], *rows[100][3:]])
    lines[110] = ";".join([*rows[110][:2], rows[110][2] + '"', *rows[110][3:]])
    found = read(lines)
    assert found.fields.rows() == [tuple(row) for row in rows]
    assert found.mended["position"].to_list() == [100, 110]


def test_a_mended_record_tells_what_it_was_made_of(harbour, declared) -> None:
    source = declared({"key": "k", "amount": "a"}, delimiter=";", quote='"', encoding="utf-8")
    lines = with_line("P00000400;late 7;EUR;12.\n50;2026-11-02", payments())
    reading = harbour.read(source, ("k;w;a;c;d\n" + "\n".join(lines) + "\n").encode())
    [mended] = reading.mended.to_dicts()
    assert (mended["_row"], mended["line"]) == (400, 402)
    assert mended["bytes"] == b"P00000400;late 7;EUR;12.\n50;2026-11-02"
    assert mended["byte"] == len("k;w;a;c;d\n" + "\n".join(lines[:400]) + "\n")
    assert mended["evidence"].startswith("column 4: ")
    assert (reading.lines, reading.continuation_lines, reading.records.height) == (801, 1, 800)


def damaged(line: str, kind: str, at: int) -> str:
    at %= len(line)
    match kind:
        case "delimiter":
            return line[:at] + ";" + line[at:]
        case "cut":
            return line[:at] + "\n" + line[at:]
        case "quote":
            return line[:at] + '"' + line[at:]
        case "nul":
            return line[:at] + "\0" + line[at:]
        case "shortened":
            return line[:at]
        case "other":
            return line.replace(";", "|")
        case _:
            return line + "\n\n"


KINDS = ["delimiter", "cut", "quote", "nul", "shortened", "other", "blank"]


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 399), st.sampled_from(KINDS), st.integers(0, 60)), max_size=25),
    st.integers(0, 5),
)
def test_whatever_the_damage_sound_records_are_exact_and_every_line_has_a_place(damage, seed: int) -> None:
    rows = payments(400, seed)
    lines = [";".join(row) for row in rows]
    for at, kind, place in damage:
        lines[at] = damaged(";".join(rows[at]), kind, place)
    found = read(lines)
    count = sum(line.count("\n") + 1 for line in lines)
    assert found.fields.height + found.continuation_lines + found.reasons.height == count
    records = dict(zip(found.positions.tolist(), found.fields.iter_rows(), strict=True))
    untouched = set(range(400)) - {at for at, _, _ in damage}
    beside = {at + step for at, _, _ in damage for step in (-1, 1)}
    position = 0
    for at, line in enumerate(lines):
        if at in untouched - beside or (at in untouched and position in records):
            assert records[position] == tuple(rows[at])
        position += line.count("\n") + 1


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200), st.sampled_from([None, '"']), st.integers(1, 4))
def test_random_bytes_are_accounted_for(data: bytes, quote: str | None, width: int) -> None:
    found = read_csv_text(data, Dialect(";", quote, "utf-8", width))
    lines = data.count(b"\n") + (bool(data) and not data.endswith(b"\n"))
    assert found.fields.height + found.continuation_lines + found.reasons.height == lines


def test_a_profile_is_as_narrow_as_the_values() -> None:
    fields = pl.DataFrame(payments(), schema=[str(i) for i in range(5)], orient="row")
    assert [profile.level for profile in learnt(fields)] == ["shapes", "words", "values", "shapes", "values"]


@pytest.mark.parametrize(
    ("cases", "right", "is_certain"),
    [(299, 299, True), (298, 298, False), (473, 472, True), (472, 471, False), (0, 0, False), (9, 0, False)],
)
def test_what_is_certain_is_at_most_one_in_a_hundred_wrong(cases: int, right: int, is_certain: bool) -> None:
    assert Measured(cases, right).is_certain == is_certain
