"""Parts are worked on two at a time, and come back in their order."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import polars as pl
import pytest

from orchestration_assets.lake import Lake
from orchestration_assets.parallel import side_by_side


def test_two_parts_are_worked_on_at_once_and_come_back_in_order() -> None:
    both = Barrier(2, timeout=10)  # breaks unless two arrive together

    def work(part: int) -> int:
        both.wait()
        return part * 10

    assert side_by_side(work, [3, 1, 4, 2]) == [30, 10, 40, 20]


def test_what_one_part_raises_is_raised() -> None:
    def work(part: int) -> float:
        return 1 / part

    with pytest.raises(ZeroDivisionError):
        side_by_side(work, [1, 0])


def test_two_threads_may_stage_files_of_one_table(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    frames = [pl.DataFrame({"number": range(i, i + 20_000)}) for i in range(12)]
    with ThreadPoolExecutor(2) as pool:
        files = list(pool.map(lambda frame: lake.stage("feed/numbers", "2026-11-02", frame), frames))
    lake.commit("feed/numbers", "2026-11-02", files, frames[0].schema)
    read = [pl.read_parquet(tmp_path / "feed" / "numbers" / file.path) for file in files]
    assert [frame["number"][0] for frame in read] == list(range(12))
    assert lake.read("feed/numbers", "2026-11-02").height == 240_000
