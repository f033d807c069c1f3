"""Drift: columns renamed at random over the contracts in the project, and what is made of them.

    python -m benchmarks drift [--rounds N]

A round takes a source, renames some of its columns (synonyms, abbreviations, other languages, another case, names that say
nothing), shuffles the header in half of the rounds, and in a third drops a column for good while one with values alike, but
another meaning, is new. Columns of a delivery that waits count as left to a person, all of them.
"""

import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks.renamings import ALIKE, FLIGHTS, OWN_WORDS, PAYMENTS
from orchestration_assets.drift.candidates import Delivered, History
from orchestration_assets.drift.matching import match
from orchestration_assets.drift.values import typed
from orchestration_assets.feed import FEEDS, load_feeds
from orchestration_assets.settings import settings
from orchestration_assets.steps.context import notations_of, rules_of
from orchestration_assets.steps.known import sample_of
from sources.declaration import Source
from sources.landing import land
from sources.simulation import simulate
from validators.rules import RuleSet

SEED, ROWS = 20261123, 600
DAYS = ("2026-11-01", "2026-11-02")
KINDS = ("synonym", "abbreviation", "language", "case", "nonsense")


@dataclass(frozen=True)
class World:
    """One source: a sample of a delivery of now as text, its history, and what its columns may be renamed to."""

    source: Source
    rules: RuleSet
    now: pl.DataFrame
    history: History
    names: dict[str, dict[str, list[str]]]


def worlds(folder: Path) -> Iterator[World]:
    """The three sources of payments, and flights where their file is there."""
    declared = load_feeds(FEEDS, FEEDS.parent.parent / "sources" / "catalog")
    simulate(folder, list(DAYS), records=1500, seed=SEED)
    for source in declared.feeds["payments"].sources:
        before, now = (_delivered(source, folder, day) for day in DAYS)
        yield _world(source, rules_of(declared.feeds["payments"].feed.contract), before, now, PAYMENTS)
    if settings().flights.exists():
        [source] = declared.feeds["flights"].sources
        flights = _delivered(source, folder, "all")
        rules = rules_of(declared.feeds["flights"].feed.contract)
        yield _world(source, rules, flights.gather_every(2), flights.gather_every(2, 1), FLIGHTS)


def _delivered(source: Source, folder: Path, partition: str) -> pl.DataFrame:
    store = folder / "store" / source.source
    [delivery] = land(source, partition, store=store, root=folder)
    return sample_of(source, delivery, store)


