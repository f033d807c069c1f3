"""A deadline for clients that have none of their own: they work in a thread that is left behind when the time is up."""

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sources.connectors.payload import Deadline

_WAIT_SECONDS = 0.1

Item = TypeVar("Item")


def in_time(made: Callable[[], Generator[Item, None, None]], deadline: Deadline) -> Iterator[Item]:
    """Yield what the generator yields, at most one item ahead; EndpointFailure where the time is up.

    What it raises is raised here. A client that hangs for ever holds nothing but its own daemon thread.
    """
    work = _Work(made)
    threading.Thread(target=work.run, daemon=True, name="connector").start()
    try:
        while not isinstance(item := work.next(deadline), _End):
            yield item
    finally:
        work.is_left.set()


class _End:
    """What comes after the last item."""


_END = _End()


@dataclass(slots=True)
class _Work(Generic[Item]):
    made: Callable[[], Generator[Item, None, None]]
    is_left: threading.Event = field(default_factory=threading.Event)
    handed: "queue.Queue[Item | _End | BaseException]" = field(default_factory=lambda: queue.Queue(1))

    def run(self) -> None:
        try:
            with closing(self.made()) as items:
                for item in items:
                    if not self._hand(item):
                        return
            self._hand(_END)
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            self._hand(error)

    def next(self, deadline: Deadline) -> "Item | _End":
        while True:
            deadline.check()
            try:
                item = self.handed.get(timeout=deadline.seconds_left)
            except queue.Empty:
                continue
            if isinstance(item, BaseException):
                raise item
            return item

    def _hand(self, item: "Item | _End | BaseException") -> bool:
        """Hand over; False where nobody waits any more."""
        while not self.is_left.is_set():
            try:
                self.handed.put(item, timeout=_WAIT_SECONDS)
            except queue.Full:
                continue
            return True
        return False
