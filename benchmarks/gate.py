"""Does the gate keep what it promises? `make bench-gate`, on the simulated feed and on published tables.

    python -m benchmarks.gate [--table NAME …] [--promise SHARE …] [--seeds N] [--days N] [--records N] [--files N]

Every field of every contract promises the same, and every proposal is compared with the truth.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

from benchmarks.diagram import EDGES, draw
from benchmarks.judging_repairs import FEED, PRICES, Budget, judged, known_tables
from benchmarks.promises import JUDGED, SIGNIFICANT, outcomes, reliability
from benchmarks.repairing import absent
from benchmarks.repairs import ABSENT, head, line, wanted
from orchestration_assets.settings import settings
from orchestration_assets.settlement.gate import cases_needed

PROMISES = (0.01, 0.02, 0.05)
DIAGRAM = Path(__file__).resolve().parent.parent / "docs" / "images" / "reliability.svg"
_COUNTED = ("promise", "applied", "wrong", "share", "p", "verdict")
_CRITERION = """
promise: every field allows at most this share of wrong repairs. applied: repairs in force whose true value is known. p: the
probability of so many wrong ones or more if each were wrong with the promised probability (binomial, one-sided).
  broken      p < {significant}
  kept        the one-sided 95 % upper bound of the share of wrong ones is within the promise
  not broken  neither
  too few     not broken, and fewer than the {needed} repairs of which, were all right, the bound would be within the promise
{tests} tests: at p < {significant} about {expected:.1f} would be called broken if each promise were kept just so. {broken} are.
Left out: values read as nothing (they state no value), records that were labelled, and cells whose truth is `?`."""


def measured(options: argparse.Namespace, work: Path) -> pl.DataFrame:
    """Every proposal for every table and promise, as JUDGED."""
    budget = Budget(options.seeds, options.days, options.records, options.files)
    parts = [JUDGED.to_frame()]
    for name in options.table:
        for promise in options.promise:
            began = time.perf_counter()
            parts.append(judged(name, promise, budget, work))
            seconds = time.perf_counter() - began
            print(f"{name}, at most {promise:g} wrong: {seconds:.0f} s", file=sys.stderr, flush=True)
    return pl.concat(parts)


def report(proposals: pl.DataFrame) -> int:
    """Print the tables; returns how many promises are broken."""
    whole, by_class = outcomes(proposals, "table"), outcomes(proposals, "table", "evidence_class")
    by_method = outcomes(proposals, "table", "evidence_class", "method", "field")
    for found, keys in (
        (whole, ("table",)),
        (by_class, ("table", "evidence_class")),
        (by_method, ("table", "evidence_class", "method", "field")),
    ):
        head(*keys, *_COUNTED)
        for row in found.to_dicts():
            line(*(row[key] for key in (*keys, *_COUNTED)))
    _nothing_applied(proposals)
    counted = pl.concat([found.select("verdict") for found in (whole, by_class, by_method)])
    broken = int((counted["verdict"] == "broken").sum())
    needed = " / ".join(f"{cases_needed(promise)}" for promise in sorted(proposals["promise"].unique()))
    print(
        _CRITERION.format(
            significant=SIGNIFICANT,
            needed=needed,
            tests=counted.height,
            expected=SIGNIFICANT * counted.height,
            broken=broken,
        )
    )
    return broken


def _nothing_applied(proposals: pl.DataFrame) -> None:
    """Name the tables and promises under which nothing was applied: nothing can be told of them."""
    silent = (
        proposals.group_by("table", "promise", maintain_order=True)
        .agg(pl.col("is_applied").any(), pl.len().alias("suggested"))
        .filter(~pl.col("is_applied"))
    )
    for row in silent.to_dicts():
        print(
            f"\n{row['table']}, at most {row['promise']:g} wrong: nothing applied, {row['suggested']} suggested"
        )


def diagram(proposals: pl.DataFrame, path: Path) -> None:
    """Print and draw how confidence compares with what was right, over applied and suggested proposals of the strictest promise.

    One promise only, because the same proposals are made under each of them.
    """
    told = proposals.filter(pl.col("promise") == proposals["promise"].min())
    bins = reliability(told, EDGES)
    head("evidence", "confidence", "cases", "right", "share", "low", "high")
    for row in bins.to_dicts():
        line(*row.values())
    draw(bins, path)
    print(f"\nwritten to {path}")


def main() -> int:
    """0 every promise kept as far as can be told, 1 the reference data is not there, 3 a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__.splitlines()[0])
    tables = known_tables()
    parser.add_argument("--table", nargs="+", choices=tables, default=tables, help="default: all of them")
    parser.add_argument(
        "--promise", nargs="+", type=float, default=list(PROMISES), help="default: 0.01 0.02 0.05"
    )
    parser.add_argument("--seeds", type=int, default=Budget.seeds, help="of the simulated feed (%(default)s)")
    parser.add_argument("--days", type=int, default=Budget.days, help="of each seed (%(default)s)")
    parser.add_argument("--records", type=int, default=Budget.records, help="payments a day (%(default)s)")
    parser.add_argument(
        "--files", type=int, default=Budget.files, help="of each masked table and rate (%(default)s)"
    )
    parser.add_argument("--diagram", type=Path, default=DIAGRAM, help="where the diagram goes")
    options = parser.parse_args()
    if paths := _absent(options.table):
        print(ABSENT.format(paths=", ".join(map(str, paths))), file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as temporary:
        proposals = measured(options, Path(temporary))
    broken = report(proposals)
    diagram(proposals, options.diagram)
    return 3 if broken else 0


def _absent(tables: list[str]) -> list[Path]:
    named = [name.partition(", ")[0] for name in tables if name not in (FEED, PRICES)]
    paths = absent(wanted(named)) if named else []
    examples = settings().reference / "price_parser" / "examples.jsonl"
    return [*paths, examples] if PRICES in tables and not examples.is_file() else paths


if __name__ == "__main__":
    sys.exit(main())
