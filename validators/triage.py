"""From text to typed, judged and split records: the first decision about every record of a delivery."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from validators.judgement import RAW, judge, reasons
from validators.parsing import Notation, parse, present
from validators.rules import RuleSet


@dataclass(frozen=True)
class Triage:
    """One fragment, judged.

    `clean`: identity and typed fields, `_warnings` where there are any. `troubled`: the same plus `raw.<field>`,
    `_identity` (hash of the key) and `_is_contested`. `findings`: one row per (record, field, rule).
    """

    clean: pl.DataFrame
    troubled: pl.DataFrame
    findings: pl.DataFrame


def typed(records: pl.LazyFrame, rules: RuleSet, notations: Mapping[str, Notation]) -> pl.LazyFrame:
    """`records` (text columns named as the contract's fields) as `raw.<field>` text and `<field>` typed."""
    raw, values = [], []
    for name, spec in rules.fields.items():
        notation = notations.get(name, Notation())
        text = present(pl.col(name), notation)
        raw.append(text.alias(RAW + name))
        values.append(parse(text, spec.dtype, notation).alias(name))
    kept = [c for c in records.collect_schema().names() if c.startswith("_")]
    return records.select(*kept, *raw, *values)


def identity_hash(rules: RuleSet) -> pl.Expr:
    """Hash of what the record is about, null where the contract does not accept any part of it.

    A key that is none (`NULL`, a typing error) makes no two records one. Not stable between versions of polars.
    """
    has_key = pl.all_horizontal(rules.is_good(name) for name in rules.key)
    return pl.when(has_key).then(pl.struct(rules.key).hash(seed=20261101))


def identities(records: pl.LazyFrame, rules: RuleSet, notations: Mapping[str, Notation]) -> pl.Series:
    """The identity hash of each record, reading nothing but the columns of the key."""
    values = []
    for name in rules.key:
        notation = notations.get(name, Notation())
        values.append(parse(present(pl.col(name), notation), rules.fields[name].dtype, notation).alias(name))
    return records.select(*values).select(identity_hash(rules).alias("_identity")).collect().to_series()


def contested(hashes: list[pl.Series]) -> pl.Series:
    """The identities that occur more than once, sorted: what these records say is settled among them."""
    everything = pl.concat(part.drop_nulls() for part in hashes).rename("_identity").sort()
    is_repeated = everything == everything.shift()  # faster than a hash table of tens of millions
    return everything.filter(is_repeated).unique(maintain_order=True)


def triage(
    records: pl.DataFrame,
    rules: RuleSet,
    notations: Mapping[str, Notation],
    *,
    own: pl.Series | None = None,
    contested_identities: pl.Series | None = None,
    suspicions: pl.DataFrame | None = None,
) -> Triage:
    """Judge the text `records` of one fragment (`_id`, `_source`, one text column per field).

    `own`: their `identities`, if they are known already. `suspicions`: findings, as FINDING_SCHEMA, that come from
    elsewhere than the rules, for instance the whole column.
    """
    own = identities(records.lazy(), rules, notations) if own is None else own
    others = pl.Series("_identity", [], pl.UInt64) if contested_identities is None else contested_identities
    is_contested = own.is_in(others.implode()).fill_null(value=False)
    marks = own.alias("_identity"), is_contested.alias("_is_contested")
    frame = typed(records.lazy(), rules, notations).with_columns(*marks).collect()
    held = pl.col("_is_contested")
    if suspicions is not None:
        serious = suspicions.filter(pl.col("severity") != "warning")["_id"]
        held |= pl.col("_id").is_in(serious.implode())
    judged = judge(frame, rules, held=held)
    if suspicions is not None:
        judged = replace(judged, findings=pl.concat([judged.findings, suspicions]))
    clean = judged.good.drop("_identity", "_is_contested")
    if (judged.findings["severity"] == "warning").any():
        warned = reasons(judged.findings.join(clean.select("_id"), on="_id", how="semi"))
        clean = clean.join(warned.select("_id", "_warnings"), on="_id", how="left", maintain_order="left")
    return Triage(clean, judged.bad, judged.findings)
