"""A regular expression that nearly all values of a column match, told from the runs of digits and letters in them."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

import polars as pl

_RUN = re.compile(r"[0-9]+|[^\W\d_]+|.", re.DOTALL)
_MOST_SHAPES, _MOST_RUNS = 3, 12
_NEARLY_ALL = 0.97


def pattern_of(texts: pl.Series, *, share: float) -> str:
    """An anchored pattern for the commonest kinds of values; empty where few kinds do not make up `share` of the texts.

    What nearly always stands there stands in the pattern; letters are small, capital or either, as nearly all were seen.
    """
    groups: dict[tuple[str, ...], list[tuple[list[str], int]]] = defaultdict(list)
    counts: Counter[tuple[str, ...]] = Counter()
    for text, count in texts.value_counts().rows():
        runs = _RUN.findall(text)
        form = tuple(_form(run) for run in runs)
        groups[form].append((runs, count))
        counts[form] += count
    parts: list[str] = []
    covered = 0
    for form, count in counts.most_common(_MOST_SHAPES):
        if len(form) > _MOST_RUNS:
            return ""
        parts.append(_pattern(groups[form]))
        covered += count
        if covered >= share * texts.len():
            return f"^{parts[0]}$" if len(parts) == 1 else f"^(?:{'|'.join(parts)})$"
    return ""


def _form(run: str) -> str:
    return "9" if run[0].isdigit() else "a" if run[0].isalpha() else run


def _pattern(values: list[tuple[list[str], int]]) -> str:
    width = len(values[0][0])
    return "".join(
        _of_runs(Counter(_weighted((runs[i], count) for runs, count in values))) for i in range(width)
    )


def _weighted(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for text, count in pairs:
        found[text] += count
    return found


def _of_runs(runs: Counter[str]) -> str:
    """The pattern of what stands in one place, from how often which run does."""
    [(commonest, often)] = runs.most_common(1)
    if not commonest[0].isdigit() and often >= _NEARLY_ALL * runs.total():
        return _escaped(commonest)
    length = _length(runs)
    if commonest[0].isdigit():
        return f"[0-9]{length}"
    if not all(run.isascii() for run in runs):
        return rf"\p{{L}}{length}"
    for kind, is_so in (("[A-Z]", str.isupper), ("[a-z]", str.islower)):
        if sum(count for run, count in runs.items() if is_so(run)) >= _NEARLY_ALL * runs.total():
            return f"{kind}{length}"
    return f"[A-Za-z]{length}"


def _length(runs: Counter[str]) -> str:
    lengths = Counter(_weighted((str(len(run)), count) for run, count in runs.items()))
    [(commonest, often)] = lengths.most_common(1)
    if often < _NEARLY_ALL * runs.total():
        return "+"
    return "" if commonest == "1" else f"{{{commonest}}}"


def _escaped(text: str) -> str:
    return re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", text)
