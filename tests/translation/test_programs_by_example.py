"""Small programs over texts: found from a few examples, readable, the same for one text and for a column."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration_assets.translation.learned.pieces import Constant, Taken, pieces_of
from orchestration_assets.translation.learned.programs import Program, simplest
from orchestration_assets.translation.learned.segments import Cut, by_runs, by_separators, guard, told


def found(pairs: list[tuple[str, str]]) -> list[Program]:
    """The simplest programs for texts of one outline, cut by runs."""
    cuts = [cut for cut in (by_runs(text) for text, _ in pairs) if cut]
    assert len(cuts) == len(pairs)
    assert len({outline for outline, _ in cuts}) == 1
    lengths = [[len(values[i]) for _, values in cuts] for i in range(len(cuts[0][1]))]
    limits = tuple((min(of), max(of)) for of in lengths)
    programs = simplest(cuts[0][0], [values for _, values in cuts], [truth for _, truth in pairs])
    return [Program(cuts[0][0], pieces, limits) for pieces in programs]


def read(program: Program, *texts: str) -> list[str | None]:
    return pl.DataFrame({"t": texts}).select(program.parse(pl.col("t"))).to_series().to_list()


@pytest.mark.parametrize(
    ("pairs", "new", "words"),
    [
        (
            [("2125550142", "(212) 555-0142"), ("4155550177", "(415) 555-0177")],
            ("3035550199", "(303) 555-0199"),
            "'(', characters 1-3 of number 1, ') ', characters 4-6 of number 1, '-', the last 4 characters of number 1",
        ),
        (
            [("212.555.0142", "+1 212 5550142"), ("415.555.0177", "+1 415 5550177")],
            ("303.555.0199", "+1 303 5550199"),
            "'+1 ', number 1, ' ', number 2, number 3",
        ),
        (
            [("2026~11~Feb", "2026-02-11"), ("2025~07~Dec", "2025-12-07")],
            ("2024~30~may", "2024-05-30"),
            "number 1, '-', word 1 as the number of a month, '-', number 2",
        ),
        (
            [("Doe, John", "John Doe"), ("Lee, Ann", "Ann Lee")],
            ("Petersen, Karl", "Karl Petersen"),
            "word 2, ' ', word 1",
        ),
        (
            [("ann LEE", "Ann Lee"), ("bob DOE", "Bob Doe")],
            ("karl PETERSEN", "Karl Petersen"),
            "word 1 with a capital, ' ', word 2 with a capital",
        ),
        (
            [("k42", "CUST-00042"), ("k31337", "CUST-31337")],
            ("k815", "CUST-00815"),
            "'CUST-', number 1 with zeros to 5",
        ),
        (
            [("1250", "12.50"), ("98765", "987.65")],
            ("700", None),
            "all but the last 2 characters of number 1, '.', the last 2 characters of number 1",
        ),
        ([("0042", "42"), ("0700", "700")], ("0001", "1"), "number 1 without leading zeros"),
        (
            [("Doe7", "D-7"), ("lee9", "L-9")],
            ("Smith8", "S-8"),
            "word 1, its first letter as a capital, '-', number 1",
        ),
    ],
)
def test_two_examples_say_what_is_meant(pairs: list, new: tuple[str, str | None], words: str) -> None:
    simple = found(pairs)[0]
    assert read(simple, new[0]) == [new[1]]
    assert words in [program.words() for program in found(pairs)]


def test_a_program_leaves_alone_what_is_not_of_its_outline() -> None:
    phone = found([("2125550142", "(212) 555-0142"), ("4155550177", "(415) 555-0177")])[0]
    assert read(phone, "212555014", "21255501422", "212-5550142", "", "２１２5550142") == [None] * 5


def test_what_cannot_be_told_apart_is_a_rival() -> None:
    programs = found([("03/03", "03.03"), ("11/11", "11.11")])
    given = {read(program, "04/05")[0] for program in programs}
    assert {"04.05", "05.04", "04.04", "05.05"} <= given


def test_constants_are_made_up_only_where_nothing_of_the_text_will_do() -> None:
    [simple, *_] = found([("x-7", "7/7"), ("x-8", "8/8")])
    assert simple.words() == "number 1, '/', number 1"
    # All of it made up: it would say the same of every text.
    assert found([("abc", "77"), ("xyz", "77")]) == []
    assert found([("12", "Ann"), ("13", "Bob")]) == []


def test_words_of_a_personal_field_quote_no_constant_with_letters_or_digits() -> None:
    [simple, *_] = found([("Doe, x", "Karl Doe"), ("Lee, x", "Karl Lee")])
    assert "Karl" in simple.words()
    assert "Karl" not in simple.words(is_personal=True)


def test_texts_are_cut_by_runs_and_by_separators() -> None:
    outline, values = by_runs("AB-12é,") or ((), ())
    assert (told(outline), values) == ("a+-9+a+,", ("AB", "-", "12", "é", ","))
    assert by_runs("") is None
    assert by_runs("x" * 201) is None
    cuts = {told(outline): values for outline, values in by_separators("O'Neill, Mary Ann")}
    assert cuts == {"…, …": ("O'Neill", ", ", "Mary Ann"), "… … …": ("O'Neill,", " ", "Mary", " ", "Ann")}


def test_signs_that_mean_something_in_patterns_are_plain_signs() -> None:
    [simple, *_] = found([("[1]*(2)", "1+2"), ("[3]*(4)", "3+4")])
    assert read(simple, "[5]*(6)", "[5](6)") == ["5+6", None]


_DIGITS = st.text("0123456789", min_size=1, max_size=6)
_LETTERS = st.text("abcXYZéß", min_size=1, max_size=6) | st.sampled_from(["may", "Dec", "August"])
_SIGNS = st.sampled_from(["-", "/", ", ", ".", " (", "~", "$"])
_TEXTS = st.builds("".join, st.lists(_DIGITS | _LETTERS | _SIGNS, min_size=1, max_size=5))


@given(_TEXTS)
def test_every_piece_says_the_same_of_one_text_and_of_a_column(text: str) -> None:
    cuts: list[Cut] = [cut for cut in (by_runs(text), *by_separators(text)) if cut]
    for outline, values in cuts:
        lengths = [(len(value), len(value)) for value in values]
        pattern = pl.col("t").str.extract_groups(guard(outline, lengths))
        places = [i for i, segment in enumerate(outline) if segment.kind != "literal"]
        if not places:
            continue
        groups = [
            pattern.struct.field(str(places.index(i) + 1)) if i in places else pl.lit(segment.text)
            for i, segment in enumerate(outline)
        ]
        pieces = list(pieces_of(outline, [values]))
        column = pl.DataFrame({"t": [text]}).select(
            piece.expr(groups).alias(str(i)) for i, piece in enumerate(pieces)
        )
        said = [value or None for value in column.row(0)]
        assert said == [piece.of(values) for piece in pieces]


_MONTHS = ("month", "month_short", "month_long")


@st.composite
def hidden(draw: st.DrawFn) -> list[tuple[str, str]]:
    """What a program drawn by chance makes of six texts of one outline."""
    kinds = draw(st.lists(st.sampled_from(["digits", "letters"]), min_size=1, max_size=4))
    signs = [draw(_SIGNS) for _ in kinds]
    widths = [draw(st.integers(1, 6)) for _ in kinds]
    letters = {"digits": "0123456789", "letters": "abcdefXYZ"}

    def text() -> str:
        runs = [draw(st.text(letters[k], min_size=w, max_size=w)) for k, w in zip(kinds, widths, strict=True)]
        return "".join(part for pair in zip(runs, signs, strict=True) for part in pair)

    texts = [text() for _ in range(6)]
    cuts = [cut for cut in map(by_runs, texts) if cut]
    outline, first = cuts[0]
    every = [piece for piece in pieces_of(outline, [first]) if piece.change not in _MONTHS]
    chosen = draw(st.lists(st.sampled_from(every) | st.builds(Constant, _SIGNS), min_size=1, max_size=5))
    if not any(isinstance(piece, Taken) for piece in chosen):
        chosen.append(every[0])
    return [
        (text, "".join(p.text if isinstance(p, Constant) else p.of(values) or "" for p in chosen))
        for text, (_, values) in zip(texts, cuts, strict=True)
    ]


@given(hidden())
@settings(max_examples=60)
def test_what_a_hidden_program_made_is_made_again_by_the_simplest(shown: list[tuple[str, str]]) -> None:
    programs = found(shown)
    assert programs  # the hidden one is there to be found
    for program in programs:
        assert read(program, *(text for text, _ in shown)) == [truth for _, truth in shown]
    costs = [program.cost for program in programs]
    assert costs == sorted(costs)
