"""The contract of the feed `payments`."""

from typing import Annotated

import polars as pl

from validators.codes import ISO_3166, ISO_4217
from validators.contract import Contract, field


class Payment(Contract, grain="entity"):
    """One row per payment attempt.

    Fields that another source may supply (`reference`) accept the evidence of agreement between sources: that is how
    often one system's value was the other's. When and to whom a payment went is known from no other record.
    """

    payment_id: str = field(
        key=True, str_matches=r"^P[0-9]{10}$", translate="code", description="the payment's number"
    )
    customer_id: str = field(
        str_matches=r"^C[0-9]{7}$",
        translate="code",
        impute=("reference", "mode:device_id", "mode:email"),
        plausible_for="device_id",
        evidence="agreement",
        description="who pays",
    )
    email: str = field(
        personal=True,
        str_matches=r"^[a-z0-9._+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+$",
        translate="code",
        impute=("reference", "mode:customer_id"),
        plausible_for="customer_id",
        evidence="agreement",
        description="where the customer is written to",
    )
    merchant_id: str = field(
        str_matches=r"^M[0-9]{5}$",
        translate="code",
        impute="reference",
        evidence="agreement",
        max_error=0.02,
        description="who is paid",
    )
    device_id: str = field(
        str_matches=r"^D[0-9]{8}$",
        translate="code",
        impute=("reference", "mode:customer_id"),
        evidence="agreement",
        description="the device that paid",
    )
    amount: float = field(
        gt=0,
        lt=1_000_000,
        translate="money",
        impute=("reference", "median:merchant_id"),
        plausible_for=[["merchant_id", "currency"]],
        evidence="agreement",
        max_error=0.005,
        description="in major units of the currency",
    )
    currency: str = field(
        isin=ISO_4217,
        translate="currency",
        impute=("reference", "mode:customer_id", "mode:country"),
        evidence="agreement",
        description="ISO 4217",
    )
    country: str = field(
        isin=ISO_3166,
        translate="country",
        impute=("reference", "mode:customer_id"),
        evidence="agreement",
        description="ISO 3166-1 alpha-2, the customer's",
    )
    paid_at: Annotated[pl.Datetime, "us", "UTC"] = field(
        translate="datetime",
        impute="reference",
        plausible_for="merchant_id",
        evidence="agreement",
        max_error=0.02,
        description="when, in UTC",
    )
    device_risk: float = field(
        nullable=True,
        in_range={"min_value": 0, "max_value": 1},
        translate="number",
        description="0 (none) to 1",
    )
