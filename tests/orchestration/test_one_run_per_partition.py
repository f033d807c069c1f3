"""Two runs of one partition: the second waits, or refuses; another process counts as well as this one."""

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration_assets.cli import main
from orchestration_assets.errors import LakeError, LockedError
from orchestration_assets.lake import Lake

DAY = "2026-11-01"
HOLD = """
import sys
from orchestration_assets.lake import Lake
with Lake(sys.argv[1]).lock("payments", sys.argv[2], wait_seconds=0, holder="run of the night"):
    print("held", flush=True)
    sys.stdin.read()
"""
GOOD = "P0000000001;C0000001;ann@example.org;M00001;D00000001;12,50;EUR;DE;01.11.2026 10:00;0,1"


@pytest.fixture
def holder(place) -> Iterator[subprocess.Popen]:
    """Another process that holds the partition until its input ends."""
    top = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place.lake.root), DAY],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=top,
    )  # fmt: skip
    assert process.stdout.readline() == "held\n"
    yield process
    process.stdin.close()
    assert process.wait() == 0
    process.stdout.close()


def release(process: subprocess.Popen) -> None:
    process.stdin.close()
    process.wait()


def test_a_second_process_is_refused_and_told_who_holds_the_partition(place, holder) -> None:
    with (
        pytest.raises(LockedError, match=f"payments {DAY} is being run by run of the night\nHint: "),
        place.lake.lock("payments", DAY, wait_seconds=0, holder="second"),
    ):
        pass


def test_a_second_process_proceeds_when_the_first_is_done(place, holder) -> None:
    told = []

    def on_wait(message: str) -> None:
        told.append(message)
        release(holder)

    with place.lake.lock("payments", DAY, wait_seconds=60, holder="second", on_wait=on_wait):
        told.append("proceeds")
    assert told == [f"payments {DAY} is being run by run of the night; waiting up to 60 s", "proceeds"]


@pytest.mark.parametrize(("feed", "day"), [("payments", "2026-11-02"), ("flights", DAY)])
def test_another_partition_or_feed_does_not_wait(place, holder, feed: str, day: str) -> None:
    with place.lake.lock(feed, day, wait_seconds=0, holder="second"):
        assert holder.poll() is None


def test_the_partition_is_free_again_after_the_holder_was_killed(place, holder) -> None:
    holder.kill()
    holder.wait()
    with place.lake.lock("payments", DAY, wait_seconds=0, holder="second"):
        pass
    holder.wait = lambda: 0


def test_the_partition_is_free_again_after_a_failure_inside(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with pytest.raises(ZeroDivisionError), lake.lock("payments", DAY, wait_seconds=0, holder="first"):
        _ = 1 / 0
    with lake.lock("payments", DAY, wait_seconds=0, holder="second"):
        pass


def test_the_same_process_cannot_hold_a_partition_twice(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with (
        lake.lock("payments", DAY, wait_seconds=0, holder="first"),
        pytest.raises(LockedError, match="is being run by first"),
        lake.lock("payments", DAY, wait_seconds=0, holder="second"),
    ):
        pass


@pytest.mark.parametrize("partition", ["../x", "", "a/b", "a b", ".hidden", "2026-11-01\n"])
def test_a_partition_that_cannot_be_a_folder_cannot_be_held(tmp_path: Path, partition: str) -> None:
    with (
        pytest.raises(LakeError, match="cannot be a partition"),
        Lake(tmp_path).lock("payments", partition, wait_seconds=0, holder="x"),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_may_not_wait_fails_in_words_and_changes_nothing(
    place, holder, surroundings, capsys
) -> None:
    place.gateway_a([GOOD])
    surroundings(place)
    assert main(["run", "payments", "--partition", DAY, "--wait", "0"]) == 3
    captured = capsys.readouterr()
    assert f"payments {DAY} is being run by run of the night" in captured.err
    assert "Traceback" not in captured.out + captured.err
    assert not place.lake.exists("payments/trusted")
    assert not place.lake.exists("gateway_a/deliveries")


def test_a_run_that_may_wait_waits_and_then_does_its_work(place, holder, surroundings) -> None:
    from orchestration_assets.running import run_partition

    class Told(io.StringIO):
        def write(self, text: str) -> int:
            if "waiting up to" in text:
                release(holder)
            return super().write(text)

    place.gateway_a([GOOD])
    surroundings(place)
    told = Told()
    result = run_partition("payments", DAY, told)
    assert "is being run by run of the night; waiting up to 60 s" in told.getvalue()
    assert (result.report["trusted"], result.report["lost"]) == (1, 0)
    assert place.table("trusted")["payment_id"].to_list() == ["P0000000001"]
