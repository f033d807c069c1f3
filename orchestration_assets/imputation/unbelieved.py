"""Translations that are well read, and not believed: what the other reports of the same entity speak against.

The gate measures whether a notation is read correctly. That what was written is true as well is the claim of one reporter,
and where others speak of the same, it has been put to the test.
"""

import polars as pl

from orchestration_assets.imputation.agreed import Agreed, confirmed
from orchestration_assets.imputation.cells import open_cells
from orchestration_assets.imputation.truth import probabilities
from orchestration_assets.imputation.witnesses import leading
from orchestration_assets.settlement.agreement import with_their_others
from orchestration_assets.settlement.gate import error_bound
from validators.rules import RuleSet

_WITH_OTHERS = 2
_CELL = ["_id", "field"]
_BELIEVED = "; but what is believed of it, by the reliability of all who report on it, is another value"
_DOUBTED = "; but the others contradict what this reporter says of the field more often than is promised"


def reopened(
    proposals: pl.DataFrame,
    findings: pl.DataFrame,
    believed: pl.DataFrame,
    reports: pl.DataFrame,
    agreed: Agreed,
    rules: RuleSet,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`proposals` without belief in those that `unbelieved` names, and these cells as open ones (`open_cells`).

    `findings`: what was wrong with the contested records `reports` as they were delivered.
    """
    doubts = unbelieved(proposals, believed, reports, agreed, rules)
    again = findings.join(doubts.select(_CELL), on=_CELL, how="semi", maintain_order="left")
    return withdrawn(proposals, doubts), open_cells(reports, again, rules)


def unbelieved(
    proposals: pl.DataFrame, believed: pl.DataFrame, reports: pl.DataFrame, agreed: Agreed, rules: RuleSet
) -> pl.DataFrame:
    """The applied translations among `proposals` that are not believed: `_id`, `field`, `doubt` (why, for the evidence).

    `believed`: as `agreed.believed`, what another value than the record's is believed of; `reports`: the contested records.
    """
    translated = proposals.filter((pl.col("status") == "applied") & pl.col("shape").is_not_null())
    told = translated.select(_CELL).unique(maintain_order=True)
    otherwise = believed.drop_nulls(["claim", "predicted"]).select(*_CELL, pl.lit(_BELIEVED).alias("doubt"))
    of_doubted = _said_by_doubted(told, reports, agreed, rules).with_columns(doubt=pl.lit(_DOUBTED))
    doubts = pl.concat([otherwise, of_doubted]).unique(_CELL, keep="first", maintain_order=True)
    return told.join(doubts, on=_CELL, how="inner", maintain_order="left")


def _said_by_doubted(
    cells: pl.DataFrame, reports: pl.DataFrame, agreed: Agreed, rules: RuleSet
) -> pl.DataFrame:
    """Of `cells` (`_id`, `field`) those of reporters whose word in the field is doubted, and not believed with certainty."""
    if cells.is_empty():
        return cells
    reporter = pl.col(rules.source_field or "_source").alias("_reporter")
    said = cells.join(reports.select("_id", reporter), on="_id").join(
        doubted_reporters(agreed, rules), on=["field", "_reporter"], how="semi"
    )
    if said.is_empty():
        return said.select(_CELL)
    sure = confirmed(with_their_others(reports, said["_id"]), agreed, rules)
    return said.select(_CELL).join(sure, on=_CELL, how="anti", maintain_order="left")


def doubted_reporters(agreed: Agreed, rules: RuleSet) -> pl.DataFrame:
    """`field`, `_reporter` of those whom what is believed contradicts more often than promised, even by the lower bound.

    Only what others report on as well is a case: nobody contradicts himself.
    """
    rows = agreed.claims.rows.with_columns(probability=probabilities(agreed.claims, agreed.reliability))
    found = leading(rows, ["_identity", "field"]).drop_nulls("predicted")
    cases = rows.join(found.filter(pl.col("others") >= _WITH_OTHERS), on=["_identity", "field"])
    counted = cases.group_by("field", "_reporter", maintain_order=True).agg(
        pl.len().alias("cases"), (pl.col("claim") != pl.col("predicted")).sum().alias("against")
    )
    is_doubted = [
        1 - error_bound(row["cases"], row["against"]) > rules.fields[row["field"]].policy.max_error
        for row in counted.to_dicts()
    ]
    return counted.filter(pl.Series(is_doubted, dtype=pl.Boolean)).select("field", "_reporter")


def withdrawn(proposals: pl.DataFrame, doubts: pl.DataFrame) -> pl.DataFrame:
    """`proposals`, those for the cells of `doubts` (`unbelieved`) as suggestions that say why, without a confidence."""
    marked = proposals.join(doubts, on=_CELL, how="left", maintain_order="left")
    is_doubted = pl.col("doubt").is_not_null() & (pl.col("status") == "applied")
    return marked.with_columns(
        status=pl.when(is_doubted).then(pl.lit("suggested")).otherwise("status"),
        confidence=pl.when(~is_doubted).then("confidence"),
        evidence=pl.when(is_doubted).then(pl.concat_str("evidence", "doubt")).otherwise("evidence"),
    ).drop("doubt")
