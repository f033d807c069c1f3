"""Passwords in their file, sessions that end, and the brake on guessing."""

import stat
from pathlib import Path

import pytest

from orchestration_assets.desk import passwords
from orchestration_assets.desk.sessions import Brake, Sessions, handle_of
from orchestration_assets.errors import DeclarationError

LONG = "correct horse battery"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_password_is_right_only_for_its_own_person(tmp_path: Path):
    file = tmp_path / "desk.passwords"
    passwords.set_password(file, "One@example.org", LONG)
    passwords.set_password(file, "two@example.org", "another long password")
    assert passwords.is_right(file, "one@EXAMPLE.org", LONG)
    assert not passwords.is_right(file, "two@example.org", LONG)
    assert not passwords.is_right(file, "one@example.org", LONG + " ")
    assert not passwords.is_right(file, "nobody@example.org", LONG)
    assert not passwords.is_right(file, "one@example.org", "")


def test_the_file_is_its_owners_alone_and_holds_no_password(tmp_path: Path):
    file = tmp_path / "desk.passwords"
    passwords.set_password(file, "one", LONG)
    passwords.set_password(file, "two", LONG)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    lines = file.read_text().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["one", "two"]
    assert all("$argon2id$" in line and LONG not in line for line in lines)
    assert lines[0].partition(":")[2] != lines[1].partition(":")[2], "each has a salt of its own"


def test_a_password_is_replaced(tmp_path: Path):
    file = tmp_path / "desk.passwords"
    passwords.set_password(file, "one", LONG)
    passwords.set_password(file, "one", "quite another password")
    assert not passwords.is_right(file, "one", LONG)
    assert passwords.is_right(file, "one", "quite another password")
    assert len(file.read_text().splitlines()) == 1


def test_a_file_that_others_may_read_is_refused(tmp_path: Path):
    file = tmp_path / "desk.passwords"
    passwords.set_password(file, "one", LONG)
    file.chmod(0o640)
    with pytest.raises(DeclarationError, match="chmod 600"):
        passwords.is_right(file, "one", LONG)


@pytest.mark.parametrize("hashed", ["", "plain", "$argon2id$v=19$m=8,t=1,p=1$", "!" * 2000])
def test_a_line_that_holds_no_hash_lets_nobody_in(tmp_path: Path, hashed: str):
    file = tmp_path / "desk.passwords"
    file.touch(mode=0o600)
    file.write_text(f"one:{hashed}\n")
    assert not passwords.is_right(file, "one", hashed)


@pytest.mark.parametrize("name", ["", " ", "a:b", "a\nb:x", "a\rb", "a\x1bb", "\u202ea"])
def test_a_name_that_would_break_the_file_is_refused(tmp_path: Path, name: str):
    with pytest.raises(DeclarationError):
        passwords.set_password(tmp_path / "desk.passwords", name, LONG)


def test_a_short_password_is_refused_and_not_repeated(tmp_path: Path):
    with pytest.raises(DeclarationError) as caught:
        passwords.set_password(tmp_path / "desk.passwords", "one", "elevenchars")
    assert "elevenchars" not in str(caught.value)


def test_a_session_ends_after_its_hours_though_it_is_used():
    clock = Clock()
    sessions = Sessions(hours=1, idle_minutes=30, clock=clock)
    handle = handle_of(sessions.begin("one"))
    for _ in range(3):
        clock.now += 19 * 60
        assert sessions.name_of(handle) == "one"
    clock.now += 4 * 60
    assert sessions.name_of(handle) is None


def test_a_session_ends_when_it_is_not_used():
    clock = Clock()
    sessions = Sessions(hours=12, idle_minutes=30, clock=clock)
    handle = handle_of(sessions.begin("one"))
    clock.now += 30 * 60
    assert sessions.name_of(handle) is None
    clock.now -= 60
    assert sessions.name_of(handle) is None, "what is over does not come back"


def test_a_session_ends_when_it_is_ended_and_no_other_does():
    sessions = Sessions(hours=1, idle_minutes=30)
    first, second = handle_of(sessions.begin("one")), handle_of(sessions.begin("one"))
    sessions.end(first)
    assert sessions.name_of(first) is None
    assert sessions.name_of(second) == "one"


def test_the_token_itself_is_no_handle():
    sessions = Sessions(hours=1, idle_minutes=30)
    token = sessions.begin("one")
    assert sessions.name_of(token) is None
    assert sessions.name_of("") is None


def test_guessing_one_name_is_slowed_and_never_for_more_than_a_minute():
    clock = Clock()
    brake = Brake(clock)
    assert [brake.attempt("one", f"10.0.0.{i}") for i in range(5)] == [0.0] * 5
    assert brake.attempt("ONE ", "10.9.9.9") == 1.0
    assert brake.attempt("another", "10.9.9.9") == 0.0
    for _ in range(20):
        clock.now += 60
        assert brake.attempt("one", "10.8.8.8") == 0.0
    assert brake.attempt("one", "10.7.7.7") == 60.0


def test_guessing_many_names_from_one_address_is_slowed():
    clock = Clock()
    brake = Brake(clock)
    assert [brake.attempt(f"name {i}", "10.0.0.1") for i in range(20)] == [0.0] * 20
    assert brake.attempt("yet another", "10.0.0.1") == 1.0
    assert brake.attempt("yet another", "10.0.0.2") == 0.0


def test_a_success_forgets_the_failures():
    brake = Brake(Clock())
    for _ in range(5):
        brake.attempt("one", "10.0.0.1")
    brake.succeeded("one", "10.0.0.1")
    assert brake.attempt("one", "10.0.0.1") == 0.0
