"""The pages for signing in and out: plain HTML forms, without a script, served beside Streamlit's pages."""

import html
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from orchestration_assets.desk import passwords
from orchestration_assets.desk.access import Local, OpenIdConnect
from orchestration_assets.desk.current import Desk
from orchestration_assets.desk.door import COOKIE
from orchestration_assets.desk.oidc import Flows, Provider, SignInRefused
from orchestration_assets.desk.sessions import handle_of

_FLOW_COOKIE = "breakwater_desk_flow"
_MOST_BYTES = 10_000
_STYLE = (
    "body{font:16px system-ui,sans-serif;display:grid;place-items:center;min-height:90vh;color:#1f2937}"
    "form{display:grid;gap:.75rem;width:20rem}input,button{font:inherit;padding:.5rem}"
    "button{background:#0f4c81;color:#fff;border:0;cursor:pointer}[role=alert]{color:#b00020}"
)


def sign_in_routes(desk: Desk, provider: Provider | None) -> list[Route]:
    """The routes that need no session."""
    pages = _Pages(desk, provider)
    routes = [Route("/sign-out", pages.sign_out, methods=["GET", "POST"])]
    if isinstance(desk.access.sign_in, Local):
        routes.append(Route("/sign-in", pages.by_password, methods=["GET", "POST"]))
    elif isinstance(desk.access.sign_in, OpenIdConnect):
        routes += [Route("/sign-in", pages.to_provider), Route("/oauth2callback", pages.from_provider)]
    return routes


def local_target(to: str) -> str:
    """`to` if it is a page of the desk, else its first page: nobody is sent elsewhere after signing in."""
    parts = urlsplit(to)
    is_ours = to.startswith("/") and not parts.netloc and not to.startswith(("//", "/\\"))
    return to if is_ours and to.isprintable() else "/"


class _Pages:
    def __init__(self, desk: Desk, provider: Provider | None) -> None:
        self._desk, self._provider, self._flows = desk, provider, Flows()

    async def by_password(self, request: Request) -> Response:
        to = local_target(request.query_params.get("to", "/"))
        if request.method == "GET":
            return _form(to)
        if int(request.headers.get("content-length") or _MOST_BYTES + 1) > _MOST_BYTES:
            return _form(to, "That is too long.", 413)
        form = await request.form()
        name, password = str(form.get("name", "")), str(form.get("password", ""))
        address = request.client.host if request.client else ""
        if pause := self._desk.brake.attempt(name, address):
            return _form(to, f"Too many attempts: wait {pause:.0f} seconds.", 429)
        if not await run_in_threadpool(self._is_let_in, name, password):
            return _form(to, "That name and password are not known here.", 401)
        self._desk.brake.succeeded(name, address)
        return self._let_in(name, to)

    async def to_provider(self, request: Request) -> Response:
        to = local_target(request.query_params.get("to", "/"))
        try:
            url, flow = await run_in_threadpool(self._known_provider().begin, to)
        except SignInRefused as error:
            return _refused(str(error), 502)
        answer = RedirectResponse(url, 303)
        self._set(answer, _FLOW_COOKIE, self._flows.keep(flow))
        return answer

    async def from_provider(self, request: Request) -> Response:
        flow = self._flows.take(request.cookies.get(_FLOW_COOKIE, ""))
        if flow is None:
            return _refused("This sign-in was not begun in this browser, or took too long.", 403)
        try:
            name = await run_in_threadpool(self._known_provider().finish, flow, dict(request.query_params))
        except SignInRefused as error:
            return _refused(str(error), 403)
        if self._desk.person_named(name) is None:
            return _refused("You are signed in, but nothing is declared that you may do here.", 403)
        answer = self._let_in(name, flow.to)
        answer.delete_cookie(_FLOW_COOKIE, path="/")
        return answer

    async def sign_out(self, request: Request) -> Response:
        if request.method == "GET":
            return _page("<form method=post><button>Sign out</button></form>")
        self._desk.sessions.end(handle_of(request.cookies.get(COOKIE, "")))
        answer = _page("<p>Signed out. <a href=/>Sign in</a></p>")
        answer.delete_cookie(COOKIE, path="/")
        return answer

    def _is_let_in(self, name: str, password: str) -> bool:
        declared = self._desk.access.sign_in
        is_right = isinstance(declared, Local) and passwords.is_right(declared.passwords, name, password)
        return is_right and self._desk.person_named(name) is not None

    def _known_provider(self) -> Provider:
        if self._provider is None:
            raise SignInRefused("no provider is declared")
        return self._provider

    def _let_in(self, name: str, to: str) -> Response:
        answer = RedirectResponse(to, 303)
        self._set(answer, COOKIE, self._desk.sessions.begin(name))
        return answer

    def _set(self, answer: Response, cookie: str, value: str) -> None:
        is_secure = self._desk.settings.desk_url.startswith("https:")
        answer.set_cookie(cookie, value, path="/", secure=is_secure, httponly=True, samesite="lax")


def _form(to: str, trouble: str = "", status: int = 200) -> Response:
    alert = f"<p role=alert>{html.escape(trouble)}</p>" if trouble else ""
    return _page(
        f"<form method=post action='/sign-in?to={quote(to, safe='')}'><h1>Breakwater</h1>{alert}"
        "<label for=name>Name</label><input id=name name=name autocomplete=username required autofocus>"
        "<label for=password>Password</label>"
        "<input id=password name=password type=password autocomplete=current-password required>"
        "<button>Sign in</button></form>",
        status,
    )


def _refused(why: str, status: int) -> HTMLResponse:
    return _page(f"<p role=alert>{html.escape(why)}</p><p><a href=/>Begin again</a></p>", status)


def _page(body: str, status: int = 200) -> HTMLResponse:
    head = f"<meta charset=utf-8><title>Breakwater: the desk</title><style>{_STYLE}</style>"
    page = f"<!doctype html><html lang=en><head>{head}</head><body><main>{body}</main></body></html>"
    return HTMLResponse(page, status, {"cache-control": "no-store"})
