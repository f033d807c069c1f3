"""The judge of rounds finds what it is there to find: a lake that was tampered with is not taken for a good one."""

from pathlib import Path

import polars as pl
import pytest

from orchestration_assets.chaos.judging import Judgement, judge_round
from orchestration_assets.chaos.rounds import DAYS, Stage
from orchestration_assets.chaos.taking import Taken
from orchestration_assets.steps.context import Context

DAY = DAYS[-1]


@pytest.fixture
def context(calm: Stage, tmp_path: Path) -> Context:
    return calm.context(calm.lake(tmp_path / "lake", is_known=True))


def judged_with(calm: Stage, context: Context, trusted: pl.DataFrame) -> Judgement:
    context.lake.replace(context.table("trusted"), DAY, trusted)
    return judge_round(context, calm.books, Taken())


def trusted_of(context: Context) -> pl.DataFrame:
    return context.lake.read(context.table("trusted"), DAY).sort("_source", "_row")


def test_a_sound_lake_is_sound(calm: Stage, context: Context) -> None:
    judgement = judge_round(context, calm.books, Taken())
    assert (judgement.total("lost"), judgement.total("missing"), judgement.twice, judgement.wrong) == (0,) * 4
    assert judgement.offered == sum(len(book.texts) for book in calm.books.values())
    assert judgement.total("trusted") == trusted_of(context).height


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("amount", pl.col("amount") * 100),
        ("merchant_id", pl.lit("M99999")),
        ("device_risk", pl.lit(0.987654)),
        ("paid_at", pl.col("paid_at") + pl.duration(hours=1)),
    ],
)
def test_a_value_that_nobody_wrote_is_wrong(
    name: str, change: pl.Expr, calm: Stage, context: Context
) -> None:
    is_first = pl.int_range(pl.len()) == 0
    tampered = trusted_of(context).with_columns(pl.when(is_first).then(change).otherwise(name).alias(name))
    judgement = judged_with(calm, context, tampered)
    assert judgement.wrong == 1
    assert name in judgement.notes[0]


def test_values_of_two_records_that_changed_places_are_wrong(calm: Stage, context: Context) -> None:
    trusted = trusted_of(context)
    order = pl.concat([trusted["email"][[1, 0]], trusted["email"][2:]])
    assert judged_with(calm, context, trusted.with_columns(order)).wrong == 2


def test_a_record_that_is_gone_is_lost(calm: Stage, context: Context) -> None:
    assert judged_with(calm, context, trusted_of(context)[2:]).total("lost") == 2


def test_a_record_that_is_there_again_is_twice_and_wrong(calm: Stage, context: Context) -> None:
    trusted = trusted_of(context)
    judgement = judged_with(calm, context, pl.concat([trusted, trusted[:1]]))
    assert (judgement.twice, judgement.wrong) == (1, 1)


def test_a_record_is_missing_and_not_lost_only_if_the_lake_says_so(calm: Stage, context: Context) -> None:
    context.lake.replace(
        context.table("trusted"), DAY, trusted_of(context).filter(pl.col("_source") != "ledger")
    )
    lost = judge_round(context, calm.books, Taken()).fates["ledger"]["lost"]
    assert lost > 0
    rows = context.lake.read("ledger/deliveries", DAY)
    told = rows.with_columns(status=pl.lit("absent"), reason=pl.lit("the database is locked"))
    context.lake.replace("ledger/deliveries", DAY, told)
    fates = judge_round(context, calm.books, Taken()).fates["ledger"]
    assert (fates["lost"], fates["missing"]) == (0, lost)
