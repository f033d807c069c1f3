"""One person's visit to the desk: what every page needs, and what it says at its top about the last decision."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import streamlit as st

from orchestration_assets.decisions.ledger import Decision, Refused
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.desk import showing
from orchestration_assets.desk.access import Person
from orchestration_assets.desk.current import HANDLE_HEADER, Desk
from orchestration_assets.desk.deciding import Outcome, carried_out, knowingly
from orchestration_assets.errors import BreakwaterError

_OUTCOME, _NAMES = "breakwater_outcome", {"accept": "accepted", "correct": "corrected", "reject": "rejected"}
_VIEW_SECONDS = 60


@dataclass(frozen=True)
class Visit:
    """Who is here, and the feeds that they look at, by name."""

    desk: Desk
    person: Person
    views: dict[str, FeedView]

    @property
    def sees_personal(self) -> bool:
        """Whether personal values are shown."""
        return self.person.may_see_personal

    def still_may_decide(self) -> bool:
        """Whether the person may decide at this very moment: a page may have been open for long."""
        person = self.desk.person(handle())
        return person is not None and person.name == self.person.name and person.may_decide

    def decide(self, feed: str, decisions: list[Decision], then: Callable[[], None] | None = None) -> None:
        """Write what the person decided, and remember what came of it for the top of the page."""
        if not self.still_may_decide():
            _remember(feed, Outcome(0), "You may not decide (any more): nothing was written.")
            return
        try:
            outcome = carried_out(self.views[feed], decisions)
        except BreakwaterError as error:
            _remember(feed, Outcome(0), str(error))
            return
        _remember(feed, outcome, "")
        if not outcome.refused and then is not None:
            then()


def handle() -> str | None:
    """The session that the door named for this page."""
    return st.context.headers.get(HANDLE_HEADER)


@st.cache_resource(ttl=_VIEW_SECONDS, show_spinner=False)
def views(_desk: Desk) -> dict[str, FeedView]:
    """The feeds that can be looked at; what is declared anew is there a minute later."""
    from orchestration_assets.viewing import views_of

    return views_of(_desk.settings)


def tell_outcome(visit: Visit) -> None:
    """What came of the last decision; a decision of somebody else stands until it is replaced knowingly."""
    told = cast("dict[str, Any] | None", st.session_state.get(_OUTCOME))
    if told is None:
        return
    outcome: Outcome = told["outcome"]
    if told["trouble"]:
        st.error("This did not work.")
        showing.text(told["trouble"])
    elif outcome.written:
        st.success(f"{outcome.written:,} decided. The partition is brought up to date within a minute.")
    if outcome.refused:
        _tell_refused(visit, told["feed"], outcome.refused)
    else:
        del st.session_state[_OUTCOME]


def _tell_refused(visit: Visit, feed: str, refused: tuple[Refused, ...]) -> None:
    st.warning(f"{len(refused):,} not decided.")
    for one in refused[:5]:
        showing.text(f"{_about(one.decision)}: {one.reason}")
        if one.last is not None and one.last["why"]:
            showing.text(f"Their reason: {one.last['why']}")
    again = [decision for one in refused if (decision := knowingly(one)) is not None]
    with st.container(horizontal=True):
        if again:
            st.button("Replace it by mine", key="replace_refused", on_click=visit.decide, args=(feed, again))
        st.button("Leave it as it is", key="keep_refused", on_click=_forget)


def _about(decision: Decision) -> str:
    record = f"{decision.source}:{decision.partition}:{decision.delivery}:{decision.row}"
    return f"{record}, {decision.field}" if decision.field else record


def _remember(feed: str, outcome: Outcome, trouble: str) -> None:
    st.session_state[_OUTCOME] = {"feed": feed, "outcome": outcome, "trouble": trouble}


def _forget() -> None:
    st.session_state.pop(_OUTCOME, None)
