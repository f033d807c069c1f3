"""Values that keep every rule, and are unlike what others with the same merchant or device have: found, as warnings."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import numpy as np
import polars as pl
import pytest

from orchestration_assets.imputation.plausible import CELLS, compared, implausible, suspicions
from validators.contract import Contract, field
from validators.errors import ContractError
from validators.rules import compile_contract


class Sale(Contract):
    """One row per sale."""

    sale: int = field(key=True)
    shop: str = field()
    device: str = field()
    owner: str = field(str_matches="^[a-z0-9]+$", plausible_for="device")
    price: float = field(gt=0, plausible_for="shop")
    sold: Annotated[pl.Datetime, "us", "UTC"] = field(plausible_for=[["shop", "device"]])


RULES = compile_contract(Sale)
START = datetime(2026, 11, 1, tzinfo=UTC)


def sales(changes: dict[int, dict[str, str]] | None = None) -> pl.DataFrame:
    """3000 sales of 20 shops and 300 devices of one owner each, as text; `changes`: by their number."""
    rng = np.random.default_rng(5)
    rows = [
        {
            "_id": i,
            "_source": "till",
            "sale": str(i),
            "shop": f"s{i % 20}",
            "device": f"d{i % 300}",
            "owner": f"o{i % 300}",
            "price": f"{(1 + i % 20) * 10 * np.exp(rng.normal(0, 0.4)):.2f}",
            "sold": (START + timedelta(minutes=int(rng.integers(0, 1440)))).isoformat(),
        }
        | (changes or {}).get(i, {})
        for i in range(3000)
    ]
    return pl.DataFrame(rows).with_columns(pl.col("_id").cast(pl.UInt64))


def found(records: pl.DataFrame) -> dict[tuple[int, str], str]:
    """(record, field) to what is said of it."""
    cells = implausible([compared(records, RULES, {})], RULES)
    rows = suspicions(records, cells, RULES, {})
    assert set(rows.select("kind", "rule", "severity").rows()) <= {("inconsistent", "implausible", "warning")}
    return {(i, name): message for i, name, message in rows.select("_id", "field", "message").iter_rows()}


def test_where_all_is_usual_nothing_is_found() -> None:
    assert found(sales()) == {}


def test_an_amount_in_another_scale_is_found() -> None:
    usual = float(sales()["price"][7])
    told = found(
        sales({7: {"price": f"{usual * 100:.2f}"}, 9: {"price": f"{float(sales()['price'][9]) / 100:.2f}"}})
    )
    assert set(told) == {(7, "price"), (9, "price")}
    assert (
        "times as far from the middle of the records with the same shop as 99 of 100 known values"
        in told[7, "price"]
    )


def test_a_device_that_is_somebody_elses_is_found_and_the_message_quotes_nobody() -> None:
    told = found(sales({7: {"owner": "o99"}}))
    assert set(told) == {(7, "owner")}
    assert told[7, "owner"].startswith(
        "9 of 9 others with the same device state one and the same other value; so do "
    )
    assert "o99" not in told[7, "owner"]


def test_a_date_far_from_all_others_is_found() -> None:
    # By shop and device together: ten sales each.
    assert set(found(sales({7: {"sold": "1970-01-01T00:00:00+00:00"}}))) == {(7, "sold")}


def test_what_is_often_so_is_not_implausible() -> None:
    # One sale in twenty goes by a borrowed device: too many to say that it is wrong.
    assert found(sales({i: {"owner": "o299"} for i in range(0, 3000, 20)})) == {}


def test_values_that_break_a_rule_have_a_finding_already() -> None:
    assert found(sales({7: {"owner": "O99"}, 8: {"price": "-5"}})) == {}


def test_what_earlier_partitions_published_counts_and_is_not_found() -> None:
    earlier, today = sales().with_columns(_id=pl.lit(None, pl.UInt64)), sales({7: {"owner": "o99"}}).head(8)
    parts = [compared(today, RULES, {}), compared(earlier, RULES, {})]
    assert implausible(parts, RULES).select("_id", "field").rows() == [(7, "owner")]
    assert implausible(parts[:1], RULES).is_empty()


def test_nothing_is_found_among_no_records() -> None:
    assert implausible([compared(sales().clear(), RULES, {})], RULES).schema == CELLS


def test_a_field_that_does_not_exist_cannot_be_named() -> None:
    class Wrong(Contract):
        """One row per sale."""

        sale: int = field(key=True)
        price: float = field(plausible_for="shops")

    with pytest.raises(ContractError, match="is plausible for shops: itself, or no field"):
        compile_contract(Wrong)
