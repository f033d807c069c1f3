"""What was handed over for a partition while nobody held it: left beside the source's landed files, and taken in later.

The bytes of a delivery may be stored at any time, since their name is their content. The table of deliveries is written
only by whoever holds the partition. So a source that comes late leaves a note, and the holder takes it in.
"""

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration_assets.lake import Lake, valid_partition, write_json

_FOLDER = "_arrived"


@dataclass(frozen=True)
class Arrival:
    """What came of asking a source once. `since`: per endpoint, the position that it was asked to go on from."""

    source: str
    rows: list[dict[str, Any]]
    at: datetime
    since: dict[str, str] = field(default_factory=dict)
    note: Path | None = None
    """Where it was left, if nobody waited for it."""


def leave(lake: Lake, partition: str, arrival: Arrival) -> None:
    """Leave a note for whoever holds the partition next."""
    content = {"rows": arrival.rows, "at": arrival.at.isoformat(), "since": arrival.since}
    write_json(_folder(lake, arrival.source, partition) / f"{uuid.uuid4().hex}.json", content)


def left(lake: Lake, source: str, partition: str) -> list[Arrival]:
    """What was left for the partition, in the order in which it came. A note that cannot be read is passed over."""
    notes = sorted(_folder(lake, source, partition).glob("*.json"))
    arrivals = [arrival for note in notes if (arrival := _read(source, note)) is not None]
    return sorted(arrivals, key=lambda arrival: arrival.at)


def taken(arrivals: Iterable[Arrival]) -> None:
    """Remove the notes of what stands in the table now."""
    for arrival in arrivals:
        if arrival.note is not None:
            arrival.note.unlink(missing_ok=True)


def _folder(lake: Lake, source: str, partition: str) -> Path:
    return lake.root / source / _FOLDER / valid_partition(partition)


def _read(source: str, note: Path) -> Arrival | None:
    try:
        content = json.loads(note.read_text())
        moment = datetime.fromisoformat(content["at"])
        rows = [{**row, "landed_at": datetime.fromisoformat(row["landed_at"])} for row in content["rows"]]
        return Arrival(source, rows, moment, dict(content["since"]), note)
    except (OSError, ValueError, TypeError, KeyError):
        return None
