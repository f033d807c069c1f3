"""Objects in S3-compatible storage, handed over one by one in the order of their keys."""

import os
import re
from collections.abc import Generator, Iterator
from datetime import timedelta
from functools import partial
from glob import escape
from typing import Any

from sources.connectors.in_time import in_time
from sources.connectors.listing import Found, new_ones
from sources.connectors.payload import CHUNK_BYTES, Deadline, Payload
from sources.endpoints import FilesEndpoint
from sources.errors import EndpointFailure, LastingFailure
from sources.surroundings import PARTITION, expanded

_WILDCARD = re.compile(r"[*?[]")
_ESCAPED = re.compile(r"\[([*?[])\]")
_PART = re.compile(r"\*|\?|\[!?\]?[^\]]*\]")
_STATUS = re.compile(r"status code: (\d{3})")


def payloads(
    endpoint: FilesEndpoint, partition: str, *, deadline: Deadline, since: str | None
) -> Iterator[Payload]:
    """Yield one payload per matching object that is new, named by its key below the prefix before the first wildcard."""
    whole = expanded(endpoint.path, quote=escape).replace(PARTITION, partition).removeprefix("s3://")
    bucket, _, pattern = whole.partition("/")
    deadline.await_turn()
    store = _store(endpoint, _ESCAPED.sub(r"\1", bucket), deadline)
    prefix, rest = _split_at_wildcards(pattern)
    matches = re.compile(regex_of(rest)).fullmatch
    found = [
        Found(key[len(prefix) :], state, partial(_chunks, store, key, tag, deadline))
        for key, tag, state in in_time(lambda: _listed(store, prefix), deadline)
        if key.startswith(prefix) and matches(key[len(prefix) :])
    ]
    if not found:
        looked_for = endpoint.path.replace(PARTITION, partition)
        raise LastingFailure(f"no object matches {looked_for}")
    yield from new_ones(sorted(found, key=lambda file: file.name), since)


def regex_of(pattern: str) -> str:
    """Return a path with wildcards as a regular expression: `*` and `?` stay within a folder, `**` goes through any.

    As in a shell, a wildcard at the beginning of a name matches no dot.
    """
    *folders, last = pattern.split("/")
    parts = [r"(?:[^/.][^/]*/)*" if folder == "**" else f"{_name_regex(folder)}/" for folder in folders]
    return "".join(parts) + (r"(?:[^/.][^/]*/)*[^/.][^/]*" if last == "**" else _name_regex(last))


def _name_regex(name: str) -> str:
    shown = r"(?!\.)" if name[:1] in ("*", "?") else ""
    at = 0
    for match in _PART.finditer(name):
        shown += re.escape(name[at : match.start()]) + _wildcard_regex(match[0])
        at = match.end()
    return shown + re.escape(name[at:])


def _wildcard_regex(text: str) -> str:
    if len(text) == 1:
        return "[^/]*" if text == "*" else "[^/]"
    inside = text[1:-1].replace("\\", r"\\").replace("[", r"\[").replace("]", r"\]")
    return f"[^{inside[1:]}]" if inside.startswith("!") else f"[{inside.replace('^', chr(92) + '^')}]"


def _split_at_wildcards(pattern: str) -> tuple[str, str]:
    """Return the prefix up to the folder of the first wildcard, and the pattern of what lies below it."""
    *parts, last = pattern.split("/")
    stop = next((i for i, part in enumerate(parts) if _WILDCARD.search(_ESCAPED.sub("", part))), len(parts))
    prefix = "".join(_ESCAPED.sub(r"\1", part) + "/" for part in parts[:stop])
    return prefix, "/".join([*parts[stop:], last])


def _store(endpoint: FilesEndpoint, bucket: str, deadline: Deadline) -> Any:
    """Return the client; what the declaration leaves out it takes from the environment (`AWS_…`) itself."""
    from obstore.exceptions import BaseError
    from obstore.store import S3Store

    named = {
        "endpoint": endpoint.endpoint_url,
        "region": endpoint.region,
        "access_key_id": endpoint.access_key_id,
        "secret_access_key": endpoint.secret_access_key,
        "session_token": endpoint.session_token,
    }
    settings: dict[str, Any] = {name: expanded(text) for name, text in named.items() if text is not None}
    address = settings.get("endpoint") or os.environ.get("AWS_ENDPOINT_URL", "")
    whole, silence = timedelta(seconds=deadline.seconds_left), timedelta(seconds=endpoint.timeout)
    try:
        return S3Store(
            bucket,
            skip_signature=endpoint.is_public,
            client_options={
                "allow_http": address.startswith("http://"),
                "timeout": whole,
                "connect_timeout": min(whole, silence),
                "read_timeout": min(whole, silence),
            },
            # How often an endpoint is tried is not decided here.
            retry_config={"max_retries": 0, "retry_timeout": whole},
            **settings,
        )
    except (BaseError, ValueError, TypeError) as error:
        raise LastingFailure(f"the storage cannot be asked: {type(error).__name__}") from None


def _listed(store: Any, prefix: str) -> Generator[tuple[str, str | None, str], None, None]:
    """Yield key, tag and state of every object below the prefix."""
    from obstore.exceptions import BaseError

    try:
        for page in store.list(prefix or None):
            for entry in page:
                yield (
                    entry["path"],
                    entry["e_tag"],
                    entry["e_tag"] or f"{entry['size']}-{entry['last_modified'].isoformat()}",
                )
    except (BaseError, OSError) as error:
        raise EndpointFailure(f"the storage does not serve: {_words(error)}") from None


def _chunks(store: Any, key: str, tag: str | None, deadline: Deadline) -> Iterator[bytes]:
    deadline.await_turn()
    yield from in_time(lambda: _streamed(store, key, tag), deadline)


def _streamed(store: Any, key: str, tag: str | None) -> Generator[bytes, None, None]:
    from obstore.exceptions import BaseError, PreconditionError

    name = key.rpartition("/")[2]
    received = 0
    try:
        answer = store.get(key, options={"if_match": tag} if tag else None)
        for chunk in answer.stream(min_chunk_size=CHUNK_BYTES):
            received += len(chunk)
            yield bytes(chunk)
    except PreconditionError:
        raise EndpointFailure(f"{name} changed while it was read") from None
    except (BaseError, OSError) as error:
        raise EndpointFailure(f"{name} cannot be read: {_words(error)}") from None
    if received != answer.meta["size"]:
        raise EndpointFailure(f"the storage sent {received} bytes of {answer.meta['size']}")


def _words(error: Exception) -> str:
    """Return what went wrong without addresses and answers, which the client repeats."""
    text = str(error)
    if status := _STATUS.search(text):
        return f"it answered {status[1]}"
    if "Timeout" in text or "TimedOut" in text:
        return "timed out"
    if "error sending request" in text:
        return "it cannot be reached"
    if "body error" in text:
        return "the transfer broke off"
    return type(error).__name__
