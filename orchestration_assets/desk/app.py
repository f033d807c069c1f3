"""What Streamlit runs for each step of each visitor: who is here, and which page they are on."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from orchestration_assets.desk import showing
from orchestration_assets.desk.access import Open, Person
from orchestration_assets.desk.current import Desk, current
from orchestration_assets.desk.queue_page import queue_page
from orchestration_assets.desk.record_page import record_page
from orchestration_assets.desk.state_page import state_page
from orchestration_assets.desk.visit import Visit, handle, tell_outcome, views
from orchestration_assets.errors import BreakwaterError

PAGES = {"queue": ("Queue", queue_page), "record": ("Record", record_page), "state": ("State", state_page)}


def main() -> None:
    """One step of one visitor."""
    st.set_page_config(page_title="Breakwater: the desk", layout="wide")
    desk = current()
    person = desk.person(handle())
    if person is None:
        st.error("You are signed out: load this page again.")
        st.stop()
    visit = Visit(desk, person, views(desk))
    pages = {
        name: st.Page(partial(_shown, visit, page), title=title, url_path=name, default=name == "queue")
        for name, (title, page) in PAGES.items()
    }
    st.session_state["breakwater_pages"] = pages
    chosen = st.navigation(list(pages.values()))
    _sidebar(desk, person)
    chosen.run()


def _shown(visit: Visit, page: Callable[[Visit], None]) -> None:
    """A page; what the person can mend is told in words."""
    tell_outcome(visit)
    try:
        page(visit)
    except BreakwaterError as error:
        st.error("This cannot be shown.")
        showing.text(error)


def _sidebar(desk: Desk, person: Person) -> None:
    role = "may decide" if person.may_decide else "may look"
    with st.sidebar:
        showing.text(f"{person.name}: {role}{'' if person.may_see_personal else ', personal fields masked'}")
        st.link_button("Dagster's pages", desk.settings.dagster_url, type="tertiary")
        if not isinstance(desk.access.sign_in, Open):
            st.link_button("Sign out", "/sign-out", type="tertiary")


main()
