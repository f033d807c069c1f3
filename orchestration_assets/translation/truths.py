"""Yes and no, in the words of nine languages and in the signs of forms and systems."""

import polars as pl

from orchestration_assets.translation.readings import Reading, Translator
from orchestration_assets.translation.vocabularies import vocabulary
from validators.parsing import Notation
from validators.rules import FieldSpec

_TRUE = (
    "true yes y t 1 1.0 on ok checked enabled active ja j wahr w richtig oui vrai sí si verdadero"
    " sì vero waar sim verdadeiro tak prawda sant"
    " -1 .true. ✓ ✔ ☑"
).split()
_FALSE = (
    "false no n f 0 0.0 off unchecked disabled inactive nein falsch non faux falso nee onwaar não nao nie fałsz nej falskt"
    " .false. ✗ ✘ ☐"
).split()
# One letter may be the first of a word for either: in a column with `j` and `n` it is clear, in one with `o` it is not.
WORDS = {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}


def _own_words(spec: FieldSpec) -> dict[bool, str] | None:
    """How the field itself says yes and no, null if its code list does not have one word of each."""
    if spec.dtype == pl.Boolean:
        return {True: "true", False: "false"}
    codes = {str(code): WORDS.get(str(code).lower()) for code in spec.allowed or ()}
    said = {truth: code for code, truth in codes.items() if truth is not None}
    return said if len(said) == len(codes) == 2 else None


def _truths(spec: FieldSpec, _notation: Notation) -> list[Reading]:
    own = _own_words(spec)
    if own is None:
        return []
    return vocabulary("yes or no", {word: own[truth] for word, truth in WORDS.items()}, spec)


BOOLEAN = Translator("boolean", "1", _truths)
"""For fields of type bool, and those whose code list is a word for yes and one for no."""
