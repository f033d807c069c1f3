"""Asking the sources of a feed side by side, and how long to wait for a slow one once others have landed.

A source that is not waited for any longer goes on landing in its thread until its deadline, and leaves what it has.
"""

import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from orchestration_assets.errors import BreakwaterError
from orchestration_assets.lake import Lake, writing
from orchestration_assets.steps.arrivals import Arrival, leave
from orchestration_assets.steps.context import Context
from sources.declaration import Source
from sources.delivery import Delivery
from sources.errors import SourceError, place_of
from sources.landing import land
from sources.scanning import FRAGMENT_BYTES

_GRACE_SECONDS = 1.0
"""For a connector to notice that its deadline is over."""

_LOOK_SECONDS = 0.05
"""How often it is looked whether a first source has landed."""

Rows = Callable[[list[Delivery]], list[dict]]


class Landing(threading.Thread):
    """One source, asked in a thread of its own."""

    def __init__(
        self,
        context: Context,
        source: Source,
        *,
        since: dict[str, str],
        rows: Rows,
        fragment_bytes: int | None,
    ) -> None:
        super().__init__(name=f"land-{source.source}", daemon=True)
        self.context, self.source, self.since = context, source, since
        self.arrival: Arrival | None = None
        self.failure: Exception | None = None
        self.is_late = False
        self.began = time.monotonic()
        self.seconds = 0.0
        self._rows, self._fragment_bytes = rows, fragment_bytes or FRAGMENT_BYTES
        self._turn = threading.Lock()

    @property
    def ends_at(self) -> float:
        """When every endpoint has had its deadline."""
        return self.began + self.source.deadline * len(self.source.endpoints) + _GRACE_SECONDS

    def start(self) -> None:
        """Begin, and let the time count from here."""
        self.began = time.monotonic()
        super().start()

    def run(self) -> None:
        """Land, and hand over to whoever waits, or leave it for whoever comes next."""
        try:
            arrival, failure = self._arrived(self._land()), None
        except (BreakwaterError, SourceError, OSError) as error:
            arrival, failure = None, error
        except Exception as error:  # noqa: BLE001 - a defect in reading one source leaves the others alone
            reason = f"a defect in landing it: {place_of(error)}"
            arrival, failure = self._arrived([self._nothing("absent", reason)]), None
        with self._turn:
            self.arrival, self.failure = arrival, failure
            self.seconds = time.monotonic() - self.began
            if self.is_late and arrival is not None:
                leave(self.context.lake, self.context.partition, arrival)

    def give_up(self) -> Arrival:
        """What has come by now: if nothing has, the source is `late`, and what comes is left for later."""
        with self._turn:
            if self.failure is not None:
                raise self.failure
            if self.arrival is not None:
                return self.arrival
            self.is_late = True
            self.seconds = time.monotonic() - self.began
            reason = f"nothing came within {self.seconds:.1f} s, and the run went on without it"
            return self._arrived([self._nothing("late", reason)])

    @property
    def has_landed(self) -> bool:
        """Whether it handed over something usable."""
        arrival = self.arrival
        return arrival is not None and any(row["status"] == "landed" for row in arrival.rows)

    def _land(self) -> list[Delivery]:
        store = store_of(self.context.lake, self.source.source)
        with writing(store):  # an OSError of what is asked is a failure of its endpoint: this is of the store
            return land(
                self.source,
                self.context.partition,
                store=store,
                root=self.context.outside,
                since=self.since,
                fragment_bytes=self._fragment_bytes,
            )

    def _arrived(self, deliveries: list[Delivery]) -> Arrival:
        return Arrival(self.source.source, self._rows(deliveries), datetime.now(UTC), self.since)

    def _nothing(self, status: Literal["absent", "late"], reason: str) -> Delivery:
        now = datetime.now(UTC)
        return Delivery(
            source=self.source.source,
            partition=self.context.partition,
            status=status,
            landed_at=now,
            reason=reason,
        )


def store_of(lake: Lake, source: str) -> Path:
    """The folder of the source's delivered files."""
    return lake.root / source / "landed"


def wait_for(landings: list[Landing], patience: float | None) -> None:
    """Wait until each has landed or is not to be waited for: `patience` seconds after it began, where another has landed.

    Without a declared patience it is half of the source's deadline. As long as none has landed, there is nothing to go
    on with, and each has its whole time.
    """
    while waiting := [landing for landing in landings if landing.is_alive()]:
        has_news = any(landing.has_landed for landing in landings)
        until = max(_waited_for_until(landing, patience, has_news=has_news) for landing in waiting)
        seconds = until - time.monotonic()
        if seconds <= 0:
            return
        # In short looks: meanwhile another may land that would have been waited for longer.
        waiting[0].join(min(seconds, _LOOK_SECONDS))


def late_landings(lake: Lake, feed: str, partition: str) -> list[Landing]:
    """The sources of the partition that this process still waits for."""
    alive = [thread for thread in threading.enumerate() if isinstance(thread, Landing) and thread.is_late]
    return [
        t
        for t in alive
        if (t.context.lake.root, t.context.feed.feed, t.context.partition) == (lake.root, feed, partition)
    ]


def wait_to_the_end(landings: Iterable[Landing]) -> None:
    """Wait until each has ended, or its deadline has."""
    for landing in landings:
        landing.join(max(0.0, landing.ends_at - time.monotonic()))


def _waited_for_until(landing: Landing, patience: float | None, *, has_news: bool) -> float:
    if not has_news:
        return landing.ends_at
    seconds = landing.source.deadline / 2 if patience is None else patience
    return min(landing.began + seconds, landing.ends_at)
