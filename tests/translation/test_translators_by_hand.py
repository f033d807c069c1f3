"""What each translator reads, notation by notation, and what it must not read. None: this reading does not fit."""

from typing import Annotated

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration_assets.translation.registry import TRANSLATORS
from validators.codes import ISO_3166, ISO_4217
from validators.contract import Contract, field
from validators.parsing import Notation
from validators.rules import compile_contract


class Deal(Contract):
    """A field of every type that translators serve."""

    deal: str = field(key=True)
    at: Annotated[pl.Datetime, "us", "UTC"] = field()
    day: pl.Date = field()
    local: pl.Datetime = field()
    price: float = field()
    pieces: int = field()


_FIELDS = compile_contract(Deal).fields


def _readings(translator: str, name: str, **notation) -> dict:
    return {r.name: r for r in TRANSLATORS[translator].readings(_FIELDS[name], Notation(**notation))}


def _read(text: str, translator: str, name: str, **notation) -> dict[str, str]:
    """Reading to what it reads, of those that read anything."""
    readings = _readings(translator, name, **notation)
    frame = pl.DataFrame({"text": [text]})
    read = [r.parse(pl.col("text")).alias(label) for label, r in readings.items()]
    row = frame.select("text", *read).row(0, named=True)
    del row["text"]
    return {label: value for label, value in row.items() if value is not None}


_D, _M, _Y = "day first", "month first", "year first"
_DN, _ND = "day, month name", "month name, day"
_MOMENTS = [
    # In Berlin it is one hour later than in UTC in winter, two in summer.
    ("13/04/2026 10:00", {_D: "2026-04-13T08:00:00Z"}),
    ("04/13/2026 10:00", {_M: "2026-04-13T08:00:00Z"}),
    ("03/04/2026 10:00", {_D: "2026-04-03T08:00:00Z", _M: "2026-03-04T09:00:00Z"}),
    ("03.04.2026 10:00:30", {_D: "2026-04-03T08:00:30Z", _M: "2026-03-04T09:00:30Z"}),
    ("3-4-2026 9:05", {_D: "2026-04-03T07:05:00Z", _M: "2026-03-04T08:05:00Z"}),
    ("13/04/2026 12:00 AM", {_D: "2026-04-12T22:00:00Z"}),
    ("13/04/2026 12:00 pm", {_D: "2026-04-13T10:00:00Z"}),
    ("13/04/2026 4:05 p.m.", {_D: "2026-04-13T14:05:00Z"}),
    ("2026-04-13 10:00:00.25", {_Y: "2026-04-13T08:00:00.250Z"}),
    ("2026-04-13T10:00+05:30", {_Y: "2026-04-13T04:30:00Z"}),
    ("2026-04-13T10:00-0800", {_Y: "2026-04-13T18:00:00Z"}),
    ("2026-04-13T10:00Z", {_Y: "2026-04-13T10:00:00Z"}),
    ("20260413 10:00", {_Y: "2026-04-13T08:00:00Z"}),
    ("13.04.2026, 10:00 UTC", {_D: "2026-04-13T10:00:00Z"}),
    ("3 Apr 2026 10:00", {_DN: "2026-04-03T08:00:00Z"}),
    ("3. März 2026 10:00", {_DN: "2026-03-03T09:00:00Z"}),
    ("3-Dez-2026 10:00", {_DN: "2026-12-03T09:00:00Z"}),
    ("SEPT 3, 2026 10:00", {_ND: "2026-09-03T08:00:00Z"}),
    ("April 3 2026 4:05 pm", {_ND: "2026-04-03T14:05:00Z"}),
    ("  13/04/2026 10:00  ", {_D: "2026-04-13T08:00:00Z"}),
    # These are not to be read.
    ("29.03.2026 02:30", {}),  # skipped by the clock of Berlin
    ("25.10.2026 02:30", {}),  # twice on it
    ("32/01/2026 10:00", {}),
    ("31/02/2026 10:00", {}),
    ("13/13/2026 10:00", {}),
    ("2026-13-01 10:00", {}),
    ("13/04/2026 24:00", {}),
    ("13/04/2026 10:60", {}),
    ("13/04/2026 13:00 PM", {}),
    ("13/04/2026 0:30 am", {}),
    ("26-04-03 10:00", {}),  # year first, or day first?
    ("13/04/206 10:00", {}),
    ("13/04/20266 10:00", {}),
    ("3 Foo 2026 10:00", {}),
    ("3 Apr 26 10:00", {}),
    ("13/04/2026 10:00 CET", {}),
    ("13/04/2026 10:00 +05", {}),
    ("1761980400", {}),
    ("yesterday", {}),
    ("", {}),
    ("١٣/٠٤/٢٠٢٦ 10:00", {}),
    ("13/04/2026 10:00 or so", {}),
]


