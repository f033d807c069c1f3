"""A real client and its mock cluster: every message is landed once, under the offsets that it has."""

import json
import socket
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Producer
from hypothesis import given
from hypothesis import strategies as st

from sources.connectors.kafka_lines import gone_line, line_of
from sources.connectors.positions import mark_of, marked
from sources.declaration import Source
from sources.delivery import Delivery
from sources.reading import read_fragment

DAY = "2026-11-23"
FIELDS = {"order_id": "id"}


class Cluster:
    """A broker within this process."""

    def __init__(self) -> None:
        self.producer = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "mock", "log_level": 0})
        brokers = self.producer.list_topics(timeout=10).brokers.values()
        self.servers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)

    def send(self, topic: str, *values: bytes | None, partition: int = 0, key: bytes | None = None) -> None:
        for value in values:
            self.producer.produce(topic, value=value, key=key, partition=partition)
        self.producer.flush(10)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    yield made
    made.producer.flush(1)


def of_topic(
    declared: Callable[..., Source], servers: str, topic: str, deadline: float = 20, **more
) -> Source:
    endpoint = {"kind": "kafka", "servers": servers, "topic": topic} | more
    return declared(FIELDS, endpoints=[endpoint], format="ndjson").model_copy(update={"deadline": deadline})


def land(harbour, source: Source, since: str | None = None) -> list[Delivery]:
    return harbour.land(source, since={"kafka:0": since} if since else None)


def position(source: Source, offsets: dict[str, int], topic: str = "orders") -> str:
    told = json.dumps({"topic": topic, "offsets": offsets})
    return marked(mark_of(source.endpoints[0], "2026-11-23"), lambda: told)


def lines(harbour, delivery: Delivery) -> list[bytes]:
    assert delivery.status in ("landed", "refused"), delivery.reason
    return (harbour.store / delivery.path).read_bytes().split(b"\n")[:-1]


def test_messages_are_landed_under_their_offsets(harbour, declared, cluster) -> None:
    cluster.send("orders", b'{"id":1}', b'{"id":2}')
    cluster.send("orders", b'{"id":"\xc3\xa4"}', partition=2)
    source = of_topic(declared, cluster.servers, "orders")
    [first] = land(harbour, source)
    assert (first.name, first.status) == ("orders[0:0-1,2:0-0]", "landed")
    assert sorted(lines(harbour, first)) == [b'{"id":"\xc3\xa4"}', b'{"id":1}', b'{"id":2}']
    [nothing] = land(harbour, source, first.position)
    assert (nothing.status, nothing.reason) == ("absent", "kafka:0: the topic orders has nothing new")
    cluster.send("orders", b'{"id":3}')
    [second] = land(harbour, source, first.position)
    assert (second.name, lines(harbour, second)) == ("orders[0:2-2]", [b'{"id":3}'])
    assert json.loads(json.loads(second.position)["at"])["offsets"] == {"0": 3, "1": 0, "2": 1, "3": 0}


def test_batches_that_say_the_same_are_each_landed(harbour, declared, cluster) -> None:
    cluster.send("orders", *[b'{"id":1}'] * 4)
    deliveries = land(harbour, of_topic(declared, cluster.servers, "orders", max_records=2))
    assert [(d.name, d.status) for d in deliveries] == [
        ("orders[0:0-1]", "landed"),
        ("orders[0:2-3]", "landed"),
    ]
    assert len({d.content_hash for d in deliveries}) == 2
    assert len({d.path for d in deliveries}) == 1


def test_offsets_of_another_cluster_are_not_used(harbour, declared, cluster, monkeypatch) -> None:
    cluster.send("orders", b'{"id":1}', b'{"id":2}')
    monkeypatch.setenv("BROKERS", cluster.servers)
    here = of_topic(declared, "${BROKERS}", "orders")
    elsewhere = of_topic(declared, "broker.example.org:9092", "orders")
    [delivery] = land(harbour, here, position(elsewhere, {"0": 1}))
    assert (delivery.name, delivery.lines) == ("orders[0:0-1]", 2)
    assert delivery.reason == "its position is of another system: asked from the beginning"
    assert cluster.servers not in delivery.position
    [rest] = land(harbour, here, position(of_topic(declared, cluster.servers, "orders"), {"0": 1}))
    assert (rest.name, rest.reason) == ("orders[0:1-1]", "")


def test_what_was_not_landed_is_read_again(harbour, declared, cluster) -> None:
    cluster.send("orders", b'{"id":1}')
    source = of_topic(declared, cluster.servers, "orders")
    assert [land(harbour, source)[0].name for _ in range(2)] == ["orders[0:0-0]"] * 2


def test_batches_are_bounded_and_go_on_until_the_end(harbour, declared, cluster) -> None:
    cluster.send("orders", *[b'{"id":%d}' % i for i in range(25)])
    deliveries = land(harbour, of_topic(declared, cluster.servers, "orders", max_records=10))
    assert [d.name for d in deliveries] == ["orders[0:0-9]", "orders[0:10-19]", "orders[0:20-24]"]
    assert b"".join(b"".join(lines(harbour, d)) for d in deliveries) == b"".join(
        b'{"id":%d}' % i for i in range(25)
    )
    [rest] = land(harbour, of_topic(declared, cluster.servers, "orders"), deliveries[1].position)
    assert rest.name == "orders[0:20-24]"


