"""What the desk says that a decision would do is what the next run does, on the simulated sample."""

import polars as pl
import pytest

from orchestration_assets.decisions.drafting import decisions_from, drafts_of_pattern
from orchestration_assets.decisions.foresight import effect
from orchestration_assets.decisions.ledger import decide
from orchestration_assets.decisions.patterns import patterns
from orchestration_assets.decisions.queue import Filters, cells_page, seen_of
from orchestration_assets.decisions.view import FeedView

FIRST = "2026-11-01"
ON_FIRST = Filters(partitions=(FIRST,))
IDS = ["_source", "_delivery", "_row"]


@pytest.fixture
def view(copy_of, lived):
    place = copy_of(lived)
    context = place.context(FIRST)
    found = FeedView(place.lake, context.declared, context.rules, context.notations)
    return place, found


def verdicts(place, of: pl.DataFrame) -> dict[str, int]:
    """How many of the records `of` are in each table."""
    found = {}
    for name in ("trusted", "review", "quarantine", "aside"):
        found[name] = place.table(name, FIRST).join(of, on=IDS, how="semi").height
    return found


@pytest.mark.parametrize(
    ("kind", "action"),
    [("inconsistent", "accept"), ("missing", "accept"), ("malformed", "accept"), ("out_of_domain", "reject")],
)
def test_the_effect_that_is_foreseen_is_the_one_of_the_run(view, kind, action) -> None:
    place, feed = view
    filters = Filters(partitions=(FIRST,), kinds=(kind,), tables=("review",))
    row = next(r for r in patterns([feed], filters).iter_rows(named=True) if r["method"])
    foreseen = effect(feed, row["pattern"], action, filters=filters)
    before = cells_page([feed], filters).total
    drafts = drafts_of_pattern(feed, row["pattern"], seen_of([feed])["payments"], filters)
    assert decide(feed.lake, "payments", decisions_from(drafts, action, "ann")) == []
    assert place.way(FIRST)
    found = verdicts(place, drafts.select(IDS).unique())
    assert (found["trusted"], found["aside"]) == (foreseen.trusted, foreseen.duplicate)
    assert found["review"] + found["quarantine"] == foreseen.records - foreseen.trusted - foreseen.duplicate
    assert cells_page([feed], filters).total <= before - (foreseen.trusted + foreseen.duplicate)
    assert foreseen.harmed == 0
