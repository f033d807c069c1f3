"""Fitting: what does not depend on a partition's own contradictions is learned and measured apart from its run.

It learns from what was published, without the cells that were repaired: no repair speaks for itself. Held records and
proposals are never read.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from orchestration_assets.errors import StepError
from orchestration_assets.imputation import impute as imputation
from orchestration_assets.imputation.groups import GroupModel
from orchestration_assets.imputation.stored import write_group, write_thresholds
from orchestration_assets.settlement.gate import METHOD_SCHEMA, Measured
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.fits import (
    ASKED,
    KNOWN,
    MEASURED,
    METHODS,
    THRESHOLDS,
    Fit,
    draft,
    in_force,
    load,
    outdated,
    put_in_force,
    stamp,
)
from orchestration_assets.steps.published import Published
from orchestration_assets.steps.units import Units
from orchestration_assets.translation.answers import remembering
from orchestration_assets.translation.measurements import Asked, as_frame, from_frame, methods_of, union
from orchestration_assets.translation.measuring import measured
from validators.rules import RuleSet

BY_ITSELF, BY_A_RUN = "fit", "run"


@dataclass(frozen=True)
class _Content:
    """What a fit consists of. `groups`: as `read_group` needs to know them; `partitions`: those that it learned from."""

    made_by: str
    partitions: list[str]
    known: pl.DataFrame
    measured: Mapping[Asked, Measured]
    groups: list[dict[str, Any]]
    imputers: imputation.Imputers


def fit_feed(context: Context) -> dict[str, Any]:
    """Learn and measure from the latest published partitions, and put the result in force; returns counts.

    The partition of `context` is the latest that it looks at. Raises `StepError` if nothing was published yet.
    """
    began = time.perf_counter()
    published, rules, feed = Published(context), context.rules, context.feed.feed
    if not published.partitions:
        raise StepError(f"{feed}: nothing is published yet to learn from\nHint: `breakwater run {feed}`")
    folder, known = draft(context), published.known()
    with remembering(context.lake.answers(feed)):
        told = measured(union(_asked(context, published.partitions)), known, rules, context.notations)
    groups, models = [], {}
    for number, (key, model, met) in enumerate(_groups(published, known.filter(pl.col("_is_clean")), rules)):
        groups.append(write_group(folder, f"groups-{number:03d}.parquet", key, model, met))
        models[key] = replace(model, table=model.table.clear())
    write_thresholds(folder / THRESHOLDS, models)
    imputers = imputation.Imputers(claims={}, groups=models, learned={})
    fit = _put(context, folder, _Content(BY_ITSELF, published.partitions, known, told, groups, imputers))
    return {**counts_of(fit), "seconds": time.perf_counter() - began}


def leave_fit(context: Context) -> Fit | None:
    """Where there is none, or none of use any longer: what this partition's run measured, as a fit without groups."""
    asked = context.work / ASKED
    name = in_force(context)
    before = load(context, name) if name else None
    if (before is not None and not outdated(context, before)) or not asked.exists():
        return None
    told, known = from_frame(pl.read_parquet(asked)), Units(context).known()
    imputers = imputation.Imputers(claims={}, groups={}, learned={})
    content = _Content(BY_A_RUN, [context.partition], known, told, [], imputers)
    return _put(context, draft(context), content)


def fit_due(context: Context) -> str:
    """A name for what is to be learned from the partition of `context`, published last; empty if that is known already."""
    name = in_force(context)
    fit = load(context, name) if name else None
    if fit is None or fit.told["made_by"] != BY_ITSELF or outdated(context, fit):
        return f"{context.partition}/{stamp(context)}"
    return "" if context.partition <= fit.upto else context.partition


def counts_of(fit: Fit) -> dict[str, Any]:
    """What a fit holds, in numbers."""
    return {
        "fit": fit.name,
        "upto": fit.upto,
        "methods": pl.scan_parquet(fit.folder / METHODS).select(pl.len()).collect().item(),
        "partitions": len(fit.told["partitions"]),
        "readings": len(fit.measured),
        "groups": len(fit.told["groups"]),
        "learned": len(fit.told.get("learned", [])),
        "known": fit.known.height,
    }


def _put(context: Context, folder: Path, content: _Content) -> Fit:
    as_frame(content.measured).write_parquet(folder / MEASURED)
    content.known.write_parquet(folder / KNOWN)
    rules = context.rules
    methods = [methods_of(content.measured, rules), imputation.methods_of(content.imputers, rules)]
    pl.concat([METHOD_SCHEMA.to_frame(), *methods]).write_parquet(folder / METHODS)
    told = {"made_by": content.made_by, "partitions": content.partitions, "groups": content.groups}
    return put_in_force(context, folder, told)


def _asked(context: Context, partitions: list[str]) -> Iterator[pl.DataFrame]:
    """What the runs of these partitions asked for."""
    for partition in partitions:
        path = context.lake.work(context.feed.feed, partition) / ASKED
        if path.exists():
            yield pl.read_parquet(path)


def _groups(
    published: Published, cases: pl.DataFrame, rules: RuleSet
) -> Iterator[tuple[tuple[str, str], GroupModel, pl.Series]]:
    """One model after the other, for every group that was published, and the groups."""
    for by in imputation.groupings(rules):
        known = published.texts(imputation.members_of(by, rules))
        for key, model in imputation.fit_groupings(by, known, cases, rules).items():
            yield key, model, known[by]
