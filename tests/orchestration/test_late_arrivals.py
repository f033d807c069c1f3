"""The sensor: what is missing is asked for again, calmly; what arrived is brought to `trusted`, once."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from orchestration_assets.assets.common import source_key
from orchestration_assets.build import feed_definitions
from orchestration_assets.feed import load_feeds, recent_partitions
from orchestration_assets.resources import LakeResource
from orchestration_assets.steps.landing import land_sources, late_landings, summary, wait_to_the_end
from orchestration_assets.steps.outstanding import interval
from tests.faulty_server import FaultyServer, faulty_server

DAY = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
GOOD = f"P0000000001;C0000001;ann@example.org;M00001;D00000001;12,50;EUR;DE;{DAY[8:]}.{DAY[5:7]}.{DAY[:4]} 10:00;0,1"
LEDGER = source_key("ledger")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def server(line_of_b: Callable[..., str], monkeypatch) -> Iterator[FaultyServer]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    line = line_of_b(id="P0000000009", created=f"{DAY}T10:00:00+00:00")
    with faulty_server(line.encode() + b"\n") as running:
        yield running


class Watch:
    """The sensor of payments on one place and instance: it looks, and what it asks for is run."""

    def __init__(self, place, instance: dg.DagsterInstance, monkeypatch) -> None:
        self.place, self.instance, self.cursor = place, instance, None
        monkeypatch.setenv("BREAKWATER_ARRIVALS_SECONDS", "0.001")

    @property
    def lake(self) -> LakeResource:
        return LakeResource(root=str(self.place.lake.root), outside=str(self.place.outside), wait_seconds=30)

    @property
    def definitions(self) -> dg.Definitions:
        declared = load_feeds(self.place.feeds, self.place.catalog).of("payments")
        return feed_definitions(declared, lake=self.lake)

    def look(self) -> list[dg.RunRequest]:
        repository = self.definitions.get_repository_def()
        sensor = repository.get_sensor_def("payments_arrivals")
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            repository_def=repository,
            resources={"lake": self.lake},
        ) as context:
            result = sensor.evaluate_tick(context)
        self.cursor = result.cursor
        return list(result.run_requests)

    def run(
        self, request: dg.RunRequest | None = None, *, is_published: bool = True
    ) -> dg.ExecuteInProcessResult:
        asked = {} if request is None else {
            "run_config": request.run_config, "tags": request.tags, "asset_selection": request.asset_selection,
        }  # fmt: skip
        result = self.definitions.resolve_job_def("payments").execute_in_process(
            partition_key=DAY, instance=self.instance, raise_on_error=False, **asked
        )
        assert result.success == is_published
        return result


@pytest.fixture
def watch(place, orders, instance, monkeypatch) -> Watch:
    orders(place)
    place.gateway_a([GOOD], day=DAY)
    return Watch(place, instance, monkeypatch)


def change(path: Path, **settings: Any) -> None:
    content = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**content, **settings}, sort_keys=False))


def deliver_ledger(place) -> None:
    booked = int(datetime.fromisoformat(f"{DAY}T10:00:00+00:00").timestamp())
    place.ledger(
        [(3, "C0000003", "cy@example.org", "M00001", "D00000003", 900, 978, 276, booked, 0.2)], day=DAY
    )


def payments(place) -> list[str]:
    return sorted(place.table("trusted", DAY)["payment_id"].to_list())


def test_nothing_is_asked_for_before_a_partition_was_run(watch) -> None:
    assert watch.look() == []


def test_a_missing_source_is_asked_again_and_what_it_then_delivers_is_published(watch) -> None:
    watch.run()
    assert payments(watch.place) == ["P0000000001"]
    deliver_ledger(watch.place)
    [asking] = watch.look()
    assert asking.partition_key == DAY
    assert asking.run_config == {"ops": {"payments_landing": {"config": {"ask": ["gateway_b", "ledger"]}}}}
    assert set(asking.asset_selection) == {source_key("gateway_b"), LEDGER}
    watch.run(asking)
    assert payments(watch.place) == ["P0000000001"]
    [publishing] = watch.look()
    assert publishing.asset_selection is None
    assert publishing.run_key != asking.run_key
    watch.run(publishing)
    assert payments(watch.place) == ["P0000000001", "P0000000003"]


def test_a_source_that_stays_away_is_asked_at_growing_intervals(watch, monkeypatch) -> None:
    monkeypatch.setenv("BREAKWATER_ARRIVALS_SECONDS", "3600")
    watch.run()
    assert watch.look() == []  # it is missing for less than an hour
    since(watch.place, hours=2)
    [first] = watch.look()
    assert watch.look() == []
    back(watch, hours=1.5)
    assert watch.look() == []  # the next comes after two hours
    back(watch, hours=1)
    [second] = watch.look()
    assert first.run_key != second.run_key
    back(watch, hours=3.5)
    assert watch.look() == []


def since(place, *, hours: float) -> None:
    """What is missing has been missing for so much longer."""
    for source in ("gateway_b", "ledger"):
        rows = place.rows(f"{source}/deliveries", DAY)
        earlier = rows.with_columns(rows["landed_at"] - timedelta(hours=hours))
        place.lake.replace(f"{source}/deliveries", DAY, earlier)


def back(watch: Watch, *, hours: float) -> None:
    """The sensor asked last so much earlier."""
    memory = json.loads(watch.cursor)
    for asked in memory[DAY].values():
        asked["at"] = (datetime.fromisoformat(asked["at"]) - timedelta(hours=hours)).isoformat()
    watch.cursor = json.dumps(memory)


def test_intervals_double_up_to_the_cadence_of_the_source(place) -> None:
    ledger = place.context().sources[2]
    first = timedelta(minutes=5)
    minutes = [interval(ledger, times, first) / timedelta(minutes=1) for times in (0, 1, 2, 8, 9, 500)]
    assert minutes == [5, 10, 20, 1280, 1440, 1440]
    hourly = ledger.model_copy(update={"cadence": 1.0})
    assert interval(hourly, 500, first) == timedelta(hours=1)
    assert interval(hourly, 0, timedelta(hours=2)) == timedelta(hours=2)


def test_a_source_outside_its_hours_is_not_asked_again(watch) -> None:
    watch.run()
    now = datetime.now(UTC)
    closed = {"from": f"{now + timedelta(hours=2):%H:%M}", "to": f"{now + timedelta(hours=3):%H:%M}"}
    for source in ("gateway_b", "ledger"):
        path = watch.place.catalog / f"{source}.yaml"
        endpoint = yaml.safe_load(path.read_text())["endpoints"][0]
        change(path, endpoints=[{**endpoint, "hours": closed}])
    assert watch.look() == []


def test_partitions_beyond_the_days_of_catching_up_are_left(watch) -> None:
    watch.run()
    change(watch.place.feeds / "payments.yaml", catch_up_days=0)
    assert watch.look() == []


def test_the_days_of_catching_up_are_those_that_ended_last(place) -> None:
    feed = place.context().feed.model_copy(update={"catch_up_days": 2})
    assert recent_partitions(feed, datetime(2026, 11, 23, 1, tzinfo=UTC)) == ["2026-11-21", "2026-11-22"]
    assert recent_partitions(feed, datetime(2026, 1, 2, 1, tzinfo=UTC)) == ["2026-01-01"]
    assert recent_partitions(place.context("all", "flights").feed, datetime.now(UTC)) == ["all"]


def test_a_partition_that_is_being_run_is_left_to_that_run(watch, instance) -> None:
    watch.run()
    job = watch.definitions.resolve_job_def("payments")
    tags = {"breakwater/partition": f"payments.{DAY}"}
    run = instance.create_run_for_job(job, tags=tags, status=dg.DagsterRunStatus.STARTED)
    assert watch.look() == []
    instance.report_run_canceled(run)
    assert len(watch.look()) == 1


def test_what_arrived_after_its_run_is_taken_in_without_asking_anybody(watch, server) -> None:
    place = watch.place
    change(
        place.catalog / "gateway_b.yaml",
        deadline=30,
        endpoints=[{"kind": "http", "url": server.url(), "timeout": 30, "attempts": 1}],
    )
    change(place.feeds / "payments.yaml", patience=0)
    deliver_ledger(place)
    server.then = ["hang_then_answer"]
    watch.run()
    assert summary(place.context(DAY))["gateway_b"]["status"] == "late"
    threads = late_landings(place.lake, "payments", DAY)
    server.stop.set()
    wait_to_the_end(threads)
    server.then = [500]
    [request] = watch.look()
    assert request.asset_selection is None
    assert request.run_config == {"ops": {"payments_landing": {"config": {"ask": []}}}}
    watch.run(request)
    assert payments(place) == ["P0000000001", "P0000000003", "P0000000009"]
    assert len(server.asked) == 1
    assert watch.look() == []


def test_what_was_landed_alone_is_published_with_what_was_never_asked(watch) -> None:
    deliver_ledger(watch.place)
    land_sources(watch.place.context(DAY), ["gateway_a"])
    [request] = watch.look()
    assert request.run_config["ops"]["payments_landing"]["config"]["ask"] == ["gateway_b", "ledger"]
    watch.run(request)
    assert payments(watch.place) == ["P0000000001", "P0000000003"]


def test_what_cannot_be_published_is_tried_once(watch) -> None:
    watch.run()
    watch.place.gateway_a([GOOD.replace("12,50", "many")], day=DAY)
    watch.run(is_published=False)
    assert payments(watch.place) == ["P0000000001"]
    keys = {request.run_key.split("/")[1] for _ in range(3) for request in watch.look()}
    assert len(keys) == 1


def test_a_run_that_died_is_repeated_and_not_for_ever(watch, instance, monkeypatch) -> None:
    monkeypatch.setenv("BREAKWATER_ARRIVALS_SECONDS", "3600")  # what is missing is not asked for meanwhile
    watch.run()
    deliver_ledger(watch.place)
    land_sources(watch.place.context(DAY), ["ledger"])
    job = watch.definitions.resolve_job_def("payments")
    keys = []
    for _ in range(6):
        [request] = watch.look()
        keys.append(request.run_key)
        run = instance.create_run_for_job(job, tags=request.tags, status=dg.DagsterRunStatus.STARTED)
        instance.report_run_canceled(run)
    assert len(set(keys)) == 4
    assert keys[3:] == [keys[3]] * 3


def test_a_memory_of_another_version_begins_anew(watch) -> None:
    watch.run()
    for cursor in ("nonsense", "[]", '{"x": 5}', f'{{"{DAY}": {{"ledger": {{}}}}}}'):
        watch.cursor = cursor
        assert len(watch.look()) == 1


def test_a_lake_that_is_not_there_is_no_reason_to_fail(watch) -> None:
    shutil.rmtree(watch.place.lake.root, ignore_errors=True)
    assert watch.look() == []
