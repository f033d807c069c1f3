"""Asset checks, one property each, per partition: what was expected, what was found, what to do."""

import warnings
from collections.abc import Iterator

import dagster as dg

from orchestration_assets.assets.common import feed_key, told_plainly
from orchestration_assets.feed import Declared
from orchestration_assets.links import queue_link
from orchestration_assets.resources import LakeResource
from orchestration_assets.steps import audit
from orchestration_assets.steps.drift_report import schema_drift
from orchestration_assets.steps.outcome import Outcome

BLOCKING = {
    "nothing_lost": "Every landed line is in exactly one place, by count and by identity.",
    "contract_holds": "The contract holds on every record to be published, and no finding is fatal.",
    "trusted_not_emptied": "A partition that had trusted records is not replaced by none.",
}
TELLING = {
    "deliveries_accepted": "Each source delivered, and nothing was refused.",
    "repaired_share": "Enough of the troubled records were repaired.",
    "held_share": "Not too many records are in review or quarantine.",
    "unreadable_share": "Not too many lines are unreadable.",
    "unseen_shapes": "Not too many shapes are new to every translator.",
    "volume": "The number of records is near the median of the feed's other partitions.",
    "freshness": "The deliveries came in time.",
    "preferred_endpoint": "Each source that delivered was served by the first of its endpoints.",
    "cadence": "Each source delivered within its cadence.",
    "stale_share": "Not too many records are from former snapshots that stand in.",
    "schema_drift": "The columns of the deliveries, their types and their notation are as they were.",
}
DECIDED_AT_DESK = ("held_share",)
"""Checks whose result is mended by people's decisions: they link to the desk."""


def build_checks(
    declared: Declared, partitions_def: dg.PartitionsDefinition
) -> list[dg.AssetChecksDefinition]:
    """The blocking checks, and those that only tell."""
    return [_blocking(declared, partitions_def), _telling(declared, partitions_def)]


def check_names(declared: Declared) -> list[dg.AssetCheckKey]:
    """The keys of all of them, for a job to select."""
    settled = feed_key(declared.feed.feed, "settled")
    return [dg.AssetCheckKey(settled, name) for name in (*BLOCKING, *TELLING)]


def _specs(
    declared: Declared, named: dict[str, str], partitions_def: dg.PartitionsDefinition, *, blocking: bool
) -> list[dg.AssetCheckSpec]:
    asset = feed_key(declared.feed.feed, "settled")
    return [
        partitioned_check(name, asset, text, partitions_def, blocking=blocking)
        for name, text in named.items()
    ]


def partitioned_check(
    name: str,
    asset: dg.AssetKey,
    text: str,
    partitions_def: dg.PartitionsDefinition,
    *,
    blocking: bool = False,
) -> dg.AssetCheckSpec:
    """A check whose results belong to partitions. Dagster still calls that a preview; without it they would be lost."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(
            name, asset=asset, description=text, blocking=blocking, partitions_def=partitions_def
        )


def _blocking(declared: Declared, partitions_def: dg.PartitionsDefinition) -> dg.AssetChecksDefinition:
    @dg.multi_asset_check(
        name=f"{declared.feed.feed}_must_hold",
        specs=_specs(declared, BLOCKING, partitions_def, blocking=True),
    )
    def must_hold(
        context: dg.AssetCheckExecutionContext, lake: LakeResource
    ) -> Iterator[dg.AssetCheckResult]:
        with told_plainly():
            outcomes = audit.must_hold(lake.open(declared, context))
        for outcome in outcomes:
            yield as_result(declared, outcome)

    return must_hold


def _telling(declared: Declared, partitions_def: dg.PartitionsDefinition) -> dg.AssetChecksDefinition:
    @dg.multi_asset_check(
        name=f"{declared.feed.feed}_should_hold",
        specs=_specs(declared, TELLING, partitions_def, blocking=False),
    )
    def should_hold(
        context: dg.AssetCheckExecutionContext, lake: LakeResource
    ) -> Iterator[dg.AssetCheckResult]:
        with told_plainly():
            opened = lake.open(declared, context)
            metrics = dict(opened.lake.read(opened.table("metrics"), opened.partition).iter_rows())
            outcomes = [*audit.should_hold(opened, metrics), schema_drift(opened)]
        for outcome in outcomes:
            link = queue_link(opened.feed.feed, opened.partition) if outcome.name in DECIDED_AT_DESK else None
            yield as_result(declared, outcome, desk=link)

    return should_hold


def as_result(
    declared: Declared, outcome: Outcome, *, asset: str = "settled", desk: str | None = None
) -> dg.AssetCheckResult:
    """An outcome as the UI shows it; its numbers plot over partitions. `desk`: where people decide what it tells of."""
    return dg.AssetCheckResult(
        asset_key=feed_key(declared.feed.feed, asset),
        check_name=outcome.name,
        passed=outcome.is_passed,
        severity=dg.AssetCheckSeverity.ERROR if outcome.is_blocking else dg.AssetCheckSeverity.WARN,
        description=f"Expected {outcome.expected}. Found {outcome.found}."
        + ("" if outcome.is_passed else f" To do: {outcome.action}."),
        metadata={
            "expected": outcome.expected,
            "found": outcome.found,
            "action": outcome.action,
            **outcome.numbers,
            **({"desk": dg.MetadataValue.url(desk)} if desk else {}),
        },
    )
