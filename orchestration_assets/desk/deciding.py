"""What a person does at the desk as rows for `decide`, and what came of it.

A decision names the last one on the same that was on the page when the person decided: whoever decided in between is
not overwritten, but shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from orchestration_assets.decisions.drafting import decisions_from
from orchestration_assets.decisions.ledger import Action, Decision, Refused, decide
from orchestration_assets.decisions.record import Alternative
from orchestration_assets.decisions.view import FeedView

_OF_PROPOSAL = ("value", "method", "version", "arm", "shape", "kind")


@dataclass(frozen=True)
class Outcome:
    """What came of it: how many decisions stand, and those that were refused."""

    written: int
    refused: tuple[Refused, ...] = ()


def on_alternative(
    draft: pl.DataFrame, alternative: Alternative | None, action: Action, by: str, why: str | None
) -> list[Decision]:
    """The decision on one cell and the chosen alternative; to take what only other reports say is to correct."""
    if alternative is None or action not in ("accept", "reject"):
        return decisions_from(draft, action, by, why=why)
    if alternative.method is None:
        if action == "accept":
            return decisions_from(draft, "correct", by, why=why, value=alternative.value)
        return [
            replace(one, value=alternative.value)
            for one in decisions_from(without_proposal(draft), action, by, why=why)
        ]
    about = {name: getattr(alternative, name) for name in ("value", "method", "version", "arm", "shape")}
    return [replace(one, **about) for one in decisions_from(draft, action, by, why=why)]


def on_records(
    drafts: pl.DataFrame, action: Action, by: str, *, why: str | None, pattern: str | None = None
) -> list[Decision]:
    """One decision per record of `drafts`, on the record as a whole."""
    whole = without_proposal(drafts).with_columns(
        pl.lit(None, pl.String).alias("field"), pl.lit(None, pl.String).alias("original")
    )
    return decisions_from(
        whole.unique("record_id", maintain_order=True), action, by, why=why, pattern=pattern
    )


def without_proposal(drafts: pl.DataFrame) -> pl.DataFrame:
    """`drafts` about what was delivered, and about no method."""
    return drafts.with_columns(pl.lit(None, drafts.schema[name]).alias(name) for name in _OF_PROPOSAL)


def carried_out(view: FeedView, decisions: Sequence[Decision]) -> Outcome:
    """Write them; raises `LakeError`, `LockedError`."""
    refused = decide(view.lake, view.feed, decisions, view.rules)
    return Outcome(len(decisions) - len(refused), tuple(refused))


def knowingly(refused: Refused) -> Decision | None:
    """The same decision by somebody who has seen the one that was first; None where it was refused for another reason."""
    return replace(refused.decision, replaces=refused.last["decision"]) if refused.last else None
