"""Small programs over texts, and the search for the simplest ones that all of some examples agree with.

Programming by example over strings after Gulwani, "Automating string processing in spreadsheets using input-output
examples" (POPL 2011): a program concatenates pieces of the text and constants. There the sets of all programs of each
example are intersected; here one search goes through all examples at once, from left to right, the cheapest first, so
that what does not fit one of them is never followed. Conditions are the shapes: each program is learned for one outline.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

import polars as pl

from orchestration_assets.translation.learned.pieces import Constant, Piece, Taken, pieces_of
from orchestration_assets.translation.learned.segments import Outline, guard, told

SLACK = 1.2
"""A program is no rival if it costs so much more than the simplest: a made-up letter or digit costs more than that."""
_MOST_FOUND = 12
_MOST_STATES = 20_000
_VISITS = 6


@dataclass(frozen=True)
class Program:
    """`pieces` put together, for texts of one outline whose segments are as long as `lengths` (from, to) say."""

    outline: Outline
    pieces: tuple[Piece, ...]
    lengths: tuple[tuple[int, int], ...]

    @property
    def cost(self) -> float:
        """The simpler, the less."""
        return sum(piece.cost for piece in self.pieces)

    @property
    def is_identity(self) -> bool:
        """Whether it gives the text as it stands."""
        return self.pieces == (Taken(0, len(self.outline) - 1),)

    def parse(self, text: pl.Expr) -> pl.Expr:
        """What it makes of each text, null where the text is none of its kind: one expression."""
        found = text.str.extract_groups(guard(self.outline, self._limits()))
        number = count(1)
        groups = [
            pl.lit(segment.text) if segment.kind == "literal" else found.struct.field(str(next(number)))
            for segment in self.outline
        ]
        return pl.concat_str([piece.expr(groups) for piece in self.pieces])

    def _limits(self) -> list[tuple[int, int | None]]:
        """How long the segments may be: words that are taken as a whole may have any length."""
        cut = {p.first for p in self.pieces if isinstance(p, Taken) and p.change == "slice"}
        return [
            (1, None) if segment.kind == "letters" and i not in cut else of
            for i, (segment, of) in enumerate(zip(self.outline, self.lengths, strict=True))
        ]

    def words(self, *, is_personal: bool = False) -> str:
        """The program as a person reads it: `characters 1-4 of number 1, '-', word 1 as the number of a month`."""
        return ", ".join(piece.words(self.outline, is_personal=is_personal) for piece in self.pieces)

    @property
    def reads(self) -> str:
        """The outline that it reads."""
        return told(self.outline)


def simplest(
    outline: Outline, texts: Sequence[tuple[str, ...]], targets: Sequence[str]
) -> list[tuple[Piece, ...]]:
    """The simplest programs that make each target of its text, the simplest first, none much costlier than the first.

    `texts`: cut into segments, all with this `outline`. Empty where there is none.
    """
    usable = _usable(outline, texts, targets)
    ends = tuple(map(len, targets))
    heap: list[tuple[float, int, tuple[int, ...], tuple[Piece, ...]]] = [(0.0, 0, (0,) * len(targets), ())]
    order, visits = count(1), Counter[tuple[tuple[int, ...], bool]]()
    found: list[tuple[Piece, ...]] = []
    limit = float("inf")
    while heap and len(found) < _MOST_FOUND:
        cost, number, at, pieces = heappop(heap)
        if cost > limit or number > _MOST_STATES:
            break
        if at == ends:
            if any(isinstance(piece, Taken) for piece in pieces):
                found.append(pieces)
                limit = min(limit, cost + SLACK)
            continue
        is_behind_constant = bool(pieces) and isinstance(pieces[-1], Constant)
        visits[at, is_behind_constant] += 1
        if visits[at, is_behind_constant] > _VISITS:
            continue
        for taken, values in usable.get(at[0], ()):
            if all(t.startswith(v, p) for t, v, p in zip(targets, values, at, strict=True)):
                further = tuple(p + len(v) for p, v in zip(at, values, strict=True))
                heappush(heap, (cost + taken.cost, next(order), further, (*pieces, taken)))
        if not is_behind_constant:
            common = _common([t[p:] for t, p in zip(targets, at, strict=True)])
            for length in range(1, len(common) + 1):
                constant = Constant(common[:length])
                further = tuple(p + length for p in at)
                heappush(heap, (cost + constant.cost, next(order), further, (*pieces, constant)))
    return found


def _common(texts: Sequence[str]) -> str:
    """What all of them begin with."""
    first, last = min(texts), max(texts)
    return first[: next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]


def _usable(
    outline: Outline, texts: Sequence[tuple[str, ...]], targets: Sequence[str]
) -> dict[int, list[tuple[Taken, list[str]]]]:
    """Per place in the first target: the pieces that may begin there, with what they give for each text.

    Of the pieces of one segment that give the same for all texts only the cheapest one is kept.
    """
    usable: dict[int, list[tuple[Taken, list[str]]]] = defaultdict(list)
    seen: set[tuple[int, int, tuple[str, ...]]] = set()
    for piece in pieces_of(outline, texts):
        values = [piece.of(text) for text in texts]
        if not all(value and value in target for value, target in zip(values, targets, strict=True)):
            continue
        given = [value for value in values if value]
        key = (piece.first, piece.last, tuple(given))
        if key in seen:
            continue
        seen.add(key)
        place = targets[0].find(given[0])
        while place >= 0:
            usable[place].append((piece, given))
            place = targets[0].find(given[0], place + 1)
    return usable
