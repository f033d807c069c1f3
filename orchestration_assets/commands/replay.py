"""`breakwater replay FEED`: held records through the current contract and methods; by default it only says what would be."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestration_assets.steps.replaying import Replayed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the subcommand."""
    parser.add_argument("feed")
    parser.add_argument(
        "--partition", action="append", help="default: every partition in which records are held"
    )
    parser.add_argument(
        "--apply", action="store_true", help="run the partitions, and note what became of each record"
    )
    parser.add_argument("--by", help="with --apply: who replays (default: the user of this machine)")
    parser.add_argument("--json", action="store_true", help="print JSON at the end, progress on stderr")


def run(options: argparse.Namespace) -> int:
    """0 done, 2 if a partition was not published, 3 if a run failed."""
    from dataclasses import replace

    from orchestration_assets.commands.review import context_of, who
    from orchestration_assets.feed import check_partition
    from orchestration_assets.running import run_partition
    from orchestration_assets.steps.replaying import done, held_of, note, partitions_with_held, tried

    out = sys.stderr if options.json else sys.stdout
    context = context_of(options.feed)
    wanted = [check_partition(context.feed, p) for p in options.partition or partitions_with_held(context)]
    replayed, codes = [], [0]
    for partition in wanted:
        mine = replace(context, partition=partition)
        if not options.apply:
            replayed.append(tried(mine))
            continue
        before = held_of(mine)
        print(f"\n{options.feed} {partition}", file=out, flush=True)
        result = run_partition(options.feed, partition, out, ask=[])
        for trouble in result.troubles:
            print(f"{options.feed} {partition}: {trouble}", file=sys.stderr)
        codes.append(result.exit_code)
        replayed.append(done(mine, before))
    if options.apply:
        note(context, replayed, who(options.by))
    if options.json:
        print(json.dumps([_as_dict(one, is_dry=not options.apply) for one in replayed], indent=1))
    else:
        print(_told(replayed, is_dry=not options.apply))
    return max(codes)


def _as_dict(one: "Replayed", *, is_dry: bool) -> dict[str, Any]:
    became = dict(one.records.group_by("became").len().sort("became").iter_rows())
    return {
        "partition": one.partition,
        "is_dry_run": is_dry,
        "held": one.records.height,
        "became": became,
        "by_reason": one.summary().to_dicts(),
    }


def _told(replayed: "list[Replayed]", *, is_dry: bool) -> str:
    word = "would be" if is_dry else "is"
    lines = []
    for one in replayed:
        lines.append(f"{one.partition}: {one.records.height:,} held")
        for row in one.summary().iter_rows(named=True):
            attempt = f", attempt {row['attempt']}" if row["attempt"] > 1 else ""
            lines.append(
                f"  {row['records']:>7,}  {row['was']} ({row['why'] or 'no reason'}) {word} {row['became']}{attempt}"
            )
    if is_dry and lines:
        lines.append("nothing was written; --apply runs these partitions")
    return "\n".join(lines) or "nothing is held"
