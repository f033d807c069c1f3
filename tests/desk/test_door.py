"""What gets past the door, over real sockets."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from orchestration_assets.desk import passwords
from orchestration_assets.desk.access import load_access
from orchestration_assets.desk.current import HANDLE_HEADER, Desk, new_sessions
from orchestration_assets.desk.door import COOKIE
from orchestration_assets.desk.sessions import Brake
from orchestration_assets.desk.sign_in import local_target
from orchestration_assets.settings import settings
from tests.desk.conftest import PASSWORD, Visitor, desk_with

OPEN = {"sign_in": {"kind": "open"}, "people": {"owner": {"role": "reviewer"}}}
PROXIED = {
    "sign_in": {"kind": "header", "header": "X-Forwarded-User", "proxies": ["127.0.0.1/32"]},
    "people": {"one@example.org": {"role": "reviewer"}},
}
PEOPLE = {"one": {"role": "reviewer"}, "two": {"role": "viewer"}}
Opened = Callable[[Desk], Visitor]


@pytest.fixture
def local(tmp_path: Path) -> Desk:
    """A desk with a password file: `one` may decide, `two` may look, `three` has a password and no role."""
    for name in ("one", "two", "three"):
        passwords.set_password(tmp_path / "desk.passwords", name, PASSWORD)
    return desk_with(
        {"sign_in": {"kind": "local", "passwords": tmp_path / "desk.passwords"}, "people": PEOPLE}
    )


def through_the_socket(visitor: Visitor, **headers: str) -> dict | str | None:
    """What the page behind the door is told of who opens a socket; `refused` if it does not open."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    origin = given.pop("Origin", visitor.url)
    if visitor.cookies:
        given.setdefault("Cookie", "; ".join(f"{k}={v}" for k, v in visitor.cookies.items()))
    url = visitor.url.replace("http:", "ws:") + "/_stcore/stream"
    try:
        with connect(url, origin=origin or None, additional_headers=given, open_timeout=20) as socket:
            return json.loads(socket.recv(timeout=20))
    except (InvalidHandshake, ConnectionClosed):
        return "refused"


def test_nothing_is_shown_before_signing_in(opened: Opened, local: Desk):
    visitor = opened(local)
    answer = visitor.ask("/record?feed=payments&record=a:b:c:1")
    assert answer.status == 303
    assert answer.headers["location"] == "/sign-in?to=%2Frecord%3Ffeed%3Dpayments%26record%3Da%3Ab%3Ac%3A1"
    assert visitor.ask("/media/x", Sec_Fetch_Dest="image").status == 401
    assert visitor.ask("/_stcore/upload_file/x", {"a": "b"}).status == 401
    assert through_the_socket(visitor) == "refused"


def test_signing_in_leads_to_the_page_that_was_asked_for(opened: Opened, local: Desk):
    visitor = opened(local)
    answer = visitor.sign_in("ONE", to="/record?feed=payments")
    assert (answer.status, answer.headers["location"]) == (303, "/record?feed=payments")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=lax" in answer.headers["set-cookie"]
    assert visitor.ask("/record").json["path"] == "/record"
    assert through_the_socket(visitor) == {"name": "one", "decides": True}


def test_a_viewer_may_look(opened: Opened, local: Desk):
    visitor = opened(local)
    visitor.sign_in("two")
    assert through_the_socket(visitor) == {"name": "two", "decides": False}


@pytest.mark.parametrize(
    ("name", "password"),
    [("one", "wrong"), ("nobody", PASSWORD), ("three", PASSWORD), ("", ""), ("one", "x" * 9000)],
)
def test_who_is_not_known_here_is_told_the_same(opened: Opened, local: Desk, name: str, password: str):
    visitor = opened(local)
    answer = visitor.sign_in(name, password)
    assert answer.status == 401
    assert "That name and password are not known here." in answer.body
    assert COOKIE not in visitor.cookies


def test_a_cookie_that_was_made_up_opens_nothing(opened: Opened, local: Desk):
    visitor = opened(local)
    visitor.cookies[COOKIE] = "made-up"
    assert visitor.ask("/").status == 303
    assert through_the_socket(visitor) == "refused"


def test_nobody_says_themselves_who_they_are(opened: Opened, local: Desk):
    visitor = opened(local)
    visitor.sign_in("two")
    victim = Visitor(visitor.url)
    victim.sign_in("one")
    handle = next(handle for handle, session in local.sessions._of.items() if session.name == "one")
    assert visitor.ask("/", **{HANDLE_HEADER: handle}).json["handle"] is None
    assert through_the_socket(visitor, **{HANDLE_HEADER: handle}) == {"name": "two", "decides": False}


