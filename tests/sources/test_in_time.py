"""Clients without a deadline: what they yield arrives, and one that hangs is left behind."""

import threading
from collections.abc import Generator

import pytest

from sources.connectors.in_time import in_time
from sources.connectors.payload import Deadline
from sources.errors import EndpointFailure


def test_what_a_client_yields_or_raises_arrives_in_order() -> None:
    def client() -> Generator[int, None, None]:
        yield 1
        yield 2
        raise EndpointFailure("broken")

    items = in_time(client, Deadline(5))
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(EndpointFailure, match="broken"):
        next(items)


def test_a_client_that_hangs_is_left_behind() -> None:
    hanging = threading.Event()

    def client() -> Generator[int, None, None]:
        yield 1
        hanging.wait(10)

    items = in_time(client, Deadline(0.2))
    assert next(items) == 1
    with pytest.raises(EndpointFailure, match="longer than its deadline"):
        next(items)
    hanging.set()


def test_a_client_is_closed_when_nobody_wants_more() -> None:
    closed = threading.Event()

    def client() -> Generator[int, None, None]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    items = in_time(client, Deadline(5))
    next(items)
    items.close()
    assert closed.wait(5)
