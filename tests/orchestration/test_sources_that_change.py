"""Sources whose columns are renamed, dropped, added, reordered or counted otherwise, taken the whole way."""

import json
import re
import shutil
from collections.abc import Callable

import pytest
import yaml

from orchestration_assets.cli import main
from orchestration_assets.errors import LakeError
from orchestration_assets.steps import landing
from orchestration_assets.steps.audit import deliveries_accepted
from orchestration_assets.steps.availability import preferred_endpoint
from orchestration_assets.steps.drift_report import schema_drift, waiting_of
from orchestration_assets.steps.landing import summary
from sources.simulation import DamageRates, simulate

DAY, NEXT = "2026-11-01", "2026-11-02"
HEADER = "txn_ref;kunde;mail;haendler;geraet;betrag;waehrung;land;zeitpunkt;risiko"


def lines(count: int, *, first: int = 1, cents: bool = False) -> list[str]:
    """Good payments of gateway_a; amounts between 5,00 and some 300,00."""
    rows = []
    for i in range(first, first + count):
        minor = 500 + (i * 7919) % 30_000
        amount = str(minor) if cents else f"{minor // 100},{minor % 100:02d}"
        rows.append(
            f"P{i:010d};C{i % 40:07d};c{i % 40}@example.org;M{i % 7:05d};D{i % 40:08d};{amount};EUR;DE;"
            f"01.11.2026 {8 + i % 12:02d}:{i % 60:02d};0,{i % 90 + 10}"
        )
    return rows


def status(place, source: str = "gateway_a", day: str = DAY) -> dict[str, tuple[str, bool]]:
    rows = place.rows(f"{source}/deliveries", day).filter(is_latest=True)
    return {row["name"]: (row["status"], row["is_in_force"]) for row in rows.to_dicts()}


def mapping(place, source: str = "gateway_a", day: str = DAY) -> dict[str, str]:
    [row] = place.rows(f"{source}/deliveries", day).filter(is_latest=True).to_dicts()
    return {name: entry["column"] for name, entry in json.loads(row["mapping"] or "{}").items()}


@pytest.fixture
def lived(place):
    """A place whose gateway_a has a day of history."""
    place.gateway_a(lines(120))
    place.way()
    return place


@pytest.fixture
def own_catalog(place):
    """A place whose sources may be edited."""
    shutil.copytree(place.catalog, place.folder / "catalog")
    place.catalog = place.folder / "catalog"
    return place


def test_columns_renamed_plainly_are_mapped_and_the_records_are_those_of_the_old_names(place) -> None:
    place.gateway_a(
        lines(30), header="reference;customer_no;E_Mail;shop;device;amount;currency;country;paid_at;risk"
    )
    place.way()
    assert status(place) == {"payments.csv": ("landed", True)}
    assert mapping(place) == {
        "payment_id": "reference", "customer_id": "customer_no", "email": "E_Mail", "merchant_id": "shop",
        "device_id": "device", "amount": "amount", "currency": "currency", "country": "country", "paid_at": "paid_at",
        "device_risk": "risk",
    }  # fmt: skip


def test_one_renamed_column_gives_the_very_records_of_the_old_name(lived, place_at, tmp_path) -> None:
    plain = place_at(tmp_path / "plain")
    plain.gateway_a(lines(30, first=200))
    plain.way()
    lived.gateway_a(lines(30, first=200), NEXT, HEADER.replace("kunde", "KundenNr"))
    lived.way(NEXT)
    assert mapping(lived, day=NEXT) == {"customer_id": "KundenNr"}
    told = ["payment_id", "customer_id", "amount", "paid_at", "device_risk"]
    assert (
        lived.table("trusted", NEXT)
        .select(told)
        .sort("payment_id")
        .equals(plain.table("trusted").select(told).sort("payment_id"))
    )
    drift = schema_drift(lived.context(NEXT))
    assert not drift.is_passed
    assert "customer_id was `kunde` and is `KundenNr`" in drift.found


def test_names_that_say_nothing_wait_and_what_was_in_force_stays(lived, line_of_b) -> None:
    before = sorted(lived.table("trusted")["payment_id"])
    lived.gateway_b([line_of_b(id="P7000000001")])
    lived.gateway_a([f"{line};x" for line in lines(50)], header=HEADER.replace("betrag", "zz9") + ";yy8")
    outcomes = lived.way()
    assert all(outcome.is_passed for outcome in outcomes)
    assert status(lived) == {"payments.csv": ("waiting", False)}
    assert sorted(lived.table("trusted")["payment_id"]) == sorted([*before, "P7000000001"])
    assert "waiting for a person" in deliveries_accepted(lived.context()).found
    found = summary(lived.context())
    assert found["gateway_a"]["tried"]
    assert preferred_endpoint(found).is_passed  # no other endpoint served instead


