"""Bad input: told in words, kept, and never in place of what was good."""

import io
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from orchestration_assets.errors import LakeError
from orchestration_assets.feed import load_feeds
from orchestration_assets.steps.audit import deliveries_accepted, must_hold, nothing_lost, trusted_not_emptied
from orchestration_assets.steps.context import rules_of
from orchestration_assets.steps.publishing import publish_partition
from validators.errors import ContractError

DAY, NEXT = "2026-11-01", "2026-11-02"
GOOD = [
    "P0000000001;C0000001;ann@example.org;M00001;D00000001;12,50;EUR;DE;01.11.2026 10:00;0,1",
    "P0000000002;C0000002;bob@example.org;M00001;D00000002;7,00;EUR;DE;01.11.2026 11:30;",
]
HEADER = "txn_ref;kunde;mail;haendler;geraet;betrag;waehrung;land;zeitpunkt;risiko"
CHANGES_EACH_TIME = ("payments/metrics", "gateway_a/deliveries")
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 20
PARQUET = io.BytesIO()
pl.DataFrame({"txn_ref": ["P0000000001"] * 500}).write_parquet(PARQUET)
WORTHLESS = {
    "nothing at all": (b"", "0 bytes were delivered"),
    "a picture": (PNG, "columns that the header of 1 columns lacks"),
    "Parquet where CSV is declared": (PARQUET.getvalue(), "it is Parquet where csv is declared"),
    "a header and nothing else": (f"{HEADER}\n".encode(), "there is a header and no line of data"),
    "a column too few": (
        b"txn_ref;kunde\nP0000000001;C0000001\n",
        "columns that the header of 2 columns lacks: betrag",
    ),
    "a page that asks to sign in": (
        b"<!DOCTYPE html>\n<p>Sign in</p>\n",
        "columns that the header of 1 columns lacks",
    ),
}


def payments(place, day: str = DAY) -> list[str]:
    return sorted(place.table("trusted", day)["payment_id"].to_list())


@pytest.fixture
def good(place):
    """A place in which gateway_a delivered two good payments and they were published."""
    place.gateway_a(GOOD)
    place.way()
    assert payments(place) == ["P0000000001", "P0000000002"]
    return place


@pytest.mark.parametrize("what", sorted(WORTHLESS))
def test_a_worthless_delivery_is_refused_kept_and_never_replaces_a_good_one(good, what: str) -> None:
    content, reason = WORTHLESS[what]
    before = good.contents(without=CHANGES_EACH_TIME)
    good.put(f"gateway_a/{DAY}/payments.csv", content)
    assert all(o.is_passed for o in good.way())
    assert good.contents(without=CHANGES_EACH_TIME) == before
    told = deliveries_accepted(good.context())
    assert not told.is_passed
    assert f"gateway_a: 1 refused: {reason}" in told.found
    refused = good.rows("gateway_a/deliveries").filter(status="refused").to_dicts()
    assert [(good.lake.root / "gateway_a" / "landed" / row["path"]).read_bytes() for row in refused] == [
        content
    ]


@pytest.mark.parametrize("what", sorted(WORTHLESS))
def test_a_worthless_first_delivery_publishes_nothing_and_is_told(place, what: str) -> None:
    place.put(f"gateway_a/{DAY}/payments.csv", WORTHLESS[what][0])
    assert all(o.is_passed for o in place.way())
    assert place.metrics()["landed"] == 0
    assert place.table("trusted").height == 0
    assert "gateway_a: 1 refused" in deliveries_accepted(place.context()).found


def test_a_sound_delivery_after_a_worthless_one_is_taken(place) -> None:
    place.put(f"gateway_a/{DAY}/payments.csv", PNG)
    place.way()
    place.gateway_a(GOOD)
    place.way()
    assert payments(place) == ["P0000000001", "P0000000002"]


def test_a_source_that_delivers_nothing_keeps_what_was_in_force(good) -> None:
    (good.outside / "gateway_a" / DAY / "payments.csv").unlink()
    before = good.contents(without=CHANGES_EACH_TIME)
    assert all(o.is_passed for o in good.way())
    assert good.contents(without=CHANGES_EACH_TIME) == before
    assert "no file matches" in good.rows("gateway_a/deliveries").filter(status="absent")["reason"].item()


def test_a_source_that_never_delivered_is_told_as_absent(good) -> None:
    assert "ledger: absent: sql:0: " in deliveries_accepted(good.context()).found
    assert "gateway_b: absent: files:0: no file matches" in deliveries_accepted(good.context()).found


