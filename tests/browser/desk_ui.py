"""A real desk: deliveries written by hand, run the whole way, `breakwater desk` with a password file, and what a person does there."""

import http.client
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from orchestration_assets.desk.passwords import set_password
from orchestration_assets.lake import Lake
from tests.browser import ui

FEED = "payments"
PASSWORD = "a password for tests"
PEOPLE = """sign_in: {kind: local}
people:
  first@example.org: {role: reviewer}
  second@example.org: {role: reviewer, personal: true}
  looker@example.org: {role: viewer}
"""
HEAD = "txn_ref;kunde;mail;haendler;geraet;betrag;waehrung;land;zeitpunkt;risiko"
GOOD = 60  # sound payments a day: enough to know how the source writes
WAIT_MS = 90_000  # a busy machine

HOSTILE = {
    "customer.ref": "<script>window.hacked=1</script>",
    "customer.email": '=HYPERLINK("http://192.0.2.1/","x")',
    "merchant": "<img src=x onerror='window.hacked=1'>",
    "device.id": "\u202eright to left\u202c \x1b[31m\x07",
    "amount.minor": "[link](javascript:window.hacked=1) **bold** :red[red] $x^2$",
    "amount.currency": "x" * 5000,
    "customer.country": "</textarea><svg onload=window.hacked=1>",
    "created": "+cmd|' /C calc'!A0",
    "device.risk": "\u0645\u0631\u062d\u0628\u0627 \u202b-1\u202c",
}


@dataclass(frozen=True)
class Desk:
    """A running desk over the lake of `place`."""

    url: str
    place: ui.Place

    @property
    def lake(self) -> Lake:
        return Lake(self.place.lake)

    def trusted(self, day: str) -> set[str]:
        """The keys of the trusted records of a day."""
        return set(self.lake.read(f"{FEED}/trusted", day)["payment_id"])

    def queue(self, day: str, **more: str) -> str:
        """The address of the queue of one day."""
        return f"{self.url}/?{urlencode({'feed': FEED, 'partition': day, **more})}"


def payment(number: int, day: str, *, risk: str = "0,25") -> str:
    """One line of gateway_a, sound but for what is said."""
    date = ".".join(reversed(day.split("-")))
    who = f"C{number % 7 + 1000000:07d};c{number % 7}@example.org;M{number % 5 + 10000:05d};D{number % 7 + 10000000:08d}"
    return f"P{number:010d};{who};{number % 90 + 10},50;EUR;DE;{date} 10:{number % 60:02d};{risk}"


def deliver_alike(place: ui.Place, day: str, first: int, alike: int) -> list[str]:
    """A day of sound payments, and `alike` whose risk has a point where the source writes a comma; returns their keys."""
    sound = [payment(first + i, day) for i in range(GOOD)]
    odd = [payment(first + GOOD + i, day, risk=f"0.{514 + i}") for i in range(alike)]
    path = place.outside / "gateway_a" / day / "payments.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(f"{line}\n" for line in (HEAD, *sound, *odd)).encode("cp1252"))
    return [line.partition(";")[0] for line in odd]


def deliver_hostile(place: ui.Place, day: str, first: int) -> None:
    """A day of sound payments of gateway_b, and one for each field that is hostile there, and one that is so everywhere."""
    rows = [_nested(first + i, day, {}) for i in range(GOOD)]
    rows += [_nested(first + GOOD + i, day, {name: text}) for i, (name, text) in enumerate(HOSTILE.items())]
    rows.append(_nested(first + GOOD + len(HOSTILE), day, HOSTILE))
    path = place.outside / "gateway_b" / day / "payments.ndjson"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def _nested(number: int, day: str, changed: dict[str, str]) -> dict[str, Any]:
    flat: dict[str, Any] = {
        "id": f"P{number:010d}",
        "customer.ref": f"C{number % 7 + 1000000:07d}",
        "customer.email": f"c{number % 7}@example.org",
        "merchant": f"M{number % 5 + 10000:05d}",
        "device.id": f"D{number % 7 + 10000000:08d}",
        "amount.minor": 1000 + number % 900,
        "amount.currency": "EUR",
        "customer.country": "DE",
        "created": f"{day}T10:{number % 60:02d}:00+00:00",
        "device.risk": 0.25,
    } | changed
    row: dict[str, Any] = {}
    for name, value in flat.items():
        outer, _, inner = name.partition(".")
        if inner:
            row.setdefault(outer, {})[inner] = value
        else:
            row[outer] = value
    return row


