"""What other records with the same determinant contradict, or fill, goes the whole way of a partition, fragment by fragment."""

import shutil
import sys

import pytest

CONTRACT = '''
"""Branches of the tests."""

from validators.contract import Contract, field


class Branch(Contract):
    """One row per branch."""

    number: str = field(key=True, str_matches=r"^B[0-9]+$")
    zip: str = field(str_matches=r"^[0-9]{5}$", max_error=0.05)
    phone: str = field(str_matches=r"^[0-9]+$", max_error=0.05)
    city: str = field(determined_by=["zip", "phone"], max_error=0.05)
    size: int = field(ge=1)
'''
FEED = """
feed: branches
contract: contract_of_branches_in_tests:Branch
owner: team:branches
partitions: {kind: daily, start: 2026-01-01}
"""
SOURCE = """
source: chain
feed: branches
owner: team:branches
delivers: snapshot
endpoints:
  - {kind: files, path: "branches/{partition}.csv"}
notation: {format: csv}
fields: {number: number, zip: zip, phone: phone, city: city, size: size}
"""
DAY = "2026-11-01"
USUAL = [(f"{10000 + c}", f"30{c}", f"city {c}", "5") for c in range(4) for _ in range(40)]
ASKED = [
    ("10001", "301", "c1ty 1", "5"),  # misspelled: both determinants say so
    ("10002", "302", "", "5"),  # missing
    ("10003", "300", "elsewhere", "5"),  # the determinants disagree: for a person
    ("10000", "300", "c1ty 0", "0"),  # misspelled, and beside it something that nothing repairs
]


@pytest.fixture(scope="module")
def chain(place_at, tmp_path_factory: pytest.TempPathFactory):
    place = place_at(tmp_path_factory.mktemp("branches"))
    folder = tmp_path_factory.mktemp("contract")
    (folder / "contract_of_branches_in_tests.py").write_text(CONTRACT)
    for name in ("feeds", "catalog"):
        shutil.copytree(getattr(place, name), place.folder / name)
        setattr(place, name, place.folder / name)
    (place.feeds / "branches.yaml").write_text(FEED)
    (place.catalog / "chain.yaml").write_text(SOURCE)
    lines = [f"B{i},{','.join(row)}\n" for i, row in enumerate([*USUAL, *ASKED])]
    place.put(f"branches/{DAY}.csv", "number,zip,phone,city,size\n" + "".join(lines))
    sys.path.insert(0, str(folder))
    place.outcomes = place.way(DAY, "branches")
    yield place
    sys.path.remove(str(folder))


def cities(place) -> dict[str, str]:
    return dict(place.table("trusted", DAY, "branches").select("number", "city").iter_rows())


def test_cities_are_published_as_the_others_with_the_same_zip_and_phone_state_them(chain) -> None:
    assert [o.name for o in chain.outcomes if not o.is_passed] == []
    found = cities(chain)
    assert (found["B160"], found["B161"]) == ("city 1", "city 2")
    assert len(found) == 162


def test_what_is_held_keeps_its_words_and_says_what_contradicts_it(chain) -> None:
    held = {row["number"]: row for row in chain.table("review", DAY, "branches").to_dicts()}
    assert held["B162"]["city"] == "elsewhere"
    assert [error["rule"] for error in held["B162"]["_errors"]] == ["follows_from_others"]
    quarantined = {row["number"]: row for row in chain.table("quarantine", DAY, "branches").to_dicts()}
    assert quarantined["B163"]["city"] == "c1ty 0"


def test_the_ledger_names_the_determinant_and_the_original(chain) -> None:
    repairs = chain.table("repairs", DAY, "branches").filter(method="dependency", status="applied")
    assert sorted(repairs.select("original", "repaired").rows(), key=str) == [
        ("c1ty 0", "city 0"),
        ("c1ty 1", "city 1"),
        (None, "city 2"),
    ]
    assert set(repairs["arm"]) <= {"zip", "phone"}
    assert repairs["confidence"].to_list() == [1.0, 1.0, 1.0]  # all 160 known cities were predicted rightly
    methods = chain.table("methods", DAY, "branches").filter(method="dependency")
    assert sorted(methods["arm"]) == ["phone", "zip"]


def test_how_a_delivery_is_cut_into_fragments_decides_nothing(chain) -> None:
    before = cities(chain)
    chain.fragment_bytes = 700
    chain.way(DAY, "branches")
    assert len(chain.rows("chain/deliveries", DAY)["fragments"][0]) > 3
    assert cities(chain) == before
