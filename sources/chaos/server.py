"""A real HTTP server on loopback that hands over the files of a folder, well or badly."""

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
_POLL_SECONDS = 0.02
_DRIP_SECONDS = 0.05
_LONGEST_HANG_SECONDS = 60.0

Manner = Callable[["Handler", bytes], None]


class Handler(BaseHTTPRequestHandler):
    """Answers a request in the manner of the moment."""

    server: "_Server"

    def do_GET(self) -> None:
        """Hand over the file of that path in the manner of the moment; 404 where there is none."""
        path = self.server.root / self.path.lstrip("/")
        if not path.is_file():
            self.begin(404, 0)
            return
        self.server.manner(self, path.read_bytes())

    def begin(self, status: int, length: int | None, **headers: str) -> None:
        """Send the status and the headers; no `length`, no Content-Length."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Keep quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 32

    def __init__(self, root: Path, port: int, released: threading.Event) -> None:
        super().__init__((HOST, port), Handler)
        self.root, self.released = root, released
        self.manner: Manner = well

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is what the faults are there for."""


class MisbehavingServer:
    """One address for as long as it lives; `manner` says how requests are answered."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._released = threading.Event()
        self._closed_door: socket.socket | None = None
        self._server = _Server(root, 0, self._released)
        self.port: int = self._server.server_address[1]
        self._serve()

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"http://{HOST}:{self.port}"

    def behave(self, manner: Manner) -> None:
        """Answer every request from now on in this manner."""
        self._server.manner = manner

    def refuse(self) -> None:
        """Refuse connections: the port is held, and nobody listens."""
        self._stop()
        door = socket.socket()
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((HOST, self.port))
        self._closed_door = door

    def heal(self) -> None:
        """Let go whoever hangs, listen again, answer well."""
        self._released.set()
        self._released = threading.Event()
        if self._closed_door is not None:
            self._closed_door.close()
            self._closed_door = None
            self._server = _Server(self.root, self.port, self._released)
            self._serve()
        self._server.released = self._released
        self.behave(well)

    def close(self) -> None:
        """Stop for good."""
        self._released.set()
        if self._closed_door is not None:
            self._closed_door.close()
        else:
            self._stop()

    def _serve(self) -> None:
        serve = self._server.serve_forever
        threading.Thread(target=serve, kwargs={"poll_interval": _POLL_SECONDS}, daemon=True).start()

    def _stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def well(handler: Handler, content: bytes) -> None:
    """Hand over everything, its length stated."""
    handler.begin(200, len(content))
    handler.wfile.write(content)


def without_length(handler: Handler, content: bytes) -> None:
    """Hand over everything; only the end of the connection says that this was all."""
    handler.begin(200, None)
    handler.wfile.write(content)


def hang(handler: Handler, _content: bytes) -> None:
    """Take the request and never answer."""
    handler.server.released.wait(_LONGEST_HANG_SECONDS)


def drip(handler: Handler, content: bytes) -> None:
    """Hand over byte by byte, far too slowly to ever end in time."""
    handler.begin(200, len(content))
    for at in range(len(content)):
        handler.wfile.write(content[at : at + 1])
        if handler.server.released.wait(_DRIP_SECONDS):
            return


def answer(status: int, **headers: str) -> Manner:
    """Answer with this status and a few words."""

    def manner(handler: Handler, _content: bytes) -> None:
        text = b"not now\n"
        handler.begin(status, len(text), **headers)
        handler.wfile.write(text)

    return manner


def at_first(manner: Manner) -> Manner:
    """Behave in this manner at the first request, and well afterwards."""
    asked = threading.Event()

    def once(handler: Handler, content: bytes) -> None:
        is_first = not asked.is_set()
        asked.set()
        (manner if is_first else well)(handler, content)

    return once


def close_half_way(handler: Handler, content: bytes) -> None:
    """State the whole length, send half of it, and close."""
    handler.begin(200, len(content))
    handler.wfile.write(content[: len(content) // 2])


def state_length(difference: int) -> Manner:
    """State a length that is wrong by so many bytes; a client reads no more than is stated."""

    def manner(handler: Handler, content: bytes) -> None:
        handler.begin(200, len(content) + difference)
        handler.wfile.write(content)

    return manner
