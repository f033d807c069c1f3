"""A real dlt source below the project's folder: its items are landed, and its state is the position."""

import json
import sys
from collections.abc import Callable

import pytest

from sources.declaration import Source
from sources.delivery import Delivery

pytest.importorskip("dlt", reason="the optional extra dlt is not installed")

FIELDS = {"order_id": "id"}
MODULE = """
import datetime, decimal, time
import dlt

@dlt.source
def shop(key, until=3, wait=0, fail=None):
    @dlt.resource
    def orders(at=dlt.sources.incremental("at")):
        time.sleep(wait)
        for day in range(1, until + 1):
            yield {"id": day, "at": datetime.date(2026, 11, day), "price": decimal.Decimal("1.10"), "raw": b"\\x01\\xff"}
        if fail:
            raise ValueError(key)

    @dlt.resource
    def lists():
        yield [{"id": "ü", "key": key}, 5]

    @dlt.resource(selected=False)
    def empty():
        yield from ()

    return orders, lists, empty

@dlt.resource
def alone(at=dlt.sources.incremental("id")):
    import pyarrow
    yield pyarrow.table({"id": [1, 2]})

def leaving():
    raise SystemExit

value = 1
"""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch) -> None:
    (tmp_path / "shop_source.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "shop_source", raising=False)
    monkeypatch.setenv("SHOP_KEY", "s3cret")


def of_dlt(
    declared: Callable[..., Source], source: str = "shop_source:shop", deadline: float = 30, **more
) -> Source:
    arguments = {"key": "${SHOP_KEY}"} | more.pop("arguments", {}) if source.endswith("shop") else {}
    endpoint = {"kind": "dlt", "source": source, "arguments": arguments} | more
    return declared(FIELDS, endpoints=[endpoint], format="ndjson").model_copy(update={"deadline": deadline})


def land(harbour, source: Source, since: str | None = None) -> list[Delivery]:
    return harbour.land(source, since={"dlt:0": since} if since else None)


def rows(harbour, delivery: Delivery) -> list[dict]:
    return [json.loads(line) for line in (harbour.store / delivery.path).read_text().splitlines()]


def test_each_resource_is_one_delivery(harbour, declared) -> None:
    orders, lists = land(harbour, of_dlt(declared))
    assert (orders.name, orders.status, lists.name) == ("orders", "landed", "lists")
    assert rows(harbour, orders)[0] == {"id": 1, "at": "2026-11-01", "price": "1.10", "raw": "01ff"}
    assert rows(harbour, lists) == [{"id": "ü", "key": "s3cret"}, 5]
    assert "s3cret" not in orders.position + lists.position


def test_the_state_of_the_source_is_the_position(harbour, declared) -> None:
    [first] = land(harbour, of_dlt(declared, resources=["orders"]))
    [nothing] = land(harbour, of_dlt(declared, resources=["orders"]), first.position)
    assert nothing.reason == "dlt:0: shop_source:shop has nothing new"
    [second] = land(harbour, of_dlt(declared, resources=["orders"], arguments={"until": 5}), first.position)
    assert [row["id"] for row in rows(harbour, second)] == [4, 5]
    assert second.name != first.name


def test_a_resource_alone_may_hand_over_tables(harbour, declared) -> None:
    source = of_dlt(declared, "shop_source:alone")
    [delivery] = land(harbour, source)
    assert (delivery.name, rows(harbour, delivery)) == ("alone", [{"id": 1}, {"id": 2}])
    assert land(harbour, source, delivery.position)[0].reason == "dlt:0: shop_source:alone has nothing new"


@pytest.mark.parametrize(
    ("source", "more", "reason"),
    [
        ("shop_source:shop", {"arguments": {"fail": True}}, "shop_source:shop failed: ValueError"),
        ("shop_source:leaving", {}, "shop_source:leaving failed: SystemExit"),
        ("shop_source:shop", {"resources": ["nope"]}, "shop_source:shop has no resource nope"),
        ("shop_source:shop", {"resources": ["empty"]}, "shop_source:shop has no item for 2026-11-23"),
        ("shop_source:value", {}, "shop_source has no function value"),
        ("nosuch_module:shop", {}, "there is no module nosuch_module"),
        (
            "os:system",
            {},
            "the package os is not below the project's folder, and `packages` does not name it",
        ),
        (
            "shop_source:shop",
            {"arguments": {"wait": 5}, "deadline": 0.3},
            "it took longer than its deadline of 0.3 s",
        ),
    ],
)
def test_a_source_that_does_not_deliver_has_a_reason(
    harbour, declared, source: str, more: dict, reason: str
) -> None:
    [delivery] = land(harbour, of_dlt(declared, source, **more))
    assert (delivery.status, delivery.reason) == ("absent", f"dlt:0: {reason}")


def test_an_installed_package_is_used_where_it_is_named(harbour, declared) -> None:
    source = of_dlt(declared, "json:loads", packages=["json"])
    assert land(harbour, source)[0].reason == "dlt:0: json:loads failed: TypeError"
