"""The desk's door: what is not signed in gets past it neither to a page nor to the pages' socket. ASGI, before Streamlit.

Who somebody is comes from here alone: a header by which pages know the session is set here, and what a browser sends
under that name is dropped.
"""

from collections.abc import MutableMapping, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestration_assets.desk.access import Header, Open, is_loopback
from orchestration_assets.desk.current import HANDLE_HEADER, Desk
from orchestration_assets.desk.sessions import handle_of

COOKIE = "breakwater_desk"
HEALTH = "/_stcore/health"
OPEN_PATHS = frozenset({HEALTH, "/sign-in", "/sign-out", "/oauth2callback"})
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval'{inline}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
# `unsafe-eval`: the charts (Vega) compile their expressions. Nothing inline runs, and nothing from elsewhere is loaded.
_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


class Door:
    """ASGI middleware around Streamlit's app and the pages for signing in. `inline`: hashes of scripts that stand in pages."""

    def __init__(self, app: ASGIApp, desk: Desk, inline: Sequence[str] = ()) -> None:
        self._app, self._desk = app, desk
        hashes = "".join(f" 'sha256-{one}'" for one in inline)
        self._headers = {"content-security-policy": _POLICY.format(inline=hashes), **_HEADERS}
        self._sign_in = desk.access.sign_in
        self._hosts = _hosts_of(desk)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it in, or answer why not."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        _drop(scope, HANDLE_HEADER)
        refused = self._refusal(scope)
        if refused is None:
            await self._app(scope, receive, self._answering(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refused(scope, receive, self._answering(send))

    def _refusal(self, scope: Scope) -> Response | None:
        """The answer to what may not come in; None after the session was written into the scope."""
        connection = HTTPConnection(scope)
        is_socket = scope["type"] == "websocket"
        if connection.url.hostname not in self._hosts:
            return PlainTextResponse(
                "This name is not declared as the desk's: `hosts` in its YAML file.", 400
            )
        is_read = not is_socket and scope["method"] in ("GET", "HEAD")
        if not is_read and not _is_same_origin(connection.headers):
            return PlainTextResponse("This was sent by another page.", 403)
        if scope["path"] in OPEN_PATHS and not is_socket:
            return None
        name = self._name_of(connection)
        if name is None:
            return self._ask_to_sign_in(connection) if is_read else PlainTextResponse("Not signed in.", 401)
        if self._desk.person_named(name) is None:
            return HTMLResponse("Signed in, but nothing is declared that you may do here.", 403)
        if is_socket:
            _set(scope, HANDLE_HEADER, self._handle_of(connection, name))
        return None

    def _name_of(self, connection: HTTPConnection) -> str | None:
        if isinstance(self._sign_in, Open):
            is_near = connection.client is not None and is_loopback(connection.client.host)
            return next(iter(self._desk.access.people)) if is_near else None
        if isinstance(self._sign_in, Header):
            return named_by_proxy(self._sign_in, connection)
        return self._desk.sessions.name_of(handle_of(connection.cookies.get(COOKIE, "")))

    def _handle_of(self, connection: HTTPConnection, name: str) -> str:
        if isinstance(self._sign_in, Open | Header):
            return handle_of(self._desk.sessions.begin(name))
        return handle_of(connection.cookies[COOKIE])

    def _answering(self, send: Send) -> Send:
        """`send`, with the headers that every answer has."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        return sending

    def _ask_to_sign_in(self, connection: HTTPConnection) -> Response:
        if isinstance(self._sign_in, Open | Header):
            return PlainTextResponse("The desk is reached through the proxy that signs people in.", 403)
        if connection.headers.get("sec-fetch-dest", "document") != "document":
            return PlainTextResponse("Not signed in.", 401)
        to = connection.url.path + (f"?{connection.url.query}" if connection.url.query else "")
        return RedirectResponse(f"/sign-in?to={quote(to, safe='')}", 303)


def named_by_proxy(declared: Header, connection: HTTPConnection) -> str | None:
    """Whom a declared proxy names; None where the peer is no such proxy, or names nobody, or two."""
    if connection.client is None:
        return None
    try:
        peer = ip_address(connection.client.host)
    except ValueError:
        return None
    mapped = getattr(peer, "ipv4_mapped", None)
    if not any((mapped or peer) in network for network in declared.proxies):
        return None
    values = connection.headers.getlist(declared.header)
    name = values[0].strip() if len(values) == 1 else ""
    return name if name and name.isprintable() else None


def _hosts_of(desk: Desk) -> frozenset[str]:
    """The names by which a browser may call: else a page elsewhere could let its own name point here."""
    declared = urlsplit(desk.settings.desk_url).hostname or ""
    near = {"127.0.0.1", "localhost", "::1"}
    return frozenset({declared, *near, *(host.casefold() for host in desk.access.hosts)})


def _is_same_origin(headers: Headers) -> bool:
    origin = urlsplit(headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc == headers.get("host")


def _drop(scope: MutableMapping[str, Any], name: str) -> None:
    scope["headers"] = [(k, v) for k, v in scope["headers"] if k.lower() != name.encode()]


def _set(scope: MutableMapping[str, Any], name: str, value: str) -> None:
    scope["headers"] = [*scope["headers"], (name.encode(), value.encode())]
