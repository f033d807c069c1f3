"""Whether, and after which pause, an endpoint that failed is asked again: exponential backoff with full jitter.

Full jitter: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
"""

from sources.errors import EndpointFailure, RetryLater

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0


def pause_before_next(
    failure: EndpointFailure, *, made: int, attempts: int, seconds_left: float, chance: float
) -> float | None:
    """Return the seconds to wait before the next attempt, or None where there is none to be made.

    `made`: attempts so far, from 1; `chance`: a random number from 0 to 1. A pause that would not leave any of
    the time that is left is none: the next endpoint has its turn instead.
    """
    if not failure.is_transient or made >= attempts:
        return None
    pause = chance * min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (made - 1))
    if isinstance(failure, RetryLater):
        pause += failure.seconds
    return pause if pause < seconds_left else None
