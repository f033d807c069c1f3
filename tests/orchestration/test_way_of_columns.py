"""What concerns a whole column or two fields at once goes the whole way of a partition, fragment by fragment."""

import shutil
import sys

import polars as pl
import pytest

CONTRACT = '''
"""Visits of the tests."""

from validators.contract import Contract, field


class Visit(Contract):
    """One row per visit."""

    number: str = field(key=True, str_matches=r"^V[0-9]+$")
    town: str = field(translate=("spelling", "split"), max_error=0.05)
    state: str = field(isin=["AL", "GA", "TN"], translate="split", max_error=0.05)
'''
FEED = """
feed: visits
contract: contract_of_visits_in_tests:Visit
owner: team:visits
partitions: {kind: daily, start: 2026-01-01}
"""
SOURCE = """
source: registry
feed: visits
owner: team:visits
delivers: snapshot
endpoints:
  - {kind: files, path: "visits/{partition}.csv"}
notation: {format: csv}
fields: {number: number, town: town, state: state}
"""
DAY = "2026-11-01"
TOWNS = (
    "birmingham montgomery huntsville tuscaloosa florence gadsden anniston fayette opelika dothan enterprise russellville"
    " guntersville talladega sylacauga alexander decatur cullman scottsboro andalusia"
).split()
ASKED = [
    *[(t, "AL") for t in "birminghxm montgomxry txscaloosa xnniston dxthan gaxsxen opxlika".split()],
    ("decatur GA", ""),
]


@pytest.fixture(scope="module")
def visited(place_at, tmp_path_factory: pytest.TempPathFactory):
    place = place_at(tmp_path_factory.mktemp("visits"))
    folder = tmp_path_factory.mktemp("contract")
    (folder / "contract_of_visits_in_tests.py").write_text(CONTRACT)
    for name in ("feeds", "catalog"):
        shutil.copytree(getattr(place, name), place.folder / name)
        setattr(place, name, place.folder / name)
    (place.feeds / "visits.yaml").write_text(FEED)
    (place.catalog / "registry.yaml").write_text(SOURCE)
    usual = [(t, ("AL", "GA", "TN")[i % 3]) for t in TOWNS for i in range(30)]
    lines = [f"V{i},{town},{state}\n" for i, (town, state) in enumerate([*usual, *ASKED])]
    place.put(f"visits/{DAY}.csv", "number,town,state\n" + "".join(lines))
    sys.path.insert(0, str(folder))
    place.outcomes = place.way(DAY, "visits")
    sys.path.remove(str(folder))
    return place


def test_misspelled_towns_are_published_as_they_are_meant(visited) -> None:
    assert [o.name for o in visited.outcomes if not o.is_passed] == []
    trusted = visited.table("trusted", DAY, "visits").sort(pl.col("number").str.slice(1).cast(pl.Int64))
    assert trusted.tail(len(ASKED)).select("town", "state").rows() == [
        ("birmingham", "AL"),
        ("montgomery", "AL"),
        ("tuscaloosa", "AL"),
        ("anniston", "AL"),
        ("dothan", "AL"),
        ("gadsden", "AL"),
        ("opelika", "AL"),
        ("decatur", "GA"),
    ]


def test_the_ledger_names_the_methods_and_the_originals(visited) -> None:
    repairs = visited.table("repairs", DAY, "visits").filter(status="applied")
    assert set(repairs["method"]) == {"spelling", "split"}
    assert repairs.filter(original="dxthan").select("field", "repaired", "arm").rows() == [
        ("town", "dothan", "letter replaced by x")
    ]
    methods = visited.table("methods", DAY, "visits")
    assert methods.filter(pl.col("is_applied") & (pl.col("error_bound") > pl.col("max_error"))).is_empty()
    assert {"spelling", "split"} <= set(methods["method"])


def test_a_misspelling_is_a_finding_with_its_rule(visited) -> None:
    findings = visited.table("findings", DAY, "visits").filter(rule="spelled_like_others")
    assert findings.select("kind").unique().rows() == [("inconsistent",)]
    assert findings.height == len(ASKED) - 1
