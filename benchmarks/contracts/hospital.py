"""The contract of the table `hospital`: how hospitals of the United States do by measures of the quality of care."""

from typing import Any

from validators.codes import ISO_3166_2_US
from validators.contract import Contract, field


def _spelled(description: str, **rules: Any) -> Any:
    return field(translate="spelling", max_error=0.02, description=description, **rules)


class Hospital(Contract, grain="entity"):
    """One row per hospital and measure, in small letters; `empty` stands for nothing."""

    index: int = field(key=True, ge=1, description="the row's number")
    provider_number: str = _spelled("the hospital's certification number", str_matches=r"^[0-9]{5,6}$")
    name: str = _spelled("the hospital's name")
    address_1: str = _spelled("street and number")
    address_2: str = _spelled("more of the address")
    address_3: str = _spelled("more of the address")
    city: str = _spelled("where it is")
    state: str = _spelled("in which state, as the post has it", isin=[c.lower() for c in ISO_3166_2_US])
    zip: str = _spelled("the post's code", str_matches=r"^[0-9]{5}$")
    county: str = _spelled("in which county")
    phone: str = _spelled("ten digits", str_matches=r"^[0-9]{10}$")
    type: str = _spelled("what kind of hospital")
    owner: str = _spelled("who owns it")
    emergency_service: str = _spelled("whether it has an emergency room", isin=["yes", "no"])
    condition: str = _spelled("what the measure is about")
    measure_code: str = _spelled("which measure", str_matches=r"^[a-z]+(-[a-z]+)?-[0-9]{1,2}[a-z]?$")
    measure_name: str = _spelled("the measure in words")
    score: str = _spelled("the share of patients", str_matches=r"^([0-9]{1,3}%|empty)$")
    sample: str = _spelled("of how many patients", str_matches=r"^([0-9]+ patients|empty)$")
    state_average: str = _spelled("state and measure of the average", str_matches=r"^[a-z]{2}_[a-z0-9-]+$")
