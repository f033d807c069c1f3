"""Pacing: a token bucket that never lets more through than its rate, in no stretch of time however it is laid.

A full bucket of `burst` and a refill of `r` per period let at most `burst - 1 + r` requests through in one period; so
a tenth of the rate may come at once, and the refill is the rest. Requests that have to wait take their token at once:
the bucket then owes, and whoever comes next waits longer.
"""

from dataclasses import dataclass

_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
_BURST_SHARE = 10
_HAIR = 1e-6
"""By so much slower than declared: a clock in seconds since 1970 is exact to a quarter of a microsecond only."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A declared rate: at most `limit` requests in `period` seconds."""

    limit: int
    period: float

    @property
    def burst(self) -> int:
        """How many may come at once."""
        return 1 + self.limit // _BURST_SHARE

    @property
    def refill_per_second(self) -> float:
        """Tokens that come back."""
        return (self.limit - self.burst + 1) / self.period * (1 - _HAIR)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is left of a burst at `at` (seconds of the clock); below zero, what is owed."""

    tokens: float
    at: float


def pace_of(rate: str) -> Pace:
    """Return what a declared rate such as `60/minute` means."""
    count, _, unit = rate.partition("/")
    return Pace(int(count), _SECONDS[unit])


def reserve(bucket: Bucket | None, pace: Pace, now: float, *, patience: float) -> tuple[Bucket, float]:
    """Return the bucket after one more request, and the seconds that the request has to wait.

    A wait beyond `patience` reserves nothing. A clock that was set back refills nothing.
    """
    held = bucket or Bucket(float(pace.burst), now)
    refilled = held.tokens + max(0.0, now - held.at) * pace.refill_per_second
    tokens = min(float(pace.burst), refilled)
    wait = max(0.0, (1 - tokens) / pace.refill_per_second)
    return Bucket(tokens if wait > patience else tokens - 1, now), wait
