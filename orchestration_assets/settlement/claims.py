"""What the other sources say: several reports on the same entity, and what their plurality claims for one field.

Frames of claims hold one row per (entity, reporter, field's value): `_identity`, `_reporter`, `claim`. A reporter
counts once per value, however often it delivers.
"""

import polars as pl

VERSION = "1"
_PAIR = ["_identity", "_reporter"]


def others_say(claims: pl.DataFrame) -> pl.DataFrame:
    """For each row of `claims` (`_identity`, `_reporter`, `claim`, which may be null): `predicted`, `share`, `support`.

    `predicted` is the value that most other reporters claim, null if none or if two are level; `share` its share
    among their claims; `support` how many claim it; `others` how many claims they make. Who is not named (a null
    `_reporter`) counts as one reporter.
    """
    stated = claims.select(*_PAIR, "claim").drop_nulls(["_identity", "claim"]).unique(maintain_order=True)
    votes = stated.group_by("_identity", "claim").agg(pl.len().cast(pl.Int64).alias("votes"))
    own = stated.group_by(_PAIR).agg(pl.col("claim").first().alias("_own"), pl.len().alias("_stated"))
    rows = claims.select(_PAIR).join(_leaders(votes), on="_identity", how="left", maintain_order="left")
    rows = rows.join(own, on=_PAIR, how="left", maintain_order="left", nulls_equal=True)
    said = rows.select(*_PAIR, *_without_own())
    if (several := own.filter(pl.col("_stated") > 1)).height:
        said = said.join(
            _without_several(several, stated, votes),
            on=_PAIR,
            how="left",
            maintain_order="left",
            nulls_equal=True,
        ).with_columns(
            pl.when(pl.col("_is_several")).then(pl.col(f"_{name}")).otherwise(pl.col(name)).alias(name)
            for name in ("claim", "most", "second", "others")
        )
    is_decided = pl.col("most") > pl.col("second")
    return said.select(
        pl.when(is_decided).then(pl.col("claim")).alias("predicted"),
        pl.when(is_decided).then(pl.col("most") / pl.col("others")).alias("share"),
        pl.when(is_decided).then(pl.col("most")).fill_null(0).alias("support"),
        pl.col("others").fill_null(0),
    )


def _leaders(votes: pl.DataFrame) -> pl.DataFrame:
    """One row per identity: its three most frequent claims, their votes, and the sum of all votes."""
    ranked = votes.sort("_identity", "votes", "claim", descending=[False, True, False])
    return ranked.group_by("_identity", maintain_order=True).agg(
        *[pl.col("claim").get(i, null_on_oob=True).alias(f"claim{i}") for i in range(3)],
        *[pl.col("votes").get(i, null_on_oob=True).fill_null(0).alias(f"votes{i}") for i in range(3)],
        pl.col("votes").sum().alias("total"),
    )


def _without_own() -> list[pl.Expr]:
    """What leads without the reporter's one claim; that can only be one of the three leaders, and so can its rival."""
    is_own = [(pl.col(f"claim{i}") == pl.col("_own")).fill_null(value=False) for i in range(3)]
    left = [pl.col(f"votes{i}") - is_own[i].cast(pl.Int64) for i in range(3)]
    most = pl.max_horizontal(left)
    claim = pl.when(left[0] == most).then(pl.col("claim0")).when(left[1] == most).then(pl.col("claim1"))
    is_level = pl.sum_horizontal((one == most).cast(pl.Int8) for one in left) > 1
    return [
        claim.otherwise(pl.col("claim2")).alias("claim"),
        most.alias("most"),
        pl.when(is_level).then(most).otherwise(0).alias("second"),
        (pl.col("total") - pl.col("_own").is_not_null().cast(pl.Int64)).alias("others"),
    ]


def _without_several(several: pl.DataFrame, stated: pl.DataFrame, votes: pl.DataFrame) -> pl.DataFrame:
    """The same, counted out, for the few reporters who claim more than one value of the same identity."""
    mine = stated.with_columns(pl.lit(1, pl.Int64).alias("mine"))
    rest = several.select(_PAIR).join(votes, on="_identity")
    rest = rest.join(mine, on=[*_PAIR, "claim"], how="left", nulls_equal=True)
    rest = rest.with_columns((pl.col("votes") - pl.col("mine").fill_null(0)).alias("left"))
    ranked = rest.sort("left", "claim", descending=[True, False])
    return ranked.group_by(_PAIR).agg(
        pl.col("claim").first().alias("_claim"),
        pl.col("left").first().alias("_most"),
        pl.col("left").get(1, null_on_oob=True).fill_null(0).alias("_second"),
        pl.col("left").sum().alias("_others"),
        pl.lit(value=True).alias("_is_several"),
    )
