"""What the names of columns say, against a list written by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration_assets.drift.names import likeness, owners_in, sense, words_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("txn_ref", ("txn", "ref")),
        ("customerId", ("customer", "id")),
        ("MERCHANT-NO 2", ("merchant", "no")),
        ("HTTPStatus", ("http", "status")),
        ("Währung", ("wahrung",)),
        ("amount.minor", ("amount", "minor")),
        ("x9", ()),
        ("", ()),
    ],
)
def test_a_name_is_cut_at_case_digits_and_punctuation(name: str, words: tuple[str, ...]) -> None:
    assert words_of(name) == words


@pytest.mark.parametrize(
    ("name", "things", "kinds"),
    [
        ("kundennummer", {"customer"}, {"identifier"}),
        ("Zahlungsbetrag", {"payment", "amount"}, set()),
        ("waehrung", {"currency"}, set()),
        ("Währungscode", {"currency"}, {"identifier"}),
        ("fecha_de_pago", {"payment"}, {"moment"}),
        ("geplanteAbflugzeit", {"scheduled", "departure"}, {"moment"}),
        ("STD", {"scheduled", "departure"}, set()),
        ("cstmr_no", {"customer"}, {"identifier"}),
        ("custmer", {"customer"}, set()),
        ("email_address", {"email"}, set()),
        ("due_date", {"due"}, {"moment"}),
        ("zqw", {"~zqw"}, set()),
    ],
)
def test_words_become_concepts_in_many_languages(name: str, things: set[str], kinds: set[str]) -> None:
    assert (sense(name).things, sense(name).kinds) == (things, kinds)


@pytest.mark.parametrize(
    ("name", "unit"),
    [("amount_minor", "cents"), ("betrag_cent", "cents"), ("quota_pct", "percent"), ("amount", None)],
)
def test_a_name_may_say_what_its_numbers_count(name: str, unit: str | None) -> None:
    assert sense(name).unit == unit


@pytest.mark.parametrize(
    ("column", "references"),
    [
        ("Kunden-Nr", ["customer_id", "kunde"]),
        ("CUSTOMERID", ["customer_id", "kunde"]),
        ("numero_cliente", ["customer_id", "kunde"]),
        ("betrag", ["amount", "montant"]),
        ("arrivee_prevue", ["sched_arr_time"]),
    ],
)
def test_the_same_thing_in_other_words_is_alike(column: str, references: list[str]) -> None:
    found = likeness(column, references)
    assert found.score >= 0.9
    assert not found.is_contrary
    assert not found.has_unknown_words


@pytest.mark.parametrize(
    ("column", "references"),
    [
        ("merchant_id", ["customer_id"]),
        ("payment_date", ["payment_id"]),
        ("act_arr_time", ["sched_dep_time"]),
        ("fee", ["amount"]),
    ],
)
def test_another_thing_is_contrary_however_near_its_letters(column: str, references: list[str]) -> None:
    assert likeness(column, references).is_contrary


@pytest.mark.parametrize(
    "column", ["merchant_country", "sched_arr_time", "net_amount", "amount_eur", "previous_device"]
)
def test_a_name_that_says_more_is_not_the_same_thing(column: str) -> None:
    for reference in ("country", "act_arr_time", "amount", "device_id"):
        assert likeness(column, [reference]).score < 0.5


def test_what_goes_without_saying_may_be_said() -> None:
    assert likeness("payment_amount", ["amount"], said=frozenset({"payment"})).score >= 0.9
    assert (
        likeness("customer_country", ["country"], said=owners_in("ISO 3166-1, the customer's")).score >= 0.9
    )


def test_words_that_are_not_known_are_told() -> None:
    assert likeness("router_device", ["device_id"]).has_unknown_words
    assert likeness("zqw", ["device_id"]).score == 0


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_two_names_have_a_likeness_between_0_and_1_and_each_is_like_itself(one: str, other: str) -> None:
    assert 0 <= likeness(one, [other]).score <= 1
    if words_of(one):
        assert likeness(one, [one]).score == 1
