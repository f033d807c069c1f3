"""Who may do what at the desk, as it is declared in a YAML file: how people sign in, and each one's role.

Nobody may do anything that is not declared. Models and loading only.
"""

import unicodedata
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from orchestration_assets.errors import DeclarationError
from sources.loading import load_declaration

Role = Literal["viewer", "reviewer"]


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Local(_Declared):
    """By a name and a password that stand, hashed, in a file of the desk's own."""

    kind: Literal["local"]
    passwords: Path = Field(
        default=Path("desk.passwords"), description="The file, from the folder of this one."
    )


class Header(_Declared):
    """By a proxy that signs people in itself, and says who it is in a header."""

    kind: Literal["header"]
    header: str = Field(
        pattern=r"^[A-Za-z][A-Za-z0-9-]*$", description="Which one, such as X-Forwarded-User."
    )
    proxies: list[IPv4Network | IPv6Network] = Field(
        min_length=1, description="Addresses or networks of the proxies that are believed; nobody else is."
    )


class OpenIdConnect(_Declared):
    """By an OpenID provider (authorization code with PKCE)."""

    kind: Literal["oidc"]
    issuer: str = Field(description="The provider's address, as its tokens name it.")
    client_id: str = Field(min_length=1, description="How the provider knows the desk.")
    secret_variable: str = Field(
        default="DESK_CLIENT_SECRET",
        pattern=r"^[A-Z_][A-Z0-9_]*$",
        description="The environment variable that holds the client's secret.",
    )
    claim: str = Field(
        default="email", description="What names a person; `email` counts only where it is verified."
    )
    scopes: list[str] = Field(default=["openid", "email"], description="What the provider is asked for.")

    @field_validator("issuer")
    @classmethod
    def _is_safe(cls, issuer: str) -> str:
        parts = urlsplit(issuer)
        if parts.scheme == "https" and parts.hostname:
            return issuer.rstrip("/")
        if parts.scheme == "http" and parts.hostname and is_loopback(parts.hostname):
            return issuer.rstrip("/")
        raise ValueError("must be an https address")

    @field_validator("scopes")
    @classmethod
    def _asks_for_identity(cls, scopes: list[str]) -> list[str]:
        if "openid" not in scopes:
            raise ValueError("must contain `openid`")
        return scopes


class Open(_Declared):
    """Not at all: whoever reaches the desk is the person who started it. On loopback only."""

    kind: Literal["open"]


class Right(_Declared):
    """What one person may do."""

    role: Role = Field(description="`viewer` may look, `reviewer` may look and decide.")
    personal: bool = Field(default=False, description="Whether personal fields are shown.")


class Sessions(_Declared):
    """How long a person stays signed in."""

    hours: float = Field(default=12, gt=0, le=720, description="At most so long.")
    idle_minutes: float = Field(default=60, gt=0, le=1440, description="So long without doing anything.")


class Access(_Declared):
    """Who may do what at the desk."""

    sign_in: Annotated[Local | Header | OpenIdConnect | Open, Field(discriminator="kind")] = Field(
        description="How people sign in."
    )
    people: dict[str, Right] = Field(default_factory=dict, description="Each one's right, by name.")
    others: Right | None = Field(
        default=None, description="The right of whoever signs in and is not listed; none by default."
    )
    hosts: list[str] = Field(
        default_factory=list, description="Further names by which browsers may call the desk."
    )
    sessions: Sessions = Field(default_factory=Sessions, description="How long people stay signed in.")

    @model_validator(mode="after")
    def _names_each_person_once(self) -> Self:
        names = [same_name(name) for name in self.people]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"`people` names twice: {', '.join(twice)}")
        return self

    def right_of(self, name: str) -> Right | None:
        """What the person may do; None: nothing."""
        return {same_name(known): right for known, right in self.people.items()}.get(
            same_name(name), self.others
        )


@dataclass(frozen=True)
class Person:
    """Who is at the desk, and what they may do there."""

    name: str
    may_decide: bool
    may_see_personal: bool


def person_of(access: Access, name: str) -> Person | None:
    """The person of that name; None where nothing is declared for them."""
    right = access.right_of(name)
    return Person(same_name(name), right.role == "reviewer", right.personal) if right else None


def same_name(name: str) -> str:
    """The form in which two ways of writing a name are compared, and in which it is kept beside a decision."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def load_access(path: Path) -> Access:
    """What the file declares; raises `DeclarationError` with every mistake in it."""
    access, mistakes = load_declaration(path, Access)
    if access is None:
        told = "\n".join(f"{m.file}:{m.line}: {m.message}. {m.hint}".rstrip() for m in mistakes)
        raise DeclarationError(f"{told}\nHint: docs/reference/desk-yaml.md names every setting")
    if isinstance(access.sign_in, Local):
        file = path.parent / access.sign_in.passwords
        return access.model_copy(
            update={"sign_in": access.sign_in.model_copy(update={"passwords": file.absolute()})}
        )
    return access


def open_access(name: str, *, shows_personal: bool) -> Access:
    """That of a desk without a file: the person who started it decides, on loopback only."""
    return Access(sign_in=Open(kind="open"), people={name: Right(role="reviewer", personal=shows_personal)})
