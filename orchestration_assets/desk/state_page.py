"""The state of things: the flow of records, resilience over time, sources, how much runs by itself, what waits, methods."""

import polars as pl
import streamlit as st

from orchestration_assets.decisions import state
from orchestration_assets.decisions.health import source_health
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.desk import showing
from orchestration_assets.desk.visit import Visit
from orchestration_assets.lake import PARTITION

_EVERY = "every partition"
_GOOD, _HELD, _PLAIN = "#0f766e", "#b45309", "#475569"
_COLOURS = {"trusted": _GOOD, "review": _HELD, "quarantine": _HELD}


def state_page(visit: Visit) -> None:
    """The state of one feed."""
    st.title("State")
    feed = st.selectbox("Feed", sorted(visit.views), key="shown_feed", bind="query-params")
    if feed is None:
        st.text("No feed is declared that could be looked at.")
        return
    view = visit.views[feed]
    _flow(view)
    _over_time(view)
    _tables(view)


def _flow(view: FeedView) -> None:
    st.subheader("The flow of records")
    partitions = view.lake.partitions(view.table("metrics"))
    chosen = st.selectbox(
        "Partition", [_EVERY, *reversed(partitions)], key="shown_partition", bind="query-params"
    )
    found = state.flow(view, None if chosen == _EVERY else chosen)
    if found.nodes.is_empty():
        st.text("Nothing has run yet.")
        return
    st.graphviz_chart(
        as_dot(found), width="stretch", alt="The flow of records from the sources to their verdicts"
    )
    showing.table(found.links, "links")


def as_dot(found: state.Flow) -> str:
    """The flow as a picture from left to right; the width of a line tells how many records go that way."""
    names = {name: f"n{i}" for i, name in enumerate(found.nodes["node"])}
    most = max(1, found.nodes["records"].max() or 1)
    nodes = [
        f'{names[node]} [label="{_quoted(node)}\\n{records:,}" color="{_COLOURS.get(node, _PLAIN)}"]'
        for node, records in found.nodes.select("node", "records").iter_rows()
    ]
    links = [
        f'{names[start]} -> {names[end]} [label="{records:,}" penwidth={1 + 7 * records / most:.1f}]'
        for start, end, records in found.links.select("source", "target", "records").iter_rows()
        if start in names and end in names
    ]
    head = 'rankdir=LR node [shape=box style="rounded" fontname="sans-serif"] edge [color="#94a3b8" fontname="sans-serif"]'
    return f"digraph {{ {head} {'; '.join([*nodes, *links])} }}"


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')


def _over_time(view: FeedView) -> None:
    resilience, by_itself = state.resilience(view), state.by_itself(view)
    left, right = st.columns(2)
    with left:
        st.subheader("Resilience over time")
        _lines(resilience, ["trusted_share", "repaired_share", "held_share"])
    with right:
        st.subheader("What runs by itself")
        _lines(by_itself, ["share_by_itself", "overruled_share"])


def _lines(rows: pl.DataFrame, columns: list[str]) -> None:
    if rows.is_empty():
        st.text("Nothing is known yet.")
        return
    told = rows.select(pl.col(PARTITION).alias("partition"), *columns)
    st.line_chart(told.to_pandas(), x="partition", y=columns, y_label="share")
    with st.expander("As numbers"):
        showing.table(rows, f"numbers_{columns[0]}")


def _tables(view: FeedView) -> None:
    for title, rows, nothing in (
        ("Sources and their health", source_health(view), "No source has delivered yet."),
        ("What waits, and how long", state.waits(view), "Nothing waits."),
        ("Methods with their record", state.methods(view), "No method has proposed anything yet."),
    ):
        st.subheader(title)
        showing.table(rows, title, nothing=nothing)
