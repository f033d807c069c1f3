"""A door with a page behind it, served for real on loopback: the page answers who it was told that somebody is."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from orchestration_assets.desk.access import Access
from orchestration_assets.desk.current import HANDLE_HEADER, Desk, new_sessions
from orchestration_assets.desk.door import Door
from orchestration_assets.desk.oidc import Provider
from orchestration_assets.desk.sign_in import sign_in_routes
from orchestration_assets.settings import settings

PASSWORD = "a long enough one"


@dataclass
class Answer:
    status: int
    body: str
    headers: dict[str, str]

    @property
    def json(self) -> dict:
        return json.loads(self.body)


@dataclass
class Visitor:
    """A browser's manners as far as the door goes: cookies, the origin with what is sent, no redirect followed."""

    url: str
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            given.setdefault("Cookie", "; ".join(f"{k}={v}" for k, v in self.cookies.items()))
        body = None
        if form is not None:
            body = urlencode(form)
            given.setdefault("Origin", self.url)
            given.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection.request("POST" if form is not None else "GET", path, body, given)
        answer = connection.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("set-cookie") or []:
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        connection.close()
        return Answer(answer.status, text, {k.lower(): v for k, v in answer.headers.items()})

    def sign_in(self, name: str, password: str = PASSWORD, to: str = "/") -> Answer:
        return self.ask(f"/sign-in?{urlencode({'to': to})}", {"name": name, "password": password})


@contextmanager
def served(app: object, port: int = 0) -> Iterator[str]:
    """`app` on a port of loopback, by default a free one, as the desk serves it."""
    server = uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=port, proxy_headers=False, log_level="warning", ws="websockets-sansio"
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 20
    while not server.started and time.monotonic() < end:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def desk_with(declared: dict, file: Path | None = None) -> Desk:
    access = Access.model_validate(declared)
    return Desk(settings(), access, file, new_sessions(access))


def behind_the_door(desk: Desk, provider: Provider | None = None) -> Starlette:
    """The door, the pages for signing in, and behind them a page that tells the person that it was told."""

    def told(request: Request) -> JSONResponse:
        return JSONResponse({"path": request.url.path, "handle": request.headers.get(HANDLE_HEADER)})

    async def socket(connection: WebSocket) -> None:
        await connection.accept()
        person = desk.person(connection.headers.get(HANDLE_HEADER))
        await connection.send_json(
            None if person is None else {"name": person.name, "decides": person.may_decide}
        )
        await connection.close()

    routes = [
        *sign_in_routes(desk, provider),
        Route("/{path:path}", told, methods=["GET", "POST"]),
        WebSocketRoute("/{path:path}", socket),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Door, desk=desk)])


@pytest.fixture
def opened() -> Iterator[Callable[[Desk], Visitor]]:
    """Serves desks; returns a visitor of each."""
    with ExitStack() as stack:

        def serve(desk: Desk, provider: Provider | None = None) -> Visitor:
            url = stack.enter_context(served(behind_the_door(desk, provider)))
            desk.settings = replace(desk.settings, desk_url=url)
            return Visitor(url)

        yield serve
