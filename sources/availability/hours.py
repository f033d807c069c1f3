"""Hours of availability: by the wall clock of their time zone, also over midnight and over a change of the clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sources.availability.declared import DAYS, Hours

_MINUTE = timedelta(minutes=1)
_LONGEST_WAIT_MINUTES = 9 * 24 * 60  # a week, and a day for a time that a change of the clock leaves out


def is_open(hours: Hours, moment: datetime) -> bool:
    """Return whether the endpoint may be asked at `moment`, which knows its zone.

    A time of day that occurs twice on one day counts both times; one that is left out counts not at all.
    """
    local = moment.astimezone(ZoneInfo(hours.timezone))
    clock, today = local.strftime("%H:%M"), DAYS[local.weekday()]
    if hours.begin < hours.end:
        return today in hours.days and hours.begin <= clock < hours.end
    yesterday = DAYS[local.weekday() - 1]
    return (today in hours.days and clock >= hours.begin) or (yesterday in hours.days and clock < hours.end)


def next_opening(hours: Hours, moment: datetime) -> datetime | None:
    """Return the first whole minute from `moment` on, in UTC, at which it is open; None where there is none.

    Looks at each minute, which costs 20 ms for a week: zones change their clocks at any of them.
    """
    start = moment.astimezone(UTC)
    if is_open(hours, start):
        return start
    start = start.replace(second=0, microsecond=0)
    minutes = (start + step * _MINUTE for step in range(1, _LONGEST_WAIT_MINUTES))
    return next((minute for minute in minutes if is_open(hours, minute)), None)


def in_words(hours: Hours, moment: datetime) -> str:
    """Return why nothing is asked at `moment`, and from when on it is."""
    opening = next_opening(hours, moment)
    again = f"; again at {opening:%Y-%m-%d %H:%M} UTC" if opening else ""
    days = "" if set(hours.days) == set(DAYS) else f" {', '.join(d for d in DAYS if d in hours.days)}"
    return f"not asked outside of its hours, {hours.begin} to {hours.end} {hours.timezone}{days}{again}"
