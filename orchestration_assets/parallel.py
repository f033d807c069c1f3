"""Work on several parts of a whole at once: polars lets go of the interpreter while it works."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_AT_ONCE = 2
"""So many parts are in memory together, however many processors there are: polars itself uses them all."""

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")


def side_by_side(work: Callable[[_Part], _Result], parts: Iterable[_Part]) -> list[_Result]:
    """What `work` makes of each part, in the order of the parts; raises what the first that failed raised."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(work, parts))
