"""What a declaration may hold of credentials: names of environment variables, never a secret itself. No I/O."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_SECRET_NAME = re.compile(
    r"auth|token|secret|passw|api[-_.]?key|access[-_.]?key|credential|cookie|jaas", re.IGNORECASE
)


def is_named_like_a_secret(name: str) -> bool:
    """Return whether a setting of this name may hold a secret."""
    return _SECRET_NAME.search(name) is not None


def _is_variable(text: str) -> str:
    if not _VARIABLE.fullmatch(text):
        raise ValueError(
            "a secret stands in the environment: expected the name of a variable such as ${SHOP_TOKEN}"
        )
    return text


def _has_no_secret(settings: dict[str, str]) -> dict[str, str]:
    for name, text in settings.items():
        if is_named_like_a_secret(name) and not _VARIABLE.search(text):
            raise ValueError(
                f"`{name}` looks like a secret: write the name of a variable, such as ${{SHOP_TOKEN}}"
            )
    return settings


def _has_no_password(url: str) -> str:
    _, has_user, _ = urlsplit(_VARIABLE.sub("", url)).netloc.rpartition("@")
    password = urlsplit(url).netloc.rpartition("@")[0].partition(":")[2]
    if has_user and password and not _VARIABLE.fullmatch(password):
        raise ValueError("a password stands in the environment: write ${NAME} in its place")
    return url


Secret = Annotated[str, AfterValidator(_is_variable)]
"""The name of an environment variable, as `${NAME}`."""

Settings = Annotated[dict[str, str], AfterValidator(_has_no_secret)]
"""Names and texts with `${NAME}` in them; what is named like a secret has to have one."""

Url = Annotated[str, AfterValidator(_has_no_password)]
"""An address that holds no password of its own."""