def test_signing_out_ends_the_session(opened: Opened, local: Desk):
    visitor = opened(local)
    visitor.sign_in("one")
    kept = dict(visitor.cookies)
    assert visitor.ask("/sign-out").status == 200
    assert visitor.ask("/").status == 200, "looking at the page for signing out does not sign out"
    assert visitor.ask("/sign-out", {}).status == 200
    visitor.cookies = kept
    assert visitor.ask("/").status == 303
    assert through_the_socket(visitor) == "refused"


def test_too_many_attempts_have_to_wait(opened: Opened, local: Desk):
    local.brake = Brake(lambda: 0.0)  # a clock that stands still: how busy the machine is does not matter
    visitor = opened(local)
    statuses = [visitor.sign_in("one", "wrong").status for _ in range(5)]
    statuses += [visitor.sign_in("one", PASSWORD).status]
    assert statuses == [401] * 5 + [429]


def test_a_role_that_is_taken_away_counts_at_once(opened: Opened, tmp_path: Path):
    file = tmp_path / "desk.yaml"
    file.write_text("sign_in: {kind: local}\npeople:\n  one: {role: reviewer}\n  two: {role: viewer}\n")
    passwords.set_password(tmp_path / "desk.passwords", "one", PASSWORD)
    access = load_access(file)
    visitor = opened(Desk(settings(), access, file, new_sessions(access)))
    visitor.sign_in("one")
    assert through_the_socket(visitor) == {"name": "one", "decides": True}
    file.write_text("sign_in: {kind: local}\npeople:\n  one: {role: viewer}\n")
    assert through_the_socket(visitor) == {"name": "one", "decides": False}
    file.write_text("sign_in: {kind: local}\n")
    assert visitor.ask("/").status == 403
    assert through_the_socket(visitor) == "refused"
    file.write_text("sign_in: [")
    assert visitor.ask("/").status == 403, "while the file is wrong, nobody has a right"


def test_another_page_cannot_speak_for_who_is_signed_in(opened: Opened, local: Desk):
    visitor = opened(local)
    visitor.sign_in("one")
    assert visitor.ask("/sign-out", {}, Origin="https://elsewhere.example.org").status == 403
    assert visitor.ask("/sign-in", {}, Origin="null").status == 403
    assert through_the_socket(visitor, Origin="https://elsewhere.example.org") == "refused"
    assert through_the_socket(visitor, Origin="") == "refused"
    assert visitor.ask("/").status == 200


def test_a_name_that_points_here_without_being_declared_is_refused(opened: Opened):
    visitor = opened(desk_with(OPEN))
    assert visitor.ask("/").status == 200
    assert visitor.ask("/", Host="elsewhere.example.org:8501").status == 400
    declared = opened(desk_with(OPEN | {"hosts": ["Desk.example.org"]}))
    assert declared.ask("/", Host="desk.example.org").status == 200


def test_an_open_desk_knows_its_one_person(opened: Opened):
    assert through_the_socket(opened(desk_with(OPEN))) == {"name": "owner", "decides": True}


def test_a_declared_proxy_says_who_it_is(opened: Opened):
    visitor = opened(desk_with(PROXIED))
    assert through_the_socket(visitor, X_Forwarded_User="One@example.org") == {
        "name": "one@example.org",
        "decides": True,
    }
    assert visitor.ask("/", X_Forwarded_User="stranger@example.org").status == 403
    assert visitor.ask("/").status == 403
    assert through_the_socket(visitor) == "refused"


def test_nobody_else_is_believed_whatever_they_say_of_their_address(opened: Opened):
    elsewhere = PROXIED | {"sign_in": PROXIED["sign_in"] | {"proxies": ["10.0.0.0/8"]}}
    visitor = opened(desk_with(elsewhere))
    said = {"X_Forwarded_User": "one@example.org", "X_Forwarded_For": "10.0.0.1", "Forwarded": "for=10.0.0.1"}
    assert visitor.ask("/", **said).status == 403
    assert through_the_socket(visitor, **said) == "refused"


def test_pages_forbid_scripts_from_elsewhere_and_frames(opened: Opened):
    answer = opened(desk_with(OPEN)).ask("/")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert "'unsafe-inline'" not in policy["script-src"]
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("to", "target"),
    [
        ("/", "/"),
        ("/record?feed=payments&record=a:b:c:1", "/record?feed=payments&record=a:b:c:1"),
        ("https://elsewhere.example.org/", "/"),
        ("//elsewhere.example.org/", "/"),
        ("/\\elsewhere.example.org", "/"),
        ("javascript:alert(1)", "/"),
        ("record", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
        ("/\t/elsewhere.example.org", "/"),
        ("", "/"),
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(to: str, target: str):
    assert local_target(to) == target


def test_what_was_asked_for_does_not_break_out_of_the_form(opened: Opened, local: Desk):
    answer = opened(local).ask("/sign-in?to=/%22%27%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert answer.status == 200
    assert "<script" not in answer.body
