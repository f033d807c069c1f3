"""A feed as Dagster definitions: one call, which also serves a project that already exists.

`defs = dg.Definitions.merge(my_own, feed_definitions("payments"))`
"""

from pathlib import Path

import dagster as dg

from orchestration_assets.assets.fitted import build_fitted
from orchestration_assets.assets.imputed import build_imputed
from orchestration_assets.assets.landed import build_landed
from orchestration_assets.assets.settled import build_settled
from orchestration_assets.assets.translated import build_translated
from orchestration_assets.assets.triaged import build_triaged
from orchestration_assets.assets.trusted import build_trusted
from orchestration_assets.checks import build_checks
from orchestration_assets.decision_sensor import build_decisions
from orchestration_assets.expectations import build_expectations
from orchestration_assets.feed import Declared, load_feeds
from orchestration_assets.jobs import build_fit_job, build_job
from orchestration_assets.partitions import partitions_of
from orchestration_assets.resources import LakeResource
from orchestration_assets.schedules import build_schedule
from orchestration_assets.sensors import build_arrivals, build_fitting
from orchestration_assets.settings import settings

_BUILDERS = (build_landed, build_triaged, build_translated, build_imputed, build_settled, build_trusted)


def feed_definitions(
    feed: str | Declared,
    *,
    feeds: str | Path | None = None,
    catalog: str | Path | None = None,
    lake: LakeResource | None = None,
) -> dg.Definitions:
    """Assets, checks, job, schedule, sensors and resource of one feed.

    `feed`: its name in the folders `feeds` and `catalog` (by default those of the settings), or the feed itself.
    `lake`: where its tables are, by default as the settings say. Raises `DeclarationError` if there is no such feed.
    """
    declared = feed if isinstance(feed, Declared) else _declared(feed, feeds, catalog)
    partitions_def = partitions_of(declared.feed)
    job = build_job(declared)
    arrivals = build_arrivals(declared, job, settings().arrivals_seconds)
    decisions = build_decisions(declared, job, settings().decisions_seconds)
    expectations = build_expectations(declared, partitions_def)
    fit = build_fit_job(declared)
    return dg.Definitions(
        assets=[*(build(declared, partitions_def) for build in _BUILDERS), build_fitted(declared)],
        asset_checks=[*build_checks(declared, partitions_def), expectations.check],
        jobs=[job, expectations.job, fit],
        schedules=[build_schedule(declared, job)],
        sensors=[expectations.sensor, arrivals, decisions, build_fitting(declared, fit)],
        resources={"lake": lake or default_lake()},
    )


def _declared(feed: str, feeds: str | Path | None, catalog: str | Path | None) -> Declared:
    found = settings()
    return load_feeds(Path(feeds or found.feeds), Path(catalog or found.catalog)).of(feed)


def default_lake() -> LakeResource:
    """The lake where the settings say."""
    found = settings()
    return LakeResource(
        root=str(found.lake),
        outside=str(found.outside),
        data_docs=str(found.docs),
        wait_seconds=found.wait_seconds,
    )
