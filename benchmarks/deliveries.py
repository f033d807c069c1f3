"""The deliveries that the benchmarks run on: simulated payments in UTF-8 CSV, 10 fields, one in five records damaged."""

from pathlib import Path

from sources.simulation import DamageRates, simulate

DAY = "2026-11-02"
CATALOG = Path(__file__).parent / "catalog"
_LINES_PER_PAYMENT = 1.147  # the ledger books some payments again, and some records are delivered twice


def delivered(root: Path, records: int) -> Path:
    """The folder in which about `records` records of one day lie, made if it is not there. No line is broken.

    Broken lines are left out because the yardstick would stop at the first of them.
    """
    folder = root / f"payments-{records}"
    if not (folder / "complete").exists():
        rates = DamageRates(share=0.2, broken_line_share=0.0)
        simulate(folder, [DAY], records=round(records / _LINES_PER_PAYMENT), rates=rates, style="csv")
        (folder / "complete").touch()
    return folder


def files_of(folder: Path) -> list[Path]:
    """The delivered CSV files."""
    return sorted(folder.glob(f"*/{DAY}/*.csv"))
