"""Judging typed records by a compiled contract: which are good, and, for the others only, what is wrong.

Frames here hold one row per record: `_id` (unique among the records judged together), `_source` and other columns that
begin with `_`, the contract's fields, typed, and `raw.<field>`, the text as it was delivered. A raw text that is there
while the typed value is not is malformed.
"""

from dataclasses import dataclass, replace

import polars as pl

from validators.rules import Rule, RuleSet, digest

RAW = "raw."
IDENTITY = ["_id", "_source"]
MALFORMED = "notation"

FINDING_SCHEMA = pl.Schema(
    {
        "_id": pl.UInt64,
        "_source": pl.String,
        "field": pl.String,
        "kind": pl.String,
        "rule": pl.String,
        "severity": pl.String,
        "message": pl.String,
        "value": pl.String,
        "rule_fingerprint": pl.String,
    }
)
"""One row per (record, field, rule) that failed. `value` is the text as delivered."""

REASON = pl.Struct(
    {
        "field": pl.String,
        "kind": pl.String,
        "rule": pl.String,
        "message": pl.String,
        "value": pl.String,
        "rule_fingerprint": pl.String,
    }
)


@dataclass(frozen=True)
class Judged:
    """`good` has the columns of what was judged, but for the raw texts; `bad` has all of them.

    `findings` as FINDING_SCHEMA, for errors and warnings.
    """

    good: pl.DataFrame
    bad: pl.DataFrame
    findings: pl.DataFrame


def judge(frame: pl.DataFrame, rules: RuleSet, *, held: pl.Expr | None = None) -> Judged:
    """Split `frame` by the contract. Records for which `held` is true count as bad even if no rule fails."""
    wanted = _rules_for(frame, rules)
    kept = _kept(frame, wanted, rules)
    serious = [str(i) for i, rule in enumerate(wanted) if rule.severity != "warning"]
    is_good = kept.select(pl.all_horizontal(pl.lit(value=True), *serious).alias("_is_good")).to_series()
    if held is not None:
        is_good &= ~frame.select(held).to_series()
    raw = [name for name in frame.columns if name.startswith(RAW)]
    bad = frame.filter(~is_good)
    findings = [_findings(bad, wanted, kept, ~is_good)]
    if rules.rules_of("warning"):
        findings.append(_findings(frame.filter(is_good), wanted, kept, is_good))
    return Judged(frame.drop(raw).filter(is_good), bad, pl.concat(findings))