def test_two_columns_with_values_alike_wait_for_a_person(lived) -> None:
    rows = [f"{line};FR" for line in lines(50, first=300)]
    lived.gateway_a(rows, NEXT, HEADER.replace("land", "haendlerland") + ";lieferland")
    lived.way(NEXT)
    assert status(lived, day=NEXT) == {"payments.csv": ("waiting", False)}


def test_a_column_that_is_gone_without_a_successor_is_refused_as_before(lived) -> None:
    rows = [";".join(line.split(";")[:5] + line.split(";")[6:]) for line in lines(50)]
    lived.gateway_a(rows, header=HEADER.replace("betrag;", ""))
    lived.land()
    assert status(lived) == {"payments.csv": ("refused", False)}


def test_a_file_without_a_header_is_not_taken_for_renamed_columns(lived) -> None:
    rows = lines(50, first=300)
    lived.put(f"gateway_a/{NEXT}/payments.csv", "".join(f"{row}\n" for row in rows).encode("cp1252"))
    lived.land(NEXT)
    assert status(lived, day=NEXT) == {"payments.csv": ("refused", False)}
    told = " ".join([*lived.rows("gateway_a/deliveries", NEXT)["reason"], schema_drift_of(lived).found])
    assert "there may be none" in told
    assert "example.org" not in told


def schema_drift_of(place):
    place.way(NEXT)
    return schema_drift(place.context(NEXT))


def test_the_same_renamed_bytes_under_two_names_count_once(lived) -> None:
    rows = lines(40, first=300)
    for name in ("a.csv", "b.csv"):
        text = "\n".join([HEADER.replace("kunde", "customer_no"), *rows]) + "\n"
        lived.put(f"gateway_a/{NEXT}/{name}", text.encode("cp1252"))
    lived.way(NEXT)
    assert sorted(told[0] for told in status(lived, day=NEXT).values()) == ["landed", "refused"]
    assert lived.metrics(NEXT)["landed"] == 40


def test_amounts_that_became_cents_wait_with_the_unit_as_proposal_and_land_once_it_is_declared(
    own_catalog,
) -> None:
    place = own_catalog
    place.gateway_a(lines(120))
    place.way()
    place.gateway_a(lines(120, first=500, cents=True), NEXT)
    place.way(NEXT)
    assert status(place, day=NEXT) == {"payments.csv": ("waiting", False)}
    [waiting] = waiting_of(place.lake, place.context(NEXT).sources, NEXT)
    assert waiting.yaml == "amount: {from: betrag, unit: cents}\n"
    accept(place, waiting.yaml)
    place.way(NEXT)
    assert status(place, day=NEXT) == {"payments.csv": ("landed", True)}
    assert place.table("trusted", NEXT)["amount"].max() < 400


def test_numbers_that_are_right_all_the_same_land_once_a_person_says_so(own_catalog) -> None:
    place = own_catalog
    place.gateway_a(lines(120))
    place.way()
    place.gateway_a(lines(120, first=500, cents=True), NEXT)
    place.way(NEXT)
    accept(place, f'amount: {{from: betrag, scale_since: "{NEXT}"}}')
    place.way(NEXT)
    assert status(place, day=NEXT) == {"payments.csv": ("landed", True)}


def accept(place, text: str) -> None:
    """Put the lines of a proposal in the place of the fields that gateway_a declares."""
    path = place.catalog / "gateway_a.yaml"
    declared = yaml.safe_load(path.read_text())
    declared["fields"] |= yaml.safe_load(text)
    path.write_text(yaml.safe_dump(declared, allow_unicode=True, sort_keys=False))


def test_what_a_person_accepts_lands_and_is_read_as_declared(own_catalog) -> None:
    place = own_catalog
    place.gateway_a(lines(120), header=HEADER.replace("betrag", "zz9"))
    place.way()
    [waiting] = waiting_of(place.lake, place.context().sources, DAY)
    assert waiting.yaml == "amount: zz9\n"
    accept(place, waiting.yaml)
    place.way()
    assert status(place) == {"payments.csv": ("landed", True)}
    assert place.table("trusted")["payment_id"].len() == 120
    assert place.metrics()["lost"] == 0


def test_columns_added_and_reordered_change_nothing_and_are_told(lived) -> None:
    rows = [";".join(["x", *reversed(line.split(";"))]) for line in lines(40, first=300)]
    lived.gateway_a(rows, NEXT, "filiale;" + ";".join(reversed(HEADER.split(";"))))
    lived.way(NEXT)
    assert lived.table("trusted", NEXT)["payment_id"].len() == 40
    drift = schema_drift(lived.context(NEXT))
    assert drift.is_passed
    assert "columns added: `filiale`" in drift.found
    assert "another order" in drift.found


def test_paths_renamed_in_json_are_mapped(place, line_of_b) -> None:
    texts = [
        re.sub('"ref":', '"customerNumber":', line_of_b(id=f"P{i:010d}", ref=f"C{i:07d}"))
        for i in range(1, 31)
    ]
    place.gateway_b(texts)
    place.way()
    assert mapping(place, "gateway_b") == {"customer_id": "customer.customerNumber"}
    assert sorted(place.table("trusted")["customer_id"])[:2] == ["C0000001", "C0000002"]


