"""What is remembered of a source's endpoints from one process to the next: a small JSON file, changed under a lock.

A file that is damaged is as good as none: what it said is learnt again, and no source waits for it.
"""

import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from sources.availability.breaker import Circuit
from sources.availability.pacing import Bucket

FILE = "availability.json"

UNTROUBLED = Circuit()
"""Of an endpoint that nothing is held against."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of one endpoint, as long as it is declared in the same words (`declared`: their hash)."""

    declared: str = ""
    circuit: Circuit = UNTROUBLED
    bucket: Bucket | None = None
    served_at: float = 0.0
    """When it last handed over something usable, in seconds since 1970."""


class Remembered:
    """The file of one source. Threads and processes may share it: each change is read, made and written alone."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def of(self, label: str, declared: str) -> Known:
        """Return what is known of the endpoint, without waiting for anybody."""
        known = self._read().get(label, Known())
        return known if known.declared == declared else Known(declared, served_at=known.served_at)

    def served_at(self) -> float:
        """Return when any endpoint of the source last handed over something usable; 0 where none did."""
        return max((known.served_at for known in self._read().values()), default=0.0)

    def change(self, label: str, declared: str, change: Callable[[Known], tuple[Known, T]]) -> T:
        """Let `change` turn what is known of the endpoint into something else; return what else it returns.

        Raises OSError where the folder cannot be written.
        """
        with self._alone():
            before = self.of(label, declared)
            after, answer = change(before)
            if after != before:
                self._write({**self._read(), label: replace(after, declared=declared)})
        return answer

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _read(self) -> dict[str, Known]:
        try:
            content = json.loads(self.path.read_bytes())
            return {str(label): _known(row) for label, row in content.items()}
        except (OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
            return {}

    def _write(self, content: dict[str, Known]) -> None:
        text = json.dumps({label: asdict(known) for label, known in content.items()}, indent=1)
        temporary = self.path.with_name(f".{self.path.name}-{os.getpid()}-{threading.get_ident()}")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(self.path)


def _known(row: dict[str, Any]) -> Known:
    """Return one endpoint's row of the file; ValueError, TypeError or KeyError where it is damaged."""
    circuit, bucket = row["circuit"], row["bucket"]
    return Known(
        declared=str(row["declared"]),
        circuit=Circuit(
            failures=int(_number(circuit["failures"])),
            opened_at=_number(circuit["opened_at"]),
            probe_until=_number(circuit["probe_until"]),
            quiet_until=_number(circuit["quiet_until"]),
            quiet_seconds=_number(circuit.get("quiet_seconds", 0.0)),
            reason=str(circuit["reason"]),
        ),
        bucket=None if bucket is None else Bucket(_number(bucket["tokens"]), _number(bucket["at"])),
        served_at=_number(row["served_at"]),
    )


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value - value != 0:
        raise ValueError("no number")
    return float(value)
