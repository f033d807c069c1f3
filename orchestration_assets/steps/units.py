"""The troubled records of a partition in their units, between the steps.

A unit is what is settled together: records of some fragments that stand alone (`unit-…`), or all records of one
bucket of contested identities, whichever fragments they come from (`bucket-…`).
"""

from pathlib import Path
from typing import Any

import polars as pl

from orchestration_assets.settlement.gate import PROPOSAL_SCHEMA
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.shelf import SHELF
from orchestration_assets.way import Unit, each_once
from validators.judgement import RAW

RECORDS_PER_UNIT = 100_000
OF_ONE_STEP = {"malformed", "cells", "reports"}
"""Kinds of frames that no other step asks for than the one that makes them."""


class Units:
    """The units that triage handed over."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.folder = context.work / "units"
        self.parts = _grouped(context.handed_over("triage")["fragments"])
        self.labels = sorted(self.parts)

    def findings(self, label: str) -> pl.DataFrame:
        """What triage found wrong with the records of the unit."""
        return self._read(label, "findings")

    def load(self, label: str) -> Unit:
        """The unit, with the proposals that were made so far; of a bucket the records that do not simply agree."""
        return self.load_all(label)[0]

    def light(self, label: str) -> Unit:
        """The unit without its records: for what its proposals alone can tell."""
        empty = pl.DataFrame()
        return Unit(label, empty, empty, self.proposals(label), self.is_contested(label))

    def load_all(self, label: str) -> tuple[Unit, pl.DataFrame]:
        """The unit, and beside it the contested records that are good and say the same: settled as they stand."""
        frame, agreeing = self.frames(label)
        findings, proposals = self.findings(label), self.proposals(label)
        return Unit(label, frame, findings, proposals, self.is_contested(label)), agreeing

    def frames(self, label: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The records of the unit, with their text as delivered: those to be looked at, and those that simply agree."""
        records = self._read(label, "records")
        if not self.is_contested(label):
            return records, records.head(0)
        hard = SHELF.get(self.context.work / "hard" / f"{label}.parquet")["_id"]
        is_hard = records["_id"].is_in(hard.implode())
        return records.filter(is_hard), records.filter(~is_hard)

    @staticmethod
    def is_contested(label: str) -> bool:
        """Whether others speak of the same as the unit's records."""
        return label.startswith("bucket-")

    def proposals(self, label: str) -> pl.DataFrame:
        """The proposals that were made so far for the unit."""
        path = self._path(label, "proposals")
        return SHELF.get(path) if SHELF.holds(path) else PROPOSAL_SCHEMA.to_frame()

    def save(self, label: str, kind: str, frame: pl.DataFrame) -> None:
        """Keep a frame of the unit: `proposals` and `contradicted` for the steps that follow, OF_ONE_STEP for the rest of this one."""
        keep = SHELF.lay_by if kind in OF_ONE_STEP else SHELF.put_soon
        keep(self._path(label, kind), frame)

    def saved(self, label: str, kind: str) -> pl.DataFrame:
        """What was kept of the unit."""
        return SHELF.get(self._path(label, kind))

    def known(self, fragments: list[dict[str, Any]] | None = None) -> pl.DataFrame:
        """The samples of good values that triage took, of `fragments` (by default of all)."""
        chosen = self.context.handed_over("triage")["fragments"] if fragments is None else fragments
        files = [self._fragments() / f"{fragment['name']}.known.parquet" for fragment in chosen]
        parts = [pl.read_parquet(file) for file in files]
        return each_once(pl.concat(parts), self.context.rules) if parts else pl.DataFrame()

    def clear(self) -> None:
        """Forget what an earlier run of the steps left."""
        SHELF.forget(self.folder)
        for path in self.folder.glob("*.parquet") if self.folder.exists() else ():
            path.unlink()

    def _read(self, label: str, kind: str) -> pl.DataFrame:
        files = [self._fragments() / f"{part}.{kind}.parquet" for part in self.parts[label]]
        return pl.concat([self._with_copies(SHELF.get(file), kind) for file in files])

    def _with_copies(self, part: pl.DataFrame, kind: str) -> pl.DataFrame:
        """Texts that are the same as their value are written once: here they are two columns again."""
        if kind != "records":
            return part
        names = list(self.context.rules.fields)
        copied = [pl.col(name).alias(RAW + name) for name in names if RAW + name not in part.columns]
        own = [c for c in part.columns if c.startswith("_")]
        return part.with_columns(copied).select(*own, *names, *[RAW + name for name in names])

    def _fragments(self) -> Path:
        return self.context.work / "fragments"

    def _path(self, label: str, kind: str) -> Path:
        return self.folder / f"{label}.{kind}.parquet"


def _grouped(fragments: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Label to the parts of which the unit consists (`<fragment>.<part>`): small fragments are settled together."""
    grouped: dict[str, list[str]] = {}
    number = records = 0
    for fragment in fragments:
        for part, rows in fragment["units"].items():
            name = f"{fragment['name']}.{part}"
            if part.startswith("bucket-"):
                grouped.setdefault(part, []).append(name)
                continue
            if records and records + rows > RECORDS_PER_UNIT:
                number, records = number + 1, 0
            records += rows
            grouped.setdefault(f"unit-{number:04d}", []).append(name)
    return grouped