def test_what_is_no_object_is_an_unreadable_line(harbour, declared, cluster) -> None:
    cluster.send("orders", b'{"id":1}', b'{"id":\n 2}', b"no\njson", b"", b"\xff\r", b'"text"', b"\xff")
    cluster.send("orders", None, key=b"k\xff")
    source = of_topic(declared, cluster.servers, "orders")
    [delivery] = land(harbour, source)
    assert lines(harbour, delivery) == [
        b'{"id":1}',
        b'{"id":  2}',
        b'"no\\njson"',
        b'""',
        b'"\\udcff\\r"',
        b'"\\"text\\""',
        b"\xff",
        b'["tombstone", "k\\udcff"]',
    ]
    reading = read_fragment(source, delivery, delivery.fragments[0], store=harbour.store)
    assert reading.records["order_id"].to_list() == ["1", "2"]
    assert reading.unreadable.height == 6


@pytest.mark.parametrize("topic", ["empty", "nonesuch"])
def test_a_topic_without_messages_is_told(harbour, declared, cluster, topic: str) -> None:
    cluster.send("orders", b"1")
    if topic == "empty":
        cluster.producer.list_topics(topic, timeout=10)
    [delivery] = land(harbour, of_topic(declared, cluster.servers, topic))
    assert delivery.status == "absent"
    assert delivery.reason in (
        "kafka:0: the topic empty has nothing new",
        "kafka:0: the brokers do not serve: Broker: Unknown topic or partition",
    )


def test_a_topic_that_was_made_anew_is_not_taken_for_the_former(harbour, declared, cluster) -> None:
    cluster.send("orders", b'{"id":1}')
    source = of_topic(declared, cluster.servers, "orders")
    for offsets, reason in (
        ({"0": 5}, "partition 0 of orders ends at 1, before the position 5: it was made anew"),
        ({"9": 0}, "orders has no partition 9 any more: it was made anew"),
    ):
        [delivery] = land(harbour, source, position(source, offsets))
        assert delivery.reason == f"kafka:0: {reason}"
    [other] = land(harbour, source, position(source, {"0": 5}, "others"))
    assert other.status == "landed"


def test_brokers_that_are_not_there_or_refuse_tell_no_secret(harbour, declared, cluster, monkeypatch) -> None:
    monkeypatch.setenv("KAFKA_PASSWORD", "s3cret")
    signed = {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanisms": "PLAIN",
        "sasl.username": "ann",
        "sasl.password": "${KAFKA_PASSWORD}",
    }
    for servers, config, word in (
        ("127.0.0.1:1", {}, "Broker transport failure"),
        (cluster.servers, signed, "_AUTHENTICATION"),
        (cluster.servers, {"security.protocol": "${KAFKA_PASSWORD}"}, 'Invalid value "${KAFKA_PASSWORD}"'),
        (cluster.servers, {"nosuch": "1"}, "No such configuration property"),
    ):
        [delivery] = land(harbour, of_topic(declared, servers, "orders", deadline=0.5, config=config))
        assert word in delivery.reason
        assert "s3cret" not in delivery.reason


def test_brokers_that_hang_are_given_up(harbour, declared) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        servers = f"127.0.0.1:{silent.getsockname()[1]}"
        [delivery] = land(harbour, of_topic(declared, servers, "orders", deadline=0.3))
    assert delivery.status == "absent"
    assert delivery.reason.startswith("kafka:0: the brokers do not serve")


@given(st.binary() | st.just(b'{"a":\n1}') | st.text().map(lambda text: json.dumps(text).encode()))
def test_every_message_is_one_line_from_which_it_can_be_made_again(value: bytes) -> None:
    line = line_of(value, None)
    assert b"\n" not in line
    assert b"\r" not in line
    if line.startswith(b'"'):
        assert json.loads(line).encode("utf-8", "surrogateescape") == value
    elif line != value:
        assert json.loads(line) == json.loads(value)


def test_messages_that_were_deleted_before_they_were_read_have_a_line(harbour, declared, cluster) -> None:
    """The mock cluster keeps a few megabytes of a partition."""
    cluster.send("orders", *[b'{"id":%d,"pad":"%s"}' % (i, b"x" * 500_000) for i in range(30)])
    source = of_topic(declared, cluster.servers, "orders")
    [delivery] = land(harbour, source, position(source, {"0": 2, "1": 0, "2": 0, "3": 0}))
    gone, first, *rest = lines(harbour, delivery)
    kept = json.loads(first)["id"]
    assert kept > 2
    assert gone == b"offsets 2 to %d of partition 0 are no longer in the topic" % (kept - 1)
    assert (delivery.name, len(rest)) == ("orders[0:2-29]", 29 - kept)


def test_deleted_messages_have_a_line() -> None:
    assert gone_line(2, 100, 200) == b"offsets 100 to 199 of partition 2 are no longer in the topic"
