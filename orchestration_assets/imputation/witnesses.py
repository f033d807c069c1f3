"""Putting truth discovery to the test: what reporters claim, predicted from the others; or what people labelled.

Every reporter is a witness, also one that is held unreliable: who is reliable was learned from these very claims, and
an error must not confirm itself. The prediction of a claim counts neither the witness nor those who copy from it.
"""

import numpy as np
import polars as pl

from orchestration_assets.imputation.truth import Claims, Reliability, probabilities

OTHERWISE = 0.05
"""A reporter whose claims the others predict no more often than that reports something else under the field's name."""
FEW = 0.2
"""At most this share of a field's claims may be set aside for that reason."""
_CLAIMS_TO_TELL = 15
CASES = 6000
"""Cases per field: enough for a promise of one in a thousand."""
CASE_SCHEMA = pl.Schema({"field": pl.String, "strength": pl.Float64, "is_right": pl.Boolean})


def leading(rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """The most probable value of each group of `rows` (`claim`, `_reporter`, `probability`).

    One row per group: `by`, `predicted` (null where two are level), `share` (its probability), `support` (the
    reporters who claim it) and `others` (all who claim anything).
    """
    of_value = rows.group_by(*by, "claim", maintain_order=True).agg(
        pl.col("probability").first(), support=pl.col("_reporter").n_unique()
    )
    first = of_value.sort("probability", "claim", descending=[True, False]).group_by(by, maintain_order=True)
    second = pl.col("probability").get(1, null_on_oob=True).fill_null(0.0)
    return first.agg(
        predicted=pl.when(pl.col("probability").first() > second).then(pl.col("claim").first()),
        share=pl.col("probability").first(),
        support=pl.col("support").first().cast(pl.Int64),
        others=pl.col("support").sum().cast(pl.Int64),
    )


def witnessed(claims: Claims, reliability: Reliability) -> pl.DataFrame:
    """One row per case, as CASE_SCHEMA: a reporter's claim, whether the others predict it, and how probable they make it."""
    witness = _chosen(claims)
    case, row = _others_of(claims, witness)
    if not len(row):
        return CASE_SCHEMA.to_frame()
    value = np.unique(np.stack([case, claims.value[row]]), axis=1, return_inverse=True)[1].ravel()
    order = np.lexsort((value, case))
    case, row, value = case[order], row[order], value[order]
    heard = claims.taken(row)
    copied = reliability.copied(heard.of_field, claims.reporter[witness[case]], heard.reporter)
    probability = probabilities(heard.grouped(case, value), reliability, 1 - copied)
    rows = heard.rows.with_columns(probability=probability, _case=pl.Series(case))
    found = leading(rows, ["_case"]).drop_nulls("predicted").sort("_case")
    told = claims.rows[witness[found["_case"].to_numpy()]]
    is_right = pl.col("predicted") == pl.col("claim")
    cases = pl.concat([told, found], how="horizontal").with_columns(is_right=is_right)
    return _of_the_same(cases).select("field", pl.col("share").alias("strength"), "is_right")


def _of_the_same(cases: pl.DataFrame) -> pl.DataFrame:
    """`cases` without the few reporters who always say otherwise: they mean another thing by the field (another clock)."""
    of_reporter = cases.group_by("field", "_reporter").agg(n=pl.len(), right=pl.col("is_right").mean())
    strange = of_reporter.filter((pl.col("right") <= OTHERWISE) & (pl.col("n") >= _CLAIMS_TO_TELL))
    share = (
        strange.group_by("field")
        .agg(set_aside=pl.col("n").sum())
        .join(of_reporter.group_by("field").agg(all=pl.col("n").sum()), on="field")
        .filter(pl.col("set_aside") <= FEW * pl.col("all"))
    )
    few = strange.join(share, on="field", how="semi")
    return cases.join(few, on=["field", "_reporter"], how="anti", nulls_equal=True, maintain_order="left")


def _chosen(claims: Claims) -> np.ndarray:
    """Rows of about CASES claims per field, evenly taken."""
    steps = np.bincount(claims.of_field, minlength=len(claims.fields)) // CASES + 1
    rows = np.arange(len(claims.item))
    return rows[rows % steps[claims.of_field] == 0]


def _others_of(claims: Claims, witness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All claims of other reporters on the item of each witness: number of the case, row of the claim."""
    starts = np.searchsorted(claims.item, claims.item[witness], "left")
    sizes = np.searchsorted(claims.item, claims.item[witness], "right") - starts
    case = np.repeat(np.arange(len(witness)), sizes)
    row = np.repeat(starts - (np.cumsum(sizes) - sizes), sizes) + np.arange(len(case))
    is_other = claims.reporter[row] != claims.reporter[witness[case]]
    return case[is_other], row[is_other]
