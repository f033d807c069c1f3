"""Running a feed's job from the command line, in this process, on the same Dagster instance as the UI."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import dagster as dg

from orchestration_assets.assets.landed import landing_config
from orchestration_assets.assets.translated import translation_config
from orchestration_assets.build import feed_definitions
from orchestration_assets.errors import LockedError
from orchestration_assets.exit_codes import DEGRADED, DONE, FAILED
from orchestration_assets.feed import Declared, load_feeds
from orchestration_assets.lake import Lake
from orchestration_assets.reporting import report_of
from orchestration_assets.scoring import Score, score, truth_of
from orchestration_assets.settings import dagster_home, settings
from orchestration_assets.steps.context import Context, rules_of
from orchestration_assets.steps.landing import (
    arrivals,
    hand_over_landing,
    late_landings,
    take_in,
    wait_to_the_end,
)


@dataclass(frozen=True)
class RunResult:
    """What came of one run. `troubles`: in words, what a person should know."""

    feed: str
    partition: str
    exit_code: int
    run_id: str
    report: dict[str, Any] | None
    score: Score | None
    troubles: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """What `--json` prints of it."""
        scored = None
        if self.score:
            scored = {k: v for k, v in asdict(self.score).items() if k != "by_method"}
        return {
            **(self.report or {"feed": self.feed, "partition": self.partition}),
            "run_id": self.run_id,
            "exit_code": self.exit_code,
            "troubles": self.troubles,
            "score": scored,
        }


def run_partition(
    feed: str, partition: str, out: TextIO, *, ask: list[str] | None = None, fit: str = ""
) -> RunResult:
    """Run the feed's job on one partition, telling each step on `out`; what came late is taken in by a second pass.

    `ask`: the sources that are asked, all by default. `fit`: the one that it reads, by default that of the partition's
    former run, or the one in force.
    """
    found = settings()
    declared = load_feeds(found.feeds, found.catalog).of(feed)
    lake = Lake(found.lake)
    with _instance() as instance:
        run = partial(_run, declared, partition, instance, out, fit)
        result = run(ask=ask)
        if _came_late(Context(declared, lake, partition, found.outside), out):
            result = run(ask=[])
    is_published = _is_published(result, feed)
    report = report_of(lake, feed, partition) if partition in lake.partitions(f"{feed}/metrics") else None
    scored = None
    if is_published and (truth := truth_of(found.outside, partition)) and feed == "payments":
        scored = score(lake, feed, partition, truth, rules_of(declared.feed.contract))
    return RunResult(
        feed,
        partition,
        _exit_code(result, is_published=is_published),
        result.run_id,
        report,
        scored,
        _failures(result) + _failed_checks(result),
    )


def fit_feed(feed: str, out: TextIO) -> dict[str, Any]:
    """Run the feed's job that learns from what was published; what it counted, `exit_code` and `troubles`."""
    found = settings()
    declared = load_feeds(found.feeds, found.catalog).of(feed)
    with _instance() as instance:
        definitions = dg.Definitions.merge(
            feed_definitions(declared), dg.Definitions(loggers={"console": _teller(out)})
        )
        result = definitions.resolve_job_def(f"{feed}_fit").execute_in_process(
            instance=instance,
            raise_on_error=False,
            tags={"breakwater/from": "command_line"},
            run_config={"loggers": {"console": {}}},
        )
    counted = {}
    for event in result.get_asset_materialization_events():
        metadata = event.step_materialization_data.materialization.metadata
        counted = {name: value.value for name, value in metadata.items()}
    return {
        "feed": feed,
        **counted,
        "run_id": result.run_id,
        "exit_code": DONE if result.success else FAILED,
        "troubles": _failures(result),
    }


def _run(
    declared: Declared,
    partition: str,
    instance: dg.DagsterInstance,
    out: TextIO,
    fit: str,
    *,
    ask: list[str] | None,
) -> dg.ExecuteInProcessResult:
    """One run of the job; `ask`: the sources that are asked, all by default."""
    teller = dg.Definitions(loggers={"console": _teller(out)})
    definitions = dg.Definitions.merge(feed_definitions(declared), teller)
    feed = declared.feed.feed
    asking = {} if ask is None else landing_config(feed, ask)["ops"]
    reading = translation_config(feed, fit)["ops"] if fit else {}
    return definitions.resolve_job_def(feed).execute_in_process(
        partition_key=partition,
        instance=instance,
        raise_on_error=False,
        tags={"breakwater/from": "command_line"},
        run_config={"loggers": {"console": {}}, "ops": {**asking, **reading}},
    )


