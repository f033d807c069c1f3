"""Ways to reach a system: each yields what an endpoint hands over for a partition, as chunks of bytes.

A connector raises `EndpointFailure` and nothing else; it knows nothing of stores, formats and records.
"""

from collections.abc import Iterator
from pathlib import Path

from sources.connectors import files, http, sql
from sources.connectors.payload import Deadline, Payload
from sources.endpoints import FilesEndpoint, HttpEndpoint, SqlEndpoint


def payloads(
    endpoint: FilesEndpoint | SqlEndpoint | HttpEndpoint,
    partition: str,
    *,
    root: Path,
    deadline: Deadline,
    since: str | None = None,  # noqa: ARG001 - none of these goes on from a position
) -> Iterator[Payload]:
    """Yield what the endpoint has for the partition; EndpointFailure where it serves nothing."""
    match endpoint:
        case FilesEndpoint():
            return files.payloads(endpoint, partition, root=root, deadline=deadline)
        case SqlEndpoint():
            return sql.payloads(endpoint, partition, root=root, deadline=deadline)
        case HttpEndpoint():
            return http.payloads(endpoint, partition, deadline=deadline)
