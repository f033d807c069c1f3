"""Asking a web server, with the standard library alone: http, https, and redirects to these.

Credentials go to the origin of the declared address and to no other. Every read of the socket is short of the deadline.
"""

import base64
import http.client
import io
import socket
import string
import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from typing import IO, Any, Final
from urllib import request
from urllib.parse import quote, urlsplit

from sources.connectors.payload import CHUNK_BYTES, Deadline
from sources.endpoints import WebEndpoint
from sources.errors import EndpointFailure, LastingFailure, NothingNew, RetryLater
from sources.surroundings import expanded

USER_AGENT: Final = "breakwater"

_BUSY = (408, 425, 429, 500, 502, 503, 504)
_PORTS = {"http": 80, "https": 443}


@contextmanager
def answer_to(
    url: str, endpoint: WebEndpoint, deadline: Deadline, *, unless: str = ""
) -> Iterator[http.client.HTTPResponse]:
    """Open what the address leads to; EndpointFailure where the answer is none, or breaks off in the block.

    RetryLater where the server asks for it; NothingNew where it says that the tag `unless` still holds.
    """
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"} | (
        {"If-None-Match": unless} if unless else {}
    )
    # As an address needs it: what is neither ASCII nor printable in percent, all else as it is.
    asked = request.Request(quote(url, safe=string.punctuation), headers=headers)  # noqa: S310 - the opener knows http and https only
    for name, text in credentials_of(endpoint).items():
        # Not sent on when the request is redirected.
        asked.add_unredirected_header(name, text)
    try:
        deadline.await_turn()
        with _opener(endpoint, deadline).open(asked, timeout=_seconds(endpoint, deadline)) as answer:
            if answer.status != HTTPStatus.OK:
                raise EndpointFailure(f"the server answered {answer.status}")
            yield answer
    except urllib.error.HTTPError as error:
        error.close()
        raise _refusal(error) from None
    except urllib.error.URLError as error:
        raise EndpointFailure(f"the server cannot be reached: {_words(error.reason)}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise EndpointFailure(f"the transfer broke off: {_words(error)}") from None


def body_of(answer: http.client.HTTPResponse, deadline: Deadline) -> Iterator[bytes]:
    """Yield chunks as they arrive: one read of the socket at a time, so that a trickle meets the deadline."""
    announced = answer.headers.get("Content-Length")
    received = 0
    while chunk := answer.read1(CHUNK_BYTES):
        deadline.check()
        received += len(chunk)
        yield chunk
    if announced is not None and announced.isdigit() and received < int(announced):
        raise EndpointFailure(f"the server sent {received} bytes of {announced}")


def credentials_of(endpoint: WebEndpoint) -> dict[str, str]:
    """Return the headers that are declared, with the values of their variables."""
    headers = {name: expanded(text) for name, text in endpoint.headers.items()}
    if endpoint.token is not None:
        headers["Authorization"] = f"Bearer {expanded(endpoint.token)}"
    if endpoint.username is not None and endpoint.password is not None:
        pair = f"{expanded(endpoint.username)}:{expanded(endpoint.password)}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    if any("\n" in text or "\r" in text for text in headers.values()):
        raise LastingFailure("the value of a header has more than one line")
    return headers


def is_web_address(url: str) -> bool:
    """Whether the address is one of http or https."""
    try:
        return urlsplit(url).scheme in _PORTS and bool(urlsplit(url).hostname)
    except ValueError:
        return False


def origin_of(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port: what credentials may be sent to."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _seconds(endpoint: WebEndpoint, deadline: Deadline) -> float:
    return min(endpoint.timeout, deadline.seconds_left)


def _refusal(error: urllib.error.HTTPError) -> EndpointFailure:
    """Return what an answer other than 200 means: to be asked again, later, or not at all."""
    if error.code == HTTPStatus.NOT_MODIFIED:
        return NothingNew("the server has nothing newer")
    message = f"the server answered {error.code}"
    if error.code not in _BUSY:
        return LastingFailure(message)
    seconds = _asked_to_wait(error.headers.get("Retry-After", ""))
    return EndpointFailure(message) if seconds is None else RetryLater(message, seconds)


def _asked_to_wait(text: str) -> float | None:
    """Return the seconds that a Retry-After header names, as a number or as a date (RFC 9110, 10.2.3)."""
    if text.strip().isascii() and text.strip().isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None


class _Redirects(request.HTTPRedirectHandler):
    """Follows redirects; only within the origin of the request do its credentials go along."""

    def redirect_request(
        self,
        req: request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> request.Request | None:
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None and origin_of(newurl) == origin_of(req.full_url):
            for name, text in req.unredirected_hdrs.items():
                if name not in ("Host", "Content-length"):
                    following.add_unredirected_header(name, text)
        return following


def _opener(endpoint: WebEndpoint, deadline: Deadline) -> request.OpenerDirector:
    """Return an opener with no handler for file or ftp addresses: a redirect cannot lead to them."""
    opener = request.OpenerDirector()
    answers = partial(_Answer, endpoint=endpoint, deadline=deadline)
    for handler in (
        request.ProxyHandler(),
        request.UnknownHandler(),
        _plain(answers),
        _encrypted(answers),
        request.HTTPDefaultErrorHandler(),
        _Redirects(),
        request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


class _Answer(http.client.HTTPResponse):
    """An answer of which no read waits longer than the time that is left, be it of a header's single byte."""

    def __init__(
        self, sock: socket.socket, *more: Any, endpoint: WebEndpoint, deadline: Deadline, **named: Any
    ) -> None:
        super().__init__(sock, *more, **named)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_Timed(raw, sock, endpoint, deadline), CHUNK_BYTES >> 4)


class _Timed(io.RawIOBase):
    def __init__(
        self, raw: io.RawIOBase, sock: socket.socket, endpoint: WebEndpoint, deadline: Deadline
    ) -> None:
        super().__init__()
        self._raw, self._socket, self._endpoint, self._deadline = raw, sock, endpoint, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._deadline.check()
        self._socket.settimeout(_seconds(self._endpoint, self._deadline))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _plain(answers: Any) -> request.HTTPHandler:
    class Plain(request.HTTPHandler):
        def http_open(self, req: request.Request) -> http.client.HTTPResponse:
            return self.do_open(_connecting(http.client.HTTPConnection, answers), req)

    return Plain()


def _encrypted(answers: Any) -> request.HTTPSHandler:
    class Encrypted(request.HTTPSHandler):
        def https_open(self, req: request.Request) -> http.client.HTTPResponse:
            return self.do_open(_connecting(http.client.HTTPSConnection, answers), req)

    return Encrypted()


def _connecting(kind: type[http.client.HTTPConnection], answers: Any) -> Any:
    def made(*more: Any, **named: Any) -> http.client.HTTPConnection:
        connection = kind(*more, **named)
        connection.response_class = answers
        return connection

    return made


def _words(reason: object) -> str:
    """Return what went wrong without the address: some messages of the library repeat it."""
    if isinstance(reason, TimeoutError):
        return "timed out"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return type(reason).__name__ if isinstance(reason, Exception) else "no such kind of address"
