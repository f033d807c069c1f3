"""Lookups: what one exact text of a source's field stands for (`R` for `refunded`).

What is uncertain of a lookup is whether it holds for the next record. So its cases are the things that records speak
of, each predicted from what is said of the others; the same pair told again of the same thing is no further case.
"""

from typing import Any

import polars as pl

from orchestration_assets.settlement.gate import Measured
from orchestration_assets.translation.learned.weighing import gated, whose
from validators.rules import FieldSpec, RuleSet
from validators.shapes import shape

MOST_PER_COLUMN = 2_000
"""Of the texts of one field of one source so many are looked up, those that are said of most things."""
COLUMN = ["_source", "field", "is_good"]
_LEADING_SHARE = 0.9
FEWEST_PAIRS = 5
LOOKUP_SCHEMA = pl.Schema(
    {
        "_source": pl.String,
        "field": pl.String,
        "is_good": pl.Boolean,
        "original": pl.String,
        "repaired": pl.String,
        "shape": pl.String,
        "cases": pl.Int64,
        "right": pl.Int64,
        "evidence_class": pl.String,
        "error_bound": pl.Float64,
        "is_applied": pl.Boolean,
        "evidence": pl.String,
    }
)
"""One row per text of a source's field that examples say the meaning of."""


def lookups_of(known: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """As LOOKUP_SCHEMA, from examples with one row per text and thing.

    What most people stated; where nobody did, what nearly all of at least five pairs of other reports say: one
    pair only knows of its own record what is said there already.
    """
    led = votes(known, [*COLUMN, "original"])
    is_stated = pl.col("judged") > pl.col("next_judged")
    leads = (pl.col("others") >= FEWEST_PAIRS) & (pl.col("others") >= _LEADING_SHARE * pl.col("sum_others"))
    is_agreed = (pl.col("sum_judged") == 0) & leads
    kept = led.filter(is_stated | is_agreed, pl.col("original") != pl.col("truth"))
    most = pl.col("sum_judged") > 0, pl.col("sum_others"), pl.col("original")
    ranked = kept.sort(*most, descending=[True, True, False])
    ranked = ranked.group_by(COLUMN, maintain_order=True).head(MOST_PER_COLUMN)
    rows = [_lookup(row, rules.fields[row["field"]]) for row in ranked.iter_rows(named=True)]
    found = pl.DataFrame(rows, schema={n: t for n, t in LOOKUP_SCHEMA.items() if n != "shape"})
    return found.with_columns(shape(pl.col("original")).alias("shape")).select(LOOKUP_SCHEMA.names())


def votes(known: pl.DataFrame, of: list[str]) -> pl.DataFrame:
    """One row per `of`: `truth`, what most people say, else most others; per class how many say so.

    `judged` and `others`; `next_…`: how many say the next most frequent thing; `sum_…`: how many there are.
    """
    counted = known.group_by(*of, "truth").agg(
        (pl.col("evidence_class") == "judged").sum().cast(pl.Int64).alias("judged"),
        (pl.col("evidence_class") != "judged").sum().cast(pl.Int64).alias("others"),
    )
    ranked = counted.sort("judged", "others", "truth", descending=[True, True, False])
    classes = [pl.col(name) for name in ("judged", "others")]
    return ranked.group_by(of, maintain_order=True).agg(
        pl.col("truth").first(),
        *[one.first() for one in classes],
        *[one.slice(1).max().fill_null(0).name.prefix("next_") for one in classes],
        *[one.sum().name.prefix("sum_") for one in classes],
    )


def _lookup(row: dict[str, Any], spec: FieldSpec) -> dict[str, Any]:
    by_class = {
        name: Measured(*_without_itself(row[column], row[f"next_{column}"], row[f"sum_{column}"]), name)
        for name, column in (("judged", "judged"), ("agreement", "others"))
    }
    measured, is_applied = gated(by_class, spec.policy)
    told = whose(row["sum_judged"], row["sum_others"])
    return {
        **{name: row[name] for name in (*COLUMN, "original")},
        "repaired": row["truth"],
        "cases": measured.cases,
        "right": measured.right,
        "evidence_class": measured.evidence_class,
        "error_bound": measured.error_bound,
        "is_applied": is_applied,
        "evidence": measured.describe(f"learned from {told}: this text stands for that"),
    }


def _without_itself(leading: int, following: int, total: int) -> tuple[int, int]:
    """Cases and right ones, if each is predicted by the others: those of the leader only while it leads without one."""
    right = leading if leading - 1 > following else 0
    return right + total - leading, right