def test_a_corrected_delivery_takes_the_place_of_the_former(good) -> None:
    good.gateway_a([GOOD[0].replace("12,50", "13,00")])
    assert all(o.is_passed for o in good.way())
    assert good.table("trusted").select("payment_id", "amount").rows() == [("P0000000001", 13.0)]
    assert sorted(good.rows("gateway_a/deliveries")["is_in_force"]) == [False, True]


def test_a_delivery_under_another_name_counts_once(good) -> None:
    file = good.outside / "gateway_a" / DAY / "payments.csv"
    file.rename(file.with_name("payments-1.csv"))
    assert [o.found for o in good.way() if not o.is_passed] == []
    assert payments(good) == ["P0000000001", "P0000000002"]
    assert good.metrics()["landed"] == 2


def test_an_extra_column_is_accepted_and_told(place) -> None:
    place.gateway_a([f"{line};x" for line in GOOD], header=f"{HEADER};filiale")
    place.way()
    assert payments(place) == ["P0000000001", "P0000000002"]
    assert "gateway_a: columns that are not declared: filiale" in deliveries_accepted(place.context()).found


def test_a_file_that_was_cut_off_keeps_its_whole_lines_and_is_told(place) -> None:
    file = place.gateway_a(GOOD)
    file.write_bytes(file.read_bytes()[:-40])
    place.way()
    assert payments(place) == ["P0000000001"]
    assert place.rows("gateway_a/unreadable")["_row"].to_list() == [1]
    assert "gateway_a: the last line has no end" in deliveries_accepted(place.context()).found


def test_a_snapshot_that_does_not_come_is_stood_in_for_by_the_latest_and_marked_stale(
    place, orders: Callable
) -> None:
    orders(place)
    place.put(f"orders/{DAY}.csv", "number,price\nN1,10\nN2,20\n")
    place.way(DAY, "orders")
    assert place.land(NEXT, "orders")["shop"]["status"] == "stale"
    place.way(NEXT, "orders")
    assert sorted(place.table("trusted", NEXT, "orders")["number"]) == ["N1", "N2"]
    told = deliveries_accepted(place.context(NEXT, "orders"))
    assert not told.is_passed
    assert "shop: stale" in told.found
    place.put(f"orders/{NEXT}.csv", "number,price\nN3,30\n")
    place.way(NEXT, "orders")
    assert place.table("trusted", NEXT, "orders")["number"].to_list() == ["N3"]
    assert deliveries_accepted(place.context(NEXT, "orders")).is_passed
    assert sorted(place.table("trusted", DAY, "orders")["number"]) == ["N1", "N2"]


def test_a_contract_that_does_not_load_is_told_with_its_cause(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "broken_contract_of_orders.py").write_text("price = 1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        ContractError, match=r"broken_contract_of_orders:Order.*ZeroDivisionError(.|\n)*Hint: "
    ):
        rules_of("broken_contract_of_orders:Order")


def test_one_yaml_mistake_leaves_the_other_feeds_and_sources(place, orders: Callable) -> None:
    orders(place)
    (place.catalog / "ledger.yaml").write_text("source: ledger\nfeed: [payments\n")
    (place.feeds / "flights.yaml").write_text("feed: flights\nowner: nobody\n")
    loaded = load_feeds(place.feeds, place.catalog)
    assert sorted(loaded.feeds) == ["orders", "payments"]
    assert [s.source for s in loaded.feeds["payments"].sources] == ["gateway_a", "gateway_b"]
    assert {m.file for m in loaded.mistakes} >= {"ledger.yaml", "flights.yaml"}
    place.gateway_a(GOOD)
    place.way()
    assert payments(place) == ["P0000000001", "P0000000002"]


def test_a_lake_that_cannot_be_written_is_told_as_such(place) -> None:
    place.gateway_a(GOOD)
    place.lake.root.write_text("a file where the folder should be")
    with (
        pytest.raises(LakeError, match=r"the lake folder cannot be written(.|\n)*Hint: "),
        place.lake.lock("payments", DAY, wait_seconds=0, holder="test"),
    ):
        pass


def test_a_source_whose_folder_cannot_be_written_is_told_as_such(place) -> None:
    place.gateway_a(GOOD)
    place.lake.root.mkdir()
    (place.lake.root / "gateway_a").write_text("a file where the folder should be")
    with pytest.raises(LakeError, match=r"cannot be written: .*gateway_a(.|\n)*Hint: "):
        place.land()


