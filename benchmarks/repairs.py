"""Repair on published tables, beside published figures: `make bench-repair`.

    python -m benchmarks.repairs [--table NAME …] [--runs N] [--ablate | --curve FILE]

Each repair is `breakwater repair` in a process of its own; `--ablate` takes one method at a time out of the contract, `--curve`
draws how many labels it takes to which record EDR.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks import prices
from benchmarks.ablation import ablated, methods_of
from benchmarks.plot import line_plot
from benchmarks.published import MASKED, TABLES, Figures
from benchmarks.repairing import Case, absent, measured
from orchestration_assets.settings import settings

FILES = 5
BUDGETS = (0, 5, 10, 20, 40)
"""Labels of the learning curve."""
ABSENT = """not there: {paths}
Hint: BREAKWATER_REFERENCE_DATA names the folder with the reference tables. flights, hospital and beers are Raha's files
(github.com/LUH-DBS/Matelda), renuver's are in github.com/philipp-jung/mirmir, price_parser's in github.com/scrapinghub/price-parser;
tools/score_repair.py stands beside that folder."""
HEAD = ("table", "labels", "changed", "precision", "recall", "F1", "EDR", "record EDR", "damaged", "trusted", "seconds")  # fmt: skip
MASKED_HEAD = (
    "masked", "share", "cells", "coverage", "right among filled", "F1", "F1 of Mimir, 20 labels",
    "damaged", "trusted", "seconds",
)  # fmt: skip
KEYS = ("changed_cells", "precision", "recall", "f1", "edr", "record_edr", "damaged", "trusted_share", "seconds")  # fmt: skip


def case_of(name: str) -> Case:
    """One of the tables with errors."""
    folder = settings().reference / name
    return Case(folder / "dirty.csv", folder / "clean.csv", TABLES[name].contract)


def masked_cases(name: str, percent: int) -> list[Case]:
    """The files of one table of Renuver with so many percent of cells masked."""
    folder = settings().reference / "renuver" / name
    files = [folder / f"{name}_{percent}_{seed}.csv" for seed in range(1, FILES + 1)]
    return [Case(file, folder / "clean.csv", MASKED[name][0]) for file in files]


def line(*cells: object) -> None:
    """One row of the printed table."""
    print("| " + " | ".join(_told(cell) for cell in cells) + " |", flush=True)


def _told(cell: object) -> str:
    if cell is None:
        return "–"
    return f"{cell:.4f}".rstrip("0").rstrip(".") if isinstance(cell, float) else str(cell)


def head(*cells: str) -> None:
    """The head of a printed table."""
    print()
    line(*cells)
    line(*["---"] * len(cells))


def table(name: str, runs: int, work: Path) -> None:
    """One row per budget of labels, and one per published system."""
    for rounds in TABLES[name].rounds:
        found = [measured(case_of(name), rounds, work) for _ in range(runs)]
        seconds = round(statistics.median(one["seconds"] for one in found), 1)
        asked = f"{found[0]['labelled']}, in {len(rounds)} rounds" if len(rounds) > 1 else sum(rounds)
        line(name, asked, *({**found[0], "seconds": seconds}[key] for key in KEYS))
    for figures in TABLES[name].published:
        line(*_published(figures))


def _published(figures: Figures) -> list[object]:
    told = (None, None, None, figures.f1, None, figures.record_edr, figures.damaged, None, None)
    return [f"published: {figures.system}", figures.labels, *told]


def masked(name: str, work: Path) -> None:
    """The mean over the files of each share of masked cells, and over all files how many were filled, and how many rightly."""
    for percent, published in MASKED[name][1].items():
        found = [measured(case, (), work) for case in masked_cases(name, percent)]
        total = {key: sum(int(one[key]) for one in found) for key in ("masked", "filled", "filled_right")}
        means = [
            statistics.fmean(one[key] or 0 for one in found) for key in ("f1", "trusted_share", "seconds")
        ]
        right = total["filled_right"] / total["filled"] if total["filled"] else None
        damaged = sum(int(one["damaged"]) for one in found)
        f1, trusted, seconds = (round(mean, 3) for mean in means)
        line(
            name, f"{percent} %", total["masked"], total["filled"] / total["masked"], right, f1, published,
            damaged, trusted, round(seconds, 1),
        )  # fmt: skip


def price_table() -> None:
    """Amounts in price strings."""
    examples = prices.load(settings().reference / "price_parser" / "examples.jsonl")
    head("prices", "amount exact", "wrong", "abstained", "currency exact")
    for with_library in (False, True):
        found = prices.counts(examples, with_library=with_library)
        whose = "price-parser for the rest" if with_library else "own readings alone"
        line(whose, *(count / examples.height for count in found.values()))


def ablate(name: str, work: Path) -> None:
    """One row per method that the contract names: the figures without it."""
    case = case_of(name)
    for rounds in TABLES[name].rounds[:2]:
        for method in ("", *methods_of(case.contract)):
            contract = ablated(case.contract, method) if method else case.contract
            found = measured(Case(case.dirty, case.clean, contract), rounds, work)
            line(
                f"{name}, without {method}" if method else name,
                sum(rounds),
                *(round(found[k], 1) if k == "seconds" else found[k] for k in KEYS),
            )


def curve(name: str, work: Path, file: Path) -> None:
    """The figures by how many records `--ask` named at once were labelled; the record EDR as a plot."""
    points = []
    for budget in BUDGETS:
        found = measured(case_of(name), (budget,) if budget else (), work)
        line(name, budget, *(round(found[k], 1) if k == "seconds" else found[k] for k in KEYS))
        points.append((float(budget), float(found["record_edr"])))
    file.write_text(
        line_plot(f"{name}: record EDR", "labelled records", points, ticks=BUDGETS), encoding="utf-8"
    )


def wanted(names: list[str]) -> list[Case]:
    """The cases of the tables asked for."""
    found = [case_of(name) for name in names if name in TABLES]
    return found + [
        c for name in names if name in MASKED for rate in MASKED[name][1] for c in masked_cases(name, rate)
    ]


def main() -> int:
    """0 done, 1 the reference data is not there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.repairs", description=__doc__.splitlines()[0])
    known = (*TABLES, "prices", *MASKED)
    parser.add_argument("--table", nargs="+", choices=known, default=list(known), help="default: all of them")
    parser.add_argument("--runs", type=int, default=1, help="the seconds are the median of so many")
    parser.add_argument("--ablate", action="store_true", help="what each figure becomes without one method")
    parser.add_argument("--curve", type=Path, metavar="FILE", help="the learning curve of one table, as SVG")
    options = parser.parse_args()
    paths = absent(wanted(options.table))
    examples = settings().reference / "price_parser" / "examples.jsonl"
    if "prices" in options.table and not examples.is_file():
        paths.append(examples)
    if paths:
        print(ABSENT.format(paths=", ".join(map(str, paths))), file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as temporary:
        report(options, Path(temporary))
    return 0


def report(options: argparse.Namespace, work: Path) -> None:
    """Print what was asked for."""
    if tables := [name for name in options.table if name in TABLES]:
        head(*HEAD)
        for name in tables:
            if options.ablate:
                ablate(name, work)
            elif options.curve:
                curve(name, work, options.curve)
            else:
                table(name, options.runs, work)
    if options.ablate or options.curve:
        return
    if "prices" in options.table:
        price_table()
    if names := [name for name in options.table if name in MASKED]:
        head(*MASKED_HEAD)
        for name in names:
            masked(name, work)


if __name__ == "__main__":
    sys.exit(main())
