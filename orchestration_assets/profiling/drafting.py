"""Declarations drafted from profiles: a contract in our style, a feed's YAML and a source's YAML. Text only, activates nothing."""

import json
import keyword
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from orchestration_assets.profiling.columns import ColumnProfile, name_for
from orchestration_assets.profiling.relations import Relations
from sources.notation import DETECTED

_RESERVED = {"str", "int", "float", "bool", "pl", "field", "Annotated", "Contract", "ISO_3166", "ISO_4217"}
_PANDERA = {
    "schema", "Config", "validate", "to_schema", "empty", "example", "strategy", "pydantic_validate", "get_metadata", "to_yaml",
    "to_json_schema", "build_schema_", "to_arrow_schema", "from_json_schema",
}  # fmt: skip
_ANNOTATIONS = {
    "str": "str", "int": "int", "float": "float", "bool": "bool", "day": "pl.Date",
    "moment": 'Annotated[pl.Datetime, "us", "UTC"]',
}  # fmt: skip
_NULLABLE = 0.005
_ASKED = {"csv": ("delimiter", "quote", "encoding"), "json": ("encoding",), "ndjson": ("encoding",)}
"""What the bytes of each delivery are asked for; what was found in this file stands above."""


@dataclass(frozen=True)
class Draft:
    """The texts of the declarations, and what a person should look at before using them."""

    contract: str
    feed: str
    source: str
    remarks: tuple[str, ...]


def names_of(profiles: list[ColumnProfile]) -> dict[str, str]:
    """Column to name of the contract's field."""
    taken = {*_RESERVED, *_PANDERA, *keyword.kwlist}
    names: dict[str, str] = {}
    for profile in profiles:
        names[profile.column] = name_for(profile.column, taken)
        taken.add(names[profile.column])
    return names


def drafted(
    name: str,
    profiles: list[ColumnProfile],
    relations: Relations,
    form: str,
    endpoint: dict[str, str],
    told: tuple[str, ...] = (),
) -> Draft:
    """The contract, the feed and the source `name` that fit the profiled file.

    `endpoint`: how to reach it; `told`: what was found in its bytes.
    """
    names = names_of(profiles)
    fields = {names[p.column]: notation_of(p, _decimal(profiles)) for p in profiles}
    remarks = [*told, *(f"{p.column}: {remark}" for p in profiles for remark in p.remarks)]
    if not relations.key:
        remarks.append(
            "no column and no pair of columns identifies a record: say which field is `key` or `entity`"
        )
    return Draft(
        contract=contract_text(name, profiles, relations, names),
        feed=feed_text(name),
        source=source_text(name, name, profiles, form, endpoint, fields, told),
        remarks=tuple(remarks),
    )


def contract_text(
    name: str, profiles: list[ColumnProfile], relations: Relations, names: dict[str, str]
) -> str:
    """A module with one pandera model; every rule is what nearly all values show."""
    grain = "entity" if relations.is_unique else "report"
    mark = "key" if grain == "entity" else "entity"
    lines = [_field_text(p, relations, names, mark) for p in profiles]
    body = "\n".join(lines)
    imports = ["from validators.contract import Contract, field"]
    codes = sorted({p.code_list for p in profiles if p.code_list})
    if codes:
        imports.insert(0, f"from validators.codes import {', '.join(codes)}")
    if "pl." in body:
        imports = ["import polars as pl", "", *imports]
    if "Annotated[" in body:
        imports = ["from typing import Annotated", "", *imports]
    heading = (
        f'"""The contract of the feed `{name}`, drafted from one file: read every line before you use it."""'
    )
    described = f'    """One row per {"record" if grain == "entity" else "report"}."""'
    model = f'class {class_name(name)}(Contract, grain="{grain}"):'
    return "\n".join([heading, "", *imports, "", "", model, described, "", body]) + "\n"


def class_name(name: str) -> str:
    """The name of the model: `card_payments` is `CardPayments`."""
    return "".join(part.capitalize() for part in name.split("_")) or "Record"


def feed_text(name: str, module: str | None = None) -> str:
    """The feed's YAML: one partition, since one file does not tell how it is cut."""
    declared = {
        "feed": name,
        "contract": f"{module or f'validators.contracts.{name}'}:{class_name(name)}",
        "owner": "team:unknown",
        "description": f"Drafted from one file of {name}.",
        "partitions": {"kind": "static", "keys": ["all"]},
    }
    return "# Draft: name the owner, and say how it is cut into partitions.\n" + _yaml(declared)


