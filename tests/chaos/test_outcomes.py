"""The published table of outcomes, row by row: each fault is injected into a real system, and ends again.

One run serves up to three faults, each on a source of its own; those that change what becomes of the other sources run alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from orchestration_assets.chaos.judging import Judgement, judge_round
from orchestration_assets.chaos.outcomes import OUTCOMES, Fate, as_markdown
from orchestration_assets.chaos.rounds import DAYS, Stage
from orchestration_assets.chaos.taking import Taken, take
from sources.chaos.faults import FAULTS
from sources.chaos.sheet import FEW
from sources.chaos.world import SYSTEMS

DAY = DAYS[-1]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "outcomes.md"
NAMING = ("deliveries_accepted", "preferred_endpoint", "volume")
OF = {
    "late": "gateway_b",
    "html_page": "gateway_b",
    "pdf": "gateway_b",
    "extra_quote": "gateway_a",
    "line_cut_in_two": "gateway_a",
}
"""Whose outcome the row tells, where it differs between the sources that the fault can strike."""
ALONE = ("landing_unwritable", "clock_garbage")


@dataclass(frozen=True)
class Seen:
    """What was seen of one fault: of `source`, and of the run as a whole."""

    source: str
    taken: Taken
    judgement: Judgement
    latest: list[tuple[str, str]]
    healed: Judgement
    healed_taken: Taken

    @property
    def there(self) -> int:
        """Records of the source that are trusted, held or duplicates."""
        counts = self.judgement.fates[self.source]
        return counts["trusted"] + counts["held"] + counts["duplicate"]

    def count(self, place: str) -> int:
        return self.judgement.fates[self.source][place]


def batches() -> Iterator[dict[str, str]]:
    """Fault to the source that it strikes, for one run each: what can strike files does, so that runs are few."""
    queues: dict[str, list[str]] = {source: [] for source in SYSTEMS}
    for name, fault in FAULTS.items():
        if name in ALONE:
            yield {name: fault.strikes[0]}
        elif name in OF:
            queues[OF[name]].append(name)
        else:
            queues[min(fault.strikes, key=lambda source: len(queues[source]))].append(name)
    for row in zip_longest(*queues.values()):
        yield {name: source for name, source in zip(row, queues, strict=True) if name}


@pytest.fixture(scope="session")
def seen_of(calm: Stage, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Seen]:
    """Return a function that strikes, once per batch, and returns what was seen of a fault."""
    found: dict[str, Seen] = {}
    folder = tmp_path_factory.mktemp("struck")

    def seen(name: str) -> Seen:
        if name not in found:
            batch = next(batch for batch in batches() if name in batch)
            found.update(struck(calm, batch, folder / name))
        return found[name]

    return seen


def struck(calm: Stage, batch: dict[str, str], folder: Path) -> dict[str, Seen]:
    lake = calm.lake(folder, is_known=False)
    context = calm.context(lake)
    try:
        for name, source in batch.items():
            FAULTS[name].inject(calm.world, source, DAY, np.random.default_rng(7))
        taken = take(context)
        judgement = judge_round(context, calm.books, taken)
        latest = {source: latest_of(lake.read(f"{source}/deliveries", DAY)) for source in batch.values()}
    finally:
        calm.world.heal()
    again = take(context)
    healed = judge_round(context, calm.books, again)
    return {
        name: Seen(source, taken, judgement, latest[source], healed, again) for name, source in batch.items()
    }


def latest_of(rows: pl.DataFrame) -> list[tuple[str, str]]:
    """(status, reason) of each latest delivery."""
    return [] if rows.is_empty() else rows.filter(pl.col("is_latest")).select("status", "reason").rows()


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_outcome_of(name: str, seen_of: Callable[[str], Seen]) -> None:
    row, seen = OUTCOMES[name], seen_of(name)
    offered = seen.judgement.fates[seen.source].total()

    assert (seen.judgement.wrong, seen.judgement.twice, seen.judgement.total("lost")) == (0, 0, 0)
    match row.fate:
        case Fate.RUN_FAILED:
            assert row.words in seen.taken.failure
            assert not seen.taken.is_published
        case _:
            assert [r for status, r in seen.latest if status == row.status and row.words in r]
            assert_checked(row.check, seen)
            assert seen.taken.is_published
    match row.fate:
        case Fate.AS_EVER:
            assert seen.there == offered
        case Fate.MISSING | Fate.RUN_FAILED:
            assert seen.count("missing") == offered
        case Fate.BEGINNING:
            assert 0 < seen.there < offered
            assert seen.count("unreadable") <= 1
            assert seen.count("missing") + seen.count("unreadable") + seen.there == offered
        case Fate.FEW_UNREADABLE:
            assert (seen.count("unreadable"), seen.there) == (FEW, offered - FEW)
        case Fate.MENDED:
            assert seen.count("unreadable") <= FEW
            assert seen.there == offered - seen.count("unreadable")
        case Fate.FEW_HELD:
            assert seen.there == offered
            assert seen.count("held") > seen.healed.fates[seen.source]["held"]


def assert_checked(check: str, seen: Seen) -> None:
    """The check fails, and names the source if it is one that names sources; without a check, none does."""
    found = {name: seen.taken.checks[name].found for name in seen.taken.failed_checks}
    naming = {name for name in NAMING if seen.source in found.get(name, "")}
    if check:
        assert check in found
        assert check in naming or check not in NAMING
    else:
        assert naming - {"volume"} == set()


@pytest.mark.parametrize("name", OUTCOMES)
def test_what_heals(name: str, seen_of: Callable[[str], Seen]) -> None:
    seen = seen_of(name)
    assert seen.healed_taken.is_published
    counts = seen.healed.fates[seen.source]
    assert counts["trusted"] + counts["held"] + counts["duplicate"] == counts.total()
    assert (seen.healed.wrong, seen.healed.twice) == (0, 0)


def test_every_fault_has_a_row_and_every_row_a_fault() -> None:
    assert list(OUTCOMES) == list(FAULTS)


def test_every_fault_that_can_be_tried_is_in_one_run() -> None:
    tried = [name for batch in batches() for name in batch]
    assert sorted(tried) == sorted(set(OUTCOMES))


def test_the_page_publishes_the_table() -> None:
    assert as_markdown() in PAGE.read_text(encoding="utf-8")
