"""Cells that look alike are one decision, and its effect is known before it is made."""

import polars as pl
import pytest

from orchestration_assets.decisions.drafting import decisions_from, drafts_of_pattern, drafts_of_record
from orchestration_assets.decisions.foresight import effect
from orchestration_assets.decisions.ledger import decide, decisions_of
from orchestration_assets.decisions.patterns import SAMPLES, patterns
from orchestration_assets.decisions.queue import Filters, cells_page, seen_of
from orchestration_assets.decisions.shown import MASK
from orchestration_assets.errors import NotFoundError
from tests.decisions.till import DAY, DELIVERY, NEXT_DAY, decided, proposal, put, reason, sale, trust, view_on


@pytest.fixture
def view(tmp_path):
    """Seven prices with a point, of which one is too small, one has a bad city too, and one is of another day."""
    found = view_on(tmp_path)
    prices = ["1.50", "2.50", "3.50", "4.50", "5.50", "0.00"]
    held = [sale(i, reason("price"), price=price) for i, price in enumerate(prices)]
    held[4] = sale(
        4,
        reason("price"),
        reason("city", "out_of_domain", "must be one of Bern, Rome"),
        price="5.50",
        city="Pisa",
    )
    put(
        found,
        review=held[:4],
        quarantine=held[4:],
        repairs=[proposal(i, "price", p.rstrip("0")) for i, p in enumerate(prices)],
    )
    put(
        found,
        review=[sale(9, reason("price"), price="9.50")],
        repairs=[proposal(9, "price", "9.5")],
        day=NEXT_DAY,
    )
    return found


def pattern_of(view, name: str = "price") -> str:
    return patterns([view], Filters(fields=(name,)))["pattern"][0]


def test_cells_that_look_alike_are_one_pattern(view) -> None:
    found = patterns([view])
    assert found.height == 2
    first = found.row(0, named=True)
    assert first["title"] == "7 × price of till that look like 9.99"
    assert (first["cells"], first["records"], first["distinct"], first["distinct_proposals"]) == (7, 7, 7, 7)
    assert first["value"] == pytest.approx(
        1.5 + 2.5 + 3.5 + 4.5 + 5.5 / 2 + 4.0 + 9.5
    )  # 0.00 is not good: the median
    assert len(first["samples"]) == SAMPLES
    assert first["samples"][0] == "9.50 → 9.5"
    assert found.row(1, named=True)["title"] == "1 × city of till that looks like aaaa"


def test_patterns_of_missing_values_and_of_whole_records_have_titles_too(tmp_path) -> None:
    view = view_on(tmp_path)
    put(view, review=[sale(1, reason("city", "missing"), city=None), sale(2, reason(None, "inconsistent"))])
    assert sorted(patterns([view])["title"]) == [
        "1 × city of till where nothing stands",
        "1 × the record of till as a whole",
    ]


def test_samples_of_personal_fields_are_masked(tmp_path) -> None:
    view = view_on(tmp_path)
    put(
        view,
        review=[sale(1, reason("email"), email="bob@x")],
        repairs=[proposal(1, "email", "bob@example.org")],
    )
    assert patterns([view])["samples"].to_list() == [[f"{MASK} → {MASK}"]]
    assert patterns([view], sees_personal=True)["samples"].to_list() == [["bob@x → bob@example.org"]]
    [(_, *values)] = effect(view, pattern_of(view, "email"), "accept").examples
    assert values == [MASK, MASK]


def test_the_effect_of_accepting_is_judged_by_the_contract(view) -> None:
    found = effect(view, pattern_of(view), "accept")
    assert (found.cells, found.records, found.changes, found.trusted, found.refused) == (7, 7, 7, 5, "")
    assert found.held == [("city", "must be one of Bern, Rome", 1), ("price", "must be greater than 0", 1)]
    assert (f"till:{DAY}:{DELIVERY}:0", "1.50", "1.5") in found.examples
    assert found.in_words == (
        "7 of 7 cells change; 5 of 7 records become trusted; "
        "2 stay held: city must be one of Bern, Rome (1); price must be greater than 0 (1)"
    )


def test_the_effect_on_what_is_filtered_is_that_on_the_filtered_cells(view) -> None:
    found = effect(view, pattern_of(view), "accept", filters=Filters(partitions=(NEXT_DAY,)))
    assert (found.cells, found.trusted, found.held) == (1, 1, [])


