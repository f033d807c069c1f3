"""What arrives late is taken in by itself: per feed, a sensor that asks again for what is missing, at a calm pace.

It reads the lake and asks no source: a run does. A source that stays away is asked at growing intervals, and only as long
as the partition is within the feed's days of catching up.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from orchestration_assets.assets.common import source_key
from orchestration_assets.assets.landed import landing_config
from orchestration_assets.feed import Declared, recent_partitions
from orchestration_assets.resources import LakeResource
from orchestration_assets.steps.fitting import fit_due
from orchestration_assets.steps.outstanding import Asked, Outstanding, outstanding

_IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]

DIED = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_FITTING_SECONDS = 300
REPETITIONS = 3
"""So often is a run repeated that did not succeed with the same contents: it may have died, or met another's lock."""

Memory = dict[str, dict[str, Asked]]
"""Per partition and source, how often it was asked again."""


def build_arrivals(declared: Declared, job: Any, interval_seconds: float) -> dg.SensorDefinition:
    """The sensor of a feed. `interval_seconds`: between two looks, and before a missing source is first asked again."""
    first = timedelta(seconds=interval_seconds)

    @dg.sensor(
        job=job,
        name=f"{declared.feed.feed}_arrivals",
        minimum_interval_seconds=max(1, round(interval_seconds)),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks again for what is missing, and brings partitions up to date for which something arrived.",
    )
    def arrivals(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
        now = datetime.now(UTC)
        memory = _remembered(context.cursor)
        requests, kept = [], {}
        for partition in recent_partitions(declared.feed, now):
            asked = memory.get(partition, {})
            found = outstanding(lake.of(declared, partition), asked, now, first)
            request = (
                None
                if is_running(context.instance, declared, partition)
                else _request(context.instance, declared, found, asked)
            )
            if request is not None:
                requests.append(request)
            kept[partition] = _asked(found, asked, now, is_launched=request is not None)
        return dg.SensorResult(run_requests=requests, cursor=_as_cursor(kept))

    return arrivals


def build_fitting(declared: Declared, job: Any) -> dg.SensorDefinition:
    """The sensor that has a feed learn anew once a partition was published that the fit in force does not know."""

    @dg.sensor(
        job=job,
        name=f"{declared.feed.feed}_fitting",
        minimum_interval_seconds=_FITTING_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Learns anew, apart from any run, once a partition was published that the fit in force does not know.",
    )
    def fitting(_context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult | dg.SkipReason:
        published = lake.lake().partitions(f"{declared.feed.feed}/trusted")
        due = fit_due(lake.of(declared, published[-1])) if published else ""
        if not due:
            return dg.SkipReason("the fit in force knows all that was published")
        return dg.SensorResult(run_requests=[dg.RunRequest(due, tags={"breakwater/from": "fitting"})])

    return fitting


def _request(
    instance: dg.DagsterInstance, declared: Declared, found: Outstanding, asked: dict[str, Asked]
) -> dg.RunRequest | None:
    """The run that is due: of the whole partition if there is something new to publish, else of the sources to ask."""
    feed, partition = declared.feed.feed, found.partition
    ask = sorted({*found.due, *(found.unseen if found.contents else ())})
    times = [
        f"{name}.{asked[name].times if name in asked else 0}.{found.missing[name]}" for name in found.due
    ]
    run_key = "/".join([partition, found.contents, *times])
    tags = {"breakwater/from": "arrivals"}
    if found.contents:
        contents = {"breakwater/contents": f"{feed}.{partition}.{found.contents}"}
        died = len(instance.get_run_records(dg.RunsFilter(tags=contents, statuses=DIED), limit=REPETITIONS))
        run_key += f"/{died}" if died else ""
        return dg.RunRequest(run_key, landing_config(feed, ask), tags | contents, partition_key=partition)
    if found.due:
        selection = [source_key(name) for name in ask]
        return dg.RunRequest(
            run_key, landing_config(feed, ask), tags, partition_key=partition, asset_selection=selection
        )
    return None


def _asked(
    found: Outstanding, asked: dict[str, Asked], now: datetime, *, is_launched: bool
) -> dict[str, Asked]:
    """What was done so far about each source that is still missing; the others are forgotten."""
    kept = {name: before for name, before in asked.items() if found.missing.get(name) == before.since}
    if is_launched:
        for name in found.due:
            times = kept[name].times + 1 if name in kept else 1
            kept[name] = Asked(times, now, found.missing[name])
    return kept


def is_running(instance: dg.DagsterInstance, declared: Declared, partition: str) -> bool:
    """Whether a run of the partition is under way or queued: what it does need not be done twice."""
    tags = {"breakwater/partition": f"{declared.feed.feed}.{partition}"}
    return bool(instance.get_run_records(dg.RunsFilter(tags=tags, statuses=_IN_PROGRESS), limit=1))


def _remembered(cursor: str | None) -> Memory:
    try:
        return {
            partition: {
                name: Asked(int(row["times"]), datetime.fromisoformat(row["at"]), str(row["since"]))
                for name, row in sources.items()
            }
            for partition, sources in json.loads(cursor or "{}").items()
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}  # of another version: begin anew


def _as_cursor(memory: Memory) -> str:
    rows = {
        p: {name: asdict(asked) for name, asked in sources.items()}
        for p, sources in memory.items()
        if sources
    }
    return json.dumps(rows, default=datetime.isoformat)
