"""One real UI for all tests of this folder, and a browser page for each."""

from collections.abc import Iterator
from typing import Any

import pytest

from sources.simulation import simulate
from tests.browser import ui

RECORDS = 400


@pytest.fixture(scope="session")
def days() -> list[str]:
    """The last three days that are over."""
    return ui.last_days(3)


@pytest.fixture(scope="session")
def dagster(tmp_path_factory: pytest.TempPathFactory, days: list[str]) -> Iterator[ui.Dagster]:
    if reason := ui.lacking():
        pytest.skip(reason)
    place = ui.Place(tmp_path_factory.mktemp("browser"))
    simulate(place.outside, days, records=RECORDS)
    with ui.dagster_dev(place) as running:
        yield running


@pytest.fixture
def page(dagster: ui.Dagster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with ui.browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened
