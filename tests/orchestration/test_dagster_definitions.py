"""What Dagster is told of a feed, against lists written by hand."""

import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from orchestration_assets.build import feed_definitions
from orchestration_assets.declarations import KEY as DECLARATIONS
from orchestration_assets.definitions import defs
from orchestration_assets.resources import LakeResource

ASSETS = {
    # key: group, kinds
    "breakwater/declarations": ("declarations", {"yaml"}),
    "gateway_a/gateway_a_landed": ("payments_1_land", {"csv", "files"}),
    "gateway_b/gateway_b_landed": ("payments_1_land", {"files", "ndjson"}),
    "ledger/ledger_landed": ("payments_1_land", {"ndjson", "sql"}),
    "payments/clean": ("payments_2_triage", {"polars", "pandera"}),
    "payments/malformed": ("payments_2_triage", {"polars", "pandera"}),
    "payments/missing": ("payments_2_triage", {"polars", "pandera"}),
    "payments/contested": ("payments_2_triage", {"polars", "pandera"}),
    "payments/translated": ("payments_3_repair", {"polars"}),
    "payments/imputed": ("payments_3_repair", {"polars"}),
    "payments/settled": ("payments_4_settle", {"polars", "pandera"}),
    "payments/review": ("payments_6_hold", {"deltalake"}),
    "payments/quarantine": ("payments_6_hold", {"deltalake"}),
    "payments/aside": ("payments_6_hold", {"deltalake"}),
    "payments/findings": ("payments_7_audit", {"deltalake"}),
    "payments/repairs": ("payments_7_audit", {"deltalake"}),
    "payments/methods": ("payments_7_audit", {"deltalake"}),
    "payments/metrics": ("payments_7_audit", {"deltalake"}),
    "payments/trusted": ("payments_5_publish", {"deltalake"}),
    "payments/fitted": ("payments_8_learn", {"polars"}),
    "flights/flights_landed": ("flights_1_land", {"csv", "files"}),
    "flights/clean": ("flights_2_triage", {"polars", "pandera"}),
    "flights/malformed": ("flights_2_triage", {"polars", "pandera"}),
    "flights/missing": ("flights_2_triage", {"polars", "pandera"}),
    "flights/contested": ("flights_2_triage", {"polars", "pandera"}),
    "flights/translated": ("flights_3_repair", {"polars"}),
    "flights/imputed": ("flights_3_repair", {"polars"}),
    "flights/settled": ("flights_4_settle", {"polars", "pandera"}),
    "flights/review": ("flights_6_hold", {"deltalake"}),
    "flights/quarantine": ("flights_6_hold", {"deltalake"}),
    "flights/aside": ("flights_6_hold", {"deltalake"}),
    "flights/findings": ("flights_7_audit", {"deltalake"}),
    "flights/repairs": ("flights_7_audit", {"deltalake"}),
    "flights/methods": ("flights_7_audit", {"deltalake"}),
    "flights/metrics": ("flights_7_audit", {"deltalake"}),
    "flights/trusted": ("flights_5_publish", {"deltalake"}),
    "flights/fitted": ("flights_8_learn", {"polars"}),
}
DEPENDENCIES = {
    "clean": {"gateway_a/gateway_a_landed", "gateway_b/gateway_b_landed", "ledger/ledger_landed"},
    "translated": {"payments/malformed", "payments/contested"},
    "imputed": {"payments/translated", "payments/missing", "payments/contested"},
    "settled": {"payments/clean", "payments/translated", "payments/imputed"},
    "review": {"payments/settled"},
    "trusted": {"payments/settled"},
    "fitted": {"payments/trusted"},
}
BLOCKING = {"nothing_lost", "contract_holds", "trusted_not_emptied"}
TELLING = {
    "deliveries_accepted", "repaired_share", "held_share", "unreadable_share", "unseen_shapes", "volume", "freshness",
    "preferred_endpoint", "cadence", "stale_share", "schema_drift",
}  # fmt: skip


