"""One resource of a web server, with the standard library alone: http, https, and redirects to these."""

import http.client
import urllib.error
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final
from urllib import request
from urllib.parse import quote, urlsplit

from sources.connectors.payload import CHUNK_BYTES, Deadline, Payload
from sources.endpoints import HttpEndpoint
from sources.errors import EndpointFailure, LastingFailure, RetryLater
from sources.surroundings import PARTITION, expanded

USER_AGENT: Final = "breakwater"

_BUSY: Final = (408, 425, 429, 500, 502, 503, 504)

# No handler for file or ftp addresses: a redirect cannot lead to them.
_HANDLERS = (
    request.ProxyHandler,
    request.UnknownHandler,
    request.HTTPHandler,
    request.HTTPSHandler,
    request.HTTPDefaultErrorHandler,
    request.HTTPRedirectHandler,
    request.HTTPErrorProcessor,
)


def payloads(endpoint: HttpEndpoint, partition: str, *, deadline: Deadline) -> Iterator[Payload]:
    """Yield one payload, named by the last part of the address's path as it is declared."""
    partition_in_url = quote(partition, safe="")
    url = expanded(endpoint.url).replace(PARTITION, partition_in_url)
    if not _is_web_address(url):
        raise LastingFailure("the address is neither http nor https")
    yield Payload(_name(endpoint, partition), _chunks(url, endpoint.timeout, deadline))


def _is_web_address(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https")
    except ValueError:
        return False


def _name(endpoint: HttpEndpoint, partition: str) -> str:
    last = urlsplit(endpoint.url).path.rpartition("/")[2].replace(PARTITION, partition)
    return last if last and "$" not in last else "body"


def _chunks(url: str, timeout: float, deadline: Deadline) -> Iterator[bytes]:
    deadline.await_turn()
    seconds = min(timeout, deadline.seconds_left)
    try:
        with _opener().open(_get(url), timeout=seconds) as answer:
            if answer.status != HTTPStatus.OK:
                raise EndpointFailure(f"the server answered {answer.status}")
            yield from _body(answer, deadline)
    except urllib.error.HTTPError as error:
        error.close()
        raise _refusal(error) from None
    except urllib.error.URLError as error:
        raise EndpointFailure(f"the server cannot be reached: {_words(error.reason)}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise EndpointFailure(f"the transfer broke off: {_words(error)}") from None


def _refusal(error: urllib.error.HTTPError) -> EndpointFailure:
    """Return what an answer other than 200 means: to be asked again, later, or not at all."""
    message = f"the server answered {error.code}"
    seconds = error.headers.get("Retry-After", "") if error.headers else ""
    if error.code in _BUSY and seconds.isdigit():
        return RetryLater(message, float(seconds))
    return EndpointFailure(message) if error.code in _BUSY else LastingFailure(message)


def _body(answer: http.client.HTTPResponse, deadline: Deadline) -> Iterator[bytes]:
    """Yield chunks as they arrive: one read of the socket at a time, so that a trickle meets the deadline."""
    announced = answer.headers.get("Content-Length")
    received = 0
    while chunk := answer.read1(CHUNK_BYTES):
        deadline.check()
        received += len(chunk)
        yield chunk
    if announced is not None and announced.isdigit() and received < int(announced):
        raise EndpointFailure(f"the server sent {received} bytes of {announced}")


def _get(url: str) -> request.Request:
    # The scheme was looked at before, and the opener knows no other.
    return request.Request(url, headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})  # noqa: S310 - see above


def _opener() -> request.OpenerDirector:
    opener = request.OpenerDirector()
    for handler in _HANDLERS:
        opener.add_handler(handler())
    return opener


def _words(reason: object) -> str:
    """Return what went wrong without the address: some messages of the library repeat it."""
    if isinstance(reason, TimeoutError):
        return "timed out"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return type(reason).__name__ if isinstance(reason, Exception) else "no such kind of address"
