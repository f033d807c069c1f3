"""What a declaration takes from where it runs: environment variables, root folder, name of the partition.

Values of variables go into what is opened, never into a message.
"""

import os
import re
from collections.abc import Callable
from glob import escape, glob
from pathlib import Path
from urllib.parse import quote as percent_encoded

from sources.errors import EndpointFailure, PartitionRefused, PathRefused, UnsetVariable

PARTITION = "{partition}"

_SHOWN = 200
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PARTITION_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.=+-]{0,199}")
_WILDCARD = re.compile(r"[*?[]")
_ESCAPED = re.compile(r"\[([*?[])\]")


def checked_partition(partition: str) -> str:
    """Return the name of the partition; PartitionRefused where it could lead to another folder."""
    if not _PARTITION_NAME.fullmatch(partition):
        raise PartitionRefused(
            f"{partition[:80]!r} is no name of a partition, expected letters, digits and . _ = + -\n"
            "Hint: a partition is named like 2026-11-23."
        )
    return partition


def expanded(text: str, *, quote: Callable[[str], str] = str) -> str:
    """Return the text with the quoted value of each `${NAME}`; UnsetVariable names what is not set."""
    return _VARIABLE.sub(lambda match: quote(_value(match[1])), text)


def scrubbed(text: str, *declared: str) -> str:
    """Return the first line of the text, with `${NAME}` for the values of the variables in what was declared."""
    names = {name for each in declared for name in _VARIABLE.findall(each)}
    values = {os.environ[name]: name for name in names if os.environ.get(name)}
    shown = text.strip().partition("\n")[0]
    for value in sorted(values, key=len, reverse=True):
        for form in {value, percent_encoded(value, safe=""), percent_encoded(value)}:
            shown = shown.replace(form, f"${{{values[value]}}}")
    return shown[:_SHOWN]


def below(root: Path, path: str) -> Path:
    """Return an absolute path as it is, a relative one below `root`; PathRefused where it leads out."""
    if Path(path).is_absolute():
        return Path(path)
    base = root.absolute()
    whole = Path(os.path.normpath(base / path))
    if not whole.is_relative_to(os.path.normpath(base)):
        raise PathRefused("the path leaves its root folder through `..`")
    return whole


def matching_files(root: Path, path: str, partition: str) -> tuple[Path, list[Path]]:
    """Return the folder before the first wildcard and the regular files that match, sorted.

    PathRefused where a match lies, links followed, outside of that folder; EndpointFailure where they cannot be listed.
    """
    pattern = below(Path(escape(str(root))), expanded(path, quote=escape).replace(PARTITION, partition))
    folder, relative = _split_at_wildcards(pattern)
    try:
        return folder, _files_below(folder, relative)
    except OSError as error:
        raise EndpointFailure(f"the files cannot be listed: {error.strerror}") from error
    except RuntimeError as error:  # of Path.resolve
        raise EndpointFailure("the files cannot be listed: their links go in a circle") from error


def _files_below(folder: Path, relative: str) -> list[Path]:
    # Not Path.glob: its wildcards match hidden files, such as those that are still being written.
    found = sorted(folder / name for name in glob(relative, root_dir=folder, recursive=True))  # noqa: PTH207 - see above
    found = [match for match in found if match.is_file()]
    real = folder.resolve()
    for match in found:
        if _WILDCARD.search(_ESCAPED.sub("", relative)) and not match.resolve().is_relative_to(real):
            raise PathRefused(f"{match.name} is a link to a file outside of the folder")
    return found


def _split_at_wildcards(pattern: Path) -> tuple[Path, str]:
    """Return the folder before the first part with a wildcard, and the pattern of what lies below it."""
    *parts, last = pattern.parts
    stop = next((i for i, part in enumerate(parts) if _WILDCARD.search(_ESCAPED.sub("", part))), len(parts))
    folder = Path(*(_ESCAPED.sub(r"\1", part) for part in parts[:stop]))
    return folder, str(Path(*parts[stop:], last))


def _value(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise UnsetVariable(f"the environment variable {name} is not set")
    return value
