"""One open field of a record: the original beside the proposal, what is wrong in words, and the four decisions."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import polars as pl
import streamlit as st

from orchestration_assets.decisions.drafting import decisions_from
from orchestration_assets.decisions.ledger import Action
from orchestration_assets.decisions.record import Alternative, Case, FieldCase
from orchestration_assets.desk import showing
from orchestration_assets.desk.deciding import on_alternative
from orchestration_assets.desk.visit import Visit

Then = Callable[[], None] | None
_ACTIONS: dict[Action, str] = {"accept": "Accept", "reject": "Reject", "leave": "Leave to another"}


@dataclass(frozen=True)
class Cell:
    """A field of the record that is looked at, as it stood when the page was made; `draft`: of a decision on it.

    `is_at_hand`: the keys mean this one. `then`: what follows a decision.
    """

    case: Case
    field: FieldCase
    draft: pl.DataFrame
    is_at_hand: bool
    then: Then

    @property
    def key(self) -> str:
        """By which its parts of the page are told from others'."""
        return f"{self.case.record_id}_{self.field.name}"


def field_panel(visit: Visit, cell: Cell) -> None:
    """The field, and what may be decided on it."""
    field = cell.field
    with st.container(border=True, key=f"field_{field.name}"):
        st.subheader(field.name, anchor=False)
        showing.texts(field.description, *field.wrong)
        chosen = _sides(cell)
        if not visit.person.may_decide:
            return
        if field.is_personal and not visit.sees_personal:
            st.text("This field is personal: who decides must be allowed to see it.")
        else:
            _deciding(visit, cell, chosen)


def _sides(cell: Cell) -> Alternative | None:
    """The original beside the proposals; returns the one that is chosen."""
    field = cell.field
    original, proposal = st.columns(2)
    with original:
        st.caption("As delivered")
        showing.value_box(field.original)
    with proposal:
        st.caption("Proposed")
        chosen = _chosen(cell)
        if chosen is None:
            st.text("nothing")
        else:
            showing.value_box(chosen.shown)
    for one in field.alternatives:
        _evidence(one)
    return chosen


def _chosen(cell: Cell) -> Alternative | None:
    alternatives = cell.field.alternatives
    if len(alternatives) < 2:
        return alternatives[0] if alternatives else None
    position = st.selectbox(
        "Alternatives",
        range(len(alternatives)),
        format_func=lambda i: showing.framed(alternatives[i].shown, 100),
        key=f"alternative_{cell.key}",
        label_visibility="collapsed",
    )
    return alternatives[position or 0]


def _evidence(one: Alternative) -> None:
    """Who proposes it, how sure that is, and why."""
    value = showing.framed(one.shown, 100)
    if one.method is None:
        showing.text(f"{value}: {one.by}")
        return
    sure = f"{showing.share(one.confidence)} [{one.evidence_class or 'no evidence'}]"
    says = f"; {showing.counted(one.reports, 'other report')} of the same" if one.reports else ""
    showing.texts(f"{value}: {one.by}, {sure}{says}", one.evidence)


def _deciding(visit: Visit, cell: Cell, chosen: Alternative | None) -> None:
    why_key, own_key = f"why_{cell.key}", f"own_{cell.key}"
    st.text_input("Why (kept beside the decision)", key=why_key)
    keys = {"accept": "A", "reject": "X", "leave": "L"} if cell.is_at_hand else {}
    with st.container(horizontal=True):
        for action, label in _ACTIONS.items():
            st.button(
                label,
                key=f"{action}_{cell.key}",
                shortcut=keys.get(action),
                type="primary" if action == "accept" else "secondary",
                disabled=chosen is None and action != "leave",
                on_click=partial(_decide, visit, cell, chosen, action, why_key),
            )
    # A form: leaving the field decides nothing, only Enter or the button does.
    with (
        st.form(f"form_{cell.key}", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        st.text_input("Own value", key=own_key)
        st.form_submit_button(
            "Correct", key=f"correct_{cell.key}", on_click=partial(_correct, visit, cell, own_key, why_key)
        )


def _decide(visit: Visit, cell: Cell, chosen: Alternative | None, action: Action, why_key: str) -> None:
    decisions = on_alternative(cell.draft, chosen, action, visit.person.name, _why(why_key))
    visit.decide(cell.case.feed, decisions, cell.then)


def _correct(visit: Visit, cell: Cell, own_key: str, why_key: str) -> None:
    if value := st.session_state.get(own_key):
        decisions = decisions_from(cell.draft, "correct", visit.person.name, why=_why(why_key), value=value)
        visit.decide(cell.case.feed, decisions, cell.then)


def _why(key: str) -> str | None:
    return st.session_state.get(key) or None
