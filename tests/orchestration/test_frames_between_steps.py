"""What lies between the steps is the same whether it is at hand, or read by a process that did not write it."""

import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration_assets.errors import LakeError
from orchestration_assets.steps.shelf import Shelf

ROOM = 1 << 20
NAMES = st.sampled_from(["a", "b", "c"])
ACTS = st.tuples(st.sampled_from(["put", "put_soon", "lay_by"]), NAMES, st.integers(0, 50))


def frame(number: int) -> pl.DataFrame:
    return pl.DataFrame({"number": [number] * number, "text": [f"text of {number}"] * number})


@settings(max_examples=25, deadline=None)
@given(acts=st.lists(ACTS, max_size=12), budget=st.sampled_from([0, 800, 3000, ROOM]))
def test_what_was_kept_last_under_a_name_is_found_under_it(acts: list, budget: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shelf, expected = Shelf(budget), {}
        for act, name, number in acts:
            getattr(shelf, act)(Path(folder, name), frame(number))
            expected[name] = number
            assert all(shelf.get(Path(folder, n)).equals(frame(e)) for n, e in expected.items())
            assert shelf.get(Path(folder, name), ["text"]).equals(frame(number).select("text"))
        shelf.forget(Path(folder))


@pytest.mark.parametrize("keep", ["put", "put_soon"])
def test_another_process_finds_it_in_the_file(tmp_path: Path, keep: str) -> None:
    shelf = Shelf(ROOM)
    getattr(shelf, keep)(tmp_path / "units" / "a", frame(3))
    shelf.finish(tmp_path)
    assert Shelf(ROOM).get(tmp_path / "units" / "a").equals(frame(3))


def test_what_is_only_for_one_step_is_written_when_there_is_no_room(tmp_path: Path) -> None:
    Shelf(ROOM).lay_by(tmp_path / "at_hand", frame(3))
    Shelf(0).lay_by(tmp_path / "beyond", frame(3))
    assert [path.name for path in tmp_path.iterdir()] == ["beyond"]


def test_at_the_end_of_a_step_only_what_it_put_is_there_for_the_next(tmp_path: Path) -> None:
    shelf = Shelf(ROOM)
    shelf.put_soon(tmp_path / "put", frame(3))
    shelf.lay_by(tmp_path / "laid_by", frame(3))
    shelf.finish(tmp_path)
    assert shelf.get(tmp_path / "put").equals(frame(3))
    assert not shelf.holds(tmp_path / "laid_by")


def test_a_file_that_another_process_wrote_meanwhile_is_read(tmp_path: Path) -> None:
    shelf = Shelf(ROOM)
    shelf.put(tmp_path / "a", frame(3))
    Shelf(ROOM).put(tmp_path / "a", frame(4))
    assert shelf.get(tmp_path / "a").equals(frame(4))


def test_what_is_forgotten_is_read_again_and_what_lies_elsewhere_stays(tmp_path: Path) -> None:
    shelf = Shelf(ROOM)
    for name in ("one", "other"):
        shelf.put(tmp_path / name / "a", frame(3))
        shelf.lay_by(tmp_path / name / "b", frame(3))
    shelf.forget(tmp_path / "one")
    assert shelf.get(tmp_path / "one" / "a").equals(frame(3))
    assert not shelf.holds(tmp_path / "one" / "b")
    assert shelf.holds(tmp_path / "other" / "b")


def test_a_write_that_failed_is_told_to_the_step_that_asked_for_it_and_to_no_other(tmp_path: Path) -> None:
    (tmp_path / "full").touch()
    shelf = Shelf(ROOM)
    shelf.put_soon(tmp_path / "full" / "a", frame(3))
    shelf.put_soon(tmp_path / "sound" / "a", frame(3))
    shelf.finish(tmp_path / "sound")
    with pytest.raises(LakeError):
        shelf.finish(tmp_path / "full")
    shelf.put_soon(tmp_path / "full" / "a", frame(3))
    shelf.forget(tmp_path / "full")
    shelf.finish(tmp_path)
