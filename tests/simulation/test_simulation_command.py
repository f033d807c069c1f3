"""The command: what it prints, and how it leaves."""

from datetime import date
from pathlib import Path

import pytest

from sources.simulation.__main__ import days_of, main


def test_each_day_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(
        ["--out", str(tmp_path), "--days", "2026-11-01..2026-11-02", "--records", "1200", "--seed", "4"]
    )
    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert [line.split("; ")[0] for line in lines] == [
        "2026-11-01: 1,200 payments",
        "2026-11-02: 1,200 payments",
    ]
    assert (tmp_path / "truth" / "2026-11-02.parquet").is_file()


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2026-11-01", [date(2026, 11, 1)]),
        ("2026-10-31..2026-11-01", [date(2026, 10, 31), date(2026, 11, 1)]),
    ],
)
def test_both_ends_of_a_range_belong_to_it(text: str, days: list[date]) -> None:
    assert days_of(text) == days


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--days", "tomorrow"], "--days: expected a day or a range of days, got 'tomorrow'.\nHint: "),
        (
            ["--days", "2026-11-02..2026-11-01"],
            "--days: the range 2026-11-02..2026-11-01 ends before it begins.",
        ),
        (
            ["--days", "2026-11-01", "--damage", "7"],
            "DamageRates.share: expected a number in [0, 1], got 7.0.",
        ),
        (["--days", "2026-11-01", "--records", "-5"], "records: expected a whole number"),
    ],
)
def test_a_mistake_is_a_message_and_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["--out", str(tmp_path), *arguments]) == 1
    assert capsys.readouterr().err.startswith(message)


def test_an_unknown_argument_is_a_message_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["--out", "somewhere", "--days", "2026-11-01", "--style", "xml"])
    assert leaving.value.code == 1
    assert "argument --style: invalid choice: 'xml'" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_exit_code_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    assert main(["--out", str(tmp_path / "file"), "--days", "2026-11-01", "--records", "10"]) == 3
    assert "cannot be written" in capsys.readouterr().err
