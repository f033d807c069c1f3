"""Kinds of typing errors, and what they make of a value: learned from the columns of a contract themselves."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from orchestration_assets.translation.edits import few_edits, nearest, same_length

FREQUENT = 3
_TIMES_AS_FREQUENT = 5
_DOMINANT = 50
_FEWEST_ERRORS = 5
_FEWEST_WORDS = 2
EDITED = "few edits"


@dataclass(frozen=True)
class Column:
    """The distinct values of a field: how often each occurs, and which are good by the field's rules."""

    name: str
    counts: dict[str, int]
    good: frozenset[str]
    allowed: frozenset[str]
    max_error: float

    @cached_property
    def targets(self) -> dict[str, int]:
        """What a value may be put right to, and how often it occurs."""
        if self.allowed:
            return {value: self.counts.get(value, 0) for value in self.allowed}
        return {v: n for v, n in self.counts.items() if n >= FREQUENT and v in self.good}

    @cached_property
    def suspects(self) -> list[str]:
        """What may be wrong: values that a rule refuses, and in an open field all that are rare."""
        most = max(self.targets.values(), default=0)
        rare = {v for v, n in self.counts.items() if n * _TIMES_AS_FREQUENT <= most}
        return [v for v in self.counts if v not in self.good or (not self.allowed and v in rare)]

    @cached_property
    def words(self) -> "Column | None":
        """The words of the values as a column of their own; none in a field with a code list."""
        if self.allowed:
            return None
        counts: Counter[str] = Counter()
        for value in self.good:
            for word in set(value.split(" ")):
                counts[word] += self.counts.get(value, 0)
        return Column(f"{self.name}, words", dict(counts), frozenset(counts), frozenset(), self.max_error)

    def pick(self, candidates: Iterable[str], times: int) -> str | None:
        """The one candidate that is frequent enough beside a value that occurs so many `times`, or that outweighs all others."""
        fit = {
            c: self.targets[c]
            for c in candidates
            if self.allowed or self.targets[c] >= _TIMES_AS_FREQUENT * times
        }
        if len(fit) <= 1:
            return next(iter(fit), None)
        best = max(fit, key=lambda c: fit[c])
        return best if fit[best] >= _DOMINANT * (sum(fit.values()) - fit[best]) else None


class Replaced:
    """One letter stands for another: `e` for each `c`, or for some of them (`heaxt failuxe`)."""

    def __init__(self, letter: str, columns: list[Column]) -> None:
        self.letter = letter
        self.targets: dict[tuple[str, int], list[str]] = defaultdict(list)
        for column in [*columns, *(c.words for c in columns if c.words is not None)]:
            for target in column.targets:
                self.targets[column.name, len(target)].append(target)

    def errors(self, value: str) -> Iterator[tuple[str, str]]:
        """Every misspelling of `value` with a letter replaced throughout, and some where it is replaced once; the arm."""
        for replaced in sorted(set(value) - {self.letter}):
            yield value.replace(replaced, self.letter), self._named(replaced)
            if value.count(replaced) > 1:
                yield value.replace(replaced, self.letter, 1), self._named(replaced)

    def find(self, value: str, column: Column, times: int, without: str = "") -> Iterator[tuple[str, str]]:
        """What `value`, which occurs so many `times`, was meant to be, and the arm. `without`: a value taken as unknown."""
        letters = value.count(self.letter)
        near = same_length(value, self.targets[column.name, len(value)], letters) if letters else []
        replaced = {t: c for t in near if t not in (without, value) and (c := self.replaced(value, t))}
        # Throughout is what such errors are; where no value explains that, some of them will do.
        throughout = [t for t, c in replaced.items() if t.replace(c, self.letter) == value]
        if (chosen := column.pick(throughout or replaced, times)) is not None:
            yield chosen, self._named(replaced[chosen])

    def replaced(self, value: str, target: str) -> str | None:
        """The one letter of `target` for which this one stands in `value`, null if they differ in any other way."""
        differing = {(a, b) for a, b in zip(value, target, strict=True) if a != b}
        ((wrong, meant), *others) = differing or {("", "")}
        return meant if wrong == self.letter and not others else None

    def _named(self, replaced: str) -> str:
        return f"{_kind(replaced)} replaced by {self.letter}"


