"""The command `python -m sources.simulation`: arguments in, one readable line per day out."""

import argparse
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import NoReturn

from sources.simulation.errors import SimulationMistake
from sources.simulation.rates import DamageRates
from sources.simulation.run import DEFAULT_RECORDS, DEFAULT_SEED, DayReport, passing_days

USAGE_MISTAKE, FAILED = 1, 3


class _Parser(argparse.ArgumentParser):
    """Leaves with the exit code that Breakwater's commands use for a mistake of usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE_MISTAKE, f"{self.prog}: {message}\n")


def days_of(text: str) -> list[date]:
    """Return the days of `2026-11-01` or, both ends included, of `2026-11-01..2026-11-03`."""
    first, _, last = text.partition("..")
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError as error:
        message = f"--days: expected a day or a range of days, got {text!r}."
        raise SimulationMistake(f"{message}\nHint: --days 2026-11-01..2026-11-03") from error
    if end < start:
        raise SimulationMistake(f"--days: the range {text} ends before it begins.\nHint: swap its ends.")
    return [start + timedelta(days=number) for number in range((end - start).days + 1)]


def described(report: DayReport) -> str:
    """Return the line that says what a day left behind."""
    delivered = ", ".join(f"{source} {count:,}" for source, count in report.delivered.items())
    return (
        f"{report.day}: {report.payments:,} payments; delivered {delivered}; "
        f"damaged {report.damaged:,}, of these unreadable {report.unreadable:,}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate what the arguments ask for; return 0, 1 (mistake of usage) or 3 (the disk failed)."""
    asked = _parser().parse_args(arguments)
    try:
        rates = DamageRates(share=asked.damage, cut_off=asked.cut_off)
        settings = {"records": asked.records, "seed": asked.seed, "rates": rates, "style": asked.style}
        for report in passing_days(asked.out, days_of(asked.days), **settings):
            print(described(report), flush=True)
    except SimulationMistake as mistake:
        print(mistake, file=sys.stderr)
        return USAGE_MISTAKE
    except OSError as failure:
        print(f"{asked.out}: cannot be written: {failure}", file=sys.stderr)
        return FAILED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m sources.simulation", description="Deliver simulated days of payments.")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder that the deliveries are written below"
    )
    parser.add_argument("--days", required=True, help="2026-11-01, or 2026-11-01..2026-11-03 with both ends")
    parser.add_argument("--records", type=int, default=DEFAULT_RECORDS, help="payments a day (%(default)s)")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="seed of everything (%(default)s)")
    parser.add_argument("--damage", type=float, default=0.1, help="share of damaged records (%(default)s)")
    parser.add_argument("--style", choices=("systems", "csv"), default="systems", help="(%(default)s)")
    parser.add_argument("--cut-off", action="store_true", help="end gateway_b's file in the middle of a line")
    return parser


if __name__ == "__main__":
    sys.exit(main())
