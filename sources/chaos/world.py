"""The outside world of a round: three systems that deliver the simulated payments, until a fault is injected.

gateway_a is a CSV file behind a web server, gateway_b a folder of NDJSON files, the ledger a SQLite database.
"""

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import polars as pl

from sources.chaos.server import MisbehavingServer
from sources.chaos.sheet import Sheet, csv_sheet, json_sheet
from sources.simulation import DamageRates, simulate

SYSTEMS = {"gateway_a": "server", "gateway_b": "files", "ledger": "database"}
_FILES = {"gateway_a": "payments.csv", "gateway_b": "payments.ndjson"}


class World:
    """What was delivered on some days, and how it can be reached. `stores`: the folders into which each source is landed."""

    def __init__(
        self, root: Path, days: Sequence[str], *, records: int, seed: int, rates: DamageRates
    ) -> None:
        self.root, self.days = root, tuple(days)
        simulate(root, list(days), records=records, seed=seed, rates=rates)
        self.server = MisbehavingServer(root)
        self.stores: dict[str, Path] = {}
        self._sound = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
        self._undo: list[Callable[[], object]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.heal()
        self.server.close()

    def file(self, source: str, day: str) -> Path:
        """The file that the source hands over for the day; of the ledger its database."""
        return self.database if source == "ledger" else self.root / source / day / _FILES[source]

    def backup(self, source: str, day: str) -> Path:
        """Where a copy of the source's file may lie, for its second endpoint: none does, as long as nothing is wrong."""
        return self.root / "backup" / source / day / _FILES[source]

    @property
    def database(self) -> Path:
        """The ledger's database."""
        return self.root / "ledger" / "ledger.sqlite"

    def sound(self, source: str, day: str) -> bytes:
        """What the source's file holds when nothing is wrong."""
        return self._sound[self.file(source, day)]

    def sheet(self, source: str, day: str) -> Sheet:
        """The lines of the source's sound file."""
        content = self.sound(source, day)
        return (
            csv_sheet(content, delimiter=";", encoding="cp1252")
            if source == "gateway_a"
            else json_sheet(content)
        )

    def truth(self, day: str) -> pl.DataFrame:
        """One row per delivered line, as the simulation keeps it aside: `source`, `row`, the true fields."""
        return pl.read_parquet(self.root / "truth" / f"{day}.parquet")

    def on_heal(self, undo: Callable[[], object]) -> None:
        """Do this when the fault ends, the last first."""
        self._undo.append(undo)

    def heal(self) -> None:
        """End every fault: everything is as it was delivered."""
        while self._undo:
            self._undo.pop()()
        self.server.heal()
        for path in [p for p in self.root.rglob("*") if p.is_file() and p not in self._sound]:
            path.unlink()
        for path, content in self._sound.items():
            if not path.is_file() or path.read_bytes() != content:
                path.write_bytes(content)

    def lock_database(self) -> None:
        """Hold the database for writing, alone, until the fault ends."""
        connection = sqlite3.connect(self.database, isolation_level=None, check_same_thread=False)
        connection.execute("BEGIN EXCLUSIVE")
        self.on_heal(connection.close)

    def change_database(self, statement: str, *parameters: object) -> None:
        """Execute one statement."""
        connection = sqlite3.connect(self.database)
        try:
            with connection:
                connection.execute(statement, parameters)
        finally:
            connection.close()

    def corrupt_database(self, rng: np.random.Generator) -> None:
        """Overwrite every page but the first, which holds the names of the tables."""
        content = self._sound[self.database]
        page = int.from_bytes(content[16:18], "big")
        self.database.write_bytes(content[:page] + rng.bytes(len(content) - page))

    def block_landing(self, source: str) -> None:
        """Put a file where the source's landing folder should be: nothing can be written into it."""
        store = self.stores[source]
        aside = store.with_name(f"{store.name}.aside")
        store.parent.mkdir(parents=True, exist_ok=True)
        if store.exists():
            store.rename(aside)
        store.touch()

        def unblock() -> None:
            store.unlink()
            if aside.exists():
                shutil.move(aside, store)

        self.on_heal(unblock)
