"""Judging typed records by a compiled contract: which are good, and, for the others only, what is wrong.

Frames here hold one row per record: `_id` (unique among the records judged together), `_source` and other columns that
begin with `_`, the contract's fields, typed, and `raw.<field>`, the text as it was delivered. A raw text that is there
while the typed value is not is malformed.
"""

from dataclasses import dataclass

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
    marked = mark(frame, rules)
    is_good = pl.col("_is_good") if held is None else pl.col("_is_good") & ~held
    kept = marked.select(is_good).to_series()
    marked = marked.drop("_is_good")
    bad = marked.filter(~kept)
    findings = [findings_of(bad, rules)]
    if warned := rules.rules_of("warning"):
        findings.append(_collect_findings(marked.filter(kept), warned, rules))
    raw = [name for name in marked.columns if name.startswith(RAW)]
    return Judged(marked.drop(raw).filter(kept), bad, pl.concat(findings))


def mark(frame: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """`frame` with `_is_good`: no rule of severity error or fatal fails, and nothing is malformed."""
    serious = rules.rules_of("error", "fatal")
    keeps = [rule.holds for rule in serious if rule.holds is not None]
    keeps += [~is_malformed(name) for name in rules.fields if _can_be_malformed(frame, name, rules)]
    marked = (
        frame.lazy().with_columns(pl.all_horizontal(*keeps, pl.lit(value=True)).alias("_is_good")).collect()
    )
    opaque = [
        _run(rule, frame, rules).alias(f"rule{i}") for i, rule in enumerate(serious) if rule.run is not None
    ]
    if opaque:
        kept = pl.DataFrame(opaque).select(pl.all_horizontal(pl.all())).to_series()
        marked = marked.with_columns(pl.col("_is_good") & kept)
    return marked


def findings_of(frame: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """Every failed rule of every record of `frame`, as FINDING_SCHEMA."""
    return _collect_findings(frame, list(rules.rules), rules, with_malformed=True)


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


def _can_be_malformed(frame: pl.DataFrame, name: str, rules: RuleSet) -> bool:
    return RAW + name in frame.columns and rules.fields[name].dtype != pl.String


def _run(rule: Rule, frame: pl.DataFrame, rules: RuleSet) -> pl.Series:
    """An opaque rule sees the contract's fields and nothing else, as it would in pandera."""
    return rule.run(frame.lazy().select(*rules.fields)).collect().to_series()


def _collect_findings(
    frame: pl.DataFrame, wanted: list[Rule], rules: RuleSet, *, with_malformed: bool = False
) -> pl.DataFrame:
    if frame.is_empty():
        return FINDING_SCHEMA.to_frame()
    masks = {f"rule{i}": ~rule.holds for i, rule in enumerate(wanted) if rule.holds is not None}
    failed = frame.select(**masks).to_dict() if masks else {}
    failed |= {f"rule{i}": ~_run(rule, frame, rules) for i, rule in enumerate(wanted) if rule.run is not None}
    parts = []
    for i, rule in enumerate(wanted):
        hit = failed[f"rule{i}"]
        if rule.kind == "missing" and _can_be_malformed(frame, rule.field, rules):
            hit = hit & ~frame.select(is_malformed(rule.field)).to_series()
        if hit.any():
            parts.append(_rows(frame.filter(hit), rule))
    if with_malformed:
        parts += [
            _malformed_rows(frame, name, rules)
            for name in rules.fields
            if _can_be_malformed(frame, name, rules)
        ]
    return pl.concat(parts) if parts else FINDING_SCHEMA.to_frame()


def _malformed_rows(frame: pl.DataFrame, name: str, rules: RuleSet) -> pl.DataFrame:
    spec = rules.fields[name]
    rule = Rule(
        field=name,
        name=MALFORMED,
        kind="malformed",
        severity=spec.policy.severity,
        message=f"is not read as {spec.dtype} by the source's notation",
        fingerprint=digest(name, MALFORMED, str(spec.dtype)),
        holds=None,
    )
    return _rows(frame.filter(is_malformed(name)), rule)


def _rows(frame: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    if rule.field is None:
        value = pl.lit(None, dtype=pl.String)
    elif RAW + rule.field in frame.columns:
        value = pl.col(RAW + rule.field)
    else:
        value = pl.col(rule.field).cast(pl.String)
    identity = [
        pl.col(c) if c in frame.columns else pl.lit(None, FINDING_SCHEMA[c]).alias(c) for c in IDENTITY
    ]
    return frame.select(
        *identity,
        pl.lit(rule.field, pl.String).alias("field"),
        pl.lit(rule.kind).alias("kind"),
        pl.lit(rule.name).alias("rule"),
        pl.lit(rule.severity).alias("severity"),
        pl.lit(rule.message).alias("message"),
        value.alias("value"),
        pl.lit(rule.fingerprint).alias("rule_fingerprint"),
    )
