"""What of the queue is looked at: the filters, kept in the page's address, so that a link leads to the same place."""

import polars as pl
import streamlit as st

from orchestration_assets.decisions.queue import Filters, facets
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.desk.visit import Visit

STATES = ("open", "left", "decided", "kept_out")
_KEPT = "breakwater_filters"
EVERY = "every feed"


def chosen_filters(visit: Visit) -> tuple[list[FeedView], Filters]:
    """The feeds and filters that the person chose, beside the page; other pages take them from `kept_filters`."""
    with st.sidebar:
        feed = st.selectbox("Feed", [EVERY, *sorted(visit.views)], key="feed", bind="query-params")
        views = _of(visit, feed)
        counted = facets(views, sees_personal=visit.sees_personal)
        partitions = _choice("partition", "Partition", counted)
        sources = _choice("source", "Source", counted)
        kinds = _choice("kind", "Kind", counted)
        fields = _choice("field", "Field", counted)
        tables = _choice("table", "Held in", counted)
        states = st.multiselect("State", STATES, default=["open", "left"], key="state", bind="query-params")
        age = st.number_input("Hours old, at least", min_value=0.0, value=0.0, key="age", bind="query-params")
        text = st.text_input(
            "Search", key="search", bind="query-params", placeholder="key, value or record id"
        )
    filters = Filters(
        partitions=partitions,
        sources=sources,
        kinds=kinds,
        fields=fields,
        tables=tables,
        states=tuple(states),
        min_age_hours=age or None,
        text=text or "",
        person=visit.person.name,
    )
    st.session_state[_KEPT] = (feed, filters)
    return views, filters


def kept_filters(visit: Visit) -> tuple[list[FeedView], Filters]:
    """What the person chose last, on whichever page."""
    feed, filters = st.session_state.get(_KEPT, (EVERY, Filters(person=visit.person.name)))
    return _of(visit, feed), filters


def _of(visit: Visit, feed: str | None) -> list[FeedView]:
    return [visit.views[feed]] if feed in visit.views else list(visit.views.values())


def _choice(name: str, label: str, counted: dict[str, pl.DataFrame]) -> tuple[str, ...]:
    """A list to choose from, the most frequent first; what stands in the address is kept though nothing waits there."""
    found = counted[name]["value"].drop_nulls().to_list()
    options = list(dict.fromkeys([*found, *st.query_params.get_all(name)]))
    return tuple(st.multiselect(label, options, key=name, bind="query-params"))
