"""A run of which one of three sources hangs for its whole deadline: when the others are published, and when it ends."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import yaml

from orchestration_assets.feed import FEEDS

ROOT = Path(__file__).resolve().parents[1]
CATALOG = ROOT / "sources" / "catalog"
DEADLINE_SECONDS = 30


def measured(folder: Path) -> dict[str, float]:
    """Seconds of `breakwater run` on a small day: all sources healthy; published and ended with one that hangs."""
    shutil.rmtree(folder, ignore_errors=True)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server,), daemon=True).start()
        for name, port in (("healthy", None), ("hanging", server.getsockname()[1])):
            _declare(folder / name, port)
            _breakwater(folder / name, "simulate", "--records", "870")
        healthy = _timed(folder / "healthy")
        hanging = _timed(folder / "hanging")
    return {
        "healthy, published": healthy["published"],
        "healthy, ended": healthy["ended"],
        "one hanging, the others published": hanging["published"],
        "one hanging, ended": hanging["ended"],
        "healthy and the deadline": healthy["ended"] + DEADLINE_SECONDS,
    }


def _accept(server: socket.socket) -> None:
    """Take every connection, and never answer."""
    taken = []
    while True:
        try:
            taken.append(server.accept())
        except OSError:
            return


def _declare(folder: Path, port: int | None) -> None:
    shutil.copytree(FEEDS, folder / "feeds")
    shutil.copytree(CATALOG, folder / "catalog")
    if port is None:
        return
    path = folder / "catalog" / "gateway_b.yaml"
    declared: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    endpoint = {
        "kind": "http",
        "url": f"http://127.0.0.1:{port}/{{partition}}",
        "timeout": 600,
        "attempts": 1,
    }
    declared |= {"deadline": DEADLINE_SECONDS, "endpoints": [endpoint]}
    path.write_text(yaml.safe_dump(declared), encoding="utf-8")


def _environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "BREAKWATER_LAKE": str(folder / "lake"),
        "BREAKWATER_OUTSIDE": str(folder / "outside"),
        "BREAKWATER_FEEDS": str(folder / "feeds"),
        "BREAKWATER_CATALOG": str(folder / "catalog"),
        "DAGSTER_HOME": str(folder / "dagster"),
        "no_proxy": "127.0.0.1",
    }


def _breakwater(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "orchestration_assets.cli", *arguments]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=_environment(folder))


def _timed(folder: Path) -> dict[str, float]:
    """When `trusted` was there, and when the process had ended."""
    log = folder / "lake" / "payments" / "trusted" / "_delta_log" / f"{0:020}.json"
    command = [sys.executable, "-m", "orchestration_assets.cli", "run", "payments", "--json"]
    began, published = time.perf_counter(), None
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment(folder)
    ) as process:
        while process.poll() is None:
            if published is None and log.exists():
                published = time.perf_counter() - began
            time.sleep(0.05)
    ended = time.perf_counter() - began
    return {"published": ended if published is None else published, "ended": ended}


if __name__ == "__main__":
    print(json.dumps(measured(Path(sys.argv[1]))))
