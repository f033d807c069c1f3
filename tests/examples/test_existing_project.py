"""The example project loads, shows its own asset beside the feed's, and runs."""

from pathlib import Path

import dagster as dg
import polars as pl

from examples.existing_project.definitions import TRUSTED, build
from orchestration_assets.lake import Lake

DAY = "2026-11-01"
FEED = (
    "clean malformed missing contested translated imputed settled "
    "review quarantine aside findings repairs methods metrics trusted fitted"
).split()


def test_the_merged_project_has_its_own_asset_and_those_of_the_feed(tmp_path: Path) -> None:
    definitions = build(tmp_path)
    dg.Definitions.validate_loadable(definitions)

    keys = {key.to_user_string() for key in definitions.resolve_asset_graph().get_all_asset_keys()}

    landed = {f"{name}/{name}_landed" for name in ("gateway_a", "gateway_b", "ledger")}
    assert keys == {"daily_turnover", *landed, *(f"payments/{name}" for name in FEED)}


def test_the_projects_own_asset_stands_below_trusted(tmp_path: Path) -> None:
    graph = build(tmp_path).resolve_asset_graph()

    assert graph.get(dg.AssetKey("daily_turnover")).parent_keys == {TRUSTED}


def test_the_report_adds_up_to_what_was_published(example_folder: Path) -> None:
    trusted = Lake(example_folder / "lake").read("payments/trusted", DAY)
    report = pl.read_csv(example_folder / "reports" / f"{DAY}.csv")

    assert trusted.height > 200
    assert report["payments"].sum() == trusted.height
    assert sorted(report["currency"]) == sorted(set(trusted["currency"]))


def test_the_feed_writes_into_the_projects_folder_only(example_folder: Path) -> None:
    assert {path.name for path in example_folder.iterdir()} == {"outside", "lake", "reports"}
    assert {path.name for path in (example_folder / "lake").iterdir()} == {
        "gateway_a", "gateway_b", "ledger", "payments", "_locks",
    }  # fmt: skip
