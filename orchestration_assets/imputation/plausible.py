"""Values that keep every rule and are implausible all the same: unlike what others with the same merchant, customer, device have.

A contract states where to look: `field(plausible_for=["device_id", ["merchant_id", "currency"]])`. A text is implausible where
nobody else of its group states it and nearly all others state one and the same; a number or a time where it is far outside of
what its group has. Rare is not wrong: what is found is a warning, and a rule that would find much is not used at all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration_assets.imputation.calibration import Threshold, calibrate, strength_of_votes
from orchestration_assets.settlement.gate import error_bound
from validators.contract import FieldPolicy
from validators.judgement import FINDING_SCHEMA
from validators.parsing import Notation, parse, present
from validators.rules import FieldSpec, RuleSet, digest

RULE = "implausible"
FALSE_ALARMS = 0.005
"""So many known values at most, by the upper bound, may be found. Those that are wrong count as well: it is less."""
FARTHER = 2.0
"""A number or a time must lie so many times as far from the middle of its group as 99 of 100 known values do."""
LEAST_MEMBERS = 10
LEAST_STRENGTH = 2 / 3
"""Two others who say the same, none who says otherwise; or four of five."""
CASES = 60_000
_USUAL_SHARE = 0.99
_NORMAL_QUARTILES = 1.349
_POLICY = FieldPolicy(max_error=FALSE_ALARMS)

CELLS = {"_id": pl.UInt64, "field": pl.String, "message": pl.String}
"""One row per value that is implausible."""


@dataclass(frozen=True)
class Usual:
    """`target` is usual for the values of `by` together."""

    target: FieldSpec
    by: tuple[str, ...]

    @property
    def is_measured(self) -> bool:
        """Whether values are near to each other or far, and not only the same or not."""
        return self.target.dtype.is_numeric() or self.target.dtype.is_temporal()

    @property
    def column(self) -> str:
        """The name of the group in `compared`."""
        return "by." + " ".join(self.by)


def usuals_of(rules: RuleSet) -> list[Usual]:
    """What the contract asks to look at."""
    return [Usual(spec, by) for spec in rules.fields.values() for by in spec.policy.plausible_for]


def fields_compared(rules: RuleSet) -> list[str]:
    """The fields that are looked at, or group others, each once."""
    return list(dict.fromkeys(n for one in usuals_of(rules) for n in (one.target.name, *one.by)))


def compared(
    records: pl.DataFrame, rules: RuleSet, notations: Mapping[str, Notation] | None = None
) -> pl.DataFrame:
    """What is compared of `records`: `_id`, per field its value (a text as its hash), per group its hash, null for nothing.

    `notations`: those of the source, where the records are text as delivered; None where they are typed.
    """
    usuals = usuals_of(rules)
    targets = {one.target.name: one for one in usuals}
    groups = [_group(one).alias(one.column) for one in usuals]
    typed = [_typed(one.target, notations) for one in targets.values()]
    good = [pl.when(rules.is_good(name)).then(_value(one)).alias(name) for name, one in targets.items()]
    grouped = records.lazy().select("_id", *groups, *typed)
    return grouped.select("_id", *(one.column for one in usuals), *good).collect()


def _typed(spec: FieldSpec, notations: Mapping[str, Notation] | None) -> pl.Expr:
    own = (notations or {}).get(spec.name, Notation())
    value = pl.col(spec.name)
    return value if notations is None else parse(present(value, own), spec.dtype, own).alias(spec.name)


def _group(one: Usual) -> pl.Expr:
    """Also of what is no good value: those who share it have little in common, and then nothing is found."""
    is_there = pl.all_horizontal(pl.col(name).is_not_null() for name in one.by)
    together = pl.struct(one.by).hash() if len(one.by) > 1 else pl.col(one.by[0]).hash()
    return pl.when(is_there).then(together)


def _value(one: Usual) -> pl.Expr:
    value = pl.col(one.target.name)
    return value.to_physical().cast(pl.Float64) if one.is_measured else value.hash()


def implausible(parts: Iterable[pl.DataFrame], rules: RuleSet) -> pl.DataFrame:
    """The implausible values among `parts` (as `compared`; `_id` is null for what is only known), as CELLS."""
    frame, found = pl.concat(parts), [pl.DataFrame(schema=CELLS)]
    for one in usuals_of(rules):
        rows = frame.select("_id", group=one.column, value=one.target.name).drop_nulls(["group", "value"])
        cells = _far_off(rows, one) if one.is_measured else _alone(rows, one)
        found.append(cells.drop_nulls("_id").select("_id", pl.lit(one.target.name).alias("field"), "message"))
    together = pl.concat(found).group_by("_id", "field", maintain_order=True)
    return together.agg(pl.col("message").str.join("; ")).select(list(CELLS))


def _alone(rows: pl.DataFrame, one: Usual) -> pl.DataFrame:
    """Texts that nobody else of their group states, where nearly all others state one and the same."""
    groups = rows.group_by("group").agg(n=pl.len(), low=pl.col("value").min(), high=pl.col("value").max())
    unanimous = groups.filter((pl.col("low") == pl.col("high")) & (pl.col("n") > 1))
    divided = groups.filter(pl.col("low") != pl.col("high")).select("group")
    said = _others_of_divided(rows.join(divided, on="group", how="semi"))
    threshold = _threshold(unanimous["n"], said)
    if not threshold.is_applied:
        return pl.DataFrame(schema=CELLS)
    against = said.filter((pl.col("own") == 1) & ~pl.col("is_right") & threshold.is_above())
    others = pl.concat_str("support", pl.lit(" of "), "others", pl.lit(" others with the same "))
    wrong = threshold.above.cases - threshold.above.right
    known = f"; so do {wrong} of {threshold.above.cases} known values"
    words = (" and ".join(one.by), " state one and the same other value")
    return against.with_columns(message=pl.concat_str(others, *map(pl.lit, words), pl.lit(known)))


def _others_of_divided(rows: pl.DataFrame) -> pl.DataFrame:
    """Of groups that state several values: per record `own` (how often its value is there), and what the others say.

    `support` of `others`, `share`, `strength`, and `is_right`: whether it is the record's own value.
    """
    counts = rows.group_by("group", "value").len("own")
    ranked = counts.sort("own", "value", descending=True).group_by("group", maintain_order=True)
    leaders = ranked.agg(
        total=pl.col("own").sum(),
        first=pl.col("value").first(),
        most=pl.col("own").first(),
        second=pl.col("own").get(1),
    )
    said = rows.join(counts, on=["group", "value"]).join(leaders, on="group")
    is_first = pl.col("value") == pl.col("first")
    support = pl.max_horizontal(pl.col("most").cast(pl.Int64) - is_first, "second")
    said = said.with_columns(support=support, others=pl.col("total").cast(pl.Int64) - 1)
    said = said.with_columns(
        share=pl.col("support") / pl.col("others"),
        is_right=is_first & (pl.col("most") - 1 > pl.col("second")),
    )
    return said.with_columns(strength=strength_of_votes())


def _threshold(unanimous: pl.Series, said: pl.DataFrame) -> Threshold:
    """How much of one mind the others must be; `unanimous`: the sizes of the groups that are."""
    sizes = np.sort(unanimous.to_numpy().astype(np.int64))
    alike = pl.DataFrame({"strength": np.repeat((sizes - 1) / sizes, sizes)})
    others = said.select("strength", "is_right").sort("strength", "is_right")
    cases = pl.concat([alike.with_columns(is_right=pl.lit(value=True)), others])
    cases = cases.filter(pl.col("strength") >= LEAST_STRENGTH)
    return calibrate(cases.gather_every(cases.height // CASES + 1), _POLICY, _POLICY.evidence)


def _far_off(rows: pl.DataFrame, one: Usual) -> pl.DataFrame:
    """Numbers and times that are far outside of what their group has; positive numbers by their ratio."""
    if one.target.dtype.is_numeric() and not rows.is_empty() and rows["value"].quantile(0.01) > 0:  # type: ignore[operator]
        rows = rows.filter(pl.col("value") > 0).with_columns(pl.col("value").log())
    groups = rows.group_by("group").agg(width=pl.col("value").max() - pl.col("value").min(), members=pl.len())
    groups = groups.filter(pl.col("members") >= LEAST_MEMBERS)
    some = groups.filter(pl.col("group") // 4096 % (rows.height // CASES + 1) == 0)
    known = _distances(rows, some)
    if known.is_empty():
        return pl.DataFrame(schema=CELLS)
    least = max(float(known["spread"].median()), np.finfo(float).tiny)  # type: ignore[arg-type]
    usual = float((known["off"] / known["spread"].clip(least)).quantile(_USUAL_SHARE))  # type: ignore[arg-type]
    # No value of a narrower group is so far from its middle.
    wide = groups.filter(pl.col("width") > FARTHER * usual * least)
    far = _distances(rows, wide).with_columns(far=pl.col("off") / pl.col("spread").clip(least) / usual)
    far = far.filter(pl.col("far") > FARTHER)
    compared_with = int(groups["members"].sum())
    if error_bound(compared_with, compared_with - far.height) > FALSE_ALARMS:
        return pl.DataFrame(schema=CELLS)
    place = f" times as far from the middle of the records with the same {' and '.join(one.by)} as"
    words = f"{place} 99 of 100 known values; so are {far.height} of {compared_with} known values"
    times = pl.col("far").round(1).cast(pl.String)
    return far.with_columns(message=pl.concat_str(pl.lit("is "), times, pl.lit(words)))


def _distances(rows: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """The rows of the `groups`, with `off`, how far each is from its group's median, and `spread`, that of its quartiles."""
    mine = rows.join(groups.select("group"), on="group", how="semi").sort("group", "value")
    group, value = mine["group"].to_numpy(), mine["value"].to_numpy()
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]]) if len(group) else np.zeros(0, np.int64)
    sizes = np.diff(np.r_[starts, len(group)])
    low, middle, high = (value[starts + (sizes - 1) * part // 4] for part in (1, 2, 3))
    off = np.abs(value - np.repeat(middle, sizes))
    spread = np.repeat((high - low) / _NORMAL_QUARTILES, sizes)
    return mine.with_columns(off=pl.Series(off, dtype=pl.Float64), spread=pl.Series(spread, dtype=pl.Float64))


def suspicions(
    records: pl.DataFrame, cells: pl.DataFrame, rules: RuleSet, notations: Mapping[str, Notation]
) -> pl.DataFrame:
    """The implausible ones among the values of `records` (as delivered) that keep the rules of their field, as FINDING_SCHEMA."""
    parts = [FINDING_SCHEMA.to_frame()]
    for (name,), part in cells.partition_by("field", as_dict=True).items():
        own, spec = notations.get(name, Notation()), rules.fields[name]
        rows = records.select("_id", "_source", pl.col(name).alias("value")).join(part, on="_id", how="inner")
        typed = rows.select(parse(present(pl.col("value"), own), spec.dtype, own).alias(name))
        is_good = typed.select(rules.is_good(name).fill_null(value=False)).to_series()
        found = rows.filter(is_good).with_columns(
            kind=pl.lit("inconsistent"),
            rule=pl.lit(RULE),
            severity=pl.lit("warning"),
            rule_fingerprint=pl.lit(digest(name, RULE, spec.policy.plausible_for)),
        )
        parts.append(found.select(FINDING_SCHEMA.names()))
    return pl.concat(parts)
