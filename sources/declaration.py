"""What may be declared about a source: who owns it, how to reach it, how it writes things. Models, no I/O."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sources.declared import Declared, Name
from sources.endpoints import Endpoint
from sources.notation import FieldNotation, Notation

_OWNER = r"^(team:[A-Za-z0-9_.-]+|[^@\s]+@[^@\s]+\.[^@\s]+)$"


def _column_first(value: Any) -> Any:
    return {"from": value} if isinstance(value, str) else value


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
        min_length=1, description="Canonical name: their column, or a mapping with `from`."
    )
    source_column: str | None = Field(
        default=None, description="The field whose value says which system each record is from."
    )
    deadline: float = Field(default=60, gt=0, description="Seconds for one endpoint to hand over everything.")

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
    def columns(self) -> dict[str, str]:
        """Canonical name: their column, in the order of the declaration."""
        return {name: field.column for name, field in self.fields.items()}

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Their columns without which a delivery is of the wrong kind."""
        return tuple(field.column for field in self.fields.values() if not field.optional)
