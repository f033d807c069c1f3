"""What was delivered: one `Delivery` per thing that an endpoint handed over, cut into `Fragment`s."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Status = Literal["landed", "absent", "refused", "waiting"]


@dataclass(frozen=True, slots=True)
class Fragment:
    """Whole records of a delivery: its bytes from `start` to before `end`.

    `first_row` is the ordinal, from 0 and without the header, of the physical line at `start`.
    """

    start: int
    end: int
    first_row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one endpoint handed over for one partition, or that nothing came.

    `landed` is data, `refused` is bytes that are kept and worth nothing, `waiting` is bytes whose columns changed, so
    that a person has to say how they are to be read, `absent` is no bytes at all: then
    `name`, `content_hash`, `endpoint` and `path` are empty, and `reason` says what was looked for.
    """

    source: str
    partition: str
    status: Status
    landed_at: datetime
    """In UTC."""
    name: str = ""
    """Name of the file within its endpoint, such as `payments.csv`."""
    content_hash: str = ""
    """SHA-256 of the bytes, 64 hexadecimal digits."""
    endpoint: str = ""
    """Position and kind, such as `files:0`."""
    path: str = ""
    """Where the bytes are, relative to the store."""
    bytes: int = 0
    lines: int = 0
    """Physical lines of data: without the header, with a last line that lacks its end."""
    fragments: tuple[Fragment, ...] = ()
    columns: tuple[str, ...] = ()
    """The header of CSV; of NDJSON the dotted paths of values in its first lines."""
    extra_columns: tuple[str, ...] = ()
    """Columns that the source does not declare."""
    reason: str = ""
    mapping: str = ""
    """JSON object: field -> their column and unit, where these are not as declared; of a `waiting` one a proposal."""
    is_closed: bool = True
    """False where the last line has no end: the file may be cut off."""
