"""The records of an answer with the very text in which each was written: numbers never pass through a float."""

import json
import re
from collections.abc import Iterator
from typing import Any


class NoAnswer(ValueError):
    """The text is no answer of the kind that was declared; the message says why, without a value of it."""


class NumberText(str):
    """A number as it was written."""

    __slots__ = ()


_DECODER = json.JSONDecoder(parse_int=NumberText, parse_float=NumberText)
_NO_SPACE = re.compile(r"[^ \t\n\r]")
# Between the tokens of JSON a line end is but space; within text it cannot stand.
_LINE_ENDS = str.maketrans("\n\r", "  ")


def decoded(body: bytes) -> tuple[str, Any]:
    """Return the text of an answer and its value, numbers as `NumberText`; NoAnswer where it is no JSON."""
    try:
        text = body.decode("utf-8-sig")
        return text, _DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise NoAnswer(f"it is not utf-8 from byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise NoAnswer(f"it is no JSON from character {error.pos}") from None
    except RecursionError:
        raise NoAnswer("it is nested too deeply") from None


def value_at(value: Any, path: str) -> Any:
    """Return what stands at the dotted path, or None."""
    for part in path.split(".") if path else ():
        value = value.get(part) if isinstance(value, dict) else None
    return value


def records_at(text: str, value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the text, on one line, and the value of each element of the list at the dotted path of an answer.

    null is a list without elements; NoAnswer where there is anything else.
    """
    start = _after_space(text, 0)
    place = path or "its top"
    for part in path.split(".") if path else ():
        if not isinstance(value, dict) or part not in value:
            raise NoAnswer(f"there is no list at {place}")
        value, start = value[part], _start_of(text, start, part)
    if value is None:
        return
    if not isinstance(value, list):
        raise NoAnswer(f"there is no list at {place}")
    yield from _elements(text, start, value)


def _elements(text: str, start: int, values: list[Any]) -> Iterator[tuple[str, Any]]:
    at = start + 1
    for value in values:
        at = _after_space(text, at)
        _, end = _DECODER.raw_decode(text, at)
        yield text[at:end].translate(_LINE_ENDS), value
        at = _after_space(text, end) + 1


def _start_of(text: str, start: int, key: str) -> int:
    """Return where the value of a key begins in the object at `start`; of the last one where it is given twice."""
    at, found = _after_space(text, start + 1), -1
    while text[at] != "}":
        name, end = _DECODER.raw_decode(text, at)
        at = _after_space(text, _after_space(text, end) + 1)
        found = at if name == key else found
        _, end = _DECODER.raw_decode(text, at)
        at = _after_space(text, end)
        at = _after_space(text, at + 1) if text[at] == "," else at
    return found


def _after_space(text: str, at: int) -> int:
    match = _NO_SPACE.search(text, at)
    return match.start() if match else len(text)
