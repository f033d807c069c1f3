"""What may be declared about a way to reach a source. Models, no I/O."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from sources.availability.declared import Breaker, Hours, Rate
from sources.credentials import Secret, Settings, Url
from sources.declared import Declared
from sources.queries import checked_query, parameters_of


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

    @property
    def is_partitioned(self) -> bool:
        """Whether what it serves depends on the partition, so that an old partition can be asked for again."""
        return "{partition}" in self.model_dump_json()


class FilesEndpoint(EndpointDeclared):
    """Files in a folder, or objects in S3-compatible storage."""

    kind: Literal["files"] = Field(description="How the endpoint is reached.")
    path: str = Field(
        min_length=1,
        description="Path below the root, or absolute, or s3://BUCKET/KEY; `{partition}` and the wildcards *, ? and **.",
    )
    endpoint_url: Url | None = Field(default=None, description="Of S3: its address; else AWS_ENDPOINT_URL.")
    region: str | None = Field(default=None, description="Of S3: its region; else AWS_REGION.")
    access_key_id: Secret | None = Field(
        default=None, description="Of S3: `${NAME}`; else AWS_ACCESS_KEY_ID."
    )
    secret_access_key: Secret | None = Field(
        default=None, description="Of S3: `${NAME}`; else AWS_SECRET_ACCESS_KEY."
    )
    session_token: Secret | None = Field(
        default=None, description="Of S3: `${NAME}`; else AWS_SESSION_TOKEN."
    )
    is_public: bool = Field(default=False, description="Of S3: asked without credentials.")

    @property
    def is_in_s3(self) -> bool:
        """Whether the path leads into object storage."""
        return self.path.startswith("s3://")

    @model_validator(mode="after")
    def _stays_below_the_root(self) -> Self:
        depth = 0
        for part in self.path.removeprefix("s3://").split("/"):
            depth += -1 if part == ".." else part not in ("", ".")
            if depth < 0:
                raise ValueError("the path leaves its root folder through `..`")
        return self

    @model_validator(mode="after")
    def _has_settings_of_s3_only_there(self) -> Self:
        here = sorted(self.model_fields_set & _OF_S3)
        if here and not self.is_in_s3:
            raise ValueError(f"`{here[0]}` is for paths that begin with s3://")
        return self


_OF_S3 = frozenset(
    {"endpoint_url", "region", "access_key_id", "secret_access_key", "session_token", "is_public"}
)


class SqlEndpoint(EndpointDeclared):
    """One query of a database."""

    kind: Literal["sql"] = Field(description="How the endpoint is reached.")
    url: Url = Field(
        pattern=r"^(sqlite:///.|[a-z][a-z0-9_]*(\+[a-z0-9_]+)?://.|\$\{)",
        description="sqlite:///PATH (below the root or absolute), postgresql://…, or any address of SQLAlchemy.",
    )
    query: Annotated[str, AfterValidator(checked_query)] = Field(
        min_length=1, description="One SELECT; `:partition`, `:since` and `${NAME}` are bound, never pasted."
    )
    cursor: str | None = Field(
        default=None,
        min_length=1,
        description="A column of the query that never falls, such as updated_at: only rows from its greatest value on.",
    )

    @property
    def is_partitioned(self) -> bool:
        """Whether the query, or the address, names the partition."""
        return "partition" in parameters_of(self.query) or "{partition}" in self.url

    @model_validator(mode="after")
    def _knows_since_when(self) -> Self:
        if self.url.startswith("sqlite:") and not self.url.startswith("sqlite:///"):
            raise ValueError("an address of SQLite is sqlite:///PATH, with three slashes")
        if self.cursor is None and "since" in parameters_of(self.query):
            raise ValueError("`query` has `:since`, and no `cursor` says which column that is a value of")
        return self


class WebEndpoint(EndpointDeclared):
    """What endpoints on the web have in common."""

    url: Url = Field(pattern=r"^(https?://.|\$\{)", description="http or https address, `{partition}` in it.")
    headers: Settings = Field(
        default_factory=dict, description="Sent to this host only; `${NAME}` in their texts."
    )
    token: Secret | None = Field(default=None, description="`${NAME}`, sent as `Authorization: Bearer …`.")
    username: str | None = Field(default=None, description="Of basic authentication; `${NAME}` in it.")
    password: Secret | None = Field(default=None, description="Of basic authentication: `${NAME}`.")

    @model_validator(mode="after")
    def _has_one_way_to_sign_in(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("`username` and `password` belong together")
        names = [name.lower() for name in self.headers]
        if (self.token is not None) + (self.username is not None) + ("authorization" in names) > 1:
            raise ValueError("only one of `token`, `username` and the header Authorization can be sent")
        return self


class HttpEndpoint(WebEndpoint):
    """One resource of a web server."""

    kind: Literal["http"] = Field(description="How the endpoint is reached.")


class Pages(Declared):
    """How an API goes on to its next page."""

    by: Literal["page", "offset", "cursor", "link"] = Field(
        description="A number of the page, an offset, a cursor in the answer, or an address in the answer."
    )
    parameter: str | None = Field(default=None, min_length=1, description="Name under which it is sent.")
    first: int | None = Field(default=None, ge=0, description="The first page (else 1) or offset (else 0).")
    size: int | None = Field(default=None, ge=1, description="Records asked for per page.")
    size_parameter: str | None = Field(
        default=None, min_length=1, description="Name under which `size` is sent."
    )
    next: str | None = Field(
        default=None,
        min_length=1,
        description="Dotted path in the answer of the cursor or the next address; of `link` without it: the Link header.",
    )
    most: int = Field(default=10_000, ge=1, description="Pages after which it is given up.")

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        needed = {"cursor": ("parameter", "next"), "link": ()}.get(self.by, ("parameter",))
        for name in needed:
            if getattr(self, name) is None:
                raise ValueError(f"pages by {self.by} need `{name}`")
        if (self.size is None) != (self.size_parameter is None):
            raise ValueError("`size` and `size_parameter` belong together")
        return self


class Since(Declared):
    """How an API is asked for what is new."""

    parameter: str = Field(min_length=1, description="Name under which the greatest value so far is sent.")
    field: str = Field(min_length=1, description="Dotted path of that value in each record.")


class ApiEndpoint(WebEndpoint):
    """The records of an API, page by page."""

    kind: Literal["api"] = Field(description="How the endpoint is reached.")
    parameters: Settings = Field(
        default_factory=dict, description="Of the query; `{partition}` and `${NAME}` in their texts."
    )
    records: str = Field(
        default="",
        description="Dotted path of the list of records in the answer; empty: the answer is that list.",
    )
    pages: Pages | None = Field(default=None, description="How to go on; without it there is one page.")
    since: Since | None = Field(default=None, description="How to ask for what is new; without it for all.")


class KafkaEndpoint(EndpointDeclared):
    """The messages of a topic, in micro-batches."""

    kind: Literal["kafka"] = Field(description="How the endpoint is reached.")
    servers: str = Field(
        min_length=1, description="Brokers as host:port, separated by commas; `${NAME}` in it."
    )
    topic: str = Field(pattern=r"^[A-Za-z0-9._-]{1,249}$", description="One topic.")
    max_records: int = Field(default=1_000_000, ge=1, description="Messages of one delivery.")
    max_seconds: float = Field(default=20, gt=0, description="Seconds for all deliveries of one landing.")
    config: Settings = Field(
        default_factory=dict,
        description="Settings of librdkafka, such as security.protocol; `${NAME}` in their texts.",
    )

    @model_validator(mode="after")
    def _leaves_positions_to_us(self) -> Self:
        taken = sorted(_OURS & self.config.keys())
        if taken:
            raise ValueError(
                f"`config` may not set {', '.join(taken)}: positions are kept with the deliveries"
            )
        return self


_OURS = frozenset(
    {
        "bootstrap.servers",
        "metadata.broker.list",
        "group.id",
        "enable.auto.commit",
        "enable.auto.offset.store",
    }
    | {"enable.partition.eof", "auto.offset.reset"}
)


class DltEndpoint(EndpointDeclared):
    """The resources of a dlt source."""

    kind: Literal["dlt"] = Field(description="How the endpoint is reached.")
    source: str = Field(
        pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$",
        description="MODULE:FUNCTION, which returns a dlt source or resource.",
    )
    packages: tuple[str, ...] = Field(
        default=(),
        description="Installed packages from which the module may come, besides the project itself.",
    )
    resources: tuple[str, ...] = Field(
        default=(), description="Resources to take; none: those that it selects."
    )
    arguments: dict[str, JsonValue] = Field(
        default_factory=dict, description="Of the function; `{partition}` and `${NAME}` in their texts."
    )


Endpoint = Annotated[
    FilesEndpoint | SqlEndpoint | HttpEndpoint | ApiEndpoint | KafkaEndpoint | DltEndpoint,
    Field(discriminator="kind"),
]