def test_an_endpoint_that_still_delivers_the_old_columns_is_preferred_to_a_mapping(own_catalog) -> None:
    place = own_catalog
    path = place.catalog / "gateway_a.yaml"
    backup = '  - {kind: files, path: "backup/{partition}/*.csv"}\nnotation:'
    path.write_text(path.read_text().replace("notation:", backup, 1))
    place.gateway_a(lines(30), header=HEADER.replace("kunde", "customer_no"))
    place.put(f"backup/{DAY}/payments.csv", "\n".join([HEADER, *lines(30)]) + "\n")
    place.way()
    rows = place.rows("gateway_a/deliveries").filter(is_latest=True).sort("endpoint")
    assert rows.select("endpoint", "status", "mapping").rows() == [
        ("files:0", "refused", ""),
        ("files:1", "landed", ""),
    ]
    assert place.table("trusted")["payment_id"].len() == 30


def test_the_report_says_what_waits_and_what_to_paste(lived, surroundings: Callable, capsys) -> None:
    surroundings(lived)
    lived.gateway_a(lines(50, first=300), NEXT, HEADER.replace("betrag", "zz9"))
    lived.way(NEXT)
    assert main(["report", "payments", "--partition", NEXT]) == 0
    told = capsys.readouterr().out
    assert "waits for a person" in told
    assert "amount: zz9" in told
    assert main(["report", "payments", "--partition", NEXT, "--json"]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert [one["source"] for one in row["waiting"]] == ["gateway_a"]


@pytest.mark.parametrize("source", ["gateway_a", "gateway_b", "ledger"])
def test_ordinary_days_of_the_simulated_world_never_wait(place, source: str) -> None:
    days = [f"2026-11-0{n}" for n in range(1, 5)]
    simulate(place.outside, days, records=400, seed=11, rates=DamageRates(share=0.2))
    for day in days:
        place.way(day)
        assert {told[0] for told in status(place, source, day).values()} == {"landed"}


def mixed(lines: list[str], *, old: str = "", new: str = "") -> list[str]:
    """The lines with one further field, a value in every second and an object in the others."""
    notes = ['"note": 1', '"note": {"of": "shop"}']
    return [f"{line[:-1].replace(old, new)}, {notes[i % 2]}}}" for i, line in enumerate(lines)]


def test_a_field_that_is_a_value_here_and_an_object_there_hinders_nothing(place, plain) -> None:
    place.gateway_b(plain(120))
    place.way()
    place.gateway_b(mixed(plain(120), old='"merchant"', new='"merchant_id"'), NEXT)
    place.land(NEXT)
    assert mapping(place, "gateway_b", NEXT) == {"merchant_id": "merchant_id"}
    place.gateway_b(mixed(plain(100)), "2026-11-03")
    place.way("2026-11-03")
    assert "is mapped" not in schema_drift(place.context("2026-11-03")).found
    assert status(place, "gateway_b", "2026-11-03") == {"payments.ndjson": ("landed", True)}


def test_a_defect_in_looking_again_leaves_what_was_delivered_as_it_is_and_says_so(place, monkeypatch) -> None:
    def spoilt(*_: object) -> None:
        raise ValueError("s3cret")

    monkeypatch.setattr(landing, "look_again", spoilt)
    place.gateway_a(lines(5))
    counts = place.land()
    [row] = place.rows("gateway_a/deliveries", DAY).to_dicts()
    assert (row["status"], row["is_in_force"]) == ("landed", True)
    assert row["reason"].startswith(
        "not looked at again after a defect: ValueError in test_sources_that_change.py"
    )
    assert "s3cret" not in str(counts)


def test_a_defect_in_noting_one_source_leaves_the_others_alone(place, plain, monkeypatch) -> None:
    def spoilt(_context, source, _arrival, rows):
        if source.source == "gateway_a":
            raise ValueError("s3cret")
        return rows

    monkeypatch.setattr(landing, "LOOKS", (spoilt,))
    place.gateway_a(lines(5))
    place.gateway_b(plain(5))
    counts = place.land()
    assert status(place) == {"payments.csv": ("refused", False)}
    assert status(place, "gateway_b") == {"payments.ndjson": ("landed", True)}
    assert "a defect in looking through it: ValueError in test_sources_that_change.py" in str(counts)
    assert "s3cret" not in str(counts)


def test_a_lake_that_cannot_be_written_for_one_source_leaves_the_others_noted(place, plain) -> None:
    place.gateway_a(lines(5))
    place.gateway_b(plain(5))
    table = place.lake.path("gateway_a/deliveries")
    table.parent.mkdir(parents=True)
    table.write_text("a file where the table should be")
    with pytest.raises(LakeError):
        place.land()
    assert status(place, "gateway_b") == {"payments.ndjson": ("landed", True)}
