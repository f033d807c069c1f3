"""The sensor of decisions: each is taken up once, takes effect in `trusted`, and teaches what waits elsewhere."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from orchestration_assets.build import feed_definitions
from orchestration_assets.decisions.cells import RecordId, decision_on
from orchestration_assets.decisions.ledger import Decision, decide, decisions_of
from orchestration_assets.feed import load_feeds
from orchestration_assets.resources import LakeResource
from orchestration_assets.steps.pending import taken_up

DAYS = ("2026-11-01", "2026-11-02", "2026-11-03")
CONTRACT = '''
"""Sales of the tests."""

from validators.contract import Contract, field


class Sale(Contract):
    """One row per sale."""

    number: str = field(key=True, str_matches=r"^N[0-9]+$")
    shop: str = field()
    town: str = field(impute="mode:shop", max_error=0.3)
'''
FEED = """
feed: sales
contract: contract_of_sales_in_tests:Sale
owner: team:sales
partitions: {kind: daily, start: 2026-01-01}
"""
TILL = """
source: till
feed: sales
owner: team:till
delivers: increment
endpoints:
  - {kind: files, path: "sales/{partition}.csv"}
notation: {format: csv}
fields: {number: number, shop: shop, town: town}
"""
NEEDED = 9
"""So many right cases let a method apply with an error of at most 0.3: 0.7 ** 9 < 0.05."""


class Desk:
    """The feed of sales on an instance: a person decides, the sensor looks, and what it asks for is run."""

    def __init__(self, place, instance: dg.DagsterInstance) -> None:
        self.place, self.instance, self.cursor = place, instance, None
        self.rules = place.context(DAYS[0], "sales").rules

    @property
    def lake(self) -> LakeResource:
        return LakeResource(root=str(self.place.lake.root), outside=str(self.place.outside), wait_seconds=30)

    @property
    def definitions(self) -> dg.Definitions:
        return feed_definitions(load_feeds(self.place.feeds, self.place.catalog).of("sales"), lake=self.lake)

    def deliver(self, day: str, waiting: int = 14) -> None:
        """Sales of a shop whose town is one of two, and some that do not say which: what is usual is not certain."""
        first = DAYS.index(day) * 1000
        known = [(first + i, "S1", "ULM" if i % 5 < 3 else "BONN") for i in range(60)]
        rows = known + [(first + 500 + i, "S1", "") for i in range(waiting)]
        lines = ["number,shop,town", *(f"N{n},{shop},{town}" for n, shop, town in rows)]
        self.place.put(f"sales/{day}.csv", "".join(f"{line}\n" for line in lines))

    def look(self) -> list[dg.RunRequest]:
        repository = self.definitions.get_repository_def()
        sensor = repository.get_sensor_def("sales_decisions")
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            repository_def=repository,
            resources={"lake": self.lake},
        ) as context:
            result = sensor.evaluate_tick(context)
        self.cursor = result.cursor
        return list(result.run_requests)

    def run(self, day: str, request: dg.RunRequest | None = None) -> None:
        asked = {} if request is None else {"run_config": request.run_config, "tags": request.tags}
        job = self.definitions.resolve_job_def("sales")
        result = job.execute_in_process(
            partition_key=day, instance=self.instance, raise_on_error=False, **asked
        )
        assert result.success

    def take_up(self) -> list[str]:
        """Looks and runs what is asked for, until nothing is; returns the partitions in the order of their runs."""
        ran = []
        while requests := self.look():
            for request in requests:
                self.run(request.partition_key, request)
                ran.append(request.partition_key)
            assert len(ran) < 20
        return ran

    def waiting(self, day: str) -> list[str]:
        """The ids of the records in review, in order."""
        rows = self.place.table("review", day, "sales").sort("_row").iter_rows(named=True)
        return [f"{r['_source']}:{day}:{r['_delivery']}:{r['_row']}" for r in rows]

    def on(self, record: str, action: str = "accept", by: str = "ann", **more) -> Decision:
        return decision_on(
            self.place.lake,
            "sales",
            self.rules,
            RecordId.parse(record),
            by=by,
            action=action,
            field="town",
            **more,
        )

    def decide(self, *decisions: Decision) -> None:
        assert decide(self.place.lake, "sales", decisions, self.rules) == []

    def towns(self, day: str) -> dict[str, str]:
        return dict(self.place.table("trusted", day, "sales").select("number", "town").iter_rows())

    def tables(self, day: str) -> dict[str, list[tuple]]:
        names = ("trusted", "review", "quarantine", "aside", "findings", "repairs", "methods")
        return {n: sorted(self.place.table(n, day, "sales").rows(), key=repr) for n in names}


@pytest.fixture(scope="module")
def sales_contract(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("contract_of_sales")
    (folder / "contract_of_sales_in_tests.py").write_text(CONTRACT)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture
def desk(place, sales_contract) -> Iterator[Desk]:
    for name, file, text in (("feeds", "sales.yaml", FEED), ("catalog", "till.yaml", TILL)):
        folder = place.folder / name
        folder.mkdir()
        (folder / file).write_text(text)
        setattr(place, name, folder)
    with dg.DagsterInstance.ephemeral() as instance:
        desk = Desk(place, instance)
        for day in DAYS[:2]:
            desk.deliver(day)
            desk.run(day)
        yield desk


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
