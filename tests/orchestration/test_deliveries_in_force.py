"""Which deliveries a partition is made of: superseded, standing in, tried in vain; and what the checks say of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration_assets.steps import availability
from orchestration_assets.steps.arrivals import Arrival, leave
from orchestration_assets.steps.audit import deliveries_accepted
from orchestration_assets.steps.deliveries import merged
from orchestration_assets.steps.landing import in_force, land_sources, summary, take_in
from orchestration_assets.steps.outcome import Outcome

DAY, NEXT = "2026-11-01", "2026-11-02"
GOOD = "P0000000001;C0000001;ann@example.org;M00001;D00000001;12,50;EUR;DE;01.11.2026 10:00;0,1"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def row(name: str, content: str, *, minute: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "content_hash": content, "status": "landed", "endpoint": "files:0", "position": "",
        "landed_at": NOON + timedelta(minutes=minute), "reason": "", "is_latest": False, "is_in_force": False,
    } | more  # fmt: skip


def silent(status: str, reason: str, *, minute: int) -> dict[str, Any]:
    return row("", "", minute=minute, status=status, reason=reason)


def force(rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(r["name"], r["content_hash"]) for r in rows if r["is_in_force"]}


def test_that_nothing_came_is_one_row_that_keeps_since_when() -> None:
    rows = merged([], [silent("late", "slow", minute=0)], "increment")
    rows = merged(rows, [silent("absent", "timed out", minute=5)], "increment")
    rows = merged(rows, [silent("absent", "refused", minute=9)], "increment")
    assert [(r["status"], r["reason"], r["landed_at"], r["is_latest"]) for r in rows] == [
        ("absent", "refused", NOON, True)
    ]
    rows = merged(rows, [row("a", "1", minute=12)], "increment")
    assert [(r["status"], r["landed_at"]) for r in rows] == [("landed", NOON + timedelta(minutes=12))]


def test_who_served_a_content_first_stays_and_its_position_is_that_endpoints() -> None:
    rows = merged([], [row("a", "1", position="p1")], "increment")
    rows = merged(rows, [row("a", "1", minute=5, endpoint="http:1", position="q9", tried=["x"])], "increment")
    [known] = rows
    assert (known["endpoint"], known["position"], known["landed_at"]) == ("files:0", "p1", NOON)
    assert known["tried"] == ["x"]
    [again] = merged(rows, [row("a", "1", minute=9, position="p2")], "increment")
    assert again["position"] == "p2"


EVENTS = st.lists(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("1234"), st.sampled_from(["landed", "refused"])),
        max_size=3,
        unique_by=lambda event: event[0],
    ),
    max_size=8,
)


@settings(deadline=None)
@given(events=EVENTS, delivers=st.sampled_from(["increment", "snapshot"]))
def test_no_content_is_ever_forgotten_and_each_is_in_force_at_most_once(events, delivers: str) -> None:
    rows: list[dict[str, Any]] = []
    for minute, event in enumerate(events):
        delivered = [row(n, c, minute=minute, status=s) for n, c, s in event]
        delivered = delivered or [silent("absent", "x", minute=minute)]
        before = rows
        rows = merged(rows, delivered, delivers)
        contents = {(r["name"], r["content_hash"], r["status"]) for r in before if r["content_hash"]}
        assert contents <= {(r["name"], r["content_hash"], r["status"]) for r in rows}
        landed = {(r["name"], r["content_hash"]) for r in delivered if r["status"] == "landed"}
        assert landed <= force(rows)
        if not landed:
            assert force(rows) == force(before)
        elif delivers == "snapshot":
            assert force(rows) == landed
        assert all(r["status"] == "landed" for r in rows if r["is_in_force"])
        names = [r["name"] for r in rows if r["is_in_force"]]
        assert len(names) == len(set(names))
        assert sum(not r["content_hash"] for r in rows) <= 1


# --- stand-ins ---


def change(path, **settings: Any) -> None:
    content = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**content, **settings}, sort_keys=False))


@pytest.fixture
def former(place, orders: Callable) -> Any:
    """A place whose shop delivered a snapshot of two orders on the first day, and nothing on the second."""
    orders(place)
    place.put(f"orders/{DAY}.csv", "number,price\nN1,10\nN2,20\n")
    place.way(DAY, "orders")
    return place


def told(place, day: str = NEXT, feed: str = "orders") -> dict[str, Outcome]:
    return {outcome.name: outcome for outcome in availability.should_hold(place.context(day, feed))}


def test_a_stand_in_says_whom_it_is_from_and_the_check_how_much_it_is(former) -> None:
    former.way(NEXT, "orders")
    [(_, standing)] = in_force(former.context(NEXT, "orders"))
    assert (standing["status"], standing["endpoint"], standing["reason"]) == (
        "stale",
        "stale:files:0",
        f"stands in, from {DAY}",
    )
    assert set(former.table("trusted", NEXT, "orders")["_endpoint"]) == {"stale:files:0"}
    assert set(former.table("trusted", DAY, "orders")["_endpoint"]) == {"files:0"}
    check = told(former)["stale_share"]
    assert not check.is_passed
    assert check.found == f"100.0% (2 of 2 lines); shop stands in, from {DAY}"
    accepted = deliveries_accepted(former.context(NEXT, "orders")).found
    assert accepted == (
        f"shop: stale: files:0: no file matches orders/{NEXT}.csv; a former snapshot stands in, from {DAY}"
    )
    change(former.feeds / "orders.yaml", limits={"stale_share": 1.0})
    assert told(former)["stale_share"].is_passed
    assert told(former, DAY)["stale_share"].found == "0.0% (0 of 2 lines)"


@pytest.mark.parametrize(
    ("allowed", "status"), [("24h", "stale"), ("1d", "stale"), (23.5, "absent"), (0, "absent")]
)
def test_a_former_snapshot_stands_in_only_within_the_age_that_its_source_allows(
    former, allowed: Any, status: str
) -> None:
    change(former.catalog / "shop.yaml", max_stale=allowed)
    counts = former.land(NEXT, "orders")["shop"]
    assert counts["status"] == status
    if status == "absent":
        assert counts["tried"][-1]["endpoint"] == "stale"
        assert counts["tried"][-1]["reason"].startswith(f"the snapshot of {DAY} is 24 hours old, more than ")


def test_a_stand_in_that_became_too_old_stands_in_no_longer(former) -> None:
    former.land(NEXT, "orders")
    change(former.catalog / "shop.yaml", max_stale=1)
    assert former.land(NEXT, "orders")["shop"]["status"] == "absent"
    assert in_force(former.context(NEXT, "orders")) == []


def test_increments_are_never_stood_in_for(former) -> None:
    change(former.catalog / "shop.yaml", delivers="increment")
    assert former.land(NEXT, "orders")["shop"]["status"] == "absent"


# --- endpoints ---


def test_who_did_not_serve_is_told_by_the_delivery_and_by_the_check(place, orders) -> None:
    orders(place)
    served = {"kind": "files", "path": "gateway_a/{partition}/*.csv"}
    change(place.catalog / "gateway_a.yaml", endpoints=[{"kind": "files", "path": "nowhere/*.csv"}, served])
    place.gateway_a([GOOD])
    counts = place.land()["gateway_a"]
    tried = [{"endpoint": "files:0", "reason": "no file matches nowhere/*.csv", "attempts": 1}]
    assert (counts["status"], counts["endpoints"], counts["tried"]) == ("landed", ["files:1"], tried)
    check = told(place, DAY, "payments")["preferred_endpoint"]
    assert not check.is_passed
    assert check.found == "gateway_a: not by files:0 (no file matches nowhere/*.csv)"
    assert check.numbers == {"sources": 1, "by_another": 1}
    change(place.catalog / "gateway_a.yaml", endpoints=[served])
    place.land()
    assert told(place, DAY, "payments")["preferred_endpoint"].is_passed


def test_a_source_that_has_not_delivered_within_its_cadence_is_told(former) -> None:
    assert told(former)["cadence"].expected.endswith("each of 0 sources that declare one")
    change(former.catalog / "shop.yaml", cadence="hourly")
    assert told(former)["cadence"].is_passed
    (former.lake.root / "shop" / "availability.json").unlink()
    assert told(former)["cadence"].is_passed
    for day in (DAY,):
        rows = former.rows("shop/deliveries", day)
        earlier = rows.with_columns(rows["landed_at"] - timedelta(hours=3))
        former.lake.replace("shop/deliveries", day, earlier)
    check = told(former)["cadence"]
    assert not check.is_passed
    assert check.found == "shop delivered 3.0 hours ago, its cadence is 1 hours"


def test_a_source_that_never_delivered_is_beyond_any_cadence(place, orders) -> None:
    orders(place)
    change(place.catalog / "shop.yaml", cadence="3d")
    assert told(place)["cadence"].found == "shop has never delivered"


# --- positions ---


def increment(place, content: str, since: dict[str, str], position: str) -> Arrival:
    """What an endpoint without partitions hands over that went on from `since` and came to `position`."""
    [known] = place.rows("gateway_a/deliveries").to_dicts()
    row = {**known, "content_hash": content * 64, "name": f"{content}.csv", "position": position}
    row["endpoint"] = "kafka:1"
    return Arrival("gateway_a", [row], datetime.now(UTC), since)


def test_an_increment_is_taken_in_once_also_where_two_partitions_went_on_from_the_same_position(
    place,
) -> None:
    place.gateway_a([GOOD])
    land_sources(place.context())
    first = increment(place, "1", {}, "7")
    leave(place.lake, DAY, first)
    assert take_in(place.context())
    leave(place.lake, NEXT, increment_of(first, "2"))
    assert not take_in(place.context(NEXT))
    refused = summary(place.context(NEXT))["gateway_a"]
    assert refused["refused_because"] == "another run went on from the same position meanwhile"
    leave(place.lake, NEXT, increment_of(first, "3", since={"kafka:1": "7"}))
    assert take_in(place.context(NEXT))


def increment_of(arrival: Arrival, content: str, since: dict[str, str] | None = None) -> Arrival:
    row = {**arrival.rows[0], "content_hash": content * 64, "name": f"{content}.csv", "position": "9"}
    return Arrival(arrival.source, [row], datetime.now(UTC), since or {})