def mark(frame: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """`frame` with `_is_good`: no rule of severity error or fatal fails, and nothing is malformed."""
    wanted = [rule for rule in _rules_for(frame, rules) if rule.severity != "warning"]
    is_good = _kept(frame, wanted, rules).select(
        pl.all_horizontal(pl.lit(value=True), pl.all()).alias("_is_good")
    )
    return frame.with_columns(is_good.to_series())


def broken(records: pl.LazyFrame, rules: RuleSet) -> int:
    """How many of the typed `records`, of which nothing else is needed, break a rule of severity error or fatal."""
    serious = [rule for rule in rules.rules if rule.severity != "warning"]
    if any(rule.run is not None for rule in serious):
        return int((~mark(records.select(*rules.fields).collect(), rules)["_is_good"]).sum())
    is_good = pl.all_horizontal(pl.lit(value=True), *(rule.holds for rule in serious))
    return int(records.select((~is_good).sum()).collect().item())


def findings_of(frame: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """Every failed rule of every record of `frame`, as FINDING_SCHEMA."""
    wanted = _rules_for(frame, rules)
    return _findings(frame, wanted, _kept(frame, wanted, rules), None)


def reasons(findings: pl.DataFrame) -> pl.DataFrame:
    """One row per record with findings: `_id`, `_errors` and `_warnings`, lists of REASON."""
    reason = pl.struct(list(REASON.to_schema())).alias("reason")
    is_warning = pl.col("severity") == "warning"
    return (
        findings.select("_id", reason, is_warning.alias("_is_warning"))
        .group_by("_id", maintain_order=True)
        .agg(
            pl.col("reason").filter(~pl.col("_is_warning")).alias("_errors"),
            pl.col("reason").filter(pl.col("_is_warning")).alias("_warnings"),
        )
    )


def is_malformed(name: str) -> pl.Expr:
    """True where something stands in the delivered text and nothing could be read from it."""
    raw = pl.col(RAW + name)
    return (raw.is_not_null() & (raw != "") & pl.col(name).is_null()).fill_null(value=False)


def _rules_for(frame: pl.DataFrame, rules: RuleSet) -> list[Rule]:
    """The contract's rules, and that what was delivered is read; what is malformed does not count as missing too."""
    wanted = [
        rule if rule.kind != "missing" else _unless_malformed(rule, frame, rules) for rule in rules.rules
    ]
    return wanted + [_is_read(name, rules) for name in rules.fields if _can_be_malformed(frame, name, rules)]


def _can_be_malformed(frame: pl.DataFrame, name: str, rules: RuleSet) -> bool:
    return RAW + name in frame.columns and rules.fields[name].dtype != pl.String


def _unless_malformed(rule: Rule, frame: pl.DataFrame, rules: RuleSet) -> Rule:
    if rule.field is None or rule.holds is None or not _can_be_malformed(frame, rule.field, rules):
        return rule
    return replace(rule, holds=rule.holds | is_malformed(rule.field))


def _is_read(name: str, rules: RuleSet) -> Rule:
    spec = rules.fields[name]
    return Rule(
        field=name,
        name=MALFORMED,
        kind="malformed",
        severity=spec.policy.severity,
        message=f"is not read as {_in_words(spec.dtype)} by the source's notation",
        fingerprint=digest(name, MALFORMED, str(spec.dtype)),
        holds=~is_malformed(name),
    )


def _kept(frame: pl.DataFrame, wanted: list[Rule], rules: RuleSet) -> pl.DataFrame:
    """One boolean column per rule, named by its position in `wanted`: all that are expressions in one pass."""
    fused = [rule.holds.alias(str(i)) for i, rule in enumerate(wanted) if rule.holds is not None]
    kept = frame.lazy().select(fused).collect() if fused else pl.DataFrame()
    # An opaque rule sees the contract's fields and nothing else, as it would in pandera.
    plain = frame.lazy().select(*rules.fields)
    runs = {str(i): rule.run(plain) for i, rule in enumerate(wanted) if rule.run is not None}
    opaque = [run.collect().to_series().alias(name) for name, run in runs.items()]
    return pl.DataFrame([*kept.get_columns(), *opaque])


def _findings(
    frame: pl.DataFrame, wanted: list[Rule], kept: pl.DataFrame, of_frame: pl.Series | None
) -> pl.DataFrame:
    """What the records of `frame` break; `of_frame` tells which rows of `kept` are theirs, if not all are."""
    failed = [(i, rule) for i, rule in enumerate(wanted) if not kept[str(i)].all()] if frame.height else []
    if not failed:
        return FINDING_SCHEMA.to_frame()
    of_failed = kept.select(str(i) for i, _ in failed)
    marks = of_failed if of_frame is None else of_failed.filter(of_frame)
    masked = pl.concat([frame, marks], how="horizontal").lazy()
    return pl.concat(
        [_rows(masked.filter(~pl.col(str(i))), frame.columns, rule) for i, rule in failed]
    ).collect()


def _rows(failed: pl.LazyFrame, columns: list[str], rule: Rule) -> pl.LazyFrame:
    raw = None if rule.field is None else RAW + rule.field
    told = raw if raw in columns else rule.field
    value = pl.lit(None) if told is None else pl.col(told)
    identity = [pl.col(c) if c in columns else pl.lit(None, FINDING_SCHEMA[c]).alias(c) for c in IDENTITY]
    return failed.select(
        *identity,
        pl.lit(rule.field, pl.String).alias("field"),
        pl.lit(rule.kind).alias("kind"),
        pl.lit(rule.name).alias("rule"),
        pl.lit(rule.severity).alias("severity"),
        pl.lit(rule.message).alias("message"),
        value.cast(pl.String).alias("value"),
        pl.lit(rule.fingerprint).alias("rule_fingerprint"),
    )


def _in_words(dtype: pl.DataType) -> str:
    if dtype.is_temporal():
        return "a time of day" if dtype == pl.Time else "a date" if dtype == pl.Date else "a point in time"
    if dtype.is_integer():
        return "a whole number"
    return "a number" if dtype.is_numeric() else "yes or no" if dtype == pl.Boolean else f"a {dtype}"
