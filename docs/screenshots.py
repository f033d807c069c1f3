"""Takes the documentation's pictures of Dagster's pages and of the desk: simulated payments, photographed in Chromium.

`make screenshots` writes docs/images/*.png. Look at each before it is committed: a stranger must be able to read it.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sources.simulation import DamageRates, simulate
from tests.browser import desk_ui, ui

IMAGES = ui.PROJECT / "docs" / "images"
DAYS = 10
RECORDS = 2000
BAD_DAY = 0.45  # share of damaged records of the last day: something to see in the plots and the checks
FEED = "payments"


def graph(page: Any, dagster: ui.Dagster, _day: str) -> None:
    """The feed's assets from left to right, all groups expanded."""
    ui.open_graph(page, dagster, FEED)
    # The button that closes the list beside the graph has no name of its own.
    page.get_by_role("img", name="panel_show_right").last.click()
    page.wait_for_timeout(1000)
    empty = {"x": page.viewport_size["width"] - 150, "y": page.viewport_size["height"] - 60}
    page.mouse.dblclick(empty["x"] - 300, empty["y"])  # fits the graph into the width
    page.wait_for_timeout(1500)
    _drag(page, (empty["x"] - 300, empty["y"]), (empty["x"] - 300, empty["y"] + 140))
    page.mouse.move(empty["x"] - 300, empty["y"])
    page.wait_for_timeout(8000)  # the states of the assets come one by one


def checks(page: Any, dagster: ui.Dagster, _day: str) -> None:
    ui.open_asset(page, dagster, f"{FEED}/settled", "checks")
    ui.open_check(page, "held_share")


def run(page: Any, dagster: ui.Dagster, _day: str) -> None:
    """The timeline of a run in its upper half, how long each step took below. The fastest run: a machine that stalls is no news."""
    fastest = min(dagster.runs(FEED), key=lambda found: found["endTime"] - found["startTime"])
    ui.open_run(page, dagster, fastest["id"])
    page.get_by_placeholder("Filter").last.fill("Finished execution of step")
    width = page.viewport_size["width"]
    below = page.get_by_text("stdout").bounding_box()["y"] - 15
    _drag(page, (width / 2, below), (width / 2, below + 150))
    beside = page.get_by_text("Preparing").bounding_box()
    _drag(page, (beside["x"] - 25, beside["y"] + 100), (width - 250, beside["y"] + 100))
    slider = page.get_by_role("slider").first.bounding_box()
    middle = slider["y"] + slider["height"] / 2
    _drag(page, (slider["x"] + slider["width"] / 2, middle), (slider["x"] + slider["width"] / 2 + 10, middle))


def metrics(page: Any, dagster: ui.Dagster, _day: str) -> None:
    ui.open_asset(page, dagster, f"{FEED}/metrics", "overview")
    for section in ("Status", "Description"):
        page.get_by_text(section, exact=True).first.click()
    page.get_by_text("Plots", exact=True).first.click()
    page.get_by_text("held_share", exact=True).first.wait_for()


def repairs(page: Any, dagster: ui.Dagster, day: str) -> None:
    """The sample of repairs; personal values are masked by the asset itself."""
    ui.open_asset(page, dagster, f"{FEED}/repairs", "events")
    page.get_by_text(day, exact=True).first.click()
    page.get_by_text("evidence", exact=True).first.wait_for()


def desk(page: Any, running: desk_ui.Desk) -> None:
    """The record that matters most."""
    desk_ui.sign_in(page, f"{running.url}/record", "first")
    page.get_by_role("button", name="Accept").first.wait_for()
    desk_ui.idle(page)


def desk_queue(page: Any, running: desk_ui.Desk) -> None:
    """The largest pattern, and what accepting its proposals would do."""
    desk_ui.sign_in(page, running.url, "first")
    page.get_by_role("button", name="Decide").first.click()
    panel = page.locator("[class*=st-key-panel_]")
    panel.get_by_text("Accept", exact=True).click()
    panel.get_by_role("button", name="Decide for").wait_for()
    desk_ui.idle(page)


