"""What may be declared about a source: who owns it, how to reach it, how it writes things. Models, no I/O."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sources.declared import Declared, Name
from sources.endpoints import Endpoint
from sources.notation import FieldNotation, Notation

_LENGTH = re.compile(r"([0-9]+(?:\.[0-9]+)?)([hd])")
_OWNER = r"^(team:[A-Za-z0-9_.-]+|[^@\s]+@[^@\s]+\.[^@\s]+)$"


def _column_first(value: Any) -> Any:
    return {"from": value} if isinstance(value, str) else value


def _hours_of(value: Any) -> Any:
    """Return a length of time in hours: a number is one already, and so is `hourly`, `daily`, `12h` or `3d` in words."""
    if not isinstance(value, str):
        return value
    named = {"hourly": 1.0, "daily": 24.0, "weekly": 168.0}
    if value in named:
        return named[value]
    if match := _LENGTH.fullmatch(value):
        return float(match[1]) * (24 if match[2] == "d" else 1)
    raise ValueError(f"`{value}` is no length of time, expected a number of hours, or text such as 12h or 3d")


HoursLong = Annotated[float, BeforeValidator(_hours_of)]


class Source(Declared):
    """One outside system that delivers records of one feed."""

    source: Name = Field(description="Name of the source, unique among all sources.")
    feed: Name = Field(description="The feed that its records belong to.")
    owner: str = Field(pattern=_OWNER, description="Who answers for it: `team:NAME` or an e-mail address.")
    region: str | None = Field(default=None, description="Where its data come from.")
    delivers: Literal["increment", "snapshot"] = Field(
        description="Only what is new (`increment`), or everything each time (`snapshot`)."
    )
    endpoints: tuple[Endpoint, ...] = Field(
        min_length=1, description="Ways to reach it, in order of preference."
    )
    notation: Notation = Field(description="How it writes things.")
    fields: dict[Name, Annotated[FieldNotation, BeforeValidator(_column_first)]] = Field(
        min_length=1, description="The contract's name: their column, or a mapping with `from`."
    )
    source_column: str | None = Field(
        default=None, description="The field whose value says which system each record is from."
    )
    deadline: float = Field(default=60, gt=0, description="Seconds for one endpoint to hand over everything.")
    cadence: HoursLong | None = Field(
        default=None,
        gt=0,
        le=8784,
        description="How often it delivers: hourly, daily, weekly, or hours such as 6h.",
    )
    max_stale: HoursLong = Field(
        default=168,
        ge=0,
        le=8784,
        description="How old a former snapshot may be that stands in, such as 12h or 3d; 0: none may.",
    )

    @model_validator(mode="after")
    def _knows_its_source_column(self) -> Self:
        if self.source_column is not None and self.source_column not in self.fields:
            raise ValueError(f"`source_column` is {self.source_column}, which is none of the fields")
        return self

    @model_validator(mode="after")
    def _has_no_value_with_fields(self) -> Self:
        columns = set(self.columns.values()) if self.notation.read_as == "ndjson" else set()
        for column in sorted(columns):
            below = next((other for other in sorted(columns) if other.startswith(f"{column}.")), None)
            if below:
                raise ValueError(f"`{column}` cannot be a value and hold `{below}`")
        return self

    @property
    def ways(self) -> dict[str, Endpoint]:
        """Each endpoint by its label, such as `http:0`, in order of preference."""
        return {f"{endpoint.kind}:{position}": endpoint for position, endpoint in enumerate(self.endpoints)}

    @property
    def columns(self) -> dict[str, str]:
        """The contract's name: their column, in the order of the declaration."""
        return {name: field.column for name, field in self.fields.items()}

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Their columns without which a delivery is of the wrong kind."""
        return tuple(field.column for field in self.fields.values() if not field.optional)
