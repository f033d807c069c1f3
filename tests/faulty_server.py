"""A real web server on loopback whose answers are chosen by the test, one after another, and which notes who asked when."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.faulty.answer(self)

    def log_message(self, *args: object) -> None:
        pass


class FaultyServer:
    """`then`: what the next requests meet, the last for ever; `body`: what a sound answer holds.

    An answer is a status (`503`), a status and headers (`(429, {"Retry-After": "1"})`), `drip`, `close`, `hang` (no
    answer at all), or `hang_then_answer` (a sound one once `stop` is set).
    """

    def __init__(self, body: bytes) -> None:
        self.body, self.then, self.asked = body, [200], []
        self.stop = threading.Event()
        self._turn = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.faulty = self
        self._server.handle_error = lambda *args: None
        self.port = self._server.server_port

    def url(self, path: str = "payments.csv") -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        with self._turn:
            self.asked.append(time.monotonic())
            what = self.then.pop(0) if len(self.then) > 1 else self.then[0]
        if what == "hang":
            self.stop.wait()
        elif what == "hang_then_answer":
            self.stop.wait()
            self._send(handler, 200, {})
        elif what == "drip":
            self._drip(handler)
        elif what == "close":
            handler.connection.close()
        else:
            status, headers = what if isinstance(what, tuple) else (what, {})
            self._send(handler, status, headers)

    def _send(self, handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str]) -> None:
        body = self.body if status == 200 else b"busy"
        handler.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def _drip(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        while not self.stop.wait(0.02):
            handler.wfile.write(b"x")

    def serve(self) -> None:
        self._server.serve_forever(poll_interval=0.01)

    def close(self) -> None:
        self.stop.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def faulty_server(body: bytes) -> Iterator[FaultyServer]:
    server = FaultyServer(body)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()