@pytest.mark.parametrize(("text", "read"), _MOMENTS)
def test_a_moment_is_read_on_the_clock_of_its_source(text, read) -> None:
    assert _read(text, "datetime", "at", timezone="Europe/Berlin") == read


def test_a_field_without_a_zone_gets_the_local_time_and_a_day_only_the_day() -> None:
    assert _read("13.04.2026 10:00", "datetime", "local", timezone="Europe/Berlin") == {
        _D: "2026-04-13T10:00:00"
    }
    assert _read("13.04.2026", "datetime", "day", timezone="Europe/Berlin") == {_D: "2026-04-13"}


_NP, _NC = "number with decimal point", "number with decimal comma"
_MP, _MC = "money with decimal point", "money with decimal comma"
_MONEY = [
    ("12.50", {_NP: "12.5", _MP: "12.5"}),
    ("12,50", {_NC: "12.5", _MC: "12.5"}),
    ("1,234.56", {_NP: "1234.56", _MP: "1234.56"}),
    ("1.234,56", {_NC: "1234.56", _MC: "1234.56"}),
    ("1,234", {_NP: "1234", _NC: "1.234", _MP: "1234", _MC: "1.234"}),
    ("1.234", {_NP: "1.234", _NC: "1234", _MP: "1.234", _MC: "1234"}),
    ("1.234.567", {_NC: "1234567", _MC: "1234567"}),
    ("1 234,56", {_NC: "1234.56", _MC: "1234.56"}),
    ("1\u00a0234.56", {_NP: "1234.56", _MP: "1234.56"}),
    ("1\u202f234.56", {_NP: "1234.56", _MP: "1234.56"}),
    ("1'234.50", {_NP: "1234.5", _MP: "1234.5"}),
    ("0,999", {_NC: "0.999", _MC: "0.999"}),  # no thousand begins with 0
    ("-12,5", {_NC: "-12.5", _MC: "-12.5"}),
    ("€ 12,50", {_MC: "12.5"}),
    ("12.50 EUR", {_MP: "12.5"}),
    ("usd 12.50", {_MP: "12.5"}),
    ("$1,234.50", {_MP: "1234.5"}),
    ("US$ 12.50", {_MP: "12.5"}),
    ("12,50 zł", {_MC: "12.5"}),
    ("Fr. 12.50", {_MP: "12.5"}),
    ("  12,50  ", {_NC: "12.5", _MC: "12.5"}),
    # These are not to be read.
    ("abc 12.50", {}),
    ("max 12.50", {}),
    ("12.50 kg", {}),
    ("12.50%", {}),
    ("(12.50)", {}),
    ("12.50-", {}),
    ("12.5.1", {}),
    ("1,23,456", {}),
    ("12 50", {}),
    ("1.2e3", {}),
    ("EUR", {}),
    ("", {}),
    ("--5", {}),
    ("12,50 or 13,00", {}),
    ("١٢٫٥٠", {}),
    ("twelve", {}),
    ("O,50", {}),
]


