"""What was delivered: one `Delivery` per thing that an endpoint handed over, cut into `Fragment`s."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Status = Literal["landed", "absent", "refused", "stale", "late", "waiting"]
"""What a delivery is worth: data (`landed`), a former snapshot that stands in (`stale`), bytes that are kept and worth
nothing (`refused`) or that a person has to decide on (`waiting`), no bytes at all (`absent`) or none yet (`late`)."""


def is_of_a_stream(endpoint: str) -> bool:
    """Return whether the endpoint with this label hands over a stream, in which a delivery has a place: its name."""
    return endpoint.partition(":")[0] == "kafka"


@dataclass(frozen=True, slots=True)
class Fragment:
    """Whole records of a delivery: its bytes from `start` to before `end`.

    `first_row` is the ordinal, from 0 and without the header, of the physical line at `start`.
    """

    start: int
    end: int
    first_row: int


@dataclass(frozen=True, slots=True)
class Tried:
    """One endpoint that did not serve: why, and how often it was asked (0: it was not)."""

    endpoint: str
    reason: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one endpoint handed over for one partition, or that nothing came.

    Of one that is `absent` or `late`, `name`, `content_hash`, `endpoint` and `path` are empty, and `reason`
    says what was looked for.
    """

    source: str
    partition: str
    status: Status
    landed_at: datetime
    """In UTC."""
    name: str = ""
    """Name of the file within its endpoint, such as `payments.csv`."""
    content_hash: str = ""
    """SHA-256 of the unpacked bytes, 64 hexadecimal digits: packed anew, it is the same delivery.

    Of a batch of a stream that of its name and this; empty where a file could not be read.
    """
    endpoint: str = ""
    """Kind and position, such as `files:0`; of a former snapshot that stands in, `stale:files:0`."""
    path: str = ""
    """Where the bytes that are read are, relative to the store."""
    packed: str = ""
    """Where the very bytes are, relative to the store, if others were unpacked or converted from them."""
    bytes: int = 0
    """Of what is read."""
    lines: int = 0
    """Physical lines of data: without the header, with a last line that lacks its end."""
    fragments: tuple[Fragment, ...] = ()
    columns: tuple[str, ...] = ()
    """The header of CSV; of NDJSON the dotted paths of values in its first lines."""
    extra_columns: tuple[str, ...] = ()
    """Columns that the source does not declare."""
    found: str = ""
    """JSON object: what was found rather than declared (compression, member, encoding, delimiter, …); else empty."""
    position: str = ""
    """From where the next increment goes on; only its connector reads it."""
    mapping: str = ""
    """JSON object: field -> their column and unit, where these are not as declared; of a `waiting` one a proposal."""
    reason: str = ""
    """Why it is not landed; of a landed one, why there may have been more."""
    is_closed: bool = True
    """False where the last line has no end, or an archive was cut off: there may have been more."""
    tried: tuple[Tried, ...] = ()
    """The endpoints that did not serve when the source was asked, in order of preference."""
    has_nothing_new: bool = False
    """Of one that is `absent`: its endpoint answered, and has nothing beyond what it handed over before."""
