"""Positions as they are kept with the deliveries: of which partition, of which system, and what the connector said.

A position counts for its own system alone. What tells systems apart stands in it as a hash, without credentials.
"""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from sources.credentials import is_named_like_a_secret
from sources.endpoints import (
    ApiEndpoint,
    DltEndpoint,
    Endpoint,
    FilesEndpoint,
    HttpEndpoint,
    KafkaEndpoint,
    SqlEndpoint,
)
from sources.errors import UnsetVariable
from sources.surroundings import expanded

OF_ANOTHER_SYSTEM = "its position is of another system: asked from the beginning"

_USER = re.compile(r"^([A-Za-z0-9+._-]*://)[^/]*@")
_SETTING = re.compile(r"(?<=[?&])([^=&#]+)=[^&#]*&?")

Mark = dict[str, str]
"""Partition and system of a position."""


def mark_of(endpoint: Endpoint, partition: str) -> Mark:
    """Return whose a position of the endpoint is; UnsetVariable where a variable of it is not set."""
    told = json.dumps(_identity(endpoint), sort_keys=True).encode("utf-8", "surrogatepass")
    system = hashlib.sha256(told).hexdigest()[:16]
    return {"of": partition if endpoint.is_partitioned else "", "system": system}


def marked(mark: Mark, position: Callable[[], str]) -> str:
    """Return what the connector says as it is kept; empty where it says nothing."""
    inner = position()
    return json.dumps({**mark, "at": inner}, ensure_ascii=False) if inner else ""


def within(mark: Mark, since: str | None) -> str | None:
    """Return the position that the connector gave; None where it is of another partition or system."""
    told = json.loads(since) if since else {}
    return str(told["at"]) if told and _has(told, mark) else None


def is_of_another_system(endpoint: Endpoint, partition: str, since: str | None) -> bool:
    """Return whether the position cannot be used because the endpoint leads elsewhere now."""
    told = json.loads(since) if since else {}
    mark = mark_of(endpoint, partition)
    return bool(told) and told.get("of") == mark["of"] and told.get("system") != mark["system"]


def is_listing(endpoint: Endpoint | None) -> bool:
    """Return whether each of its deliveries has a position of its own, which covers that one file alone."""
    return isinstance(endpoint, FilesEndpoint)


def composed(endpoint: Endpoint | None, partition: str, positions: list[str]) -> str:
    """Return from where the endpoint goes on after `positions`, oldest first: the newest; of files, all together.

    Where none is of its system, the newest of another is returned, which it does not use.
    """
    if endpoint is None:
        return positions[-1]
    try:
        mark = mark_of(endpoint, partition)
    except UnsetVariable:
        return positions[-1]  # it cannot be asked either
    ours = [position for position in positions if _has(json.loads(position), mark)]
    if not ours or not is_listing(endpoint):
        return [*positions, *ours][-1]
    files: dict[str, str] = {}
    for position in ours:
        files |= _files(position)
    return json.dumps({**mark, "at": json.dumps(files, ensure_ascii=False)}, ensure_ascii=False)


def is_overtaken(endpoint: Endpoint | None, since: str | None, now: str | None, position: str) -> bool:
    """Return whether, since it was asked from `since`, another went on to `now` over what `position` covers."""
    if not is_listing(endpoint) or not now:
        return now != since
    mine, theirs = json.loads(position), json.loads(now)
    if not _has(theirs, mine):
        return False
    known = _files(now).items() - (_files(since).items() if since else set())
    return _files(position).items() <= known


def _has(told: dict[str, Any], mark: dict[str, Any]) -> bool:
    return (told.get("of"), told.get("system")) == (mark["of"], mark["system"])


def _files(position: str) -> dict[str, str]:
    return dict(json.loads(json.loads(position)["at"]))


def _identity(endpoint: Endpoint) -> list[Any]:
    match endpoint:
        case FilesEndpoint():
            return [endpoint.kind, _filled(endpoint.path), _filled(endpoint.endpoint_url or "")]
        case SqlEndpoint():
            query = " ".join(_filled(endpoint.query).split())
            return [endpoint.kind, _address(endpoint.url), query, endpoint.cursor]
        case HttpEndpoint():
            return [endpoint.kind, _address(endpoint.url)]
        case ApiEndpoint():
            since = endpoint.since.field if endpoint.since else ""
            return [endpoint.kind, _address(endpoint.url), _filled(endpoint.parameters), since]
        case KafkaEndpoint():
            servers = sorted(server.strip() for server in _filled(endpoint.servers).split(","))
            return [endpoint.kind, servers, endpoint.topic]
        case DltEndpoint():
            return [endpoint.kind, endpoint.source, _texts(endpoint.arguments)]


def _address(declared: str) -> str:
    """Return the address without who signs in: before and after its variables are replaced."""
    address = _USER.sub(r"\1", expanded(_USER.sub(r"\1", _without_secrets(declared))))
    return _without_secrets(address)


def _without_secrets(address: str) -> str:
    return _SETTING.sub(lambda match: "" if is_named_like_a_secret(match[1]) else match[0], address)


def _texts(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that are texts: addresses and names. Numbers say how much is asked for, and keys are secrets."""
    texts = {n: text for n, text in arguments.items() if isinstance(text, str) and not n.endswith("key")}
    return dict(_filled(texts))


def _filled(value: Any) -> Any:
    """Return the value with its variables replaced, and without what is named like a secret."""
    match value:
        case str():
            return expanded(value)
        case dict():
            return {n: _filled(inner) for n, inner in value.items() if not is_named_like_a_secret(n)}
        case list() | tuple():
            return [_filled(inner) for inner in value]
    return value