@pytest.mark.parametrize(("text", "read"), _MONEY)
def test_money_is_read_with_either_mark_of_decimals(text, read) -> None:
    assert _read(text, "money", "price") == read


@pytest.mark.parametrize(("text", "read"), _MONEY)
def test_a_number_is_read_like_money_without_a_currency(text, read) -> None:
    assert _read(text, "number", "price") == {
        label: value for label, value in read.items() if label in (_NP, _NC)
    }


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1.234,00", {_NC: "1234"}),
        ("1,234", {_NP: "1234"}),
        ("12,5", {}),
        ("12.0", {_NP: "12"}),
        ("99999999999999999999", {}),
    ],
)
def test_a_whole_number_is_read_without_rounding(text, read) -> None:
    assert _read(text, "number", "pieces") == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1.234,56", {_MC: "1234.56", _NC: "1234.56"}),
        ("€ 12.50", {_MP: "12.5"}),
        ("€ 12", {}),
        ("1234", {}),
        ("1,234 EUR", {_MC: "1.234"}),
    ],
)
def test_in_a_source_that_counts_cents_only_a_number_with_decimals_says_what_it_counts(text, read) -> None:
    assert _read(text, "money", "price", unit="cents") == read


@pytest.mark.parametrize("unit", ["percent", "permille", "thousands", "millions"])
def test_in_a_source_that_counts_in_another_unit_no_number_says_what_it_counts(unit) -> None:
    assert _read("12,50", "money", "price", unit=unit) == {}


_12, _12D, _12N, _24 = "12 hours", "12 hours, with a date", "12 hours, with a note", "24 hours"
_12U = "12 hours, half unsaid"
_CLOCKS = [
    ("7:10 pm", {_12: "7:10 p.m."}),
    ("7:10p", {_12: "7:10 p.m."}),
    ("07:10 A.M.", {_12: "7:10 a.m."}),
    ("12:00 a.m.", {_12: "12:00 a.m."}),
    ("12:00 pm", {_12: "12:00 p.m."}),
    ("12:59AM", {_12: "12:59 a.m."}),
    (" 7:10 am ", {_12: "7:10 a.m."}),
    ("19:10", {_24: "7:10 p.m."}),
    ("00:05", {_24: "12:05 a.m."}),
    ("12:05", {_24: "12:05 p.m.", _12U: "12:05 a.m."}),
    ("7:10", {_24: "7:10 a.m.", _12U: "7:10 p.m."}),
    ("Dec 1 07:10", {_24: "7:10 a.m.", _12U: "7:10 p.m."}),
    ("Thu, 01-Dec-2011 19:10", {_24: "7:10 p.m."}),
    ("7:10 pm Dec 1", {_12D: "7:10 p.m."}),
    ("7:10aDec 1", {_12D: "7:10 a.m."}),
    ("12/1 7:10 pm", {_12D: "7:10 p.m."}),
    ("12/01/2011 07:10 PM", {_12D: "7:10 p.m."}),
    ("7:10pm (estimated)", {_12N: "7:10 p.m."}),
    ("7:10pm Delayed", {_12N: "7:10 p.m."}),
    # These are not to be read.
    ("0:10 am", {}),
    ("13:10 pm", {}),
    ("24:00", {}),
    ("7:60 pm", {}),
    ("7:60", {}),
    ("7.10 pm", {}),
    ("710pm", {}),
    ("7:1 pm", {}),
    ("7:10 pm+1", {}),
    ("-7:10", {}),
    ("7:10 xm", {}),
    ("noon", {}),
    ("Contact Airline", {}),
    ("7:10 pm to 8:10 pm", {}),
    ("٧:١٠ pm", {}),
    ("", {}),
]


@pytest.mark.parametrize(("text", "read"), _CLOCKS)
def test_a_time_of_day_is_read_on_either_clock(text, read) -> None:
    assert _read(text, "clock", "deal") == read


