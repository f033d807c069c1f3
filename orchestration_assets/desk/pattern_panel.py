"""One decision for a pattern: what it would do is shown first, and what it did not show counts as no evidence."""

from typing import Any, cast

import polars as pl
import streamlit as st

from orchestration_assets.decisions.drafting import cell_drafts
from orchestration_assets.decisions.ledger import Action
from orchestration_assets.decisions.patterns import Effect, effect
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.desk import showing
from orchestration_assets.desk.deciding import Judgement, decisions_on
from orchestration_assets.desk.visit import Visit

_ACTIONS = {"Accept": "accept", "Correct": "correct", "Reject": "reject", "Keep out": "keep_out", "Leave": "leave"}


def pattern_panel(visit: Visit, view: FeedView, row: dict[str, Any]) -> None:
    """What is known of the pattern, what a decision would change, and the decision."""
    pattern = row["pattern"]
    with st.container(border=True):
        _told(row)
        if not visit.person.may_decide:
            st.text("You may look, and not decide.")
            return
        if row["field"] in view.rules.personal and not visit.sees_personal:
            st.text("This field is personal: who decides must be allowed to see it.")
            return
        chosen = st.segmented_control("Decision", list(_ACTIONS), key=f"action_{pattern}")
        if not chosen:
            return
        action = _ACTIONS[chosen]
        value = st.text_input("The right value", key=f"value_{pattern}") if action == "correct" else None
        if action == "correct" and not value:
            return
        found = _effect(visit, view, pattern, action, value)
        if found is None or found.refused is None:
            _decision(visit, view, row, action, value, found)


def _told(row: dict[str, Any]) -> None:
    method = f"{row['method']} {row['version']} ({row['arm']})" if row["method"] else "no method proposes anything"
    right = f", right in {row['right']} of {row['judged']} judged cases" if row["judged"] else ""
    showing.text(f"{method}: {showing.share(row['confidence'])} [{row['evidence_class'] or 'no evidence'}]{right}")
    for sample in row["samples"]:
        showing.text(sample, limit=300)


def _effect(visit: Visit, view: FeedView, pattern: str, action: str, value: str | None) -> Effect | None:
    """What the decision would change, shown; None for one that changes nothing."""
    if action == "leave":
        st.text("They wait for somebody else: for you they go to the end.")
        return None
    found = effect(view, pattern, action, value, sees_personal=visit.sees_personal)  # type: ignore[arg-type]
    if found.refused is not None:
        st.error("This cannot be decided.")
        showing.text(found.refused)
        return found
    showing.text(found.in_words)
    examples = pl.DataFrame(
        found.examples, schema={"record": pl.String, "as delivered": pl.String, "then": pl.String}, orient="row"
    )
    showing.table(examples, f"examples_{pattern}")
    held = pl.DataFrame(
        found.held, schema={"still held for": pl.String, "why": pl.String, "records": pl.Int64}, orient="row"
    )
    if held.height:
        showing.table(held, f"held_{pattern}")
    return found


def _decision(
    visit: Visit, view: FeedView, row: dict[str, Any], action: str, value: str | None, found: Effect | None
) -> None:
    pattern = row["pattern"]
    why = st.text_input("Why (kept beside the decision)", key=f"why_{pattern}")
    drafts = cell_drafts(view, pattern=pattern)
    if action == "keep_out":
        drafts = drafts.with_columns(pl.lit(None, pl.String).alias("field"))
        action = "reject"
    judgement = Judgement(cast("Action", action), value, why)
    seen = frozenset(record for record, _, _ in found.examples) if found else frozenset()
    decisions = decisions_on(drafts, judgement, visit.person.name, pattern=pattern, seen=seen)
    st.button(
        f"Decide for {len(decisions):,} cells",
        key=f"decide_{pattern}",
        type="primary",
        on_click=visit.decide,
        args=(view.feed, decisions),
    )
