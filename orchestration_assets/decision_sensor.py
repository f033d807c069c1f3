"""What people decide takes effect by itself: per feed, a sensor that runs the partitions that new decisions concern.

A decision changes what the record of a method is; the partitions in which that lets a method apply by itself what
waits, or takes back what it applied, are run in a second round.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import dagster as dg

from orchestration_assets.assets.landed import landing_config
from orchestration_assets.decisions.ledger import decisions_of
from orchestration_assets.feed import Declared, Feed
from orchestration_assets.lake import Lake
from orchestration_assets.resources import LakeResource
from orchestration_assets.sensors import DIED, REPETITIONS, is_running
from orchestration_assets.steps.context import rules_of
from orchestration_assets.steps.pending import concerned, outdated, record_of_methods, state_of, taken_up
from validators.rules import RuleSet, digest

LONGEST_INTERVAL_SECONDS = 60.0


@dataclass(frozen=True)
class Memory:
    """What was taken up: decisions up to `last`, and the record of the methods in the state `strata`.

    `pending`: partition to what it is to take up, until it has.
    """

    last: str = ""
    strata: str = ""
    pending: dict[str, dict[str, str]] = field(default_factory=dict)


def build_decisions(declared: Declared, job: Any, interval_seconds: float) -> dg.SensorDefinition:
    """The sensor of a feed. `interval_seconds`: between two looks, at most a minute."""
    feed = declared.feed.feed
    seconds = min(interval_seconds, LONGEST_INTERVAL_SECONDS)

    @dg.sensor(
        job=job,
        name=f"{feed}_decisions",
        minimum_interval_seconds=max(1, round(seconds)),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Lets what people decided take effect: runs the partitions that new decisions concern.",
    )
    def decisions(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
        memory = noted(lake.lake(), declared.feed, _remembered(context.cursor))
        requests, pending = [], {}
        for partition, wanted in sorted(memory.pending.items()):
            if _has(taken_up(lake.of(declared, partition)), wanted):
                continue
            pending[partition] = wanted
            if not is_running(context.instance, declared, partition):
                request, died = _request(context.instance, declared, partition, wanted)
                if died < REPETITIONS:
                    requests.append(request)
                else:
                    told = f"{feed} {partition} failed {died} times: its decisions wait for its next run"
                    context.log.warning(told)
                    del pending[partition]
        kept = Memory(memory.last, memory.strata, pending)
        return dg.SensorResult(run_requests=requests, cursor=json.dumps(asdict(kept)))

    return decisions


def noted(lake: Lake, declared: Feed, memory: Memory) -> Memory:
    """`memory`, with what was decided since then, and what follows from how people judged."""
    feed = declared.feed
    rows = decisions_of(lake, feed)
    if rows.is_empty():
        return memory
    rules = rules_of(declared.contract, declared.costs)
    pending = dict(memory.pending)
    last = rows["decision"][-1]
    for partition in concerned(lake, feed, rules, rows, memory.last) if last > memory.last else ():
        pending[partition] = {**pending.get(partition, {}), "last": last}
    state = _after_judging(lake, feed, rules, memory, pending)
    return Memory(last, state, pending)


def _after_judging(
    lake: Lake, feed: str, rules: RuleSet, memory: Memory, pending: dict[str, dict[str, str]]
) -> str:
    """Adds the partitions that the record of the methods concerns, if it changed; returns its state."""
    strata = record_of_methods(lake, feed, rules)
    state = state_of(strata)
    if state != memory.strata:
        for partition, wanted in list(pending.items()):  # of an earlier record
            pending[partition] = {k: v for k, v in wanted.items() if k != "strata"}
        for partition in outdated(lake, feed, rules, strata):
            pending[partition] = {**pending.get(partition, {}), "strata": state}
    return state


def _has(settled: dict[str, str], wanted: dict[str, str]) -> bool:
    """Whether a partition settled up to `settled` has taken up what was `wanted`."""
    has_decisions = settled["last"] >= wanted.get("last", "")
    return has_decisions and wanted.get("strata", settled["strata"]) == settled["strata"]


def _request(
    instance: dg.DagsterInstance, declared: Declared, partition: str, wanted: dict[str, str]
) -> tuple[dg.RunRequest, int]:
    """The run of a partition that asks no source, and how often the same one died."""
    feed = declared.feed.feed
    taken = digest(feed, partition, wanted)
    tags = {"breakwater/from": "decisions", "breakwater/decisions": taken}
    same = dg.RunsFilter(tags={"breakwater/decisions": taken}, statuses=DIED)
    died = len(instance.get_run_records(same, limit=REPETITIONS))
    key = f"{partition}/{taken}/{died}"
    return dg.RunRequest(key, landing_config(feed, []), tags, partition_key=partition), died


def _remembered(cursor: str | None) -> Memory:
    try:
        return Memory(**json.loads(cursor or "{}"))
    except (ValueError, TypeError):
        return Memory()  # of another version: whatever was decided is looked at once more
