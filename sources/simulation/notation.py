"""How each source writes an undamaged record: ten text cells under the canonical names.

Also the pieces (amounts, times) of which `spelling` makes the notations that a source should not use.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from sources.simulation.vocabulary import FIELDS, NO_NUMERIC, SOURCES, Style, country_as, currency_as

Unit = Literal["comma", "point", "cents"]

UTC_TIME = "%Y-%m-%dT%H:%M:%SZ"
_ODD_COUNTRY_SHARE = 0.1


@dataclass(frozen=True)
class Notation:
    """How one source writes.

    Attributes:
        source: its name.
        style: `systems`, or `csv` for the canonical notation of benchmarks.
        amount: decimal comma, decimal point, or whole cents.
        zone: IANA name of the clock that its times without an offset refer to.
        slashes: the only order of day and month that it uses with slashes.
        numbers: fields that it keeps as numbers; text in them is of the wrong type.
    """

    source: str
    style: Style
    amount: Unit
    zone: str
    slashes: str
    numbers: frozenset[str]

    @property
    def is_coded(self) -> bool:
        """Return whether it writes numbers for currencies, countries and instants."""
        return "currency" in self.numbers

    def cells(self, reported: pl.DataFrame) -> pl.DataFrame:
        """Return ten text columns, one row per reported payment; null where the true value is null."""
        return reported.select(getattr(self, f"_{name}")().cast(pl.String).alias(name) for name in FIELDS)

    def _payment_id(self) -> pl.Expr:
        text = pl.col("payment_id")
        return text.str.slice(1).cast(pl.Int64) if self.is_coded else text

    def _customer_id(self) -> pl.Expr:
        return pl.col("customer_id")

    def _email(self) -> pl.Expr:
        return pl.col("email")

    def _merchant_id(self) -> pl.Expr:
        return pl.col("merchant_id")

    def _device_id(self) -> pl.Expr:
        return pl.col("device_id")

    def _amount(self) -> pl.Expr:
        return amount_text(self.amount)

    def _currency(self) -> pl.Expr:
        code = pl.col("currency")
        if self.is_coded:
            return code.replace_strict(currency_as("numeric"), default=NO_NUMERIC)
        if self.source == "gateway_a" and self.style == "systems":
            return pl.when((code == "EUR") & (pl.col("habit") < 0.5)).then(pl.lit("€")).otherwise(code)
        return code

    def _country(self) -> pl.Expr:
        code = pl.col("country")
        if self.is_coded:
            return code.replace_strict(country_as("numeric"), default=NO_NUMERIC)
        if self.source == "gateway_b" and self.style == "systems":
            words = [code.replace(country_as(column)) for column in ("alpha_3", "english", "german")]
            which = pl.col("habit") / _ODD_COUNTRY_SHARE
            return pl.when(which < 1).then(one_of(words, which)).otherwise(code)
        return code

    def _paid_at(self) -> pl.Expr:
        instant = pl.col("paid_at")
        if self.is_coded:
            return instant.dt.epoch("s")
        if self.style == "csv":
            return instant.dt.strftime(UTC_TIME)
        if self.source == "gateway_b":
            local = (instant + pl.duration(minutes="offset")).dt.strftime("%Y-%m-%dT%H:%M:%S")
            hour = pl.col("offset").abs() // 60
            sign = pl.when(pl.col("offset") < 0).then(pl.lit("-0")).otherwise(pl.lit("+0"))
            return pl.concat_str(local, sign, hour, pl.lit(":00"))
        return self.local_time("%d.%m.%Y %H:%M")

    def _device_risk(self) -> pl.Expr:
        text = pl.col("device_risk").cast(pl.String)
        return text.str.replace(".", ",", literal=True) if self.amount == "comma" else text

    def local_time(self, layout: str) -> pl.Expr:
        """Return the text of `paid_at` on the source's own clock."""
        return pl.col("paid_at").dt.convert_time_zone(self.zone).dt.strftime(layout)


_DAY_FIRST, _MONTH_FIRST = "%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p"
_NUMBERS_OF_B = frozenset({"amount", "device_risk"})
_NUMBERS_OF_LEDGER = frozenset({"payment_id", "amount", "currency", "country", "paid_at", "device_risk"})
_SYSTEMS = (
    Notation("gateway_a", "systems", "comma", "Europe/Berlin", _DAY_FIRST, frozenset()),
    Notation("gateway_b", "systems", "cents", "UTC", _MONTH_FIRST, _NUMBERS_OF_B),
    Notation("ledger", "systems", "cents", "UTC", _DAY_FIRST, _NUMBERS_OF_LEDGER),
)


def notations(style: Style) -> tuple[Notation, ...]:
    """Return the notation of each source, in the order of `SOURCES`."""
    if style == "systems":
        return _SYSTEMS
    return tuple(
        Notation(source, "csv", "point", "UTC", like.slashes, frozenset())
        for source, like in zip(SOURCES, _SYSTEMS, strict=True)
    )


def amount_text(unit: Unit) -> pl.Expr:
    """Return `amount_e4` as text: two decimals (cents: none), two more only where they are needed."""
    if unit == "cents":
        return _decimal(".", decimals=0)
    return _decimal("," if unit == "comma" else ".", decimals=2)


def grouped_amount_text(separator: str, mark: str) -> pl.Expr:
    """Return the positive `amount_e4` with separated thousands and two decimals: `1.234,56`."""
    major = pl.col("amount_e4") // 10_000
    million, thousand = major // 1_000_000, major // 1_000
    text = (
        pl.when(million > 0)
        .then(
            pl.concat_str(
                million, _filled(thousand % 1_000, 3), _filled(major % 1_000, 3), separator=separator
            )
        )
        .when(thousand > 0)
        .then(pl.concat_str(thousand, _filled(major % 1_000, 3), separator=separator))
        .otherwise(major.cast(pl.String))
    )
    return pl.concat_str(text, pl.lit(mark), _filled(pl.col("amount_e4") // 100 % 100, 2))


def one_of(options: Sequence[pl.Expr], draw: pl.Expr) -> pl.Expr:
    """Return, per row, the option that its draw in [0, 1) falls on, all being equally likely."""
    which = (draw * len(options)).floor()
    chosen = options[-1]
    for index, option in enumerate(options[:-1]):
        chosen = pl.when(which == index).then(option).otherwise(chosen)
    return chosen


def _decimal(mark: str, *, decimals: int) -> pl.Expr:
    e4, whole = pl.col("amount_e4"), 10 ** (decimals + 2)
    sign = pl.when(e4 < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    major, rest = e4.abs() // whole, e4.abs() % whole
    short = (
        pl.concat_str(major, pl.lit(mark), _filled(rest // 100, decimals))
        if decimals
        else major.cast(pl.String)
    )
    longer = pl.concat_str(major, pl.lit(mark), _filled(rest, decimals + 2))
    return pl.concat_str(sign, pl.when(rest % 100 == 0).then(short).otherwise(longer))


def _filled(number: pl.Expr, digits: int) -> pl.Expr:
    return number.cast(pl.String).str.zfill(digits)
