"""The real UI: a `dagster dev` of its own, headless Chromium, and the clicks that the test and the pictures share.

Waits are for a text or a state, never for an idle network: the UI polls for ever.
"""

import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import quote

PROJECT = Path(__file__).resolve().parents[2]
REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "breakwater"}
GROUPS = ("1_land", "2_triage", "3_repair", "4_settle", "5_publish", "6_hold", "7_audit")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_SECONDS = 180  # 20 to 30 on an idle machine
RUN_SECONDS = 120  # 10 of them until it starts
STOP_SECONDS = 20
_FINAL = {"SUCCESS", "FAILURE", "CANCELED"}


def chromium() -> str | None:
    """Where a Chromium is, or None."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), None)


def lacking() -> str | None:
    """What is missing for these tests and how to get it, or None."""
    if importlib.util.find_spec("playwright") is None:
        return "playwright is not installed: `make setup`"
    if chromium() is None:
        return "there is no chromium: `apt-get install chromium` (Debian, Ubuntu), or put one on the PATH"
    return None


def last_days(count: int) -> list[str]:
    """The last `count` days that are over, the earliest first."""
    today = datetime.now(UTC).date()
    return [(today - timedelta(days=n)).isoformat() for n in range(count, 0, -1)]


@dataclass(frozen=True)
class Place:
    """A lake, an outside world and a Dagster instance of their own, below one folder."""

    folder: Path
    feeds: Path = PROJECT / "orchestration_assets" / "feeds"

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    @property
    def outside(self) -> Path:
        return self.folder / "outside"

    def environment(self) -> dict[str, str]:
        """That of every process that works here; nothing of the surroundings' own Breakwater or Dagster gets in."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("BREAKWATER_", "DAGSTER_"))}
        return kept | {
            "BREAKWATER_LAKE": str(self.lake),
            "BREAKWATER_OUTSIDE": str(self.outside),
            "BREAKWATER_DATA_DOCS": str(self.folder / "data_docs"),
            "BREAKWATER_FEEDS": str(self.feeds),
            "DAGSTER_HOME": str(self.folder / "dagster"),
            "PYTHONPATH": str(PROJECT),
            "TZ": "UTC",
        }

    def prepare(self) -> None:
        """The instance's folder, with the project's settings in force."""
        home = self.folder / "dagster"
        home.mkdir(parents=True, exist_ok=True)
        # One run at a time: on a busy machine two of them, the daemon and the pages get in each other's way on SQLite.
        settings = (PROJECT / "dagster.yaml").read_text(encoding="utf-8")
        alone = settings.replace("max_concurrent_runs: 2", "max_concurrent_runs: 1")
        (home / "dagster.yaml").write_text(alone, encoding="utf-8")


@dataclass(frozen=True)
class Dagster:
    """A running UI."""

    url: str
    place: Place

    def ask(self, query: str, **variables: Any) -> Any:
        """The `data` of a GraphQL answer."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            told = json.load(answer)
        assert "errors" not in told, told["errors"]
        return told["data"]

    def runs(self, job: str) -> list[dict[str, Any]]:
        """The runs of a job, newest first: `id`, `status`, `startTime`, `endTime`, and `tags` by name."""
        query = """query($job: String!) {runsOrError(filter: {pipelineName: $job}) {... on Runs {
            results {id status startTime endTime tags {key value}}}}}"""
        found = self.ask(query, job=job)["runsOrError"]["results"]
        return [{**run, "tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in found]

    def finished(self, job: str) -> dict[str, str]:
        """The status of each partition's newest run of the job, of those that are over."""
        runs = [run for run in reversed(self.runs(job)) if run["status"] in _FINAL]
        return {run["tags"]["dagster/partition"]: run["status"] for run in runs}

    def judged(self, asset: str, check: str) -> dict[str, dict[str, Any]]:
        """The newest result of a check on each partition: `success`, `description`, and `metadata`, its links only."""
        query = """query($key: AssetKeyInput!, $check: String!) {assetCheckExecutions(assetKey: $key, checkName: $check, limit: 50) {
            evaluation {partition success description metadataEntries {label ... on UrlMetadataEntry {url}}}}}"""
        found = self.ask(query, key={"path": asset.split("/")}, check=check)["assetCheckExecutions"]
        results = [execution["evaluation"] for execution in reversed(found) if execution["evaluation"]]
        links = [{e["label"]: e.get("url") for e in result.pop("metadataEntries")} for result in results]
        return {
            result["partition"]: {**result, "metadata": link}
            for result, link in zip(results, links, strict=True)
        }


@contextmanager
def dagster_dev(place: Place) -> Iterator[Dagster]:
    """`dagster dev` on a free loopback port, its location loaded; at the end no process of it is left."""
    place.prepare()
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "-w",
        "workspace.yaml",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    log = place.folder / "dagster_dev.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            # Started by a shell's `&`, it would inherit that SIGINT is ignored.
            ["env", "--default-signal=INT", *command],
            cwd=PROJECT,
            env=place.environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            dagster = Dagster(f"http://127.0.0.1:{port}", place)
            until(
                lambda: _is_loaded(dagster, process, log),
                seconds=START_SECONDS,
                what=f"the code location ({log})",
            )
            yield dagster
        finally:
            _stop(process)


