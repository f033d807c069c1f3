"""Signing in with an OpenID provider, a real one on loopback; and everything that it might say wrongly."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from joserfc.jwk import RSAKey

from orchestration_assets.desk.access import OpenIdConnect
from orchestration_assets.desk.door import COOKIE
from orchestration_assets.desk.oidc import Flow, Flows, Provider
from orchestration_assets.errors import DeclarationError
from tests.desk.conftest import Visitor, behind_the_door, desk_with, served
from tests.desk.provider import CLIENT, SECRET, OpenId, path_of, provided

PEOPLE = {"one@example.org": {"role": "reviewer"}}


@pytest.fixture
def openid() -> Iterator[OpenId]:
    with provided(OpenId()) as provider:
        yield provider


@pytest.fixture
def visit(openid: OpenId, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Visitor]]:
    """A visitor of a desk that believes the provider."""
    monkeypatch.setenv("DESK_CLIENT_SECRET", SECRET)
    with ExitStack() as stack:

        def begin(**declared: str) -> Visitor:
            sign_in = {"kind": "oidc", "issuer": openid.issuer, "client_id": CLIENT, **declared}
            desk = desk_with({"sign_in": sign_in, "people": PEOPLE})
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            url = f"http://127.0.0.1:{port}"
            provider = Provider(desk.access.sign_in, f"{url}/oauth2callback")
            stack.enter_context(served(behind_the_door(desk, provider), port=port))
            return Visitor(url)

        yield begin


def signed_in(visitor: Visitor, to: str = "/") -> tuple[int, str]:
    """Go to the provider and back; the status, and where the desk leads then, or what it says."""
    asked = visitor.ask(f"/sign-in?to={to}").headers["location"]
    parts = urlsplit(asked)
    answered = Visitor(f"{parts.scheme}://{parts.netloc}").ask(path_of(asked)).headers["location"]
    back = visitor.ask(path_of(answered))
    return back.status, back.headers.get("location", back.body)


def test_a_person_is_sent_to_the_provider_and_comes_back_signed_in(
    visit: Callable[..., Visitor], openid: OpenId
):
    visitor = visit()
    assert visitor.ask("/state").headers["location"] == "/sign-in?to=%2Fstate"
    assert signed_in(visitor, "/state") == (303, "/state")
    assert visitor.ask("/state").json["path"] == "/state"
    [question] = openid.asked
    assert (question["response_type"], question["code_challenge_method"]) == ("code", "S256")
    assert "openid" in question["scope"].split()


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example.org"},
        {"aud": "another client"},
        {"aud": [CLIENT, "another client"]},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"iat": int(time.time()) + 3600},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"email": None},
        {"email": "one@example.org\n"},
        {"email": ["one@example.org"]},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email": "stranger@example.org"},
    ],
    ids=str,
)
def test_a_token_that_says_something_else_lets_nobody_in(
    visit: Callable[..., Visitor], openid: OpenId, claims: dict
):
    openid.claims = claims
    visitor = visit()
    status, told = signed_in(visitor)
    assert status == 403
    assert "role=alert" in told
    assert visitor.cookies.get(COOKIE) is None


def test_a_token_for_several_that_names_the_desk_is_believed(visit: Callable[..., Visitor], openid: OpenId):
    openid.claims = {"aud": [CLIENT, "another client"], "azp": CLIENT}
    assert signed_in(visit()) == (303, "/")


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_that_is_not_signed_by_the_provider_lets_nobody_in(
    visit: Callable[..., Visitor], openid: OpenId, algorithm: str
):
    openid.algorithm = algorithm
    assert signed_in(visit())[0] == 403


def test_a_token_signed_with_another_key_lets_nobody_in(visit: Callable[..., Visitor], openid: OpenId):
    openid.published = RSAKey.generate_key(2048, {"kid": "one"})
    assert signed_in(visit())[0] == 403


def test_another_claim_may_name_people(visit: Callable[..., Visitor], openid: OpenId):
    openid.claims = {"preferred_username": "one@example.org", "email": None, "email_verified": None}
    assert signed_in(visit(claim="preferred_username")) == (303, "/")


def test_an_answer_that_was_not_asked_for_lets_nobody_in(visit: Callable[..., Visitor]):
    visitor = visit()
    assert visitor.ask("/oauth2callback?code=c1&state=x").status == 403
    visitor.ask("/sign-in")
    assert visitor.ask("/oauth2callback?code=c1&state=x").status == 403
    assert visitor.cookies.get(COOKIE) is None


def test_an_answer_serves_the_browser_that_asked_and_once_only(visit: Callable[..., Visitor]):
    visitor = visit()
    asked = visitor.ask("/sign-in").headers["location"]
    parts = urlsplit(asked)
    back = path_of(Visitor(f"{parts.scheme}://{parts.netloc}").ask(path_of(asked)).headers["location"])
    assert Visitor(visitor.url).ask(back).status == 403, "another browser"
    flow = dict(visitor.cookies)
    assert visitor.ask(back).status == 303
    visitor.cookies = flow
    assert visitor.ask(back).status == 403, "a second time"


def test_a_provider_that_does_not_answer_is_told(visit: Callable[..., Visitor]):
    visitor = visit(issuer="http://127.0.0.1:9")
    answer = visitor.ask("/sign-in")
    assert answer.status == 502
    assert "try again later" in answer.body


def test_the_secret_comes_from_the_environment_and_stands_in_no_message(monkeypatch: pytest.MonkeyPatch):
    declared = OpenIdConnect(kind="oidc", issuer="https://id.example.org", client_id="desk")
    monkeypatch.delenv("DESK_CLIENT_SECRET", raising=False)
    with pytest.raises(DeclarationError, match="DESK_CLIENT_SECRET"):
        Provider(declared, "https://desk.example.org/oauth2callback")


def test_a_sign_in_that_takes_too_long_is_over():
    now = [0.0]
    flows = Flows(lambda: now[0])
    token = flows.keep(Flow("state", "nonce", "verifier", "/"))
    now[0] = 601.0
    assert flows.take(token) is None
