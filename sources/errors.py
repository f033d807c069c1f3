"""Errors and mistakes: `Mistake` is what an author wrote wrongly, `SourceError` what went wrong outside.

A defect of the delivered data is neither: it becomes a status, a reason or an unreadable line.
"""

from dataclasses import dataclass


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
    """An endpoint did not serve; the message says why, without secrets or values of records."""


class RetryLater(EndpointFailure):
    """An endpoint asks to be asked again, not before `seconds` from now."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class NothingNew(EndpointFailure):
    """An endpoint serves, and has nothing beyond the position from which it was asked to go on."""


class UnsetVariable(EndpointFailure):
    """A declaration refers to an environment variable that is not set."""


class PathRefused(EndpointFailure):
    """A path leaves the folder that it belongs to."""
