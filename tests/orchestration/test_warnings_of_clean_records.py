"""A field whose breach is only a warning: the record is trusted, marked, and its finding is kept."""

from pathlib import Path

from orchestration_assets.feed import load_feeds
from orchestration_assets.lake import Lake
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.imputation import impute_partition
from orchestration_assets.steps.landing import land_sources
from orchestration_assets.steps.publishing import publish_partition
from orchestration_assets.steps.settlement import settle_partition
from orchestration_assets.steps.translation import translate_partition
from orchestration_assets.steps.triage import triage_partition
from validators.contract import Contract, field

FEED = """
feed: visits
contract: {module}:Visit
owner: team:visits
partitions: {{kind: static, keys: [all]}}
"""
SOURCE = """
source: door
feed: visits
owner: team:visits
delivers: snapshot
endpoints: [{kind: files, path: visits.csv}]
notation: {format: csv}
fields: {visit: visit, mood: mood}
"""


class Visit(Contract):
    """One row per visit."""

    visit: str = field(key=True)
    mood: str = field(isin=["good", "fair"], severity="warning")


def test_a_warning_keeps_its_record_trusted_and_stands_in_the_findings(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("orchestration_assets.steps.context.load_contract", lambda _reference: Visit)
    for folder, name, text in (
        ("feeds", "visits.yaml", FEED.format(module="tests.anywhere")),
        ("catalog", "door.yaml", SOURCE),
        ("outside", "visits.csv", "visit,mood\nv1,good\nv2,grim\n"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text, encoding="utf-8")
    declared = load_feeds(tmp_path / "feeds", tmp_path / "catalog").of("visits")
    context = Context(declared, Lake(tmp_path / "lake"), "all", tmp_path / "outside")
    land_sources(context)
    for step in (
        triage_partition,
        translate_partition,
        impute_partition,
        settle_partition,
        publish_partition,
    ):
        step(context)
    trusted = context.lake.read("visits/trusted", "all").sort("visit")
    assert trusted["visit"].to_list() == ["v1", "v2"]
    assert [w and [reason["field"] for reason in w] for w in trusted["_warnings"].to_list()] == [
        None,
        ["mood"],
    ]
    found = context.lake.read("visits/findings", "all")
    assert found.select("_row", "field", "severity", "value").rows() == [(1, "mood", "warning", "grim")]
