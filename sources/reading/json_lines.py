"""One line of JSON at a time, for the few lines that polars does not read or would read with another text.

The text of numbers stays as it is written. Decides about every line that it is given: a record, or a reason.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any


class NoRecord(ValueError):
    """A line is no record; the message is the reason, without a value of the line."""


class _Number(str):
    """The text of a number."""

    __slots__ = ()


class _Twice:
    """In the place of values that one object gives to the same key."""


def record_of(line: str) -> dict[str, Any]:
    """Return the object on the line; NoRecord says why there is none."""
    if not line.strip():
        raise NoRecord("empty line")
    if "\0" in line:
        raise NoRecord("NUL bytes")
    try:
        record = _DECODER.decode(line)
    except json.JSONDecodeError as error:
        raise NoRecord(f"no JSON: {error.msg.removesuffix(' starting at').lower()}") from None
    except RecursionError:
        raise NoRecord("no JSON: nested too deeply") from None
    if not isinstance(record, dict):
        raise NoRecord("JSON that is no object")
    return record


def texts_of(record: dict[str, Any], paths: Iterable[str]) -> list[str | None]:
    """Return the text at each dotted path, or null; NoRecord where a key on it has two values."""
    return [_text(_at(record, path), path) for path in paths]


def _at(record: object, path: str) -> object:
    value = record
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, _Twice):
            raise NoRecord(f"key given twice: {path}")
    return value


def _text(value: object, path: str) -> str | None:
    if value is None:
        return None
    text = str(value) if isinstance(value, str) else "".join(_written(value, path))
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise NoRecord(f"half of a surrogate pair: {path}")
    return text


def _written(value: object, path: str) -> Iterator[str]:
    """Yield a value as JSON, numbers as they were written."""
    match value:
        case _Number():
            yield value
        case dict():
            yield (
                "{" + ", ".join(f"{_quoted(k)}: {''.join(_written(v, path))}" for k, v in value.items()) + "}"
            )
        case list():
            yield "[" + ", ".join("".join(_written(item, path)) for item in value) + "]"
        case _Twice():
            raise NoRecord(f"key given twice: {path}")
        case _:
            yield _quoted(value)


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object; beside another value of a key null gives way, two others make a `_Twice`."""
    record: dict[str, Any] = {}
    for key, value in pairs:
        before = record.get(key)
        if before is None:
            record[key] = value
        elif value is not None and value != before:
            record[key] = _Twice()
    return record


def _refuse(name: str) -> None:
    raise json.JSONDecodeError(f"{name} is no number", name, 0)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_repetition, parse_int=_Number, parse_float=_Number, parse_constant=_refuse
)
