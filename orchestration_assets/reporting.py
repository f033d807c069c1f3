"""What became of partitions, read from the lake alone: for `breakwater report`, and for the end of a run."""

import json
from pathlib import Path
from typing import Any

from orchestration_assets.lake import PARTITION, Lake

COUNTS = "landed unreadable clean translated imputed trusted review quarantine duplicate outside lost".split()

_WHY = ("reason", "refused_because", "waiting_because", "stands_in")


def reports(root: Path, feed: str | None, partition: str | None, *, is_all: bool) -> list[dict[str, Any]]:
    """One row per (feed, partition) that the lake has metrics of."""
    from orchestration_assets.lake import Lake

    lake = Lake(root)
    feeds = [feed] if feed else sorted(p.parent.name for p in lake.root.glob("*/metrics") if p.is_dir())
    rows = []
    for name in feeds:
        partitions = lake.partitions(f"{name}/metrics")
        wanted = (
            [p for p in partitions if p == partition]
            if partition
            else partitions
            if is_all
            else partitions[-1:]
        )
        rows += [report_of(lake, name, p) for p in wanted]
    return rows


def report_of(lake: "Lake", feed: str, partition: str) -> dict[str, Any]:
    """The numbers of one partition, counts as whole numbers."""
    metrics = dict(lake.read(f"{feed}/metrics", partition).select("metric", "value").iter_rows())
    counts = {name: int(metrics.get(name, 0)) for name in COUNTS}
    shares = {name: metrics[name] for name in sorted(metrics) if name.endswith("_share")}
    by_source = {
        name.removeprefix("landed_"): int(v)
        for name, v in sorted(metrics.items())
        if name.startswith("landed_")
    }
    published = sum(f.rows for f in lake.active(f"{feed}/trusted", partition).values())
    return {
        "feed": feed,
        "partition": partition,
        **counts,
        "repairs_applied": int(metrics.get("repairs_applied", 0)),
        "repairs_suggested": int(metrics.get("repairs_suggested", 0)),
        "published": published,
        **shares,
        "by_source": by_source,
        "missing": missing_of(lake, feed, partition),
        "seconds": round(metrics.get("seconds", 0), 3),
        "rows_per_second": round(metrics.get("rows_per_second", 0)),
    }


def missing_of(lake: "Lake", feed: str, partition: str) -> list[dict[str, str]]:
    """What the partition goes without, one row per source: its status, why, and since when; as its last landing left it."""
    path = lake.work(feed, partition) / "landing.json"
    sources = json.loads(path.read_text())["sources"] if path.exists() else {}
    return [
        {
            "source": source,
            "status": row["status"],
            "why": "; ".join(filter(None, (row.get(name, "") for name in _WHY))) or "nothing is known",
            "since": row.get("since", ""),
        }
        for source, row in sources.items()
        if row["status"] != "landed" or any(row.get(name) for name in _WHY)
    ]


def in_a_line(missing: dict[str, str]) -> str:
    """One source that is missing, as a person reads it."""
    what = "nothing new came" if missing["status"] == "landed" else missing["status"]
    since = f" since {missing['since']}" if missing["since"] else ""
    return f"{missing['source']}: {what}{since}: {missing['why']}"


def has_waiting(root: Path, partition: str) -> bool:
    """Whether any source has a delivery of the partition that waits for a person."""
    import polars as pl

    from orchestration_assets.lake import Lake

    lake = Lake(root)
    for table in sorted(f"{path.parent.name}/deliveries" for path in lake.root.glob("*/deliveries")):
        rows = lake.read(table, partition)
        if rows.height and not rows.filter(pl.col("is_latest") & (pl.col("status") == "waiting")).is_empty():
            return True
    return False


def records_of(root: Path, feed: str, partition: str, count: int) -> dict[str, list[str]]:
    """Verdict to up to `count` record ids; of the trusted, those that were repaired."""
    import polars as pl

    from orchestration_assets.lake import Lake

    lake = Lake(root)
    found = {}
    for table in ("trusted", "review", "quarantine", "aside"):
        if not lake.exists(f"{feed}/{table}"):
            continue
        rows = lake.scan(f"{feed}/{table}").filter(pl.col(PARTITION) == partition)
        if table == "trusted":
            rows = rows.filter(pl.col("_repaired").is_not_null())
        ids = pl.concat_str(
            "_source", pl.lit(partition), "_delivery", pl.col("_row").cast(pl.String), separator=":"
        )
        listed = rows.select(ids.alias("id")).head(count).collect()["id"].to_list()
        if listed:
            found["repaired" if table == "trusted" else table] = listed
    return found
