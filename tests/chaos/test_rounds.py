"""Rounds of several faults at random: what must never be is counted, and is not there."""

from pathlib import Path

import numpy as np
import pytest

from orchestration_assets.chaos.figures import as_lines, figures
from orchestration_assets.chaos.judging import judge_round
from orchestration_assets.chaos.rounds import DAYS, Round, Stage, play, rounds
from orchestration_assets.chaos.taking import take
from sources.chaos.faults import FAULTS


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> list[Round]:
    return list(rounds(tmp_path_factory.mktemp("rounds"), count=4, seed=1000))


def test_in_no_round_is_anything_lost_twice_wrong_or_left_unrecovered(done: list[Round]) -> None:
    assert [(r.seed, r.faults, r.broken) for r in done if r.broken] == []
    assert all(r.recovery_seconds for r in done)


def test_every_record_that_was_offered_is_in_one_place(done: list[Round]) -> None:
    found = figures(done)
    places = ("trusted", "held", "duplicate", "unreadable", "missing", "lost")
    assert found["offered"] == sum(found[place] for place in places)
    assert found["offered"] > 4 * 250
    assert found["trusted"] > 0
    assert (found["lost"], found["twice"], found["wrong"], found["not_recovered"]) == (0, 0, 0, 0)
    assert as_lines(found)[0].split() == ["rounds", "4"]


def test_a_round_is_the_same_again_when_it_is_run_alone(calm: Stage) -> None:
    faults = [FAULTS[name] for name in ("ragged_rows", "late", "nul_bytes", "rows_reordered")]
    first, again = (play(calm, 17, faults) for _ in range(2))
    assert (first.faults, first.is_known, first.judgement) == (again.faults, again.is_known, again.judgement)


def test_what_was_delivered_before_stays_when_nothing_comes(calm: Stage, tmp_path: Path) -> None:
    context = calm.context(calm.lake(tmp_path / "lake", is_known=True))
    before = context.lake.active(context.table("trusted"), DAYS[-1])
    for name, source in (("answer_500", "gateway_a"), ("html_page", "gateway_b"), ("late", "ledger")):
        FAULTS[name].inject(calm.world, source, DAYS[-1], np.random.default_rng(1))
    try:
        taken = take(context)
    finally:
        calm.world.heal()
    assert taken.is_published
    assert "deliveries_accepted" in taken.failed_checks
    assert judge_round(context, calm.books, taken).total("missing") == 0
    assert context.lake.active(context.table("trusted"), DAYS[-1]) == before
