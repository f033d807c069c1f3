"""Plain words for what pydantic says about a declaration. Knows models and locations, no files, no YAML."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

Location = tuple[str | int, ...]

# Settings whose text, or anything below, may hold a secret: their value is never repeated.
SECRETIVE = frozenset(
    {
        *("url", "path", "query", "endpoint_url", "access_key_id", "secret_access_key", "session_token"),
        *("username", "password", "token", "headers", "parameters", "config", "arguments"),
    }
)

_SHOWN = 60


def message_of(error: Mapping[str, Any]) -> str:
    """Return one plain sentence for one entry of `ValidationError.errors()`."""
    place = name_of(error["loc"])
    match error["type"]:
        case "missing":
            return f"`{place}` is missing"
        case "extra_forbidden":
            return f"`{place}` is no setting that exists here"
        case "literal_error" | "union_tag_invalid":
            return f"`{place}` is {_shown(error)}, expected {_expected(error)}"
        case "union_tag_not_found":
            return f"`{place}` lacks its `{_discriminator(error)}`"
        case "value_error":
            return f"`{place}`: {error['ctx']['error']}" if place else str(error["ctx"]["error"])
        case "string_pattern_mismatch":
            return f"`{place}` is {_shown(error)}, expected something like {error['ctx']['pattern']}"
        case "model_type" | "dict_type" | "model_attributes_type":
            return f"`{place}` is no mapping of settings"
    return f"`{place}`: {error['msg'][:1].lower()}{error['msg'][1:]}"


def hint_of(error: Mapping[str, Any], model: type[BaseModel]) -> str:
    """Return what to do about the error: the nearest setting that exists, or what the setting means."""
    location = tuple(error["loc"])
    known = settings_at(model, location[:-1])
    if error["type"] == "extra_forbidden":
        return _nearest(str(location[-1]), sorted(known))
    if error["type"] == "string_type" and not isinstance(error["input"], (dict, list, type(None))):
        return "Put the value in quotes."
    return known.get(str(location[-1]), "") if location else ""


def settings_at(model: type[BaseModel], location: Location) -> dict[str, str]:
    """Return the settings that may stand at `location` below the model, each with its description."""
    places: list[Any] = [model]
    for part in location:
        places = [inner for place in places for inner in _below(place, part)] or places
    models = [place for place in places if _is_model(place)]
    return {
        field.alias or name: field.description or ""
        for each in models
        for name, field in each.model_fields.items()
    }


def name_of(location: Location) -> str:
    """Return the location as an author would write it: `endpoints[0].path`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removesuffix(".[key]").removeprefix(".")


def _below(place: Any, part: str | int) -> Iterator[Any]:
    """Yield the types one step below a type; a part that is the tag of a union chooses within it."""
    if _is_model(place):
        fields = {field.alias or name: field for name, field in place.model_fields.items()}
        if part in fields:
            yield from _choices(fields[str(part)].annotation)
        elif _tag(place) == part:
            yield place
    elif get_origin(place) in (list, tuple, dict, Mapping):
        yield from (choice for inner in get_args(place)[-2:] for choice in _choices(inner))


def _choices(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from _choices(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        yield from (choice for inner in get_args(annotation) for choice in _choices(inner))
    elif annotation not in (type(None), Ellipsis):
        yield annotation


def _tag(model: type[BaseModel]) -> str | None:
    """Return the value by which a discriminated union knows the model: its only one of `kind`."""
    kind = model.model_fields.get("kind")
    return next(iter(get_args(kind.annotation)), None) if kind else None


def _is_model(place: Any) -> bool:
    return isinstance(place, type) and issubclass(place, BaseModel)


def _nearest(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    settings = f"Settings here: {', '.join(known)}." if known else ""
    return f"Did you mean `{close[0]}`? {settings}" if close else settings


def _shown(error: Mapping[str, Any]) -> str:
    if SECRETIVE.intersection(error["loc"]):
        return "something else"
    value = error["input"]
    if error["type"] == "union_tag_invalid":
        value = error["ctx"]["tag"]
    return repr(value)[:_SHOWN]


def _expected(error: Mapping[str, Any]) -> str:
    return str(error["ctx"].get("expected") or error["ctx"].get("expected_tags"))


def _discriminator(error: Mapping[str, Any]) -> str:
    return str(error["ctx"]["discriminator"]).strip("'")
