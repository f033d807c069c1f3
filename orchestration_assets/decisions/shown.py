"""Values from outside as plain text that can be looked at without danger: nothing hidden, nothing endless.

What is shown here is text, not markup: whoever puts it into a page still escapes it as text.
"""

import re
import unicodedata
from typing import Any

MASK = "•••"
"""In the place of a personal value."""
LIMIT = 200
_LONGEST_RUN = 8
_PICTURES = 0x2400  # the block of Unicode with a picture for each control character
_DELETE, _PICTURE_OF_DELETE = 0x7F, "\u2421"
_LAST_CONTROL = 0x20
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_SPACES = {"\u00a0": "⟦U+00A0⟧"}
_MARKS = re.compile(
    r"(\S?)([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+)"
)


def shown(value: Any, limit: int = LIMIT) -> str:
    """`value` as text of one line, of at most about `limit` characters.

    Control characters are their pictures (`␊`); others that cannot be seen, or that turn the direction of writing, are
    their numbers (`⟦U+202E⟧`). Bytes are read as UTF-8.
    """
    if value is None:
        return ""
    text = value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
    kept, more = text[:limit], len(text) - limit
    if text.isascii() and text.isprintable() and more <= 0:
        return text
    kept = _MARKS.sub(
        lambda found: found[1] + found[2][:_LONGEST_RUN], kept
    )  # a pile of marks covers its neighbours
    safe = "".join(_visible(character) for character in kept)
    return safe if more <= 0 else f"{safe}… ({more:,} more)"


def _visible(character: str) -> str:
    code = ord(character)
    if code < _LAST_CONTROL:
        return chr(_PICTURES + code)
    if code == _DELETE:
        return _PICTURE_OF_DELETE
    if character in _SPACES:
        return _SPACES[character]
    if unicodedata.category(character) in _HIDDEN:
        return f"⟦U+{code:04X}⟧"
    if unicodedata.category(character) == "Zs" and character != " ":
        return f"⟦U+{code:04X}⟧"
    return character
