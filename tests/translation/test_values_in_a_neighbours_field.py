"""Two values in one field, or each in the other's: both cells are repaired, or neither."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration_assets.translation.neighbours import fit_across, methods_across, propose_across
from orchestration_assets.way import repair_records
from validators.codes import ISO_3166_2_US
from validators.contract import Contract, field
from validators.rules import compile_contract
from validators.triage import triage


class Shop(Contract):
    """One row per shop."""

    number: str = field(key=True)
    city: str = field(translate="split")
    state: str = field(isin=ISO_3166_2_US, translate="split")
    phone: str = field(str_matches=r"^\+[0-9]{8,}$", translate="swapped")
    email: str = field(str_matches=r"^[a-z]+@[a-z.]+$", translate="swapped")


_RULES = compile_contract(Shop)
_STATES = sorted(ISO_3166_2_US)
_KNOWN = pl.DataFrame(
    {
        "_source": ["s"] * 400,
        "city": [f"{'North ' if i % 3 else ''}Town{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(400)],
        "state": [_STATES[i % 57] for i in range(400)],
        "phone": [f"+49301234{i:03}" for i in range(400)],
        "email": [f"a{chr(97 + i % 26)}{chr(97 + i // 26)}@example.org" for i in range(400)],
    }
)
_GOOD = ("+493012345", "a@example.org")


def _found(*rows: tuple[str | None, ...], known: pl.DataFrame = _KNOWN) -> list[tuple[int, str, str, str]]:
    """(`_id`, field, repaired, status) of each proposal."""
    schema = ["city", "state", "phone", "email"]
    records = pl.DataFrame(
        [(i, "s", str(i), *row) for i, row in enumerate(rows)],
        schema={
            "_id": pl.UInt64,
            "_source": pl.String,
            "number": pl.String,
            **dict.fromkeys(schema, pl.String),
        },
        orient="row",
    )
    judged = triage(records, _RULES, {})
    proposals = propose_across(judged.troubled, judged.findings, fit_across(known, _RULES), _RULES)
    return sorted(proposals.select("_id", "field", "repaired", "status").rows())


@pytest.mark.parametrize(
    "text",
    ["San Francisco CA", "San Francisco, CA", "San Francisco  CA ", "CA San Francisco", "San Francisco / CA"],
)
def test_a_city_with_its_state_becomes_two_values_where_the_state_is_missing(text) -> None:
    assert _found((text, None, *_GOOD)) == [
        (0, "city", "San Francisco", "applied"),
        (0, "state", "CA", "applied"),
    ]


def test_both_fields_holding_the_same_two_values_are_split_too() -> None:
    assert _found(("Denver CO", "Denver CO", *_GOOD)) == [
        (0, "city", "Denver", "applied"),
        (0, "state", "CO", "applied"),
    ]


@pytest.mark.parametrize(
    ("city", "state"),
    [
        ("San Francisco CA", "NV"),  # the state is there
        ("San Francisco CA", "California"),  # something else is there
        ("San Francisco", None),  # nothing to split
        ("CA", None),
        ("LA Plata MD", None),  # Louisiana or Maryland
        ("Towncalifornia", None),
        (None, None),
    ],
)
def test_what_is_not_surely_two_values_is_left(city, state) -> None:
    assert _found((city, state, *_GOOD)) == []


def test_without_known_pairs_a_split_is_only_suggested() -> None:
    assert [s for *_, s in _found(("Denver CO", None, *_GOOD), known=_KNOWN.head(50))] == ["suggested"] * 2
    assert [s for *_, s in _found(("Denver CO", None, *_GOOD), known=_KNOWN.clear())] == ["suggested"] * 2


def test_known_cities_that_look_like_a_pair_count_against_the_method() -> None:
    odd = _KNOWN.with_columns(
        pl.when(pl.int_range(pl.len()) % 10 == 0)
        .then(pl.lit("Point ") + pl.col("state"))
        .otherwise("city")
        .alias("city")
    )
    assert [s for *_, s in _found(("Denver CO", None, *_GOOD), known=odd)] == ["suggested"] * 2


def test_exchanged_values_are_put_back() -> None:
    assert _found(("Denver", "CO", "a@example.org", "+493012345")) == [
        (0, "email", "a@example.org", "applied"),
        (0, "phone", "+493012345", "applied"),
    ]


def test_one_foreign_value_alone_is_no_exchange() -> None:
    assert _found(("Denver", "CO", "a@example.org", "b@example.org")) == []
    assert _found(("Denver", "CO", "a@example.org", None)) == []


def test_what_was_measured_is_told_per_pair_and_field() -> None:
    methods = methods_across(fit_across(_KNOWN, _RULES))
    told = methods.filter(pl.col("arm") == "city and state").select("method", "field", "is_applied").rows()
    assert told == [("split", "city", True), ("split", "state", True)]
    assert methods.filter(pl.col("method") == "split")["cases"].min() == 0  # `state` never holds a city


_WORD = st.text("bcdfghjklm", min_size=3, max_size=9).map(str.capitalize)


@settings(max_examples=25, deadline=None)
@given(st.lists(_WORD, min_size=1, max_size=3).map(" ".join), st.sampled_from(_STATES))
def test_what_is_merged_is_taken_apart_again(city, state) -> None:
    assert _found((f"{city} {state}", None, *_GOOD)) == [
        (0, "city", city, "applied"),
        (0, "state", state, "applied"),
    ]


class Customer(Contract):
    """One row per customer."""

    number: str = field(key=True)
    phone: str = field(str_matches=r"^\+[0-9]{8,15}$", region="country", translate="phone", max_error=0.05)
    country: str = field(isin=["DE", "FR", "US"])


def test_a_telephone_number_is_read_as_in_the_country_of_its_record() -> None:
    rules = compile_contract(Customer)
    known = [(f"+4930123{i:03}", "DE") for i in range(100)] + [(f"+331421{i:05}", "FR") for i in range(100)]
    rows = [*known, ("030 123456", "DE"), ("01 42 68 53 00", "FR"), ("01 42 68 53 00", "XX"), ("12", "DE")]
    schema = {
        "_id": pl.UInt64,
        "_source": pl.String,
        "number": pl.String,
        "phone": pl.String,
        "country": pl.String,
    }
    records = pl.DataFrame([(i, "s", str(i), *r) for i, r in enumerate(rows)], schema=schema, orient="row")
    found = repair_records(records, rules, {}).proposals.filter(arm="phone and country")
    assert found.select("original", "repaired", "status").rows() == [
        ("030 123456", "+4930123456", "applied"),
        ("01 42 68 53 00", "+33142685300", "applied"),
    ]
