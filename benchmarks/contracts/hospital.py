"""The contract of the table `hospital`: how hospitals of the United States do by measures of the quality of care."""

from typing import Any

from validators.codes import ISO_3166_2_US
from validators.contract import Contract, field


def _spelled(description: str, **rules: Any) -> Any:
    return field(translate="spelling", max_error=0.02, description=description, **rules)


# Each of these says which hospital it is; the postal code says where it is.
_WHICH = ("provider_number", "name", "address_1", "phone")


def _of_hospital(name: str, description: str, *more: str, **rules: Any) -> Any:
    return _spelled(description, determined_by=[w for w in (*_WHICH, *more) if w != name], **rules)


class Hospital(Contract, grain="entity"):
    """One row per hospital and measure, in small letters; `empty` stands for nothing."""

    index: int = field(key=True, ge=1, description="the row's number")
    provider_number: str = _of_hospital(
        "provider_number", "the hospital's certification number", str_matches=r"^[0-9]{5,6}$"
    )
    name: str = _of_hospital("name", "the hospital's name")
    address_1: str = _of_hospital("address_1", "street and number")
    address_2: str = _spelled("more of the address")
    address_3: str = _spelled("more of the address")
    city: str = _of_hospital("city", "where it is", "zip")
    state: str = _of_hospital(
        "state", "in which state, as the post has it", "zip", isin=[c.lower() for c in ISO_3166_2_US]
    )
    zip: str = _of_hospital("zip", "the post's code", str_matches=r"^[0-9]{5}$")
    county: str = _of_hospital("county", "in which county", "zip")
    phone: str = _of_hospital("phone", "ten digits", str_matches=r"^[0-9]{10}$")
    type: str = _of_hospital("type", "what kind of hospital")
    owner: str = _of_hospital("owner", "who owns it")
    emergency_service: str = _of_hospital(
        "emergency_service", "whether it has an emergency room", isin=["yes", "no"]
    )
    condition: str = _spelled("what the measure is about", determined_by=["measure_code", "measure_name"])
    measure_code: str = _spelled(
        "which measure", determined_by="measure_name", str_matches=r"^[a-z]+(-[a-z]+)?-[0-9]{1,2}[a-z]?$"
    )
    measure_name: str = _spelled("the measure in words", determined_by="measure_code")
    score: str = _spelled("the share of patients", str_matches=r"^([0-9]{1,3}%|empty)$")
    sample: str = _spelled("of how many patients", str_matches=r"^([0-9]+ patients|empty)$")
    state_average: str = _spelled(
        "state and measure of the average",
        determined_by=[["state", "measure_code"]],
        str_matches=r"^[a-z]{2}_[a-z0-9-]+$",
    )
