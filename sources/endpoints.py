"""What may be declared about a way to reach a source. Models, no I/O."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sources.availability.declared import Breaker, Hours, Rate
from sources.declared import Declared


class EndpointDeclared(Declared):
    """What every endpoint may say: how long and how often it is tried, and when it serves."""

    timeout: float = Field(
        default=10, gt=0, le=600, description="Seconds without an answer before it is given up."
    )
    attempts: int = Field(
        default=3, ge=1, le=20, description="How often it is tried within its deadline, with growing pauses."
    )
    rate: Rate | None = Field(
        default=None, description="At most so many requests, such as 60/minute; counted over all processes."
    )
    hours: Hours | None = Field(default=None, description="When it may be asked; always if nothing is said.")
    breaker: Breaker = Field(
        default_factory=Breaker, description="After how many failures it is left alone, and for how long."
    )


class FilesEndpoint(EndpointDeclared):
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


class SqlEndpoint(EndpointDeclared):
    """One query of a database."""

    kind: Literal["sql"] = Field(description="How the endpoint is reached.")
    url: str = Field(
        pattern=r"^(sqlite:///.|\$\{)", description="sqlite:///PATH, below the root or absolute."
    )
    query: str = Field(min_length=1, description="One SELECT; `:partition` is bound to the partition's name.")


class HttpEndpoint(EndpointDeclared):
    """One resource of a web server."""

    kind: Literal["http"] = Field(description="How the endpoint is reached.")
    url: str = Field(pattern=r"^(https?://.|\$\{)", description="http or https address, `{partition}` in it.")


Endpoint = Annotated[FilesEndpoint | SqlEndpoint | HttpEndpoint, Field(discriminator="kind")]
