"""What a person sees and does in Dagster's own pages, in a real browser, on a lake of this test's own."""

import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest

from orchestration_assets.lake import Lake
from tests.browser import ui

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BLOCKING = ["nothing_lost", "contract_holds", "trusted_not_emptied"]
TELLING = [
    "cadence",
    "deliveries_accepted",
    "freshness",
    "held_share",
    "preferred_endpoint",
    "repaired_share",
    "schema_drift",
    "stale_share",
    "unreadable_share",
    "unseen_shapes",
    "volume",
]


def test_a_partition_is_materialized_by_clicking_and_its_checks_and_counts_are_shown(
    dagster: ui.Dagster, page: Any, days: list[str]
):
    day = days[-1]
    ui.open_graph(page, dagster, "payments")
    for asset in ("gateway_a_landed", "malformed", "imputed", "settled", "repairs", "trusted"):
        assert page.get_by_text(asset, exact=True).first.is_visible(), f"{asset} is not in the graph"

    ui.launch(page, dagster, "payments", day)
    assert ui.has_succeeded(page)

    ui.open_asset(page, dagster, "payments/settled", "checks")
    page.get_by_text("Checks (14)").wait_for()
    shown = ui.shown_checks(page, BLOCKING + TELLING)
    assert {shown[name] for name in BLOCKING} == {"Succeeded"}
    assert set(shown.values()) <= {"Succeeded", "Failed"}
    for name, blocks in (("nothing_lost", True), ("volume", False)):
        assert ui.open_check(page, name)
        kind = "blocking" if blocks else "non-blocking"
        page.get_by_text(f"This is a {kind} asset check").first.wait_for()
        assert page.get_by_text(day, exact=True).first.is_visible()

    published = Lake(dagster.place.lake).read("payments/trusted", day).height
    assert published > 0
    ui.open_asset(page, dagster, "payments/trusted", "overview")
    page.get_by_text("Row count", exact=True).first.wait_for()
    assert page.get_by_text(f"{published:,}", exact=True).first.is_visible()


def test_the_schedule_asks_for_the_day_that_is_over_last(dagster: ui.Dagster, days: list[str]):
    query = """mutation($selector: ScheduleSelector!, $now: Float!) {scheduleDryRun(selectorData: $selector, timestamp: $now) {
        ... on PythonError {message} ... on DryRunInstigationTick {evaluationResult {error {message} runRequests {tags {key value}}}}}}"""
    selector = {**ui.REPOSITORY, "scheduleName": "payments_daily"}
    result = dagster.ask(query, selector=selector, now=time.time())["scheduleDryRun"]["evaluationResult"]
    assert result["error"] is None
    [request] = result["runRequests"]
    tags = {tag["key"]: tag["value"] for tag in request["tags"]}
    assert tags["dagster/partition"] == days[-1]
    assert tags["breakwater/partition"] == f"payments.{days[-1]}"


def test_a_backfill_runs_each_partition_and_each_publication_meets_its_expectations(
    dagster: ui.Dagster, page: Any, days: list[str]
):
    early = days[:2]
    launch = """mutation($params: LaunchBackfillParams!) {launchPartitionBackfill(backfillParams: $params) {
        __typename ... on LaunchBackfillSuccess {backfillId} ... on PythonError {message}}}"""
    selector = {"repositorySelector": ui.REPOSITORY, "partitionSetName": "payments_partition_set"}
    params = {"selector": selector, "partitionNames": early}
    assert (
        dagster.ask(launch, params=params)["launchPartitionBackfill"]["__typename"] == "LaunchBackfillSuccess"
    )

    ended = ui.until(
        lambda: (found := dagster.finished("payments")).keys() >= set(early) and found,
        seconds=3 * ui.RUN_SECONDS,
        what="the backfill",
    )
    assert {ended[day] for day in early} == {"SUCCESS"}
    published = {day: Lake(dagster.place.lake).read("payments/trusted", day).height for day in early}
    assert all(published.values())

    # The sensor looks every half minute, and must miss neither of the two.
    judged = ui.until(
        lambda: (found := dagster.judged("payments/trusted", "expectations")).keys() >= set(early) and found,
        seconds=3 * ui.RUN_SECONDS,
        what="the expectations of both partitions",
    )
    for day in early:
        assert judged[day]["success"], judged[day]["description"]
        assert f"met by {published[day]:,} sampled records" in judged[day]["description"]
        assert Path(urlparse(judged[day]["metadata"]["data_docs"]).path).is_file()
    ui.open_asset(page, dagster, "payments/trusted", "checks")
    assert re.match(r"Expected all of \d+ expectations", ui.open_check(page, "expectations"))
    assert page.get_by_role("link", name=re.compile("index.html")).first.is_visible()
