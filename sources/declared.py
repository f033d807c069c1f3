"""What all declarations have in common. No I/O."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Declared(BaseModel):
    """A part of a declaration: unknown keys are mistakes, and nothing changes once it is read."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
