"""A mapping as it is kept with a delivery, as it changes the source that reads it, and as lines of YAML for a person.

A mapping is a JSON object: field -> `column`, `unit`, and of a proposal also `probability` and `doubt`.
"""

import json
from typing import Any

import yaml

from orchestration_assets.drift.candidates import Candidate, Matching
from orchestration_assets.drift.units import ScaleChange, unit_for
from sources.declaration import Source
from sources.notation import FieldNotation
from validators.rules import RuleSet


def as_mapping(matching: Matching) -> str:
    """The candidates of a matching, clear or not."""
    return _written({name: _entry(candidate) for name, candidate in matching.candidates.items()})


def as_rescaling(source: Source, rules: RuleSet, changes: dict[str, ScaleChange], since: str) -> str:
    """What to declare for fields whose numbers are of another scale: a unit, or that they are right as they are."""
    told: dict[str, Any] = {}
    for name, change in changes.items():
        is_money = "money" in rules.fields[name].policy.translate
        unit, is_declarable = unit_for(source.fields[name].unit, change, is_money=is_money)
        entry: dict[str, Any] = {"column": source.columns[name], "doubt": scale_doubt(change)}
        told[name] = entry | (
            {"unit": unit} if is_declarable else {"unit": source.fields[name].unit, "scale_since": since}
        )
    return _written(told)


def scale_doubt(change: ScaleChange) -> str:
    """A change of scale in words."""
    return f"its numbers are of another scale than before: {change.name}"


def mapped_source(source: Source, mapping: str) -> Source:
    """The source as the delivery with this mapping is read: fields come from their new columns."""
    if not mapping:
        return source
    fields = dict(source.fields)
    for name, entry in json.loads(mapping).items():
        if name in fields:
            fields[name] = fields[name].model_copy(update={"column": entry["column"], "unit": entry["unit"]})
    return source.model_copy(update={"fields": fields})


def yaml_lines(source: Source, mapping: str) -> str:
    """The lines to put in the place of those that the source's YAML has below `fields`."""
    entries = json.loads(mapping) if mapping else {}
    return "".join(_line(name, _declared(source, name, entry)) for name, entry in entries.items())


def _declared(source: Source, name: str, entry: dict[str, Any]) -> str | dict[str, Any]:
    """What the source says of the field, with the new column and unit, as short as YAML allows."""
    before = source.fields.get(name) or FieldNotation(column=entry["column"])
    news = {"column": entry["column"], "unit": entry["unit"]}
    if "scale_since" in entry:
        news["scale_since"] = entry["scale_since"]
    after = before.model_copy(update=news).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return str(after["from"]) if set(after) == {"from"} else after


def _line(name: str, declared: str | dict[str, Any]) -> str:
    text = yaml.safe_dump(
        declared, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10_000
    )
    return f"{name}: {text.removesuffix('...' + chr(10)).strip()}\n"


def _entry(candidate: Candidate) -> dict[str, Any]:
    entry = {
        "column": candidate.column,
        "unit": candidate.unit,
        "probability": round(candidate.probability, 4),
    }
    return entry | ({"doubt": candidate.doubt} if candidate.doubt else {})


def _written(entries: dict[str, dict[str, Any]]) -> str:
    return json.dumps(entries, ensure_ascii=False) if entries else ""
