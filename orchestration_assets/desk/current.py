"""The one desk of this process: who is signed in, and what they may do. Its pages ask here at every step."""

import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

from orchestration_assets.desk.access import Access, Open, Person, load_access, person_of
from orchestration_assets.desk.sessions import Brake, Sessions
from orchestration_assets.errors import DeclarationError
from orchestration_assets.settings import Settings

HANDLE_HEADER = "x-breakwater-session"
"""Set by the door, and by nobody else: which session a page belongs to."""


@dataclass
class Desk:
    """What all pages of one desk share. `file`: where `access` was declared; None for an open desk."""

    settings: Settings
    access: Access
    file: Path | None
    sessions: Sessions
    brake: Brake = field(default_factory=Brake)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _seen: tuple[int, int] | None = None

    def person(self, handle: str | None) -> Person | None:
        """Who has the session, as it is declared now; None: nobody who may look."""
        name = self.sessions.name_of(handle) if handle else None
        return self.person_named(name) if name else None

    def person_named(self, name: str) -> Person | None:
        """What somebody who is signed in under `name` may do, as it is declared now."""
        access = self._access_now()
        return person_of(access, name) if access else None

    def _access_now(self) -> Access | None:
        """A change of rights counts at once; while the file is wrong, nobody has any."""
        if self.file is None:
            return self.access
        with self._lock:
            try:
                found = self.file.stat()
                if (stamp := (found.st_mtime_ns, found.st_size)) != self._seen:
                    self.access, self._seen = load_access(self.file), stamp
            except (OSError, DeclarationError) as error:
                self._seen = None
                print(f"breakwater desk: nobody is let in: {error}", file=sys.stderr)  # noqa: T201
                return None
            return self.access


_current: list[Desk] = []


def install(desk: Desk) -> None:
    """Let `desk` be the one of this process."""
    _current[:] = [desk]


def current() -> Desk:
    """The desk of this process; raises `LookupError` where the pages were started without their door."""
    if not _current:
        raise LookupError("the desk's pages are served by `breakwater desk` only")
    return _current[0]


def new_sessions(access: Access) -> Sessions:
    """Those of a desk; an open one has none that would end."""
    if isinstance(access.sign_in, Open):
        return Sessions(float("inf"), float("inf"))
    return Sessions(access.sessions.hours, access.sessions.idle_minutes)
