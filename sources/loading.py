"""Declarations from YAML files: the good ones, and every mistake of the bad ones with its file and line.

One bad file never takes the others away. Serves any pydantic model, not only sources.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from sources.declaration import Source
from sources.errors import Mistake
from sources.explaining import hint_of, message_of
from sources.yaml_lines import Document, line_of, parse

MOST_BYTES = 1 << 20

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Catalog:
    """The sources of a folder by name, in the order of their files, and what is wrong with the others."""

    sources: dict[str, Source] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)


def load_sources(folder: Path) -> Catalog:
    """Return every source that a `*.yaml` or `*.yml` file declares well, and every mistake of the rest."""
    catalog = Catalog()
    files: dict[str, str] = {}
    if not folder.is_dir():
        catalog.mistakes.append(
            Mistake(folder.name, 0, "there is no such folder", "Name the folder of the catalog.")
        )
    for path in _yaml_files(folder):
        source, mistakes = load_declaration(path, Source)
        catalog.mistakes.extend(mistakes)
        if source is None:
            continue
        if source.source in files:
            catalog.mistakes.append(_name_taken(path, source.source, files[source.source]))
            continue
        files[source.source] = path.name
        catalog.sources[source.source] = source
    return catalog


def load_declaration(path: Path, model: type[Model]) -> tuple[Model | None, list[Mistake]]:
    """Return what the file declares, or None and all that is wrong with it, in the order of its lines.

    A file that cannot be read, is larger than 1 MiB or no YAML is a mistake too; nothing is raised.
    """
    text, unreadable = _text_of(path)
    if text is None:
        return None, [Mistake(path.name, 0, unreadable)]
    document, remarks = parse(text)
    if document is None:
        return None, [Mistake(path.name, *remark) for remark in remarks]
    return _validated(path.name, document, model)


def _validated(file: str, document: Document, model: type[Model]) -> tuple[Model | None, list[Mistake]]:
    if not isinstance(document.data, dict):
        return None, [Mistake(file, 1, "this is no mapping of settings", "Write `setting: value` lines.")]
    try:
        return model.model_validate(document.data), []
    except ValidationError as error:
        return None, sorted(_mistakes(file, document, error, model), key=lambda mistake: mistake.line)


def _mistakes(
    file: str, document: Document, error: ValidationError, model: type[BaseModel]
) -> Iterator[Mistake]:
    entries = error.errors(include_url=False)
    locations = [tuple(entry["loc"]) for entry in entries]
    for entry, location in zip(entries, locations, strict=True):
        if entry["type"] == "too_short" and any(_is_below(other, location) for other in locations):
            continue  # a list is too short only because its items are wrong
        line = line_of(document.node, location)
        yield Mistake(file, line, message_of(entry), hint_of(entry, model))


def _is_below(location: tuple[str | int, ...], above: tuple[str | int, ...]) -> bool:
    return len(location) > len(above) and location[: len(above)] == above


def _yaml_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix in (".yaml", ".yml") and not path.name.startswith(".")
    )


def _text_of(path: Path) -> tuple[str | None, str]:
    """Return the text of the file, or None and why there is none."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            return None, f"the file is larger than {MOST_BYTES} bytes"
        return content.decode("utf-8-sig"), ""
    except OSError as error:
        return None, f"the file cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        return None, f"the file is not utf-8 from byte {error.start}"


def _name_taken(path: Path, name: str, first: str) -> Mistake:
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    document, _ = parse(text)
    line = line_of(document.node, ("source",)) if document else 0
    return Mistake(
        path.name, line, f"the name `{name}` is taken by {first}", "Give this source a name of its own."
    )
