"""Edit distance on distinct values: the nearest of many, and errors as they are made, for the test.

rapidfuzz counts (optimal string alignment: substitution, insertion, deletion, exchange of neighbours).
"""

import random

_LETTERS_PER_EDIT = 8
_MOST_EDITS = 3
_SHORTEST = 5
_ERRORS_PER_VALUE = 4
_CLASSES = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def most_edits(value: str) -> int:
    """How many edits a value of this length may be away: none if it is short, as then everything is near."""
    if len(value) < _SHORTEST:
        return 0
    return min(max(len(value) // _LETTERS_PER_EDIT, 1), _MOST_EDITS)


def nearest(value: str, targets: list[str]) -> str | None:
    """The nearest of `targets`, null where none is near or another is less than two edits further away."""
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import extract

    most = most_edits(value)
    if not most:
        return None
    found = extract(value, targets, scorer=OSA.distance, score_cutoff=most + 1, limit=2)
    if not found or found[0][1] > most or (len(found) > 1 and found[1][1] < found[0][1] + 2):
        return None
    return str(found[0][0])


def same_length(value: str, targets: list[str], most: int) -> list[str]:
    """Those of `targets`, all as long as `value`, that differ from it in at most `most` places."""
    from rapidfuzz.distance import Hamming
    from rapidfuzz.process import extract

    found = extract(value, targets, scorer=Hamming.distance, score_cutoff=most, limit=None)
    return [str(target) for target, _, _ in found]


def few_edits(value: str) -> list[str]:
    """Some misspellings of `value`, always the same: each an edit at a place drawn by chance."""
    if len(value) < _SHORTEST:
        return []
    draw = random.Random(value)  # noqa: S311 - a sample, no secret
    return [_edited(value, draw) for _ in range(_ERRORS_PER_VALUE)]


def _edited(value: str, draw: random.Random) -> str:
    i = draw.randrange(len(value) - 1)
    alphabet = next((c for c in _CLASSES if value[i] in c), _CLASSES[1])
    other = draw.choice([c for c in alphabet if c != value[i]])
    kind = draw.randrange(4)
    if kind == 0:
        return value[:i] + other + value[i + 1 :]
    if kind == 1:
        return value[:i] + value[i + 1 :]
    if kind == 2:
        return value[:i] + other + value[i:]
    return value[:i] + value[i + 1] + value[i] + value[i + 2 :]
