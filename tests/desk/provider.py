"""A small OpenID provider on loopback: discovery, keys, a token for each code, and whatever a test wants it to say wrongly."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.desk.conftest import served

CLIENT, SECRET = "desk", "the desk's own secret"


@dataclass
class OpenId:
    """The provider. `claims` are put over the true ones; `key` signs; `answer` changes what the token endpoint says."""

    claims: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    published: RSAKey | None = None
    algorithm: str = "RS256"
    issuer: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    tokens: list[dict[str, str]] = field(default_factory=list)

    def discovery(self, _request: Request) -> Response:
        paths = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        urls = {name: f"{self.issuer}/{path}" for name, path in paths.items()}
        return JSONResponse({"issuer": self.issuer, **urls, "code_challenge_methods_supported": ["S256"]})

    def authorize(self, request: Request) -> Response:
        """Whoever comes is the person; the code stands for the last question."""
        question = dict(request.query_params)
        self.asked.append(question)
        return RedirectResponse(
            f"{question['redirect_uri']}?code=c{len(self.asked)}&state={question['state']}", 303
        )

    async def token(self, request: Request) -> Response:
        given = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
        self.tokens.append(given)
        question = self.asked[int(given["code"][1:]) - 1]
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        digest = hashlib.sha256(given["code_verifier"].encode()).digest()
        is_right = (
            request.headers.get("authorization") == f"Basic {basic}"
            and base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == question["code_challenge"]
            and given["redirect_uri"] == question["redirect_uri"]
        )
        if not is_right:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse(
            {"access_token": "x", "token_type": "Bearer", "id_token": self.signed(question["nonce"])}
        )

    def signed(self, nonce: str) -> str:
        now = int(time.time())
        true = {"iss": self.issuer, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 300, "nonce": nonce}
        person = {"email": "one@example.org", "email_verified": True}
        claims = {k: v for k, v in (true | person | self.claims).items() if v is not None}
        if self.algorithm == "none":
            parts = [{"alg": "none"}, claims]
            return (
                ".".join(
                    base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts
                )
                + "."
            )
        key = OctKey.import_key(SECRET * 2) if self.algorithm == "HS256" else self.key
        return jwt.encode({"alg": self.algorithm, "kid": "one"}, claims, key, algorithms=[self.algorithm])

    def keys(self, _request: Request) -> Response:
        return JSONResponse({"keys": [(self.published or self.key).as_dict(private=False)]})


@contextmanager
def provided(openid: OpenId) -> Iterator[OpenId]:
    """The provider, answering on loopback."""
    routes = [
        Route("/.well-known/openid-configuration", openid.discovery),
        Route("/authorize", openid.authorize),
        Route("/token", openid.token, methods=["POST"]),
        Route("/keys", openid.keys),
    ]
    with served(Starlette(routes=routes)) as url:
        openid.issuer = url
        yield openid


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"
