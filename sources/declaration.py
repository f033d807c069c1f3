"""What may be declared about a source: who owns it, how to reach it, how it writes things. Models, no I/O."""

from codecs import lookup
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Unit = Literal["cents", "percent", "permille", "thousands", "millions"]

_OWNER = r"^(team:[A-Za-z0-9_.-]+|[^@\s]+@[^@\s]+\.[^@\s]+)$"
_EPOCHS = ("epoch_s", "epoch_ms", "epoch_us", "epoch_ns")
_ASCII = bytes(range(128))


def _checked_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"`{name}` is no time zone, expected a name such as Europe/Berlin") from None
    return name


def _checked_datetime(pattern: str) -> str:
    if pattern in _EPOCHS:
        return pattern
    if "%" not in pattern:
        raise ValueError(f"`{pattern}` has no `%` directive and is none of {', '.join(_EPOCHS)}")
    return pattern


def _checked_encoding(name: str) -> str:
    """Accept utf-8 and encodings of one byte per character that contain ASCII: lines are cut at bytes."""
    try:
        codec = lookup(name).name.removesuffix("-sig")
        is_superset = "escape" not in codec and _ASCII.decode(codec) == _ASCII.decode("ascii")
    except (LookupError, UnicodeError):
        is_superset = False
    if not is_superset or not (codec in ("utf-8", "ascii") or _is_single_byte(codec)):
        raise ValueError(f"`{name}` is neither utf-8 nor a single-byte encoding such as latin-1 or cp1252")
    return codec


def _is_single_byte(encoding: str) -> bool:
    return {_width(encoding, byte) for byte in range(128, 256)} - {None} == {1}


def _width(encoding: str, byte: int) -> int | None:
    """Return how many characters the byte makes when a letter follows it; None where it makes none."""
    try:
        return len((bytes([byte]) + b"A").decode(encoding)) - 1
    except UnicodeDecodeError:
        return None


def _text_keys(codes: Any) -> Any:
    """Return the mapping with its whole numbers as text: YAML reads a code such as 978 as a number."""
    if not isinstance(codes, dict):
        return codes
    return {str(k) if type(k) is int else k: str(v) if type(v) is int else v for k, v in codes.items()}


def _column_first(value: Any) -> Any:
    return {"from": value} if isinstance(value, str) else value


Encoding = Annotated[str, AfterValidator(_checked_encoding)]
Datetime = Annotated[str, AfterValidator(_checked_datetime)]
Timezone = Annotated[str, AfterValidator(_checked_timezone)]
Codes = Annotated[dict[str, str], BeforeValidator(_text_keys)]


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class FilesEndpoint(_Declared):
    """Files in a folder."""

    kind: Literal["files"] = Field(description="How the endpoint is reached.")
    path: str = Field(
        min_length=1,
        description="Path below the root, or absolute; `{partition}` and the wildcards *, ? and **.",
    )

    @model_validator(mode="after")
    def _stays_below_the_root(self) -> Self:
        depth = 0
        for part in self.path.split("/"):
            depth += -1 if part == ".." else part not in ("", ".")
            if depth < 0:
                raise ValueError("the path leaves its root folder through `..`")
        return self


class SqlEndpoint(_Declared):
    """One query of a database."""

    kind: Literal["sql"] = Field(description="How the endpoint is reached.")
    url: str = Field(
        pattern=r"^(sqlite:///.|\$\{)", description="sqlite:///PATH, below the root or absolute."
    )
    query: str = Field(min_length=1, description="One SELECT; `:partition` is bound to the partition's name.")


class HttpEndpoint(_Declared):
    """One resource of a web server."""

    kind: Literal["http"] = Field(description="How the endpoint is reached.")
    url: str = Field(pattern=r"^(https?://.|\$\{)", description="http or https address, `{partition}` in it.")
    timeout: float = Field(
        default=10, gt=0, le=600, description="Seconds without an answer before it is given up."
    )


Endpoint = Annotated[FilesEndpoint | SqlEndpoint | HttpEndpoint, Field(discriminator="kind")]


class Notation(_Declared):
    """How a source writes things, unless a field says otherwise."""

    format: Literal["csv", "ndjson"] = Field(description="What the bytes are.")
    delimiter: str = Field(
        default=",", pattern=r"^[\x09\x20-\x7e]$", description="Between two fields of CSV."
    )
    quote: str | None = Field(
        default='"',
        pattern=r"^[\x21-\x7e]$",
        description="Around fields of CSV; null: quotes have no meaning.",
    )
    encoding: Encoding = Field(default="utf-8", description="Any encoding that contains ASCII.")
    decimal: Literal[".", ","] = Field(default=".", description="The decimal mark.")
    datetime: Datetime | None = Field(
        default=None,
        description="Pattern of points in time, or epoch_s, epoch_ms, epoch_us, epoch_ns; else ISO 8601.",
    )
    timezone: Timezone = Field(default="UTC", description="Zone of times that are written without one.")
    nulls: tuple[str, ...] = Field(
        default=(), description="Texts that stand for no value, besides the empty one."
    )

    @model_validator(mode="after")
    def _is_unambiguous(self) -> Self:
        if self.delimiter == self.quote:
            raise ValueError("`delimiter` and `quote` are the same character")
        return self


class FieldNotation(_Declared):
    """Where one canonical field comes from, and what differs from the notation of the source."""

    column: str = Field(
        alias="from",
        min_length=1,
        description="Their column; a dotted path such as customer.ref in nested JSON.",
    )
    unit: Unit | None = Field(default=None, description="What their number counts.")
    codes: Codes = Field(default_factory=dict, description="Their code: the canonical one.")
    datetime: Datetime | None = Field(default=None, description="As in the notation, for this field.")
    decimal: Literal[".", ","] | None = Field(default=None, description="As in the notation, for this field.")
    timezone: Timezone | None = Field(default=None, description="As in the notation, for this field.")
    optional: bool = Field(
        default=False, description="Whether a delivery without this column is still accepted."
    )


class Source(_Declared):
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
        columns = set(self.columns.values()) if self.notation.format == "ndjson" else set()
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
