"""The messages of a topic, in micro-batches: the range of offsets is the delivery's identity.

Positions are kept with the deliveries and never in a consumer group, so that a message is landed once: a batch that
was read and not landed is read again.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import IO, Any

from sources.connectors.kafka_lines import gone_line, line_of
from sources.connectors.payload import CHUNK_BYTES, Deadline, Payload
from sources.endpoints import KafkaEndpoint
from sources.errors import EndpointFailure, LastingFailure, NothingNew
from sources.surroundings import expanded, scrubbed

_MESSAGES = 2_000
_WAIT_SECONDS = 0.1
_SHARE_OF_DEADLINE = 0.8
_BYTES_IN_MEMORY = 8 << 20


@dataclass(slots=True)
class _Span:
    """What of one partition is to be read: up to before `stop`, and how far that is."""

    at: int
    stop: int
    first_kept: int
    """The first offset that the brokers still have."""

    @property
    def is_done(self) -> bool:
        """Whether all of it was read."""
        return self.at >= self.stop


@dataclass(slots=True)
class _Batch:
    """Lines on their way to a delivery, and where in each partition they begin."""

    starts: dict[int, int]
    file: IO[bytes] = field(default_factory=lambda: tempfile.SpooledTemporaryFile(_BYTES_IN_MEMORY))  # noqa: SIM115 - closed once it is handed over
    count: int = 0

    def add(self, line: bytes) -> None:
        """Write one line down."""
        self.file.write(line + b"\n")
        self.count += 1


def payloads(endpoint: KafkaEndpoint, *, deadline: Deadline, since: str | None) -> Iterator[Payload]:
    """Yield one payload per micro-batch, up to what the topic held when it was asked; NothingNew where that is nothing.

    `max_records` bounds a batch, `max_seconds` all of them together. EndpointFailure where the brokers hand over
    nothing of what they have.
    """
    from confluent_kafka import Consumer, KafkaException

    deadline.await_turn()
    ends_at = time.monotonic() + min(endpoint.max_seconds, _SHARE_OF_DEADLINE * deadline.seconds_left)
    troubles: list[str] = []
    try:
        with closing(
            Consumer(_config(endpoint), error_cb=lambda error: troubles.append(error.name()))
        ) as consumer:
            spans = _spans(consumer, endpoint, _offsets_of(endpoint.topic, since), deadline)
            yield from _batches(consumer, endpoint, spans, ends_at)
    except KafkaException as error:
        raise EndpointFailure(f"the brokers do not serve: {_words(error, endpoint, troubles)}") from None
    except (TypeError, ValueError) as error:
        raise LastingFailure(f"the client does not take its settings: {type(error).__name__}") from None


def _batches(
    consumer: Any, endpoint: KafkaEndpoint, spans: dict[int, _Span], ends_at: float
) -> Iterator[Payload]:
    from confluent_kafka import TopicPartition

    open_ones = {p: span for p, span in spans.items() if not span.is_done}
    consumer.assign(
        [TopicPartition(endpoint.topic, p, max(s.at, s.first_kept)) for p, s in open_ones.items()]
    )
    has_handed = False
    while not all(span.is_done for span in spans.values()) and (not has_handed or time.monotonic() < ends_at):
        batch = _Batch({p: span.at for p, span in spans.items()})
        _note_gone(batch, spans)
        _fill(consumer, endpoint, spans, batch, ends_at)
        if batch.count:
            has_handed = True
            yield _payload(endpoint.topic, spans, batch)
            continue
        batch.file.close()
        if time.monotonic() >= ends_at:
            raise EndpointFailure(
                f"the brokers handed over nothing of {endpoint.topic} within {endpoint.max_seconds:g} s"
            )
    if not has_handed:
        raise NothingNew(f"the topic {endpoint.topic} has nothing new")


def _note_gone(batch: _Batch, spans: dict[int, _Span]) -> None:
    """Give a line to messages that were deleted before they were read: they are missing, and that is told."""
    for partition, span in spans.items():
        if span.at < span.first_kept:
            batch.add(gone_line(partition, span.at, span.first_kept))
            span.at = span.first_kept


def _fill(
    consumer: Any, endpoint: KafkaEndpoint, spans: dict[int, _Span], batch: _Batch, ends_at: float
) -> None:
    """Read until the batch is full, everything is read, or the time is up."""
    from confluent_kafka import TopicPartition

    most = endpoint.max_records
    while (
        batch.count < most and time.monotonic() < ends_at and not all(span.is_done for span in spans.values())
    ):
        for message in consumer.consume(min(_MESSAGES, most - batch.count), timeout=_WAIT_SECONDS):
            span = spans[message.partition()]
            if not span.is_done:
                _take(message, span, batch)
                if span.is_done:
                    consumer.pause([TopicPartition(endpoint.topic, message.partition())])


def _take(message: Any, span: _Span, batch: _Batch) -> None:
    from confluent_kafka import KafkaError, KafkaException

    error = message.error()
    if error is None and message.offset() < span.stop:
        batch.add(line_of(message.value(), message.key()))
        span.at = message.offset() + 1
    elif error is None:
        span.at = span.stop
    elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
        # Behind it are markers of transactions, or a transaction that is still open: that is for a later landing.
        span.at = max(span.at, message.offset())
        span.stop = span.at
    else:
        raise KafkaException(error)


def _payload(topic: str, spans: dict[int, _Span], batch: _Batch) -> Payload:
    ranges = [
        f"{p}:{start}-{spans[p].at - 1}" for p, start in sorted(batch.starts.items()) if spans[p].at > start
    ]
    told = json.dumps({"topic": topic, "offsets": {str(p): span.at for p, span in sorted(spans.items())}})
    return Payload(
        f"{topic}[{','.join(ranges)}]", _chunks(batch.file), format="ndjson", position=lambda: told
    )


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _spans(
    consumer: Any, endpoint: KafkaEndpoint, known: dict[int, int], deadline: Deadline
) -> dict[int, _Span]:
    """Return what of each partition is to be read, as of now; EndpointFailure where the topic is not what it was."""
    from confluent_kafka import KafkaException, TopicPartition

    topic = endpoint.topic
    told = consumer.list_topics(topic, timeout=min(endpoint.timeout, deadline.seconds_left)).topics[topic]
    if told.error is not None:
        raise KafkaException(told.error)
    spans = {}
    for partition in sorted(told.partitions):
        deadline.check()
        low, high = consumer.get_watermark_offsets(
            TopicPartition(topic, partition), timeout=min(endpoint.timeout, deadline.seconds_left)
        )
        at = known.get(partition, low)
        if at > high:
            raise LastingFailure(
                f"partition {partition} of {topic} ends at {high}, before the position {at}: it was made anew"
            )
        spans[partition] = _Span(at, high, low)
    missing = sorted(known.keys() - spans.keys())
    if missing:
        raise LastingFailure(f"{topic} has no partition {missing[0]} any more: it was made anew")
    return spans


def _offsets_of(topic: str, since: str | None) -> dict[int, int]:
    told = json.loads(since) if since else {}
    return {int(p): at for p, at in told["offsets"].items()} if told.get("topic") == topic else {}


def _config(endpoint: KafkaEndpoint) -> dict[str, str | bool | int]:
    return {
        "log_level": 0,
        **{name: expanded(text) for name, text in endpoint.config.items()},
        "bootstrap.servers": expanded(endpoint.servers),
        "group.id": "breakwater",  # the client asks for one; nothing is ever committed to it
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "error",
    }


def _words(error: Any, endpoint: KafkaEndpoint, troubles: list[str]) -> str:
    """Return what the client says, with the names of the troubles before it."""
    said = scrubbed(error.args[0].str(), endpoint.servers, *endpoint.config.values())
    names = sorted(set(troubles))
    return f"{said} ({', '.join(names)})" if names else said
