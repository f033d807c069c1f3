"""One decision for a pattern: what it would do is shown first, and what it did not show counts as no evidence."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import polars as pl
import streamlit as st

from orchestration_assets.decisions.drafting import decisions_from, drafts_of_pattern
from orchestration_assets.decisions.foresight import Effect, Would, effect
from orchestration_assets.decisions.queue import Filters
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.desk import showing
from orchestration_assets.desk.deciding import on_records
from orchestration_assets.desk.visit import Visit

if TYPE_CHECKING:
    from orchestration_assets.decisions.ledger import Action

_ON_FIELD = {"Accept": "accept", "Correct": "correct", "Reject": "reject"}
_ON_RECORD = {"Keep out": "keep_out", "Leave to another": "leave"}


@dataclass(frozen=True)
class Asked:
    """The pattern that is looked at: a row of `patterns`, under which filters, and the last decision that was seen."""

    view: FeedView
    row: dict[str, Any]
    filters: Filters
    seen: str

    @property
    def pattern(self) -> str:
        """Its id."""
        return str(self.row["pattern"])


def pattern_panel(visit: Visit, asked: Asked) -> None:
    """What is known of the pattern, what a decision would change, and the decision."""
    with st.container(border=True, key=f"panel_{asked.pattern}"):
        _told(asked.row)
        if not visit.person.may_decide:
            st.text("You may look, and not decide.")
        elif asked.row["field"] in asked.view.rules.personal and not visit.sees_personal:
            st.text("This field is personal: who decides must be allowed to see it.")
        else:
            _choosing(visit, asked)


def _told(row: dict[str, Any]) -> None:
    by = "No method proposes anything."
    if row["method"] is not None:
        right = f", right in {row['right']} of {row['judged']} judged cases" if row["judged"] else ""
        sure = f"{showing.share(row['confidence'])} [{row['evidence_class'] or 'no evidence'}]{right}"
        by = f"{row['method']} {row['version']} ({row['arm']}): {sure}"
    size = (
        f"{showing.counted(row['records'], 'record')}, {showing.counted(row['distinct'], 'different value')}"
    )
    showing.texts(
        size, f"{row['field'] or 'the record'} {row['wrong'] or ''}", by, row["evidence"], *row["samples"]
    )


def _choosing(visit: Visit, asked: Asked) -> None:
    actions = {**(_ON_FIELD if asked.row["field"] else {}), **_ON_RECORD}
    chosen = st.segmented_control("Decision", list(actions), key=f"action_{asked.pattern}")
    if not chosen:
        return
    action, value = actions[chosen], None
    if action == "correct":
        value = st.text_input("The right value", key=f"value_{asked.pattern}")
        if not value:
            return
    found = _effect(visit, asked, action, value)
    if not found.refused:
        _decision(visit, asked, action, value)


def _effect(visit: Visit, asked: Asked, action: str, value: str | None) -> Effect:
    """What the decision would change, shown."""
    if action == "leave":
        st.text("They wait for somebody else; for you they go to the end.")
        return Effect()
    found = effect(
        asked.view,
        asked.pattern,
        cast("Would", action),
        value,
        filters=asked.filters,
        sees_personal=visit.sees_personal,
    )
    if found.refused:
        st.error("This cannot be decided so.")
        showing.text(found.refused)
        return found
    showing.text(found.in_words)
    of_examples = {"record": pl.String, "as delivered": pl.String, "then": pl.String}
    examples = pl.DataFrame(found.examples, schema=of_examples, orient="row")
    showing.table(examples, f"examples_{asked.pattern}", nothing="")
    return found


def _decision(visit: Visit, asked: Asked, action: str, value: str | None) -> None:
    """The button that decides what was shown; the reason is read when it is clicked."""
    why_key = f"why_{asked.pattern}"
    st.text_input("Why (kept beside the decision)", key=why_key)
    drafts = drafts_of_pattern(asked.view, asked.pattern, asked.seen, asked.filters)
    is_whole = action == "keep_out"
    size = (
        showing.counted(drafts["record_id"].n_unique(), "record")
        if is_whole
        else showing.counted(drafts.height, "cell")
    )
    st.button(
        f"Decide for {size}",
        key=f"decide_{asked.pattern}",
        type="primary",
        on_click=partial(_decide, visit, asked, drafts, action, value, why_key),
    )


def _decide(
    visit: Visit, asked: Asked, drafts: pl.DataFrame, action: str, value: str | None, why_key: str
) -> None:
    why = st.session_state.get(why_key) or None
    by, pattern = visit.person.name, asked.pattern
    if action == "keep_out":
        decisions = on_records(drafts, "reject", by, why=why, pattern=pattern)
    else:
        decisions = decisions_from(drafts, cast("Action", action), by, why=why, value=value, pattern=pattern)
    visit.decide(asked.view.feed, decisions)
