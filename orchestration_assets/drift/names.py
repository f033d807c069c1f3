"""What the name of a column says, and how much it is like the name of a field: concepts, not letters.

A name is cut at case, digits and punctuation; words become concepts by the lexicon, compounds by their parts, misspelt and
shortened words by what they can only be. `scheduled` and `actual` are near in letters and far in what they say.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from orchestration_assets.drift import lexicon
from orchestration_assets.drift.lexicon import KINDS

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")
_EXTRA = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "a", "œ": "o"})
_NEAR, _LEAST_LETTERS = 86.0, 5
_SHORT_PARTS = {"id", "nr", "no", "at", "ts", "dt"}

SAME_WORD, SAME, SAME_BUT_KIND, SAYS_LESS, ONLY_KIND, QUALIFIED = 1.0, 0.98, 0.93, 0.6, 0.5, 0.3
KIND_OF_THE_RECORD = 0.75
_WITH_UNKNOWN_WORDS = 0.85


@dataclass(frozen=True)
class Sense:
    """What a name says. `things` are concepts, and, after `~`, words that the lexicon does not know."""

    compact: str
    things: frozenset[str]
    kinds: frozenset[str]
    unit: str | None

    @property
    def known(self) -> frozenset[str]:
        """The concepts of the lexicon among the things."""
        return frozenset(thing for thing in self.things if not thing.startswith("~"))

    @property
    def unknown(self) -> frozenset[str]:
        """The words that the lexicon does not know."""
        return self.things - self.known


@dataclass(frozen=True)
class Likeness:
    """How much a column's name is like a field's, 0 to 1. `is_contrary`: it says something else.

    `has_unknown_words`: part of it is not understood, and may say that it is something else.
    """

    score: float
    is_contrary: bool = False
    has_unknown_words: bool = False


def likeness(column: str, references: Iterable[str], *, said: frozenset[str] = frozenset()) -> Likeness:
    """The best likeness of `column` to any of `references`: the field's name, and what the source called it so far.

    `said` are concepts that go without saying: what every record of the feed is, and what the field's description tells.
    """
    found = [_compare(sense(column), sense(reference), said) for reference in references]
    return max(found, key=lambda one: (one.score, not one.is_contrary), default=Likeness(0.0))


def owners_in(description: str) -> frozenset[str]:
    """The concepts that a field's description names as what it belongs to: `the customer's`."""
    return frozenset[str]().union(*(sense(word).known for word in re.findall(r"(\w+)'s\b", description)))


@lru_cache(maxsize=4096)
def sense(name: str) -> Sense:
    """What `name` says."""
    words = words_of(name)
    found: set[str] = set()
    unit = None
    for word in words:
        if word in _units():
            unit = _units()[word]
        elif word not in _silent():
            found.update(_concepts(word) or {f"~{word}"})
    for strong, weak in lexicon.ABSORBED.items():
        if strong in found:
            found -= weak
    things = frozenset(found - KINDS)
    return Sense("".join(words), things, frozenset(found & KINDS), unit)


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, folded: `txnRef2` is `txn`, `ref`. Single letters say nothing."""
    plain = unicodedata.normalize("NFC", name)
    split = re.sub(r"(?<=[^\W\d_])(?=[A-ZÄÖÜÉ][a-zäöüéèß])", " ", plain) if not plain.isupper() else plain
    return tuple(word for part in re.split(r"[\W\d_]+", split) if len(word := folded(part)) > 1)


def folded(word: str) -> str:
    """The word without case and accents."""
    bare = unicodedata.normalize("NFKD", word.lower().translate(_EXTRA))
    return "".join(c for c in bare if not unicodedata.combining(c))


def _without_umlauts(word: str) -> str:
    """A folded word in which spelled out umlauts are gone too: `waehrung` is `wahrung`, as `Währung` is."""
    return word.replace("ae", "a").replace("oe", "o").replace("ue", "u")


def _compare(column: Sense, reference: Sense, said: frozenset[str]) -> Likeness:
    if column.compact and column.compact == reference.compact:
        return Likeness(SAME_WORD)
    unknown = column.unknown - _same_words(column.unknown, reference.unknown)
    has_known = bool(column.known or column.kinds or column.unknown - unknown)
    if not has_known:
        return Likeness(0.0, has_unknown_words=bool(unknown))
    if column.kinds and reference.kinds and not column.kinds & reference.kinds:
        return Likeness(0.0, is_contrary=True)
    score, is_contrary = _overlap(column, reference, said)
    score *= _WITH_UNKNOWN_WORDS if unknown else 1
    return Likeness(score, is_contrary=is_contrary, has_unknown_words=bool(unknown))


def _overlap(column: Sense, reference: Sense, said: frozenset[str]) -> tuple[float, bool]:
    """The likeness of two senses whose kinds do not exclude each other, and whether they contradict each other."""
    of_column = column.known | _same_words(column.unknown, reference.unknown, of_reference=True)
    shared, extra = of_column & reference.things, of_column - reference.things - said
    lacking = reference.things - of_column
    if extra:
        return (QUALIFIED, False) if shared else (0.0, True)
    if shared and not lacking - said:
        return (SAME if column.kinds == reference.kinds else SAME_BUT_KIND), False
    if shared:
        return SAYS_LESS, False
    if column.kinds & reference.kinds:
        return (ONLY_KIND if lacking - said else KIND_OF_THE_RECORD), False
    return 0.0, False


def _same_words(
    mine: frozenset[str], theirs: frozenset[str], *, of_reference: bool = False
) -> frozenset[str]:
    """The unknown words of `mine` that stand among `theirs` too, typing errors aside; or those of `theirs`."""
    from rapidfuzz import fuzz

    pairs = [(a, b) for a in mine for b in theirs if a == b or (len(a) > 4 and fuzz.ratio(a, b) >= _NEAR)]
    return frozenset(b if of_reference else a for a, b in pairs)


@cache
def _words() -> dict[str, frozenset[str]]:
    """Word to what it can mean: one concept as a rule, several of an abbreviation such as `std`."""
    found = {
        folded(word): frozenset({concept})
        for concept, words in lexicon.WORDS.items()
        for word in words.split()
    }
    found |= {folded(word): frozenset(told.split()) for word, told in lexicon.COMPOUNDS.items()}
    return {_without_umlauts(word): meaning for word, meaning in found.items()} | found


@cache
def _units() -> dict[str, str]:
    return {folded(word): unit for word, unit in lexicon.UNITS.items()}


@cache
def _silent() -> frozenset[str]:
    return frozenset(folded(word) for word in lexicon.SILENT)


def _concepts(word: str) -> frozenset[str]:
    plain = _without_umlauts(word)
    single = word.removesuffix("s") if len(word) > 4 else word
    known = _words().get(word) or _words().get(plain) or _words().get(single)
    return known or _with_short_part(plain) or _compound(plain) or _misspelt(plain) or _shortened(plain)


def _with_short_part(word: str) -> frozenset[str]:
    """The concepts of a known word with a short one behind it: `custid`, `paynr`."""
    for end in _SHORT_PARTS:
        if (
            word.endswith(end)
            and len(word) > len(end) + 2
            and (before := _words().get(word.removesuffix(end)))
        ):
            return before | _words()[end]
    return frozenset()


def _compound(word: str) -> frozenset[str]:
    """The concepts of a word that is put together of known words: `zahlungsbetrag`, `customerid`."""
    ways: list[tuple[int, frozenset[str]] | None] = [(0, frozenset())] + [None] * len(word)
    for end in range(2, len(word) + 1):
        for start in range(max(0, end - 20), end):
            way = ways[start]
            meaning = _part(word[start:end], is_first=start == 0)
            if way is None or meaning is None:
                continue
            candidate = (way[0] + 1, way[1] | meaning)
            if (here := ways[end]) is None or candidate[0] < here[0]:
                ways[end] = candidate
    whole = ways[-1]
    return whole[1] if whole is not None else frozenset()


def _part(part: str, *, is_first: bool) -> frozenset[str] | None:
    """What a part of a compound means; a link before it (`s`, `n`) belongs to it."""
    for link in lexicon.LINKS if not is_first else ("",):
        bare = part[len(link) :]
        if part.startswith(link) and (len(bare) > 3 or bare in _SHORT_PARTS):
            if bare in _words():
                return _words()[bare]
            if bare in _units():
                return frozenset()
    return None


def _misspelt(word: str) -> frozenset[str]:
    """The concept of the known words that are nearly this one, if it is one concept only."""
    from rapidfuzz import fuzz, process

    if len(word) < _LEAST_LETTERS:
        return frozenset()
    near = process.extract(word, list(_words()), scorer=fuzz.ratio, score_cutoff=_NEAR, limit=5)
    return _only([found for found, *_ in near if len(found) >= _LEAST_LETTERS])


def _shortened(word: str) -> frozenset[str]:
    """The concept of the words that this may shorten, if it is one only: `cstmr`, `merchan`, `crncy`."""
    if len(word) < 4:
        return frozenset()
    return _only([w for w in _words() if len(w) > len(word) and (w.startswith(word) or _skeleton(w) == word)])


def _skeleton(word: str) -> str:
    return word[0] + re.sub(r"[aeiouy]", "", word[1:])


def _only(words: list[str]) -> frozenset[str]:
    meanings = {_words()[word] for word in words}
    return meanings.pop() if len(meanings) == 1 else frozenset()
