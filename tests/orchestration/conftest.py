"""Feeds with deliveries written by hand, taken the whole way in a temporary folder."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from orchestration_assets.feed import FEEDS, load_feeds
from orchestration_assets.lake import Lake
from orchestration_assets.steps.audit import must_hold
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.imputation import impute_partition
from orchestration_assets.steps.landing import land_sources, summary
from orchestration_assets.steps.measuring import measure_partition
from orchestration_assets.steps.outcome import Outcome
from orchestration_assets.steps.publishing import publish_partition
from orchestration_assets.steps.settlement import settle_partition
from orchestration_assets.steps.translation import translate_partition
from orchestration_assets.steps.triage import triage_partition
from sources.simulation import DamageRates, simulate
from tests.sales_desk import CONTRACT as SALES_CONTRACT
from tests.sales_desk import DAYS as SALES_DAYS
from tests.sales_desk import FEED as SALES_FEED
from tests.sales_desk import TILL, Desk

CATALOG = FEEDS.parent.parent / "sources" / "catalog"
DAYS = ("2026-11-01", "2026-11-02")
GATEWAY_A = "txn_ref;kunde;mail;haendler;geraet;betrag;waehrung;land;zeitpunkt;risiko"
BOOKINGS = (
    "payment_no INTEGER, customer TEXT, email TEXT, merchant TEXT, device TEXT, amount_cents INTEGER, "
    "currency_code INTEGER, country_code INTEGER, booked_at INTEGER, risk REAL, booking_day TEXT"
)
TABLES = ("trusted", "review", "quarantine", "aside", "findings", "repairs", "methods", "metrics")
SOURCES = ("gateway_a", "gateway_b", "ledger")
BEFORE_PUBLISHING = (
    triage_partition,
    translate_partition,
    impute_partition,
    settle_partition,
    measure_partition,
)


class Place:
    """A lake and an outside world of their own."""

    def __init__(self, folder: Path, *, feeds: Path = FEEDS, catalog: Path = CATALOG) -> None:
        self.folder = folder
        self.outside = folder / "outside"
        self.feeds, self.catalog = feeds, catalog
        self.lake = Lake(folder / "lake")
        self.fragment_bytes: int | None = None

    def context(self, partition: str = DAYS[0], feed: str = "payments") -> Context:
        return Context(load_feeds(self.feeds, self.catalog).of(feed), self.lake, partition, self.outside)

    def put(self, name: str, content: bytes | str) -> Path:
        path = self.outside / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def gateway_a(self, lines: list[str], day: str = DAYS[0], header: str = GATEWAY_A) -> Path:
        text = "".join(f"{line}\n" for line in (header, *lines))
        return self.put(f"gateway_a/{day}/payments.csv", text.encode("cp1252"))

    def gateway_b(self, lines: list[str], day: str = DAYS[0]) -> Path:
        return self.put(f"gateway_b/{day}/payments.ndjson", "".join(f"{line}\n" for line in lines))

    def ledger(self, rows: list[tuple], day: str = DAYS[0]) -> Path:
        path = self.outside / "ledger" / "ledger.sqlite"
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(f"CREATE TABLE IF NOT EXISTS bookings ({BOOKINGS})")
            database.execute("DELETE FROM bookings WHERE booking_day = ?", (day,))
            database.executemany(
                f"INSERT INTO bookings VALUES ({', '.join('?' * 11)})", [(*r, day) for r in rows]
            )
        return path

    def land(self, partition: str = DAYS[0], feed: str = "payments") -> dict[str, dict[str, Any]]:
        context = self.context(partition, feed)
        counts = land_sources(context, fragment_bytes=self.fragment_bytes)
        context.hand_over("landing", {"sources": summary(context), "seconds": 0.0})
        return counts

    def settle(self, partition: str = DAYS[0], feed: str = "payments") -> Context:
        """All steps up to settlement: everything but `trusted` is committed."""
        self.land(partition, feed)
        context = self.context(partition, feed)
        for step in BEFORE_PUBLISHING:
            step(context)
        return context

    def way(self, partition: str = DAYS[0], feed: str = "payments") -> list[Outcome]:
        """The whole way; published only if every check that blocks passed."""
        context = self.settle(partition, feed)
        outcomes = must_hold(context)
        if all(outcome.is_passed for outcome in outcomes):
            publish_partition(context)
        return outcomes

    def rows(self, table: str, partition: str = DAYS[0]) -> pl.DataFrame:
        return self.lake.read(table, partition)

    def table(self, name: str, partition: str = DAYS[0], feed: str = "payments") -> pl.DataFrame:
        return self.rows(f"{feed}/{name}", partition)

    def metrics(self, partition: str = DAYS[0], feed: str = "payments") -> dict[str, float]:
        return dict(self.table("metrics", partition, feed).iter_rows())

    def versions(self, *, without: tuple[str, ...] = ()) -> dict[str, int]:
        """The version of every Delta table of the lake, by its name."""
        from deltalake import DeltaTable

        logs = sorted(self.lake.root.glob("*/*/_delta_log"))
        names = [f"{log.parent.parent.name}/{log.parent.name}" for log in logs]
        return {
            name: DeltaTable(str(self.lake.path(name))).version() for name in names if name not in without
        }

    def contents(self, partition: str = DAYS[0], *, without: tuple[str, ...] = ()) -> dict[str, list[tuple]]:
        """The rows of one partition of every table, in an order of their own."""
        names = [name for name in self.versions() if name not in without]
        return {name: sorted(self.rows(name, partition).rows(), key=repr) for name in names}


def gateway_b_line(**given: Any) -> str:
    """One object of gateway_b; what is not given is a plain good payment."""
    values = {
        "id": "P0000000001", "ref": "C0000001", "email": "ann@example.org", "country": "DE", "merchant": "M00001",
        "device": "D00000001", "risk": 0.25, "minor": 1250, "currency": "EUR", "created": "2026-11-01T10:00:00+01:00",
    } | given  # fmt: skip
    return json.dumps(
        {
            "id": values["id"],
            "customer": {"ref": values["ref"], "email": values["email"], "country": values["country"]},
            "merchant": values["merchant"],
            "device": {"id": values["device"], "risk": values["risk"]},
            "amount": {"minor": values["minor"], "currency": values["currency"]},
            "created": values["created"],
        }
    )


def plain_lines(count: int) -> list[str]:
    """Good payments of gateway_b: customers 500, 501, … with four each, always from the same place and device."""
    lines = []
    for i in range(count):
        who, at = 500 + i // 4, i % 28
        lines.append(
            gateway_b_line(
                id=f"P{9_000_000_000 + i:010d}", ref=f"C{who:07d}", email=f"customer{who}@example.org",
                country=("DE", "FR", "US")[who % 3], currency=("EUR", "EUR", "USD")[who % 3],
                merchant=f"M{i % 50:05d}", device=f"D{who:08d}", minor=1000 + 137 * i, risk=round(i % 100 / 100, 2),
                created=f"2026-11-01T{8 + at // 4:02d}:{at * 2:02d}:00+00:00",
            )
        )  # fmt: skip
    return lines


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture(scope="session")
def place_at() -> type[Place]:
    return Place


@pytest.fixture(scope="session")
def plain() -> Callable[[int], list[str]]:
    return plain_lines


@pytest.fixture(scope="session")
def line_of_b() -> Callable[..., str]:
    return gateway_b_line


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated outside world: two days of about 3000 payments, the file of gateway_b cut off."""
    folder = tmp_path_factory.mktemp("simulated")
    simulate(
        folder, list(DAYS), records=3000, seed=7, rates=DamageRates(cut_off=True, broken_line_share=0.004)
    )
    return folder


