"""What may be declared about how a source writes things: format, dialect, encoding, numbers, times. Models, no I/O."""

from codecs import lookup
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from sources.declared import Declared

Format = Literal["csv", "tsv", "json", "ndjson", "parquet", "excel"]
Unit = Literal["cents", "percent", "permille", "thousands", "millions"]

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
    if name == DETECTED:
        return name
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


DETECTED = "detected"
"""Stands for a part of the dialect that the bytes themselves are asked for."""

Encoding = Annotated[str, AfterValidator(_checked_encoding)]
Datetime = Annotated[str, AfterValidator(_checked_datetime)]
Timezone = Annotated[str, AfterValidator(_checked_timezone)]
Codes = Annotated[dict[str, str], BeforeValidator(_text_keys)]


class Notation(Declared):
    """How a source writes things, unless a field says otherwise."""

    format: Format = Field(description="What the bytes are, once unpacked.")
    delimiter: str = Field(
        default=DETECTED,
        pattern=rf"^([\x09\x20-\x7e]|{DETECTED})$",
        description="Between two fields of CSV; detected from the bytes where it is left out.",
    )
    quote: str | None = Field(
        default=DETECTED,
        pattern=rf"^([\x21-\x7e]|{DETECTED})$",
        description="Around fields of CSV; null: quotes have no meaning; detected where it is left out.",
    )
    encoding: Encoding = Field(
        default=DETECTED,
        description="Any encoding that contains ASCII; detected from the bytes where it is left out.",
    )
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
        if self.delimiter == self.quote != DETECTED:
            raise ValueError("`delimiter` and `quote` are the same character")
        return self

    @property
    def read_as(self) -> Literal["csv", "ndjson"]:
        """What a delivery is read as: a workbook is written down as CSV, JSON and Parquet as NDJSON."""
        return "csv" if self.format in ("csv", "tsv", "excel") else "ndjson"


class FieldNotation(Declared):
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
    scale_since: str | None = Field(
        default=None,
        description="The first partition whose numbers count as declared; they are not compared with older ones.",
    )
    optional: bool = Field(
        default=False, description="Whether a delivery without this column is still accepted."
    )
