"""The password file of a desk with local sign-in: one line `name:hash` for each person, by Argon2id."""

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration_assets.desk.access import same_name
from orchestration_assets.errors import DeclarationError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 12, 1024
_READABLE_BY_OTHERS = 0o077


def read_hashes(path: Path) -> dict[str, str]:
    """Each person's hash; raises `DeclarationError` where the file cannot be read, or others may read it."""
    try:
        mode = path.stat().st_mode
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise DeclarationError(
            f"{path} cannot be read\nHint: `breakwater desk --add-user` makes it"
        ) from error
    if mode & _READABLE_BY_OTHERS:
        raise DeclarationError(f"{path} may be read by others\nHint: chmod 600 {path}")
    pairs = (line.rpartition(":") for line in lines if line.strip())
    return {name: hashed for name, _, hashed in pairs}


def is_right(path: Path, name: str, password: str) -> bool:
    """Whether the person has this password. Takes as long for a name that is not there."""
    from argon2.exceptions import InvalidHashError, VerificationError

    hashed = read_hashes(path).get(same_name(name))
    try:
        _hasher().verify(hashed or _decoy(), password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return hashed is not None


def set_password(path: Path, name: str, password: str) -> None:
    """Give the person this password; the file is replaced at once, and for its owner's eyes only."""
    known = same_name(name)
    if not known or any(c in known for c in ":\n\r") or not known.isprintable():
        raise DeclarationError("this cannot be a name\nHint: an e-mail address, or letters and digits")
    if not SHORTEST <= len(password) <= LONGEST:
        raise DeclarationError(f"the password has {len(password)} characters\nHint: at least {SHORTEST}")
    hashes = read_hashes(path) | {known: _hasher().hash(password)}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}-{os.getpid()}.tmp")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{who}:{hashed}\n" for who, hashed in sorted(hashes.items()))
    temporary.replace(path)


@lru_cache(maxsize=1)
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher()  # Argon2id with the parameters of RFC 9106 for machines with little memory


@lru_cache(maxsize=1)
def _decoy() -> str:
    """A hash that no password has: so that a name that is not there costs the same."""
    return _hasher().hash(os.urandom(32).hex())
