"""A Great Expectations suite on what was published: a check and a job of their own, since the import costs ten seconds."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration_assets.assets.common import feed_key, told_plainly
from orchestration_assets.checks import partitioned_check
from orchestration_assets.feed import Declared
from orchestration_assets.resources import LakeResource

if TYPE_CHECKING:
    from validators.expectations import ExpectationReport

NAME = "expectations"
SAMPLE_RECORDS = 100_000
PER_TICK = 50
"""Publications that one look of the sensor takes up; the next takes the rest."""


@dataclass(frozen=True)
class Expectations:
    """What looks at `trusted` after it was published."""

    check: dg.AssetChecksDefinition
    job: Any
    sensor: dg.SensorDefinition


def build_expectations(declared: Declared, partitions_def: dg.PartitionsDefinition) -> Expectations:
    """The check, the job that runs it, and the sensor that starts the job after each publication."""
    job = _job(declared, partitions_def)
    return Expectations(_check(declared, partitions_def), job, _sensor(declared, job))


def _check(declared: Declared, partitions_def: dg.PartitionsDefinition) -> dg.AssetChecksDefinition:
    feed = declared.feed.feed
    trusted = feed_key(feed, "trusted")
    text = f"A Great Expectations suite on a sample of at most {SAMPLE_RECORDS:,} trusted records."
    spec = partitioned_check(NAME, trusted, text, partitions_def)

    @dg.multi_asset_check(name=f"{feed}_meets_expectations", specs=[spec])
    def expectations(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
        with told_plainly():
            opened = lake.open(declared, context)
            frame = opened.lake.read(opened.table("trusted"), opened.partition)
            from validators.expectations import validate  # costs ten seconds

            docs = Path(lake.data_docs or opened.lake.root.parent / "data_docs") / feed
            report = validate(
                frame, opened.rules, partition=opened.partition, docs=docs, sample=SAMPLE_RECORDS
            )
        return _as_result(report, trusted)

    return expectations


def _as_result(report: "ExpectationReport", trusted: dg.AssetKey) -> dg.AssetCheckResult:
    expected = f"all of {report.expectations} expectations met by {report.records:,} sampled records"
    found = f"{report.failed} not met" + (f": {'; '.join(report.failures[:5])}" if report.failed else "")
    action = "nothing to do" if report.is_passed else "open the Data Docs, and mend the contract or its suite"
    return dg.AssetCheckResult(
        asset_key=trusted,
        check_name=NAME,
        passed=report.is_passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"Expected {expected}. Found {found}.",
        metadata={
            "expected": expected,
            "found": found,
            "action": action,
            "expectations": report.expectations,
            "failed": report.failed,
            "records": report.records,
            "data_docs": dg.MetadataValue.url(report.index.as_uri()),
        },
    )


def _job(declared: Declared, partitions_def: dg.PartitionsDefinition) -> Any:
    feed = declared.feed.feed
    return dg.define_asset_job(
        f"{feed}_expectations",
        selection=dg.AssetSelection.checks(dg.AssetCheckKey(feed_key(feed, "trusted"), NAME)),
        description=f"The Great Expectations suite on a published partition of {feed}.",
        executor_def=dg.in_process_executor,
        # Inferred from assets, but not from checks alone.
        config=dg.PartitionedConfig(
            partitions_def=partitions_def, run_config_for_partition_key_fn=lambda _key: {}
        ),
        tags={"breakwater/feed": feed},
    )


def _sensor(declared: Declared, job: Any) -> dg.SensorDefinition:
    feed = declared.feed.feed
    trusted = feed_key(feed, "trusted")

    @dg.sensor(job=job, name=f"{feed}_published", default_status=dg.DefaultSensorStatus.RUNNING)
    def published(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        """Starts the suite on each partition that was published since it last looked."""
        since = dg.AssetRecordsFilter(asset_key=trusted, after_storage_id=int(context.cursor or 0))
        records = context.instance.fetch_materializations(since, limit=PER_TICK, ascending=True).records
        requests = [dg.RunRequest(run_key=str(r.storage_id), partition_key=r.partition_key) for r in records]
        cursor = str(records[-1].storage_id) if records else context.cursor
        return dg.SensorResult(run_requests=requests, cursor=cursor)

    return published
