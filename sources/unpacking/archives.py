"""zip: one member after another, by the directory at its end, or, where that is cut off, by the members' own heads."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sources.unpacking.member import CHUNK_BYTES, MOST_MEMBERS, Corrupt, CutOff, Guard, Member

_HEAD = struct.Struct("<4s5H3I2H")
_MARK = b"PK\x03\x04"
_STORED, _DEFLATED = 0, 8
_IS_ENCRYPTED, _HAS_SIZE_BEHIND, _IS_UTF8 = 0x1, 0x8, 0x800
_PIECE_BYTES = 1 << 16
_SHOWN_NAME = 200


def zip_members(path: Path, name: str) -> Iterator[Member]:
    """Yield the files of the archive as `<name>/<member>`; folders are none. Raises Corrupt where there is none."""
    guard = Guard(path.stat().st_size)
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        yield from _salvaged(path, name, guard)
        return
    with archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        if len(infos) > MOST_MEMBERS:
            raise Corrupt(f"the zip file holds {len(infos)} files, more than {MOST_MEMBERS}")
        if not infos:
            raise Corrupt("the zip file holds no file")
        for info in infos:
            yield Member(f"{name}/{_label(info.filename)}", "zip", _member(archive, info, guard))


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, guard: Guard) -> Iterator[bytes]:
    if info.flag_bits & _IS_ENCRYPTED:
        raise Corrupt("it is encrypted")
    try:
        with archive.open(info) as file:
            while chunk := file.read(CHUNK_BYTES):
                yield guard.passed(chunk)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, OSError) as error:
        if isinstance(error, Corrupt):
            raise
        words = "its checksum is wrong" if "CRC" in str(error) else "it cannot be unpacked"
        raise Corrupt(f"the zip file is corrupt: {words}") from error


def _salvaged(path: Path, name: str, guard: Guard) -> Iterator[Member]:
    """Yield the members of an archive without its directory, as far as they go."""
    with path.open("rb") as file:
        count = 0
        while (head := _head(file)) is not None:
            label, chunks = _salvaged_member(file, head, guard)
            count += 1
            if count > MOST_MEMBERS:
                raise Corrupt(f"the zip file holds more than {MOST_MEMBERS} files")
            if not label.endswith("/"):
                yield Member(f"{name}/{_label(label)}", "zip", chunks)
            _skip(chunks)
    if count == 0:
        raise Corrupt("the zip file is corrupt: it has neither a directory nor a member")


def _skip(chunks: Iterator[bytes]) -> None:
    """Go behind a member that was not read to its end."""
    try:
        for _ in chunks:
            pass
    except CutOff:
        return


def _head(file: BinaryIO) -> tuple | None:
    raw = file.read(_HEAD.size)
    return _HEAD.unpack(raw) if len(raw) == _HEAD.size and raw.startswith(_MARK) else None


def _salvaged_member(file: BinaryIO, head: tuple, guard: Guard) -> tuple[str, Iterator[bytes]]:
    _, _, flags, method, _, _, checksum, size, _, name_size, extra_size = head
    label = file.read(name_size).decode("utf-8" if flags & _IS_UTF8 else "cp437", "replace")
    file.seek(extra_size, 1)
    return label, _inflated(file, guard, method=method, flags=flags, size=size, checksum=checksum)


def _inflated(
    file: BinaryIO, guard: Guard, *, method: int, flags: int, size: int, checksum: int
) -> Iterator[bytes]:
    is_told = not flags & _HAS_SIZE_BEHIND
    if flags & _IS_ENCRYPTED or method not in (_STORED, _DEFLATED) or not (is_told or method == _DEFLATED):
        raise Corrupt(
            "the zip file is corrupt: its directory is missing, and a member cannot be unpacked without"
        )
    found, count = 0, 0
    for chunk in _stored(file, size) if method == _STORED else _deflated(file):
        found, count = zlib.crc32(chunk, found), count + len(chunk)
        yield guard.passed(chunk)
    if not is_told:
        behind = file.read(16)
        is_marked = behind.startswith(b"PK\x07\x08")
        checksum = int.from_bytes(behind[4:8] if is_marked else behind[:4], "little")
        file.seek((16 if is_marked else 12) - len(behind), 1)
        if len(behind) < (8 if is_marked else 4):
            raise CutOff(f"cut off: the zip file ends within a member, {count} bytes were unpacked")
    if found != checksum:
        raise Corrupt("the zip file is corrupt: its checksum is wrong")
    raise CutOff("cut off: the zip file has no directory, there may have been more files in it")


def _stored(file: BinaryIO, size: int) -> Iterator[bytes]:
    left = size
    while left and (chunk := file.read(min(left, CHUNK_BYTES))):
        left -= len(chunk)
        yield chunk
    if left:
        raise CutOff(f"cut off: the zip file ends within a member, {size - left} bytes were unpacked")


def _deflated(file: BinaryIO) -> Iterator[bytes]:
    """Yield what is packed, and leave the file behind it."""
    part, count = zlib.decompressobj(-zlib.MAX_WBITS), 0
    while not part.eof:
        piece = part.unconsumed_tail or file.read(_PIECE_BYTES)
        if not piece:
            raise CutOff(f"cut off: the zip file ends within a member, {count} bytes were unpacked")
        try:
            chunk = part.decompress(piece, CHUNK_BYTES)
        except zlib.error as error:
            raise Corrupt("the zip file is corrupt: it cannot be unpacked") from error
        count += len(chunk)
        if chunk:
            yield chunk
    file.seek(-len(part.unused_data), 1)


def _label(name: str) -> str:
    """Return the name as it may be shown: on one line, and not too long."""
    return "".join(character if character.isprintable() else "�" for character in name)[:_SHOWN_NAME]
