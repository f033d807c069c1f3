"""What a reading writes it reads back, whatever the value: the ground that its measurement stands on."""

from datetime import UTC, datetime
from typing import Annotated

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration_assets.translation.registry import TRANSLATORS
from orchestration_assets.translation.translate import (
    cells_to_translate,
    decide_all,
    pool,
    propose,
    shape_samples,
)
from validators.contract import Contract, field
from validators.judgement import FINDING_SCHEMA
from validators.parsing import Notation, write
from validators.rules import compile_contract


class Everything(Contract):
    """A field for every translator."""

    key: str = field(key=True)
    at: Annotated[pl.Datetime, "us", "UTC"] = field(translate="datetime")
    local: pl.Datetime = field(translate="datetime")
    day: pl.Date = field(translate="datetime")
    amount: float = field(translate=("money", "price", "scale"))
    weight: float = field(unit="kg", translate="quantity")
    heat: float = field(unit="C", translate="quantity")
    share: float = field(in_range={"min_value": 0, "max_value": 1}, translate="percent")
    points: float = field(unit="percent", translate="percent")
    agreed: bool = field(translate="boolean")
    email: str = field(translate="email")
    page: str = field(translate="url")
    phone: str = field(region="DE", translate="phone")
    account: str = field(translate="iban")
    language: str = field(translate="language")
    region: str = field(region="US", translate="region")


_RULES = compile_contract(Everything)


def _inverts(name: str, known: list[str], zone: str = "UTC") -> None:
    """Every reading of the field that writes a known value in its notation reads that value from it, and no other."""
    spec = _RULES.fields[name]
    frame = pl.DataFrame({"known": known}, schema={"known": pl.String})
    for translator in spec.policy.translate:
        for _, readings in TRANSLATORS[translator].stages(spec, Notation(timezone=zone)):
            for reading in readings:
                if reading.render is None:
                    continue
                written = frame.with_columns(reading.render(pl.col("known")).alias("value")).drop_nulls()
                back = written.with_columns(reading.parse(pl.col("value")).alias("back"))
                wrong = back.filter(pl.col("back").is_not_null() & (pl.col("back") != pl.col("known")))
                assert wrong.is_empty(), (reading.name, wrong.row(0))


_MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2068, 12, 31)).map(lambda m: m.replace(microsecond=0))


@settings(max_examples=6, deadline=None)
@given(st.lists(_MOMENTS, min_size=1, max_size=20), st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata"]))
def test_moments_are_read_as_they_are_written(moments, zone) -> None:
    of = pl.DataFrame({"m": moments}, schema={"m": pl.Datetime("us")})
    as_utc = pl.col("m").dt.replace_time_zone("UTC")
    for name, value in (("at", as_utc), ("local", pl.col("m")), ("day", pl.col("m").dt.date())):
        known = of.select(write(value, _RULES.fields[name].dtype))
        _inverts(name, known.to_series().to_list(), zone)


_CENTS = st.integers(-10_000_000, 10_000_000).map(lambda n: f"{n / 100:.2f}".rstrip("0").rstrip("."))


@settings(max_examples=20, deadline=None)
@given(st.lists(_CENTS, min_size=1, max_size=30))
def test_numbers_are_read_as_they_are_written(numbers) -> None:
    for name in ("amount", "weight", "heat", "points"):
        _inverts(name, [n for n in numbers if n != "-0"])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 999), min_size=1, max_size=30))
def test_shares_are_read_as_they_are_written(thousandths) -> None:
    _inverts("share", [f"{n / 1000:.3f}".rstrip("0") for n in thousandths])


_LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(_LABEL, _LABEL), min_size=1, max_size=20))
def test_addresses_are_read_as_they_are_written(parts) -> None:
    _inverts("email", [f"{local}@{host}.example" for local, host in parts])
    _inverts("page", [f"https://{host}.example/{path}" for path, host in parts])


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("agreed", ["true", "false"]),
        ("phone", ["+4930123456", "+498912345678", "+4915112345678"]),
        ("account", ["DE89370400440532013000", "GB29NWBK60161331926819"]),
        ("language", ["de", "en", "fr", "ale"]),
        ("region", ["US-CA", "US-NY", "US-TX"]),
    ],
)
def test_codes_are_read_as_they_are_written(name, known) -> None:
    _inverts(name, known)


@pytest.mark.parametrize("name", ["agreed", "region", "language", "weight", "heat", "amount"])
def test_specimens_are_read_as_what_they_are(name) -> None:
    spec = _RULES.fields[name]
    for translator in spec.policy.translate:
        for reading in TRANSLATORS[translator].readings(spec, Notation()):
            if reading.specimens is not None:
                back = reading.specimens().with_columns(reading.parse(pl.col("value")).alias("back"))
                assert back.filter(pl.col("back").ne_missing(pl.col("known"))).is_empty()


_DAYS = st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(2000, 2060))


@settings(max_examples=6, deadline=None)
@given(
    st.lists(_DAYS, min_size=1, max_size=12),
    st.sampled_from(["{}/{}/{} 10:00", "{}.{}.{}", "{}/{}/{} 10:00 CEST"]),
)
def test_day_and_month_are_never_guessed_where_every_value_fits_both(days, form) -> None:
    """However many cells there are: as long as none has a day beyond twelve, nothing of them is applied."""
    known = pl.DataFrame(
        {
            "_source": ["s"] * 400,
            "at": [
                datetime(2026, 1 + i % 12, 1 + i % 28, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                for i in range(400)
            ],
        }
    )
    texts = {form.format(*day) for day in days if day[0] != day[1]}
    rows = [(i, "s", "at", "malformed", "r", "error", "m", text, "f") for i, text in enumerate(sorted(texts))]
    cells = cells_to_translate(pl.DataFrame(rows, schema=FINDING_SCHEMA, orient="row"), _RULES)
    if cells.is_empty():
        return
    decisions = decide_all(pool([shape_samples(cells)]), _RULES, {}, known)
    found = propose(cells, decisions, _RULES)
    assert found.filter(pl.col("status") == "applied").is_empty()
    assert found.height == len(texts)
