"""Who is signed in: sessions that end by themselves, and a brake on guessing passwords. In memory only."""

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from orchestration_assets.desk.access import same_name

Clock = Callable[[], float]
MOST_SESSIONS = 10_000
_FREE_ATTEMPTS = {"name": 5, "address": 20}  # behind a proxy, one address is many people
_LONGEST_PAUSE_SECONDS = 60.0
_MOST_CULPRITS = 10_000


@dataclass
class _Session:
    name: str
    began: float
    used: float


class Sessions:
    """The sessions of one desk. The token is known to the browser alone; pages know its hash, the handle."""

    def __init__(self, hours: float, idle_minutes: float, clock: Clock = time.monotonic) -> None:
        self._longest, self._idle, self._clock = hours * 3600, idle_minutes * 60, clock
        self._of: dict[str, _Session] = {}
        self._lock = threading.Lock()

    def begin(self, name: str) -> str:
        """A new session's token."""
        token, now = secrets.token_urlsafe(32), self._clock()
        with self._lock:
            self._of = {h: s for h, s in self._of.items() if self._lasts(s, now)}
            while len(self._of) >= MOST_SESSIONS:
                self._of.pop(next(iter(self._of)))
            self._of[handle_of(token)] = _Session(name, now, now)
        return token

    def name_of(self, handle: str) -> str | None:
        """Whose session it is, which this use prolongs; None once it is over."""
        now = self._clock()
        with self._lock:
            session = self._of.get(handle)
            if session is None or not self._lasts(session, now):
                self._of.pop(handle, None)
                return None
            session.used = now
            return session.name

    def end(self, handle: str) -> None:
        """End it now."""
        with self._lock:
            self._of.pop(handle, None)

    def _lasts(self, session: _Session, now: float) -> bool:
        return now - session.began < self._longest and now - session.used < self._idle


def handle_of(token: str) -> str:
    """What stands for the token where the token itself must not be known."""
    return hashlib.sha256(token.encode("utf-8", errors="replace")).hexdigest()


class Brake:
    """Slows guessing down: after some failures of one name, or from one address, each next attempt has to wait longer.

    A pause ends after a minute at most: nobody is locked out for good by what others try.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[tuple[str, str], tuple[int, float]] = {}
        self._lock = threading.Lock()

    def attempt(self, name: str, address: str) -> float:
        """0 if an attempt may be made, which counts as failed until `succeeded`; else the seconds until it may."""
        now = self._clock()
        culprits = (("name", same_name(name)), ("address", address))
        with self._lock:
            if pause := max(self._pause_of(culprit, now) for culprit in culprits):
                return pause
            for culprit in culprits:
                count, _ = self._failures.pop(culprit, (0, now))
                self._failures[culprit] = (count + 1, now)
            while len(self._failures) > _MOST_CULPRITS:
                self._failures.pop(next(iter(self._failures)))
        return 0.0

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of the name, and from this address: it was its owner's typing."""
        with self._lock:
            self._failures.pop(("name", same_name(name)), None)
            self._failures.pop(("address", address), None)

    def _pause_of(self, culprit: tuple[str, str], now: float) -> float:
        count, last = self._failures.get(culprit, (0, 0.0))
        beyond = count - _FREE_ATTEMPTS[culprit[0]]
        return max(0.0, last + min(2.0**beyond, _LONGEST_PAUSE_SECONDS) - now) if beyond >= 0 else 0.0
