"""Reading text in a declared notation: what it reads, and what it must leave alone."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_series_equal

from validators.parsing import Notation, parse, present, read_back, write

_UTC = pl.Datetime("us", "UTC")


def _read(text: str | None, dtype: pl.DataType, **notation):
    frame = pl.DataFrame({"text": [text]}, schema={"text": pl.String})
    out = frame.lazy().select(parse(pl.col("text"), dtype, Notation(**notation))).collect().to_series()
    assert out.dtype == dtype
    return out.item()


_MOMENT = st.datetimes(min_value=datetime(1000, 1, 2), max_value=datetime(9999, 12, 30))
_NAIVE_NS = st.datetimes(min_value=datetime(1700, 1, 1), max_value=datetime(2200, 1, 1))
_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_OF_TYPE = [
    (pl.String(), st.text(alphabet=st.characters(exclude_categories=["Cs"]))),
    (pl.Boolean(), st.booleans()),
    (pl.Int8(), st.integers(-128, 127)),
    (pl.Int64(), st.integers(-(2**63), 2**63 - 1)),
    (pl.UInt64(), st.integers(0, 2**64 - 1)),
    (pl.Float32(), st.floats(allow_nan=False, allow_infinity=False, width=32)),
    (pl.Float64(), _FLOATS),
    (pl.Decimal(20, 4), st.decimals(-(10**12), 10**12, places=4)),
    (pl.Date(), st.dates(min_value=date(1000, 1, 1))),
    (pl.Time(), st.times()),
    (pl.Datetime("us"), _MOMENT),
    (pl.Datetime("ms"), _MOMENT.map(lambda m: m.replace(microsecond=m.microsecond // 1000 * 1000))),
    (pl.Datetime("ns"), _NAIVE_NS),
    (_UTC, _MOMENT.map(lambda m: m.replace(tzinfo=UTC))),
    (pl.Datetime("us", "Europe/Berlin"), _NAIVE_NS.map(lambda m: m.replace(tzinfo=UTC))),
    (pl.Datetime("ms", "America/New_York"), _NAIVE_NS.map(lambda m: m.replace(tzinfo=UTC, microsecond=0))),
    (pl.Enum(["a", "b", ""]), st.sampled_from(["a", "b", ""])),
]


@pytest.mark.parametrize(("dtype", "values"), _OF_TYPE, ids=[str(dtype) for dtype, _ in _OF_TYPE])
def test_what_is_written_is_read_back_as_it_was(dtype, values) -> None:
    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.none() | values, max_size=8))
    def holds(some) -> None:
        if isinstance(dtype, pl.Datetime) and dtype.time_zone:
            series = pl.Series("x", some, pl.Datetime(dtype.time_unit, "UTC")).dt.convert_time_zone(
                dtype.time_zone
            )
        else:
            series = pl.Series("x", some, dtype)
        back = (
            series.to_frame()
            .lazy()
            .select(read_back(write(pl.col("x"), dtype), dtype).alias("x"))
            .collect()
            .to_series()
        )
        assert_series_equal(back, series, check_exact=True)

    holds()


@pytest.mark.parametrize(
    ("value", "dtype", "text"),
    [
        (datetime(2026, 11, 1, 12, 30, tzinfo=UTC), _UTC, "2026-11-01T12:30:00Z"),
        (
            datetime(2026, 11, 1, 12, 30, tzinfo=UTC),
            pl.Datetime("us", "Europe/Berlin"),
            "2026-11-01T12:30:00Z",
        ),
        (datetime(2026, 11, 1, 12, 30, 0, 250_000), pl.Datetime("us"), "2026-11-01T12:30:00.250"),
        (date(2026, 11, 1), pl.Date(), "2026-11-01"),
        (12.0, pl.Float64(), "12"),
        (12.5, pl.Float64(), "12.5"),
        (-0.25, pl.Float64(), "-0.25"),
        (True, pl.Boolean(), "true"),
    ],
)
def test_the_contracts_own_text_is_plain(value, dtype, text) -> None:
    zone = getattr(dtype, "time_zone", None)
    series = pl.Series("x", [value])
    series = series.dt.convert_time_zone(zone) if zone else series
    assert series.to_frame().select(write(pl.col("x"), dtype)).item() == text


_POINT = [
    ("1", 1.0),
    ("-1.5", -1.5),
    ("+1.5", 1.5),
    ("1e3", 1000.0),
    ("", None),
    ("1,5", None),
    ("1.234,56", None),
    ("1,234.56", None),
    ("1_000", None),
    ("1 000", None),
    (" 1", None),
    ("1 ", None),
    ("0x10", None),
    ("nan", None),
    ("NaN", None),
    ("inf", None),
    ("-Infinity", None),
    ("1e400", None),
    ("٣", None),
    ("１", None),
    ("½", None),
    ("--1", None),
    ("1.2.3", None),
    ("EUR 1", None),
    ("true", None),
]


@pytest.mark.parametrize(("text", "value"), _POINT)
def test_a_decimal_point_reads_plain_numbers_only(text, value) -> None:
    assert _read(text, pl.Float64()) == value


_COMMA = [
    ("1", 1.0),
    ("1,5", 1.5),
    ("-0,25", -0.25),
    ("1.234", None),
    ("1.234,56", None),
    ("1.5", None),
    ("1,234,567", None),
    ("1,,5", None),
    (".", None),
    (",", None),
    ("١,٥", None),
]


@pytest.mark.parametrize(("text", "value"), _COMMA)
def test_a_decimal_comma_never_reads_a_point(text, value) -> None:
    assert _read(text, pl.Float64(), decimal=",") == value


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1250", "cents", 12.5),
        ("1", "cents", 0.01),
        ("1999", "cents", 19.99),
        ("-5", "cents", -0.05),
        ("12,50", "cents", None),
        ("25", "percent", 0.25),
        ("5", "permille", 0.005),
        ("3", "thousands", 3000.0),
        ("1.5", "millions", 1_500_000.0),
    ],
)
def test_a_unit_is_counted_into_one(text, unit, value) -> None:
    assert _read(text, pl.Float64(), unit=unit) == value


@pytest.mark.parametrize(("text", "value"), [("500", 5), ("550", None), ("1e2", 1)])
def test_a_whole_number_is_not_rounded_out_of_its_unit(text, value) -> None:
    assert _read(text, pl.Int64(), unit="cents") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("-7", -7),
        ("7.0", None),
        ("7.5", None),
        ("128", None),
        ("1e1", None),
        ("٧", None),
        ("７", None),
    ],
)
def test_a_whole_number_is_read_from_digits_only_and_within_its_type(text, value) -> None:
    assert _read(text, pl.Int8()) == value


def test_a_decimal_is_exact_in_either_notation_and_in_cents() -> None:
    assert _read("0.10", pl.Decimal(10, 2)) == Decimal("0.10")
    assert _read("0,10", pl.Decimal(10, 2), decimal=",") == Decimal("0.10")
    assert _read("1250", pl.Decimal(10, 2), unit="cents") == Decimal("12.50")


_ISO = [
    ("2026-11-01T10:00:00Z", datetime(2026, 11, 1, 10)),
    ("2026-11-01T10:00:00+01:00", datetime(2026, 11, 1, 9)),
    ("2026-11-01T10:00:00-0530", datetime(2026, 11, 1, 15, 30)),
    ("2026-11-01T10:00:00.25Z", datetime(2026, 11, 1, 10, 0, 0, 250_000)),
    ("2026-11-01T10:00:00", None),
    ("2026-11-01", None),
    ("2026-11-31T10:00:00Z", None),
    ("2026-02-29T10:00:00Z", None),
    ("2026-11-01T25:00:00Z", None),
    ("26-11-01T10:00:00Z", None),
    ("026-11-01T10:00:00Z", None),
    ("12026-11-01T10:00:00Z", None),
    ("2026-11-01T10:00:00Z and more", None),
    ("٢٠٢٦-11-01T10:00:00Z", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "value"), _ISO)
def test_without_a_declaration_a_moment_is_read_as_iso_with_its_offset(text, value) -> None:
    assert _read(text, _UTC) == (None if value is None else value.replace(tzinfo=UTC))


_BERLIN = {"datetime": "%d.%m.%Y %H:%M", "timezone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("01.02.2026 10:00", datetime(2026, 2, 1, 9)),
        ("01.07.2026 10:00", datetime(2026, 7, 1, 8)),
        ("29.03.2026 01:59", datetime(2026, 3, 29, 0, 59)),
        ("29.03.2026 02:30", None),  # the clock went from 2 to 3: there was no such time
        ("29.03.2026 03:00", datetime(2026, 3, 29, 1)),
        ("25.10.2026 01:59", datetime(2026, 10, 24, 23, 59)),
        ("25.10.2026 02:30", None),  # the clock went back from 3 to 2: there were two such times
        ("25.10.2026 03:00", datetime(2026, 10, 25, 2)),
        ("01.02.26 10:00", None),  # or else it would be in the year 26
        ("01.02.202 10:00", None),
        ("02/01/2026 10:00", None),
        ("31.02.2026 10:00", None),
        ("01.13.2026 10:00", None),
    ],
)
def test_a_local_time_is_read_where_it_says_one_moment(text, value) -> None:
    assert _read(text, _UTC, **_BERLIN) == (None if value is None else value.replace(tzinfo=UTC))


def test_a_year_of_two_digits_is_read_where_it_is_declared() -> None:
    assert _read("01.02.26", pl.Date(), date="%d.%m.%y") == date(2026, 2, 1)
    assert _read("01.02.26", pl.Date(), date="%d.%m.%Y") is None


def test_a_letter_z_in_the_notation_means_utc_whatever_the_zone_of_the_source() -> None:
    read = _read("2026-07-01T10:00Z", _UTC, datetime="%Y-%m-%dT%H:%MZ", timezone="Europe/Berlin")
    assert read == datetime(2026, 7, 1, 10, tzinfo=UTC)


def test_a_field_without_a_zone_keeps_the_local_time() -> None:
    assert _read("25.10.2026 02:30", pl.Datetime("us"), **_BERLIN) == datetime(2026, 10, 25, 2, 30)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", datetime(1970, 1, 1)),
        ("1761980400", datetime(2025, 11, 1, 7)),
        ("-86400", datetime(1969, 12, 31)),
        ("1761980400000", None),  # milliseconds: the year 57805
        ("99999999999999999", None),
        ("9999999999999999999999", None),
        ("1761980400.5", None),
        ("1e9", None),
        ("", None),
        ("١٧٦١٩٨٠٤٠٠", None),
    ],
)
def test_seconds_since_1970_are_read_from_whole_numbers_of_a_sensible_size(text, value, unit) -> None:
    read = _read(text, pl.Datetime(unit, "UTC"), datetime="epoch_s")
    assert read == (None if value is None else value.replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("Yes", True), ("1", True), ("F", False), ("0", False), ("2", None), ("maybe", None)],
)
def test_a_truth_value_is_read_from_its_common_words(text, value) -> None:
    assert _read(text, pl.Boolean()) == value


def test_a_time_is_read_with_its_seconds() -> None:
    assert _read("07:10:00", pl.Time()) == time(7, 10)
    assert _read("07:10:00.5", pl.Time()) == time(7, 10, 0, 500_000)
    assert _read("24:00:00", pl.Time()) is None


def test_codes_stand_for_what_they_are_declared_to_stand_for_and_nothing_else() -> None:
    codes = Notation(codes=(("978", "EUR"), ("840", "USD")))
    frame = pl.DataFrame({"text": ["978", "840", "97", "EUR", None]})
    assert frame.select(parse(pl.col("text"), pl.String(), codes)).to_series().to_list() == [
        "EUR",
        "USD",
        "97",
        "EUR",
        None,
    ]


def test_codes_are_read_before_the_type() -> None:
    codes = Notation(codes=(("none", "0"), ("low", "0.1")))
    frame = pl.DataFrame({"text": ["none", "low", "0.5", "high"]})
    assert frame.select(parse(pl.col("text"), pl.Float64(), codes)).to_series().to_list() == [
        0.0,
        0.1,
        0.5,
        None,
    ]


def test_an_empty_text_and_the_declared_tokens_are_nothing() -> None:
    frame = pl.DataFrame({"text": ["", "-", "n/a", " ", "N/A", "a", None]})
    plain = frame.select(present(pl.col("text"))).to_series().to_list()
    assert plain == [None, "-", "n/a", " ", "N/A", "a", None]
    declared = frame.select(present(pl.col("text"), Notation(nulls=("-", "n/a")))).to_series().to_list()
    assert declared == [None, None, None, " ", "N/A", "a", None]
