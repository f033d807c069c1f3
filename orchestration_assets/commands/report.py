"""`breakwater report`: what became of a partition, from the lake alone."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestration_assets.lake import Lake

COUNTS = "landed unreadable clean translated imputed trusted review quarantine duplicate outside lost".split()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the subcommand."""
    parser.add_argument("feed", nargs="?", help="default: every feed in the lake")
    parser.add_argument("--partition", help="default: the latest of the feed")
    parser.add_argument("--all", action="store_true", help="every partition")
    parser.add_argument(
        "--records",
        type=int,
        default=0,
        metavar="N",
        help="also name N records of each verdict, for `explain`",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, a list of one object per partition")


def run(options: argparse.Namespace) -> int:
    """0, or 1 if nothing is known of what was asked for."""
    from orchestration_assets.errors import NotFoundError
    from orchestration_assets.settings import settings

    rows = reports(settings().lake, options.feed, options.partition, is_all=options.all)
    if not rows:
        raise NotFoundError(
            "the lake knows nothing of that\nHint: `breakwater run` first; `breakwater report` lists all"
        )
    if options.records > 0:
        for row in rows:
            row["records"] = records_of(settings().lake, row["feed"], row["partition"], options.records)
    if options.json:
        print(json.dumps(rows, indent=1))
        return 0
    print_table(rows)
    for row in rows:
        for verdict, ids in row.get("records", {}).items():
            print("\n".join([f"{row['feed']} {row['partition']}, {verdict}:", *(f"  {i}" for i in ids)]))
    return 0


def records_of(root: Path, feed: str, partition: str, count: int) -> dict[str, list[str]]:
    """Verdict to up to `count` record ids; of the trusted, those that were repaired."""
    import polars as pl

    from orchestration_assets.lake import PARTITION, Lake

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
        "seconds": round(metrics.get("seconds", 0), 3),
        "rows_per_second": round(metrics.get("rows_per_second", 0)),
    }


def print_table(rows: list[dict[str, Any]]) -> None:
    """The counts side by side, one column per partition."""
    heads = ["", *(f"{row['feed']} {row['partition']}" for row in rows)]
    lines = [
        *[(name, [f"{row[name]:,}" for row in rows]) for name in COUNTS],
        ("held share", [f"{row.get('held_share', 0):.1%}" for row in rows]),
        ("repaired share", [f"{row.get('repaired_share', 0):.1%}" for row in rows]),
        ("published", [f"{row['published']:,}" for row in rows]),
        ("seconds", [f"{row['seconds']:.2f}" for row in rows]),
        ("rows/second", [f"{row['rows_per_second']:,}" for row in rows]),
    ]
    widths = [max(len(name) for name, _ in lines), *(max(len(head), 9) for head in heads[1:])]
    print(
        "  ".join(
            head.rjust(width) if i else head.ljust(width)
            for i, (head, width) in enumerate(zip(heads, widths, strict=True))
        )
    )
    for name, cells in lines:
        padded = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        print("  ".join([name.ljust(widths[0]), *padded]))
