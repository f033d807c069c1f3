"""A small feed of sales on a Dagster instance, about which a person decides: for tests of what follows from that."""

import dagster as dg

from orchestration_assets.build import feed_definitions
from orchestration_assets.decisions.cells import RecordId, decision_on
from orchestration_assets.decisions.ledger import Decision, decide
from orchestration_assets.feed import load_feeds
from orchestration_assets.resources import LakeResource

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
