"""What every step of one partition needs, and how a step hands over to the next."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from orchestration_assets.errors import StepError
from orchestration_assets.feed import Costs, Declared, Feed
from orchestration_assets.imputation.impute import check_methods as check_imputers
from orchestration_assets.lake import Lake, write_json
from orchestration_assets.settlement.costs import priced
from orchestration_assets.steps.shelf import SHELF
from orchestration_assets.translation.registry import check_methods as check_translators
from sources.declaration import Source
from validators.contract import load_contract
from validators.parsing import ISO_DATETIME, Notation
from validators.rules import RuleSet, compile_contract

VERSION = "1"
"""Of the steps together, as the assets show it."""


@dataclass(frozen=True)
class Context:
    """One partition of one feed: `outside` is the folder against which relative paths of sources are resolved."""

    declared: Declared
    lake: Lake
    partition: str
    outside: Path

    @property
    def feed(self) -> Feed:
        """What the feed's file says."""
        return self.declared.feed

    @property
    def sources(self) -> tuple[Source, ...]:
        """Its sources, in order of preference."""
        return self.declared.sources

    @cached_property
    def rules(self) -> RuleSet:
        """The feed's contract, compiled, with what its costs make of it."""
        return rules_of(self.feed.contract, self.feed.costs)

    @cached_property
    def notations(self) -> dict[str, dict[str, Notation]]:
        """How each field is written, by source and by field."""
        return {source.source: notations_of(source) for source in self.sources}

    @property
    def work(self) -> Path:
        """The folder in which the steps hand over to each other."""
        return self.lake.work(self.feed.feed, self.partition)

    def table(self, name: str) -> str:
        """The lake's name of a table of the feed."""
        return f"{self.feed.feed}/{name}"

    def hand_over(self, step: str, content: dict[str, Any]) -> dict[str, Any]:
        """Leave `content` for the steps that follow, once all their frames are written."""
        SHELF.finish(self.work)
        write_json(self.work / f"{step}.json", content)
        return content

    def handed_over(self, step: str) -> dict[str, Any]:
        """What `step` left; raises `StepError` if it has not run."""
        path = self.work / f"{step}.json"
        if not path.exists():
            raise StepError(
                f"{self.feed.feed} {self.partition}: {step} has not run yet\nHint: materialize the whole partition once"
            )
        return json.loads(path.read_text())


@cache
def code_of_fragments() -> str:
    """A hash of the code that decides what is in a fragment: part of its name, so that none outlives its code."""
    here = Path(__file__).resolve().parent.parent
    ground = here.parent / "sources"
    found = [
        (here.parent / "validators").glob("*.py"),
        ground.glob("*.py"),
        (ground / "reading").rglob("*.py"),
    ]
    files = [path for paths in found for path in sorted(paths)]
    told = hashlib.sha256()
    steps = [here / "steps" / "triage.py", here / "steps" / "fragments.py", here / "drift" / "mapping.py"]
    for path in [*files, here / "way.py", *steps]:
        told.update(path.read_bytes())
    return told.hexdigest()[:12]


_COMPILED: dict[tuple[str, Costs | None], RuleSet] = {}


def rules_of(contract: str, costs: Costs | None = None) -> RuleSet:
    """The compiled contract, each one once per process; `costs` decide how sure repairs must be (`priced`)."""
    if (contract, costs) not in _COMPILED:
        _COMPILED[contract, costs] = (
            _checked(contract) if costs is None else priced(rules_of(contract), costs)
        )
    return _COMPILED[contract, costs]


def _checked(contract: str) -> RuleSet:
    rules = compile_contract(load_contract(contract))
    check_imputers(rules)
    check_translators(rules)
    return rules


def notations_of(source: Source) -> dict[str, Notation]:
    """How each field of `source` is written, in the terms of `validators`."""
    plain = source.notation
    return {
        name: Notation(
            decimal=own.decimal or plain.decimal,
            datetime=own.datetime or plain.datetime or ISO_DATETIME,
            timezone=own.timezone or plain.timezone,
            unit=own.unit,
            codes=tuple(sorted(own.codes.items())),
            nulls=tuple(plain.nulls),
        )
        for name, own in source.fields.items()
    }
