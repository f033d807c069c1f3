"""Sources and deliveries for the tests of this room."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sources.declaration import Source
from sources.delivery import Delivery
from sources.landing import land
from sources.reading import Reading, read_fragment

DAY = "2026-11-23"


class Harbour:
    """A root and a store in a temporary folder, and shorthands for landing and reading."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "outside"
        self.store = folder / "store"
        self.root.mkdir()

    def put(self, name: str, content: bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def land(self, source: Source, **options: Any) -> list[Delivery]:
        return land(source, DAY, store=self.store, root=self.root, **options)

    def land_bytes(self, source: Source, content: bytes, **options: Any) -> Delivery:
        self.put(f"{DAY}/data.{source.notation.format}", content)
        [delivery] = self.land(source, **options)
        return delivery

    def read(self, source: Source, content: bytes, **options: Any) -> Reading:
        delivery = self.land_bytes(source, content, **options)
        assert delivery.status == "landed", delivery.reason
        [fragment] = delivery.fragments
        return read_fragment(source, delivery, fragment, store=self.store)


@pytest.fixture
def harbour(tmp_path: Path) -> Harbour:
    return Harbour(tmp_path)


def _declared(
    fields: dict[str, Any], *, endpoints: list[dict[str, Any]] | None = None, **notation: Any
) -> Source:
    notation.setdefault("format", "csv")
    files = [{"kind": "files", "path": f"{{partition}}/*.{notation['format']}"}]
    return Source.model_validate(
        {
            "source": "shop",
            "feed": "orders",
            "owner": "team:shop",
            "delivers": "increment",
            "endpoints": endpoints or files,
            "notation": notation,
            "fields": fields,
        }
    )


@pytest.fixture
def declared() -> Callable[..., Source]:
    """Return a function that makes a source of fields, endpoints and notation."""
    return _declared
