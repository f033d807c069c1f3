"""One record: what is wrong with it, what is proposed and why, what others say, where it came from, and the decision.

After the last open field of a record is decided, the next record of the queue comes by itself.
"""

from dataclasses import replace

import streamlit as st

from orchestration_assets.decisions.ledger import Decision
from orchestration_assets.decisions.queue import records_page
from orchestration_assets.decisions.record import Case, case_of
from orchestration_assets.decisions.story import told
from orchestration_assets.decisions.story_page import page_of
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.desk import showing
from orchestration_assets.desk.field_panel import field_panel
from orchestration_assets.desk.filtering import kept_filters
from orchestration_assets.desk.visit import Visit
from orchestration_assets.errors import NotFoundError

_AHEAD = 100
_SKIPPED = "breakwater_skipped"
KEYS = "Keys: A accept, X reject, L leave, K keep the record out, S skip; Enter in the field for an own value corrects."


def record_page(visit: Visit) -> None:
    """The record that the address names, else the first of the queue."""
    st.title("Record")
    feed, record_id = _named() or _next(visit) or ("", "")
    if not record_id:
        st.text("Nothing waits under the filters chosen at the queue.")
        return
    if feed not in visit.views:
        raise NotFoundError(f"there is no feed '{feed}'\nHint: choose one at the queue")
    view = visit.views[feed]
    case = case_of(view, record_id, sees_personal=visit.sees_personal)
    _head(case)
    decided, known = st.columns([3, 2])
    with decided:
        _open_fields(visit, view, case)
    with known:
        _provenance(case)
    _what_others_say(case)
    _story(case)


def _named() -> tuple[str, str] | None:
    feed, record = st.query_params.get("feed"), st.query_params.get("record")
    return (feed, record) if feed and record else None


def _next(visit: Visit) -> tuple[str, str] | None:
    """The record that matters most of those that were not skipped."""
    views, filters = kept_filters(visit)
    page = records_page(views, filters, size=_AHEAD, sees_personal=visit.sees_personal)
    waiting = [(row["feed"], row["record_id"]) for row in page.rows.iter_rows(named=True)]
    skipped = st.session_state.get(_SKIPPED, set())
    return next((one for one in waiting if one not in skipped), waiting[0] if waiting else None)


def _go_on(skip: tuple[str, str] | None = None) -> None:
    """Leave this record: the next one comes."""
    if skip:
        st.session_state[_SKIPPED] = {*st.session_state.get(_SKIPPED, set()), skip}
    st.query_params.clear()


def _head(case: Case) -> None:
    st.code(case.record_id, language=None)
    about, state, value, since = st.columns(4)
    with about:
        showing.text(f"{case.feed}: {case.key or 'no key'}")
    with state:
        showing.text(f"{case.verdict}, {case.state}")
    with value:
        showing.text(f"{case.value:,.2f} at stake")
    with since:
        showing.text(f"waits since {showing.at(case.since)}")


def _open_fields(visit: Visit, view: FeedView, case: Case) -> None:
    fields = [field for field in case.fields if field.is_open]
    if not fields:
        st.text("No field of this record is open for a decision.")
    for position, field in enumerate(fields):
        then = _go_on if len(fields) == 1 else None
        field_panel(visit, view, case, field, is_at_hand=position == 0, then=then)
    with st.container(horizontal=True):
        st.button("Skip", key="skip", shortcut="S", on_click=_go_on, args=((case.feed, case.record_id),))
        if visit.person.may_decide:
            _whole_record(visit, view, case)
    if visit.person.may_decide:
        st.caption(KEYS)


def _whole_record(visit: Visit, view: FeedView, case: Case) -> None:
    subject = _subject(visit, view, case)
    if case.state != "kept_out":
        out = replace(subject, action="reject", why=st.session_state.get("why") or None)
        st.button(
            "Keep the record out",
            key="keep_out",
            shortcut="K",
            on_click=visit.decide,
            args=(case.feed, [out], _go_on),
        )
    if case.decisions.height:
        undo = replace(subject, action="undo", replaces=None)
        st.button("Undo the decisions on it", key="undo", on_click=visit.decide, args=(case.feed, [undo]))


def _subject(visit: Visit, view: FeedView, case: Case) -> Decision:
    """A decision on the whole record, by whoever looks at it now."""
    source, partition, delivery, row = case.record_id.split(":")
    seen = case.decisions["decision"].max() if case.decisions.height else None
    return Decision(
        by=visit.person.name,
        action="reject",
        partition=partition,
        source=source,
        delivery=delivery,
        row=int(row),
        replaces=str(seen) if seen else None,
    )


def _provenance(case: Case) -> None:
    with st.container(border=True):
        st.subheader("Where it came from")
        for name, value in case.landed.items():
            showing.text(f"{name.replace('_', ' ')}: {'' if value is None else value}", limit=300)


def _what_others_say(case: Case) -> None:
    for title, rows, nothing in (
        ("Other sources' reports of the same", case.others, "No other source reports it."),
        ("History", case.history, "Nothing earlier is known."),
        ("Earlier decisions", case.decisions, "Nobody has decided anything here yet."),
    ):
        st.subheader(title)
        showing.table(rows, f"table_{title}", nothing=nothing)


def _story(case: Case) -> None:
    with st.expander("The whole story"):
        st.code(showing.lines(told(case.story)), language=None, wrap_lines=True)
        st.download_button(
            "As one page, for an auditor",
            lambda: page_of(case.story).encode(),
            file_name="record.html",
            mime="text/html",
            on_click="ignore",
        )
