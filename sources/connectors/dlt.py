"""The resources of a dlt source, each written down as NDJSON as its items come; its state is the position.

dlt's own loading, normalising and telemetry take no part in it.
"""

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from sources.connectors.in_time import in_time
from sources.connectors.increments import name_of
from sources.connectors.payload import Deadline, Payload
from sources.connectors.rows import line_of_value
from sources.endpoints import DltEndpoint
from sources.errors import EndpointFailure, LastingFailure, NothingNew, SourceError
from sources.surroundings import PARTITION, expanded

_INSTALLED = {"site-packages", "dist-packages"}
_ITEMS = 1_000

_Part = tuple[str, bytes, str]
"""Name of a resource, some lines of it, and with its last ones the state behind it."""


def payloads(
    endpoint: DltEndpoint, partition: str, *, deadline: Deadline, since: str | None
) -> Iterator[Payload]:
    """Yield one payload per resource that has items; EndpointFailure where none has, NothingNew since then."""
    deadline.await_turn()
    parts = in_time(lambda: _parts(endpoint, partition, since), deadline)
    has_any = False
    for name, group in groupby(parts, key=itemgetter(0)):
        has_any = True
        states: list[str] = []
        whole = name_of(name, "state", "", since)
        yield Payload(whole, _chunks(group, states), format="ndjson", position=_last_of(states))
    if not has_any and since:
        raise NothingNew(f"{endpoint.source} has nothing new")
    if not has_any:
        raise LastingFailure(f"{endpoint.source} has no item for {partition}")


def _chunks(parts: Iterable[_Part], states: list[str]) -> Iterator[bytes]:
    for _, lines, state in parts:
        if state:
            states.append(state)
        if lines:
            yield lines


def _last_of(states: list[str]) -> Callable[[], str]:
    return lambda: states[-1]


def _parts(endpoint: DltEndpoint, partition: str, since: str | None) -> Generator[_Part, None, None]:
    """Run the source in this thread, resource by resource."""
    try:
        yield from _run(endpoint, partition, since)
    except SourceError:
        raise
    # Whatever foreign code raises; a source that ends the process ends only itself.
    except (Exception, SystemExit) as error:  # noqa: BLE001 - see above
        raise EndpointFailure(f"{endpoint.source} failed: {_words(error)}") from None


def _run(endpoint: DltEndpoint, partition: str, since: str | None) -> Generator[_Part, None, None]:
    function = _function(endpoint)
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    try:
        from dlt.common.configuration.container import Container
        from dlt.common.json import json
        from dlt.common.pipeline import StateInjectableContext
    except ImportError:
        raise LastingFailure("dlt is not installed: pip install 'breakwater[dlt]'") from None
    state: Any = json.typed_loads(since) if since else {}
    made = function(**_filled(endpoint.arguments, partition))
    for name, resource in _resources(made, endpoint):
        # What is iterated keeps the state that it began with, and changes it.
        with Container().injectable_context(StateInjectableContext(state=state)):
            items = iter(resource)
        lines = (line_of_value(record) for item in items for record in _records(item))
        has_any = False
        while some := list(islice(lines, _ITEMS)):
            has_any = True
            yield name, "".join(f"{line}\n" for line in some).encode("utf-8", "surrogatepass"), ""
        if has_any:
            yield name, b"", json.typed_dumps(state)


def _resources(made: Any, endpoint: DltEndpoint) -> Iterator[tuple[str, Iterable[Any]]]:
    """Yield each wanted resource of a source, or the resource itself, with its items."""
    if not hasattr(made, "resources"):
        yield made.name, made
        return
    missing = sorted(set(endpoint.resources) - set(made.resources))
    if missing:
        raise LastingFailure(f"{endpoint.source} has no resource {', '.join(missing)}")
    for name in endpoint.resources or list(made.selected_resources):
        yield name, made.with_resources(name)


def _records(item: Any) -> Iterable[Any]:
    """Return the records of an item: itself, those of a list, the rows of an Arrow table or a data frame."""
    if isinstance(item, list):
        return item
    if hasattr(item, "to_pylist"):
        return item.to_pylist()
    return item.to_dict("records") if hasattr(item, "iterrows") else [item]


def _function(endpoint: DltEndpoint) -> Callable[..., Any]:
    """Return the function that is declared; EndpointFailure where its module is neither the project's nor allowed."""
    module, _, name = endpoint.source.partition(":")
    top = module.partition(".")[0]
    spec = find_spec(top)
    if spec is None:
        raise LastingFailure(f"there is no module {top}")
    if top not in endpoint.packages and not _is_of_the_project(spec.origin, spec.submodule_search_locations):
        raise LastingFailure(
            f"the package {top} is not below the project's folder, and `packages` does not name it"
        )
    function = getattr(import_module(module), name, None)
    if not callable(function):
        raise LastingFailure(f"{module} has no function {name}")
    return function


def _is_of_the_project(origin: str | None, folders: Iterable[str] | None) -> bool:
    paths = [Path(origin)] if origin else [Path(folder) for folder in folders or ()]
    return bool(paths) and all(
        path.is_relative_to(Path.cwd()) and not _INSTALLED.intersection(path.parts) for path in paths
    )


def _filled(value: Any, partition: str) -> Any:
    match value:
        case str():
            return expanded(value).replace(PARTITION, partition)
        case dict():
            return {name: _filled(inner, partition) for name, inner in value.items()}
        case list():
            return [_filled(inner, partition) for inner in value]
    return value


def _words(error: BaseException) -> str:
    """Return the kind of the innermost error, and the status of an answer where it was one: texts may hold a secret."""
    while error.__cause__ is not None:
        error = error.__cause__
    status = getattr(getattr(error, "response", None), "status_code", None)
    return f"{type(error).__name__}, the server answered {status}" if status else type(error).__name__
