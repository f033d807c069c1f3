"""The contract of the feed `flights`: what many web sites report about the same flights."""

from validators.contract import Contract, field

CLOCK = r"^(1[0-2]|[1-9]):[0-5][0-9] [ap]\.m\.$"


def _clock(description: str) -> str:
    return field(
        str_matches=CLOCK,
        translate="clock",
        impute="agreement",
        max_error=0.1,
        evidence="agreement",
        description=description,
    )


class FlightReport(Contract, grain="report"):
    """One row per report of one web site on one flight of one day; times are local to the airport, `7:10 a.m.`."""

    tuple_id: str = field(str_matches=r"^[0-9]+$", description="the report's number")
    src: str = field(source=True, description="the web site")
    flight: str = field(
        entity=True, str_matches=r"^[A-Z0-9]{2}-[0-9]+-[A-Z]{3}-[A-Z]{3}$", description="the flight"
    )
    sched_dep_time: str = _clock("when it should have left the gate")
    act_dep_time: str = _clock("when it left")
    sched_arr_time: str = _clock("when it should have arrived")
    act_arr_time: str = _clock("when it arrived")
