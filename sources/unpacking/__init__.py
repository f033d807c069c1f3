"""Unpacking: what stands in a gzip, zip or zstd file, streamed in bounded memory; knows no format of data."""

from collections.abc import Iterator
from pathlib import Path

from sources.unpacking.archives import zip_members
from sources.unpacking.member import Corrupt, CutOff, Member
from sources.unpacking.streams import gzip_chunks, zstd_chunks

__all__ = ["MAGIC_BYTES", "Corrupt", "CutOff", "Member", "packing_of", "unpacked"]

MAGIC_BYTES = 8192
"""How much of the beginning tells the packing."""

_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip", b"PK\x05\x06": "zip"}


def packing_of(head: bytes) -> str:
    """Return `gzip`, `zip`, `zstd`, or nothing, by the first bytes; a workbook is a form of its own, not a zip file."""
    packing = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "")
    return "" if packing == "zip" and _is_workbook(head) else packing


def unpacked(path: Path, packing: str, name: str) -> Iterator[Member]:
    """Yield what stands in the file, one after another: each is to be read before the next.

    The chunks raise Corrupt where what is unpacked cannot be trusted, and CutOff behind all that could be unpacked of a
    file that ends too early.
    """
    if packing == "zip":
        yield from zip_members(path, name)
        return
    chunks = gzip_chunks(path) if packing == "gzip" else zstd_chunks(path)
    yield Member(name, packing, chunks)


def _is_workbook(head: bytes) -> bool:
    return any(
        mark in head[:MAGIC_BYTES] for mark in (b"[Content_Types].xml", b"xl/", b"mimetypeapplication/vnd")
    )
