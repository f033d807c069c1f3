"""Who may do what, as the YAML file says it."""

from pathlib import Path

import pytest

from orchestration_assets.desk.access import (
    Access,
    Person,
    is_loopback,
    load_access,
    open_access,
    person_of,
)
from orchestration_assets.errors import DeclarationError

DECLARED = """
sign_in: {kind: local}
people:
  Reviewer@Example.org: {role: reviewer, personal: true}
  looker@example.org: {role: viewer}
"""


def declared(folder: Path, text: str) -> Path:
    path = folder / "desk.yaml"
    path.write_text(text)
    return path


def test_a_person_has_the_role_that_is_declared_however_they_write_their_name(tmp_path: Path):
    access = load_access(declared(tmp_path, DECLARED))
    assert person_of(access, " reviewer@EXAMPLE.org") == Person("reviewer@example.org", True, True)
    assert person_of(access, "looker@example.org") == Person("looker@example.org", False, False)


def test_who_is_not_declared_may_do_nothing(tmp_path: Path):
    assert person_of(load_access(declared(tmp_path, DECLARED)), "stranger@example.org") is None


def test_others_may_be_given_a_role(tmp_path: Path):
    access = load_access(declared(tmp_path, DECLARED + "others: {role: viewer}\n"))
    assert person_of(access, "stranger@example.org") == Person("stranger@example.org", False, False)


def test_the_password_file_lies_beside_the_declaration(tmp_path: Path):
    access = load_access(declared(tmp_path, DECLARED))
    assert access.sign_in.passwords == tmp_path / "desk.passwords"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sign_in: {kind: ldap}", "desk.yaml:1: "),
        ("people: {}", "sign_in"),
        (DECLARED + "  third: {role: admin}\n", "desk.yaml:6: "),
        (DECLARED + "colour: blue\n", "colour"),
        (DECLARED + "sessions: {hours: 0}\n", "desk.yaml:6: "),
        (DECLARED + "  LOOKER@example.org: {role: viewer}\n", "looker@example.org"),
        ("sign_in: {kind: header, header: X-User, proxies: []}", "proxies"),
        ("sign_in: {kind: header, header: X-User, proxies: [everybody]}", "desk.yaml:1: "),
        ("sign_in: {kind: header, header: 'X User', proxies: [10.0.0.1]}", "desk.yaml:1: "),
        ("sign_in: {kind: oidc, issuer: 'http://id.example.org', client_id: desk}", "https"),
        (
            "sign_in: {kind: oidc, issuer: 'https://id.example.org', client_id: desk, scopes: [email]}",
            "openid",
        ),
        ("sign_in: [", "desk.yaml:1: "),
    ],
)
def test_each_mistake_is_named_with_its_line(tmp_path: Path, text: str, told: str):
    with pytest.raises(DeclarationError) as caught:
        load_access(declared(tmp_path, text))
    assert told in str(caught.value)
    assert "Hint: " in str(caught.value)


def test_all_mistakes_are_named_at_once(tmp_path: Path):
    text = "sign_in: {kind: local, colour: blue}\npeople: {a: {role: admin}}\nsessions: {hours: -1}\n"
    with pytest.raises(DeclarationError) as caught:
        load_access(declared(tmp_path, text))
    assert [f"desk.yaml:{line}:" in str(caught.value) for line in (1, 2, 3)] == [True, True, True]


def test_an_open_desk_masks_personal_fields_unless_asked():
    assert person_of(open_access("someone", shows_personal=False), "someone") == Person(
        "someone", True, False
    )
    assert person_of(open_access("someone", shows_personal=True), "someone") == Person("someone", True, True)


def test_settings_of_sessions_have_defaults():
    access = Access.model_validate({"sign_in": {"kind": "open"}})
    assert (access.sessions.hours, access.sessions.idle_minutes) == (12, 60)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.example.org", False),
        ("", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, expected: bool):
    assert is_loopback(host) is expected
