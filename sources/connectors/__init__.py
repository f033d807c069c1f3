"""Ways to reach a system: each yields what an endpoint hands over for a partition, as chunks of bytes.

A connector raises `EndpointFailure` and nothing else; it knows nothing of stores and formats. Clients that take
long to import are imported by the connector that is used.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from sources.connectors import api, dlt, files, http, kafka, s3, sql
from sources.connectors.payload import Deadline, Payload
from sources.connectors.positions import mark_of, marked, within
from sources.endpoints import (
    ApiEndpoint,
    DltEndpoint,
    Endpoint,
    FilesEndpoint,
    HttpEndpoint,
    KafkaEndpoint,
    SqlEndpoint,
)
from sources.errors import EndpointFailure

T = TypeVar("T")


def payloads(
    endpoint: Endpoint, partition: str, *, root: Path, deadline: Deadline, since: str | None = None
) -> Iterator[Payload]:
    """Yield what the endpoint has for the partition, beyond the position `since` where one is given.

    A position counts for its system only, and of an endpoint that names the partition for that partition only.
    EndpointFailure where it serves nothing; of its kinds NothingNew where it has nothing beyond `since`, and RetryLater where it asks to be
    asked again later.
    """
    mark = mark_of(endpoint, partition)
    inner = within(mark, since)
    for payload in _without_os_errors(_payloads(endpoint, partition, root, deadline, inner)):
        position = payload.position and partial(marked, mark, payload.position)
        yield replace(payload, chunks=_without_os_errors(payload.chunks), position=position)


def _without_os_errors(handed_over: Iterator[T]) -> Iterator[T]:
    """Yield the same; an OSError of the outside is a failure of the endpoint, never mistaken for one of the store."""
    try:
        yield from handed_over
    except OSError as error:
        raise EndpointFailure(f"it cannot be read: {error.strerror or type(error).__name__}") from error


def _payloads(
    endpoint: Endpoint, partition: str, root: Path, deadline: Deadline, since: str | None
) -> Iterator[Payload]:
    match endpoint:
        case FilesEndpoint(is_in_s3=True):
            return s3.payloads(endpoint, partition, deadline=deadline, since=since)
        case FilesEndpoint():
            return files.payloads(endpoint, partition, root=root, deadline=deadline, since=since)
        case SqlEndpoint():
            return sql.payloads(endpoint, partition, root=root, deadline=deadline, since=since)
        case HttpEndpoint():
            return http.payloads(endpoint, partition, deadline=deadline, since=since)
        case ApiEndpoint():
            return api.payloads(endpoint, partition, deadline=deadline, since=since)
        case KafkaEndpoint():
            return kafka.payloads(endpoint, deadline=deadline, since=since)
        case DltEndpoint():
            return dlt.payloads(endpoint, partition, deadline=deadline, since=since)
