"""The state of things: where a feed's records are, how resilient it was, how much runs by itself, what waits, which methods are right."""

from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from orchestration_assets.decisions.decided import BY_ITSELF, judged_cases
from orchestration_assets.decisions.index import WAITING, index_of
from orchestration_assets.decisions.ledger import decisions_of, in_force
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.lake import PARTITION
from orchestration_assets.settlement.gate import error_bound

NODES = (
    "landed",
    "unreadable",
    "clean",
    "translated",
    "imputed",
    "trusted",
    "review",
    "quarantine",
    "duplicate",
    "outside",
)
"""In the order of the picture, from left to right."""
LINKS = (
    *(
        ("landed", to)
        for to in ("clean", "translated", "imputed", "review", "quarantine", "duplicate", "outside")
    ),
    ("landed", "unreadable"),
    *((by, "trusted") for by in ("clean", "translated", "imputed")),
)
METHOD = ("method", "version", "field")
_WHOLE = pl.Int64


@dataclass(frozen=True)
class Flow:
    """Where the records went: `nodes`: one row per place (`node`, `records`); `links`: `source`, `target`, `records`."""

    nodes: pl.DataFrame
    links: pl.DataFrame


def flow(view: FeedView, partition: str | None = None) -> Flow:
    """The records of one partition, by default of all of them, through the feed's graph."""
    rows = _metrics(view)
    if partition is not None:
        rows = rows.filter(pl.col(PARTITION) == partition)
    sums = dict(rows.group_by("metric").agg(pl.col("value").sum()).iter_rows())
    counts = {name: int(sums.get(name, 0)) for name in NODES}
    nodes = pl.DataFrame({"node": list(NODES), "records": [counts[n] for n in NODES]})
    # Each link ends or begins where nothing else does, so that the count of that place is its own.
    sizes = [counts[to] if to != "trusted" else counts[by] for by, to in LINKS]
    links = {"source": [by for by, _ in LINKS], "target": [to for _, to in LINKS], "records": sizes}
    return Flow(nodes, pl.DataFrame(links).filter(pl.col("records") > 0))


def resilience(view: FeedView) -> pl.DataFrame:
    """One row per partition, the oldest first: `landed`, the counts of each place, and shares of what landed.

    `troubled_share`: not trusted as delivered; `repaired_share`: of the troubled ones that no other stands for.
    """
    schema = {PARTITION: pl.String, **dict.fromkeys(NODES, _WHOLE)}
    rows = _metrics(view).filter(pl.col("metric").is_in(NODES))
    wide = (
        rows.pivot("metric", index=PARTITION, values="value") if rows.height else pl.DataFrame(schema=schema)
    )
    lacking = [pl.lit(0).alias(name) for name in NODES if name not in wide.columns]
    counts = wide.with_columns(lacking).select(
        PARTITION, *[pl.col(name).fill_null(0).cast(_WHOLE) for name in NODES]
    )
    held, repaired = pl.col("review") + pl.col("quarantine"), pl.col("translated") + pl.col("imputed")
    landed = pl.col("landed")
    return counts.with_columns(
        _share(pl.col("trusted"), landed).alias("trusted_share"),
        _share(repaired, repaired + held).alias("repaired_share"),
        _share(held, landed).alias("held_share"),
        _share(landed - pl.col("clean"), landed).alias("troubled_share"),
    ).sort(PARTITION)


def by_itself(view: FeedView) -> pl.DataFrame:
    """One row per partition, the oldest first: how much of what was in trouble needed no person.

    Cells: `applied` by the gate, `by_people`, `waiting`; `share_by_itself` is `applied` of the three. Decisions that are in
    force: `decided`, `overruled` (what was proposed was rejected, or another value stated), `overruled_share`.
    """
    cells = _cells_by_partition(view)
    waiting = index_of(view).cells.filter(pl.col("state").is_in(WAITING))
    queue = waiting.group_by(PARTITION).agg(pl.len().cast(_WHOLE).alias("waiting"))
    made = in_force(decisions_of(view.lake, view.feed)).filter(pl.col("action") != "leave")
    is_overruled = (pl.col("action") == "reject") & pl.col("field").is_not_null() | (
        pl.col("action") == "correct"
    )
    decided = made.group_by(PARTITION).agg(
        pl.len().cast(_WHOLE).alias("decided"), is_overruled.sum().cast(_WHOLE).alias("overruled")
    )
    joined = cells.join(queue, on=PARTITION, how="full", coalesce=True).join(
        decided, on=PARTITION, how="full", coalesce=True
    )
    counts = joined.with_columns(pl.exclude(PARTITION).fill_null(0)).sort(PARTITION)
    every = pl.col("applied") + pl.col("by_people") + pl.col("waiting")
    return counts.with_columns(
        _share(pl.col("applied"), every).alias("share_by_itself"),
        _share(pl.col("overruled"), pl.col("decided")).alias("overruled_share"),
    )