def test_a_partition_that_would_become_empty_is_not_published(good) -> None:
    good.gateway_a([GOOD[0].replace("12,50", "many")])
    outcomes = {o.name: o for o in good.way()}
    assert {name: o.is_passed for name, o in outcomes.items()} == {
        "nothing_lost": True,
        "contract_holds": True,
        "trusted_not_emptied": False,
    }
    assert outcomes["trusted_not_emptied"].found == "0 to publish, 2 published now"
    assert payments(good) == ["P0000000001", "P0000000002"]
    assert good.table("quarantine")["payment_id"].to_list() + good.table("review")[
        "payment_id"
    ].to_list() == ["P0000000001"]


def staged_path(context) -> Path:
    [staged] = context.handed_over("settled")["staged"]
    return context.lake.path(context.table("trusted")) / staged[0]


@pytest.mark.parametrize("fault", ["a row less", "a row twice", "a row of nowhere"])
def test_a_staged_file_that_lost_or_gained_a_record_is_not_published(good, fault: str) -> None:
    good.gateway_a([*GOOD, GOOD[0].replace("0001;C", "0003;C")])
    context = good.settle()
    path = staged_path(context)
    frame = pl.read_parquet(path, hive_partitioning=False)
    faulty = {
        "a row less": lambda: frame.head(2),
        "a row twice": lambda: pl.concat([frame, frame.head(1)]),
        "a row of nowhere": lambda: pl.concat([frame, frame.head(1).with_columns(_row=pl.lit(99, pl.Int64))]),
    }[fault]()
    faulty.write_parquet(path)
    outcome = nothing_lost(context)
    assert not outcome.is_passed
    assert outcome.is_blocking
    counted = {"a row less": "1 in none, 0 in more than one, 0 that", "a row twice": "0 in none, 1 in more than one, 0 that",
               "a row of nowhere": "0 in none, 0 in more than one, 1 that"}  # fmt: skip
    assert outcome.found.startswith(counted[fault])
    assert payments(good) == ["P0000000001", "P0000000002"]


def test_a_hand_over_that_forgot_a_file_is_not_published(good) -> None:
    good.gateway_a([*GOOD, GOOD[0].replace("0001;C", "0003;C")])
    context = good.settle()
    context.hand_over("settled", {**context.handed_over("settled"), "staged": []})
    assert not nothing_lost(context).is_passed
    assert not trusted_not_emptied(context).is_passed
    assert payments(good) == ["P0000000001", "P0000000002"]


def test_a_staged_record_that_breaks_the_contract_is_not_published(good) -> None:
    good.gateway_a([*GOOD, GOOD[0].replace("0001;C", "0003;C")])
    context = good.settle()
    path = staged_path(context)
    frame = pl.read_parquet(path, hive_partitioning=False)
    frame.with_columns(amount=pl.when(pl.col("_row") == 0).then(-1.0).otherwise("amount")).write_parquet(path)
    [broken] = [o for o in must_hold(context) if not o.is_passed]
    assert (broken.name, broken.is_blocking) == ("contract_holds", True)
    assert broken.found == "1 of 3 newly written records break it; 0 fatal findings"
    assert payments(good) == ["P0000000001", "P0000000002"]


def test_a_fatal_finding_leaves_the_former_records_in_place(place, orders: Callable) -> None:
    orders(place)
    place.put(f"orders/{DAY}.csv", "number,price\nN1,10\n")
    place.way(DAY, "orders")
    place.put(f"orders/{DAY}.csv", "number,price\nN1,10\nN2,-5\n")
    assert [o.name for o in place.way(DAY, "orders") if not o.is_passed] == ["contract_holds"]
    assert place.table("trusted", DAY, "orders")["number"].to_list() == ["N1"]
    assert place.table("findings", DAY, "orders").select("field", "severity").rows() == [("price", "fatal")]


def test_what_was_held_back_is_published_once_the_cause_is_gone(good) -> None:
    good.gateway_a([GOOD[0].replace("12,50", "many")])
    good.way()
    good.gateway_a([GOOD[0].replace("12,50", "12,60")])
    context = good.settle()
    assert all(o.is_passed for o in must_hold(context))
    publish_partition(context)
    assert good.table("trusted").select("payment_id", "amount").rows() == [("P0000000001", 12.6)]
