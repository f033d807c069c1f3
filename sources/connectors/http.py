"""One resource of a web server, as its very bytes."""

from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from sources.connectors.payload import Deadline, Payload
from sources.connectors.web import answer_to, body_of, is_web_address
from sources.endpoints import HttpEndpoint
from sources.errors import EndpointFailure
from sources.surroundings import PARTITION, expanded


def payloads(endpoint: HttpEndpoint, partition: str, *, deadline: Deadline) -> Iterator[Payload]:
    """Yield one payload, named by the last part of the address's path as it is declared."""
    partition_in_url = quote(partition, safe="")
    url = expanded(endpoint.url).replace(PARTITION, partition_in_url)
    if not is_web_address(url):
        raise EndpointFailure("the address is neither http nor https")
    yield Payload(_name(endpoint, partition), _chunks(url, endpoint, deadline))


def _name(endpoint: HttpEndpoint, partition: str) -> str:
    last = urlsplit(endpoint.url).path.rpartition("/")[2].replace(PARTITION, partition)
    return last if last and "$" not in last else "body"


def _chunks(url: str, endpoint: HttpEndpoint, deadline: Deadline) -> Iterator[bytes]:
    with answer_to(url, endpoint, deadline) as answer:
        yield from body_of(answer, deadline)