def test_the_effect_of_rejecting_is_that_all_stay_held(view) -> None:
    found = effect(view, pattern_of(view), "reject")
    assert (found.changes, found.trusted, found.examples) == (0, 0, [])
    assert found.held[0] == ("price", "is not read", 7)


def test_the_effect_of_an_own_value_for_all(view) -> None:
    assert effect(view, pattern_of(view), "correct", "12.50").trusted == 6  # the one with the bad city stays
    assert effect(view, pattern_of(view), "correct", "-1").refused == "price must be greater than 0"
    assert "not read" in effect(view, pattern_of(view), "correct", "much").refused


def test_what_cannot_be_decided_so_is_refused_in_words(view) -> None:
    assert (
        effect(view, pattern_of(view, "city"), "accept").refused == "nothing is proposed for 1 of these cells"
    )
    assert effect(view, "sales-0", "accept").in_words == "nothing of it waits any more"
    assert effect(view, pattern_of(view), "keep_out").held == [("the record", "is kept out by a person", 7)]


def test_the_effect_knows_what_is_decided_and_not_yet_taken_up(view) -> None:
    decided(view, 4, "city", "correct", value="Rome")
    assert effect(view, pattern_of(view), "accept").trusted == 6


def test_a_repaired_key_that_is_another_records_stays_held(tmp_path) -> None:
    view = view_on(tmp_path)
    put(
        view,
        review=[sale(1, reason("number"), number="n7"), sale(2, reason("number"), number="n8")],
        repairs=[proposal(1, "number", "N7", method="code"), proposal(2, "number", "N8", method="code")],
    )
    trust(view, [{"_row": 5, "number": "N7", "price": 1.0, "city": "Bern", "email": None}])
    found = effect(view, pattern_of(view, "number"), "accept")
    assert (found.trusted, found.held) == (1, [("number", "repaired, it is the key of another record", 1)])


def test_drafts_of_a_pattern_are_decisions_on_each_cell_of_it(view) -> None:
    drafts = drafts_of_pattern(view, pattern_of(view), seen="")
    assert (drafts.height, drafts["is_seen"].sum()) == (7, SAMPLES)
    made = decisions_from(drafts, "accept", "ann", why="always so", pattern="p1")
    assert decide(view.lake, "sales", made) == []
    rows = decisions_of(view.lake, "sales")
    assert rows.select("action", "by", "why", "pattern", "method", "shape").unique().rows() == [
        ("accept", "ann", "always so", "p1", "money", "9.99")
    ]
    assert dict(rows.filter(pl.col("_partition") == DAY).select("original", "value").rows())["1.50"] == "1.5"
    assert sorted(rows["key"]) == ["N0", "N1", "N2", "N3", "N4", "N5", "N9"]
    assert cells_page([view]).total == 1  # the bad city


def test_drafts_of_a_record_cover_every_field_and_the_record_as_a_whole(view) -> None:
    drafts = drafts_of_record(view, f"till:{DAY}:{DELIVERY}:4", seen="")
    assert drafts["field"].to_list() == ["number", "price", "city", "email", None]
    told = {row["field"]: row for row in drafts.iter_rows(named=True)}
    assert (told["price"]["original"], told["price"]["value"], told["city"]["value"]) == ("5.50", "5.5", None)
    [corrected] = decisions_from(drafts.filter(pl.col("field") == "city"), "correct", "ann", value="Rome")
    assert (corrected.value, corrected.original, corrected.method, corrected.row) == ("Rome", "Pisa", None, 4)
    with pytest.raises(NotFoundError, match="does not wait"):
        drafts_of_record(view, f"till:{DAY}:{DELIVERY}:400", seen="")


def test_nobody_decides_over_a_decision_that_they_did_not_see(view) -> None:
    seen = seen_of([view])["sales"]
    drafts = drafts_of_record(view, f"till:{DAY}:{DELIVERY}:0", seen=seen).filter(pl.col("field") == "price")
    decided(view, 0, "price", "leave", by="bob", key="N0", originals=drafts["originals"][0])
    late = drafts_of_record(view, f"till:{DAY}:{DELIVERY}:0", seen=seen).filter(pl.col("field") == "price")
    [refused] = decide(view.lake, "sales", decisions_from(late, "accept", "ann"))
    assert "bob decided it" in refused.reason
    again = drafts_of_record(view, f"till:{DAY}:{DELIVERY}:0", seen=seen_of([view])["sales"])
    assert (
        decide(view.lake, "sales", decisions_from(again.filter(pl.col("field") == "price"), "accept", "ann"))
        == []
    )
