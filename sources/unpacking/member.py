"""One file within an archive, how much of it may be unpacked, and in which ways an archive may be bad."""

from collections.abc import Iterator
from dataclasses import dataclass

CHUNK_BYTES = 1 << 20

MOST_UNPACKED_BYTES = 64 << 30
"""Of one archive, all members together."""

MOST_TIMES_ITS_SIZE = 250
"""What is more is held for a bomb, once FREE_BYTES are unpacked. Tables rarely shrink to a hundredth."""

FREE_BYTES = 256 << 20

MOST_MEMBERS = 10_000


class Corrupt(ValueError):
    """What is packed cannot be trusted, or is too much; the message is the reason."""


class CutOff(ValueError):
    """The archive ends too early: what was unpacked before is right, and there was more. The message is the reason."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file within an archive; `name` is a label, and never becomes a path."""

    name: str
    packing: str
    chunks: Iterator[bytes]


@dataclass(slots=True)
class Guard:
    """Counts what is unpacked of an archive of `packed_bytes`."""

    packed_bytes: int
    unpacked_bytes: int = 0

    def passed(self, chunk: bytes) -> bytes:
        """Return the chunk; Corrupt where it is too much."""
        self.unpacked_bytes += len(chunk)
        if self.unpacked_bytes > MOST_UNPACKED_BYTES:
            raise Corrupt(f"it unpacks to more than {MOST_UNPACKED_BYTES >> 30} GiB: it is held for a bomb")
        if self.unpacked_bytes > max(FREE_BYTES, MOST_TIMES_ITS_SIZE * self.packed_bytes):
            raise Corrupt(
                f"it unpacks to more than {MOST_TIMES_ITS_SIZE} times its size: it is held for a bomb"
            )
        return chunk
