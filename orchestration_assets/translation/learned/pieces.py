"""What a program puts together: constants, and segments of the text, cut, padded, capitalised, or read as a month.

Each piece says what it gives for one text (for the search) and as an expression over a column (for everything else).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from orchestration_assets.translation.learned.segments import Outline

_LONG = (
    (
        "January February March April May June July August September October November December"  # as clocks and mails write them
    ).split()
)
_SHORT = [name[:3] for name in _LONG]
_NUMBERS = [f"{i:02d}" for i in range(1, 13)]
_TO_NUMBER = {
    **dict(zip(map(str.lower, _LONG), _NUMBERS, strict=True)),
    **dict(zip(map(str.lower, _SHORT), _NUMBERS, strict=True)),
    "sept": "09",
}
_TO_SHORT, _TO_LONG = dict(zip(_NUMBERS, _SHORT, strict=True)), dict(zip(_NUMBERS, _LONG, strict=True))
_WIDTHS = (2, 3, 4, 5, 6, 8, 10, 12)
_LONGEST_SLICED = 20
_SLICED_LETTERS = 4

Change = Literal[
    "", "upper", "lower", "title", "initial", "plain", "padded", "month", "month_short", "month_long", "slice"
]


@dataclass(frozen=True)
class Constant:
    """The same text for every value."""

    text: str

    @property
    def cost(self) -> float:
        """Letters and digits are rather taken from the text than made up."""
        wordy = sum(c.isalnum() for c in self.text)
        return 0.5 + 0.1 * len(self.text) + (1.5 + 0.9 * wordy if wordy else 0.0)

    def expr(self, _groups: Sequence[pl.Expr]) -> pl.Expr:
        """The constant."""
        return pl.lit(self.text)

    def words(self, _outline: Outline, *, is_personal: bool = False) -> str:
        """In quotes; what may be of a person is not quoted."""
        is_told = not (is_personal and any(c.isalnum() for c in self.text))
        return f"'{self.text}'" if is_told else f"{len(self.text)} fixed characters"


@dataclass(frozen=True)
class Taken:
    """Segments `first` to `last` of the text, as they are or changed; `start` and `stop` as in a slice of Python."""

    first: int
    last: int
    change: Change = ""
    start: int | None = None
    stop: int | None = None

    @property
    def cost(self) -> float:
        """The simpler, the less."""
        return _CHANGES[self.change].cost + (0.2 if self.first != self.last else 0.0)

    def of(self, values: Sequence[str]) -> str | None:
        """What it gives for one text, cut into `values`; null where it gives nothing."""
        return _CHANGES[self.change].of("".join(values[self.first : self.last + 1]), self) or None

    def expr(self, groups: Sequence[pl.Expr]) -> pl.Expr:
        """The same over a column; `groups`: one expression per segment."""
        taken = list(groups[self.first : self.last + 1])
        whole = taken[0] if len(taken) == 1 else pl.concat_str(taken)
        return _CHANGES[self.change].expr(whole, self)

    def words(self, outline: Outline, *, is_personal: bool = False) -> str:  # noqa: ARG002 - as of a constant
        """As people read it: `number 2 with zeros to 4`."""
        where = _place(outline, self.first)
        if self.first == 0 and self.last == len(outline) - 1 and self.last:
            where = "the text"
        elif self.first != self.last:
            where = f"{where} to {_place(outline, self.last)}"
        if self.change == "slice":
            return f"{_range(self.start, self.stop)} of {where}"
        return where + _CHANGES[self.change].words.format(stop=self.stop)


Piece = Constant | Taken


def pieces_of(outline: Outline, texts: Sequence[Sequence[str]]) -> Iterator[Taken]:
    """All pieces that may be taken of texts with this outline, the simpler ones first; `texts`: cut into segments."""
    for i, segment in enumerate(outline):
        values = [text[i] for text in texts]
        if segment.kind == "digits":
            yield from _of_digits(i, values)
        elif segment.kind != "literal":
            yield from _of_letters(i, values)
    taken = [i for i, segment in enumerate(outline) if segment.kind != "literal"]
    yield from (Taken(first, last) for first in taken for last in taken if first < last)
    if len(outline) > 1:
        whole: tuple[Change, ...] = ("", "upper", "lower")
        yield from (Taken(0, len(outline) - 1, change) for change in whole)


def _of_digits(i: int, values: list[str]) -> Iterator[Taken]:
    yield Taken(i, i)
    yield Taken(i, i, "plain")
    yield from (Taken(i, i, "padded", stop=width) for width in _WIDTHS)
    yield from (Taken(i, i, change) for change in ("month_short", "month_long"))
    yield from _slices(i, values, min(_LONGEST_SLICED, *map(len, values)))


def _of_letters(i: int, values: list[str]) -> Iterator[Taken]:
    yield Taken(i, i)
    yield from (Taken(i, i, change) for change in ("upper", "lower", "title", "initial", "month"))
    yield from _slices(i, values, min(_SLICED_LETTERS, *map(len, values)))


def _slices(i: int, values: list[str], most: int) -> Iterator[Taken]:
    """What lies between two places, counted from the beginning, or the first of them or both from the end."""
    shortest = min(map(len, values))
    for start in range(most):
        yield from (Taken(i, i, "slice", start, stop) for stop in range(start + 1, most + 1))
        if 0 < start < shortest:
            yield Taken(i, i, "slice", start, None)
            yield Taken(i, i, "slice", None, -start)
            yield Taken(i, i, "slice", -start, None)


def _looked_up(text: pl.Expr, words: dict[str, str]) -> pl.Expr:
    return text.replace_strict(words, default=None, return_dtype=pl.String)


def _sliced(text: pl.Expr, piece: Taken) -> pl.Expr:
    start, stop = piece.start, piece.stop
    if start is not None and start < 0:
        return text.str.tail(-start)
    if stop is not None and stop < 0:
        return text.str.head(stop)
    return text.str.slice(start or 0, None if stop is None else stop - (start or 0))


def _title(text: pl.Expr) -> pl.Expr:
    return pl.concat_str(text.str.slice(0, 1).str.to_uppercase(), text.str.slice(1).str.to_lowercase())


@dataclass(frozen=True)
class _Changing:
    """A change: what it costs, how people read it, what it makes of one text, and of a column."""

    cost: float
    words: str
    of: Callable[[str, Taken], str]
    expr: Callable[[pl.Expr, Taken], pl.Expr]


_CHANGES: dict[Change, _Changing] = {
    "": _Changing(1.0, "", lambda t, _: t, lambda t, _: t),
    "upper": _Changing(1.3, " in capitals", lambda t, _: t.upper(), lambda t, _: t.str.to_uppercase()),
    "lower": _Changing(1.3, " in small letters", lambda t, _: t.lower(), lambda t, _: t.str.to_lowercase()),
    "title": _Changing(
        1.3, " with a capital", lambda t, _: t[:1].upper() + t[1:].lower(), lambda t, _: _title(t)
    ),
    "initial": _Changing(
        1.7,
        ", its first letter as a capital",
        lambda t, _: t[:1].upper(),
        lambda t, _: t.str.slice(0, 1).str.to_uppercase(),
    ),
    "plain": _Changing(
        1.5,
        " without leading zeros",
        lambda t, _: t.lstrip("0") or "0",
        lambda t, _: t.str.replace(r"^0+([0-9])", "$1"),
    ),
    "padded": _Changing(
        1.5,
        " with zeros to {stop}",
        lambda t, piece: t.rjust(piece.stop or 0, "0"),
        lambda t, piece: t.str.pad_start(piece.stop or 0, "0"),
    ),
    "month": _Changing(
        1.5,
        " as the number of a month",
        lambda t, _: _TO_NUMBER.get(t.lower(), ""),
        lambda t, _: _looked_up(t.str.to_lowercase(), _TO_NUMBER),
    ),
    "month_short": _Changing(
        1.5,
        " as a month in short",
        lambda t, _: _TO_SHORT.get(t.rjust(2, "0"), ""),
        lambda t, _: _looked_up(t.str.pad_start(2, "0"), _TO_SHORT),
    ),
    "month_long": _Changing(
        1.5,
        " as a month in full",
        lambda t, _: _TO_LONG.get(t.rjust(2, "0"), ""),
        lambda t, _: _looked_up(t.str.pad_start(2, "0"), _TO_LONG),
    ),
    "slice": _Changing(2.0, "", lambda t, piece: t[piece.start : piece.stop], _sliced),
}


def _place(outline: Outline, i: int) -> str:
    names = {"digits": "number", "letters": "word", "part": "part", "literal": "sign"}
    ordinal = sum(segment.kind == outline[i].kind for segment in outline[: i + 1])
    return f"{names[outline[i].kind]} {ordinal}"


def _range(start: int | None, stop: int | None) -> str:
    if start is not None and start < 0:
        return f"the last {-start} characters"
    if stop is not None and stop < 0:
        return f"all but the last {-stop} characters"
    if stop is None:
        return f"all but the first {start} characters"
    first = (start or 0) + 1
    return f"character {first}" if first == stop else f"characters {first}-{stop}"
