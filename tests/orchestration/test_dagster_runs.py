"""Runs of a feed's job in this process: what is materialized, what blocks, and what stays out of the events."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from dagster import serialize_value

from orchestration_assets.build import feed_definitions
from orchestration_assets.cli import main
from orchestration_assets.feed import load_feeds
from orchestration_assets.resources import LakeResource

DAY, NEXT = "2026-11-01", "2026-11-02"
GOOD = [
    "P0000000001;C0000001;ann@example.org;M00001;D00000001;12,50;EUR;DE;01.11.2026 10:00;0,1",
    "P0000000002;C0000002;bob@example.org;M00001;D00000002;7,00;EUR;DE;01.11.2026 11:30;",
]
KEYS = {
    # what each asset's materialization tells in numbers, besides `dagster/row_count`
    "gateway_a/gateway_a_landed": {"deliveries", "bytes", "refused", "seconds"},
    "gateway_b/gateway_b_landed": {"deliveries", "bytes", "refused", "seconds"},
    "ledger/ledger_landed": {"deliveries", "bytes", "refused", "seconds"},
    "payments/clean": {"records", "unreadable", "seconds"},
    "payments/malformed": {"malformed", "out_of_domain"},
    "payments/missing": set(),
    "payments/contested": {"buckets"},
    "payments/translated": {"cells", "applied", "suggested", "shapes", "unseen_shapes", "seconds"},
    "payments/imputed": {"cells", "applied", "suggested", "seconds"},
    "payments/settled": {
        "clean",
        "translated",
        "imputed",
        "trusted",
        "review",
        "quarantine",
        "duplicate",
        "lost",
    },
    "payments/review": set(),
    "payments/quarantine": set(),
    "payments/aside": set(),
    "payments/findings": set(),
    "payments/repairs": {"applied", "suggested"},
    "payments/methods": set(),
    "payments/metrics": {"landed", "trusted", "lost", "rows_per_second"},
    "payments/trusted": {"files", "version", "seconds"},
}
BLOCKING = ("nothing_lost", "contract_holds", "trusted_not_emptied")
HELD = ("review", "quarantine", "aside", "findings", "repairs", "methods", "metrics")


class Runner:
    """Runs the jobs of one place on one instance."""

    def __init__(self, place, instance: dg.DagsterInstance) -> None:
        self.place, self.instance = place, instance

    def run(self, partition: str = DAY, **options) -> dg.ExecuteInProcessResult:
        declared = load_feeds(self.place.feeds, self.place.catalog).of("payments")
        lake = LakeResource(root=str(self.place.lake.root), outside=str(self.place.outside), wait_seconds=0)
        job = feed_definitions(declared, lake=lake).resolve_job_def("payments")
        return job.execute_in_process(
            partition_key=partition, instance=self.instance, raise_on_error=False, **options
        )


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture(scope="module")
def whole(simulated: Path, place_at, instance, tmp_path_factory: pytest.TempPathFactory):
    """One simulated day, run by the job."""
    place = place_at(tmp_path_factory.mktemp("run_by_dagster"))
    place.outside = simulated
    runner = Runner(place, instance)
    runner.result = runner.run()
    return runner


@pytest.fixture
def runner(place, instance) -> Runner:
    return Runner(place, instance)


def materialized(result: dg.ExecuteInProcessResult) -> dict[str, dict]:
    events = [e for e in result.all_events if e.event_type_value == "ASSET_MATERIALIZATION"]
    return {
        e.asset_key.to_user_string(): {
            k: v.value for k, v in e.step_materialization_data.materialization.metadata.items()
        }
        for e in events
    }


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {e.check_name: e.passed for e in result.get_asset_check_evaluations()}


def test_a_run_materializes_every_asset_with_numbers_under_stable_keys(whole) -> None:
    assert whole.result.success
    found = materialized(whole.result)
    assert set(found) == set(KEYS)
    for key, metadata in found.items():
        assert isinstance(metadata["dagster/row_count"], int), key
        numbers = {name for name, value in metadata.items() if isinstance(value, int | float)}
        assert numbers >= KEYS[key], key


def test_the_row_counts_are_those_of_the_tables(whole) -> None:
    found = materialized(whole.result)
    for name in ("trusted", *HELD):
        assert found[f"payments/{name}"]["dagster/row_count"] == whole.place.table(name).height
    assert found["payments/settled"]["dagster/row_count"] == whole.place.metrics()["landed"]


def test_a_run_of_the_job_gives_the_tables_that_its_steps_give(whole, lived) -> None:
    landed_at = ("gateway_a/deliveries", "gateway_b/deliveries", "ledger/deliveries", "payments/metrics")
    assert whole.place.contents(without=landed_at) == lived.contents(without=landed_at)


def test_every_check_is_evaluated_and_says_what_was_expected_found_and_is_to_be_done(whole) -> None:
    evaluations = whole.result.get_asset_check_evaluations()
    assert len(evaluations) == 14
    assert all(checks(whole.result)[name] for name in BLOCKING)
    for evaluation in evaluations:
        assert {"expected", "found", "action"} <= set(evaluation.metadata), evaluation.check_name
        assert evaluation.partition == DAY, evaluation.check_name


def test_what_people_decide_links_to_the_desk(whole) -> None:
    found = materialized(whole.result)
    queue = f"http://127.0.0.1:8501/?feed=payments&partition={DAY}"
    for table in ("review", "quarantine"):
        assert found[f"payments/{table}"]["desk"] == f"{queue}&table={table}"
    evaluations = {e.check_name: e.metadata for e in whole.result.get_asset_check_evaluations()}
    assert evaluations["held_share"]["desk"].value == queue


def test_a_run_stays_small_in_events(whole) -> None:
    assert len(whole.instance.all_logs(whole.result.run_id)) < 200


def emails(outside: Path) -> set[str]:
    """Every e-mail address, and what was left of it, in what the three systems delivered on the day."""
    texts = [
        (outside / "gateway_a" / DAY / "payments.csv").read_text("cp1252"),
        (outside / "gateway_b" / DAY / "payments.ndjson").read_text(),
    ]
    with closing(sqlite3.connect(outside / "ledger" / "ledger.sqlite")) as database:
        texts += [
            r[0] or "" for r in database.execute("SELECT email FROM bookings WHERE booking_day = ?", (DAY,))
        ]
    return {word.lower() for text in texts for word in re.findall(r'[^\s;"@,{}:]+@[^\s;"@,{}:]+', text)}


def test_no_personal_value_is_in_any_event_or_log_line(whole, simulated: Path) -> None:
    wanted = emails(simulated)
    assert len(wanted) > 400
    told = "\n".join(serialize_value(entry) for entry in whole.instance.all_logs(whole.result.run_id)).lower()
    assert "payments/" in told
    assert [email for email in wanted if email in told] == []
    assert re.findall(r"[a-z0-9._+-]+@[a-z0-9-]+\.[a-z]+", told) == []


def test_no_personal_value_is_printed_by_the_command(place, surroundings, simulated: Path, capfd) -> None:
    place.outside = simulated
    surroundings(place)
    code = main(["run", "payments", "--partition", DAY, "--json"])
    printed = "".join(capfd.readouterr())
    assert code == 2  # the file of gateway_b is cut off
    assert "gateway_b: the last line has no end" in printed
    assert '"lost": 0' in printed
    assert "@" not in printed


def test_one_source_can_be_landed_alone(runner) -> None:
    runner.place.gateway_a(GOOD)
    result = runner.run(asset_selection=[dg.AssetKey(["gateway_a", "gateway_a_landed"])])
    assert result.success
    assert materialized(result).keys() == {"gateway_a/gateway_a_landed"}
    assert runner.place.rows("gateway_a/deliveries")["status"].to_list() == ["landed"]
    assert not runner.place.lake.exists("gateway_b/deliveries")
    assert not runner.place.lake.exists("payments/trusted")


def test_sources_that_deliver_nothing_are_materialized_as_absent(runner) -> None:
    runner.place.gateway_a(GOOD)
    result = runner.run()
    assert result.success
    found = materialized(result)
    assert (found["ledger/ledger_landed"]["status"], found["ledger/ledger_landed"]["dagster/row_count"]) == (
        "absent",
        0,
    )
    assert found["payments/trusted"]["dagster/row_count"] == 2
    assert not checks(result)["deliveries_accepted"]


def test_a_day_on_which_nothing_came_still_materializes_every_asset(runner) -> None:
    result = runner.run()
    assert result.success
    assert set(materialized(result)) == set(KEYS)
    assert materialized(result)["payments/trusted"]["dagster/row_count"] == 0


def assert_blocked(runner: Runner, result: dg.ExecuteInProcessResult, failed: set[str]) -> None:
    found = materialized(result)
    assert {name for name in BLOCKING if not checks(result)[name]} == failed
    assert "payments/trusted" not in found
    assert {f"payments/{name}" for name in HELD} <= set(found)
    assert sorted(runner.place.table("trusted")["payment_id"]) == ["P0000000001", "P0000000002"]


def test_a_partition_that_would_become_empty_keeps_its_records_and_the_rest_is_written(runner) -> None:
    runner.place.gateway_a(GOOD)
    assert runner.run().success
    runner.place.gateway_a([GOOD[0].replace("12,50", "many")])
    result = runner.run()
    assert_blocked(runner, result, {"trusted_not_emptied"})
    held = pl.concat([runner.place.table("review"), runner.place.table("quarantine")])
    assert held["payment_id"].to_list() == ["P0000000001"]
    assert runner.place.table("findings")["field"].to_list() == ["amount"]


@pytest.mark.parametrize(
    ("fault", "failed"),
    [
        (lambda frame: frame.head(1), {"nothing_lost"}),
        (lambda frame: pl.concat([frame, frame]), {"nothing_lost"}),
        (lambda frame: frame.with_columns(currency=pl.lit("???")), {"contract_holds"}),
        (
            lambda frame: frame.head(1).with_columns(country=pl.lit(None, pl.String)),
            {"nothing_lost", "contract_holds"},
        ),
    ],
    ids=["a record lost", "records twice", "an unknown currency", "lost and empty"],
)
def test_a_fault_between_settlement_and_publication_is_not_published(
    runner, monkeypatch, fault, failed: set[str]
) -> None:
    from orchestration_assets.assets import settled

    runner.place.gateway_a(GOOD)
    assert runner.run().success
    runner.place.gateway_a([*GOOD, GOOD[0].replace("0001;C", "0003;C")])

    def settle_and_spoil(context) -> dict:
        handed = settle(context)
        for path, _, _ in handed["staged"]:
            file = context.lake.path(context.table("trusted")) / path
            fault(pl.read_parquet(file, hive_partitioning=False)).write_parquet(file)
        return handed

    settle = settled.settle_partition
    monkeypatch.setattr(settled, "settle_partition", settle_and_spoil)
    assert_blocked(runner, runner.run(), failed)


def test_a_contract_that_does_not_load_ends_the_run_in_words_and_is_not_retried(runner, orders) -> None:
    orders(runner.place)
    feed = runner.place.feeds / "payments.yaml"
    feed.write_text(feed.read_text().replace("payments:Payment", "payments:Nobody"))
    runner.place.gateway_a(GOOD)
    result = runner.run()
    assert not result.success
    [failure] = [e.step_failure_data for e in result.all_events if e.is_step_failure]
    assert (
        "contract 'validators.contracts.payments:Nobody' cannot be loaded"
        in failure.user_failure_data.description
    )
    assert "Hint: " in failure.user_failure_data.description
    assert not [e for e in result.all_events if e.is_step_up_for_retry]


def test_a_run_that_was_not_published_ends_in_exit_code_2_and_one_that_failed_in_3(
    place, surroundings, capsys
) -> None:
    surroundings(place)
    place.gateway_a(GOOD)
    assert main(["run", "payments", "--partition", DAY]) == 2  # two sources are absent
    assert "ledger: absent" in capsys.readouterr().err
    place.gateway_a([GOOD[0].replace("12,50", "many")])
    assert main(["run", "payments", "--partition", DAY]) == 2
    told = capsys.readouterr()
    assert "check trusted_not_emptied" in told.err
    assert "Traceback" not in told.out + told.err
    (place.lake.root / "ledger" / "landed").parent.mkdir(exist_ok=True, parents=True)
    (place.lake.root / "payments" / "_work" / NEXT).write_text("in the way")
    assert main(["run", "payments", "--partition", NEXT]) == 3
    assert "Traceback" not in "".join(capsys.readouterr())
