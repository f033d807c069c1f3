"""From what a person does at the desk to rows for `decide`, and what came of it.

A decision names the last one on the same that was on the page when the person decided: whoever decided in between is
not overwritten, but shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from orchestration_assets.decisions.ledger import Action, Decision, Refused, decide
from orchestration_assets.decisions.view import FeedView

_OF_METHOD = ("method", "version", "arm", "shape")


@dataclass(frozen=True)
class Judgement:
    """What a person says of some cells: the action, the value where it is another than proposed, and why."""

    action: Action
    value: str | None = None
    why: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of it: how many decisions stand, and those that were refused."""

    written: int
    refused: tuple[Refused, ...] = ()


def decisions_on(
    drafts: pl.DataFrame, judgement: Judgement, by: str, *, pattern: str | None = None, seen: frozenset[str] = frozenset()
) -> list[Decision]:
    """One decision per row of `drafts`. Of a pattern's rows only those whose record ids are in `seen` were looked at."""
    return [
        _decision(row, judgement, by, pattern, is_seen=pattern is None or _record_id(row) in seen)
        for row in drafts.iter_rows(named=True)
    ]


def _decision(
    row: dict[str, Any], judgement: Judgement, by: str, pattern: str | None, *, is_seen: bool
) -> Decision:
    is_own = judgement.action == "correct"
    value = {"accept": row["proposed"], "reject": row["proposed"], "correct": judgement.value}
    about = {name: None if is_own else row[name] for name in _OF_METHOD}
    return Decision(
        by=by,
        action=judgement.action,
        partition=row["_partition"],
        source=row["_source"],
        delivery=row["_delivery"],
        row=row["_row"],
        key=row["key"],
        originals=row["originals"],
        field=row["field"],
        value=value.get(judgement.action),
        original=row["original"],
        kind=row["kind"],
        why=judgement.why or None,
        pattern=pattern,
        is_seen=is_seen,
        replaces=row["replaces"],
        **about,
    )


def carried_out(view: FeedView, decisions: Sequence[Decision]) -> Outcome:
    """Write them; raises `LakeError`, `LockedError`."""
    refused = decide(view.lake, view.feed, decisions, view.rules)
    return Outcome(len(decisions) - len(refused), tuple(refused))


def knowingly(refused: Refused) -> Decision | None:
    """The same decision by somebody who has seen the one that was first; None where it was refused for another reason."""
    return replace(refused.decision, replaces=refused.last["decision"]) if refused.last else None


def _record_id(row: dict[str, Any]) -> str:
    return f"{row['_source']}:{row['_partition']}:{row['_delivery']}:{row['_row']}"