def source_text(
    source: str,
    feed: str,
    profiles: list[ColumnProfile],
    form: str,
    endpoint: dict[str, str],
    fields: Mapping[str, str | dict[str, str]],
    comments: tuple[str, ...] = (),
) -> str:
    """The source's YAML."""
    notation: dict[str, object] = {"format": form, **dict.fromkeys(_ASKED.get(form, ()), DETECTED)}
    if (decimal := _decimal(profiles)) != ".":
        notation["decimal"] = decimal
    if tokens := sorted({token for p in profiles for token in p.null_tokens}):
        notation["nulls"] = tokens
    declared = {
        "source": source,
        "feed": feed,
        "owner": "team:unknown",
        "delivers": "snapshot",
        "endpoints": [endpoint],
        "notation": notation,
    }
    listed = "".join(f"  {name}: {_flow(value)}\n" for name, value in fields.items())
    told = "".join(
        f"# {' '.join(line.split())}\n" for line in ("Draft: name the owner, and read every line.", *comments)
    )
    return f"{told}{_yaml(declared)}fields:\n{listed}"


def notation_of(profile: ColumnProfile, decimal: str) -> str | dict[str, str]:
    """What the source's YAML says of one field."""
    told = {"from": profile.column}
    if profile.unit and profile.type in ("int", "float"):
        told["unit"] = profile.unit
    if profile.datetime:
        told["datetime"] = profile.datetime
    if profile.type == "float" and profile.decimal != decimal and profile.lowest is not None:
        told["decimal"] = profile.decimal
    return profile.column if set(told) == {"from"} else told


def _decimal(profiles: list[ColumnProfile]) -> str:
    commas = sum(p.decimal == "," for p in profiles)
    points = sum(p.kind == "numbers with a decimal point" for p in profiles)
    return "," if commas > points else "."


def _field_text(profile: ColumnProfile, relations: Relations, names: dict[str, str], mark: str) -> str:
    name = names[profile.column]
    told = [*_rules(profile), *_routes(profile, relations, names)]
    if profile.column in relations.key:
        told.insert(0, f"{mark}=True")
    elif profile.null_share > _NULLABLE:
        told.append("nullable=True")
    if profile.is_personal:
        told.append("personal=True")
    told.append(f"description={json.dumps(_description(profile), ensure_ascii=False)}")
    arguments = "".join(f"        {argument},\n" for argument in told)
    return f"    {name}: {_ANNOTATIONS[profile.type]} = field(\n{arguments}    )"


def _rules(profile: ColumnProfile) -> list[str]:
    if profile.code_list:
        return [f"isin={profile.code_list}"]
    if profile.allowed:
        return [f"isin={_listed(profile.allowed)}"]
    if profile.pattern:
        return [f"str_matches={_raw(profile.pattern)}"]
    if profile.usual is None or profile.usual[0] < 0:
        return []
    if profile.type == "float" and profile.usual[1] <= 1:
        return ['in_range={"min_value": 0, "max_value": 1}']
    return ["gt=0" if profile.usual[0] > 0 else "ge=0"]


def _routes(profile: ColumnProfile, relations: Relations, names: dict[str, str]) -> list[str]:
    translate = _translator(profile)
    told = [f'translate="{translate}"'] if translate else []
    if (by := relations.determined_by.get(profile.column)) and profile.column not in relations.key:
        told.append(f'impute="mode:{names[by]}"')
    return told


def _translator(profile: ColumnProfile) -> str:
    if profile.type in ("moment", "day"):
        return "datetime"
    if profile.type in ("int", "float"):
        return "money" if profile.is_money else "number"
    if profile.code_list:
        return "currency" if profile.code_list == "ISO_4217" else "country"
    if profile.kind == "times of day" and profile.pattern.endswith(r"\.m\.$"):
        return "clock"
    if profile.type == "bool":
        return ""
    return "code" if profile.pattern or profile.is_identifier or profile.allowed else "text"


def _description(profile: ColumnProfile) -> str:
    """What was seen; of personal columns no value."""
    told = [profile.kind]
    if profile.lowest is not None and not profile.is_personal:
        told.append(f"seen from {profile.lowest:g} to {profile.highest:g}")
    told.append(f"{profile.distinct:,} different")
    if profile.null_share:
        told.append(f"{profile.null_share:.1%} empty")
    return ", ".join(told)


def _listed(values: tuple[str, ...]) -> str:
    """A list in one line, or in several where it is long."""
    told = [json.dumps(value, ensure_ascii=False) for value in values]
    if sum(map(len, told)) + 2 * len(told) < 85:
        return f"[{', '.join(told)}]"
    return "[\n" + "".join(f"            {value},\n" for value in told) + "        ]"


def _raw(pattern: str) -> str:
    return f'r"{pattern}"' if '"' not in pattern and not pattern.endswith("\\") else repr(pattern)


def _yaml(declared: Mapping[str, object]) -> str:
    return "".join(f"{key}: {_flow(value)}\n" for key, value in declared.items())


def _flow(value: object) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10_000)
    return str(text).removesuffix("...\n").strip()
