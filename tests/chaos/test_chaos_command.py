"""`breakwater chaos` from its arguments to its exit code."""

import json
from pathlib import Path

import pytest

from orchestration_assets.cli import main


def test_it_prints_the_figures_and_ends_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(
        ["chaos", "--rounds", "1", "--seed", "8", "--fault", "late", "--folder", str(tmp_path), "--json"]
    )
    found = json.loads(capsys.readouterr().out)
    assert code == 0
    assert (found["rounds"], found["lost"], found["wrong"], found["broken"]) == (1, 0, 0, [])
    assert set(found["faults"]) == {"late"}
    assert found["recovery_seconds"]["max"] > 0
    assert [path.name for path in tmp_path.iterdir()] == ["world-0"]
    assert list(tmp_path.glob("*/round-*")) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fault", "earthquake"], "there is no fault earthquake"),
        (["--rounds", "0"], "--rounds must be at least 1"),
        (["--seed", "-1"], "--seed not negative"),
    ],
)
def test_a_mistake_is_told(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chaos", *arguments]) == 1
    assert words in capsys.readouterr().err
