"""All figures of docs/performance.md: `make bench`, or one of them: `make bench ARGS=way`.

    python -m benchmarks [way] [memory] [judging] [reading] [small] [drift] [prices] [hanging] [desk]
        [--rounds N] [--records N] [--many N] [--runs N] [--folder DIR]

Each measurement is a process of its own; the two sides of a ratio take turns.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.deliveries import delivered
from benchmarks.prices import prices
from orchestration_assets.memory import keep_freed_memory

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("landing", "triage", "translation", "imputation", "settlement", "measuring", "audit", "publishing")


def measured(what: str, folder: Path, work: Path) -> dict[str, float]:
    """What `benchmarks.measure` prints of one run."""
    command = [sys.executable, "-m", "benchmarks.measure", what, str(folder), str(work / "work")]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def spread(values: list[float], form: str = "{:.2f}") -> str:
    """Minimum, median and maximum."""
    told = (form.format(v) for v in (min(values), statistics.median(values), max(values)))
    return " / ".join(told)


def way(options: argparse.Namespace) -> None:
    """The whole way against polars alone copying the same files, at two shares of payments reported twice."""
    for share in (0.02, 0.15):
        folder = delivered(options.folder, options.records, booked_again_share=share)
        pairs = [
            (measured("way", folder, options.folder), measured("yardstick", folder, options.folder))
            for _ in range(options.runs)
        ]
        ours, theirs = [a for a, _ in pairs], [b for _, b in pairs]
        print(
            f"\nthe whole way, {ours[0]['landed']:,.0f} records, {share:.0%} of the gateways' payments reported twice"
        )
        print(f"  (minimum / median / maximum of {options.runs} runs)")
        print(f"  seconds              {spread([a['seconds'] for a in ours])}")
        print(f"  seconds, yardstick   {spread([b['seconds'] for b in theirs])}")
        print(f"  ratio                {spread([a['seconds'] / b['seconds'] for a, b in pairs], '{:.1f}')}")
        print(
            f"  ratio of CPU seconds {spread([a['cpu_seconds'] / b['cpu_seconds'] for a, b in pairs], '{:.1f}')}"
        )
        print(f"  peak memory, MB      {spread([a['peak_mb'] for a in ours], '{:.0f}')}")
        for part in PARTS:
            print(f"    {part:<18} {spread([a[part] for a in ours])}")


def memory(options: argparse.Namespace) -> None:
    """Peak memory at ten times the size."""
    peaks = {}
    for records in (options.records, options.many):
        folder = delivered(options.folder, records, booked_again_share=0.02)
        figures = measured("way", folder, options.folder)
        peaks[records] = figures["peak_mb"]
        print(
            f"\npeak memory at {figures['landed']:,.0f} records: {figures['peak_mb']:.0f} MB, {figures['seconds']:.1f} s"
        )
    few, many = peaks[options.records], peaks[options.many]
    print(f"  ratio {many / few:.2f}")


def judging(options: argparse.Namespace) -> None:
    """Judging alone, in memory, against pandera and dataframely."""
    command = [sys.executable, "-m", "benchmarks.judging", str(options.records)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    figures = json.loads(done.stdout)
    seconds = figures["seconds"]
    print(f"\njudging alone, {figures['records']:,} records, {figures['bad']['fused']:,} of them bad")
    for name, values in seconds.items():
        print(f"  seconds, {name:<12} {spread(values)}")
    for other in ("pandera", "dataframely"):
        ratios = [a / b for a, b in zip(seconds["fused"], seconds[other], strict=True)]
        print(f"  ratio to {other:<12} {spread(ratios)}")


def reading(options: argparse.Namespace) -> None:
    """Careful reading of a file with one broken line in a thousand against polars on the sound file."""
    command = [sys.executable, "-m", "benchmarks.reading", str(min(options.records, 1_000_000))]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    figures = json.loads(done.stdout)
    print(
        f"\nreading {figures['records']:,} lines, {figures['broken']:,} of them broken, {figures['mended']:,} mended"
    )
    for unit, measured_in in (("seconds", "seconds"), ("CPU seconds", "cpu_seconds")):
        for name, values in figures[measured_in].items():
            print(f"  {unit}, {name:<18} {spread(values)}")
        for name in ("fast", "careful"):
            ratios = [
                a / b for a, b in zip(figures[measured_in][name], figures[measured_in]["polars"], strict=True)
            ]
            print(f"  {name} to polars, {unit:<18} {spread(ratios)}")


def small(options: argparse.Namespace) -> None:
    """A small partition by `breakwater run`, process start to end, and the commands that only look."""
    folder = options.folder / "small"
    shutil.rmtree(folder, ignore_errors=True)
    environment = {
        **os.environ,
        "BREAKWATER_LAKE": str(folder / "lake"),
        "BREAKWATER_OUTSIDE": str(folder / "outside"),
        "DAGSTER_HOME": str(folder / "dagster"),
        # A second start finds its modules compiled, whatever this environment says: as it is for any user.
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
    }

    def breakwater(*arguments: str) -> tuple[float, str]:
        began = time.perf_counter()
        command = [sys.executable, "-m", "orchestration_assets.cli", *arguments]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, env=environment)
        return time.perf_counter() - began, done.stdout

    breakwater("simulate", "--records", "870")
    breakwater("run", "payments")  # makes the instance and its database
    runs = [breakwater("run", "payments", "--json") for _ in range(options.runs)]
    report = json.loads(runs[-1][1])[0]
    imports = [imported(environment) for _ in range(options.runs)]
    reports = [breakwater("report")[0] for _ in range(options.runs)]
    record = record_of(folder / "lake", report["partition"])
    explains = [breakwater("explain", record)[0] for _ in range(options.runs)]
    print(f"\na small partition, {report['landed']:,} records, `breakwater run`, process start to end")
    print(f"  seconds              {spread([s for s, _ in runs])}")
    print(f"  of which imports     {spread(imports)}")
    print(f"  breakwater report    {spread(reports)}")
    print(f"  breakwater explain   {spread(explains)}")


def imported(environment: dict[str, str]) -> float:
    """Seconds that a process takes to import what `breakwater run` imports."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", "import orchestration_assets.running"], cwd=ROOT, check=True, env=environment
    )
    return time.perf_counter() - began


