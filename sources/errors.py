"""Errors and mistakes: `Mistake` is what an author wrote wrongly, `SourceError` what went wrong outside.

A defect of the delivered data is neither: it becomes a status, a reason or an unreadable line.
"""

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong with a declaration; `line` counts from 1, 0 is the file as a whole."""

    file: str
    line: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """Return one line for the message and, where there is a hint, a second one for it."""
        text = f"{self.file}:{self.line}: {self.message}"
        return f"{text}\nHint: {self.hint}" if self.hint else text


class SourceError(Exception):
    """Base of the errors that `sources` raises."""


class PartitionRefused(SourceError, ValueError):
    """The name of a partition cannot stand in a path; a mistake of the caller."""


class NotReadable(SourceError, ValueError):
    """What was to be read was not landed, or is not in the store; a mistake of the caller."""


class EndpointFailure(SourceError):
    """An endpoint did not serve; the message says why, without secrets or values of records.

    `is_transient`: it may serve when it is asked again, and the failure speaks against the endpoint.
    """

    is_transient: ClassVar[bool] = True


class RetryLater(EndpointFailure):
    """The endpoint asks to be left alone for `seconds`, as an answer with `Retry-After` does."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = max(0.0, seconds)


class LastingFailure(EndpointFailure):
    """Asked again soon, the endpoint would answer alike: 401, 404, no such file, no row."""

    is_transient = False


class NotAsked(LastingFailure):
    """The endpoint was not asked: outside its hours, left alone after failures, or its rate is used up."""


class NothingNew(LastingFailure):
    """The endpoint serves, and has nothing beyond the position from which it was asked to go on."""


class UnsetVariable(LastingFailure):
    """A declaration refers to an environment variable that is not set."""


class PathRefused(LastingFailure):
    """A path leaves the folder that it belongs to."""


def place_of(error: BaseException) -> str:
    """Return the type of a defect and where it showed, without its message, which may hold a value or a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
