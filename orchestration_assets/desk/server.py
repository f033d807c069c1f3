"""Assembling the desk: Streamlit's app behind the door, served on one port. Nothing of it speaks to the world outside."""

import base64
import hashlib
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration_assets.desk.access import (
    Access,
    Local,
    Open,
    OpenIdConnect,
    is_loopback,
    load_access,
    open_access,
)
from orchestration_assets.desk.current import Desk, install, new_sessions
from orchestration_assets.desk.passwords import read_hashes
from orchestration_assets.errors import DeclarationError
from orchestration_assets.settings import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

SCRIPT = Path(__file__).with_name("app.py")
# As on Streamlit's command line: they count for more than configuration files that lie about in the home or the current folder.
_STREAMLIT = {
    "browser.gatherUsageStats": False,
    "client.disableDataExport": True,  # a table's own export is not safe to open in a spreadsheet: ours is
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "client.toolbarMode": "minimal",
    "global.developmentMode": False,
    "logger.level": "warning",
    "runner.magicEnabled": False,
    "server.enableAgentApi": False,
    "server.enableCORS": True,
    "server.enableStaticServing": False,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.maxUploadSize": 1,
    "server.runOnSave": False,
    "server.showEmailPrompt": False,
    "theme.primaryColor": "#0f4c81",
}


def desk_of(found: Settings, person: str, host: str, port: int, *, shows_personal: bool) -> Desk:
    """The desk as declared; without a declaration one that is open to `person`. Raises `DeclarationError`."""
    if not os.environ.get("BREAKWATER_DESK_URL"):
        found = replace(found, desk_url=f"http://{host}:{port}")
    is_declared = found.desk.is_file()
    if not is_declared and "BREAKWATER_DESK" in os.environ:
        raise DeclarationError(f"there is no file {found.desk}\nHint: BREAKWATER_DESK names it")
    access = load_access(found.desk) if is_declared else open_access(person, shows_personal=shows_personal)
    _check(access, host)
    return Desk(found, access, found.desk if is_declared else None, new_sessions(access))


def serve(desk: Desk, host: str, port: int) -> None:
    """Serve the desk until it is stopped."""
    import uvicorn

    print(f"The desk: {desk.settings.desk_url} ({_in_words(desk.access)}; Ctrl-C ends it)", flush=True)  # noqa: T201
    uvicorn.run(
        built(desk),
        host=host,
        port=port,
        proxy_headers=False,  # else a header could say that the peer is another
        server_header=False,
        access_log=False,
        log_level="warning",
        ws="websockets-sansio",
        timeout_graceful_shutdown=3,
    )


def built(desk: Desk) -> "ASGIApp":
    """The desk as an ASGI application; there is one in a process."""
    from starlette.middleware import Middleware
    from streamlit import config
    from streamlit.starlette import App

    from orchestration_assets.desk.door import Door
    from orchestration_assets.desk.oidc import Provider
    from orchestration_assets.desk.sign_in import sign_in_routes

    declared = desk.access.sign_in
    callback = f"{desk.settings.desk_url}/oauth2callback"
    provider = Provider(declared, callback) if isinstance(declared, OpenIdConnect) else None
    install(desk)
    config.get_config_options(force_reparse=True, options_from_flags=dict(_STREAMLIT))
    middleware = [Middleware(Door, desk=desk, inline=inline_scripts())]
    return App(SCRIPT, routes=sign_in_routes(desk, provider), middleware=middleware)


def inline_scripts() -> list[str]:
    """The hashes of the scripts that stand in Streamlit's own page: the only ones that may run without a file of theirs."""
    import streamlit

    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    found = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    return [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in found]


def _check(access: Access, host: str) -> None:
    """Refuse what would let in whom nobody declared."""
    declared = access.sign_in
    if isinstance(declared, Open):
        if not is_loopback(host):
            raise DeclarationError(
                f"the desk is open to whoever reaches it, and {host} is not only this machine\n"
                "Hint: declare how people sign in: docs/guides/desk.md"
            )
        if len(access.people) != 1:
            raise DeclarationError("`people` of an open desk names one person: who decides there")
    if isinstance(declared, Local) and not read_hashes(declared.passwords):
        pass


def _in_words(access: Access) -> str:
    ways = {
        "open": "open on this machine",
        "local": "with a name and a password",
        "header": "through a proxy that signs people in",
        "oidc": "with an OpenID provider",
    }
    return ways[access.sign_in.kind]
