"""When an endpoint is asked, decided by values alone: hours, rate, breaker, pauses."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sources.availability.breaker import (
    Circuit,
    admit,
    after_failure,
    after_nothing_learnt,
    after_success,
)
from sources.availability.declared import DAYS, Breaker, Hours
from sources.availability.hours import in_words, is_open, next_opening
from sources.availability.pacing import Bucket, pace_of, reserve
from sources.availability.policy import pause_before_next
from sources.errors import (
    EndpointFailure,
    LastingFailure,
    NotAsked,
    PathRefused,
    RetryLater,
    UnsetVariable,
)

BERLIN = ZoneInfo("Europe/Berlin")
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri"]


def hours(begin: str, end: str, **more) -> Hours:
    return Hours.model_validate({"from": begin, "to": end, "timezone": "Europe/Berlin", **more})


def berlin(text: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold)


# --- hours ---


@pytest.mark.parametrize(
    ("declared", "moment", "expected"),
    [
        (("06:00", "22:00"), "2026-11-23 06:00", True),
        (("06:00", "22:00"), "2026-11-23 05:59", False),
        (("06:00", "22:00"), "2026-11-23 21:59", True),
        (("06:00", "22:00"), "2026-11-23 22:00", False),
        (("22:00", "04:00"), "2026-11-23 23:00", True),
        (("22:00", "04:00"), "2026-11-23 03:59", True),
        (("22:00", "04:00"), "2026-11-23 04:00", False),
        (("00:00", "24:00"), "2026-11-23 23:59", True),
    ],
)
def test_the_wall_clock_decides(declared: tuple[str, str], moment: str, expected: bool) -> None:
    assert is_open(hours(*declared), berlin(moment)) is expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-20 23:00", True),  # a Friday night
        ("2026-11-21 03:00", True),  # it began on Friday
        ("2026-11-21 23:00", False),
        ("2026-11-22 03:00", False),
        ("2026-11-23 03:00", False),  # it would have begun on Sunday
    ],
)
def test_over_midnight_the_day_is_that_on_which_it_began(moment: str, expected: bool) -> None:
    assert is_open(hours("22:00", "04:00", days=WEEKDAYS), berlin(moment)) is expected


def test_the_zone_is_that_of_the_hours_and_not_of_the_moment() -> None:
    assert is_open(hours("06:00", "22:00"), datetime(2026, 11, 23, 5, 30, tzinfo=UTC))
    assert not is_open(hours("06:00", "22:00"), datetime(2026, 11, 23, 21, 30, tzinfo=UTC))


def test_an_hour_that_is_left_out_is_no_hour_and_one_that_comes_twice_counts_twice() -> None:
    spring, autumn = "2026-03-29", "2026-10-25"
    skipped = hours("02:10", "02:50")
    assert not any(
        is_open(skipped, datetime(2026, 3, 29, tzinfo=UTC) + timedelta(minutes=m)) for m in range(300)
    )
    across = hours("02:30", "03:30")
    assert next_opening(across, berlin(f"{spring} 01:00")) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert is_open(skipped, berlin(f"{autumn} 02:30"))
    assert is_open(skipped, berlin(f"{autumn} 02:30", fold=1))
    assert next_opening(skipped, berlin(f"{autumn} 02:50")) == datetime(2026, 10, 25, 1, 10, tzinfo=UTC)


def test_the_next_opening_is_told_in_utc() -> None:
    closed = in_words(hours("06:00", "22:00", days=WEEKDAYS), berlin("2026-11-20 23:00"))
    assert closed == (
        "not asked outside of its hours, 06:00 to 22:00 Europe/Berlin mon, tue, wed, thu, fri; "
        "again at 2026-11-23 05:00 UTC"
    )


TIMES = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))


@settings(max_examples=40, deadline=None)
@given(
    begin=TIMES,
    end=TIMES,
    days=st.lists(st.sampled_from(DAYS), min_size=1, unique=True),
    minute=st.integers(0, 60 * 24 * 400),
)
def test_it_is_closed_until_the_next_opening_and_open_at_it(begin, end, days, minute) -> None:
    if begin == end:
        return
    declared = hours(begin, end, days=days)
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    opening = next_opening(declared, moment)
    assert opening is not None
    assert is_open(declared, opening)
    assert opening == moment or not is_open(declared, opening - timedelta(minutes=1))
    assert opening - moment < timedelta(days=9)


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": "06:00", "to": "06:00"},
        {"from": "24:00", "to": "06:00"},
        {"from": "6:00", "to": "22:00"},
        {"from": "06:00", "to": "25:00"},
        {"from": "06:00", "to": "22:00", "timezone": "Mars/Olympus"},
        {"from": "06:00", "to": "22:00", "days": []},
        {"from": "06:00", "to": "22:00", "days": ["someday"]},
    ],
)
def test_hours_that_are_none_are_mistakes(wrong: dict) -> None:
    with pytest.raises(ValidationError):
        Hours.model_validate(wrong)


def test_a_time_that_yaml_reads_as_a_number_is_meant_as_a_time() -> None:
    assert Hours.model_validate({"from": "06:00", "to": 22 * 60}) == Hours.model_validate(
        {"from": "06:00", "to": "22:00"}
    )


# --- rate ---


@example(limit=2, unit=("second", 1.0), gaps=[0.0, 0.0, 1.0, 30.0])
@settings(deadline=None)
@given(
    limit=st.integers(1, 50),
    unit=st.sampled_from([("second", 1.0), ("minute", 60.0)]),
    gaps=st.lists(st.floats(0, 30), min_size=1, max_size=150),
)
def test_never_more_than_the_rate_in_any_stretch_of_time(limit: int, unit: tuple[str, float], gaps) -> None:
    pace, period = pace_of(f"{limit}/{unit[0]}"), unit[1]
    bucket, now, sent = None, 1000.0, []
    for gap in gaps:
        now += gap * period / 30
        bucket, wait = reserve(bucket, pace, now, patience=float("inf"))
        sent.append(now + wait)
    for i, first in enumerate(sent):
        assert sum(first <= moment < first + period for moment in sent[i:]) <= limit


def test_a_tenth_of_the_rate_and_one_may_come_at_once() -> None:
    pace, bucket, waits = pace_of("60/minute"), None, []
    for _ in range(8):
        bucket, wait = reserve(bucket, pace, 0.0, patience=60)
        waits.append(round(wait, 3))
    assert waits == [0, 0, 0, 0, 0, 0, 0, 1.111]


def test_what_would_wait_too_long_reserves_nothing() -> None:
    pace = pace_of("1/minute")
    bucket, _ = reserve(None, pace, 0.0, patience=1)
    refused, wait = reserve(bucket, pace, 30.0, patience=1)
    assert wait == pytest.approx(30, rel=1e-4)
    assert reserve(refused, pace, 60.0, patience=1)[1] == pytest.approx(0, abs=1e-3)


def test_a_clock_that_was_set_back_stops_no_endpoint_for_longer_than_its_rate() -> None:
    pace = pace_of("1/second")
    bucket, wait = reserve(Bucket(0.0, 1_000_000.0), pace, 10.0, patience=0.5)
    assert wait == pytest.approx(1, rel=1e-4)
    assert reserve(bucket, pace, 11.0, patience=0.5)[1] == pytest.approx(0, abs=1e-3)


# --- breaker ---

RULE = Breaker(failures=3, open_seconds=60)


def failed(times: int, at: float = 100.0) -> Circuit:
    circuit = Circuit()
    for _ in range(times):
        circuit = after_failure(circuit, RULE, at, "the server answered 500")
    return circuit


def test_it_opens_after_so_many_failures_in_a_row_and_says_why() -> None:
    assert admit(failed(2), RULE, 101, probe_seconds=10)[1].is_admitted
    circuit, admission = admit(failed(3), RULE, 101, probe_seconds=10)
    assert not admission.is_admitted
    assert admission.reason == (
        "not asked after it failed 3 times in a row, last: the server answered 500; "
        "left alone until 1970-01-01 00:02:40 UTC"
    )
    assert circuit == failed(3)


def test_one_probe_decides_and_the_others_skip() -> None:
    circuit, first = admit(failed(3), RULE, 160, probe_seconds=10)
    assert (first.is_admitted, first.is_probe) == (True, True)
    circuit, second = admit(circuit, RULE, 161, probe_seconds=10)
    assert not second.is_admitted
    assert second.reason.endswith("it is being probed")
    assert admit(after_success(), RULE, 162, probe_seconds=10)[1].is_admitted
    again = after_failure(circuit, RULE, 162, "timed out")
    assert not admit(again, RULE, 221, probe_seconds=10)[1].is_admitted
    assert admit(again, RULE, 222, probe_seconds=10)[1].is_probe


def test_a_probe_that_never_answers_makes_way_for_another() -> None:
    circuit, _ = admit(failed(3), RULE, 160, probe_seconds=10)
    assert admit(circuit, RULE, 171, probe_seconds=10)[1].is_probe
    assert admit(after_nothing_learnt(circuit), RULE, 161, probe_seconds=10)[1].is_probe


def test_an_endpoint_that_asks_to_be_left_alone_is_for_so_long_and_at_most_a_day() -> None:
    circuit = after_failure(Circuit(), RULE, 100, "the server answered 429", quiet_seconds=20)
    assert not admit(circuit, RULE, 119, probe_seconds=10)[1].is_admitted
    assert admit(circuit, RULE, 119, probe_seconds=10, has_waited=True)[1].is_admitted
    assert admit(circuit, RULE, 120, probe_seconds=10)[1].is_admitted
    for_ever = after_failure(Circuit(), RULE, 100, "the server answered 429", quiet_seconds=1e9)
    assert not admit(for_ever, RULE, 100 + 86_399, probe_seconds=10)[1].is_admitted
    assert admit(for_ever, RULE, 100 + 86_400, probe_seconds=10)[1].is_admitted


def test_a_clock_that_was_set_back_leaves_alone_for_no_longer_than_was_asked_for() -> None:
    circuit = after_failure(Circuit(), RULE, 1e9, "the server answered 429", quiet_seconds=20)
    circuit, _ = admit(circuit, RULE, 1e9 - 5000, probe_seconds=10)
    assert not admit(circuit, RULE, 1e9 - 4981, probe_seconds=10)[1].is_admitted
    assert admit(circuit, RULE, 1e9 - 4980, probe_seconds=10)[1].is_admitted


EVENTS = st.lists(
    st.tuples(st.floats(0, 100), st.sampled_from(["success", "failure", "nothing"])), max_size=60
)


@settings(deadline=None)
@given(events=EVENTS, clock_jump=st.floats(-1e6, 1e6))
def test_whatever_happens_it_admits_again_in_time_and_never_two_probes_at_once(events, clock_jump) -> None:
    now, circuit, in_a_row = 1e9, Circuit(), 0
    for gap, outcome in events:
        now += gap
        circuit, admission = admit(circuit, RULE, now, probe_seconds=10)
        assert admission.is_probe <= (in_a_row >= RULE.failures)
        if not admission.is_admitted:
            assert in_a_row >= RULE.failures
            continue
        if admission.is_probe:
            assert not admit(circuit, RULE, now, probe_seconds=10)[1].is_admitted
        if outcome == "success":
            circuit, in_a_row = after_success(), 0
        elif outcome == "failure":
            circuit, in_a_row = after_failure(circuit, RULE, now, "timed out"), in_a_row + 1
        else:
            circuit = after_nothing_learnt(circuit)
    now += clock_jump
    circuit, _ = admit(circuit, RULE, now, probe_seconds=10)
    assert admit(circuit, RULE, now + RULE.open_seconds + 10, probe_seconds=10)[1].is_admitted


# --- pauses ---


@settings(deadline=None)
@given(
    made=st.integers(1, 30),
    attempts=st.integers(1, 30),
    seconds_left=st.floats(-5, 100),
    chance=st.floats(0, 1),
    retry_after=st.none() | st.floats(0, 200),
)
def test_a_pause_ends_before_the_deadline_and_is_as_long_as_was_asked_for(
    made, attempts, seconds_left, chance, retry_after
) -> None:
    failure = EndpointFailure("x") if retry_after is None else RetryLater("x", retry_after)
    pause = pause_before_next(failure, made=made, attempts=attempts, seconds_left=seconds_left, chance=chance)
    if pause is None:
        assert made >= attempts or seconds_left <= 30 + (retry_after or 0)
        return
    assert made < attempts
    assert (retry_after or 0) <= pause < seconds_left
    assert pause <= (retry_after or 0) + min(30, 0.5 * 2 ** (made - 1))


def test_pauses_grow_and_chance_spreads_them_over_their_whole_length() -> None:
    longest = [
        pause_before_next(EndpointFailure("x"), made=n, attempts=20, seconds_left=99, chance=1)
        for n in range(1, 9)
    ]
    assert longest == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert pause_before_next(EndpointFailure("x"), made=5, attempts=20, seconds_left=99, chance=0) == 0


@pytest.mark.parametrize("kind", [LastingFailure, UnsetVariable, PathRefused, NotAsked])
def test_what_would_be_answered_alike_is_not_asked_again(kind: type[EndpointFailure]) -> None:
    assert pause_before_next(kind("x"), made=1, attempts=20, seconds_left=99, chance=0) is None
