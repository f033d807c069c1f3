"""Booleans, addresses, identifiers and names: what each translator reads of a text, and what it must not."""

from typing import Annotated

import polars as pl
import pytest

from orchestration_assets.translation.registry import TRANSLATORS, check_methods
from validators.contract import Contract, field
from validators.errors import ContractError
from validators.parsing import Notation
from validators.rules import compile_contract


class Person(Contract):
    """A field of every type that is needed here."""

    key: str = field(key=True)
    agreed: bool = field()
    answer: str = field(isin=["Y", "N"])
    phone: str = field(region="DE")
    state: str = field(isin=["CA", "NY"], region="US")
    language: str = field(isin=["ger", "fre"])
    country: str = field(isin=["DEU", "FRA", "Austria"])
    text: str = field()
    at: Annotated[pl.Datetime, "us", "UTC"] = field()


_RULES = compile_contract(Person)


def _readings(text: str, translator: str, name: str) -> set[str]:
    """Every value that any reading makes of the text."""
    frame = pl.DataFrame({"text": [text]})
    stages = TRANSLATORS[translator].stages(_RULES.fields[name], Notation())
    read = [frame.select(r.parse(pl.col("text"))).item() for _, readings in stages for r in readings]
    return {value for value in read if value is not None}


@pytest.mark.parametrize(
    ("translator", "name", "text", "values"),
    [
        ("boolean", "agreed", " Ja ", {"true"}),
        ("boolean", "agreed", "NON", {"false"}),
        ("boolean", "agreed", "maybe", set()),
        ("boolean", "agreed", "x", set()),
        ("boolean", "answer", "nein", {"N"}),
        ("boolean", "text", "nein", set()),  # the field has no words of its own for it
        ("email", "text", "<mailto:ann@Example.ORG>", {"ann@example.org"}),
        ("email", "text", "ann (at) example [dot] org", {"ann@example.org"}),
        ("email", "text", "ann@@example.org", set()),
        ("email", "text", "ann..b@example.org", set()),
        ("url", "text", "https//example.org/A", {"https://example.org/A"}),
        ("url", "text", "www.example.org", {"https://www.example.org", "http://www.example.org"}),
        ("url", "text", "example", set()),
        ("phone", "phone", "0049 (0)30 / 123 456", {"+4930123456"}),
        ("phone", "phone", "030/123456", {"+4930123456"}),
        ("phone", "phone", "123", set()),
        ("phone", "text", "030/123456", set()),  # of which country?
        ("iban", "text", "de89 3704 0044 0532 0130 00", {"DE89370400440532013000"}),
        ("iban", "text", "DE88 3704 0044 0532 0130 00", set()),
        ("isbn", "text", "ISBN 978-3-16-148410-0", {"9783161484100"}),
        ("issn", "text", "03785955", {"0378-5955"}),
        ("lei", "text", "5299 000J 2N45 DDNE 4Y28", {"5299000J2N45DDNE4Y28"}),
        ("region", "state", "new york", {"new york", "NEW YORK", "NY"}),
        ("language", "text", "Deutsch", {"Deutsch", "deutsch", "de"}),
        ("language", "language", "Deutsch", {"Deutsch", "deutsch", "ger"}),
        ("language", "language", "fr", {"fr", "fre"}),
        ("country", "country", "Deutschland", {"Deutschland", "DEUTSCHLAND", "DEU"}),
        ("country", "country", "at", {"at", "AT", "Austria"}),
        ("company_name", "text", "Acme G.m.b.H. & Co KG", {"Acme G.m.b.H. & Co KG", "Acme GmbH & Co. KG"}),
        ("person_name", "text", "van der Berg, Anna", {"van der Berg, Anna", "Anna van der Berg"}),
        ("dateparser", "at", "the 3rd of April 2026 at noon", {"2026-04-03T12:00:00Z"}),
        ("dateparser", "at", "yesterday", set()),
        ("datetime", "at", "Mon, 03 Apr 2026 10:00:00 +0200", {"2026-04-03T08:00:00Z"}),
        ("datetime", "at", "1er avril 2026, 10h30", {"2026-04-01T10:30:00Z"}),
        ("datetime", "at", "3 kwietnia 2026", {"2026-04-03T00:00:00Z"}),
        ("datetime", "at", "2026-W14-5", {"2026-04-03T00:00:00Z"}),
        ("datetime", "at", "03/04/2026 10:00 CST", set()),  # China, Cuba or Chicago
        ("datetime", "at", "03.04.26 10:00 JST", {"2026-04-03T01:00:00Z", "2026-03-04T01:00:00Z", "2003-04-26T01:00:00Z",
                                                 "1926-04-03T01:00:00Z", "1926-03-04T01:00:00Z", "1903-04-26T01:00:00Z"}),
    ],
)  # fmt: skip
def test_what_is_read(translator, name, text, values) -> None:
    assert _readings(text, translator, name) == values


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"translate": "quantity", "unit": "cubit"}, "the unit is 'cubit'"),
        ({"translate": "quantity"}, "the unit is 'None'"),
        ({"translate": "percent", "unit": "kg"}, "the unit is 'kg'"),
        ({"translate": "money", "currency": "coin"}, "there is no field 'coin'"),
        ({"translate": "number", "region": "Utopia"}, "the region 'Utopia' is neither a country nor a field"),
    ],
)
def test_a_unit_a_region_or_a_currency_that_does_not_exist_is_refused(told, message) -> None:
    class Wrong(Contract):
        """One row per mistake."""

        key: str = field(key=True)
        value: float = field(**told)

    with pytest.raises(ContractError, match=message):
        check_methods(compile_contract(Wrong))
