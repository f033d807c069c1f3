"""`breakwater fit`: learn and measure, apart from any run, what the runs of a feed read."""

import argparse
import json
import sys
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the subcommand."""
    parser.add_argument("feed", nargs="*", help="default: every feed that was published")
    parser.add_argument("--json", action="store_true", help="print JSON at the end, progress on stderr")


def run(options: argparse.Namespace) -> int:
    """0 done, 3 if a feed could not be fitted."""
    out = sys.stderr if options.json else sys.stdout
    from orchestration_assets.running import fit_feed  # dagster and pandera: seconds

    results = []
    for feed in options.feed or _published():
        print(f"\n{feed}", file=out, flush=True)
        results.append(fit_feed(feed, out))
    if options.json:
        print(json.dumps(results, indent=1))
    else:
        _print(results)
    return max(result["exit_code"] for result in results)


def _published() -> list[str]:
    from orchestration_assets.errors import NotFoundError
    from orchestration_assets.feed import load_feeds
    from orchestration_assets.lake import Lake
    from orchestration_assets.settings import settings

    found = settings()
    feeds = sorted(load_feeds(found.feeds, found.catalog).feeds)
    lake = Lake(found.lake)
    if not (published := [name for name in feeds if lake.partitions(f"{name}/trusted")]):
        raise NotFoundError("nothing is published yet to learn from\nHint: `breakwater run` first")
    return published


def _print(results: list[dict[str, Any]]) -> None:
    for result in results:
        if "fit" in result:
            print(
                f"{result['feed']}: fit {result['fit']} is in force, learned from {result['partitions']} partitions up to {result['upto']}"
                f" ({result['readings']} readings, {result['groups']} groupings, {result['learned']} models)"
            )
        for trouble in result["troubles"]:
            print(f"{result['feed']}: {trouble}", file=sys.stderr)