@pytest.fixture(scope="session")
def lived(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Both simulated days taken the whole way, without Dagster. For reading only."""
    place = Place(tmp_path_factory.mktemp("lived"))
    place.outside = simulated
    for day in DAYS:
        assert [o for o in place.way(day) if not o.is_passed] == []
    return place


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Place], Place]:
    """Return a function that copies a place with its lake, so that a test may change it."""

    def copy(place: Place) -> Place:
        other = Place(tmp_path / "copy", feeds=place.feeds, catalog=place.catalog)
        shutil.copytree(place.lake.root, other.lake.root)
        other.outside = place.outside
        return other

    return copy


@pytest.fixture
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Place], None]:
    """Return a function that points every setting to a place, as environment variables do."""

    def point(place: Place) -> None:
        values = {
            "BREAKWATER_LAKE": place.lake.root,
            "BREAKWATER_OUTSIDE": place.outside,
            "BREAKWATER_FEEDS": place.feeds,
            "BREAKWATER_CATALOG": place.catalog,
            "BREAKWATER_DATA_DOCS": tmp_path / "docs",
            "BREAKWATER_FLIGHTS": tmp_path / "no-flights.csv",
            "BREAKWATER_WAIT_SECONDS": 60,
            "DAGSTER_HOME": tmp_path / "dagster",
        }
        for name, value in values.items():
            monkeypatch.setenv(name, str(value))

    return point


ORDERS_CONTRACT = '''
"""Orders of the tests."""

from validators.contract import Contract, field


class Order(Contract):
    """One row per order."""

    number: str = field(key=True, str_matches=r"^N[0-9]+$", translate="code")
    price: float = field(gt=0, severity="fatal")
'''
ORDERS_FEED = """
feed: orders
contract: contract_of_orders_in_tests:Order
owner: team:orders
partitions: {kind: daily, start: 2026-01-01}
"""
SHOP = """
source: shop
feed: orders
owner: team:shop
delivers: snapshot
endpoints:
  - {kind: files, path: "orders/{partition}.csv"}
notation: {format: csv}
fields: {number: number, price: price}
"""


@pytest.fixture(scope="session")
def contract_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder on the path of imports that holds the contract of the feed `orders`."""
    import sys

    folder = tmp_path_factory.mktemp("contracts")
    (folder / "contract_of_orders_in_tests.py").write_text(ORDERS_CONTRACT)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture
def orders(contract_folder: Path) -> Callable[[Place], None]:
    """Return a function that gives a place declarations of its own: the project's, and a feed `orders` of snapshots."""

    def declare(place: Place) -> None:
        for name in ("feeds", "catalog"):
            shutil.copytree(getattr(place, name), place.folder / name)
            setattr(place, name, place.folder / name)
        (place.feeds / "orders.yaml").write_text(ORDERS_FEED)
        (place.catalog / "shop.yaml").write_text(SHOP)

    return declare


@pytest.fixture(scope="session")
def sales_contract(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder on the path of imports that holds the contract of the feed `sales`."""
    import sys

    folder = tmp_path_factory.mktemp("contract_of_sales")
    (folder / "contract_of_sales_in_tests.py").write_text(SALES_CONTRACT)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture
def desk(place: Place, sales_contract: Path) -> Iterator[Desk]:
    """The feed of sales with two days, and fourteen records a day that wait for a person."""
    for name, file, text in (("feeds", "sales.yaml", SALES_FEED), ("catalog", "till.yaml", TILL)):
        folder = place.folder / name
        folder.mkdir()
        (folder / file).write_text(text)
        setattr(place, name, folder)
    with dg.DagsterInstance.ephemeral() as instance:
        desk = Desk(place, instance)
        for day in SALES_DAYS[:2]:
            desk.deliver(day)
            assert [o for o in place.way(day, "sales") if not o.is_passed] == []
        yield desk
