"""Fits: what was learned and measured apart from any run, in files that never change, and the one that is in force.

A fit is a folder below `<feed>/_fits`, named by the hash of its content. The table `<feed>/fits` holds what the fit in force
measured; to put another in force is one commit.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import polars as pl

from orchestration_assets.errors import NotFoundError, StepError
from orchestration_assets.imputation.groups import GroupModel
from orchestration_assets.imputation.stored import read_group, read_thresholds
from orchestration_assets.lake import writing
from orchestration_assets.settlement.gate import METHOD_SCHEMA, Measured
from orchestration_assets.steps.context import Context
from orchestration_assets.translation.measurements import Asked, from_frame
from validators.rules import digest

IN_FORCE = "in-force"
"""The one partition of the table `fits`: it consists of what the fit in force measured."""
WITHOUT = "none"
"""Instead of a fit's name: measure all in the run."""
OLD_AFTER = 14
"""A fit is not used any longer once so many partitions were published that it did not learn from."""
ASKED = "measured.parquet"
"""What a run asked to be measured, in its work folder: the next fit measures it."""
MEASURED, KNOWN, METHODS = "measured.parquet", "known.parquet", "methods.parquet"
THRESHOLDS, TOLD = "thresholds.parquet", "fit.json"


@dataclass(frozen=True)
class Fit:
    """One fit. `told`: what it says of itself."""

    name: str
    folder: Path
    told: dict[str, Any]

    @cached_property
    def measured(self) -> Mapping[Asked, Measured]:
        """What readings, placeholders and pairs of fields are worth."""
        return from_frame(pl.read_parquet(self.folder / MEASURED), self.name)

    @cached_property
    def known(self) -> pl.DataFrame:
        """Good values as text: `_source`, one column per field, `_is_clean`."""
        return pl.read_parquet(self.folder / KNOWN)

    @property
    def upto(self) -> str:
        """The latest partition that it learned from."""
        return max(self.told["partitions"], default="")

    def groups(self, asked: Mapping[tuple[str, str], pl.Series]) -> dict[tuple[str, str], GroupModel]:
        """The models by group, for the groups that are `asked` of each (field, grouping)."""
        nothing = pl.Series("", [], pl.String)
        thresholds = read_thresholds(self.folder / THRESHOLDS, self.name) if self.told["groups"] else {}
        return {
            key: read_group(
                self.folder, told, asked.get((told["field"], told["by"]), nothing), thresholds[key]
            )
            for told in self.told["groups"]
            if (key := (told["field"], told["arm"])) in thresholds
        }


def pinned(context: Context, wanted: str = "") -> tuple[Fit | None, str]:
    """The fit that a run reads, and why there is none.

    That is the `wanted` one, or none (WITHOUT); else the one that the partition's former run read; else the one in
    force. Raises `NotFoundError` if the wanted one is not there, and `StepError` if it was made for something else.
    """
    if wanted == WITHOUT:
        return None, "the run was told to measure all by itself"
    if wanted:
        return _wanted(context, wanted), ""
    why = "there is no fit yet"
    for name in (_former(context), in_force(context)):
        if not name:
            continue
        fit = load(context, name)
        why = "its files are gone" if fit is None else unfit(context, fit)
        if not why:
            return fit, ""
    return None, why


def _wanted(context: Context, name: str) -> Fit:
    fit = load(context, name)
    feed = context.feed.feed
    if fit is None:
        raise NotFoundError(
            f"{feed} has no fit '{name}'\nHint: the folders of `{feed}/_fits` are its fits; leave it out for the one in force"
        )
    if why := unfit(context, fit):
        raise StepError(
            f"{feed} {context.partition}: the fit '{name}' cannot be used: {why}\n"
            "Hint: leave it out, and what is not in the fit in force is measured in the run"
        )
    return fit


def _former(context: Context) -> str:
    """The fit that the partition's last run read, so that running it again changes nothing."""
    path = context.work / "translated.json"
    return str(json.loads(path.read_text()).get("fit", {}).get("name", "")) if path.exists() else ""


def used_fit(context: Context) -> Fit | None:
    """The fit that this partition's translation read, for the steps after it."""
    name = context.handed_over("translated")["fit"]["name"]
    fit = load(context, name) if name else None
    if name and fit is None:
        raise StepError(
            f"{context.feed.feed} {context.partition}: the files of the fit '{name}' are gone\n"
            "Hint: run the whole partition again"
        )
    return fit


def in_force(context: Context) -> str:
    """The name of the fit in force; empty if there is none."""
    files = sorted(context.lake.active(context.table("fits"), IN_FORCE))
    return Path(files[0]).stem if files else ""


def load(context: Context, name: str) -> Fit | None:
    """The fit `name`, None if it is not there."""
    folder = context.lake.fits(context.feed.feed) / name
    path = folder / TOLD
    return Fit(name, folder, json.loads(path.read_text())) if path.exists() else None


def unfit(context: Context, fit: Fit) -> str:
    """Why `fit` is not used for this partition; empty if it is.

    A partition is never judged by what was learned from itself, nor from later ones.
    """
    if fit.upto >= context.partition:
        return "it learned from this partition or a later one"
    return outdated(context, fit)


def outdated(context: Context, fit: Fit) -> str:
    """Why `fit` is of no use any longer; empty if it is."""
    if fit.told["stamp"] != stamp(context):
        return "the contract or the methods have changed since"
    published = context.lake.partitions(context.table("trusted"))
    since = [p for p in published if fit.upto < p < context.partition]
    return "too much was published since" if len(since) > OLD_AFTER else ""


def stamp(context: Context) -> str:
    """What must be the same where a fit is made and where it is used. Notations are part of each measurement."""
    return digest(context.rules.fingerprint, code_of_fits(), pl.__version__)


@cache
def code_of_fits() -> str:
    """A hash of the code that decides what is in a fit and how it is used."""
    here = Path(__file__).resolve().parent.parent
    rooms = [here / name for name in ("translation", "imputation", "settlement")]
    files = [path for room in (*rooms, here.parent / "validators") for path in sorted(room.rglob("*.py"))]
    told = hashlib.sha256()
    for path in [*files, *(here / "steps" / f"{name}.py" for name in ("fits", "fitting", "published"))]:
        told.update(path.read_bytes())
    return told.hexdigest()[:12]


def draft(context: Context) -> Path:
    """An empty folder in which a fit comes about."""
    folder = context.lake.fits(context.feed.feed) / f".draft-{os.getpid()}"
    with writing(folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    return folder


def put_in_force(context: Context, folder: Path, told: dict[str, Any]) -> Fit:
    """Give the draft in `folder` its name, by its content, and let it be the fit in force, in one commit."""
    with writing(folder):
        content = json.dumps({**told, "stamp": stamp(context)}, indent=1, sort_keys=True)
        (folder / TOLD).write_text(content)
        name = _hash_of(folder)
        final = folder.with_name(name)
        if final.exists():
            shutil.rmtree(folder)
        else:
            folder.replace(final)
    methods = pl.read_parquet(final / METHODS).with_columns(pl.lit(name).alias("fit"))
    table = context.table("fits")
    staged = context.lake.stage(table, IN_FORCE, methods, name=name)
    context.lake.commit(table, IN_FORCE, [staged], METHOD_SCHEMA)
    return Fit(name, final, json.loads((final / TOLD).read_text()))


def _hash_of(folder: Path) -> str:
    told = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        told.update(path.name.encode())
        told.update(path.read_bytes())
    return told.hexdigest()[:16]
