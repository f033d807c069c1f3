"""A text cut into segments: runs of digits and of letters with what stands between them, or parts between separators.

Texts with the same segments have the same *outline* (`9+-a+`): a shape without the lengths of its runs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import polars as pl

MOST_SEGMENTS = 24
LONGEST = 200
_SEPARATORS = (", ", ",", "; ", ";", "|", "/", " - ", "_", ":", " ")
_MOST_PARTS = 4
_DIGITS = frozenset("0123456789")

Kind = Literal["digits", "letters", "part", "literal"]


@dataclass(frozen=True)
class Segment:
    """One segment of an outline. `text` is what a literal is, and what a part does not contain."""

    kind: Kind
    text: str = ""


Outline = tuple[Segment, ...]
Cut = tuple[Outline, tuple[str, ...]]
"""The outline of a text, and the text of each of its segments."""


def by_runs(text: str) -> Cut | None:
    """Runs of digits and of letters, and the literals between them; null for a text too long to learn from."""
    if len(text) > LONGEST:
        return None
    runs = [(kind, "".join(letters)) for kind, letters in groupby(text, _kind)]
    if not 0 < len(runs) <= MOST_SEGMENTS:
        return None
    outline = tuple(Segment(kind, run if kind == "literal" else "") for kind, run in runs)
    return outline, tuple(run for _, run in runs)


def by_separators(text: str) -> Iterator[Cut]:
    """One cut for each separator that stands in the text, a few times at most."""
    if len(text) > LONGEST:
        return
    for separator in _SEPARATORS:
        mark = separator.strip() or separator
        parts = text.split(separator)
        if 1 < len(parts) <= _MOST_PARTS and all(p and mark not in p and p == p.strip() for p in parts):
            literal, part = Segment("literal", separator), Segment("part", mark)
            outline = (part, *(s for _ in parts[1:] for s in (literal, part)))
            values = (parts[0], *(v for p in parts[1:] for v in (separator, p)))
            yield outline, values


def told(outline: Outline) -> str:
    """The outline as people read it."""
    signs = {"digits": "9+", "letters": "a+", "part": "…"}
    return "".join(signs.get(segment.kind, segment.text) for segment in outline)


def guard(outline: Outline, lengths: Sequence[tuple[int, int | None]]) -> str:
    """A pattern of the texts with this outline, one group per segment that is no literal.

    `lengths`: from and to, per segment; without a `to`, as long as may be.
    """
    pattern = "".join(_pattern(segment, *of) for segment, of in zip(outline, lengths, strict=True))
    return f"^{pattern}$"


def _kind(letter: str) -> Kind:
    return "digits" if letter in _DIGITS else "letters" if letter.isalpha() else "literal"


def _pattern(segment: Segment, low: int, high: int | None) -> str:
    if segment.kind == "literal":
        return pl.escape_regex(segment.text)
    most = "" if high is None else high
    if segment.kind == "digits":
        return f"([0-9]{{{low},{most}}})"
    if segment.kind == "letters":
        return rf"(\p{{L}}{{{low},{most}}})"
    return f"([^{pl.escape_regex(segment.text)}]+)"
