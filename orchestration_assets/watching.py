"""Declarations that are new or changed while the pages run: the running web server is asked to load them again.

A file that is wrong takes nothing away: the location loads what is right, and shows the mistakes as it does at any start.
"""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

LOCATION = "breakwater"
_SUFFIXES = (".yaml", ".yml", ".py")
_SETTLED_MS = 300
_ATTEMPTS, _PAUSE_SECONDS, _ANSWER_SECONDS = 90, 2.0, 180.0
_MUTATION = """mutation($name: String!) {reloadRepositoryLocation(repositoryLocationName: $name) {__typename
  ... on WorkspaceLocationEntry {loadStatus locationOrLoadError {__typename ... on PythonError {message}}}
  ... on PythonError {message} ... on UnauthorizedError {message}
  ... on ReloadNotSupported {message} ... on RepositoryLocationNotFound {message}}}"""


class NotYet(Exception):
    """The web server does not answer, or does not know the location yet."""


def watch(folders: list[Path], url: str, stop: threading.Event, tell: Callable[[str], None]) -> None:
    """Until `stop`: whenever a declaration in `folders` is new, changed or gone, let the web server at `url` load anew."""
    for names in changed(folders, stop):
        tell(f"{', '.join(names)}: loading the declarations again")
        trouble = reload_when_it_answers(url, stop)
        tell(
            trouble
            or "the declarations are loaded; `breakwater check` names what is wrong with them, if anything"
        )


def changed(folders: list[Path], stop: threading.Event) -> Iterator[list[str]]:
    """The names of the declarations that changed together, each time that some did."""
    from watchfiles import watch as changes

    there = [folder for folder in folders if folder.is_dir()]
    if not there:
        return
    seen = changes(
        *there, stop_event=stop, step=50, debounce=_SETTLED_MS, rust_timeout=500, yield_on_timeout=False, raise_interrupt=False,
        watch_filter=lambda _kind, path: is_declaration(Path(path)),
    )  # fmt: skip
    for batch in seen:
        yield sorted({Path(path).name for _, path in batch})


def is_declaration(path: Path) -> bool:
    """Whether a file can be a declaration: hidden files and those that an editor writes beside it are none."""
    return path.suffix in _SUFFIXES and not path.name.startswith((".", "#", "_"))


def reload_when_it_answers(url: str, stop: threading.Event) -> str:
    """Ask for the location to be loaded again, once the web server answers; returns what went wrong, or nothing."""
    for _ in range(_ATTEMPTS):
        try:
            return reload(url)
        except NotYet as reason:
            last = str(reason)
        if stop.wait(_PAUSE_SECONDS):
            return "stopped"
    return f"the pages do not answer: {last}"


def reload(url: str) -> str:
    """Ask once; returns what went wrong, or nothing. Raises `NotYet` where there is nobody to ask."""
    body = json.dumps({"query": _MUTATION, "variables": {"name": LOCATION}}).encode()
    request = urllib.request.Request(f"{url}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310 - http, to ourselves
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy leads to loopback
    try:
        with directly.open(request, timeout=_ANSWER_SECONDS) as answer:
            told = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise NotYet(type(error).__name__) from error
    if told.get("errors"):
        return f"the pages refuse to load them: {told['errors'][0]['message']}"
    found = told["data"]["reloadRepositoryLocation"]
    if found["__typename"] == "RepositoryLocationNotFound":
        raise NotYet(found["message"])
    inner = found.get("locationOrLoadError") or found
    return f"they cannot be loaded: {inner['message'].splitlines()[0]}" if "message" in inner else ""
