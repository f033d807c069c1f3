"""What of a list of files is new, told by name and state. No I/O."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

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

    Each carries a position that covers it alone, so that a file that does not land is handed over again.
    """
    seen = json.loads(since) if since else {}
    new = [file for file in found if seen.get(file.name) != file.state]
    if not new:
        raise NothingNew(f"none of {len(found)} files is new")
    for file in new:
        yield Payload(
            file.name, file.chunks(), position=partial(_position, file), is_one_of_many=len(new) > 1
        )


def _position(file: Found) -> str:
    return json.dumps({file.name: file.state}, ensure_ascii=False)
