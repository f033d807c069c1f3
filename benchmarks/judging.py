"""Judging alone, in memory, on the same typed frame and the same rules: fused, by pandera, by dataframely.

Usage: `python -m benchmarks.judging [RECORDS]`
"""

import json
import sys
import time
from collections.abc import Callable

import dataframely as dy
import polars as pl

from orchestration_assets.steps.context import rules_of
from validators.codes import ISO_3166, ISO_4217
from validators.contract import load_contract
from validators.judgement import judge

CONTRACT = "validators.contracts.payments:Payment"
ROUNDS = 5


class PaymentSchema(dy.Schema):
    """The rules of the payments contract in dataframely's terms."""

    payment_id = dy.String(nullable=False, regex=r"^P[0-9]{10}$")
    customer_id = dy.String(nullable=False, regex=r"^C[0-9]{7}$")
    email = dy.String(nullable=False, regex=r"^[a-z0-9._+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+$")
    merchant_id = dy.String(nullable=False, regex=r"^M[0-9]{5}$")
    device_id = dy.String(nullable=False, regex=r"^D[0-9]{8}$")
    amount = dy.Float64(nullable=False, min_exclusive=0, max_exclusive=1_000_000)
    currency = dy.String(nullable=False, check=lambda text: text.is_in(list(ISO_4217)))
    country = dy.String(nullable=False, check=lambda text: text.is_in(list(ISO_3166)))
    paid_at = dy.Datetime(nullable=False, time_zone="UTC", time_unit="us")
    device_risk = dy.Float64(nullable=True, min=0, max=1)


def typed_payments(records: int) -> pl.DataFrame:
    """Payments as typed records, one in five with one wrong value, of which a third are missing."""
    number = pl.int_range(0, records, eager=True).alias("n").to_frame()
    digits = pl.col("n").cast(pl.String)
    frame = number.select(
        payment_id="P" + digits.str.zfill(10),
        customer_id="C" + (pl.col("n") * 7919 % 200_000).cast(pl.String).str.zfill(7),
        email="c" + (pl.col("n") * 7919 % 200_000).cast(pl.String) + "@example.org",
        merchant_id="M" + (pl.col("n") * 31 % 5000).cast(pl.String).str.zfill(5),
        device_id="D" + (pl.col("n") * 7919 % 300_000).cast(pl.String).str.zfill(8),
        amount=(pl.col("n") % 10_000 / 100) + 0.01,
        currency=pl.lit("EUR"),
        country=pl.lit("DE"),
        paid_at=pl.datetime(2026, 11, 1, time_unit="us", time_zone="UTC")
        + pl.duration(seconds=pl.col("n") % 86_400),
        device_risk=pl.col("n") % 1000 / 1000,
    )
    spoiled = {"customer_id": "c12", "email": "nobody", "amount": -1.0, "currency": "XXX", "device_risk": 7.3}
    for offset, (name, bad) in enumerate(spoiled.items()):
        is_bad, is_missing = number["n"] % 25 == offset * 5, number["n"] % 75 == offset * 5
        value = pl.when(is_missing & pl.lit(name != "device_risk")).then(None).when(is_bad).then(pl.lit(bad))
        frame = frame.with_columns(value.otherwise(pl.col(name)).alias(name))
    return frame


def candidates(frame: pl.DataFrame) -> dict[str, Callable[[], int]]:
    """Name to a function that judges `frame` with reasons and returns how many records are bad."""
    rules = rules_of(CONTRACT)
    schema = load_contract(CONTRACT).to_schema()
    numbered = frame.with_row_index("_id").with_columns(
        pl.col("_id").cast(pl.UInt64), pl.lit("s").alias("_source")
    )

    def fused() -> int:
        judged = judge(numbered, rules)
        assert judged.findings.height
        return judged.bad.height

    def by_pandera() -> int:
        from pandera.errors import SchemaErrors

        try:
            schema.validate(frame, lazy=True)
        except SchemaErrors as error:
            return error.failure_cases["index"].n_unique()
        return 0

    def by_dataframely() -> int:
        _good, failure = PaymentSchema.filter(frame, cast=False)
        assert sum(failure.counts().values())
        return failure.invalid().height

    return {"fused": fused, "pandera": by_pandera, "dataframely": by_dataframely}


def main() -> None:
    """Print the seconds of each round, in turn, and how many bad records each found."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
    judges = candidates(typed_payments(records))
    found = {name: judge_all() for name, judge_all in judges.items()}
    seconds: dict[str, list[float]] = {name: [] for name in judges}
    for _ in range(ROUNDS):
        for name, judge_all in judges.items():
            began = time.perf_counter()
            judge_all()
            seconds[name].append(time.perf_counter() - began)
    print(json.dumps({"records": records, "bad": found, "seconds": seconds}))


if __name__ == "__main__":
    main()
