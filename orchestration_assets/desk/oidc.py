"""Signing in with an OpenID provider: authorization code with PKCE; the identity token is checked by its signature.

OpenID Connect Core 1.0, sections 3.1.2 and 3.1.3; RFC 7636.
"""

import os
import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from orchestration_assets.desk.access import OpenIdConnect
from orchestration_assets.desk.sessions import Clock, handle_of
from orchestration_assets.errors import DeclarationError

if TYPE_CHECKING:
    from joserfc.jwk import KeySetSerialization

_SECONDS = 10.0
_FLOW_SECONDS = 600.0
_MOST_FLOWS = 1000
_LEEWAY_SECONDS = 60
# What is signed with a secret that the client knows, or not at all, proves nothing.
_ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "PS256", "PS384", "PS512"]


class SignInRefused(Exception):
    """Why somebody was not let in, in words that they may read."""


@dataclass(frozen=True)
class Flow:
    """One sign-in under way: what the answer has to fit. `to`: the page that was asked for."""

    state: str
    nonce: str
    verifier: str
    to: str


class Flows:
    """Those under way, each bound to the browser that began it by a token of its own."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._of: dict[str, tuple[float, Flow]] = {}

    def keep(self, flow: Flow) -> str:
        """The token by which the browser finds it again."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            while len(self._of) >= _MOST_FLOWS:
                self._of.pop(next(iter(self._of)))
            self._of[handle_of(token)] = (self._clock(), flow)
        return token

    def take(self, token: str) -> Flow | None:
        """The flow, which is then over; None if there is none, or it took too long."""
        with self._lock:
            began, flow = self._of.pop(handle_of(token), (0.0, None))
        return flow if flow and self._clock() - began < _FLOW_SECONDS else None


class Provider:
    """The declared provider; `callback` is the desk's own address that it sends people back to."""

    def __init__(self, declared: OpenIdConnect, callback: str) -> None:
        self._declared, self._callback = declared, callback
        self._secret = os.environ.get(declared.secret_variable)
        if not self._secret:
            raise DeclarationError(
                f"the OpenID provider's secret is missing\nHint: set {declared.secret_variable}"
            )

    def begin(self, to: str) -> tuple[str, Flow]:
        """Where to send the browser, and what the answer has to fit."""
        flow = Flow(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), to)
        with self._client() as client:
            url, _ = client.create_authorization_url(
                self._metadata()["authorization_endpoint"],
                state=flow.state,
                nonce=flow.nonce,
                code_verifier=flow.verifier,
            )
        return url, flow

    def finish(self, flow: Flow, answer: dict[str, str]) -> str:
        """The person's name by the declared claim; raises `SignInRefused`."""
        if not secrets.compare_digest(answer.get("state", ""), flow.state):
            raise SignInRefused("The provider's answer does not fit the question.")
        if "code" not in answer:
            raise SignInRefused("The provider did not sign you in.")
        claims = self._claims(self._token(flow, answer["code"]), flow.nonce)
        return self._name(claims)

    def _token(self, flow: Flow, code: str) -> str:
        from authlib.common.errors import AuthlibBaseError
        from requests import RequestException

        try:
            with self._client() as client:
                answer = client.fetch_token(
                    self._metadata()["token_endpoint"],
                    code=code,
                    code_verifier=flow.verifier,
                    timeout=_SECONDS,
                )
            return str(answer["id_token"])
        except (AuthlibBaseError, RequestException, KeyError, ValueError) as error:
            raise SignInRefused("The provider did not confirm who you are.") from error

    def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        expected = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "values": [self._declared.issuer, f"{self._declared.issuer}/"]},
            aud={"essential": True, "value": self._declared.client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            keys = KeySet.import_key_set(
                cast("KeySetSerialization", self._json(self._metadata()["jwks_uri"]))
            )
            claims = jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
            expected.validate(claims)
        except (JoseError, ValueError, KeyError) as error:
            raise SignInRefused("The provider's word of who you are cannot be trusted.") from error
        is_shared = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if is_shared and claims.get("azp") != self._declared.client_id:
            raise SignInRefused("The provider's word is meant for another.")
        return dict(claims)

    def _name(self, claims: dict[str, Any]) -> str:
        name = claims.get(self._declared.claim)
        if self._declared.claim == "email" and claims.get("email_verified") is not True:
            raise SignInRefused("The provider has not verified your e-mail address.")
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise SignInRefused(f"The provider does not say your {self._declared.claim}.")
        return name

    def _metadata(self) -> dict[str, Any]:
        found = self._json(f"{self._declared.issuer}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != self._declared.issuer:
            raise SignInRefused("The provider calls itself by another name than the declared one.")
        return found

    @staticmethod
    def _json(url: str) -> dict[str, Any]:
        import requests

        try:
            answer = requests.get(url, timeout=_SECONDS, allow_redirects=False)
            answer.raise_for_status()
            return dict(answer.json())
        except (requests.RequestException, ValueError) as error:
            raise SignInRefused("The provider does not answer: try again later.") from error

    def _client(self) -> Any:
        from authlib.integrations.requests_client import OAuth2Session

        return OAuth2Session(
            self._declared.client_id,
            self._secret,
            scope=" ".join(self._declared.scopes),
            redirect_uri=self._callback,
            code_challenge_method="S256",
        )
