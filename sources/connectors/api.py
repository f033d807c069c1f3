"""The records of an API, page by page, written down as NDJSON: each as the very text that was in the answer.

One page is in memory at a time. A failure on any page is one of the endpoint: half a list is no list.
"""

import json
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from http.client import HTTPResponse
from itertools import chain, count
from typing import Any
from urllib.parse import quote, urlencode

from sources.connectors.increments import Boundary, boundary_of, name_of
from sources.connectors.json_spans import NoAnswer, NumberText, decoded, records_at, value_at
from sources.connectors.paging import Page, first_page, next_page
from sources.connectors.payload import Deadline, Payload
from sources.connectors.web import answer_to, body_of, is_web_address
from sources.endpoints import ApiEndpoint, Pages
from sources.errors import EndpointFailure, LastingFailure, NothingNew, RetryLater
from sources.surroundings import PARTITION, expanded

NAME = "records"
MOST_PAGE_BYTES = 64 << 20

_WAITS = 5


def payloads(
    endpoint: ApiEndpoint, partition: str, *, deadline: Deadline, since: str | None
) -> Iterator[Payload]:
    """Yield one payload of one JSON object per record; EndpointFailure where there is none, NothingNew since then."""
    newest = Newest(endpoint.since.field if endpoint.since else "", since)
    url = _first_url(endpoint, partition, newest)
    chunks = (lines for lines in _chunks(endpoint, url, deadline, newest) if lines)
    first = next(chunks, None)
    if first is None and newest.after is not None:
        raise NothingNew("the API has nothing new")
    if first is None:
        raise LastingFailure(f"the API has no record for {partition}")
    name = name_of(NAME, newest.path, newest.after, newest.after and newest.since)
    yield Payload(name, chain((first,), chunks), format="ndjson", position=newest.position)


_Order = tuple[int, Any, str]


@dataclass(slots=True)
class Newest:
    """The greatest value of a field over all records so far: what the next increment is asked for with.

    Asked for from that value on, the records that have it come again, and are left out.
    """

    path: str
    since: str | None
    after: str | None = None
    """The value from which it goes on, as it is sent."""
    value: Any = None
    is_mixed: bool = False
    _boundary: Boundary = field(default_factory=Boundary)

    def __post_init__(self) -> None:
        """Read the position; one of another field is none."""
        told = json.loads(self.since) if self.since and self.path else {}
        if told.get("field") == self.path:
            self.after = told["value"]
            self.value = NumberText(told["value"]) if told["is_number"] else told["value"]
            self._boundary = boundary_of(told)

    def is_new(self, line: str, record: Any) -> bool:
        """Look at one record; returns whether it was not delivered before."""
        if not self.path:
            return True
        value = value_at(record, self.path)
        order = _order_of(value)
        if self._boundary.is_known(line):
            return False
        if order is None:
            self._boundary.note_without(line)
        else:
            self._note(line, value, order)
        return True

    def _note(self, line: str, value: Any, order: _Order) -> None:
        former = _order_of(self.value)
        if former is not None and former[0] != order[0]:
            self.is_mixed = True
        elif former is None or order[:2] >= former[:2]:
            self._boundary.note_tie(line, is_greater=former is None or order[:2] > former[:2])
            self.value = value if former is None or order > former else self.value

    def position(self) -> str:
        """Return the position; the former one where values of the field cannot be compared with each other.

        LastingFailure where too many records have its value.
        """
        if self.is_mixed or self.value is None:
            return self.since or ""
        is_number = isinstance(self.value, NumberText)
        told = {"field": self.path, "value": str(self.value), "is_number": is_number}
        return json.dumps({**told, **self._boundary.as_told(self.path)})


def _order_of(value: object) -> _Order | None:
    """Return how a value compares: numbers, points in time (UTC where they name no zone), and texts; else None."""
    if isinstance(value, NumberText):
        return 0, Decimal(value), ""
    if not isinstance(value, str) or not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return 2, value, ""
    return 1, moment if moment.tzinfo else moment.replace(tzinfo=UTC), value


