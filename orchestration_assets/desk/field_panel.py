"""One open field of a record: the original beside the proposal, what is wrong in words, and the four decisions."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import polars as pl
import streamlit as st

from orchestration_assets.decisions.drafting import cell_drafts
from orchestration_assets.decisions.ledger import Decision
from orchestration_assets.decisions.record import Alternative, Case, FieldCase
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.desk import showing
from orchestration_assets.desk.deciding import Judgement, decisions_on
from orchestration_assets.desk.visit import Visit

Then = Callable[[], None] | None


def field_panel(
    visit: Visit, view: FeedView, case: Case, field: FieldCase, *, is_at_hand: bool, then: Then
) -> None:
    """The field, and what may be decided on it. `is_at_hand`: the keys mean this one."""
    with st.container(border=True, key=f"field_{field.name}"):
        st.subheader(field.name, anchor=False)
        for words in field.wrong:
            showing.text(words)
        chosen = _sides(case, field)
        if not visit.person.may_decide:
            return
        if field.is_personal and not visit.sees_personal:
            st.text("This field is personal: who decides must be allowed to see it.")
            return
        drafts = cell_drafts(view, record_id=case.record_id, field=field.name)
        if drafts.height:
            _buttons(visit, case, field, _Choice(drafts, chosen), is_at_hand=is_at_hand, then=then)


class _Choice:
    """The cell as it stood when the page was made, and the alternative that is chosen."""

    def __init__(self, drafts: pl.DataFrame, alternative: Alternative | None) -> None:
        self.drafts, self.alternative = drafts, alternative

    def decisions(self, judgement: Judgement, by: str) -> list[Decision]:
        """What the person says, about the chosen alternative if it is about one."""
        made = decisions_on(self.drafts, judgement, by)
        one = self.alternative
        if one is None or judgement.action not in ("accept", "reject"):
            return made
        about = {"method": one.method, "version": one.version, "arm": one.arm, "shape": one.shape}
        return [replace(decision, value=one.value, **about) for decision in made]


def _sides(case: Case, field: FieldCase) -> Alternative | None:
    """The original beside the proposals; returns the one that is chosen."""
    original, proposal = st.columns(2)
    with original:
        st.caption("As delivered")
        showing.value_box(field.original)
    with proposal:
        st.caption("Proposed")
        if not field.alternatives:
            st.text("nothing")
            return None
        chosen = field.alternatives[0]
        if len(field.alternatives) > 1:
            position = st.selectbox(
                "Alternatives",
                range(len(field.alternatives)),
                format_func=lambda i: showing.framed(field.alternatives[i].shown, 100),
                key=f"alternative_{case.record_id}_{field.name}",
                label_visibility="collapsed",
            )
            chosen = field.alternatives[position or 0]
        showing.value_box(chosen.shown)
    for other in field.alternatives:
        _evidence(other)
    return chosen


def _evidence(one: Alternative) -> None:
    says = f"; {one.says}" if one.says else ""
    confidence = f"{showing.share(one.confidence)} [{one.evidence_class or 'no evidence'}]"
    showing.text(f"{showing.framed(one.shown, 100)}: {one.by}, {confidence}{says}")
    if one.evidence:
        showing.text(one.evidence, limit=500)


def _buttons(
    visit: Visit, case: Case, field: FieldCase, choice: _Choice, *, is_at_hand: bool, then: Then
) -> None:
    name = f"{case.record_id}_{field.name}"
    why_key, own_key = f"why_{name}", f"own_{name}"
    decide = partial(_decide, visit, case.feed, choice, why_key, then)
    st.text_input("Why (kept beside the decision)", key=why_key)
    key = {"accept": "A", "reject": "X", "leave": "L"} if is_at_hand else {}
    with st.container(horizontal=True):
        for action, label in (("accept", "Accept"), ("reject", "Reject"), ("leave", "Leave to another")):
            is_idle = choice.alternative is None and action != "leave"
            st.button(
                label,
                key=f"{action}_{name}",
                shortcut=key.get(action),
                type="primary" if action == "accept" else "secondary",
                disabled=is_idle,
                on_click=decide,
                args=(action,),
            )
    # A form: leaving the field decides nothing, only Enter or the button does.
    with st.form(f"form_{name}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Own value", key=own_key)
        st.form_submit_button("Correct", key=f"correct_{name}", on_click=_correct, args=(decide, own_key))


def _correct(decide: Callable[[str, str], None], own_key: str) -> None:
    if value := st.session_state.get(own_key):
        decide("correct", value)


def _decide(
    visit: Visit, feed: str, choice: _Choice, why_key: str, then: Then, action: str, value: str | None = None
) -> None:
    judgement = Judgement(action, value, st.session_state.get(why_key) or None)  # type: ignore[arg-type]
    visit.decide(feed, choice.decisions(judgement, visit.person.name), then)
