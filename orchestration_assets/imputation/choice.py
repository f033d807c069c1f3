"""Which of several predictions of one cell counts: the surest one, unless another that may be applied contradicts it.

How sure a prediction is was measured in its own context: by its method, grouped by that field, for that source, among
predictions of its strength.
"""

import polars as pl

from orchestration_assets.imputation.cells import ERROR
from orchestration_assets.settlement.gate import PROPOSAL_SCHEMA

_CELL = ["_id", "field"]
_IS_APPLIED = pl.col("status") == "applied"
_IS_JUDGED = pl.col("evidence_class") == "judged"


def chosen(predictions: pl.DataFrame) -> pl.DataFrame:
    """`predictions` (PREDICTED_SCHEMA) as PROPOSAL_SCHEMA: of each cell the surest one that may be applied first.

    Where two that may be applied state different values, none is, unless people judged one of the methods: a case on
    which methods that are hardly ever wrong differ is not like those that they were measured on.
    """
    ranked = _without_rivals(predictions).sort(
        *_CELL, _IS_APPLIED, ERROR, descending=[False, False, True, False], maintain_order=True
    )
    return ranked.select(PROPOSAL_SCHEMA.names())


def _without_rivals(predictions: pl.DataFrame) -> pl.DataFrame:
    """Those that another one contradicts as suggestions."""
    told = (
        predictions.filter(_IS_APPLIED)
        .group_by(_CELL)
        .agg(
            values=pl.col("repaired").n_unique(),
            judged=pl.col("repaired").filter(_IS_JUDGED).n_unique(),
        )
    )
    rivals = told.filter(pl.col("values") > 1).drop("values")
    if rivals.is_empty():
        return predictions
    marked = predictions.join(rivals, on=_CELL, how="left", maintain_order="left")
    is_out = _IS_APPLIED & pl.col("judged").is_not_null() & ((pl.col("judged") != 1) | ~_IS_JUDGED)
    words = pl.concat_str("evidence", pl.lit("; but another method that may be applied says otherwise"))
    return marked.with_columns(
        status=pl.when(is_out).then(pl.lit("suggested")).otherwise("status"),
        confidence=pl.when(~is_out.fill_null(value=False)).then(
            "confidence"
        ),  # it was not measured on such cases
        evidence=pl.when(is_out).then(words).otherwise("evidence"),
    ).drop("judged")