def _world(
    source: Source,
    rules: RuleSet,
    before: pl.DataFrame,
    now: pl.DataFrame,
    names: dict[str, dict[str, list[str]]],
) -> World:
    notations = notations_of(source)
    known = [
        typed(before[c], rules.fields[f], rules, notations[f]).rename(f).to_frame()
        for f, c in source.columns.items()
    ]
    records = pl.concat(known, how="horizontal_extend")
    return World(
        source,
        rules,
        now.gather_every(max(1, now.height // ROWS)).head(ROWS),
        History(records, tuple(before.columns)),
        names,
    )


def another_name(world: World, name: str, rng: random.Random) -> tuple[str, str]:
    """A new name for the column of a field, and of what kind it is."""
    kind = rng.choice(KINDS)
    column = world.source.columns[name]
    if kind == "case":
        options = {
            column.upper(),
            column.title().replace("_", ""),
            column.replace("_", "-"),
            column.capitalize(),
            f"{column}_",
        }
        options -= {column}
        return rng.choice(sorted(options)), kind
    if kind == "nonsense":
        return "".join(rng.choices("bcdfghjklmnpqrstvwxz", k=rng.randint(2, 5))) + str(
            rng.randint(1, 99)
        ), kind
    new = rng.choice(world.names[name][kind])
    parent = column.rpartition(".")[0]
    return (f"{parent}.{new}" if parent and rng.random() < 0.5 else new), kind


def one_round(world: World, rng: random.Random, *, has_history: bool) -> Iterator[tuple[str, list[str]]]:
    """Per renamed or replaced column: its kind, and what became of it.

    `right`, `wrong` or `person`; `sure` or `surely wrong` where no doubt was seen about it alone; `proposed` where the best
    guess is right.
    """
    fields = list(world.source.columns)
    chosen = rng.sample(fields, rng.choice([1, 1, 1, 2, 2, 3, 4, len(fields)]))
    trapped = chosen.pop() if rng.random() < 0.35 and len(chosen) else None
    truth, kinds, frame = {}, {}, world.now
    for name in chosen:
        new, kind = another_name(world, name, rng)
        if new in frame.columns:
            continue
        frame = frame.rename({world.source.columns[name]: new})
        truth[name], kinds[name] = new, kind
    gone = list(truth)
    if trapped is not None:
        own = OWN_WORDS.get((world.source.source, trapped), set())
        alike = rng.choice([name for name in ALIKE[trapped] if name not in own])
        values = frame[world.source.columns[trapped]].sample(
            fraction=1, shuffle=True, seed=rng.randint(0, 2**31)
        )
        frame = frame.drop(world.source.columns[trapped])
        if alike not in frame.columns:
            place = world.source.columns[trapped]
            at = world.now.columns.index(place) if rng.random() < 0.5 else rng.randint(0, frame.width)
            frame = frame.insert_column(at, values.rename(alike))
        gone.append(trapped)
        kinds[trapped] = "gone, another like it"
    if rng.random() < 0.5:
        frame = frame.select(rng.sample(frame.columns, frame.width))
    declared = set(world.source.columns.values())
    undeclared = tuple(c for c in frame.columns if c not in declared)
    history = world.history if has_history else History()
    found = match(
        Delivered(frame, undeclared),
        tuple(gone),
        world.source,
        world.rules,
        notations_of(world.source),
        history,
    )
    is_clear = found.is_clear([name for name in gone if not world.source.fields[name].optional])
    for name in gone:
        candidate = found.candidates.get(name)
        proposed = candidate.column if candidate else None
        is_right = proposed == truth.get(name)
        outcome = ("right" if is_right else "wrong") if is_clear and candidate else "person"
        marks = [outcome]
        if candidate is not None and candidate.is_clear:
            marks.append("sure" if is_right else "surely wrong")
        yield kinds[name], [*marks, *(["proposed"] if is_right else [])]


def measure(rounds: int, *, seed: int = SEED) -> dict[str, dict[str, Counter]]:
    """By `without history` and `with history`, by kind: how many columns ended how, as `one_round` says."""
    rng = random.Random(seed)
    told: dict[str, dict[str, Counter]] = {"without history": {}, "with history": {}}
    with tempfile.TemporaryDirectory() as folder:
        everything = list(worlds(Path(folder)))
        for _ in range(rounds):
            world, state = rng.choice(everything), rng.getstate()
            for name, has_history in (("without history", False), ("with history", True)):
                rng.setstate(state)
                for kind, marks in one_round(world, rng, has_history=has_history):
                    for label in (kind, "all"):
                        told[name].setdefault(label, Counter()).update(marks)
    return told


def report(rounds: int) -> None:
    """Print the shares."""
    for name, by_kind in measure(rounds).items():
        print(f"\ndrift, {name}, {rounds} rounds")
        heads = "columns rightly wrongly person alone".split()
        told = " ".join(f"{head:>8}" for head in heads)
        print(f"  {'renamed to':<22} {told} {'alone, wrong':>13} {'best guess right':>17}")
        for kind in [*KINDS, "gone, another like it", "all"]:
            counts = by_kind.get(kind, Counter())
            if total := counts["right"] + counts["wrong"] + counts["person"]:
                shares = [f"{counts[k] / total:8.1%}" for k in ("right", "wrong", "person", "sure")]
                last = f"{counts['surely wrong'] / total:13.1%} {counts['proposed'] / total:17.1%}"
                print(f"  {kind:<22} {total:>8} {' '.join(shares)} {last}")
    print("  alone: mapped rightly had no other column of the delivery been in doubt")
