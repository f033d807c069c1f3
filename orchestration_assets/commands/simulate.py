"""`breakwater simulate`: deliver days of the simulated outside world, so that there is something to run on."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the subcommand."""
    parser.add_argument(
        "--days", help="2026-11-01, or 2026-11-01..2026-11-03 (default: the last three that are over)"
    )
    parser.add_argument("--records", type=int, default=5000, help="payments a day (default: 5000)")
    parser.add_argument("--seed", type=int, default=20261101)
    parser.add_argument("--damage", type=float, default=0.1, help="share of damaged records (default: 0.1)")


def run(options: argparse.Namespace) -> int:
    """Deliver the days into the folder against which the sources' paths are resolved."""
    from dataclasses import replace

    from orchestration_assets.errors import DeclarationError
    from orchestration_assets.settings import settings
    from sources.simulation import DamageRates, simulate

    days = parse_days(options.days)
    if options.records < 1 or not 0 <= options.damage <= 1:
        raise DeclarationError(
            "--records must be at least 1, and --damage between 0 and 1\nHint: breakwater simulate -h"
        )
    rates = replace(DamageRates(), share=options.damage)
    for day in simulate(settings().outside, days, records=options.records, seed=options.seed, rates=rates):
        delivered = ", ".join(f"{source} {count:,}" for source, count in day.delivered.items())
        print(
            f"{day.day}: {day.payments:,} payments; lines: {delivered}; damaged {day.damaged:,}", flush=True
        )
    return 0


def parse_days(text: str | None, *, count: int = 3) -> list[str]:
    """The days of `A` or `A..B`; by default the last `count` that are over."""
    from datetime import UTC, date, datetime, timedelta

    from orchestration_assets.errors import DeclarationError

    today = datetime.now(UTC).date()
    if text is None:
        return [(today - timedelta(days=n)).isoformat() for n in range(count, 0, -1)]
    first, _, last = text.partition("..")
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError as error:
        raise DeclarationError(
            f"'{text}' is neither a day nor DAY..DAY\nHint: 2026-11-01..2026-11-03"
        ) from error
    if end < begin:
        raise DeclarationError(f"'{text}' ends before it begins\nHint: the earlier day comes first")
    return [(begin + timedelta(days=n)).isoformat() for n in range((end - begin).days + 1)]
