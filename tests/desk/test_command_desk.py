"""`breakwater desk` before it serves: what it refuses, and how people get passwords."""

import io
import stat
import sys
from pathlib import Path

import pytest

from orchestration_assets.cli import main
from orchestration_assets.desk import passwords, server
from orchestration_assets.desk.access import Open
from orchestration_assets.errors import DeclarationError
from orchestration_assets.links import queue_link, record_link
from orchestration_assets.settings import settings

LOCAL = "sign_in: {kind: local}\npeople:\n  one@example.org: {role: reviewer}\n"
PASSWORD = "a password that is long enough"


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the desk's declaration would be; it is not there yet."""
    monkeypatch.setenv("BREAKWATER_HOME", str(tmp_path))
    for name in ("BREAKWATER_DESK", "BREAKWATER_DESK_URL", "BREAKWATER_DAGSTER_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "desk.yaml"


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "desk.example.org"])
def test_an_open_desk_is_refused_where_others_reach_it(
    declared: Path, host: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["desk", "--host", host]) == 1
    assert host in capsys.readouterr().err


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_desk_without_a_declaration_is_its_owners_on_this_machine(declared: Path, host: str):
    desk = server.desk_of(settings(), "owner", host, 8501, shows_personal=False)
    assert isinstance(desk.access.sign_in, Open)
    person = desk.person_named("owner")
    assert (person.may_decide, person.may_see_personal) == (True, False)
    assert desk.person_named("another") is None


def test_a_declaration_that_is_named_and_not_there_is_no_open_desk(
    declared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("BREAKWATER_DESK", str(declared))
    assert main(["desk"]) == 1
    assert "there is no file" in capsys.readouterr().err


def test_a_mistake_in_the_declaration_ends_the_command(declared: Path, capsys: pytest.CaptureFixture[str]):
    declared.write_text(LOCAL + "  two@example.org: {role: boss}\n")
    assert main(["desk"]) == 1
    assert "desk.yaml:4: " in capsys.readouterr().err


def test_an_open_desk_names_one_person(declared: Path):
    declared.write_text("sign_in: {kind: open}\npeople:\n  one: {role: viewer}\n  two: {role: viewer}\n")
    with pytest.raises(DeclarationError, match="one person"):
        server.desk_of(settings(), "owner", "127.0.0.1", 8501, shows_personal=False)


def test_a_person_gets_a_password(
    declared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    declared.write_text(LOCAL)
    typed(monkeypatch, f"{PASSWORD}\n")
    assert main(["desk", "--add-user", "One@example.org"]) == 0
    file = declared.with_name("desk.passwords")
    assert passwords.is_right(file, "one@example.org", PASSWORD)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    printed = capsys.readouterr()
    assert PASSWORD not in printed.out + printed.err
    assert printed.err == ""


def test_who_has_a_password_and_no_role_is_told_of(
    declared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    declared.write_text(LOCAL)
    typed(monkeypatch, f"{PASSWORD}\n")
    assert main(["desk", "--add-user", "stranger@example.org"]) == 0
    assert "without a role they may do nothing" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "\n", "short\n"])
def test_a_short_password_is_refused(
    declared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
):
    declared.write_text(LOCAL)
    typed(monkeypatch, text)
    assert main(["desk", "--add-user", "one@example.org"]) == 1
    assert not declared.with_name("desk.passwords").exists()
    assert "at least 12" in capsys.readouterr().err


def test_passwords_are_for_local_sign_in_only(declared: Path, capsys: pytest.CaptureFixture[str]):
    declared.write_text("sign_in: {kind: header, header: X-User, proxies: [127.0.0.1]}\n")
    assert main(["desk", "--add-user", "one@example.org"]) == 1
    assert "lets nobody sign in with a password" in capsys.readouterr().err


def test_links_lead_to_the_declared_address(declared: Path, monkeypatch: pytest.MonkeyPatch):
    assert queue_link("payments") == "http://127.0.0.1:8501/?feed=payments"
    monkeypatch.setenv("BREAKWATER_DESK_URL", "https://desk.example.org/")
    assert queue_link("payments", "2026-11-01", "review") == (
        "https://desk.example.org/?feed=payments&partition=2026-11-01&table=review"
    )
    assert record_link("payments", "ledger:2026-11-01:0a1b:7") == (
        "https://desk.example.org/record?of=payments&record=ledger%3A2026-11-01%3A0a1b%3A7"
    )


@pytest.mark.parametrize(
    "url", ["desk.example.org", "ftp://desk.example.org", "https://", "https://a.example.org/?b"]
)
def test_an_address_that_is_none_is_told(declared: Path, monkeypatch: pytest.MonkeyPatch, url: str):
    monkeypatch.setenv("BREAKWATER_DESK_URL", url)
    with pytest.raises(DeclarationError, match="BREAKWATER_DESK_URL"):
        settings()


def test_only_scripts_of_streamlits_own_page_may_stand_in_a_page():
    found = server.inline_scripts()
    assert all(len(one) == 44 for one in found)