class Edited:
    """A few letters are wrong, missing, too many or exchanged, wherever (Damerau 1964)."""

    def errors(self, value: str) -> Iterator[tuple[str, str]]:
        """Some misspellings of `value`."""
        return ((error, EDITED) for error in few_edits(value))

    def find(self, value: str, column: Column, times: int, without: str = "") -> Iterator[tuple[str, str]]:
        """As `Replaced.find`: the nearest value, if no other is nearly as near."""
        targets = [t for t in column.targets if t not in (without, value)]
        found = nearest(value, targets)
        if found is not None and column.pick([found], times) is not None:
            yield found, EDITED


Arm = Replaced | Edited
"""A kind of error: it makes `errors` of a value, and finds what was meant by one."""


def _kind(letter: str) -> str:
    if letter.isdigit():
        return "digit"
    return "letter" if letter.isalpha() else "sign"


def arms_of(columns: list[Column]) -> list[Arm]:
    """The kinds of errors that occur: letters that replace many others, far oftener than known values would suggest."""
    letters = Counter(c for column in columns for v in column.suspects for c in set(v))
    replacing = [Replaced(letter, columns) for letter in sorted(letters) if letters[letter] >= _FEWEST_ERRORS]
    return [*(arm for arm in replacing if _is_kind_of_error(arm, columns)), Edited()]


def _is_kind_of_error(arm: Replaced, columns: list[Column]) -> bool:
    """Whether suspects show it, known values do not, and no single letter is what it mostly replaces.

    `ak_pn-2` beside `al_pn-2`, `ak_hf-1` beside `al_hf-1`: that is a code with two values, not a misspelling.
    """
    errors = Counter(
        (column.name, value, arm.replaced(value, found))
        for column in columns
        for value in column.suspects
        for found, _ in arm.find(value, column, column.counts[value])
    )
    by_chance = sum(any(arm.find(v, column, 1, without=v)) for column in columns for v in column.targets)
    most = max(Counter(replaced for _, _, replaced in errors).values(), default=0)
    return len(errors) >= max(_FEWEST_ERRORS, _TIMES_AS_FREQUENT * by_chance, 2 * most)


def explain(
    value: str, column: Column, times: int, arms: list[Arm], without: str = ""
) -> list[tuple[str, str]]:
    """The first arm's answer, if any has one; none where two replaced letters give two."""
    replaced = {
        a for arm in arms if isinstance(arm, Replaced) for a in arm.find(value, column, times, without)
    }
    if replaced:
        return list(replaced) if len(replaced) == 1 else []
    if in_words := explain_words(value, column, arms):
        return in_words
    return [a for arm in arms if isinstance(arm, Edited) for a in arm.find(value, column, times, without)]


def explain_words(value: str, column: Column, arms: list[Arm], without: str = "") -> list[tuple[str, str]]:
    """The value with its misspelled words put right, each by the same kind of replaced letter; nothing if one is not.

    For values that are rare because of one part of them: `619 paxienxs`.
    """
    words, parts = column.words, value.split(" ")
    if words is None or len(parts) < _FEWEST_WORDS:
        return []
    rare = {w for w in parts if w == without or words.counts.get(w, 0) < FREQUENT}
    replacing = [arm for arm in arms if isinstance(arm, Replaced) and any(arm.letter in w for w in rare)]
    meant = {w: {a for arm in replacing for a in arm.find(w, words, 1, without)} for w in rare}
    found = {w: next(iter(a)) for w, a in meant.items() if len(a) == 1}
    named = {arm for _, arm in found.values()}
    if len(named) != 1 or any(len(a) > 1 for a in meant.values()):
        return []
    repaired = " ".join(found[w][0] if w in found else w for w in parts)
    return [(repaired, f"{next(iter(named))}, in a word")]
