"""What only the other deliveries of a source can tell of one: that its bytes came before, or that its end is missing."""

import pytest

DAY, NEXT, LATER = "2026-11-01", "2026-11-02", "2026-11-03"
HEADER = b"txn_ref;kunde;mail;haendler;geraet;betrag;waehrung;land;zeitpunkt;risiko\n"


def payment(number: int, risk: str = "0,125") -> str:
    return f"P{number:010d};C0000001;ann@example.org;M00001;D00000001;12,50;EUR;DE;01.11.2026 10:00;{risk}"


def latest(place, day: str, source: str = "gateway_a") -> list[tuple[str, str]]:
    return place.rows(f"{source}/deliveries", day).filter(is_latest=True).select("status", "reason").rows()


def trusted(place, day: str) -> list[tuple[str, float | None]]:
    return place.table("trusted", day).sort("payment_id").select("payment_id", "device_risk").rows()


def open_ended(*lines: str) -> bytes:
    """A file whose last line has no end."""
    return HEADER + "\n".join(lines).encode()


@pytest.fixture
def lived(place):
    """A place whose gateway_a delivered two payments on the first day, every line ended."""
    place.gateway_a([payment(1), payment(2)])
    place.way()
    return place


def test_the_increment_of_another_day_is_refused_until_the_right_one_comes(lived) -> None:
    lived.gateway_a([payment(1), payment(2)], NEXT)
    lived.way(NEXT)
    assert latest(lived, NEXT) == [("refused", f"it holds the very bytes that were delivered for {DAY}")]
    assert lived.table("trusted", NEXT).is_empty()
    lived.gateway_a([payment(3)], NEXT)
    lived.way(NEXT)
    assert trusted(lived, NEXT) == [("P0000000003", 0.125)]


def test_the_same_increment_of_the_same_day_is_no_repetition(lived) -> None:
    lived.way()
    assert latest(lived, DAY) == [("landed", "")]
    assert len(trusted(lived, DAY)) == 2


def test_bytes_that_were_replaced_on_the_other_day_may_come_on_their_own(lived) -> None:
    lived.gateway_a([payment(5)])
    lived.way()
    lived.gateway_a([payment(1), payment(2)], NEXT)
    lived.way(NEXT)
    assert latest(lived, NEXT) == [("landed", "")]


def test_a_snapshot_may_be_the_same_on_another_day(orders, place) -> None:
    orders(place)
    for day in (DAY, NEXT):
        place.put(f"orders/{day}.csv", b"number,price\nN1,2\n")
        place.way(day, "orders")
        assert latest(place, day, "shop") == [("landed", "")]


def test_a_last_line_without_end_is_none_where_the_source_always_ended_it(lived) -> None:
    lived.put(f"gateway_a/{NEXT}/payments.csv", open_ended(payment(3), payment(4, "0,1")))
    lived.way(NEXT)
    assert trusted(lived, NEXT) == [("P0000000003", 0.125)]
    lines = lived.rows("gateway_a/unreadable", NEXT)
    assert lines.select("bytes", "reason").rows() == [
        (payment(4, "0,1").encode(), "cut off: the line has no end")
    ]
    lived.gateway_a([payment(3), payment(4)], NEXT)
    lived.way(NEXT)
    assert trusted(lived, NEXT) == [("P0000000003", 0.125), ("P0000000004", 0.125)]


def test_a_source_that_never_ends_its_last_line_is_taken_at_its_word(place) -> None:
    for day, number in ((DAY, 1), (NEXT, 2), (LATER, 3)):
        place.put(f"gateway_a/{day}/payments.csv", open_ended(payment(number)))
        place.way(day)
        assert trusted(place, day) == [(f"P{number:010d}", 0.125)]


def test_an_object_that_is_whole_needs_no_line_end(place, line_of_b) -> None:
    place.gateway_b([line_of_b(id="P0000000001")])
    place.way()
    place.put(f"gateway_b/{NEXT}/payments.ndjson", line_of_b(id="P0000000002"))
    place.way(NEXT)
    assert [key for key, _ in trusted(place, NEXT)] == ["P0000000002"]
