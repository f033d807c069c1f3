"""The Great Expectations suite, by hand-written payments. Its import takes ten seconds: what needs it is `slow`."""

import datetime as dt
import socket
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from validators.contract import Contract, field, load_contract
from validators.expectations import Expected, derive, sampled, validate
from validators.rules import compile_contract

RULES = compile_contract(load_contract("validators.contracts.payments:Payment"))
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
GOOD = {
    "payment_id": ["P0000000001", "P0000000002", "P0000000003", "P0000000004"],
    "customer_id": ["C0000001", "C0000001", "C0000002", "C0000003"],
    "email": ["ann@example.org", "ann@example.org", "bo@example.org", "cy@example.org"],
    "merchant_id": ["M00001", "M00002", "M00001", "M00001"],
    "device_id": ["D00000001", "D00000001", "D00000002", "D00000003"],
    "amount": [0.01, 12.5, 999_999.0, 3.0],
    "currency": ["EUR", "EUR", "JPY", "GBP"],
    "country": ["DE", "DE", "JP", "GB"],
    "paid_at": [NOON, NOON, NOON, NOON],
    "device_risk": [0.0, 1.0, None, None],
}


def _payments(**changed: list) -> pl.DataFrame:
    marks = {"_warnings": [[{"field": "email"}]] * 4, "_repaired": [["email"]] * 4}
    return pl.DataFrame(
        {**GOOD, **changed, **marks},
        schema_overrides={
            "paid_at": pl.Datetime("us", "UTC"),
            "amount": pl.Float64,
            "device_risk": pl.Float64,
        },
    )


def _all_texts(docs: Path) -> str:
    files = [path for path in docs.rglob("*") if path.is_file() and "static" not in path.parts]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@pytest.mark.slow
def test_good_payments_pass_offline_in_silence_and_leave_nothing_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network is none of its business")

    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "elsewhere"))
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    docs = tmp_path / "docs" / "payments"
    report = validate(_payments(), RULES, partition="2026-11-22", docs=docs, sample=100)
    assert (report.is_passed, report.failed, report.failures, report.records) == (True, 0, (), 4)
    assert report.expectations == len(derive(RULES)) == 22
    assert report.index == docs / "index.html"
    assert report.index.is_file()
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "failure"),
    [
        (
            {"currency": ["EUR", None, "JPY", "GBP"]},
            "currency: expect column values to not be null: 1 of 4 unexpected",
        ),
        ({"amount": [0.0, 1.0, -5.0, 2.0]}, "amount: expect column values to be between: 2 of 4 unexpected"),
        ({"amount": [1.0, 1e6, 2.0, 3.0]}, "amount: expect column values to be between: 1 of 4 unexpected"),
        (
            {"amount": [1.0, float("nan"), 2.0, 3.0]},
            "amount: expect column values to not be null: 1 of 4 unexpected",
        ),
        (
            {"device_risk": [None, 1.5, 0.5, None]},
            "device_risk: expect column values to be between: 1 of 4 unexpected",
        ),
        (
            {"device_risk": [None, None, 0.5, None]},
            "device_risk: expect column values to not be null: 3 of 4 unexpected",
        ),
        (
            {"country": ["DE", "XX", "JP", "??"]},
            "country: expect column values to be in set: 2 of 4 unexpected",
        ),
        (
            {"merchant_id": ["M00001", "m00002", "M1", "M00001"]},
            "merchant_id: expect column values to match regex: 2 of 4 unexpected",
        ),
        (
            {"payment_id": ["P0000000001", "P0000000002", "P0000000002", "P0000000004"]},
            "payment_id: expect column values to be unique: 2 of 4 unexpected",
        ),
    ],
)
def test_each_kind_of_breach_fails_one_expectation_in_words(
    tmp_path: Path, changed: dict, failure: str
) -> None:
    report = validate(_payments(**changed), RULES, partition="p", docs=tmp_path, sample=100)
    assert report.failures == (failure,)
    assert (report.failed, report.is_passed) == (1, False)


