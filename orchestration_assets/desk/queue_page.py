"""What waits for a person, the decision that matters most first: pattern by pattern, or record by record."""

from typing import Any

import streamlit as st

from orchestration_assets.decisions.export import as_csv
from orchestration_assets.decisions.patterns import patterns
from orchestration_assets.decisions.queue import Filters, cells_page, records_page, seen_of
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.desk import showing
from orchestration_assets.desk.filtering import chosen_filters
from orchestration_assets.desk.pattern_panel import Asked, pattern_panel
from orchestration_assets.desk.visit import Visit

_SIZE = 20
_EXPORTED = 10_000
_PATTERNS = 100
_MODES = ("Patterns", "Records")
_WIDTHS = [5, 1, 1, 1, 1]


def queue_page(visit: Visit) -> None:
    """The queue."""
    views, filters = chosen_filters(visit)
    st.title("Queue")
    mode = st.segmented_control(
        "Show", _MODES, default=_MODES[0], required=True, key="show", bind="query-params"
    )
    if mode == "Patterns":
        _pattern_list(visit, views, filters)
    else:
        _record_list(visit, views, filters)
    _export(visit, views, filters)


def _pattern_list(visit: Visit, views: list[FeedView], filters: Filters) -> None:
    seen = seen_of(views)  # before they are read: what is decided in between was not seen
    found = patterns(views, filters, sees_personal=visit.sees_personal, limit=_PATTERNS)
    if found.is_empty():
        st.text("Nothing waits.")
    else:
        showing.text(
            f"{found.height:,} patterns, {found['cells'].sum():,} cells, those that matter most first"
        )
    chosen = st.query_params.get("pattern")
    for row in found.iter_rows(named=True):
        _pattern_row(row)
        if row["pattern"] == chosen:
            pattern_panel(visit, Asked(visit.views[row["feed"]], row, filters, seen[row["feed"]]))


def _pattern_row(row: dict[str, Any]) -> None:
    with st.container(border=True, key=f"row_{row['pattern']}"):
        title, cells, value, oldest, look = st.columns(_WIDTHS, vertical_alignment="center")
        with title:
            showing.texts(row["title"], *row["samples"][:2])
        with cells:
            showing.text(showing.counted(row["cells"], "cell"))
        with value:
            showing.text(f"{row['value']:,.0f} at stake")
        with oldest:
            showing.text(showing.at(row["oldest"]))
        look.button(
            "Decide", key=f"look_{row['pattern']}", on_click=_look_at, args=(row["pattern"],), width="stretch"
        )


def _look_at(pattern: str) -> None:
    if st.query_params.get("pattern") == pattern:
        st.query_params.pop("pattern")
    else:
        st.query_params["pattern"] = pattern


def _record_list(visit: Visit, views: list[FeedView], filters: Filters) -> None:
    number = int(st.session_state.get("page_number", 0))
    page = records_page(views, filters, number=number, size=_SIZE, sees_personal=visit.sees_personal)
    showing.text(
        f"{showing.counted(page.total, 'record')}, those that matter most first"
        if page.total
        else "Nothing waits."
    )
    for row in page.rows.iter_rows(named=True):
        _record_row(row)
    last = max(0, (page.total - 1) // _SIZE)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Before", disabled=number == 0, on_click=_turn, args=(max(0, number - 1),))
        showing.text(f"page {number + 1} of {last + 1}")
        st.button("Next", disabled=number >= last, on_click=_turn, args=(number + 1,))


def _record_row(row: dict[str, Any]) -> None:
    with st.container(border=True):
        about, held, value, age, look = st.columns(_WIDTHS, vertical_alignment="center")
        with about:
            showing.text(f"{row['key'] or row['record_id']}: {row['wrong']}", limit=400)
        with held:
            showing.text(row["table"])
        with value:
            showing.text(f"{row['value']:,.0f} at stake")
        with age:
            showing.text(showing.ago(row["age_hours"]))
        if look.button("Look", key=f"look_{row['feed']}_{row['record_id']}", width="stretch"):
            open_record(row["feed"], row["record_id"])


def open_record(feed: str, record_id: str) -> None:
    """Go to the page of one record."""
    st.switch_page(
        st.session_state["breakwater_pages"]["record"], query_params={"of": feed, "record": record_id}
    )


def _turn(number: int) -> None:
    st.session_state["page_number"] = number


def _export(visit: Visit, views: list[FeedView], filters: Filters) -> None:
    """The queue as it is filtered, for a spreadsheet; made only when it is asked for."""

    def made() -> bytes:
        return as_csv(cells_page(views, filters, size=_EXPORTED, sees_personal=visit.sees_personal).rows)

    st.download_button(
        "Export as CSV", made, file_name="queue.csv", mime="text/csv", on_click="ignore", type="tertiary"
    )
