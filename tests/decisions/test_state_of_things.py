"""The state of things in numbers: flow, resilience, what runs by itself, what waits, which methods are right."""

from datetime import timedelta

import polars as pl
import pytest

from orchestration_assets.decisions.state import NODES, by_itself, flow, methods, resilience, waits
from tests.decisions.till import DAY, LANDED, NEXT_DAY, decided, proposal, put, reason, sale, view_on

COUNTS = {
    "landed": 100, "unreadable": 1, "clean": 60, "translated": 10, "imputed": 5, "trusted": 75, "review": 12,
    "quarantine": 3, "duplicate": 9, "outside": 0,
}  # fmt: skip


@pytest.fixture
def view(tmp_path):
    found = view_on(tmp_path)
    put(
        found,
        review=[
            sale(1, reason("price"), price="7.50"),
            sale(2, reason("price"), reason("city"), price="9.50"),
        ],
        quarantine=[sale(3, reason("city"), source="stall", price="30")],
        repairs=[
            proposal(1, "price", "7.5"),
            proposal(2, "price", "9.5"),
            proposal(8, "price", "1", status="applied"),
            proposal(8, "price", "1", status="applied", arm="point"),
            proposal(9, "city", "Rome", status="applied", decided_by="ann", method="person"),
            proposal(9, "city", "Oslo", status="rejected", method="mode", decided_by="ann"),
            proposal(7, "price", "5", status="undone", decided_by="eve"),
        ],
    )
    for day, share in ((DAY, 1.0), (NEXT_DAY, 2.0)):
        rows = [{"metric": name, "value": count * share} for name, count in COUNTS.items()]
        found.lake.replace("sales/metrics", day, pl.DataFrame(rows))
    return found


def test_the_flow_conserves_the_records(view) -> None:
    found = flow(view, DAY)
    assert dict(found.nodes.rows()) == COUNTS
    out = found.links.filter(pl.col("source") == "landed")["records"].sum()
    into = found.links.filter(pl.col("target") == "trusted")["records"].sum()
    assert (out, into) == (COUNTS["landed"], COUNTS["trusted"])
    assert "outside" not in found.links["target"]
    assert flow(view).nodes["records"].to_list() == [3 * COUNTS[name] for name in NODES]


def test_resilience_has_a_row_per_partition(view) -> None:
    first, second = resilience(view).to_dicts()
    assert (first["_partition"], first["landed"], second["_partition"], second["landed"]) == (
        DAY,
        100,
        NEXT_DAY,
        200,
    )
    shares = [first[f"{name}_share"] for name in ("trusted", "repaired", "held", "troubled")]
    assert shares == [0.75, 0.5, 0.15, 0.4]


def test_how_much_runs_by_itself_and_how_often_people_overrule(view) -> None:
    decided(view, 1, "price", "reject", method="money", version="1", arm="comma", value="7.5")
    decided(view, 2, "city", "leave")
    decided(view, 9, "city", "accept", value="Rome")
    decided(view, 10, "city", "correct", value="Bern")
    [row] = by_itself(view).to_dicts()
    # cells: one applied by the gate (two proposals for it), one by ann; three wait, one was decided just now
    assert (row["applied"], row["by_people"], row["waiting"]) == (1, 1, 3)
    assert (row["decided"], row["overruled"]) == (3, 2)
    assert row["share_by_itself"] == 0.2
    assert row["overruled_share"] == round(2 / 3, 6)


def test_what_waits_and_how_long(view) -> None:
    rows = {(r["table"], r["_source"]): r for r in waits(view, LANDED + timedelta(hours=30)).to_dicts()}
    assert list(rows) == [("review", "till"), ("quarantine", "stall")]
    of_till = rows["review", "till"]
    assert (of_till["records"], of_till["cells"], of_till["value"]) == (2, 3, 17.0)
    assert (of_till["oldest"], of_till["median_age_hours"], of_till["over_limit"]) == (LANDED, 30.0, 2)


def test_each_method_has_its_record(view) -> None:
    decided(view, 1, "price", "accept", method="money", version="1", arm="comma", value="7.5")
    decided(view, 2, "price", "reject", method="money", version="1", arm="comma", value="9.5")
    rows = {(r["method"], r["field"]): r for r in methods(view).to_dicts()}
    money = rows["money", "price"]
    assert [money[n] for n in ("applied", "suggested", "rejected", "undone")] == [2, 2, 0, 1]
    assert [money[n] for n in ("judged", "judged_right", "judged_wrong", "max_error")] == [2, 1, 1, 0.1]
    assert 0.97 < money["judged_bound"] < 0.98  # Clopper and Pearson: one of two wrong
    assert rows["mode", "city"]["rejected"] == 1
    assert rows["mode", "city"]["judged_bound"] is None


def test_there_is_a_state_before_there_is_a_table(tmp_path) -> None:
    view = view_on(tmp_path)
    assert flow(view).links.is_empty()
    assert [f(view).height for f in (resilience, by_itself, waits, methods)] == [0, 0, 0, 0]