def waits(view: FeedView, now: datetime | None = None) -> pl.DataFrame:
    """One row per (table, source) with waiting records: `records`, `cells`, `value`, `oldest`, ages in hours, `over_limit`."""
    moment = now or datetime.now(UTC)
    limit = view.declared.feed.desk.within_hours
    cells = index_of(view).in_order(moment, limit).filter(pl.col("state").is_in(WAITING))
    records = cells.group_by("record_id").agg(
        pl.col("table", "_source", "value", "since", "age_hours").first(),
        pl.len().cast(_WHOLE).alias("cells"),
    )
    return (
        records.group_by("table", "_source")
        .agg(
            pl.len().cast(_WHOLE).alias("records"),
            pl.col("cells").sum(),
            pl.col("value").sum(),
            pl.col("since").min().alias("oldest"),
            pl.col("age_hours").median().alias("median_age_hours"),
            pl.col("age_hours").max().alias("oldest_age_hours"),
            (pl.col("age_hours") > limit).sum().cast(_WHOLE).alias("over_limit"),
        )
        .sort("table", "_source", descending=[True, False])
    )


def methods(view: FeedView) -> pl.DataFrame:
    """One row per METHOD with its record: cells `applied`, `suggested`, `rejected`, `undone`; cases that people `judged`.

    `judged_right`, `judged_wrong`, `judged_bound`: the 95 % upper bound of the error rate by these; `cases`, `right`: as
    measured for the latest partition in which it was measured, and `max_error`, what the contract allows.
    """
    counts = _cells_by_method(view)
    judged = judged_cases(view, in_force(decisions_of(view.lake, view.feed))).group_by(METHOD)
    of_people = judged.agg(pl.col("judged", "right").sum()).with_columns(
        (pl.col("judged") - pl.col("right")).alias("judged_wrong")
    )
    of_people = of_people.rename({"right": "judged_right"})
    told = counts.join(_measured(view), on=METHOD, how="full", coalesce=True, nulls_equal=True)
    told = told.join(of_people, on=METHOD, how="left").with_columns(
        pl.col(
            "applied", "suggested", "rejected", "undone", "judged", "judged_right", "judged_wrong"
        ).fill_null(0)
    )
    bounds = [
        error_bound(n, right) if n else None for n, right in told.select("judged", "judged_right").iter_rows()
    ]
    limits = {name: spec.policy.max_error for name, spec in view.rules.fields.items()}
    return told.with_columns(
        pl.Series("judged_bound", bounds, pl.Float64),
        pl.col("field").replace_strict(limits, default=None, return_dtype=pl.Float64).alias("max_error"),
    ).sort(METHOD)


def _cells_by_partition(view: FeedView) -> pl.DataFrame:
    """One row per partition: cells with a value that was `applied` by the gate, and `by_people`."""
    if not view.lake.exists(view.table("repairs")):
        return pl.DataFrame(schema={PARTITION: pl.String, "applied": _WHOLE, "by_people": _WHOLE})
    applied = view.lake.scan(view.table("repairs")).filter(pl.col("status") == "applied")
    cell = pl.struct("_source", "_delivery", "_row", "field")
    is_own = pl.col("decided_by").is_in(BY_ITSELF)
    return (
        applied.group_by(PARTITION)
        .agg(
            cell.filter(is_own).n_unique().cast(_WHOLE).alias("applied"),
            cell.filter(~is_own).n_unique().cast(_WHOLE).alias("by_people"),
        )
        .collect()
    )


def _cells_by_method(view: FeedView) -> pl.DataFrame:
    statuses = ("applied", "suggested", "rejected", "undone")
    if not view.lake.exists(view.table("repairs")):
        return pl.DataFrame(schema={**dict.fromkeys(METHOD, pl.String), **dict.fromkeys(statuses, _WHOLE)})
    counted = view.lake.scan(view.table("repairs")).group_by(METHOD)
    return counted.agg(
        (pl.col("status") == status).sum().cast(_WHOLE).alias(status) for status in statuses
    ).collect()


def _measured(view: FeedView) -> pl.DataFrame:
    """One row per METHOD: `cases`, `right`, `evidence_class`, of the latest partition in which it was measured."""
    schema = {
        **dict.fromkeys(METHOD, pl.String),
        "cases": _WHOLE,
        "right": _WHOLE,
        "evidence_class": pl.String,
    }
    if not view.lake.exists(view.table("methods")):
        return pl.DataFrame(schema=schema)
    rows = view.lake.scan(view.table("methods"))
    latest = rows.filter(pl.col(PARTITION) == pl.col(PARTITION).max().over(METHOD))
    counted = latest.group_by(METHOD).agg(pl.col("cases", "right").sum(), pl.col("evidence_class").first())
    return counted.collect().cast(dict(schema))  # type: ignore[arg-type]


def _metrics(view: FeedView) -> pl.DataFrame:
    """`_partition`, `metric`, `value`."""
    if not view.lake.exists(view.table("metrics")):
        return pl.DataFrame(schema={PARTITION: pl.String, "metric": pl.String, "value": pl.Float64})
    return view.lake.scan(view.table("metrics")).select(PARTITION, "metric", "value").collect()


def _share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then((part / whole).round(6)).otherwise(0.0)