def desk_state(page: Any, running: desk_ui.Desk) -> None:
    desk_ui.sign_in(page, f"{running.url}/state?shown_feed={FEED}", "first")
    page.get_by_text("Methods with their record").wait_for()
    page.wait_for_timeout(5000)  # the charts draw themselves


AT_DESK: dict[str, tuple[Callable[[Any, desk_ui.Desk], None], int, int]] = {
    "desk": (desk, 1400, 1000),
    "desk_queue": (desk_queue, 1400, 1000),
    "desk_state": (desk_state, 1400, 1350),
}
PICTURES: dict[str, tuple[Callable[[Any, ui.Dagster, str], None], int, int]] = {
    "graph": (graph, 1360, 1220),
    "checks": (checks, 1400, 900),
    "run": (run, 1400, 900),
    "metrics": (metrics, 1400, 1150),
    "repairs": (repairs, 1600, 1000),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which (default: all): {', '.join((*PICTURES, *AT_DESK))}"
    )
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder (default: docs/images)")
    parser.add_argument(
        "--place", type=Path, help="folder of the lake; one that is there already is photographed as it is"
    )
    options = parser.parse_args()
    if unknown := sorted(set(options.names) - {*PICTURES, *AT_DESK}):
        parser.error(f"there is no picture {', '.join(unknown)}")
    if reason := ui.lacking():
        raise SystemExit(reason)
    with tempfile.TemporaryDirectory(prefix="breakwater-screenshots-") as folder:
        take(
            options.names or [*PICTURES, *AT_DESK],
            options.out,
            options.place or Path(folder) / "place",
            Path(folder),
        )


def take(names: list[str], out: Path, folder: Path, profiles: Path) -> None:
    """Write the pictures `names` into `out`."""
    days = ui.last_days(DAYS)
    place = ui.Place(folder, feeds=folder / "feeds")
    if not place.lake.exists():
        fill(place, days)
    out.mkdir(parents=True, exist_ok=True)
    if of_dagster := [name for name in names if name in PICTURES]:
        with ui.dagster_dev(place) as dagster:
            for name in of_dagster:
                show, width, height = PICTURES[name]
                with taken(out / f"{name}.png", profiles / name, width, height) as page:
                    ui.hide_navigation(page, dagster)
                    show(page, dagster, days[-1])
    if at_desk := [name for name in names if name in AT_DESK]:
        with desk_ui.desk(place) as running:
            for name in at_desk:
                show_desk, width, height = AT_DESK[name]
                with taken(out / f"{name}.png", profiles / name, width, height) as page:
                    show_desk(page, running)


@contextmanager
def taken(file: Path, profile: Path, width: int, height: int) -> Iterator[Any]:
    """A page, of which a picture is taken at the end."""
    with ui.browser(profile, width=width, height=height) as page:
        yield page
        page.wait_for_timeout(1500)  # the UI's animations
        page.screenshot(path=file)
    print(f"{file}, {file.stat().st_size / 1000:.0f} KB", flush=True)


def fill(place: ui.Place, days: list[str]) -> None:
    """Deliver and run `days`, the last one badly damaged.

    The feed begins with them, so that plots have no empty past, and may be as late as they are: all of them come today.
    """
    shutil.copytree(ui.PROJECT / "orchestration_assets" / "feeds", place.feeds)
    declared = place.feeds / f"{FEED}.yaml"
    text = re.sub(r"start: [0-9-]+", f"start: {days[0]}", declared.read_text())
    declared.write_text(re.sub(r"freshness_hours: [0-9]+", f"freshness_hours: {24 * DAYS + 24}", text))
    simulate(place.outside, days[:-1], records=RECORDS)
    simulate(place.outside, days[-1:], records=RECORDS, rates=replace(DamageRates(), share=BAD_DAY))
    place.prepare()
    partitions = [word for day in days for word in ("--partition", day)]
    command = [sys.executable, "-m", "orchestration_assets.cli", "run", FEED, *partitions]
    subprocess.run(command, env=place.environment(), cwd=ui.PROJECT, check=True)


def _drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=8)
    page.mouse.up()
    page.wait_for_timeout(500)


if __name__ == "__main__":
    main()