_W, _C, _S, _X = "white space", "capitals", "small letters", "separators"
_CODES = [
    ("P1", {_W: "P1", _C: "P1", _S: "p1", _X: "P1"}),
    (" P1  ", {_W: "P1", _C: "P1", _S: "p1", _X: "P1"}),
    ("p1", {_W: "p1", _C: "P1", _S: "p1", _X: "P1"}),
    ("'P1'", {_W: "P1", _C: "P1", _S: "p1", _X: "'P1'"}),
    ('"P1";', {_W: "P1", _C: "P1", _S: "p1", _X: '"P1";'}),
    ("P1.", {_W: "P1", _C: "P1", _S: "p1", _X: "P1"}),
    ("P-1", {_W: "P-1", _C: "P-1", _S: "p-1", _X: "P1"}),
    ("P 1", {_W: "P 1", _C: "P 1", _S: "p 1", _X: "P1"}),
    ("P_0.1", {_W: "P_0.1", _C: "P_0.1", _S: "p_0.1", _X: "P01"}),
    ("\tP1\n", {_W: "P1", _C: "P1", _S: "p1", _X: "P1"}),
    ("P/1", {_W: "P/1", _C: "P/1", _S: "p/1", _X: "P/1"}),
    ("P1,", {_W: "P1", _C: "P1", _S: "p1", _X: "P1,"}),
    ("P,1", {_W: "P,1", _C: "P,1", _S: "p,1", _X: "P,1"}),
    ("ä1", {_W: "ä1", _C: "Ä1", _S: "ä1", _X: "Ä1"}),
    ("", {_W: "", _C: "", _S: "", _X: ""}),
]


@pytest.mark.parametrize(("text", "read"), _CODES)
def test_a_code_is_tidied_and_never_changed_in_its_letters_and_digits(text, read) -> None:
    assert _read(text, "code", "deal") == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a  b", "a b"),
        ("  a b", "a b"),
        ("a\tb", "a b"),
        ("a\n\nb ", "a b"),
        ("ab", "ab"),
        ("A-b", "A-b"),
        ("a ,b", "a ,b"),
        ("ä  ö", "ä ö"),
        ("'a'", "'a'"),
        ("a.", "a."),
        (" ", ""),
        ("1  2", "1 2"),
        ("a\u00a0b", "a b"),
        ("a\u200bb", "a\u200bb"),  # no white space, though no ink either
        ("日本", "日本"),
    ],
)
def test_text_loses_surplus_white_space_and_nothing_else(text, read) -> None:
    assert _read(text, "text", "deal") == {"white space": read}