def _came_late(context: Context, out: TextIO) -> bool:
    """Wait for the sources that the run went on without, to their deadlines; whether the partition is to be run again."""
    feed, partition = context.feed.feed, context.partition
    late = late_landings(context.lake, feed, partition)
    if late:
        names = ", ".join(sorted(landing.source.source for landing in late))
        print(f"  waiting for {names} until the deadline", file=out, flush=True)
        wait_to_the_end(late)
    if not arrivals(context):
        return False
    try:
        with context.lake.lock(
            feed, partition, wait_seconds=0, holder="the command line, for what came late"
        ):
            is_changed = take_in(context)
            hand_over_landing(context, {})
    except LockedError:
        return False  # the run that holds the partition takes it in, or the next one does
    print(f"  {'taking in' if is_changed else 'nothing in'} what came late", file=out, flush=True)
    return is_changed


def _is_published(result: dg.ExecuteInProcessResult, feed: str) -> bool:
    return any(e.step_key == f"{feed}_publication" for e in result.all_events if e.is_step_success)


@contextmanager
def _instance() -> Iterator[dg.DagsterInstance]:
    """The instance, opened by one process at a time: whoever comes first makes the tables of its databases."""
    home = _home()
    with (home / ".opening").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        instance = dg.DagsterInstance.from_config(str(home))
    with instance:
        yield instance


def _home() -> Path:
    """The instance's folder, made with the project's settings if it is not there yet."""
    home = dagster_home()
    os.environ["DAGSTER_HOME"] = str(home)
    home.mkdir(parents=True, exist_ok=True)
    config, template = home / "dagster.yaml", Path(__file__).resolve().parent.parent / "dagster.yaml"
    if not config.exists() and template.exists():
        config.write_text(template.read_text())
    return home


def _failures(result: dg.ExecuteInProcessResult) -> list[str]:
    told = []
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            failure = data.user_failure_data
            text = failure.description if failure and failure.description else _root(data.error)
            told.append(f"{event.step_key} failed: {text.strip()}")
    return told


def _root(error: Any) -> str:
    """The message of the first cause: what Dagster wraps around it says only that it gave up."""
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message if error else ""


def _failed_checks(result: dg.ExecuteInProcessResult) -> list[str]:
    evaluations = [
        e.asset_check_evaluation_data
        for e in result.all_events
        if e.event_type_value == "ASSET_CHECK_EVALUATION"
    ]
    return [f"check {e.check_name}: {e.description}" for e in evaluations if not e.passed]


def _exit_code(result: dg.ExecuteInProcessResult, *, is_published: bool) -> int:
    if is_published:
        refused = any("deliveries_accepted" in trouble for trouble in _failed_checks(result))
        return DEGRADED if refused else DONE
    is_blocked = any(
        e.event_type_value == "ASSET_CHECK_EVALUATION"
        and not e.asset_check_evaluation_data.passed
        and e.asset_check_evaluation_data.blocking
        for e in result.all_events
    )
    return DEGRADED if is_blocked else FAILED


class _Teller(logging.Handler):
    """Tells each finished step in one line, and warnings in the words they came in."""

    def __init__(self, out: TextIO) -> None:
        super().__init__()
        self.out = out

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "dagster_event", None)
        if event is None and record.levelno in (logging.INFO, logging.WARNING):
            print(f"  {vars(record)['dagster_meta']['orig_message']}", file=self.out, flush=True)
        elif event is not None and event.is_step_success:
            step = event.step_key.removeprefix(f"{event.job_name}_").replace("_", " ")
            print(
                f"  {step:<12} {event.step_success_data.duration_ms / 1000:6.2f} s", file=self.out, flush=True
            )


def _teller(out: TextIO) -> dg.LoggerDefinition:
    @dg.logger
    def console(_context: dg.InitLoggerContext) -> logging.Logger:
        # Of this run alone: `getLogger` would keep the handlers of runs before it.
        logger = logging.Logger("breakwater", level=logging.DEBUG)  # noqa: LOG001 - see above
        logger.addHandler(_Teller(out))
        return logger

    return console
