"""Lines that are no records any more: a field too few or too many, an open quote, half a line, a file cut off."""

from typing import Literal, NamedTuple

import numpy as np
import polars as pl

Format = Literal["csv", "ndjson"]

_WAYS: dict[Format, tuple[str, ...]] = {
    "csv": ("missing_field", "extra_field", "unclosed_quote", "half"),
    "ndjson": ("half",),
}


class Lines(NamedTuple):
    """The physical lines of a file after its header, what broke them (null where nothing did), and how it ends."""

    texts: pl.Series
    breaks: pl.Series
    is_cut_off: bool


def broken(
    lines: pl.Series, candidates: np.ndarray, share: float, rng: np.random.Generator, delimiter: str | None
) -> Lines:
    """Break a share of all lines, chosen among the candidates (positions of lines without quotes).

    A delimiter says that the lines are CSV; without one they are JSON objects.
    """
    wanted = min(rng.binomial(len(lines), share), len(candidates))
    rows = np.sort(rng.choice(candidates, wanted, replace=False))
    ways = np.array(_WAYS["csv" if delimiter else "ndjson"])[rng.integers(0, 4 if delimiter else 1, wanted)]
    places = rng.uniform(0.2, 0.7, wanted)
    texts = [
        broken_line(line, way, place, delimiter)
        for line, way, place in zip(lines[rows].to_list(), ways.tolist(), places.tolist(), strict=True)
    ]
    breaks = pl.Series([None], dtype=pl.String).new_from_index(0, len(lines))
    if wanted:
        lines = lines.clone().scatter(rows, pl.Series(texts))
        breaks = breaks.scatter(rows, pl.Series([f"line:{way}" for way in ways.tolist()]))
    return Lines(lines, breaks, is_cut_off=False)


def broken_line(line: str, way: str, place: float, delimiter: str | None) -> str:
    """Return the line broken in one way, at a place in (0, 1) of it."""
    if way == "half":
        return line[: max(1, int(place * len(line)))]
    parts = line.split(delimiter)
    at = int(place * len(parts))
    if way == "missing_field":
        del parts[at]
    elif way == "extra_field":
        parts.insert(at, "0")
    else:
        parts[at] = '"' + parts[at]
    return str(delimiter).join(parts)


def cut_off(lines: Lines) -> Lines:
    """End the file in the middle of its last line; a file without lines stays as it is."""
    if not len(lines.texts):
        return lines
    last = len(lines.texts) - 1
    text = lines.texts[last]
    return Lines(
        lines.texts.clone().scatter(last, text[: max(1, len(text) // 2)]),
        lines.breaks.clone().scatter(last, "line:cut_off"),
        is_cut_off=True,
    )
