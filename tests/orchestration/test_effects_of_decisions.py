"""What people decide takes effect, is told in the ledger of repairs, and can be taken back to the last cell."""

import random as chance
from collections.abc import Callable

import polars as pl
import pytest

from orchestration_assets.decisions.cells import RecordId, decision_on
from orchestration_assets.decisions.ledger import Decision, decide, decisions_of
from orchestration_assets.steps.audit import must_hold
from orchestration_assets.steps.imputation import impute_partition
from orchestration_assets.steps.measuring import measure_partition
from orchestration_assets.steps.publishing import publish_partition
from orchestration_assets.steps.settlement import settle_partition
from orchestration_assets.steps.translation import translate_partition
from orchestration_assets.steps.triage import triage_partition

DAY = "2026-11-01"
AFTER_TRIAGE = (translate_partition, impute_partition, settle_partition, measure_partition)
CHANGES = ("payments/decisions", "payments/judged", "payments/metrics")
"""Tables that tell what was decided, or how long it took."""


class Held:
    """The held records of a place, and decisions about them."""

    def __init__(self, place) -> None:
        self.place = place
        self.rules = place.context().rules

    def cells(self, table: str = "review") -> pl.DataFrame:
        """One row per bad cell of a held record with a suggestion: `id`, `field`, `original`, `repaired`, `method`."""
        name = pl.concat_str(
            "_source", pl.lit(DAY), "_delivery", pl.col("_row").cast(pl.String), separator=":"
        )
        held = self.place.table(table).select(name.alias("id"), pl.col("_errors").list.len().alias("errors"))
        repairs = self.place.table("repairs").with_columns(name.alias("id")).filter(status="suggested")
        first = repairs.unique(["id", "field"], keep="first", maintain_order=True)
        wanted = first.select("id", "field", "original", "repaired", "method", "version")
        return held.join(wanted, on="id").sort("id", "field")

    def on(self, record: str, field: str | None, action: str, by: str = "ann", **more) -> Decision:
        return decision_on(
            self.place.lake,
            "payments",
            self.rules,
            RecordId.parse(record),
            by=by,
            action=action,
            field=field,
            **more,
        )

    def decide(self, *decisions: Decision) -> None:
        assert decide(self.place.lake, "payments", decisions, self.rules) == []

    def again(self, *, is_from_triage: bool = False) -> None:
        """The way of the partition once more, without landing."""
        context = self.place.context()
        for step in ((triage_partition,) if is_from_triage else ()) + AFTER_TRIAGE:
            step(context)
        assert [o for o in must_hold(context) if not o.is_passed] == []
        publish_partition(context)

    def settle_again(self) -> None:
        settle_partition(self.place.context())

    def verdict(self, record: str) -> str:
        tables = ("trusted", "review", "quarantine", "aside")
        return next(t for t in tables if self.rows(t, record).height)

    def rows(self, table: str, record: str) -> pl.DataFrame:
        return RecordId.parse(record).rows(self.place.lake, f"payments/{table}")


@pytest.fixture
def held(lived, copy_of: Callable) -> Held:
    return Held(copy_of(lived))


def alone(held: Held, field: str) -> str:
    """The id of a record in review with nothing wrong but this field."""
    cells = held.cells().filter(pl.col("errors") == 1, field=field)
    assert cells.height
    return cells["id"][0]


def test_an_accepted_proposal_is_applied_and_says_by_whom(held) -> None:
    record = alone(held, "device_id")
    proposed = held.cells().filter(id=record)["repaired"][0]
    held.decide(held.on(record, "device_id", "accept", why="seen in the portal"))
    held.again(is_from_triage=True)
    assert held.verdict(record) == "trusted"
    trusted = held.rows("trusted", record)
    assert trusted.select("device_id", "_repaired").rows() == [(proposed, ["device_id"])]
    (repair,) = held.rows("repairs", record).filter(field="device_id", status="applied").to_dicts()
    assert (repair["repaired"], repair["decided_by"], repair["evidence_class"]) == (proposed, "ann", "judged")
    assert "accepted by ann on " in repair["evidence"]
    assert repair["evidence"].endswith(": seen in the portal")
    assert repair["method"] == decisions_of(held.place.lake, "payments")["method"][0]


def test_an_own_value_is_a_repair_by_a_person_and_other_proposals_are_rejected(held) -> None:
    record = alone(held, "device_id")
    held.decide(held.on(record, "device_id", "correct", value="D12345678"))
    held.again()
    assert held.rows("trusted", record)["device_id"].to_list() == ["D12345678"]
    repairs = held.rows("repairs", record).filter(field="device_id")
    assert repairs.filter(status="applied").select("method", "decided_by").rows() == [("person", "ann")]
    others = repairs.filter(pl.col("method") != "person", pl.col("repaired") != "D12345678")
    assert set(others["status"]) == {"rejected"}