def until(is_so: Callable[[], Any], *, seconds: float, what: str, every: float = 0.5) -> Any:
    """What `is_so` returns as soon as that is true."""
    end = time.monotonic() + seconds
    while not (found := is_so()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(every)
    return found


@contextmanager
def browser(folder: Path, *, width: int = 1400, height: int = 900) -> Iterator[Any]:
    """A page of a headless Chromium with a profile of its own in `folder`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder,
            executable_path=chromium(),
            headless=True,
            args=list(FLAGS),
            viewport={"width": width, "height": height},
            locale="en-GB",
            timezone_id="UTC",
        )
        try:
            page = context.pages[0]
            page.set_default_timeout(30_000)
            yield page
        finally:
            context.close()


# --- pages ---------------------------------------------------------------------------------------------------------


def hide_navigation(page: Any, dagster: Dagster) -> None:
    """Make room: the bar at the left shows icons only, for as long as this profile lives."""
    page.goto(f"{dagster.url}/runs")
    page.get_by_text("Hide navigation").click()


def open_graph(page: Any, dagster: Dagster, feed: str) -> None:
    """The asset graph of one feed, all groups expanded."""
    selection = quote(f'tag:"breakwater/feed"="{feed}"', safe="")
    expanded = quote(",".join(f"global@global:{feed}_{group}" for group in GROUPS), safe="")
    page.goto(f"{dagster.url}/asset-groups~{selection}/?expanded={expanded}")
    page.get_by_text("quarantine", exact=True).first.wait_for()


def open_asset(page: Any, dagster: Dagster, asset: str, view: str, **more: str) -> None:
    """One asset's page: its view `overview`, `events`, `checks` or `partitions`."""
    parameters = "&".join(f"{k}={quote(v)}" for k, v in {"view": view, **more}.items())
    page.goto(f"{dagster.url}/assets/{asset}?{parameters}")
    page.get_by_role("tab", name=view.capitalize()).wait_for()


def open_run(page: Any, dagster: Dagster, run: str) -> None:
    page.goto(f"{dagster.url}/runs/{run}")
    page.get_by_text("RUN_SUCCESS").first.wait_for()


def launch(page: Any, dagster: Dagster, job: str, partition: str) -> str:
    """Clicks: jobs, this one, materialize, this partition, launch. Returns the run's id."""
    page.goto(f"{dagster.url}/jobs")
    page.get_by_text(job, exact=True).first.click()
    page.get_by_role("button", name="Materialize all").click()
    dialog = page.get_by_role("dialog")
    field = dialog.get_by_role("textbox").first
    field.fill(partition)
    field.press("Enter")
    dialog.get_by_text("1 partition", exact=True).wait_for()
    dialog.get_by_role("button", name="Launch 1 run").click()
    told = page.get_by_text(re.compile(r"Launched run\s*[0-9a-f]{8}")).first.inner_text()
    start = re.search(r"[0-9a-f]{8}", told)[0]
    run = next(run["id"] for run in dagster.runs(job) if run["id"].startswith(start))
    page.goto(f"{dagster.url}/runs/{run}")
    return run


def has_succeeded(page: Any) -> bool:
    """Whether the run that the page shows succeeded: waits until the page says how it ended."""
    ended = page.get_by_text(re.compile("^(Success|Failure|Canceled)$")).first
    ended.wait_for(timeout=RUN_SECONDS * 1000)
    return ended.inner_text() == "Success"


def shown_checks(page: Any, names: list[str]) -> dict[str, str]:
    """The state that the page of an asset's checks shows of each, such as `Succeeded`."""
    state = re.compile("Succeeded|Failed|Not evaluated")
    shown = {}
    for name in names:
        entry = (
            page.locator("div").filter(has=page.get_by_title(name, exact=True)).filter(has_text=state).last
        )
        entry.wait_for()
        shown[name] = state.search(entry.inner_text())[0]
    return shown


def open_check(page: Any, name: str) -> str:
    """Click on one of an asset's checks; returns what the page says was expected and found."""
    page.get_by_title(name, exact=True).click()
    page.get_by_text("Latest execution").wait_for()
    told = page.get_by_text(re.compile(r"^Expected .* Found .*\.$")).first
    told.wait_for()
    return told.inner_text()


# --- processes -----------------------------------------------------------------------------------------------------


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _is_loaded(dagster: Dagster, process: subprocess.Popen, log: Path) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"dagster dev ended with {process.returncode}:\n{log.read_text()[-2000:]}")
    query = "{workspaceOrError {... on Workspace {locationEntries {name locationOrLoadError {__typename ... on PythonError {message}}}}}}"
    try:
        entries = dagster.ask(query)["workspaceOrError"]["locationEntries"]
    except (URLError, OSError):
        return False
    failed = [e for e in entries if (e["locationOrLoadError"] or {}).get("__typename") == "PythonError"]
    assert not failed, failed
    return bool(entries) and all(e["locationOrLoadError"] for e in entries)


def _stop(process: subprocess.Popen) -> None:
    """SIGINT, as Ctrl-C would; what has not ended by then is killed. Its group holds the web server, the daemon and all runs."""
    for number in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            until(lambda: not _is_alive(process), seconds=STOP_SECONDS, what="dagster dev to end", every=0.1)
        except TimeoutError:
            continue
        except ProcessLookupError:
            pass
        break
    process.wait(STOP_SECONDS)


def _is_alive(process: subprocess.Popen) -> bool:
    process.poll()  # else a zombie keeps the group alive
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True
