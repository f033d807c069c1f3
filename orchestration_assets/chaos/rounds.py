"""Rounds of faults: each strikes some of the systems at random, is judged, ends, and is recovered from.

A round has a seed of its own, and is the same again when it is run alone with that seed.
"""

import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from orchestration_assets.chaos.books import Book, books_of
from orchestration_assets.chaos.judging import Judgement, judge_round
from orchestration_assets.chaos.taking import Taken, context_of, declared_for, take, wait_for_the_late
from orchestration_assets.lake import Lake
from orchestration_assets.steps.context import Context
from sources.chaos.faults import FAULTS, Fault
from sources.chaos.world import SYSTEMS, World
from sources.simulation import DamageRates

DAYS = ("2026-11-01", "2026-11-02", "2026-11-03")
RECORDS = 250
ROUNDS_PER_WORLD = 25
LONGEST_RECOVERY_SECONDS = 30.0
DAMAGED_SHARE = 0.1
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Round:
    """What came of one round. `faults`: (fault, source); `is_known`: the partition had been published before."""

    seed: int
    faults: tuple[tuple[str, str], ...]
    is_known: bool
    judgement: Judgement
    recovery_seconds: float | None
    failure: str = ""
    broken: tuple[str, ...] = ()
    """The promises that did not hold, in words; none, if all is well."""


@dataclass
class Stage:
    """A world with what the rounds in it begin from: two lakes, without and with the last day, and its trusted keys."""

    world: World
    folder: Path
    patience: float | None = None
    fresh: Path = field(init=False)
    known: Path = field(init=False)
    trusted: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Take every day once, soundly."""
        self.fresh, self.known = self.folder / "fresh", self.folder / "known"
        self.declared = declared_for(self.world, self.folder / "catalog", patience=self.patience)
        for day in DAYS[:-1]:
            take(self.context(Lake(self.fresh), day))
        shutil.copytree(self.fresh, self.known)
        context = self.context(Lake(self.known))
        take(context)
        self.trusted = _trusted_keys(context)
        self.books: dict[str, Book] = books_of(self.world, context)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.world.__exit__(kind, error, trace)

    def context(self, lake: Lake, day: str = DAYS[-1]) -> Context:
        """The context of a day in a lake of this stage's world."""
        return context_of(self.declared, self.world, lake, day)

    def lake(self, folder: Path, *, is_known: bool) -> Lake:
        """A lake of its own for one round."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.known if is_known else self.fresh, folder)
        return Lake(folder)


def stage(
    folder: Path,
    *,
    seed: int,
    records: int = RECORDS,
    damaged_share: float = DAMAGED_SHARE,
    patience: float | None = None,
) -> Stage:
    """A sound world of three days below `folder`, and its lakes."""
    rates = replace(DamageRates(), share=damaged_share, broken_line_share=0.0)
    return Stage(World(folder / "outside", DAYS, records=records, seed=seed, rates=rates), folder, patience)


def rounds(
    folder: Path, *, count: int, seed: int, only: Sequence[str] = (), keep: bool = False
) -> Iterator[Round]:
    """Yield each round as it is judged. `only`: the faults to choose from; `keep` the lakes of rounds that broke a promise."""
    faults = [FAULTS[name] for name in only] or list(FAULTS.values())
    with ExitStack() as open_stages:
        for number in range(seed, seed + count):
            if number == seed or number % ROUNDS_PER_WORLD == 0:
                open_stages.close()
                place = folder / f"world-{number // ROUNDS_PER_WORLD}"
                shutil.rmtree(place, ignore_errors=True)
                current = open_stages.enter_context(stage(place, seed=number // ROUNDS_PER_WORLD))
            done = play(current, number, faults)
            yield done
            if not (keep and done.broken):
                shutil.rmtree(current.folder / f"round-{number}", ignore_errors=True)


def play(current: Stage, seed: int, faults: Sequence[Fault]) -> Round:
    """Strike, take, judge, heal, and take again until everything that can be delivered is there."""
    rng = np.random.default_rng(seed)
    is_known = bool(rng.random() < 0.5)
    chosen = _chosen(faults, rng)
    lake = current.lake(current.folder / f"round-{seed}", is_known=is_known)
    context = current.context(lake)
    before = _files(context)
    for fault, source in chosen:
        fault.inject(current.world, source, DAYS[-1], rng)
    taken = take(context)
    judgement = judge_round(context, current.books, taken)
    broken = list(_broken(judgement, before, _files(context)))
    current.world.heal()
    seconds, why_not = _recovered(current, context)
    wait_for_the_late(context)
    return Round(
        seed,
        tuple((fault.name, source) for fault, source in chosen),
        is_known,
        judgement,
        seconds,
        taken.failure,
        (*broken, *why_not),
    )


def _chosen(faults: Sequence[Fault], rng: np.random.Generator) -> list[tuple[Fault, str]]:
    """Up to three faults, each on a source of its own."""
    wanted = rng.permutation(list(SYSTEMS)).tolist()[: int(rng.integers(1, len(SYSTEMS) + 1))]
    pairs = []
    for source in wanted:
        possible = [fault for fault in faults if source in fault.strikes]
        if possible:
            pairs.append((possible[int(rng.integers(len(possible)))], source))
    if pairs:
        return pairs
    fault = faults[int(rng.integers(len(faults)))]
    return [(fault, fault.strikes[int(rng.integers(len(fault.strikes)))])]


def _broken(
    judgement: Judgement, before: dict[str, Counter[str]], after: dict[str, Counter[str]]
) -> Iterator[str]:
    if lost := judgement.total("lost"):
        yield f"{lost} records are nowhere, and nothing says so"
    if judgement.twice:
        yield f"{judgement.twice} records are twice"
    if judgement.wrong:
        yield f"{judgement.wrong} trusted records are silently wrong"
    if before[DAYS[-1]] and not after[DAYS[-1]]:
        yield "trusted was emptied"
    if any(before[day] != after[day] for day in DAYS[:-1]):
        yield "the trusted records of another day changed"


def _recovered(current: Stage, context: Context) -> tuple[float | None, list[str]]:
    """Seconds until all is as it should be, or None and what is not."""
    began = time.perf_counter()
    while True:
        taken = take(context)
        seconds = time.perf_counter() - began
        judgement = judge_round(context, current.books, taken)
        left = list(_not_recovered(current, context, taken, judgement))
        if not left:
            return seconds, []
        if seconds > LONGEST_RECOVERY_SECONDS:
            return None, [f"not recovered: {reason}" for reason in left]
        time.sleep(_PAUSE_SECONDS)


def _not_recovered(current: Stage, context: Context, taken: Taken, judgement: Judgement) -> Iterator[str]:
    if not taken.is_published:
        yield taken.failure or f"not published: {', '.join(sorted(taken.failed_checks))}"
    for place in ("missing", "lost", "unreadable"):
        if count := judgement.total(place):
            yield f"{count} records are {place}"
    if judgement.wrong or judgement.twice:
        yield f"{judgement.wrong} records are wrong, {judgement.twice} twice"
    if gone := len(current.trusted - _trusted_keys(context)):
        yield f"{gone} records are trusted without a fault, and were not"


def _trusted_keys(context: Context) -> frozenset[str]:
    table = context.lake.read(context.table("trusted"), context.partition)
    return frozenset() if table.is_empty() else frozenset(table["payment_id"].to_list())


def _files(context: Context) -> dict[str, Counter[str]]:
    """Day to the files of which its trusted records consist."""
    table = context.table("trusted")
    return {day: Counter(context.lake.active(table, day).keys()) for day in DAYS}
