"""gzip and zstd: streams of one or several packed parts, read piece by piece with their checksums."""

import zlib
from collections.abc import Iterator
from pathlib import Path

from sources.unpacking.member import CHUNK_BYTES, Corrupt, CutOff, Guard

_GZIP = 16 + zlib.MAX_WBITS
# A piece of zstd may unpack to 32,000 times its size at once.
_PIECE_BYTES = 2048
_WINDOW_BYTES = 128 << 20


def gzip_chunks(path: Path) -> Iterator[bytes]:
    """Yield what is packed; several parts one after another are one."""
    guard = Guard(path.stat().st_size)
    with path.open("rb") as file:
        yield from inflated(iter(lambda: file.read(CHUNK_BYTES), b""), guard, window=_GZIP, packing="gzip")


def inflated(pieces: Iterator[bytes], guard: Guard, *, window: int, packing: str) -> Iterator[bytes]:
    """Yield what the pieces unpack to, in chunks of bounded size."""
    part, is_begun = zlib.decompressobj(window), False
    for piece in pieces:
        rest = piece
        while rest:
            if part.eof:
                rest = rest.lstrip(b"\0")  # padding of tapes and blocks
                if not rest:
                    break
                part = zlib.decompressobj(window)
            is_begun = True
            try:
                chunk = part.decompress(rest, CHUNK_BYTES)
            except zlib.error as error:
                raise Corrupt(f"the {packing} stream is corrupt: {_told(error)}") from error
            if chunk:
                yield guard.passed(chunk)
            rest = part.unused_data if part.eof else part.unconsumed_tail
    yield from _last(part, guard)
    if not (is_begun and part.eof):
        raise CutOff(f"cut off: the {packing} stream has no end, {guard.unpacked_bytes} bytes were unpacked")


def zstd_chunks(path: Path) -> Iterator[bytes]:
    """Yield what is packed; several frames one after another are one."""
    import zstandard

    guard = Guard(path.stat().st_size)
    packed = zstandard.ZstdDecompressor(max_window_size=_WINDOW_BYTES)
    part, is_begun = packed.decompressobj(), False
    with path.open("rb") as file:
        for piece in iter(lambda: file.read(_PIECE_BYTES), b""):
            rest = piece
            while rest:
                if part.eof:
                    part = packed.decompressobj()
                is_begun = True
                try:
                    chunk = part.decompress(rest)
                except zstandard.ZstdError as error:
                    raise Corrupt(f"the zstd stream is corrupt: {_told(error)}") from error
                if chunk:
                    yield guard.passed(chunk)
                rest = part.unused_data if part.eof else b""
    if not (is_begun and part.eof):
        raise CutOff(f"cut off: the zstd stream has no end, {guard.unpacked_bytes} bytes were unpacked")


def _last(part: "zlib._Decompress", guard: Guard) -> Iterator[bytes]:
    """Yield what a part still holds back behind its last byte."""
    while not part.eof:
        try:
            chunk = part.decompress(b"", CHUNK_BYTES)
        except zlib.error:
            return
        if not chunk:
            return
        yield guard.passed(chunk)


def _told(error: Exception) -> str:
    return str(error).rpartition(": ")[2]