def run(place: ui.Place, *days: str) -> None:
    """`breakwater run` of these days; some sources did not deliver, so that it says 2."""
    partitions = [word for day in days for word in ("--partition", day)]
    command = [sys.executable, "-m", "orchestration_assets.cli", "run", FEED, *partitions]
    done = subprocess.run(
        command, env=place.environment(), cwd=ui.PROJECT, check=False, capture_output=True, text=True
    )
    assert done.returncode in (0, 2), done.stdout + done.stderr


@contextmanager
def desk(place: ui.Place) -> Iterator[Desk]:
    """`breakwater desk` on a free port of loopback, with three people who have passwords."""
    declared = place.folder / "desk.yaml"
    declared.write_text(PEOPLE, encoding="utf-8")
    for name in ("first", "second", "looker"):
        set_password(place.folder / "desk.passwords", f"{name}@example.org", PASSWORD)
    port = ui._free_port()
    url, log = f"http://127.0.0.1:{port}", place.folder / "desk.log"
    environment = place.environment() | {"BREAKWATER_DESK": str(declared), "BREAKWATER_DESK_URL": url}
    command = [sys.executable, "-m", "orchestration_assets.cli", "desk", "--port", str(port)]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ui.PROJECT, env=environment, stdout=out, stderr=out)
        try:
            ui.until(lambda: _answers(process, port, log), seconds=ui.START_SECONDS, what=f"the desk ({log})")
            yield Desk(url, place)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(ui.STOP_SECONDS)


def _answers(process: subprocess.Popen, port: int, log: Path) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the desk ended with {process.returncode}:\n{log.read_text()[-2000:]}")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def sign_in(page: Any, address: str, name: str) -> None:
    """Open a page of the desk that asks who it is, and answer."""
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    page.get_by_label("Name").fill(f"{name}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text(f"{name}@example.org: may").wait_for()


def open_pattern(page: Any, title: str) -> Any:
    """Click on `Decide` of the pattern with this title; returns its panel."""
    row = page.locator("[class*=st-key-row_]").filter(has_text=title)
    row.get_by_role("button", name="Decide").click()
    panel = page.locator("[class*=st-key-panel_]")
    panel.wait_for()
    return panel


def idle(page: Any) -> None:
    """Until the desk has answered the last click."""
    page.wait_for_timeout(200)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def wait_for_text(page: Any, pattern: str) -> str:
    """The text of what shows this, as soon as something does."""
    found = page.get_by_text(re.compile(pattern)).first
    found.wait_for()
    return found.inner_text()


@contextmanager
def visitors(count: int) -> Iterator[list[Any]]:
    """As many pages, each of a person of its own. What one asks of another host, or says in a dialog, is kept in `page.strays`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=ui.chromium(), headless=True, args=list(ui.FLAGS)
        )
        size = {"width": 1500, "height": 1100}
        try:
            yield [
                _watched(browser.new_context(viewport=size, locale="en-GB").new_page()) for _ in range(count)
            ]
        finally:
            browser.close()


def _watched(page: Any) -> Any:
    page.strays = []
    page.set_default_timeout(WAIT_MS)
    near = re.compile(r"^(http://127\.0\.0\.1:\d+/|ws://127\.0\.0\.1:\d+/|data:|blob:|about:)")
    page.on("request", lambda asked: near.match(asked.url) or page.strays.append(asked.url))
    page.on("dialog", lambda dialog: (page.strays.append(dialog.message), dialog.dismiss()))
    return page