_CURRENCIES = [
    ("Euro", "EUR"),
    ("EUROS", "EUR"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("US$", "USD"),
    ("US Dollar", "USD"),
    ("us  dollars", "USD"),
    ("US-Dollar", "USD"),
    ("Schweizer Franken", "CHF"),
    ("franc suisse", "CHF"),
    ("złoty polski", "PLN"),
    ("zł", "PLN"),
    ("Japanischer Yen", "JPY"),
    ("British Pound", "GBP"),
    ("svensk krona", "SEK"),
    # These stand for several, or for none.
    ("$", None),
    ("¥", None),
    ("kr", None),
    ("Dollar", None),
    ("dollars", None),
    ("Peso", None),
    ("Krone", None),
    ("Pound", None),
    ("Franc", None),
    ("bitcoin", None),
    ("money", None),
    ("978", None),
    ("Eu ro", None),
    ("12 Euro", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "code"), _CURRENCIES)
def test_a_currency_is_read_by_a_name_that_stands_for_no_other(text, code) -> None:
    assert _read(text, "currency", "deal").get("currency name") == code


_COUNTRIES = [
    ("Germany", "DE"),
    ("  germany ", "DE"),
    ("Deutschland", "DE"),
    ("Allemagne", "DE"),
    ("Alemania", "DE"),
    ("DEU", "DE"),
    ("deu", "DE"),
    ("276", "DE"),
    ("040", "AT"),
    ("Österreich", "AT"),
    ("USA", "US"),
    ("Vereinigte Staaten", "US"),
    ("Etats-Unis", None),  # without its accent it is another word
    ("États-Unis", "US"),
    ("Guinea", "GN"),
    ("Niger", "NE"),
    ("Schweiz", "CH"),
    # These are no countries, or several.
    ("Korea", None),
    ("Europe", None),
    ("40", None),
    ("England", None),
    ("Holland", None),
    ("ANT", None),
    ("SUN", None),
    ("Ger many", None),
    ("unknown", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "code"), _COUNTRIES)
def test_a_country_is_read_by_its_name_or_longer_code(text, code) -> None:
    assert _read(text, "country", "deal").get("country name") == code


@pytest.mark.parametrize("translator", ["currency", "country"])
def test_a_code_in_small_letters_or_white_space_is_read_as_the_code(translator) -> None:
    assert _read(" de ", translator, "deal") == {_W: "de", _C: "DE"}


def test_every_currency_and_country_that_can_be_written_in_words_is_read_back() -> None:
    for translator, label, codes in (
        ("currency", "currency name", ISO_4217),
        ("country", "country name", ISO_3166),
    ):
        named = _readings(translator, "deal")[label]
        frame = pl.DataFrame({"code": list(codes)})
        back = frame.with_columns(named.render(pl.col("code")).alias("word")).drop_nulls()
        assert back.height > 0.9 * len(codes)
        assert back.select(named.parse(pl.col("word"))).to_series().to_list() == back["code"].to_list()


def _back(reading, text: str) -> tuple[str | None, str | None]:
    frame = pl.DataFrame({"text": [text]}, schema={"text": pl.String}).with_columns(
        reading.render(pl.col("text")).alias("written")
    )
    return frame.select("written", reading.parse(pl.col("written")).alias("back")).row(0)


@settings(max_examples=60, deadline=None)
@given(
    st.datetimes().filter(lambda m: 1000 <= m.year <= 9999),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
)
def test_a_moment_that_is_written_in_a_notation_is_read_back_by_it(moment, zone) -> None:
    text = (
        moment.replace(microsecond=moment.microsecond // 1000 * 1000).isoformat(timespec="milliseconds") + "Z"
    )
    text = text.replace(".000Z", "Z")
    for label, reading in _readings("datetime", "at", timezone=zone).items():
        _, back = _back(reading, text)
        assert back in (text, None), label
        assert back == text or zone != "UTC", label  # elsewhere the clock shows some times twice


@settings(max_examples=60, deadline=None)
@given(st.integers(-(10**11), 10**11))
def test_an_amount_that_is_written_in_a_notation_is_read_back_by_it(cents) -> None:
    text = str(cents / 100).removesuffix(".0")
    for label, reading in _readings("money", "price").items():
        assert _back(reading, text)[1] == text, label


@pytest.mark.parametrize(
    ("label", "amount", "written"),
    [
        (_NP, "1234567.5", "1,234,567.50"),
        (_NC, "-1234.56", "-1.234,56"),
        (_MC, "999", "999,00 EUR"),
        (_MP, "0.05", "0.05 EUR"),
    ],
)
def test_an_amount_is_written_with_thousands_and_cents(label, amount, written) -> None:
    assert _back(_readings("money", "price")[label], amount)[0] == written


def test_an_amount_with_more_than_cents_is_not_written() -> None:
    assert _back(_readings("money", "price")[_NP], "0.125") == (None, None)


@pytest.mark.parametrize("minute_of_day", range(0, 24 * 60, 61))
def test_a_time_of_day_that_is_written_in_a_notation_is_read_back_by_it(minute_of_day) -> None:
    hour, minute = divmod(minute_of_day, 60)
    text = f"{hour % 12 or 12}:{minute:02} {'a.m.' if hour < 12 else 'p.m.'}"
    for label, reading in _readings("clock", "deal").items():
        if reading.render is not None:
            assert _back(reading, text)[1] == text, label
