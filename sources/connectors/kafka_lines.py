"""A message as one line: its very bytes where they are one, else text from which they can be made again. No I/O."""

import json

_BOM = b"\xef\xbb\xbf"
_LINE_ENDS = bytes.maketrans(b"\n\r", b"  ")


def line_of(value: bytes | None, key: bytes | None) -> bytes:
    r"""Return the line of a message, without its end.

    An object of JSON over several lines is put on one: between its tokens a line end is but space. Any other value
    with a line end, of no bytes, or that begins like a text of JSON is written as a text of JSON, its bytes that
    are not utf-8 as `\udc80` to `\udcff`: no record, and lossless. So is a tombstone (a key without a value), as
    `["tombstone", key]`.
    """
    if value is None:
        return json.dumps(["tombstone", None if key is None else _text(key)]).encode()
    is_one_line = value and b"\n" not in value and b"\r" not in value
    if is_one_line and not value.startswith((b'"', _BOM)):
        return value
    return value.translate(_LINE_ENDS) if _is_object(value) else json.dumps(_text(value)).encode()


def gone_line(partition: int, start: int, stop: int) -> bytes:
    """Return the line, no record, for messages that were deleted from the topic before they were read."""
    return f"offsets {start} to {stop - 1} of partition {partition} are no longer in the topic".encode()


def _is_object(value: bytes) -> bool:
    try:
        return isinstance(json.loads(value.decode()), dict)
    except (ValueError, RecursionError):
        return False


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
