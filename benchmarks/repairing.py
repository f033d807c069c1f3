"""One reference table, repaired by `breakwater repair` in a process of its own, and scored."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from orchestration_assets.settings import settings

ROOT = Path(__file__).resolve().parent.parent
NOTHING = "?"


@dataclass(frozen=True)
class Case:
    """A dirty file, its clean one, the contract."""

    dirty: Path
    clean: Path
    contract: str


def scorer() -> Path:
    """The script that scores a repaired table, beside the reference data."""
    return settings().reference.parent / "tools" / "score_repair.py"


def absent(cases: list[Case]) -> list[Path]:
    """What is needed and not there."""
    needed = [scorer(), *(path for case in cases for path in (case.dirty, case.clean))]
    return sorted({path for path in needed if not path.is_file()})


def load(path: Path) -> pl.DataFrame:
    """The file as text."""
    return pl.read_csv(path, infer_schema=False, empty_string_is_null=False)


def measured(case: Case, rounds: tuple[int, ...], work: Path) -> dict[str, float]:
    """The figures of `score_repair.py`, and `seconds`: of the last call, with the labels of all `rounds` before it.

    Each round asks for so many records, judged by the clean file, with the labels so far.
    """
    asked: list[int] = []
    for count in rounds:
        asked += repair(case, asked, work, ask=count)["ask"]
    began = time.perf_counter()
    repair(case, asked, work)
    seconds = time.perf_counter() - began
    return {**score(case, work), **coverage(case, work), "labelled": len(set(asked)), "seconds": seconds}


def repair(case: Case, asked: list[int], work: Path, *, ask: int = 0) -> dict:
    """The summary of `breakwater repair`, with the true records of the positions `asked` as labels."""
    command = [sys.executable, "-m", "orchestration_assets.cli", "repair", str(case.dirty), "--contract"]
    command += [case.contract, "--out", str(work / "repaired.csv"), "--json", "--ask", str(ask)]
    if asked:
        labels(case, asked).write_csv(work / "labels.csv")
        command += ["--labels", str(work / "labels.csv")]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return json.loads(done.stdout)


def labels(case: Case, asked: list[int]) -> pl.DataFrame:
    """The true records at these positions, under the dirty file's names, and `_row`."""
    clean = load(case.clean)
    names = dict(zip(clean.columns, load(case.dirty).columns, strict=True))
    return clean.rename(names)[asked].with_columns(_row=pl.Series(asked))


def score(case: Case, work: Path) -> dict[str, float]:
    """What the scoring script prints."""
    command = [sys.executable, str(scorer()), str(case.dirty), str(case.clean), str(work / "repaired.csv")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def coverage(case: Case, work: Path) -> dict[str, float]:
    """Of the cells that were masked (`?`, and not so in the clean file): how many there are, are filled, are filled rightly."""
    dirty, clean, repaired = load(case.dirty), load(case.clean), load(work / "repaired.csv")
    counts = {"masked": 0, "filled": 0, "filled_right": 0}
    for name, true_name in zip(dirty.columns, clean.columns, strict=True):
        is_masked = (dirty[name] == NOTHING) & (clean[true_name] != NOTHING)
        is_filled = is_masked & (repaired[name].fill_null("") != dirty[name])
        is_right = is_filled & (repaired[name].fill_null("") == clean[true_name].fill_null(""))
        flags = zip(counts, (is_masked, is_filled, is_right), strict=True)
        counts = {key: counts[key] + int(flag.sum()) for key, flag in flags}
    return counts
