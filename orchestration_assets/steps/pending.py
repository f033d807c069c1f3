"""Which partitions are to be run again for what people decided. Reads the lake, and runs nothing."""

import json
from typing import Any

import polars as pl

from orchestration_assets.decisions import judged
from orchestration_assets.decisions.effects import BY_JUDGED_CASES, STATED
from orchestration_assets.decisions.following import key_text
from orchestration_assets.decisions.ledger import decisions_of, in_force, is_covered, subject
from orchestration_assets.lake import PARTITION, Lake
from orchestration_assets.settlement.labels import STRATUM, judged_status
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.deciding import NOTHING_DECIDED, fingerprint
from orchestration_assets.translation.learned.examples import learned_fields
from validators.rules import RuleSet

HELD = ("review", "quarantine")
_OPPOSITE = {"applied": "suggested", "suggested": "applied"}


def taken_up(context: Context) -> dict[str, str]:
    """Up to which decision (`last`), and by which record of the methods (`strata`), the partition was settled."""
    path = context.work / "settled.json"
    if not path.exists():
        return NOTHING_DECIDED
    return {**NOTHING_DECIDED, **json.loads(path.read_text()).get("people", {})}


def concerned(lake: Lake, feed: str, rules: RuleSet, rows: pl.DataFrame, since: str) -> list[str]:
    """The partitions that decisions later than `since` concern, sorted: where their records lie, and their methods repaired.

    `rows`: the ledger.
    """
    rows = rows.with_columns(subject().alias("_subject"))
    new = rows.filter(pl.col("decision") > since)
    made = new.filter(pl.col("action") != "undo")
    touched = [rows.filter(pl.col("_subject").is_in(made["_subject"].implode()))]
    found: set[str] = set()
    for undo in new.filter(pl.col("action") == "undo").iter_rows(named=True):
        meant = _meant(undo, rows)
        touched.append(rows.filter((pl.col("action") != "undo") & is_covered(meant)))
        touched.append(rows.filter(pl.col("decision") == meant["decision"]))
        found |= _repaired_by(lake, feed, meant)
    about = pl.concat(touched)
    found |= set(about[PARTITION].drop_nulls()) | _followed(lake, feed, about, rules)
    found |= _alike(lake, feed, about, rules)
    if lake.exists(table := f"{feed}/{judged.TABLE}"):
        took = lake.scan(table).filter(pl.col("decision").is_in(about["decision"].implode()))
        found |= set(took.select(PARTITION).collect().to_series())
    return sorted(found & set(lake.partitions(f"{feed}/metrics")))


def record_of_methods(lake: Lake, feed: str, rules: RuleSet) -> pl.DataFrame:
    """What people judged of each method so far: one row per STRATUM (`judged.strata`)."""
    table = f"{feed}/{judged.TABLE}"
    if not lake.exists(table):
        return judged.strata(judged.JUDGED_SCHEMA.to_frame(), pl.Series([], dtype=pl.String), rules)
    rows = lake.scan(table).select(judged.JUDGED_SCHEMA.names()).collect()
    return judged.strata(rows, in_force(decisions_of(lake, feed))["decision"], rules)


def outdated(lake: Lake, feed: str, rules: RuleSet, strata: pl.DataFrame) -> list[str]:
    """The partitions in which a repair has another status than the judged cases of its method give it, sorted."""
    table = f"{feed}/repairs"
    if not lake.exists(table):
        return []
    told = strata.with_columns(
        pl.Series("_wanted", [judged_status(row, rules) for row in strata.to_dicts()], pl.String)
    )
    is_judged = pl.col("decided_by") == BY_JUDGED_CASES
    repairs = (
        lake.scan(table)
        .filter(
            pl.col("decided_by").is_in(["gate", BY_JUDGED_CASES]), pl.col("status").is_in(list(_OPPOSITE))
        )
        .select(
            PARTITION,
            *STRATUM,
            _is="status",
            _gate=pl.when(is_judged).then(pl.col("status").replace_strict(_OPPOSITE)).otherwise("status"),
        )
        .with_columns(status="_gate")
        .join(told.lazy().select(*STRATUM, "_wanted"), on=STRATUM, how="left")
    )
    differs = pl.coalesce("_wanted", "_gate") != pl.col("_is")
    return sorted(repairs.filter(differs).select(PARTITION).unique().collect().to_series())


def state_of(strata: pl.DataFrame) -> str:
    """A hash of the record of the methods, to tell whether it changed."""
    return fingerprint(strata)


def _meant(undo: dict[str, Any], rows: pl.DataFrame) -> dict[str, Any]:
    """The undo that a row is about: itself, or the one that it takes back."""
    while undo["replaces"] is not None:
        before = rows.filter(pl.col("decision") == undo["replaces"])
        if before.is_empty():
            break
        undo = before.row(0, named=True)
    return undo


def _repaired_by(lake: Lake, feed: str, undo: dict[str, Any]) -> set[str]:
    """The partitions with a repair by an undone method."""
    if undo["undoes_method"] is None or not lake.exists(f"{feed}/repairs"):
        return set()
    version = pl.col("version").eq_missing(pl.lit(undo["undoes_version"], pl.String))
    mine = lake.scan(f"{feed}/repairs").filter(pl.col("method") == undo["undoes_method"], version)
    return set(mine.select(PARTITION).unique().collect().to_series())


def _alike(lake: Lake, feed: str, rows: pl.DataFrame, rules: RuleSet) -> set[str]:
    """The partitions in which a record of the same source is held with the same text in the field: it teaches of them."""
    stated = rows.filter(
        pl.col("action").is_in(STATED), "is_seen", pl.col("field").is_in(learned_fields(rules))
    )
    found: set[str] = set()
    for (name,), part in stated.drop_nulls("original").partition_by("field", as_dict=True).items():
        texts = part.select("_source", pl.col("original").alias("text")).unique()
        for table in (f"{feed}/{held}" for held in HELD if lake.exists(f"{feed}/{held}")):
            held = lake.scan(table).select(PARTITION, "_source", pl.col(str(name)).alias("text"))
            same = held.join(texts.lazy(), on=["_source", "text"], how="semi")
            found |= set(same.select(PARTITION).unique().collect().to_series())
    return found


def _followed(lake: Lake, feed: str, rows: pl.DataFrame, rules: RuleSet) -> set[str]:
    """The partitions in which a record with the same source and key is held."""
    keys = rows.select("_source", "key").drop_nulls().unique()
    found: set[str] = set()
    for name in HELD if keys.height else ():
        if lake.exists(table := f"{feed}/{name}"):
            held = lake.scan(table).select(PARTITION, "_source", key_text(rules, "").alias("key"))
            same = held.join(keys.lazy(), on=["_source", "key"], how="semi")
            found |= set(same.select(PARTITION).unique().collect().to_series())
    return found
