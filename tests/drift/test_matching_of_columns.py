"""Which new column stands for which gone field, on small frames written by hand."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration_assets.drift.candidates import Delivered, History, Matching
from orchestration_assets.drift.kinds import kind_of, kinds_of
from orchestration_assets.drift.mapping import as_mapping, mapped_source, yaml_lines
from orchestration_assets.drift.matching import match
from orchestration_assets.drift.units import scale_change, unit_for
from orchestration_assets.drift.values import numbers, similarity
from sources.declaration import Source
from validators.contract import Contract, field
from validators.parsing import Notation
from validators.rules import compile_contract


class Order(Contract, grain="entity"):
    """One row per order."""

    order_id: str = field(key=True, str_matches=r"^O[0-9]{6}$")
    customer_country: str = field(isin=["DE", "FR", "IT"])
    shop_country: str = field(isin=["DE", "FR", "IT"])
    price: float = field(gt=0, translate="money")
    note: str = field(nullable=True)


RULES = compile_contract(Order)
COUNTRIES = ["DE", "FR", "IT"]


def source(**fields: Any) -> Source:
    declared = {name: name for name in ("order_id", "customer_country", "shop_country", "price")} | fields
    return Source.model_validate(
        {
            "source": "shop", "feed": "orders", "owner": "team:shop", "delivers": "increment",
            "endpoints": [{"kind": "files", "path": "x.csv"}], "notation": {"format": "csv"}, "fields": declared,
        }
    )  # fmt: skip


def frame(rows: int = 60, **renamed: str) -> pl.DataFrame:
    plain = pl.DataFrame(
        {
            "order_id": [f"O{i:06d}" for i in range(rows)],
            "customer_country": [COUNTRIES[i % 2] for i in range(rows)],
            "shop_country": [COUNTRIES[i % 3] for i in range(rows)],
            "price": [f"{5 + i}.50" for i in range(rows)],
        }
    )
    return plain.rename(renamed)


def matched(
    values: pl.DataFrame, *gone: str, history: History | None = None, of: Source | None = None
) -> Matching:
    declared = set((of or source()).columns.values())
    undeclared = tuple(column for column in values.columns if column not in declared)
    notations = {name: Notation() for name in RULES.fields}
    return match(Delivered(values, undeclared), gone, of or source(), RULES, notations, history or History())


def test_a_name_in_another_language_with_fitting_values_is_clear() -> None:
    found = matched(frame(order_id="Bestellnummer", price="Preis"), "order_id", "price")
    assert {name: c.column for name, c in found.candidates.items()} == {
        "order_id": "Bestellnummer",
        "price": "Preis",
    }
    assert found.is_clear(["order_id", "price"])


def test_a_name_alone_does_not_make_a_column_whose_values_do_not_fit() -> None:
    values = frame(order_id="order_no").with_columns(order_no=pl.lit("see attachment"))
    assert not matched(values, "order_id").is_clear(["order_id"])


def test_fitting_values_under_a_name_that_says_nothing_are_only_proposed() -> None:
    found = matched(frame(order_id="zqw"), "order_id")
    assert found.candidates["order_id"].column == "zqw"
    assert not found.is_clear(["order_id"])


def test_of_two_columns_alike_each_goes_by_its_name() -> None:
    found = matched(
        frame(customer_country="kundenland", shop_country="land_des_shops"),
        "customer_country",
        "shop_country",
    )
    assert {name: c.column for name, c in found.candidates.items()} == {
        "customer_country": "kundenland",
        "shop_country": "land_des_shops",
    }
    assert found.is_clear(["customer_country", "shop_country"])


def test_of_two_columns_alike_with_names_that_do_not_tell_them_apart_none_is_taken() -> None:
    found = matched(frame(customer_country="land1", shop_country="land2"), "customer_country", "shop_country")
    assert not found.is_clear(["customer_country", "shop_country"])


def test_a_column_that_is_like_a_field_which_is_still_there_is_not_taken_for_another() -> None:
    values = frame().drop("customer_country").with_columns(shop_land=pl.col("shop_country"))
    assert not matched(values, "customer_country").is_clear(["customer_country"])


def test_a_gone_field_without_any_column_that_could_stand_for_it_is_unexplained() -> None:
    found = matched(frame().drop("price").with_columns(weather=pl.lit("rain")), "price")
    assert (found.candidates, found.unexplained) == ({}, ("price",))


def test_a_new_unit_is_proposed_and_never_taken_by_itself() -> None:
    known = pl.DataFrame({"price": [5.5 + i for i in range(60)]})
    values = frame(price="Preis").with_columns(
        Preis=pl.Series([str(int(100 * (5.5 + i))) for i in range(60)])
    )
    found = matched(values, "price", history=History(known))
    assert (found.candidates["price"].column, found.candidates["price"].unit) == ("Preis", "cents")
    assert "of another scale" in found.candidates["price"].doubt


def test_a_name_that_says_another_unit_is_left_to_a_person() -> None:
    assert "cents" in matched(frame(price="price_cents"), "price").candidates["price"].doubt


def test_a_header_that_is_a_record_is_not_taken_for_names() -> None:
    found = matched(frame(order_id="O000077"), "order_id")
    assert "no header" in found.candidates["order_id"].doubt


def test_a_mapping_changes_the_source_and_gives_the_lines_to_paste() -> None:
    declared = source(price={"from": "price", "decimal": ","})
    mapping = as_mapping(matched(frame(price="Preis"), "price", of=declared))
    assert mapped_source(declared, mapping).columns["price"] == "Preis"
    assert mapped_source(declared, mapping).fields["price"].decimal == ","
    assert yaml_lines(declared, mapping) == "price: {from: Preis, decimal: ','}\n"
    assert mapped_source(declared, "") is declared


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "22", "-3"], "whole numbers"),
        (["1", "2.5", "3.25"], "numbers with a decimal point"),
        (["1,5", "2,5"], "numbers with a decimal comma"),
        (["2026-11-01", "2026-11-02"], "days"),
        (["01.11.2026 10:00", "2.11.2026 9:30"], "points in time"),
        (["7:10 a.m.", "12:05 p.m."], "times of day"),
        (["ann@example.org"], "e-mail addresses"),
        (["C0000001", "AB-12"], "codes"),
        (["blue", "red"], "text"),
        (["", " ", None], ""),
    ],
)
def test_values_are_of_a_kind(texts: list[str | None], kind: str) -> None:
    assert kind_of(pl.Series(texts, dtype=pl.String)) == kind


@pytest.mark.parametrize(
    ("strays", "kind"),
    [
        (["2.5", "3.5"], "whole numbers"),
        (["2,5", "3,5"], "whole numbers"),
        (["2.5"] * 8, "numbers with a decimal point"),
        (["n/a"] * 8, "text"),
    ],
)
def test_a_few_decimals_leave_a_column_of_a_delivery_one_of_whole_numbers(
    strays: list[str], kind: str
) -> None:
    assert kinds_of(pl.DataFrame({"cents": [*["7", None] * 20, *strays]})) == {"cents": kind}


def test_values_that_recur_are_alike_and_others_are_not() -> None:
    known = pl.Series([f"C{i % 10}" for i in range(100)])
    assert similarity(pl.Series([f"C{i % 10}" for i in range(50)]), known) == pytest.approx(1.0)
    assert similarity(pl.Series([f"C{i % 10 + 50}" for i in range(50)]), known) == pytest.approx(0.0)
    assert similarity(known.head(5), known) is None


def test_a_share_that_became_percent_is_told_by_its_history_although_no_value_keeps_the_rule() -> None:
    known = pl.Series("share", [i / 100 for i in range(1, 100)])
    now = numbers(pl.Series([str(i) for i in range(1, 100)]), RULES.fields["price"], Notation())
    change = scale_change(now, known)
    assert change is not None
    assert unit_for(None, change, is_money=False) == ("percent", True)


@given(st.permutations(["order_id", "customer_country", "shop_country", "price"]), st.data())
@settings(max_examples=25, deadline=None)
def test_no_column_stands_for_two_fields_and_the_order_of_columns_decides_nothing(
    order: list[str], data: Any
) -> None:
    renamed = {
        name: data.draw(st.sampled_from([f"{name}_", f"my {name}", "zq" + name[:2], name])) for name in order
    }
    values = frame(**renamed)
    gone = tuple(name for name in order if renamed[name] != name)
    found = matched(values.select([renamed[name] for name in order]), *gone)
    plain = matched(values, *gone)
    columns = [candidate.column for candidate in found.candidates.values()]
    assert len(columns) == len(set(columns))
    assert {n: (c.column, c.is_clear) for n, c in found.candidates.items()} == {
        n: (c.column, c.is_clear) for n, c in plain.candidates.items()
    }
    assert all(c.column == renamed[n] for n, c in found.candidates.items() if c.is_clear)
