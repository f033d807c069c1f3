"""How the desk's pages show what came from data: as text, never as markup.

Streamlit reads labels, messages and captions as Markdown: those are words of ours only. What comes from data goes into
`st.text`, `st.code`, tables on a canvas, and the lists of select boxes, which do not.
"""

from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from orchestration_assets.decisions.shown import shown

LONG = 2000
_MOST_ROWS = 500


def text(value: Any, limit: int = LONG) -> None:
    """`value` as plain text."""
    st.text(shown(value, limit))


def texts(*values: Any, limit: int = LONG) -> None:
    """Each value as plain text, on lines of their own, close together."""
    if told := [shown(value, limit) for value in values if value]:
        st.text("\n".join(told))


def counted(count: int, what: str) -> str:
    """`1 cell`, `412 cells`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def value_box(value: Any, nothing: str = "nothing") -> None:
    """A cell's value in letters of one width, blanks at its ends visible; `nothing` stands for a null."""
    if value is None:
        st.text(nothing)
        return
    st.code(framed(value), language=None, wrap_lines=True)


def lines(told: str) -> str:
    """Words of several lines, each as plain text."""
    return "\n".join(shown(line, LONG) for line in told.splitlines())


def framed(value: Any, limit: int = LONG) -> str:
    """`value` as text; in quotes where else nobody would see where it begins or ends."""
    told = shown(value, limit)
    return f'"{told}"' if told != told.strip() or not told else told


def table(
    rows: pl.DataFrame, key: str, *, nothing: str = "none", names: dict[str, str] | None = None
) -> None:
    """`rows` as a table of texts and numbers."""
    if rows.is_empty():
        st.text(nothing)
        return
    plain = plainly(rows.head(_MOST_ROWS)).rename(names or {}, strict=False)
    st.dataframe(plain.to_arrow(), hide_index=True, width="stretch", key=key)
    if rows.height > _MOST_ROWS:
        st.text(f"and {rows.height - _MOST_ROWS:,} more")


def plainly(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with texts, lists and structs as plain text, numbers and times as they are."""
    return rows.with_columns(
        pl.Series(name, [None if v is None else _told(v) for v in rows[name].to_list()], dtype=pl.String)
        for name, dtype in rows.schema.items()
        if not (dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Boolean)
    )


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(shown(v) for v in value)
    return shown(value)


def ago(hours: float | None) -> str:
    """How long something waits, as a person says it."""
    if hours is None:
        return ""
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"


def at(moment: datetime | None) -> str:
    """A moment, in UTC."""
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


def share(value: float | None) -> str:
    """A share as per cent."""
    return "never measured" if value is None else f"{value:.1%}"
