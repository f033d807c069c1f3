"""Why a candidate is not applied by itself: clear is only what names or history tell apart from everything else."""

from collections.abc import Mapping

import polars as pl

from orchestration_assets.drift.candidates import NO_HEADER, Candidate, Evidence
from orchestration_assets.drift.names import QUALIFIED, sense
from orchestration_assets.drift.values import fit
from sources.declaration import Source
from validators.parsing import Notation
from validators.rules import RuleSet

CLEAR_PROBABILITY, CLEAR_MARGIN = 0.98, 3.5


def doubt_of_header(candidate: Candidate, rules: RuleSet, notations: Mapping[str, Notation]) -> str:
    """That the name of the column is a value of the field, where hardly any text is."""
    if not candidate.is_specific:
        return ""
    name, notation = candidate.field, notations.get(candidate.field, Notation())
    is_value = fit(pl.Series([candidate.column]), rules.fields[name], rules, notation).declared > 0
    return NO_HEADER if is_value else ""


def doubt_of(candidate: Candidate, told: Evidence, source: Source, rules: RuleSet) -> str:
    """Why the candidate is not applied by itself; empty where names or history tell it from everything else."""
    if told.change is not None:
        return f"its numbers are of another scale than before: {told.change.name}"
    if rules.fields[candidate.field].dtype.is_numeric() and (doubt := _doubt_of_unit(candidate, source)):
        return doubt
    if candidate.probability < CLEAR_PROBABILITY or candidate.margin < CLEAR_MARGIN:
        return "another reading is nearly as good"
    if candidate.name.is_contrary or 0 < candidate.name.score <= QUALIFIED:
        return "its name says something else, or more"
    if candidate.name.has_unknown_words:
        return "its name holds words that are not known"
    if candidate.fit.share < (0.5 if candidate.name.score >= 0.9 else 0.8):
        return f"only {candidate.fit.share:.0%} of its values are good ones of this field"
    return _doubt_of_evidence(candidate)


def _doubt_of_unit(candidate: Candidate, source: Source) -> str:
    if candidate.field not in source.fields:
        return ""  # of a source that is new, the name says what is to be declared
    declared = source.fields[candidate.field].unit
    said, said_before = sense(candidate.column).unit, sense(source.columns[candidate.field]).unit
    if candidate.similarity is not None and candidate.similarity >= 0.8:
        return ""  # of the scale that is known
    if said is not None and said != declared:
        return f"its name says {said}, and {declared or 'no unit'} is declared"
    if said is None and said_before is not None:
        return "its name does not say any more what its numbers count, and there is no history to tell"
    return ""


def _doubt_of_evidence(candidate: Candidate) -> str:
    score, alike, is_specific = candidate.name.score, candidate.similarity, candidate.is_specific
    if alike is not None and alike < 0.5:
        return "its values are unlike those that the field had so far"
    if score >= 0.9:
        return ""
    if not is_specific:
        return "its name is not plain enough, and other columns hold values like its own"
    if score >= 0.7 and (alike is None or alike >= 0.6):
        return ""
    if score > QUALIFIED and alike is not None and alike >= 0.8:
        return ""
    return "its name does not say what it is, and its values alone do not tell"
