"""`breakwater ui`: Dagster's pages on loopback, which take in new and changed declarations while they run."""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType

HOST = "127.0.0.1"
_STOP_SECONDS = 30
_OURS = ("-h", "--host", "-p", "--port")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the subcommand."""
    parser.add_argument("--port", type=int, default=3000, help="default: 3000")
    parser.add_argument(
        "more", nargs=argparse.REMAINDER, metavar="-- …", help="further options of `dagster dev`"
    )


def run(options: argparse.Namespace) -> int:
    """The exit code of `dagster dev`; 0 where it was stopped by a signal."""
    from orchestration_assets.errors import DeclarationError
    from orchestration_assets.settings import dagster_home, settings
    from orchestration_assets.watching import watch

    more = [word for word in options.more if word != "--"]
    if any(word.startswith(_OURS) for word in more):
        raise DeclarationError(
            f"the pages are for {HOST} only: they know no users\n"
            "Hint: put a proxy with a log-in before them; their port is given before the `--`"
        )
    found, home = settings(), dagster_home()
    project = Path(__file__).resolve().parents[2]
    folders = [found.catalog, found.feeds, project / "validators" / "contracts"]
    stop = threading.Event()
    watcher = threading.Thread(
        target=watch, args=(folders, f"http://{HOST}:{options.port}", stop, _tell), name="watch", daemon=True
    )
    process = _started(project, home, options.port, more)
    watcher.start()
    try:
        return process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        stop.set()
        _end(process)
        watcher.join(timeout=5)


def _started(project: Path, home: Path, port: int, more: list[str]) -> subprocess.Popen[bytes]:
    """`dagster dev` in a group of its own. What is caught here it finds at its default, also where `&` ignores SIGINT."""
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    home.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "-w",
        str(project / "workspace.yaml"),
        *more,
        "-h",  # behind all others: the last one counts
        HOST,
        "-p",
        str(port),
    ]
    environment = {**os.environ, "DAGSTER_HOME": str(home)}
    return subprocess.Popen(command, cwd=project, env=environment, start_new_session=True)  # noqa: S603 - ourselves


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end(process: subprocess.Popen[bytes]) -> None:
    """SIGINT to all its processes, as Ctrl-C would; what has not ended by then is killed."""
    for number in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        end = time.monotonic() + _STOP_SECONDS
        while _is_alive(process) and time.monotonic() < end:
            time.sleep(0.1)
    process.wait()


def _is_alive(process: subprocess.Popen[bytes]) -> bool:
    process.poll()  # else a zombie keeps the group alive
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def _tell(text: str) -> None:
    print(f"breakwater: {text}", flush=True)