def test_an_own_value_that_breaks_the_contract_leaves_the_record_held(held) -> None:
    record = alone(held, "device_id")
    wrong = held.on(record, "device_id", "correct", value="nonsense")
    (refused,) = decide(held.place.lake, "payments", [wrong], held.rules)
    assert refused.reason.startswith("device_id must look like")
    assert decide(held.place.lake, "payments", [wrong]) == []
    held.again()
    assert held.verdict(record) == "review"
    assert [e["rule"] for e in held.rows("review", record)["_errors"][0]] == ["str_matches"]


def test_a_rejected_proposal_is_rejected_and_leaves_no_way_out(held) -> None:
    record = alone(held, "device_id")
    proposals = held.rows("repairs", record).filter(field="device_id")
    held.decide(held.on(record, "device_id", "reject", value=proposals["repaired"][0]))
    held.again()
    after = held.rows("repairs", record).filter(field="device_id")
    assert after.height == proposals.height
    is_wrong = pl.col("repaired") == proposals["repaired"][0]
    assert set(after.filter(is_wrong).select("status", "decided_by").rows()) == {("rejected", "ann")}
    assert after.filter(~is_wrong)["status"].to_list() == proposals.filter(~is_wrong)["status"].to_list()
    assert held.verdict(record) == ("review" if after.filter(~is_wrong).height else "quarantine")


def test_a_rejected_record_goes_to_quarantine_with_who_and_why(held) -> None:
    record = alone(held, "device_id")
    held.decide(held.on(record, "device_id", "accept"), held.on(record, None, "reject", why="a test payment"))
    held.again()
    assert held.verdict(record) == "quarantine"
    reasons = held.rows("quarantine", record)["_errors"][0]
    assert ("kept_out_by_a_person", "was kept out by ann: a test payment") in [
        (r["rule"], r["message"]) for r in reasons
    ]


def test_what_is_left_to_another_stays(held) -> None:
    record = alone(held, "device_id")
    before = held.rows("review", record)
    held.decide(held.on(record, "device_id", "leave"))
    held.again()
    assert held.rows("review", record).equals(before)


def test_undone_everything_is_as_before(held) -> None:
    before = held.place.contents(without=CHANGES)
    cells = held.cells().unique("id").head(30)
    accepted = [held.on(i, f, "accept") for i, f in cells.head(20).select("id", "field").rows()]
    out = [held.on(i, None, "reject") for i in cells.tail(10)["id"]]
    held.decide(*accepted, *out)
    held.again()
    assert held.place.contents(without=CHANGES) != before
    held.decide(Decision(by="eve", action="undo", undoes_by="ann"))
    held.again()
    assert held.place.contents(without=CHANGES) == before


def test_an_undone_method_restores_the_original_of_every_cell_and_taking_it_back_brings_them_back(
    held,
) -> None:
    before = held.place.contents(without=CHANGES)
    applied = held.place.table("repairs").filter(status="applied", method="country")
    assert applied.height > 50
    version = applied["version"][0]
    held.decide(
        Decision(by="eve", action="undo", undoes_method="country", undoes_version=version, why="wrong list")
    )
    held.again()
    repairs = held.place.table("repairs").filter(method="country")
    assert set(repairs["status"]) == {"undone"}
    assert set(repairs["decided_by"]) == {"eve"}
    trusted = held.place.table("trusted").join(applied, on=["_source", "_delivery", "_row"], how="semi")
    assert not trusted["_repaired"].list.contains("country").fill_null(value=False).any()
    texts = pl.concat(
        [
            held.place.table(t).select("_source", "_delivery", "_row", "country")
            for t in ("review", "quarantine", "aside")
        ]
    )
    cells = applied.join(texts, on=["_source", "_delivery", "_row"])
    assert cells.height
    assert cells["country"].to_list() == cells["original"].to_list()
    held.decide(
        Decision(by="eve", action="undo", replaces=decisions_of(held.place.lake, "payments")["decision"][-1])
    )
    held.again()
    assert held.place.contents(without=CHANGES) == before


