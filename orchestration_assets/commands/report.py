"""`breakwater report`: what became of a partition, from the lake alone."""

import argparse
import json
from typing import Any


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
    from orchestration_assets.reporting import records_of, reports
    from orchestration_assets.settings import settings

    rows = reports(settings().lake, options.feed, options.partition, is_all=options.all)
    if not rows:
        asked = " ".join(word for word in (options.feed, options.partition) if word)
        raise NotFoundError(
            f"the lake has nothing{asked and f' of {asked}'} yet\n"
            "Hint: `breakwater run` first; `breakwater report` alone lists every feed in the lake"
        )
    if options.records > 0:
        for row in rows:
            row["records"] = records_of(settings().lake, row["feed"], row["partition"], options.records)
    for row in rows:
        row["waiting"] = _waiting(row["feed"], row["partition"])
    if options.json:
        print(json.dumps(rows, indent=1))
        return 0
    print_table(rows)
    print_missing(rows)
    for row in rows:
        for one in row["waiting"]:
            print(f"{one['source']} {row['partition']}, {one['name']} waits for a person: {one['reason']}")
            print(one["advice"].rstrip())
    for row in rows:
        for verdict, ids in row.get("records", {}).items():
            print("\n".join([f"{row['feed']} {row['partition']}, {verdict}:", *(f"  {i}" for i in ids)]))
    return 0


def print_missing(rows: list[dict[str, Any]]) -> None:
    """One line for each source that a partition goes without."""
    from orchestration_assets.reporting import in_a_line

    for row in rows:
        for missing in row["missing"]:
            print(f"{row['feed']} {row['partition']}, {in_a_line(missing)}")


def _waiting(feed: str, partition: str) -> list[dict[str, str]]:
    """The deliveries that wait for a person, with what to do."""
    from orchestration_assets.reporting import has_waiting
    from orchestration_assets.settings import settings

    found = settings()
    if not has_waiting(found.lake, partition):
        return []
    from dataclasses import asdict

    from orchestration_assets.feed import load_feeds
    from orchestration_assets.lake import Lake
    from orchestration_assets.steps.drift_report import waiting_of

    declared = load_feeds(found.feeds, found.catalog).feeds.get(feed)
    waiting = waiting_of(Lake(found.lake), declared.sources, partition) if declared else []
    return [{**asdict(one), "advice": one.advice} for one in waiting]


def print_table(rows: list[dict[str, Any]]) -> None:
    """The counts side by side, one column per partition."""
    from orchestration_assets.reporting import COUNTS

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
