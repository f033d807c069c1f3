"""The deliveries that the benchmarks run on: simulated payments in UTF-8 CSV, 10 fields, one in five records damaged."""

from pathlib import Path

from sources.simulation import DamageRates, simulate

DAY = "2026-11-02"
DAY_BEFORE = "2026-11-01"
CATALOG = Path(__file__).parent / "catalog"
_OF_GATEWAYS = 0.9  # the share of the payments that the ledger could book again
_DAMAGED = 0.65
_DUPLICATED = 0.01  # what damage delivers twice


def delivered(root: Path, records: int, *, booked_again_share: float, day: str = DAY) -> Path:
    """The folder in which about `records` records of `day` lie, made if it is not there. No line is broken.

    Broken lines are left out because the yardstick would stop at the first of them. `booked_again_share` of the
    gateways' payments are reported by two systems, and have to be settled among them.
    """
    folder = root / (f"payments-{records}-{booked_again_share:g}" + ("" if day == DAY else f"-{day}"))
    if not (folder / "complete").exists():
        rates = DamageRates(share=0.2, broken_line_share=0.0, booked_again_share=booked_again_share)
        simulate(folder, [day], records=_payments(records, booked_again_share), rates=rates, style="csv")
        (folder / "complete").touch()
    return folder


def damaged(root: Path, records: int) -> Path:
    """The folder of a delivery of the same world as `delivered` makes, in which more than half of the records are damaged."""
    folder = root / f"damaged-{records}"
    if not (folder / "complete").exists():
        rates = DamageRates(share=_DAMAGED, broken_line_share=0.0, booked_again_share=0.0)
        simulate(folder, [DAY], records=_payments(records, 0.02), rates=rates, style="csv")
        (folder / "complete").touch()
    return folder


def _payments(records: int, booked_again_share: float) -> int:
    return round(records / (1 + _OF_GATEWAYS * booked_again_share + _DUPLICATED))


def files_of(folder: Path) -> list[Path]:
    """The delivered CSV files."""
    return sorted(folder.glob(f"*/{DAY}/*.csv"))
