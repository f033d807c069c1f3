"""Promises against outcomes: were repairs wrong more often than their field allows? Tables and tests only, no running.

Judged proposals are a frame as JUDGED. The test is binomial and one-sided: how probable so many wrong ones, or more,
would be if each were wrong with just the promised probability.
"""

from dataclasses import dataclass

import polars as pl

from orchestration_assets.settlement.gate import cases_needed, error_bound

SIGNIFICANT = 0.05

JUDGED = pl.Schema(
    {
        "table": pl.String,
        "promise": pl.Float64,
        "field": pl.String,
        "method": pl.String,
        "arm": pl.String,
        "evidence_class": pl.String,
        "confidence": pl.Float64,
        "is_applied": pl.Boolean,
        "is_right": pl.Boolean,
    }
)
"""One row per proposal whose truth is known. `is_applied`: in force; the others were suggested."""


@dataclass(frozen=True)
class Outcome:
    """`wrong` of `cases` applied repairs under a `promise` of at most so large a share."""

    cases: int
    wrong: int
    promise: float

    @property
    def p(self) -> float:
        """The probability of as many wrong ones or more, if each is wrong with the promised probability."""
        if not self.wrong:
            return 1.0
        from scipy.special import betainc

        return float(betainc(self.wrong, self.cases - self.wrong + 1, self.promise))

    @property
    def verdict(self) -> str:
        """`broken`: p < .05; `kept`: the upper bound is within the promise; else `not broken`, or `too few` to ever be kept."""
        if self.p < SIGNIFICANT:
            return "broken"
        if self.cases < cases_needed(self.promise):
            return "too few"
        return "kept" if error_bound(self.cases, self.cases - self.wrong) <= self.promise else "not broken"


def outcomes(judged: pl.DataFrame, *by: str) -> pl.DataFrame:
    """One row per promise and group of `by` with an applied repair: `applied`, `wrong`, `share`, `p`, `verdict`."""
    keys = [*by, "promise"]
    counted = (
        judged.filter("is_applied")
        .group_by(keys)
        .agg(pl.len().alias("applied"), (~pl.col("is_right")).sum().alias("wrong"))
        .sort(keys)
    )
    found = [Outcome(row["applied"], row["wrong"], row["promise"]) for row in counted.to_dicts()]
    return counted.with_columns(
        (pl.col("wrong") / pl.col("applied")).alias("share"),
        pl.Series("p", [one.p for one in found], pl.Float64),
        pl.Series("verdict", [one.verdict for one in found], pl.String),
    )


def reliability(judged: pl.DataFrame, edges: tuple[float, ...]) -> pl.DataFrame:
    """One row per evidence class and bin of confidence that is not empty, from the lowest up.

    `evidence_class`, `confidence` (the mean), `cases`, `right`, `share`, and `low` and `high`, the two-sided 95 % interval of
    Clopper and Pearson. Bins are between the `edges`: from one on, and below the next, the last one up to its end.
    """
    known = judged.drop_nulls("confidence")
    bins = known.with_columns(_bin=pl.sum_horizontal(pl.col("confidence") >= edge for edge in edges[1:-1]))
    counted = (
        bins.group_by("evidence_class", "_bin")
        .agg(pl.col("confidence").mean(), pl.len().alias("cases"), pl.col("is_right").sum().alias("right"))
        .sort("evidence_class", "_bin")
        .drop("_bin")
    )
    intervals = [interval(row["cases"], row["right"]) for row in counted.to_dicts()]
    return counted.with_columns(
        (pl.col("right") / pl.col("cases")).alias("share"),
        pl.Series("low", [low for low, _ in intervals], pl.Float64),
        pl.Series("high", [high for _, high in intervals], pl.Float64),
    )


def interval(cases: int, right: int) -> tuple[float, float]:
    """The two-sided 95 % interval of a share (Clopper and Pearson 1934)."""
    from scipy.special import betaincinv

    wrong, tail = cases - right, (1 - 0.95) / 2
    low = 0.0 if not right else float(betaincinv(right, wrong + 1, tail))
    high = 1.0 if not wrong else float(betaincinv(right + 1, wrong, 1 - tail))
    return low, high
