"""The contract of price strings of web pages: one amount each, whatever stands around it."""

from validators.contract import Contract, field


class Price(Contract, grain="entity"):
    """One row per price string."""

    number: int = field(key=True, ge=0, description="the string's number")
    amount: float = field(
        ge=0, translate=("number", "price"), description="the amount, whatever its currency"
    )
