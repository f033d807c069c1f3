"""`breakwater run`: a partition all the way, by the same Dagster job that the UI and the schedule start."""

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from orchestration_assets.running import RunResult


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the subcommand."""
    parser.add_argument("feed", nargs="*", help="default: every feed whose data can be found")
    parser.add_argument(
        "--partition", action="append", help="default: the latest; may be given several times"
    )
    parser.add_argument(
        "--sample",
        action="store_true",
        help="deliver the last three days of the simulation first, and run them",
    )
    parser.add_argument(
        "--records", type=int, default=5000, help="with --sample: payments a day (default: 5000)"
    )
    parser.add_argument(
        "--wait", type=float, help="seconds to wait for another run of the same partition (default: 600)"
    )
    parser.add_argument(
        "--fit",
        default="",
        metavar="NAME",
        help="the fit that is read, or `none` (default: that of the partition's former run, else the one in force)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON at the end, progress on stderr")


def run(options: argparse.Namespace) -> int:
    """0 done, 2 if something was not published or a source did not deliver, 3 if a run failed."""
    out = sys.stderr if options.json else sys.stdout
    print("breakwater run: land, triage, translate, impute, settle, publish", file=out, flush=True)
    if options.wait is not None:
        os.environ["BREAKWATER_WAIT_SECONDS"] = str(options.wait)
    work = _wanted(options, out)
    from orchestration_assets.running import run_partition  # dagster and pandera: seconds

    results = []
    for feed, partition in work:
        print(f"\n{feed} {partition}", file=out, flush=True)
        results.append(run_partition(feed, partition, out, fit=options.fit))
    if options.json:
        print(json.dumps([r.as_dict() for r in results], indent=1))
    else:
        _print(results)
    return max((r.exit_code for r in results), default=0)


def _wanted(options: argparse.Namespace, out: TextIO) -> list[tuple[str, str]]:
    """(feed, partition) of each run, in order."""
    from orchestration_assets.commands import simulate
    from orchestration_assets.errors import DeclarationError
    from orchestration_assets.feed import StaticPartitions, check_partition, latest_partition, load_feeds
    from orchestration_assets.settings import FLIGHTS_VARIABLE, settings

    found = settings()
    declarations = load_feeds(found.feeds, found.catalog)
    for mistake in declarations.mistakes:
        print(f"left out, {mistake.file}:{mistake.line}: {mistake.message}", file=sys.stderr)
    days = simulate.parse_days(None) if options.sample else None
    if days:
        from sources.simulation import simulate as deliver

        print(
            f"delivering {days[0]} to {days[-1]} of the simulated outside world, {options.records:,} payments a day",
            file=out,
            flush=True,
        )
        deliver(found.outside, days, records=options.records)
    work = []
    for name in options.feed or sorted(declarations.feeds, reverse=True):
        feed = declarations.of(name).feed
        if not options.feed and name == "flights" and not found.flights.is_file():
            print(
                f"flights is left out: no file is named by {FLIGHTS_VARIABLE} (docs/guides/flights.md says where to get it)",
                file=out,
            )
            continue
        is_static = isinstance(feed.partitions, StaticPartitions)
        default = days if days and not is_static else [latest_partition(feed)]
        if options.partition and is_static and not options.feed:
            continue
        work += [(name, check_partition(feed, p)) for p in options.partition or default]
    if not work:
        raise DeclarationError("there is no feed to run\nHint: `breakwater check` lists what is declared")
    return work


def _print(results: list["RunResult"]) -> None:
    from orchestration_assets.commands.report import print_missing, print_table

    print()
    if rows := [r.report for r in results if r.report]:
        print_table(rows)
        print_missing(rows)
    for result in results:
        if result.score:
            s = result.score
            print(
                f"{result.feed} {result.partition}, by the simulation's truth: {s.wrong:,} of {s.repairs:,} applied repairs"
                f" are wrong; {s.trusted_wrong:,} of {s.trusted_cells:,} trusted cells are, most of them legal values"
            )
    for result in results:
        for trouble in result.troubles:
            print(f"{result.feed} {result.partition}: {trouble}", file=sys.stderr)
