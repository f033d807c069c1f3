"""The queue: what waits, what matters most, filters, searches, pages, and what people decided meanwhile."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration_assets.decisions.ledger import decisions_of
from orchestration_assets.decisions.order import GROUP, ordered
from orchestration_assets.decisions.queue import Filters, cells_page, facets, records_page
from orchestration_assets.decisions.shown import MASK
from orchestration_assets.decisions.worth import value_field
from orchestration_assets.errors import DeclarationError
from tests.decisions.till import (
    DAY,
    DELIVERY,
    LANDED,
    NEXT_DAY,
    SALES,
    decided,
    proposal,
    put,
    reason,
    sale,
    settled,
    trust,
    view_on,
)

NOW = LANDED + timedelta(hours=12)
ALL = Filters(states=())


@pytest.fixture
def view(tmp_path):
    """Three sales in review and two in quarantine, six open cells."""
    found = view_on(tmp_path)
    put(
        found,
        review=[
            sale(1, reason("price"), price="7.50"),
            sale(2, reason("price"), price="8.25", city="Rome"),
            sale(3, reason("price"), reason("city", "out_of_domain"), price="999.00", city="Pisa"),
        ],
        quarantine=[
            sale(4, reason("number"), number="4", price="50,00"),
            sale(5, reason(None, "inconsistent", "must add up"), source="stall", price="60.00"),
        ],
        repairs=[
            proposal(1, "price", "7.5"),
            proposal(2, "price", "8.25"),
            proposal(3, "price", "999"),
            proposal(3, "city", "Rome", method="mode", arm="mode:email", shape=None, confidence=0.4),
            proposal(3, "city", "Bern", method="reference", arm="plurality", shape=None, confidence=None),
            proposal(3, "city", "Oslo", method="mode", arm="old", status="undone", confidence=1.0),
        ],
    )
    return found


def cells(view, filters=ALL, **more) -> list[tuple]:
    rows = cells_page([view], filters, now=NOW, **more).rows
    return rows.select(pl.col("record_id").str.split(":").list.last().cast(int), "field").rows()


def test_each_open_field_of_a_held_record_is_one_row(view) -> None:
    page = cells_page([view], ALL, now=NOW)
    assert (page.total, page.records) == (6, 5)
    assert sorted(cells(view), key=repr) == [
        (1, "price"), (2, "price"), (3, "city"), (3, "price"), (4, "number"), (5, None),
    ]  # fmt: skip
    first = page.rows.filter(pl.col("field") == "price", pl.col("original") == "7.50").row(0, named=True)
    assert first["record_id"] == f"till:{DAY}:{DELIVERY}:1"
    assert (first["table"], first["kind"], first["wrong"]) == ("review", "malformed", "is not read")
    assert (first["proposal"], first["method"], first["shape"], first["alternatives"]) == (
        "7.5",
        "money",
        "9.99",
        1,
    )
    assert (first["since"], first["age_hours"], first["key"]) == (LANDED, 12.0, "N1")


def test_what_is_at_stake_is_what_the_record_says_or_else_what_is_proposed_for_it(view) -> None:
    stakes = dict(cells_page([view], ALL, now=NOW).rows.select("key", "value").rows())
    assert stakes == {"N1": 7.5, "N2": 8.25, "N3": 999.0, "4": 50.0, "N5": 60.0}


def test_without_a_field_that_is_at_stake_each_record_counts_one(tmp_path) -> None:
    plain = view_on(tmp_path, value=None)
    put(plain, review=[sale(1, reason("price"), price="7.50")])
    assert cells_page([plain], now=NOW).rows["value"].to_list() == [1.0]


def test_where_nothing_tells_what_is_at_stake_it_is_the_median_of_the_others(tmp_path) -> None:
    odd = view_on(tmp_path)
    put(
        odd,
        review=[
            sale(i, reason("city"), price=p) for i, p in enumerate(["1,00", "-5,00", "5,00", "9,00", "x"])
        ],
    )
    stakes = dict(cells_page([odd], now=NOW).rows.select("key", "value").rows())
    assert stakes == {
        "N0": 1.0,
        "N1": 5.0,
        "N2": 5.0,
        "N3": 9.0,
        "N4": 5.0,
    }  # -5 breaks the contract: it says nothing


def test_the_decision_that_matters_most_comes_first(view) -> None:
    # urgency 1 + 12/24 = 1.5. prices 1 and 2 are one group; 3 has another shape. own: 7.5, 8.25, 499.5 twice, 50, 60.
    rows = cells_page([view], ALL, now=NOW).rows
    found = {(k, f): round(m, 4) for k, f, m in rows.select("key", "field", "matters").rows()}
    assert found == {
        ("N3", "city"): 749.25, ("N3", "price"): 749.25, ("N5", None): 90.0, ("4", "number"): 75.0,
        ("N2", "price"): 1.5 * 8.25 + 7.5 / 1, ("N1", "price"): 1.5 * 7.5 + 8.25 / 2,
    }  # fmt: skip
    assert rows["matters"].is_sorted(descending=True)


def test_a_word_against_a_word_is_surer_than_a_method_that_is_mostly_wrong(view) -> None:
    [row] = cells_page([view], Filters(fields=("city",)), now=NOW).rows.to_dicts()
    assert (row["proposal"], row["method"], row["alternatives"]) == ("Bern", "reference", 2)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(tables=("quarantine",)), [(5, None), (4, "number")]),
        (Filters(sources=("stall",)), [(5, None)]),
        (Filters(kinds=("out_of_domain", "inconsistent")), [(3, "city"), (5, None)]),
        (Filters(fields=("number",)), [(4, "number")]),
        (Filters(min_value=60), [(3, "price"), (3, "city"), (5, None)]),
        (Filters(min_age_hours=13), []),
        (Filters(text="n2"), [(2, "price")]),
        (Filters(text="  PISA "), [(3, "price"), (3, "city")]),
        (Filters(text=f"{DELIVERY}:4"), [(4, "number")]),
        (Filters(text="50,0"), [(4, "number")]),
        (Filters(text="ann3@"), []),
        (Filters(text=".*"), []),
        (Filters(partitions=(NEXT_DAY,)), []),
        (Filters(feeds=("sales",), sources=("till",), text="n1"), [(1, "price")]),
        (Filters(feeds=("others",)), []),
    ],
)
def test_filters_and_searches_by_hand(view, filters, expected) -> None:
    assert cells(view, filters) == expected


def test_personal_values_are_masked_and_not_found_by_searching_unless_they_may_be_seen(tmp_path) -> None:
    view = view_on(tmp_path)
    put(
        view,
        review=[sale(3, reason("email"), email="bob@x")],
        repairs=[proposal(3, "email", "bob@example.org")],
    )
    [row] = cells_page([view], now=NOW).rows.to_dicts()
    assert (row["original"], row["proposal"]) == (MASK, MASK)
    assert "bob" not in str(row)
    assert cells(view, Filters(text="bob")) == []
    assert cells(view, Filters(text="bob"), sees_personal=True) == [(3, "email")]
    [row] = cells_page([view], now=NOW, sees_personal=True).rows.to_dicts()
    assert (row["original"], row["proposal"]) == ("bob@x", "bob@example.org")


def test_a_page_of_records_has_each_once_with_all_that_is_open(view) -> None:
    page = records_page([view], ALL, now=NOW, size=2)
    assert (page.total, page.rows["key"].to_list()) == (5, ["N3", "N5"])
    first = page.rows.row(0, named=True)
    assert (sorted(first["fields"].split(", ")), first["open_fields"]) == (["city", "price"], 2)
    assert first["matters"] == pytest.approx(1498.5)
    assert page.rows.row(1, named=True)["wrong"] == "the record must add up"


def test_facets_count_each_value_under_the_other_filters(view) -> None:
    found = {
        k: dict(v.rows()) for k, v in facets([view], Filters(sources=("till",), tables=("review",))).items()
    }
    assert found == {
        "feed": {"sales": 4}, "partition": {DAY: 4}, "source": {"till": 4}, "kind": {"malformed": 3, "out_of_domain": 1},
        "field": {"price": 3, "city": 1}, "table": {"review": 4, "quarantine": 1}, "state": {"open": 4},
    }  # fmt: skip


def test_pages_cover_the_queue_without_an_overlap(view) -> None:
    pages = [cells_page([view], ALL, number=n, size=4, now=NOW).rows for n in range(3)]
    assert [page.height for page in pages] == [4, 2, 0]
    assert pl.concat(pages).select("record_id", "field").n_unique() == 6


def test_there_is_a_queue_before_there_is_a_table(tmp_path) -> None:
    nothing = view_on(tmp_path)
    assert cells_page([nothing]).total == records_page([nothing]).total == cells_page([]).total == 0
    assert facets([nothing])["kind"].is_empty()


def test_a_new_version_of_a_table_is_seen_at_once(view) -> None:
    assert len(cells(view)) == 6
    put(view, review=[sale(9, reason("price"), price="1.00")])
    assert cells(view) == [(9, "price")]


def test_a_decided_cell_leaves_the_queue_and_comes_back_if_it_did_not_help(view) -> None:
    decided(view, 1, "price", "correct", value="0.75")
    assert (1, "price") not in cells(view, Filters())
    assert cells(view, Filters(states=("decided",))) == [(1, "price")]
    settled(view, decisions_of(view.lake, "sales")["decision"][-1])
    put(view, review=[sale(1, reason("price", "out_of_domain"), price="7.50")])
    assert cells(view, Filters()) == [(1, "price")]


def test_a_record_that_is_left_to_another_comes_last_for_who_left_it(view) -> None:
    decided(view, 3, None, "leave", by="bob")
    page = cells_page([view], now=NOW)
    assert page.rows.filter(pl.col("key") == "N3")["state"].to_list() == ["left", "left"]
    assert [key for key, _ in cells(view, Filters(person="bob"))][-2:] == [3, 3]
    assert [key for key, _ in cells(view, Filters(person="ann"))][:2] == [3, 3]


def test_what_is_kept_out_and_what_was_rejected_without_an_alternative_waits_no_more(view) -> None:
    decided(view, 3, None, "reject")
    decided(view, 2, "price", "reject", method="money", version="1", arm="comma", value="8.25")
    settled(view, decisions_of(view.lake, "sales")["decision"][-1])
    put(
        view,
        quarantine=[
            sale(2, reason("price"), price="8.25", city="Rome"),
            sale(3, reason("price"), reason("city"), price="999.00", city="Pisa"),
        ],
        repairs=[proposal(2, "price", "8.25", status="rejected"), proposal(3, "price", "999")],
    )
    assert cells(view, Filters()) == []
    assert len(cells(view, Filters(states=("kept_out",)))) == 3


def test_a_decision_follows_its_record_into_a_later_delivery(view) -> None:
    from orchestration_assets.decisions.drafting import decisions_from, drafts_of_record
    from orchestration_assets.decisions.ledger import decide

    drafts = drafts_of_record(view, f"till:{DAY}:{DELIVERY}:1", seen="").filter(pl.col("field") == "price")
    assert decide(view.lake, "sales", decisions_from(drafts, "accept", "ann")) == []
    moved = {
        **sale(77, reason("price"), number="N1", price="7.50", email="ann1@example.org"),
        "_delivery": "e" * 12,
    }
    put(view, review=[moved], day=NEXT_DAY)
    assert cells(view, Filters(partitions=(NEXT_DAY,), states=("decided",))) == [(77, "price")]


def test_cases_that_people_judged_make_the_next_one_teach_less(view) -> None:
    before = cells_page([view], Filters(text="n1"), now=NOW).rows.row(0, named=True)
    decided(view, 2, "price", "accept", value="8.25", method="money", version="1", arm="comma")
    after = cells_page([view], Filters(text="n1"), now=NOW).rows.row(0, named=True)
    assert (before["judged"], before["like_it"], after["judged"], after["right"], after["like_it"]) == (
        0,
        2,
        1,
        1,
        1,
    )
    assert after["matters"] < before["matters"]


@pytest.mark.parametrize(("name", "hint"), [("city", "price"), ("email", "price"), ("nothing", "price")])
def test_only_a_number_of_the_contract_can_be_at_stake(name, hint) -> None:
    with pytest.raises(DeclarationError, match=f"(?s)`{name}`.*Hint: one of {hint}"):
        value_field(name, SALES)


CELLS = st.lists(
    st.tuples(
        st.floats(0, 1e6),
        st.integers(1, 3),
        st.integers(0, 400),
        st.integers(0, 9),
        st.sampled_from(["a", "b", None]),
    ),
    max_size=12,
)


@given(CELLS)
def test_the_order_is_what_its_formula_says(rows) -> None:
    frame = pl.DataFrame(
        [
            {
                "value": value, "open_fields": open_fields, "since": NOW - timedelta(hours=hours), "judged": judged,
                **dict.fromkeys(GROUP, "x"), "method": method, "number": i,
            }
            for i, (value, open_fields, hours, judged, method) in enumerate(rows)
        ],
        schema={
            "value": pl.Float64, "open_fields": pl.Int64, "since": pl.Datetime("us", "UTC"), "judged": pl.Int64,
            **dict.fromkeys(GROUP, pl.String), "number": pl.Int64,
        },
    )  # fmt: skip
    expected = {}
    due = {i: (v / n) * (1 + min(h / 24, 3.0)) for i, (v, n, h, _, _) in enumerate(rows)}
    for i, (value, open_fields, _, judged, method) in enumerate(rows):
        alike = [j for j, row in enumerate(rows) if row[4] == method]
        others = sum(rows[j][0] / rows[j][1] for j in alike) - value / open_fields
        rank = sorted(alike, key=lambda j: (-due[j], j)).index(i) + 1
        expected[i] = due[i] + (others / (judged + rank) if method else 0.0)
    found = ordered(frame, NOW, 24)
    assert dict(found.select("number", "matters").rows()) == pytest.approx(expected, rel=1e-6, abs=1e-3)
    assert found["matters"].is_sorted(descending=True)


def test_a_clock_that_was_set_back_makes_nothing_younger_than_now(view) -> None:
    page = cells_page([view], ALL, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert page.rows["age_hours"].unique().to_list() == [0.0]


def test_tables_of_trusted_records_do_not_matter_to_the_queue(view) -> None:
    trust(view, [{"_row": 8, "number": "N8", "price": 1.0, "city": "Bern", "email": None}])
    assert len(cells(view)) == 6
