"""A delivered text as lines that a fault can change before they become bytes again."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

FEW = 15
"""How many lines a fault of single lines strikes."""


@dataclass(frozen=True)
class Sheet:
    """Lines without their ends. `header` is None for NDJSON; `encoding` and `delimiter` are those of the sound text."""

    header: str | None
    lines: tuple[str, ...]
    delimiter: str
    encoding: str

    @property
    def columns(self) -> list[str]:
        """The names in the header."""
        return (self.header or "").split(self.delimiter)

    def content(self, *, newline: str = "\n") -> bytes:
        """The text as bytes, every line ended."""
        return "".join(f"{line}{newline}" for line in self.all_lines).encode(self.encoding)

    @property
    def all_lines(self) -> tuple[str, ...]:
        """The header, if there is one, and the lines of data."""
        return self.lines if self.header is None else (self.header, *self.lines)

    def with_lines(self, lines: Iterable[str]) -> "Sheet":
        """The same with other lines of data."""
        return replace(self, lines=tuple(lines))

    def with_fields(self, change: Callable[[list[str]], list[str]]) -> "Sheet":
        """The same with the fields of the header and of every line changed alike."""

        def changed(line: str) -> str:
            return self.delimiter.join(change(line.split(self.delimiter)))

        return replace(self, header=changed(self.header or ""), lines=tuple(map(changed, self.lines)))

    def with_few(self, change: Callable[[str], str], rng: np.random.Generator) -> "Sheet":
        """The same with a few lines of data changed; neighbours and the last line are left alone."""
        lines = list(self.lines)
        for at in few_of(lines, rng):
            lines[at] = change(lines[at])
        return self.with_lines(lines)

    def with_few_fields(self, change: Callable[[list[str]], None], rng: np.random.Generator) -> "Sheet":
        """The same with the fields of a few lines of data changed in place."""

        def changed(line: str) -> str:
            fields = line.split(self.delimiter)
            change(fields)
            return self.delimiter.join(fields)

        return self.with_few(changed, rng)


def few_of(lines: list[str], rng: np.random.Generator) -> list[int]:
    """Return positions of a few lines, no two of them neighbours, none of them the last."""
    places = np.arange(0, len(lines) - 1, 2)
    return sorted(rng.choice(places, min(FEW, len(places)), replace=False).tolist())


def csv_sheet(content: bytes, *, delimiter: str, encoding: str) -> Sheet:
    """Return the sheet of a sound CSV file."""
    header, *lines = content.decode(encoding).removesuffix("\n").split("\n")
    return Sheet(header, tuple(lines), delimiter, encoding)


def json_sheet(content: bytes) -> Sheet:
    """Return the sheet of a sound NDJSON file."""
    return Sheet(None, tuple(content.decode().removesuffix("\n").split("\n")), ",", "utf-8")
