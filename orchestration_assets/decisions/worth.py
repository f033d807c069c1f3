"""What is at stake in a record: the number in the field that the feed's `desk` names, or one per record."""

import polars as pl

from orchestration_assets.decisions.view import FeedView
from orchestration_assets.errors import DeclarationError
from validators.parsing import Notation, parse, present, read_back
from validators.rules import FieldSpec, RuleSet


def value_field(name: str | None, rules: RuleSet) -> FieldSpec | None:
    """The field `name` whose number is at stake, None if none is named; raises `DeclarationError`."""
    if name is None:
        return None
    spec = rules.fields.get(name)
    if spec is None or not spec.dtype.is_numeric() or spec.policy.is_personal:
        numbers = [n for n, s in rules.fields.items() if s.dtype.is_numeric() and not s.policy.is_personal]
        raise DeclarationError(
            f"`desk.value` is `{name}`, which is no number of {rules.contract}, or a personal one\n"
            f"Hint: one of {', '.join(numbers) or 'none: leave it out'}"
        )
    return spec


def values_at_stake(view: FeedView, held: pl.DataFrame, best: pl.DataFrame) -> pl.DataFrame:
    """One row per held record: `_at`, `value`, never negative.

    It is what the record says, if that is read and keeps the field's rules; else what is proposed for it (`best`: one row
    per cell, `_at`, `field`, `proposal`); else the median of what the other records of its source say, then of all.
    """
    spec = value_field(view.declared.feed.desk.value, view.rules)
    if spec is None or held.is_empty():
        return held.select("_at", pl.lit(1.0).alias("value"))
    proposed = best.filter(pl.col("field") == spec.name)
    proposed = _if_good(
        proposed.select("_at", read_back(pl.col("proposal"), spec.dtype).alias(spec.name)), view.rules, spec
    )
    said = pl.concat(
        _said(part, view.notations.get(source, {}).get(spec.name, Notation()), view.rules, spec)
        for (source,), part in held.partition_by("_source", as_dict=True).items()
    )
    both = said.join(proposed.rename({"value": "proposed"}), on="_at", how="left", maintain_order="left")
    known = pl.coalesce("value", "proposed")
    return both.select(
        "_at",
        pl.coalesce(known, known.median().over("_source"), known.median(), pl.lit(1.0)).alias("value"),
    )


def _said(records: pl.DataFrame, notation: Notation, rules: RuleSet, spec: FieldSpec) -> pl.DataFrame:
    typed = parse(present(pl.col(spec.name), notation), spec.dtype, notation)
    return _if_good(records.select("_at", "_source", typed.alias(spec.name)), rules, spec)


def _if_good(typed: pl.DataFrame, rules: RuleSet, spec: FieldSpec) -> pl.DataFrame:
    """`typed` with the field as `value`: a number without its sign, null where the rules of the field refuse it."""
    number = pl.when(rules.is_good(spec.name)).then(pl.col(spec.name)).cast(pl.Float64).abs()
    return typed.with_columns(number.alias("value")).drop(spec.name)