@pytest.fixture
def loaded(place, surroundings) -> dg.Definitions:
    surroundings(place)
    return defs()


def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_the_assets_are_these_in_their_groups_with_their_kinds(loaded) -> None:
    assert {key: (spec.group_name, set(spec.kinds)) for key, spec in specs(loaded).items()} == ASSETS


def test_every_asset_of_a_feed_states_its_grain_its_owner_and_its_code_version(loaded) -> None:
    for key, spec in specs(loaded).items():
        assert spec.description.startswith(("One row per ", "One file per ")), key
        if key != DECLARATIONS.to_user_string():
            assert len(spec.owners) == 1, key
            assert spec.code_version, key
            assert (spec.partitions_def is None) == key.endswith("/fitted"), key
            assert spec.tags["breakwater/feed"] in ("payments", "flights"), key


def test_the_graph_shows_a_different_name_for_each_asset_of_a_feed(loaded) -> None:
    for feed in ("payments", "flights"):
        last = [s.key.path[-1] for s in specs(loaded).values() if s.tags.get("breakwater/feed") == feed]
        assert len(last) == len(set(last)) > 15


@pytest.mark.parametrize("name", sorted(DEPENDENCIES))
def test_an_asset_stands_on_those_before_it(loaded, name: str) -> None:
    assert {d.asset_key.to_user_string() for d in specs(loaded)[f"payments/{name}"].deps} == DEPENDENCIES[
        name
    ]


def test_the_checks_are_these_and_only_three_of_them_block(loaded) -> None:
    for feed in ("payments", "flights"):
        found = {
            (spec.asset_key.to_user_string(), spec.name): spec.blocking
            for definition in loaded.asset_checks or ()
            for spec in definition.check_specs
            if spec.asset_key.path[0] == feed
        }
        expected = {(f"{feed}/settled", name): name in BLOCKING for name in BLOCKING | TELLING}
        assert found == expected | {(f"{feed}/trusted", "expectations"): False}


def test_the_jobs_schedules_and_sensors_are_these(loaded) -> None:
    repository = loaded.get_repository_def()
    jobs = {job.name for job in repository.get_all_jobs() if not job.name.startswith("__")}
    assert jobs == {
        "payments",
        "payments_expectations",
        "payments_fit",
        "flights",
        "flights_expectations",
        "flights_fit",
    }
    schedules = {s.name: (s.job_name, s.cron_schedule) for s in repository.schedule_defs}
    assert schedules == {
        "payments_daily": ("payments", "0 5 * * *"),
        "flights_daily": ("flights", "30 5 * * *"),
    }
    assert {s.name for s in repository.sensor_defs} == {
        "payments_published",
        "flights_published",
        "payments_arrivals",
        "flights_arrivals",
        "payments_fitting",
        "flights_fitting",
        "payments_decisions",
        "flights_decisions",
    }


def test_the_partitions_are_days_and_one_of_all_flights(loaded) -> None:
    days = loaded.resolve_job_def("payments").partitions_def
    assert days.get_partition_keys(current_time=datetime(2026, 1, 4, tzinfo=UTC)) == [
        "2026-01-01",
        "2026-01-02",
        "2026-01-03",
    ]
    assert loaded.resolve_job_def("flights").partitions_def.get_partition_keys() == ["all"]
    assert loaded.resolve_job_def("payments_expectations").partitions_def == days


def test_no_run_of_a_partition_fits(loaded) -> None:
    selected = loaded.resolve_job_def("payments").asset_layer.selected_asset_keys
    assert dg.AssetKey(["payments", "fitted"]) not in selected
    fits = loaded.resolve_job_def("payments_fit")
    assert fits.asset_layer.selected_asset_keys == {dg.AssetKey(["payments", "fitted"])}


def test_a_run_is_one_process_and_is_tagged_with_its_partition(loaded) -> None:
    for name in ("payments", "flights"):
        assert loaded.resolve_job_def(name).executor_def.name == "in_process"
    tags = loaded.resolve_job_def("payments").get_tags_for_partition_key("2026-11-01", None)
    assert tags["breakwater/partition"] == "payments.2026-11-01"