def record_of(lake: Path, partition: str) -> str:
    """The id of one trusted record."""
    from orchestration_assets.lake import Lake

    row = Lake(lake).read("payments/trusted", partition).row(0, named=True)
    return f"{row['_source']}:{partition}:{row['_delivery']}:{row['_row']}"


def drift(options: argparse.Namespace) -> None:
    """Columns renamed at random: mapped rightly, mapped wrongly, left to a person."""
    from benchmarks.drift import report

    report(options.rounds)


def hanging(options: argparse.Namespace) -> None:
    """A run of which one of three sources hangs for its whole deadline."""
    from benchmarks.hanging import DEADLINE_SECONDS, measured

    print(f"\na small partition, one of three sources hangs for its whole deadline of {DEADLINE_SECONDS} s")
    for what, seconds in measured(options.folder / "hanging").items():
        print(f"  {what:<36} {seconds:6.1f} s")


def desk(options: argparse.Namespace) -> None:
    """Pages, searches and effects on a long queue."""
    from benchmarks.desk import report

    report(options.folder / "desk")


FIGURES: dict[str, Callable[[argparse.Namespace], None]] = {
    "way": way, "memory": memory, "judging": judging, "reading": reading, "small": small, "drift": drift,
    "prices": lambda _options: prices(), "hanging": hanging, "desk": desk,
}  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("figures", nargs="*", choices=[[], *FIGURES], default=[], help="default: all of them")
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--many", type=int, default=20_000_000, help="for the memory at ten times the size")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=500, help="of renamed columns")
    parser.add_argument(
        "--folder", type=Path, help="keep the deliveries here (3 GB) instead of a temporary folder"
    )
    options = parser.parse_args()
    keep_freed_memory()
    cores, memory_gb = os.cpu_count(), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    print(f"{cores} cores, {memory_gb:.0f} GB")
    with tempfile.TemporaryDirectory() as temporary:
        options.folder = options.folder or Path(temporary)
        options.folder.mkdir(parents=True, exist_ok=True)
        for name in options.figures or list(FIGURES):
            FIGURES[name](options)


if __name__ == "__main__":
    main()
