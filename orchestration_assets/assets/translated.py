"""Translation: malformed values turned into the contract's notation, where it is known how often that is right."""

from typing import Any

import dagster as dg
import polars as pl
from pydantic import Field

from orchestration_assets.assets.common import RETRY, as_table, feed_key, result, spec, told_plainly
from orchestration_assets.feed import Declared
from orchestration_assets.resources import LakeResource
from orchestration_assets.steps.translation import translate_partition


class TranslationConfig(dg.Config):
    """Which fit a run reads."""

    fit: str = Field(
        default="",
        description="Name of a fit; `none`: measure all in the run. By default that of the partition's former run, or the one in force.",
    )


def translation_config(feed: str, fit: str) -> dict[str, Any]:
    """The configuration of a run that reads the fit of this name."""
    return {"ops": {f"{feed}_translation": {"config": {"fit": fit}}}}


def fit_in_words(used: dict[str, str]) -> str:
    """The name of the fit that a run read, or why it read none."""
    return used["name"] or f"none: {used['why_not']}"


def build_translated(declared: Declared, partitions_def: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """One step, `translated`."""
    feed = declared.feed.feed

    @dg.multi_asset(
        name=f"{feed}_translation",
        specs=[
            spec(
                declared,
                "translated",
                "One row per proposed translation of a cell, with its method, confidence and evidence.",
                group="3_repair",
                deps=[feed_key(feed, "malformed"), feed_key(feed, "contested")],
                partitions_def=partitions_def,
            )
        ],
        retry_policy=RETRY,
    )
    def translated(
        context: dg.AssetExecutionContext, config: TranslationConfig, lake: LakeResource
    ) -> dg.MaterializeResult:
        with told_plainly():
            handed = translate_partition(lake.open(declared, context), config.fit)
        counts = handed["counts"]
        schema = {"source": pl.String, "field": pl.String, "shape": pl.String, "cells": pl.Int64}
        unseen = as_table(pl.DataFrame(handed["unseen"], schema=schema))
        rows = counts["applied"] + counts["suggested"]
        return result(
            feed_key(feed, "translated"),
            rows,
            {**counts, "seconds": handed["seconds"]},
            unseen_shapes_table=unseen,
            fit=fit_in_words(handed["fit"]),
        )

    return translated
