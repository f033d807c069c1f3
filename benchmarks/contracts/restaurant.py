"""The contract of the table `restaurant`: restaurants of the United States as two guides list them."""

from validators.contract import Contract, field

# `?` stands for nothing.
_STATED = r"^[^?]"


class Listing(Contract, grain="entity"):
    """One row per listing; the two guides differ in how they write names, streets, telephone numbers and cuisines."""

    name: str = field(key=True, description="the restaurant's name")
    addr: str = field(key=True, description="street and number")
    city: str = field(
        str_matches=_STATED,
        impute="nearest",
        max_error=0.05,
        description="city, or the part of it",
    )
    phone: str = field(
        str_matches=_STATED,
        determined_by="class",
        impute="nearest",
        max_error=0.05,
        description="telephone number with the area code",
    )
    type: str = field(str_matches=_STATED, impute="nearest", max_error=0.05, description="the cuisine")
    restaurant: str = field(
        alias="class",
        str_matches=r"^[0-9]+$",
        determined_by="phone",
        impute="nearest",
        max_error=0.05,
        description="the number of the restaurant: the same in both guides",
    )