@pytest.mark.slow
def test_no_page_and_no_message_holds_a_personal_value(tmp_path: Path) -> None:
    # One key is there twice, with different e-mails; one e-mail is no e-mail; one country is no country.
    changed = {
        "email": ["Ann.Secretive", "ann@example.org", "bo@example.org", "cy@example.org"],
        "country": ["Atlantis", "DE", "JP", "GB"],
        "payment_id": ["P0000000001", "P0000000001", "P0000000003", "P0000000004"],
    }
    report = validate(_payments(**changed), RULES, partition="p", docs=tmp_path, sample=100)
    assert "email: expect column values to match regex: 1 of 4 unexpected" in report.failures
    texts = _all_texts(tmp_path)
    assert "Atlantis" in texts  # what is not personal is shown: it helps
    assert "Atlantis" not in " ".join(report.failures)
    for personal in ("Ann.Secretive", "ann@example.org", "bo@example.org"):
        assert personal not in texts


@pytest.mark.slow
def test_a_personal_part_of_a_compound_key_is_left_out_too(tmp_path: Path) -> None:
    class Visit(Contract):
        person: str = field(key=True, personal=True)
        day: dt.date = field(key=True, ge=dt.date(2026, 1, 1))

    day = dt.date(2026, 2, 1)
    frame = pl.DataFrame({"person": ["Ann Secretive"] * 2 + ["Bo"], "day": [day, day, dt.date(2025, 12, 31)]})
    report = validate(frame, compile_contract(Visit), partition="p", docs=tmp_path, sample=10)
    assert report.failures == (
        "day: expect column values to be between: 1 of 3 unexpected",
        "person, day: expect compound columns to be unique: 2 of 3 unexpected",
    )
    assert "Ann Secretive" not in _all_texts(tmp_path)


@pytest.mark.slow
def test_an_expectation_that_crashes_has_failed(tmp_path: Path) -> None:
    report = validate(_payments().drop("country", "email"), RULES, partition="p", docs=tmp_path, sample=100)
    assert report.failures == (
        "country: expect column values to be in set: could not be evaluated",
        "country: expect column values to not be null: could not be evaluated",
        "email: expect column values to match regex: could not be evaluated",
        "email: expect column values to not be null: could not be evaluated",
    )


@pytest.mark.slow
def test_no_records_are_a_failure_and_no_crash(tmp_path: Path) -> None:
    report = validate(_payments().clear(), RULES, partition="p", docs=tmp_path, sample=100)
    assert report.failures == ("the whole: expect table row count to be between: 0 records",)
    assert report.records == 0


@pytest.mark.slow
def test_the_index_goes_on_listing_earlier_partitions(tmp_path: Path) -> None:
    validate(_payments(), RULES, partition="2026-11-22", docs=tmp_path, sample=100)
    complete = _payments(device_risk=[0.5] * 4)
    validate(complete, RULES, partition="eu|../2026-11-23", docs=tmp_path, sample=2)
    (tmp_path / "results/Payment/2026-11-22/20260101T000000.000000Z").mkdir()
    (tmp_path / "results/Payment/2026-11-22/20260101T000000.000000Z/published-trusted.json").write_text(
        "{", "utf-8"
    )
    report = validate(_payments().clear(), RULES, partition="2026-11-24", docs=tmp_path, sample=100)
    index = report.index.read_text(encoding="utf-8")
    for partition in ("2026-11-22", "eu_.._2026-11-23", "2026-11-24"):
        (page,) = tmp_path.glob(f"validations/Payment/{partition}/*/*.html")
        assert f"'{page.relative_to(tmp_path)}'" in index  # Great Expectations' own table
        assert (
            f'<a href="{page.relative_to(tmp_path)}">{partition}</a>' in index
        )  # the one for when there is no CDN
    assert [index.count(f"<td>{passed}</tr>") for passed in ("yes", "no", "unknown")] == [2, 1, 1]
    assert "trusted, 2 of 4 records" in index


