"""How a delivery is to be read: what its source declares, and what was found in its bytes instead."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from sources.delivery import Delivery
from sources.notation import DETECTED, Notation

_USUAL: dict[str, Any] = {"delimiter": ",", "quote": '"', "encoding": "utf-8"}


@dataclass(frozen=True, slots=True)
class ReadAs:
    """The text to be read: lines of CSV with a header behind `preamble` lines, or lines of JSON."""

    format: Literal["csv", "ndjson"]
    delimiter: str
    quote: str | None
    encoding: str
    preamble: int = 0
    is_cut_off: bool = False
    """Whether there was more for certain, so that a last line without end is no whole one."""


def read_as(notation: Notation, delivery: Delivery) -> ReadAs:
    """Return how the delivery is read."""
    return reading_of(notation, json.loads(delivery.found) if delivery.found else {})


def reading_of(notation: Notation, found: dict[str, Any]) -> ReadAs:
    """Return what is declared, with what was found before it, and the usual where there is neither."""
    declared = {name: getattr(notation, name) for name in _USUAL}
    told = _USUAL | {name: value for name, value in declared.items() if value != DETECTED}
    told |= {name: found[name] for name in _USUAL if name in found}
    if "transcoded" in found:
        told["encoding"] = found["transcoded"]
    return ReadAs(
        found.get("format", notation.read_as),
        **told,
        preamble=found.get("preamble", 0),
        is_cut_off=found.get("cut_off", False),
    )
