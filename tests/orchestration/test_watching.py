"""New declarations in the running pages: seen, asked for, and loaded, while a wrong one takes nothing away."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from orchestration_assets.cli import main
from orchestration_assets.commands.ui import _started
from orchestration_assets.watching import (
    NotYet,
    changed,
    is_declaration,
    reload,
    reload_when_it_answers,
    watch,
)
from tests.browser import ui

LOADED = {"__typename": "WorkspaceLocationEntry", "locationOrLoadError": {"__typename": "RepositoryLocation"}}
BROKEN = {
    "__typename": "WorkspaceLocationEntry",
    "locationOrLoadError": {"__typename": "PythonError", "message": "no\nat all"},
}
UNKNOWN = {"__typename": "RepositoryLocationNotFound", "message": "not loaded yet"}


class Pages(ThreadingHTTPServer):
    """A web server that answers as Dagster's does, one answer after the other."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.answers: list[dict] = []
        self.asked = threading.Semaphore(0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert query["variables"] == {"name": "breakwater"}
        answer = self.server.answers.pop(0) if self.server.answers else LOADED
        body = json.dumps({"data": {"reloadRepositoryLocation": answer}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.asked.release()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def pages() -> Iterator[Pages]:
    with Pages() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_location_that_loads_has_no_trouble(pages: Pages) -> None:
    assert reload(pages.url) == ""


def test_a_proxy_of_the_surroundings_is_not_asked_for_what_is_here(pages: Pages, monkeypatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert reload(pages.url) == ""


def test_a_location_that_does_not_load_is_told_in_one_line(pages: Pages) -> None:
    pages.answers = [BROKEN]
    assert reload(pages.url) == "they cannot be loaded: no"


def test_pages_that_are_still_starting_are_asked_again(pages: Pages, monkeypatch) -> None:
    monkeypatch.setattr("orchestration_assets.watching._PAUSE_SECONDS", 0.01)
    pages.answers = [UNKNOWN, UNKNOWN, LOADED]
    assert reload_when_it_answers(pages.url, threading.Event()) == ""
    assert pages.answers == []


def test_nobody_to_ask_is_told_apart() -> None:
    with pytest.raises(NotYet):
        reload("http://127.0.0.1:9")


def test_each_new_declaration_asks_the_pages_to_load_anew(pages: Pages, tmp_path: Path) -> None:
    folder, stop, told = tmp_path / "catalog", threading.Event(), []
    folder.mkdir()
    thread = threading.Thread(target=watch, args=([folder], pages.url, stop, told.append))
    thread.start()
    try:
        for number in range(200):  # until the watch is set up: what was written before is not seen
            (folder / "new.yaml").write_text(f"source: new{number}\n")
            if pages.asked.acquire(timeout=0.2):
                break
        else:
            pytest.fail("the pages were never asked")
    finally:
        stop.set()
        thread.join(10)
    assert told[0] == "new.yaml: loading the declarations again"


def test_no_folder_is_nothing_to_watch(tmp_path: Path) -> None:
    assert list(changed([tmp_path / "nowhere"], threading.Event())) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.yaml", True),
        ("a.yml", True),
        ("payments.py", True),
        (".a.yaml.swp", False),
        (".a.yaml", False),
        ("a.txt", False),
        ("#a.py", False),
    ],
)
def test_only_declarations_count(name: str, expected: bool) -> None:
    assert is_declaration(Path(name)) == expected


@pytest.mark.parametrize(
    "words", [["-h", "0.0.0.0"], ["-h0.0.0.0"], ["--host=0.0.0.0"], ["--host", "::"], ["-p80"], ["--port=80"]]
)
def test_the_pages_cannot_be_opened_to_others_or_at_another_port(
    words: list[str], monkeypatch, capsys
) -> None:
    monkeypatch.setattr("orchestration_assets.commands.ui._started", lambda *_: pytest.fail("it was started"))
    assert main(["ui", "--", *words]) == 1
    assert "know no users" in capsys.readouterr().err


def test_host_and_port_stand_behind_what_is_passed_on(monkeypatch, tmp_path: Path) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(subprocess, "Popen", lambda command, **_: seen.append(command))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    _started(tmp_path, tmp_path / "home", 3001, ["--log-level", "debug"])
    assert seen[0][-6:] == ["--log-level", "debug", "-h", "127.0.0.1", "-p", "3001"]


NEW = """
source: gateway_new
feed: payments
owner: team:payments
delivers: increment
endpoints:
  - {kind: files, path: "gateway_new/{partition}/*.csv"}
notation: {format: csv}
fields: {payment_id: id}
"""


@pytest.mark.slow
def test_a_file_dropped_into_the_catalog_is_an_asset_of_the_running_pages(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    shutil.copytree(ui.PROJECT / "sources" / "catalog", catalog)
    place = ui.Place(tmp_path)
    place.prepare()
    port = ui._free_port()
    with (tmp_path / "ui.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestration_assets.cli", "ui", "--port", str(port)],
            cwd=ui.PROJECT, env={**place.environment(), "BREAKWATER_CATALOG": str(catalog)},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    dagster = ui.Dagster(f"http://127.0.0.1:{port}", place)
    try:
        ui.until(
            lambda: ui._is_loaded(dagster, process, tmp_path / "ui.log"),
            seconds=2 * ui.START_SECONDS,
            what="the pages",
        )
        assert "gateway_new/gateway_new_landed" not in assets(dagster)
        (catalog / "gateway_new.yaml").write_text(NEW)
        ui.until(
            lambda: "gateway_new/gateway_new_landed" in assets(dagster), seconds=90, what="the new asset"
        )
        (catalog / "wrong.yaml").write_text("source: [wrong\n")
        (catalog / "gateway_new2.yaml").write_text(NEW.replace("gateway_new", "gateway_new2"))
        ui.until(
            lambda: "gateway_new2/gateway_new2_landed" in assets(dagster),
            seconds=90,
            what="the second new asset",
        )
        assert {"gateway_a/gateway_a_landed", "gateway_new/gateway_new_landed", "flights/trusted"} <= assets(
            dagster
        )
    finally:
        os.kill(process.pid, signal.SIGTERM)
        try:
            code = process.wait(60)
            ui.until(lambda: not ui._is_alive(process), seconds=ui.STOP_SECONDS, what="its processes to end")
        finally:
            ui._stop(process)
    assert code == 0


def assets(dagster: ui.Dagster) -> set[str]:
    nodes = dagster.ask("{assetNodes {assetKey {path}}}")["assetNodes"]
    return {"/".join(node["assetKey"]["path"]) for node in nodes}
