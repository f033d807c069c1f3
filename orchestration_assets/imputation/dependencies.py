"""Dependencies: what the other records with the same determinant say (the same provider number, the same city).

A contract states them: `field(determined_by=["provider_number", ["state", "measure_code"]])`. They find what contradicts
them, also where it keeps every rule, and supply what is missing. Frames of texts hold one row per record: `_id` and
one String column per field, null where there is no good value.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from orchestration_assets.imputation.calibration import strength_of_votes
from validators.rules import RuleSet

VERSION = "1"
BACKED_SHARE = 0.2
"""A value that less than this share of those who state the leading one state as well is taken for an error that recurs."""


@dataclass(frozen=True)
class Dependency:
    """`target` follows from the values of `by` together."""

    target: str
    by: tuple[str, ...]

    @property
    def name(self) -> str:
        """The determinant, as people write it."""
        return " and ".join(self.by)


@dataclass(frozen=True)
class Tables:
    """How often each value goes with each determinant. Per dependency one row per (determinant, value): `by`, target, `n`."""

    counts: dict[Dependency, pl.DataFrame]


def dependencies_of(rules: RuleSet) -> list[Dependency]:
    """The dependencies that the contract states, in its order."""
    return [Dependency(name, by) for name, spec in rules.fields.items() for by in spec.policy.determined_by]


def counted(texts: pl.DataFrame, dependencies: Iterable[Dependency]) -> Tables:
    """Counts over the records of `texts`."""
    return Tables(
        {
            one: texts.select(*one.by, one.target).drop_nulls().group_by(*one.by, one.target).len("n")
            for one in dependencies
        }
    )


def pooled(tables: Iterable[Tables]) -> Tables:
    """Counts over several sets of records, as one."""
    parts: dict[Dependency, list[pl.DataFrame]] = {}
    for table in tables:
        for one, counts in table.counts.items():
            parts.setdefault(one, []).append(counts)
    return Tables(
        {
            one: pl.concat(counts).group_by(*one.by, one.target).agg(pl.col("n").sum())
            for one, counts in parts.items()
        }
    )


def others_state(texts: pl.DataFrame, one: Dependency, counts: pl.DataFrame) -> pl.DataFrame:
    """What the other records with the same determinant state, one row per row of `texts`, in its order.

    `own` (the record's value), `own_support` (others that state it too), `predicted` (what most others state, null
    where none does or two values are level), `share` of and `support` among them. `texts` must be part of what was counted.
    """
    own, by = pl.col(one.target), list(one.by)
    ranked = counts.sort("n", one.target, descending=[True, False]).group_by(by, maintain_order=True)
    leaders = ranked.agg(
        *[pl.col(one.target).get(i, null_on_oob=True).alias(f"v{i}") for i in range(3)],
        *[pl.col("n").get(i, null_on_oob=True).fill_null(0).cast(pl.Int64).alias(f"n{i}") for i in range(3)],
        total=pl.col("n").sum().cast(pl.Int64),
    )
    rows = texts.select("_id", *by, one.target).join(leaders, on=by, how="left", maintain_order="left")
    rows = rows.join(counts.rename({"n": "own_n"}), on=[*by, one.target], how="left", maintain_order="left")
    left = [
        pl.col(f"n{i}") - (pl.col(f"v{i}") == own).fill_null(value=False).cast(pl.Int64) for i in range(3)
    ]
    most = pl.max_horizontal(left)
    leader = pl.when(left[0] == most).then("v0").when(left[1] == most).then("v1").otherwise(pl.col("v2"))
    is_decided = (most > 0) & (pl.sum_horizontal((n == most).cast(pl.Int8) for n in left) == 1)
    others = pl.col("total") - own.is_not_null().cast(pl.Int64)
    return rows.select(
        "_id",
        own=own,
        own_support=(pl.col("own_n").cast(pl.Int64) - 1).fill_null(0),
        predicted=pl.when(is_decided).then(leader),
        share=pl.when(is_decided).then(most / others),
        support=pl.when(is_decided).then(most).fill_null(0),
    )


def evidence(texts: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """All that dependencies say: one row per (record, dependency) with a prediction, as `others_state`, and more.

    `field`, `by` (the dependency's name), `is_backed` (others with any of its determinants back the record's own
    value), `is_strange` (that value is backed nowhere).
    """
    parts = []
    for target in dict.fromkeys(one.target for one in tables.counts):
        mine = {one: counts for one, counts in tables.counts.items() if one.target == target}
        said = [
            others_state(texts, one, counts).with_columns(field=pl.lit(target), by=pl.lit(one.name))
            for one, counts in mine.items()
        ]
        together = pl.concat(said).with_columns(is_backed=_is_backed().any().over("_id"))
        is_strange = ~pl.col("is_backed").any().over("own")
        parts.append(together.with_columns(is_strange=is_strange).drop_nulls("predicted"))
    return pl.concat(parts) if parts else pl.DataFrame()


def _is_backed() -> pl.Expr:
    """Others state the value too, and not only here and there: errors repeat themselves as well."""
    return (pl.col("own_support") > 0) & (pl.col("own_support") >= BACKED_SHARE * pl.col("support"))


def cases_of(said: pl.DataFrame) -> pl.DataFrame:
    """Known values, predicted by the others: `field`, `by`, `strength`, `is_right`.

    Known is a value that other records with one of its determinants back. What nobody backs is not: by the contract it
    is an error, of the value or of its determinant.
    """
    is_right = pl.col("own") == pl.col("predicted")
    known = said.filter(pl.col("is_backed"))
    return known.select("field", "by", strength=strength_of_votes(), is_right=is_right)
