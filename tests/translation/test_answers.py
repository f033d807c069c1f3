"""What libraries answered is kept: asked once per distinct value and version, values themselves not written down."""

from pathlib import Path

import polars as pl
import pytest

from orchestration_assets.translation import answers
from orchestration_assets.translation.answers import Answers, answered, remembering
from orchestration_assets.translation.libraries import by_distinct


class Library:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, text: str) -> str | None:
        self.asked.append(text)
        return None if text == "nothing" else text.upper()


@pytest.fixture
def library() -> Library:
    return Library()


def read(library: Library, *texts: str | None, how: str = "capitals 1") -> list[str | None]:
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    return frame.select(by_distinct(pl.col("text"), library.ask, "some-library", how)).to_series().to_list()


def test_a_distinct_value_is_asked_once_over_all_runs(library, tmp_path: Path) -> None:
    path = tmp_path / "feed" / "answers.parquet"
    with remembering(path):
        assert read(library, "a", "b", "a", None, "nothing") == ["A", "B", "A", None, None]
    with remembering(path):
        assert read(library, "b", "nothing", "c") == ["B", None, "C"]
    assert library.asked == ["a", "b", "nothing", "c"]


def test_another_way_of_asking_and_another_version_are_asked_anew(
    library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with remembering(tmp_path / "answers.parquet"):
        read(library, "a")
        read(library, "a", how="capitals 2")
    monkeypatch.setattr(answers, "_version", lambda _library: "9")
    with remembering(tmp_path / "answers.parquet"):
        read(library, "a")
    assert library.asked == ["a", "a", "a"]


def test_values_are_not_written_down(library, tmp_path: Path) -> None:
    path = tmp_path / "answers.parquet"
    with remembering(path):
        read(library, "ann@example.org")
    assert b"ann@example.org" not in path.read_bytes()
    assert pl.read_parquet(path).select("asked", "answer").rows() == [
        ("some-library unknown, capitals 1", "ANN@EXAMPLE.ORG")
    ]


def test_without_a_feed_every_value_is_asked(library) -> None:
    assert answered(["a", "a"], library.ask, "some-library", "capitals 1") == ["A", "A"]
    assert library.asked == ["a", "a"]


def test_a_run_that_asked_nothing_new_writes_nothing(library, tmp_path: Path) -> None:
    path = tmp_path / "answers.parquet"
    with remembering(path):
        read(library, "a")
    before = path.stat().st_mtime_ns
    with remembering(path):
        read(library, "a")
    assert path.stat().st_mtime_ns == before


def test_the_latest_answers_are_kept_within_a_bound(
    library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "KEPT", 2)
    with remembering(tmp_path / "answers.parquet"):
        read(library, "a", "b", "c")
    assert [list(of.values()) for of in Answers(tmp_path / "answers.parquet").known.values()] == [["B", "C"]]
