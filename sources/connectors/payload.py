"""What every connector hands over, and the time that it has for it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sources.errors import EndpointFailure

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Payload:
    """One thing that an endpoint hands over; its bytes, or a failure, come while they are iterated."""

    name: str
    chunks: Iterator[bytes]
    format: str | None = None
    """Where the connector itself writes the bytes down, such as `ndjson`; None: what the source declares."""
    position: Callable[[], str] | None = None
    """Called after the chunks are exhausted: from where the next increment goes on."""
    is_one_of_many: bool = False
    """Where it fails, the others of its endpoint are taken all the same."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """Seconds from now within which an endpoint has to hand over everything."""

    seconds: float
    turn: Callable[[float], None] | None = field(default=None, compare=False)
    """Waits until the endpoint's rate allows one more request; is given the seconds that are left."""
    ends_at: float = field(init=False)

    def __post_init__(self) -> None:
        """Start the time."""
        object.__setattr__(self, "ends_at", time.monotonic() + self.seconds)

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self.ends_at

    @property
    def seconds_left(self) -> float:
        """What is left of it, at least a tenth of a second."""
        return max(0.1, self.ends_at - time.monotonic())

    def check(self) -> None:
        """Raise EndpointFailure where the time is up."""
        if self.is_over:
            raise EndpointFailure(f"it took longer than its deadline of {self.seconds:g} s")

    def await_turn(self) -> None:
        """Wait as long as the endpoint's rate asks for; called before each request to the other system.

        EndpointFailure where the time is up, or would be before the rate allows the request.
        """
        self.check()
        if self.turn is not None:
            self.turn(self.ends_at - time.monotonic())
