"""One partition of the feed taken the whole way in this process, without Dagster, from a misbehaving world."""

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from orchestration_assets.errors import BreakwaterError
from orchestration_assets.feed import FEEDS, Declared, load_feeds
from orchestration_assets.lake import Lake
from orchestration_assets.steps.audit import must_hold, should_hold
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.drift_report import schema_drift
from orchestration_assets.steps.imputation import impute_partition
from orchestration_assets.steps.landing import (
    hand_over_landing,
    land_sources,
    late_landings,
    store_of,
    wait_to_the_end,
)
from orchestration_assets.steps.measuring import measure_partition
from orchestration_assets.steps.outcome import Outcome
from orchestration_assets.steps.publishing import publish_partition
from orchestration_assets.steps.settlement import settle_partition
from orchestration_assets.steps.translation import translate_partition
from orchestration_assets.steps.triage import triage_partition
from sources.chaos.world import SYSTEMS, World

FEED = "payments"
CATALOG = FEEDS.parent.parent / "sources" / "catalog"
TIMEOUT_SECONDS = 0.4
DEADLINE_SECONDS = 1.5
ATTEMPTS = 2
BREAKER = {"failures": 3, "open_seconds": 0.5}


@dataclass(frozen=True)
class Taken:
    """What came of one run: the checks by name, whether it was published, or why the run failed."""

    checks: dict[str, Outcome] = field(default_factory=dict)
    is_published: bool = False
    failure: str = ""
    seconds: float = 0.0

    @property
    def failed_checks(self) -> set[str]:
        """The names of the checks that did not hold."""
        return {name for name, outcome in self.checks.items() if not outcome.is_passed}


def declared_for(world: World, folder: Path, *, patience: float | None = None) -> Declared:
    """The project's own feed and sources, reached where the world has them, with deadlines of a round.

    `patience`: seconds that a run waits for a slow source when others have landed; by default as ever, half of its deadline.
    """
    folder.mkdir(parents=True, exist_ok=True)
    url = f"{world.server.url}/gateway_a/{{partition}}/payments.csv"
    endpoints: dict[str, list[dict[str, Any]]] = {
        "gateway_a": [
            {"kind": "http", "url": url, "timeout": TIMEOUT_SECONDS},
            {"kind": "files", "path": "backup/gateway_a/{partition}/*.csv"},
        ],
        "gateway_b": [{"kind": "files", "path": "gateway_b/{partition}/*"}],
    }
    for source in SYSTEMS:
        declaration = yaml.safe_load((CATALOG / f"{source}.yaml").read_text(encoding="utf-8"))
        declaration["deadline"] = DEADLINE_SECONDS
        declaration["endpoints"] = [
            {**endpoint, "attempts": ATTEMPTS, "breaker": BREAKER}
            for endpoint in endpoints.get(source, declaration["endpoints"])
        ]
        (folder / f"{source}.yaml").write_text(yaml.safe_dump(declaration), encoding="utf-8")
    declared = load_feeds(FEEDS, folder).of(FEED)
    return replace(declared, feed=declared.feed.model_copy(update={"patience": patience}))


def context_of(declared: Declared, world: World, lake: Lake, day: str) -> Context:
    """The context of one partition; the world learns where its deliveries are landed."""
    world.stores = {source: store_of(lake, source) for source in SYSTEMS}
    return Context(declared, lake, day, world.root)


def take(context: Context) -> Taken:
    """Land, triage, repair, settle, audit, and publish if every check that blocks holds."""
    began = time.perf_counter()
    try:
        outcomes, is_published = _all_steps(context)
    except BreakwaterError as error:
        return Taken(failure=str(error), seconds=time.perf_counter() - began)
    checks = {outcome.name: outcome for outcome in outcomes}
    return Taken(checks, is_published, seconds=time.perf_counter() - began)


def _all_steps(context: Context) -> tuple[list[Outcome], bool]:
    hand_over_landing(context, land_sources(context))
    triage_partition(context)
    translate_partition(context)
    impute_partition(context)
    settle_partition(context)
    metrics = measure_partition(context)
    blocking = must_hold(context)
    is_published = all(outcome.is_passed for outcome in blocking)
    if is_published:
        publish_partition(context)
    return [*blocking, *should_hold(context, metrics), schema_drift(context)], is_published


def wait_for_the_late(context: Context) -> None:
    """Wait for the sources that the run went on without: each ends with its deadline."""
    wait_to_the_end(late_landings(context.lake, context.feed.feed, context.partition))