@pytest.mark.slow
def test_every_type_of_field_survives_the_way_through_pandas(tmp_path: Path) -> None:
    class Everything(Contract):
        number: int = field(key=True, isin=[2**60 + 1, 7])
        maybe: int = field(nullable=True, isin=[2**60 + 1])
        day: dt.date = field(isin=[dt.date(2026, 1, 1)], le=dt.date(2026, 1, 1))
        moment: Annotated[pl.Datetime, "us", "Europe/Berlin"] = field(
            lt=NOON.astimezone(ZoneInfo("Europe/Berlin")), nullable=True
        )
        lasting: pl.Duration = field(gt=dt.timedelta(0))
        hour: pl.Time = field()
        is_paid: bool = field(eq=True)
        size: Annotated[pl.Enum, ["s", "m"]] = field()
        price: Annotated[pl.Decimal, 10, 2] = field(
            ge=1, ne=3, isin=[Decimal("1.10"), Decimal("2.50"), Decimal(3)]
        )
        text: str = field(
            str_startswith="a (", str_endswith=". ?", str_length={"min_value": 3, "max_value": 9}
        )
        tags: Annotated[pl.List, pl.String] = field()

    good = pl.DataFrame(
        {
            "number": [2**60 + 1, 7],
            "maybe": [2**60 + 1, None],
            "day": [dt.date(2026, 1, 1)] * 2,
            "moment": [NOON - dt.timedelta(1), None],
            "lasting": [dt.timedelta(1)] * 2,
            "hour": [dt.time(8)] * 2,
            "is_paid": [True, True],
            "size": ["s", "m"],
            "price": ["1.10", "2.50"],
            "text": ["a (b. ?", "a (ü. ?"],
            "tags": [["x"], []],
        },
    )
    rules = compile_contract(Everything)
    typed = good.cast(
        {name: dtype for name, dtype in rules.schema.items() if name in {"size", "price", "moment"}}
    )
    report = validate(typed, rules, partition="p", docs=tmp_path, sample=10)
    assert report.failures == ()
    worse = typed.with_columns(
        day=dt.date(2026, 1, 2), price=pl.lit(3).cast(typed["price"].dtype), text=pl.lit("a (. ")
    )
    report = validate(worse, rules, partition="p", docs=tmp_path, sample=10)
    assert report.failures == (
        "day: expect column values to be between: 2 of 2 unexpected",
        "day: expect column values to be in set: 2 of 2 unexpected",
        "price: expect column values to not be in set: 2 of 2 unexpected",
        "text: expect column values to match regex: 2 of 2 unexpected",
    )


def test_the_sample_follows_from_the_keys_alone_and_keeps_equal_keys_together() -> None:
    keys = [f"P{number:010}" for number in range(1000) for _ in range(2)]
    frame = pl.DataFrame({"payment_id": keys, "amount": range(2000)})
    once = sampled(frame, RULES, 200)
    assert once.height == 200
    assert sampled(frame, RULES, 200).equals(once)
    assert set(sampled(frame.reverse(), RULES, 200)["payment_id"]) == set(once["payment_id"])
    assert once["payment_id"].n_unique() == 100
    assert once["amount"].is_sorted()
    halves = (once["amount"] < 1000).sum()  # evenly spread: each half of the frame gives its part
    assert 70 < halves < 130
    assert sampled(frame, RULES, 2000) is frame


def test_what_python_reads_otherwise_than_polars_and_mere_warnings_are_not_held_against_the_data() -> None:
    with warnings.catch_warnings():  # pandera has Python look at the pattern, and Python warns
        warnings.simplefilter("ignore")
        odd = {"str_matches": "(?i)a", "str_contains": "[[:alpha:]]"}  # a flag behind `^`; a set within a set
        odd_one = field(entity=True, **odd)

    class Odd(Contract, grain="report"):
        who: str = odd_one
        note: str = field(isin=["b", "a"], severity="warning")
        level: int = field(gt=1, raise_warning=True)
        label: str = field(gt="a")

    assert derive(compile_contract(Odd)) == (
        Expected("ExpectTableRowCountToBeBetween", {"min_value": 1}),
        Expected("ExpectColumnValuesToNotBeNull", {"column": "who", "mostly": 1.0}),
        Expected("ExpectColumnValuesToNotBeNull", {"column": "note", "mostly": 0.5}),
        Expected("ExpectColumnValuesToBeInSet", {"column": "note", "value_set": ["a", "b"], "mostly": 0.5}),
        Expected("ExpectColumnValuesToNotBeNull", {"column": "level", "mostly": 1.0}),
        Expected("ExpectColumnValuesToNotBeNull", {"column": "label", "mostly": 1.0}),
    )
