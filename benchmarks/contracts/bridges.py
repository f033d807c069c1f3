"""The contract of the table `bridges`: the bridges of Pittsburgh, as engineers describe them."""

from typing import Any

from validators.contract import Contract, field


def _design(description: str, **rules: Any) -> Any:
    """What anybody can see of a bridge, or of a picture of it: `?` is a gap."""
    return field(**{"impute": ("nearest", "model"), "max_error": 0.05, "description": description, **rules})


def _measured(description: str, **rules: Any) -> Any:
    """What nobody may have recorded of a bridge that is gone: `?` says so, and stays."""
    return field(description=description, **rules)


class Bridge(Contract, grain="entity"):
    """One row per bridge."""

    ID: str = field(key=True, str_matches=r"^E[0-9]+[A-Z]?$", description="the bridge's number")
    RIVER: str = _design("over which river", isin=["A", "M", "O", "Y"])
    LOCATION: str = _design("where on the map", impute="nearest", str_matches=r"^[0-9]+(\.[0-9])?$")
    ERECTED: str = _design("in which year", impute="nearest", str_matches=r"^1[89][0-9]{2}$")
    PURPOSE: str = _design("what crosses it", isin=["WALK", "AQUEDUCT", "RR", "HIGHWAY"])
    LENGTH: str = _measured("total length, in feet", str_matches=r"^([0-9]{2,5}|\?)$")
    LANES: str = _measured("number of lanes", str_matches=r"^([1-9]|\?)$")
    clearance: str = _design("vertical clearance enforced", alias="CLEAR-G", isin=["G", "N"])
    deck: str = _design("where the roadway lies", alias="T-OR-D", isin=["THROUGH", "DECK"])
    MATERIAL: str = _design("what it is built of", isin=["WOOD", "IRON", "STEEL"])
    SPAN: str = _measured("length of the main span", isin=["SHORT", "MEDIUM", "LONG", "?"])
    relative_length: str = _design(
        "the main span beside the length of the bridge", alias="REL-L", isin=["S", "S-F", "F"]
    )
    TYPE: str = _design(
        "how it carries", isin=["WOOD", "SUSPEN", "SIMPLE-T", "ARCH", "CANTILEV", "CONT-T", "NIL"]
    )
