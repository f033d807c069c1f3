"""What may be declared about when and how often an endpoint is asked. Models, no I/O."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sources.declared import Declared
from sources.notation import Timezone

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _clock_text(value: Any) -> Any:
    """Return the time of day as text: YAML reads 22:00 without quotes as the number 1320."""
    if type(value) is int and 0 <= value <= 24 * 60:
        return f"{value // 60:02d}:{value % 60:02d}"
    return value


TimeOfDay = Annotated[
    str, BeforeValidator(_clock_text), Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")
]
Rate = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,5}/(second|minute|hour)$")]


class Hours(Declared):
    """When an endpoint may be asked, by the clock on the wall of its time zone."""

    begin: TimeOfDay = Field(alias="from", description="From this time of day on, such as 06:00.")
    end: TimeOfDay = Field(
        alias="to", description="To before this time of day, such as 22:00; before `from`: of the next day."
    )
    timezone: Timezone = Field(default="UTC", description="Whose clock and days are meant.")
    days: tuple[Day, ...] = Field(
        default=DAYS,
        min_length=1,
        description="The days on which the time begins: mon, tue, wed, thu, fri, sat, sun.",
    )

    @model_validator(mode="after")
    def _is_a_time(self) -> Self:
        if self.begin in (self.end, "24:00"):
            raise ValueError("`from` and `to` leave no time between them; a whole day is from 00:00 to 24:00")
        return self


class Breaker(Declared):
    """When an endpoint that keeps failing is left alone."""

    failures: int = Field(default=5, ge=1, le=1000, description="After so many failures in a row.")
    open_seconds: float = Field(
        default=300, gt=0, le=86400, description="For so many seconds; then one probe decides."
    )
