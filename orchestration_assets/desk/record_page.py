"""One record: what is wrong with it, what is proposed and why, what others say, where it came from, and the decision.

After the last open field of a record is decided, the next record of the queue comes by itself.
"""

from functools import partial

import polars as pl
import streamlit as st

from orchestration_assets.decisions.drafting import drafts_of_record
from orchestration_assets.decisions.ledger import Decision
from orchestration_assets.decisions.queue import records_page
from orchestration_assets.decisions.record import Case, case_of
from orchestration_assets.decisions.story import Story, decided_in_words, parsed, story_of, told
from orchestration_assets.decisions.story_page import page_of
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.desk import showing
from orchestration_assets.desk.deciding import on_records
from orchestration_assets.desk.field_panel import Cell, field_panel
from orchestration_assets.desk.filtering import kept_filters
from orchestration_assets.desk.visit import Visit
from orchestration_assets.errors import NotFoundError

_AHEAD = 100
_SKIPPED = "breakwater_skipped"
_WHY = "why_record"
KEYS = "Keys: A accept, X reject, L leave to another, K keep the record out, S skip. Enter after an own value corrects."


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
    st.code(showing.framed(record_id), language=None)
    try:
        case = case_of(view, record_id, sees_personal=visit.sees_personal)
    except NotFoundError:
        _settled(visit, view, record_id)
        return
    _waiting(visit, view, case)


def _named() -> tuple[str, str] | None:
    feed, record = st.query_params.get("of"), st.query_params.get("record")
    return (feed, record) if feed and record else None


def _next(visit: Visit) -> tuple[str, str] | None:
    """The record that matters most of those that were not skipped."""
    views, filters = kept_filters(visit)
    page = records_page(views, filters, size=_AHEAD, sees_personal=visit.sees_personal)
    waiting = list(page.rows.select("feed", "record_id").iter_rows())
    skipped = st.session_state.get(_SKIPPED, set())
    return next((one for one in waiting if one not in skipped), waiting[0] if waiting else None)


def _go_on(skip: tuple[str, str] | None = None) -> None:
    """Leave this record: the next one comes."""
    if skip:
        st.session_state[_SKIPPED] = {*st.session_state.get(_SKIPPED, set()), skip}
    for name in ("of", "record"):
        st.query_params.pop(name, None)


def _waiting(visit: Visit, view: FeedView, case: Case) -> None:
    """A record that a person can decide."""
    _head(case)
    drafts = drafts_of_record(view, case.record_id, case.seen)
    decided, known = st.columns([3, 2])
    with decided:
        _open_fields(visit, case, drafts)
    with known:
        _provenance(case.story)
        _decided(visit, case.feed, case.story)
    _other_fields(case)
    _what_others_say(case)
    _story(case.story)


def _settled(visit: Visit, view: FeedView, record_id: str) -> None:
    """A record that does not wait (any more): its story, and what people decided on it."""
    story = story_of(view.lake, record_id, show_personal=visit.sees_personal)
    showing.text(f"{view.feed}: it does not wait for a person; its verdict is {story['verdict']}.")
    st.button("Next record of the queue", key="next", shortcut="S", on_click=_go_on)
    _provenance(story)
    _decided(visit, view.feed, story)
    _story(story, is_open=True)


def _head(case: Case) -> None:
    told_of = (
        f"{case.feed}: {case.key or 'no key'}",
        f"in {case.table}, {case.state.replace('_', ' ')}",
        f"{case.value:,.2f} at stake",
        f"waits since {showing.at(case.since)}",
    )
    for column, words in zip(st.columns(len(told_of)), told_of, strict=True):
        with column:
            showing.text(words)
    for words in case.wrong:
        showing.text(f"the record: {words}")


def _open_fields(visit: Visit, case: Case, drafts: pl.DataFrame) -> None:
    fields = [field for field in case.fields if field.is_open]
    if not fields:
        st.text("No field of this record is open; it can be kept out, or left.")
    for position, field in enumerate(fields):
        draft = drafts.filter(pl.col("field") == field.name)
        then = _go_on if len(fields) == 1 else None
        field_panel(visit, Cell(case, field, draft, is_at_hand=position == 0, then=then))
    _whole(visit, case, drafts.filter(pl.col("field").is_null()))


def _whole(visit: Visit, case: Case, draft: pl.DataFrame) -> None:
    """What can be done with the record as a whole."""
    if visit.person.may_decide:
        st.text_input("Why keep it out", key=_WHY)
    with st.container(horizontal=True):
        if visit.person.may_decide and case.state != "kept_out":
            out = partial(_keep_out, visit, case, draft)
            st.button("Keep the record out", key="keep_out", shortcut="K", on_click=out)
        st.button("Skip", key="skip", shortcut="S", on_click=_go_on, args=((case.feed, case.record_id),))
    if visit.person.may_decide:
        st.caption(KEYS)


def _keep_out(visit: Visit, case: Case, draft: pl.DataFrame) -> None:
    why = st.session_state.get(_WHY) or None
    visit.decide(case.feed, on_records(draft, "reject", visit.person.name, why=why), _go_on)


def _provenance(story: Story) -> None:
    with st.container(border=True):
        st.subheader("Where it came from", anchor=False)
        landed = [
            f"{name.replace('_', ' ')}: {'' if value is None else value}"
            for name, value in story["landed"].items()
        ]
        showing.texts(*landed, *(f"written by run: {run['run_id']}" for run in story["runs"][-1:]))


def _decided(visit: Visit, feed: str, story: Story) -> None:
    """What people decided on it, and how to take that back."""
    st.subheader("Decisions", anchor=False)
    if not story["decisions"]:
        st.text("Nobody has decided anything here yet.")
        return
    showing.texts(*map(decided_in_words, story["decisions"]))
    if visit.person.may_decide:
        source, partition, delivery, row = parsed(story["record_id"])
        undo = Decision(visit.person.name, "undo", partition, source, delivery, row)
        st.button("Undo the decisions on this record", key="undo", on_click=visit.decide, args=(feed, [undo]))


def _other_fields(case: Case) -> None:
    rows = [
        {"field": f.name, "as delivered": f.original, "as read": f.read, "repaired": f.is_repaired}
        for f in case.fields
        if not f.is_open
    ]
    st.subheader("The other fields", anchor=False)
    showing.table(pl.DataFrame(rows, infer_schema_length=None), "other_fields")


def _what_others_say(case: Case) -> None:
    st.subheader("Other reports of the same", anchor=False)
    showing.table(case.others, "others", nothing="No other report is known.")
    for by, rows in case.history.items():
        st.subheader("History of trusted records", anchor=False)
        showing.text(f"with the same {by}")
        showing.table(rows, f"history_{by}", nothing="None is known.")


def _story(story: Story, *, is_open: bool = False) -> None:
    with st.expander("The whole story", expanded=is_open):
        st.code(showing.lines(told(story)), language=None, wrap_lines=True)
        st.download_button(
            "As one page, for an auditor",
            lambda: page_of(story).encode(),
            file_name="record.html",
            mime="text/html",
            on_click="ignore",
        )
