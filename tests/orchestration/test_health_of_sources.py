"""The sources and their health, as the lake remembers it."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orchestration_assets.decisions.health import source_health
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.feed import Declared
from sources.availability.asking import Clock
from sources.landing import health_of

DAY = "2026-11-01"


def view_of(place) -> FeedView:
    context = place.context()
    return FeedView(place.lake, context.declared, context.rules, context.notations)


@pytest.fixture
def one_down(place, line_of_b):
    """gateway_b has delivered, gateway_a never does."""
    place.gateway_b([line_of_b()])
    place.land()
    return place


def test_who_has_never_been_asked_is_told_so(place) -> None:
    rows = source_health(view_of(place))
    assert set(rows["status"]) == {"never asked"}
    assert rows["last_served"].null_count() == rows.height


def test_who_serves_and_who_does_not_are_told_apart(one_down) -> None:
    rows = {row["source"]: row for row in source_health(view_of(one_down)).to_dicts() if row["is_preferred"]}
    served, absent = rows["gateway_b"], rows["gateway_a"]
    assert (served["status"], served["breaker"], served["failures"], served["lines"]) == (
        "landed",
        "closed",
        0,
        1,
    )
    assert served["last_served"] is not None
    assert served["last_partition"] == DAY
    assert (absent["status"], absent["lines"], absent["last_delivery"]) == ("absent", 0, None)


def test_a_source_is_overdue_once_its_cadence_is_over(one_down) -> None:
    view = view_of(one_down)
    hourly = tuple(source.model_copy(update={"cadence": 1.0}) for source in view.declared.sources)
    view = replace(view, declared=Declared(view.declared.feed, hourly))
    now = datetime.now(UTC)

    def overdue(at: datetime) -> set[str]:
        return {row["source"] for row in source_health(view, at).to_dicts() if row["is_overdue"]}

    assert overdue(now) == {"gateway_a", "ledger"}
    assert overdue(now + timedelta(hours=2)) == {"gateway_a", "gateway_b", "ledger"}


def test_an_open_breaker_is_open_until_one_probe_may_decide(one_down) -> None:
    source = next(s for s in view_of(one_down).declared.sources if s.source == "gateway_b")
    store = one_down.lake.root / "gateway_b" / "landed"
    remembered = store.with_name("availability.json")
    [calm] = health_of(source, store=store)
    text = remembered.read_text()
    opened = time.time()
    broken = text.replace('"opened_at": 0.0', f'"opened_at": {opened}').replace(
        '"failures": 0', '"failures": 5'
    )
    remembered.write_text(broken.replace('"reason": ""', '"reason": "no route"'))
    [now] = health_of(source, store=store)
    [later] = health_of(source, store=store, clock=Clock(now=lambda: opened + 3600))
    assert (calm.breaker, now.breaker, later.breaker) == ("closed", "open", "probe")
    assert (now.failures, now.reason, now.may_be_asked, later.may_be_asked) == (5, "no route", False, True)
