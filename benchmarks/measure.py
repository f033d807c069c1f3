"""One measurement in a process of its own: prints seconds (imports not counted) and the peak memory of the process.

Usage: `python -m benchmarks.measure way|yardstick FOLDER WORK`
"""

import json
import resource
import shutil
import sys
import time
from importlib import import_module
from pathlib import Path

FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def yardstick(folder: Path, work: Path) -> dict[str, float]:
    """Nothing but polars: the same files, typed, to Parquet."""
    import polars as pl

    from benchmarks.deliveries import files_of

    work.mkdir(parents=True)
    began = time.perf_counter()
    for number, file in enumerate(files_of(folder)):
        lines = pl.scan_csv(file, infer_schema=False)
        typed = lines.with_columns(
            pl.col("amount", "device_risk").cast(pl.Float64, strict=False),
            pl.col("paid_at")
            .str.strptime(pl.Datetime("us"), FORMAT, strict=False)
            .dt.replace_time_zone("UTC"),
        )
        typed.sink_parquet(work / f"{number}.parquet")
    return {"seconds": time.perf_counter() - began}


def way(folder: Path, work: Path) -> dict[str, float]:
    """The whole way, from files on disk to published `trusted`."""
    from benchmarks.deliveries import CATALOG, DAY
    from orchestration_assets.feed import FEEDS, load_feeds
    from orchestration_assets.lake import Lake
    from orchestration_assets.steps.audit import must_hold
    from orchestration_assets.steps.context import Context
    from orchestration_assets.steps.imputation import impute_partition
    from orchestration_assets.steps.landing import land_sources, summary
    from orchestration_assets.steps.measuring import measure_partition
    from orchestration_assets.steps.publishing import publish_partition
    from orchestration_assets.steps.settlement import settle_partition
    from orchestration_assets.steps.translation import translate_partition
    from orchestration_assets.steps.triage import triage_partition

    _import_what_is_lazy()
    context = Context(load_feeds(FEEDS, CATALOG).of("payments"), Lake(work), DAY, folder)
    assert context.rules
    parts = {}
    total = last = time.perf_counter()
    for name, step in {
        "landing": lambda: context.hand_over(
            "landing", {"seconds": _landed(context, land_sources), "sources": summary(context)}
        ),
        "triage": lambda: triage_partition(context),
        "translation": lambda: translate_partition(context),
        "imputation": lambda: impute_partition(context),
        "settlement": lambda: settle_partition(context),
        "measuring": lambda: measure_partition(context),
        "audit": lambda: [o for o in must_hold(context) if not o.is_passed and sys.exit(o.found)],
        "publishing": lambda: publish_partition(context),
    }.items():
        step()
        now = time.perf_counter()
        parts[name], last = now - last, now
    metrics = dict(Lake(work).read("payments/metrics", DAY).iter_rows())
    return {
        "seconds": last - total,
        **parts,
        "landed": metrics["landed"],
        "trusted": metrics["trusted"],
        "lost": metrics["lost"],
    }


def _landed(context: object, land: object) -> float:
    counts = land(context)
    return max(row["seconds"] for row in counts.values())


def _import_what_is_lazy() -> None:
    """Imports do not count: those that are left to their first use are made before the clock starts."""
    for name in (
        "deltalake.transaction",
        "pyarrow",
        "scipy.special",
        "pandera.backends.polars.builtin_checks",
    ):
        import_module(name)
    from orchestration_assets.translation.vocabularies import country_words, currency_words

    country_words(), currency_words()


def peak_mb() -> float:
    """The most memory that this process ever held; `ru_maxrss` would begin with what its parent held."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def main() -> None:
    what, folder, work = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    shutil.rmtree(work, ignore_errors=True)
    spent = resource.getrusage(resource.RUSAGE_SELF)
    before = spent.ru_utime + spent.ru_stime
    figures = {"way": way, "yardstick": yardstick}[what](folder, work)
    spent = resource.getrusage(resource.RUSAGE_SELF)
    figures["cpu_seconds"] = spent.ru_utime + spent.ru_stime - before
    figures["peak_mb"] = peak_mb()
    print(json.dumps(figures))
    shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
