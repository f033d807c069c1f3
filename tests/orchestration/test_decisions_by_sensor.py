"""The sensor of decisions: each is taken up once, takes effect in `trusted`, and teaches what waits elsewhere."""

import json

import dagster as dg

from orchestration_assets.decisions.cells import RecordId
from orchestration_assets.decisions.ledger import Decision, decisions_of
from orchestration_assets.steps.pending import taken_up
from tests.sales_desk import DAYS, NEEDED


def test_without_decisions_nothing_is_asked_for(desk) -> None:
    assert desk.look() == []
    assert len(desk.waiting(DAYS[0])) == 14


def test_a_decision_is_taken_up_once_and_its_undo_brings_all_back(desk) -> None:
    before = desk.tables(DAYS[0])
    record = desk.waiting(DAYS[0])[0]
    desk.decide(desk.on(record))
    [request] = desk.look()
    assert request.partition_key == DAYS[0]
    assert request.run_config == {"ops": {"sales_landing": {"config": {"ask": []}}}}
    desk.run(DAYS[0], request)
    assert desk.towns(DAYS[0])["N500"] == "ULM"
    assert record not in desk.waiting(DAYS[0])
    assert desk.look() == []
    desk.decide(Decision(by="eve", action="undo", undoes_by="ann"))
    assert desk.take_up() == [DAYS[0]]
    assert desk.tables(DAYS[0]) == before
    assert desk.look() == []


def test_a_request_that_has_not_run_yet_is_the_same_request(desk) -> None:
    desk.decide(desk.on(desk.waiting(DAYS[0])[0]))
    [first] = desk.look()
    [second] = desk.look()
    assert first.run_key == second.run_key
    desk.decide(desk.on(desk.waiting(DAYS[0])[1]))
    [third] = desk.look()
    assert third.run_key != first.run_key


def test_what_a_run_of_another_kind_took_up_is_not_asked_for_again(desk) -> None:
    desk.decide(desk.on(desk.waiting(DAYS[0])[0]))
    desk.run(DAYS[0])
    assert desk.look() == []


def test_judged_often_enough_a_method_applies_by_itself_everywhere_and_leaves_the_queue(desk) -> None:
    desk.decide(*[desk.on(record) for record in desk.waiting(DAYS[0])[: NEEDED - 1]])
    assert desk.take_up() == [DAYS[0]]
    assert len(desk.waiting(DAYS[0])) == 14 - NEEDED + 1
    desk.decide(desk.on(desk.waiting(DAYS[0])[0]))
    assert desk.take_up() == [DAYS[0], DAYS[1]]
    assert desk.waiting(DAYS[0]) == desk.waiting(DAYS[1]) == []
    repairs = desk.place.table("repairs", DAYS[1], "sales")
    assert set(repairs["status"]) == {"applied"}
    assert set(repairs["decided_by"]) == {"judged"}
    assert "people judged: right in 9 of 9 judged cases" in repairs["evidence"][0]
    desk.deliver(DAYS[2])
    desk.run(DAYS[2])
    assert desk.waiting(DAYS[2]) == []


def test_what_is_found_wrong_is_withdrawn_everywhere(desk) -> None:
    desk.decide(*[desk.on(record) for record in desk.waiting(DAYS[0])[:NEEDED]])
    desk.take_up()
    assert desk.waiting(DAYS[1]) == []
    one = desk.place.table("repairs", DAYS[0], "sales").filter(decided_by="ann").row(0, named=True)
    rows = decisions_of(desk.place.lake, "sales").filter(_row=one["_row"]).row(0, named=True)
    again = Decision(
        **{k: rows[k] for k in ("by", "key", "originals", "field", "original", "method", "version", "arm")},
        action="correct", value="BONN", partition=DAYS[0], source="till", delivery=rows["_delivery"],
        row=rows["_row"], replaces=rows["decision"],
    )  # fmt: skip
    desk.decide(again)
    assert sorted(set(desk.take_up())) == list(DAYS[:2])
    assert len(desk.waiting(DAYS[1])) == 14
    assert desk.towns(DAYS[0])[f"N{500 + one['_row'] - 60}"] == "BONN"
    assert len(desk.waiting(DAYS[0])) == 14 - NEEDED


def test_of_a_group_only_what_was_looked_at_is_evidence(desk) -> None:
    records = desk.waiting(DAYS[0])
    made = [desk.on(record) for record in records]
    group = [
        Decision(**{**vars(one), "pattern": "p1", "is_seen": i < NEEDED - 1}) for i, one in enumerate(made)
    ]
    desk.decide(*group)
    assert desk.take_up() == [DAYS[0]]
    assert desk.waiting(DAYS[0]) == []
    assert len(desk.waiting(DAYS[1])) == 14


def test_a_cell_that_is_left_to_another_stands_against_applying(desk) -> None:
    records = desk.waiting(DAYS[0])
    desk.decide(desk.on(records[-1], "leave"), *[desk.on(record) for record in records[:NEEDED]])
    desk.take_up()
    assert len(desk.waiting(DAYS[1])) == 14
    judged = desk.place.table("judged", DAYS[0], "sales")
    assert judged["is_right"].sum() == NEEDED
    assert judged["is_left"].sum() == 1


def test_a_record_delivered_again_is_decided_already_and_counts_once(desk) -> None:
    record = desk.waiting(DAYS[0])[0]
    desk.decide(desk.on(record))
    desk.take_up()
    path = desk.place.outside / "sales" / f"{DAYS[0]}.csv"
    path.write_text(path.read_text() + "N499,S1,ULM\n")
    desk.run(DAYS[0])
    delivered = set(desk.place.table("trusted", DAYS[0], "sales")["_delivery"])
    assert delivered != {RecordId.parse(record).delivery}
    assert desk.towns(DAYS[0])["N500"] == "ULM"
    assert len(desk.waiting(DAYS[0])) == 13
    judged = desk.place.table("judged", DAYS[0], "sales").drop_nulls("method")
    assert judged["decision"].n_unique() == 1


def test_an_undone_method_is_undone_in_every_partition_and_later_ones(desk) -> None:
    desk.decide(*[desk.on(record) for record in desk.waiting(DAYS[0])[:NEEDED]])
    desk.take_up()
    version = desk.place.table("repairs", DAYS[0], "sales")["version"][0]
    desk.decide(Decision(by="eve", action="undo", undoes_method="mode", undoes_version=version))
    assert sorted(set(desk.take_up())) == list(DAYS[:2])
    desk.deliver(DAYS[2])
    desk.run(DAYS[2])
    for day in DAYS:
        assert set(desk.place.table("repairs", day, "sales")["status"]) == {"undone"}
        assert len(desk.towns(day)) == 60
        assert desk.place.table("quarantine", day, "sales")["town"].to_list() == [None] * 14


def test_a_run_that_dies_is_repeated_and_then_left(desk) -> None:
    desk.decide(desk.on(desk.waiting(DAYS[0])[0]))
    keys = set()
    for _ in range(4):
        for request in desk.look():
            keys.add(request.run_key)
            desk.instance.add_run(
                dg.DagsterRun("sales", tags=request.tags, status=dg.DagsterRunStatus.FAILURE)
            )
    assert len(keys) == 3
    assert desk.look() == []


def test_a_cursor_of_another_version_begins_anew(desk) -> None:
    desk.decide(desk.on(desk.waiting(DAYS[0])[0]))
    desk.cursor = json.dumps({"unknown": 1})
    assert [r.partition_key for r in desk.look()] == [DAYS[0]]
    context = desk.place.context(DAYS[0], "sales")
    assert taken_up(context) == {"last": "", "strata": ""}
