"""The whole way on a handful of payments, written by hand as each of the three systems writes them."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256

import polars as pl
import pytest

from orchestration_assets.steps.units import Units
from orchestration_assets.way import each_once

DAY = "2026-11-01"
PLAIN = 800
# Berlin is one hour ahead of UTC on this day.
FROM_GATEWAY_A = [
    "P0000000001;C0000001;ann@example.org;M90001;D90000001;12,50;EUR;DE;01.11.2026 10:00;0,1",
    "P0000000002;C0000001;ann@example.org;M90001;D90000001;7,00;€;DE;01.11.2026 11:30;",
    "P0000000003;C0000002;bob@example.org;M90001;D90000002;1.234,56;EUR;DE;01.11.2026 12:00;0,2",
    "P0000000004;C0000003;cyd@example.org;M90001;D90000003;5,00;EUR;Frankreich;2026-11-01 12:15;0,3",
    "P0000000005;C0000004;dan@example.org;M90001;D90000004;6,00;EUR;DE;02/11/2026 10:00;0,4",
    "P0000000006;C0000005;eve@example.org;M90001",
    "P0000000008;C0000006;fay@example.org;M90001;D90000006;20,00;EUR;DE;01.11.2026 13:00;0,5",
    "P0000000009;zz;gus@example.org;M90001;D90000007;8,00;EUR;DE;01.11.2026 14:00;0,6",
    "P0000000010;C0000500;;M90001;D90000008;9,00;EUR;DE;01.11.2026 15:00;n/a",
    '"P0000000011";C0000007;"hal@example.org";M90001;D90000009;"3,25";EUR;DE;01.11.2026 16:00;1,5',
    # Read as a decimal here and as cents there, the amount must be the same to its last bit.
    "P0000000014;C0000011;lea@example.org;M90001;D90000013;19,24;EUR;DE;01.11.2026 13:00;0,5",
]
FROM_LEDGER = [
    (1, "C0000001", "ann@example.org", "M90001", "D90000001", 1250, 978, 276, 1793523600, 0.1),
    (8, "C0000006", "fay@example.org", "M90001", "D90000006", 2500, 978, 276, 1793534400, 0.5),
    (12, "C0000008", "ian@example.org", "M90002", "D90000010", -500, 978, 276, 1793534400, None),
    (13, "C0000009", "joe@example.org", "M90001", "D90000011", 4200, 840, 840, 1793534400, 0.9),
    (14, "C0000011", "lea@example.org", "M90001", "D90000013", 1924, 978, 276, 1793534400, 0.5),
]
TRUSTED = {
    # payment: customer, amount, currency, country, paid at (UTC), risk, e-mail, repaired
    "P0000000001": ("C0000001", 12.5, "EUR", "DE", "09:00", 0.1, "ann@example.org", None),
    "P0000000002": ("C0000001", 7.0, "EUR", "DE", "10:30", None, "ann@example.org", None),
    "P0000000003": ("C0000002", 1234.56, "EUR", "DE", "11:00", 0.2, "bob@example.org", ["amount"]),
    "P0000000004": ("C0000003", 5.0, "EUR", "FR", "11:15", 0.3, "cyd@example.org", ["country", "paid_at"]),
    "P0000000010": (
        "C0000500",
        9.0,
        "EUR",
        "DE",
        "14:00",
        None,
        "customer500@example.org",
        ["device_risk", "email"],
    ),
    "P0000000013": ("C0000009", 42.0, "USD", "US", "12:00", 0.9, "joe@example.org", None),
    "P0000000014": ("C0000011", 19.24, "EUR", "DE", "12:00", 0.5, "lea@example.org", None),
    "P0000000020": ("C0000010", 2.5, "EUR", "DE", "08:00", 0.25, "kim@example.org", ["country"]),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, plain: Callable, line_of_b: Callable, place_at: Callable):
    place = place_at(tmp_path_factory.mktemp("by_hand"))
    whole = {"id": "P0000000020", "ref": "C0000010", "email": "kim@example.org", "country": "DEU", "device": "D90000012",
             "minor": 250, "created": "2026-11-01T10:00:00+02:00"}  # fmt: skip
    place.gateway_a(FROM_GATEWAY_A)
    place.gateway_b([*plain(PLAIN), line_of_b(**whole), line_of_b(id="P0000000021")[:60]])
    place.ledger(FROM_LEDGER)
    place.outcomes = place.way()
    return place


def by_payment(frame) -> dict[str, dict]:
    return {row["payment_id"]: row for row in frame.to_dicts()}


def test_every_check_that_blocks_passed(world) -> None:
    assert [(o.name, o.is_passed) for o in world.outcomes] == [
        ("nothing_lost", True),
        ("contract_holds", True),
        ("trusted_not_emptied", True),
    ]


def test_the_trusted_records_are_those_written_by_hand(world) -> None:
    found = by_payment(world.table("trusted"))
    assert {p for p in found if p < "P9"} == set(TRUSTED)
    assert sum(p >= "P9" for p in found) == PLAIN


def test_each_record_says_which_endpoint_served_it(world) -> None:
    served = {
        (row["_source"], row["_endpoint"])
        for name in ("trusted", "review", "quarantine", "aside")
        for row in world.table(name).to_dicts()
    }
    assert served == {("gateway_a", "files:0"), ("gateway_b", "files:0"), ("ledger", "sql:0")}


@pytest.mark.parametrize("payment", sorted(TRUSTED))
def test_a_trusted_record_holds_the_true_values_and_names_what_was_repaired(world, payment: str) -> None:
    row = by_payment(world.table("trusted"))[payment]
    customer, amount, currency, country, clock, risk, email, repaired = TRUSTED[payment]
    hour, minute = map(int, clock.split(":"))
    assert row["paid_at"] == datetime(2026, 11, 1, hour, minute, tzinfo=UTC)
    assert (row["customer_id"], row["amount"], row["currency"], row["country"]) == (
        customer,
        amount,
        currency,
        country,
    )
    assert (row["device_risk"], row["email"]) == (risk, email)
    assert row["_repaired"] == repaired


def test_each_changed_cell_keeps_its_original_its_method_and_its_evidence(world) -> None:
    applied = world.table("repairs").filter(status="applied").to_dicts()
    found = {
        (r["_source"], r["_row"], r["field"]): (r["original"], r["repaired"], r["method"]) for r in applied
    }
    assert found == {
        ("gateway_a", 2, "amount"): ("1.234,56", "1234.56", "money"),
        ("gateway_a", 3, "country"): ("Frankreich", "FR", "country"),
        ("gateway_a", 3, "paid_at"): ("2026-11-01 12:15", "2026-11-01T11:15:00Z", "datetime"),
        ("gateway_a", 8, "email"): (None, "customer500@example.org", "mode"),
        ("gateway_a", 8, "device_risk"): ("n/a", None, "placeholder"),
        ("gateway_b", PLAIN, "country"): ("DEU", "DE", "country"),
    }
    for row in applied:
        version = "2" if row["method"] == "datetime" else "1"
        assert (row["version"], row["evidence_class"], row["decided_by"]) == (version, "masked", "gate")
        assert row["confidence"] == 1.0
        assert "masked cases" in row["evidence"]


def test_what_cannot_be_decided_is_held_as_it_was_delivered(world) -> None:
    review = {(r["_source"], r["payment_id"]): r for r in world.table("review").to_dicts()}
    assert sorted(review) == [
        ("gateway_a", "P0000000005"),
        ("gateway_a", "P0000000008"),
        ("ledger", "P0000000008"),
    ]
    assert review["gateway_a", "P0000000005"]["paid_at"] == "02/11/2026 10:00"
    assert review["gateway_a", "P0000000008"]["amount"] == "20,00"
    assert review["ledger", "P0000000008"]["amount"] == "2500"


def test_a_contradiction_between_two_sources_is_told_of_both(world) -> None:
    held = world.table("review").filter(payment_id="P0000000008").to_dicts()
    reasons = [(e["field"], e["kind"], e["rule"]) for row in held for e in row["_errors"]]
    assert reasons == [("amount", "inconsistent", "agrees_with_other_reports")] * 2


def test_what_nothing_can_mend_is_in_quarantine_with_its_reasons(world) -> None:
    held = {r["payment_id"]: r for r in world.table("quarantine").to_dicts()}
    assert {p: [(e["field"], e["kind"]) for e in r["_errors"]] for p, r in held.items()} == {
        "P0000000009": [("customer_id", "malformed")],
        "P0000000011": [("device_risk", "out_of_domain")],
        "P0000000012": [("amount", "out_of_domain")],
    }
    assert held["P0000000012"]["amount"] == "-500"
    assert held["P0000000011"]["device_risk"] == "1,5"


def test_a_repeated_report_is_set_aside_with_the_record_that_stands_for_it(world) -> None:
    digest = sha256((world.outside / "gateway_a" / DAY / "payments.csv").read_bytes()).hexdigest()
    columns = ["_source", "_row", "payment_id", "_verdict", "_reason"]
    assert sorted(world.table("aside").select(columns).rows()) == [
        ("ledger", 0, "P0000000001", "duplicate", f"says the same as gateway_a:{DAY}:{digest[:12]}:0"),
        ("ledger", 4, "P0000000014", "duplicate", f"says the same as gateway_a:{DAY}:{digest[:12]}:10"),
    ]


def test_lines_that_are_no_records_are_kept_byte_for_byte(world) -> None:
    [line] = world.rows("gateway_a/unreadable").to_dicts()
    assert (line["_row"], line["line"], line["bytes"]) == (5, 7, FROM_GATEWAY_A[5].encode())
    before = [b"txn_ref;kunde;mail;haendler;geraet;betrag;waehrung;land;zeitpunkt;risiko"]
    before += [text.encode("cp1252") for text in FROM_GATEWAY_A[:5]]
    assert line["byte"] == sum(len(text) + 1 for text in before)
    [half] = world.rows("gateway_b/unreadable").to_dicts()
    assert (half["_row"], half["line"], len(half["bytes"])) == (PLAIN + 1, PLAIN + 2, 60)


def test_the_metrics_count_what_happened(world) -> None:
    metrics = world.metrics()
    expected = {
        "landed": 11 + PLAIN + 2 + 5, "unreadable": 2, "clean": PLAIN + 4, "translated": 3, "imputed": 1,
        "trusted": PLAIN + 8, "review": 3, "quarantine": 3, "duplicate": 2, "outside": 0, "lost": 0,
        "landed_gateway_a": 11, "landed_gateway_b": PLAIN + 2, "landed_ledger": 5, "repairs_applied": 6,
    }  # fmt: skip
    assert {name: metrics[name] for name in expected} == expected


def test_every_delivery_is_kept_under_its_hash(world) -> None:
    for name, file in (("gateway_a", "payments.csv"), ("gateway_b", "payments.ndjson")):
        content = (world.outside / name / DAY / file).read_bytes()
        [row] = world.rows(f"{name}/deliveries").to_dicts()
        assert row["content_hash"] == sha256(content).hexdigest()
        assert (world.lake.root / name / "landed" / row["path"]).read_bytes() == content


def test_a_source_that_says_the_same_again_is_no_more_evidence(world) -> None:
    context = world.context()
    known = Units(context).known()
    named = known.drop_nulls("payment_id")
    assert named.height == named.unique(["_source", "payment_id"]).height
    again = each_once(pl.concat([known, named.reverse()]), context.rules)
    assert again.height == known.height


def test_a_partition_in_which_nothing_is_wrong_goes_all_the_way(place, plain) -> None:
    """No record is asked about, where the contract names imputers by group all the same."""
    place.gateway_b(plain(40))
    assert [o for o in place.way() if not o.is_passed] == []
    assert place.table("trusted").height == 40