def test_the_schedule_asks_for_the_day_that_is_over(loaded) -> None:
    repository = loaded.get_repository_def()
    [schedule] = [s for s in repository.schedule_defs if s.name == "payments_daily"]
    with dg.build_schedule_context(repository_def=repository) as context:
        [request] = schedule.evaluate_tick(context).run_requests
    assert request.partition_key == (datetime.now(UTC).date() - timedelta(days=1)).isoformat()


def test_a_feed_fits_into_a_project_that_exists_already(place) -> None:
    @dg.asset
    def theirs() -> None: ...

    lake = LakeResource(root=str(place.lake.root), outside=str(place.outside))
    merged = dg.Definitions.merge(
        dg.Definitions(assets=[theirs]),
        feed_definitions("payments", feeds=place.feeds, catalog=place.catalog, lake=lake),
    )
    assert {"theirs", "payments/trusted"} <= set(specs(merged))


def broken(place, how: str) -> None:
    feed, source = place.feeds / "payments.yaml", place.catalog / "ledger.yaml"
    match how:
        case "no YAML":
            feed.write_text("feed: [payments\n")
        case "an unknown setting":
            feed.write_text(feed.read_text() + "colour: red\n")
        case "a schedule that is none":
            feed.write_text(feed.read_text().replace('"0 5 * * *"', '"at five"'))
        case "an owner that Dagster refuses":
            feed.write_text(feed.read_text().replace("team:payments", "ann@localhost"))
        case "a time zone that is none":
            feed.write_text(
                feed.read_text().replace("start: 2026-01-01", "start: 2026-01-01, timezone: Mars/Olympus")
            )
        case "a partition twice":
            feed.write_text(
                feed.read_text().replace("{kind: daily, start: 2026-01-01}", "{kind: static, keys: [a, a]}")
            )
        case "a contract that does not load":
            feed.write_text(feed.read_text().replace("payments:Payment", "payments:Nobody"))
        case "a source that is no YAML":
            source.write_text("source: [ledger\n")
        case "a source of a feed that does not exist":
            source.write_text(source.read_text().replace("feed: payments", "feed: paymants"))


@pytest.mark.parametrize(
    ("how", "is_feed_left"),
    [
        ("no YAML", False),
        ("an unknown setting", False),
        ("a schedule that is none", False),
        ("an owner that Dagster refuses", False),
        ("a time zone that is none", False),
        ("a partition twice", False),
        ("a contract that does not load", True),
        ("a source that is no YAML", True),
        ("a source of a feed that does not exist", True),
    ],
)
def test_a_mistake_in_one_file_takes_no_other_feed_away_and_shows_as_a_failed_check(
    place, orders: Callable, surroundings, how: str, is_feed_left: bool
) -> None:
    orders(place)
    broken(place, how)
    surroundings(place)
    definitions = defs()
    keys = set(specs(definitions))
    assert {"flights/trusted", "orders/trusted"} <= keys
    assert ("payments/trusted" in keys) == is_feed_left
    [result] = evaluated(definitions)
    assert (result.check_name, result.passed) == ("declarations_are_sound", False)
    told = result.metadata["list"].value
    assert "payments.yaml" in told or "ledger.yaml" in told
    assert result.metadata["mistakes"].value > 0


def test_sound_declarations_pass_the_check(loaded) -> None:
    [result] = evaluated(loaded)
    assert (result.passed, result.metadata["feeds"].value, result.metadata["mistakes"].value) == (True, 2, 0)


def evaluated(definitions: dg.Definitions) -> list:
    key = dg.AssetCheckKey(DECLARATIONS, "declarations_are_sound")
    job = dg.define_asset_job("look", selection=dg.AssetSelection.checks(key))
    with warnings.catch_warnings():
        whole = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job]))
    with dg.DagsterInstance.ephemeral() as instance:
        return (
            whole.resolve_job_def("look").execute_in_process(instance=instance).get_asset_check_evaluations()
        )
