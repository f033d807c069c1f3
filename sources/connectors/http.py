"""One resource of a web server, as its very bytes."""

import hashlib
import json
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from sources.connectors.payload import Deadline, Payload
from sources.connectors.web import answer_to, body_of, is_web_address
from sources.endpoints import HttpEndpoint
from sources.errors import LastingFailure
from sources.surroundings import PARTITION, expanded


def payloads(
    endpoint: HttpEndpoint, partition: str, *, deadline: Deadline, since: str | None
) -> Iterator[Payload]:
    """Yield one payload, named by the last part of the address's path as it is declared.

    Its position is the tag (ETag) that the server gives it; NothingNew comes with the chunks, where that still holds.
    """
    partition_in_url = quote(partition, safe="")
    url = expanded(endpoint.url).replace(PARTITION, partition_in_url)
    if not is_web_address(url):
        raise LastingFailure("the address is neither http nor https")
    tags = _Tags(endpoint.url.replace(PARTITION, partition_in_url), since)
    yield Payload(_name(endpoint, partition), _chunks(url, endpoint, deadline, tags), position=tags.position)


class _Tags:
    """The tag that was given to one resource before, and the one that it has now."""

    def __init__(self, declared: str, since: str | None) -> None:
        self._resource = hashlib.sha256(declared.encode()).hexdigest()[:16]
        told = json.loads(since) if since else {}
        self.former = told["tag"] if told.get("resource") == self._resource else ""
        self.latest = ""

    def position(self) -> str:
        """Return the position; empty where the server gives no tag."""
        return json.dumps({"resource": self._resource, "tag": self.latest}) if self.latest else ""


def _name(endpoint: HttpEndpoint, partition: str) -> str:
    last = urlsplit(endpoint.url).path.rpartition("/")[2].replace(PARTITION, partition)
    return last if last and "$" not in last else "body"


def _chunks(url: str, endpoint: HttpEndpoint, deadline: Deadline, tags: _Tags) -> Iterator[bytes]:
    with answer_to(url, endpoint, deadline, unless=tags.former) as answer:
        tags.latest = answer.headers.get("ETag", "")
        yield from body_of(answer, deadline)
