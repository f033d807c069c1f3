"""What Python libraries answered, kept from run to run: a distinct value is asked of a library once, as long as its version stays.

Values are not written down, only their hashes; answers are (a telephone number among them): the file belongs to the feed, at its site.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import polars as pl

KEPT = 500_000
"""So many answers of a feed are kept, the latest."""
ANSWERS = pl.Schema({"asked": pl.String(), "value": pl.Binary(), "answer": pl.String()})
"""One row per distinct value: library, version and way of asking; hash of the value; the answer (null: none)."""

_Asked = dict[bytes, str | None]


class Answers:
    """The answers of one feed. Safe to use from several threads: who asks at the same time asks twice, no more."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known: dict[str, _Asked] = {}
        self.new = 0
        if path.exists():
            for asked, value, answer in pl.read_parquet(path).iter_rows():
                self.known.setdefault(asked, {})[value] = answer

    def of(
        self, values: list[str], ask: Callable[[str], str | None], library: str, how: str
    ) -> list[str | None]:
        """One answer per value; only what is not known is asked. `how`: the method with its version, and its options."""
        known = self.known.setdefault(f"{library} {_version(library)}, {how}", {})
        hashes = [hashlib.blake2b(value.encode(), digest_size=16).digest() for value in values]
        for value, hashed in zip(values, hashes, strict=True):
            if hashed not in known:
                known[hashed] = ask(value)
                self.new += 1
        return [known[hashed] for hashed in hashes]

    def keep(self) -> None:
        """Write down what is new, at once or not at all; of two processes the later one's answers stay."""
        if not self.new:
            return
        rows = [(asked, value, answer) for asked, of in self.known.items() for value, answer in of.items()]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}-{os.getpid()}.tmp")
        pl.DataFrame(rows[-KEPT:], schema=ANSWERS, orient="row").write_parquet(temporary)
        temporary.replace(self.path)
        self.new = 0


_REMEMBERED: list[Answers] = []
"""Those of the feed that this process works on: one at a time, as with runs."""


@contextmanager
def remembering(path: Path) -> Iterator[Answers]:
    """Within, libraries are asked only what the file at `path` does not answer; it is brought up to date at the end."""
    answers = Answers(path)
    _REMEMBERED.append(answers)
    try:
        yield answers
    finally:
        _REMEMBERED.remove(answers)
        answers.keep()


def answered(values: list[str], ask: Callable[[str], str | None], library: str, how: str) -> list[str | None]:
    """One answer per value, from before where it is remembered."""
    if _REMEMBERED:
        return _REMEMBERED[-1].of(values, ask, library, how)
    return [ask(value) for value in values]


@cache
def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "unknown"
