"""What of a list of files is new, told by name and state. No I/O."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sources.connectors.payload import Payload
from sources.errors import NothingNew


@dataclass(frozen=True, slots=True)
class Found:
    """One file of a list: its name, by which a delivery is known, and a text that changes when its content does."""

    name: str
    state: str
    chunks: Callable[[], Iterator[bytes]]


def new_ones(found: list[Found], since: str | None) -> Iterator[Payload]:
    """Yield one payload per file that was not there, or not like this, at the position `since`; NothingNew if none is.

    The last one carries the position, which is the list itself: it holds once all are landed.
    """
    seen = json.loads(since) if since else {}
    new = [file for file in found if seen.get(file.name) != file.state]
    if not new:
        raise NothingNew(f"none of {len(found)} files is new")
    for file in new[:-1]:
        yield Payload(file.name, file.chunks())
    yield Payload(new[-1].name, new[-1].chunks(), position=lambda: _position(found))


def _position(found: list[Found]) -> str:
    return json.dumps({file.name: file.state for file in found}, ensure_ascii=False)