def test_an_undone_record_keeps_its_originals_and_no_other_is_touched(held) -> None:
    trusted = held.place.table("trusted")
    one = trusted.filter(pl.col("_repaired").list.contains("country")).row(0, named=True)
    record = f"{one['_source']}:{DAY}:{one['_delivery']}:{one['_row']}"
    parts = RecordId.parse(record)
    held.decide(
        Decision(
            by="eve",
            action="undo",
            partition=DAY,
            source=parts.source,
            delivery=parts.delivery,
            row=parts.row,
        )
    )
    held.again()
    repairs = held.rows("repairs", record)
    assert "applied" not in repairs["status"].to_list()
    assert "undone" in repairs["status"].to_list()
    table = held.verdict(record)
    assert table != "trusted"
    assert (
        held.rows(table, record)["country"].to_list()
        == repairs.filter(field="country")["original"].head(1).to_list()
    )
    name = ["_source", "_delivery", "_row"]
    others = trusted.filter(payment_id=one["payment_id"]).select(name)
    now = held.place.table("trusted")
    assert trusted.join(now, on=name, how="anti").join(others, on=name, how="anti").is_empty()
    assert now.join(trusted, on=name, how="anti").filter(pl.col("payment_id") != one["payment_id"]).is_empty()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_decisions_lose_no_record_and_keep_the_originals(held, seed) -> None:
    drawn = chance.Random(seed)
    landed = held.place.metrics()["landed"]
    made = []
    for row in pl.concat([held.cells("review"), held.cells("quarantine")]).iter_rows(named=True):
        action = drawn.choice(["accept", "accept", "correct", "reject", "leave", "none"])
        if action != "none":
            value = drawn.choice([row["repaired"], row["original"], "7"]) if action == "correct" else None
            made.append(
                held.on(row["id"], row["field"], action, by=drawn.choice(["ann", "bob"]), value=value)
            )
    decide(held.place.lake, "payments", made)
    held.again()
    counts = held.place.metrics()
    assert counts["lost"] == 0
    assert counts["landed"] == landed
    for table in ("review", "quarantine"):
        texts = held.place.table(table).select(
            "_source", "_delivery", "_row", pl.col("amount", "country", "device_id")
        )
        long = texts.unpivot(index=["_source", "_delivery", "_row"], variable_name="field", value_name="text")
        told = held.place.table("repairs").join(long, on=["_source", "_delivery", "_row", "field"])
        assert told.height
        assert told.filter(~pl.col("text").eq_missing(pl.col("original"))).is_empty()


def disputed(held: Held, *fields: str) -> pl.DataFrame:
    """Records in review of which nothing is wrong but that others state another value of one of `fields`; two of each payment."""
    reasons = pl.col("_errors").list.first().struct
    is_one = pl.col("_errors").list.len() == 1
    is_disputed = (reasons.field("rule") == "agrees_with_other_reports") & reasons.field("field").is_in(
        fields
    )
    review = held.place.table("review").filter(is_one).filter(is_disputed)
    return review.filter(pl.len().over("payment_id") == 2).sort("payment_id", "_source")


def id_of(row: dict) -> str:
    return f"{row['_source']}:{DAY}:{row['_delivery']}:{row['_row']}"


def test_what_is_stated_of_one_report_settles_the_payment(held) -> None:
    """Two systems state two amounts: a person says which, and the payment is trusted once."""
    one, other = disputed(held, "amount").head(2).iter_rows(named=True)
    ids = [id_of(one), id_of(other)]
    held.decide(held.on(ids[0], "amount", "correct", value="77.5", why="by the receipt"))
    held.again()
    assert held.place.table("trusted").filter(payment_id=one["payment_id"])["amount"].to_list() == [77.5]
    assert sorted(held.verdict(i) for i in ids) == ["aside", "trusted"]
    told = [held.rows("repairs", i).filter(field="amount", status="applied").row(0, named=True) for i in ids]
    assert [t["decided_by"] for t in told] == ["ann", "ann"]
    assert told[0]["evidence"].startswith("stated by ann")
    assert told[1]["evidence"].startswith("of another report on the same: stated by ann")


def test_what_was_delivered_may_be_said_to_be_right(held) -> None:
    """A person confirms one of two values: in that record nothing counts as changed."""
    one, _ = disputed(held, "device_id", "merchant_id").head(2).iter_rows(named=True)
    name = one["_errors"][0]["field"]
    held.decide(held.on(id_of(one), name, "correct", value=one[name]))
    held.again()
    trusted = held.place.table("trusted").filter(payment_id=one["payment_id"])
    assert trusted[name].to_list() == [one[name]]
    assert trusted["_repaired"].to_list() == [
        None if id_of(trusted.row(0, named=True)) == id_of(one) else [name]
    ]


def test_settling_twice_gives_the_same(held) -> None:
    held.decide(held.on(alone(held, "device_id"), "device_id", "accept"))
    held.again()
    versions = held.place.versions(without=("payments/metrics", "payments/trusted"))
    held.again(is_from_triage=True)
    assert held.place.versions(without=("payments/metrics", "payments/trusted")) == versions