def _first_url(endpoint: ApiEndpoint, partition: str, newest: Newest) -> str:
    url = expanded(endpoint.url).replace(PARTITION, quote(partition, safe=""))
    if not is_web_address(url):
        raise LastingFailure("the address is neither http nor https")
    sent = {name: expanded(text).replace(PARTITION, partition) for name, text in endpoint.parameters.items()}
    if endpoint.since and newest.after is not None:
        sent[endpoint.since.parameter] = newest.after
    if endpoint.pages and endpoint.pages.size_parameter:
        sent[endpoint.pages.size_parameter] = str(endpoint.pages.size)
    mark = "&" if "?" in url else "?"
    return f"{url}{mark}{urlencode(sent)}" if sent else url


def _chunks(endpoint: ApiEndpoint, url: str, deadline: Deadline, newest: Newest) -> Iterator[bytes]:
    """Yield the lines of one page after the other."""
    pages = endpoint.pages
    asked: set[str] = set()
    total, before = 0, b""
    following: str | None = first_page(pages, url)
    for number in count(1):
        if following is None:
            return
        _check_way(pages, number, is_known=following in asked)
        asked.add(following)
        body, link = _answered(endpoint, following, number, deadline)
        if total and body == before and pages and pages.by in ("page", "offset"):
            raise LastingFailure(f"page {number} is the one before: `{pages.parameter}` has no effect")
        before = body
        value, lines, records = _read(endpoint, body, number, newest)
        total += records
        yield "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")
        page = Page(following, value, link, records, total, number)
        following = next_page(pages, url, page)


def _check_way(pages: Pages | None, number: int, *, is_known: bool) -> None:
    if is_known:
        raise LastingFailure(f"page {number - 1} leads back to a page before it")
    if pages and number > pages.most:
        raise LastingFailure(f"there are more than {pages.most} pages")


def _read(endpoint: ApiEndpoint, body: bytes, number: int, newest: Newest) -> tuple[Any, list[str], int]:
    """Return the value of an answer, the lines of its records that are new, and how many records there are."""
    lines, records = [], 0
    try:
        text, value = decoded(body)
        for line, record in records_at(text, value, endpoint.records):
            records += 1
            if newest.is_new(line, record):
                lines.append(line)
    except NoAnswer as reason:
        raise EndpointFailure(f"page {number} is not what is declared: {reason}") from None
    return value, lines, records


def _answered(endpoint: ApiEndpoint, url: str, number: int, deadline: Deadline) -> tuple[bytes, str]:
    """Return the body and the Link header of a page.

    Behind the first page a wait that the server asks for, and that fits the deadline, is kept here: to begin
    anew would be to ask it for all pages again.
    """
    for attempt in count():
        try:
            with answer_to(url, endpoint, deadline) as answer:
                return _whole(answer, number, deadline), ", ".join(answer.headers.get_all("Link", ()))
        except RetryLater as later:
            if number == 1 or attempt == _WAITS or later.seconds >= deadline.seconds_left:
                raise
            time.sleep(later.seconds)
    raise AssertionError


def _whole(answer: HTTPResponse, number: int, deadline: Deadline) -> bytes:
    body = bytearray()
    for chunk in body_of(answer, deadline):
        body += chunk
        if len(body) > MOST_PAGE_BYTES:
            raise LastingFailure(f"page {number} is larger than {MOST_PAGE_BYTES} bytes")
    if answer.headers.get("Content-Encoding", "identity").lower() == "gzip":
        return _unpacked(bytes(body), number)
    return bytes(body)


def _unpacked(body: bytes, number: int) -> bytes:
    """Return what a server packed although it was asked not to."""
    packed = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        whole = packed.decompress(body, MOST_PAGE_BYTES)
    except zlib.error:
        raise EndpointFailure(f"page {number} is no gzip, though the server says so") from None
    if not packed.eof:
        raise EndpointFailure(f"page {number} is cut off, or larger than {MOST_PAGE_BYTES} bytes")
    return whole
