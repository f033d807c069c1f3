"""Records that speak of the same thing: what each claims, who contradicts whom, and which of them stands for all.

Under entity grain reports contradict each other if they state different values; what more reporters state than any
other value stands. Under report grain a value is contradicted if most of the other reports state one and the same other
value.
"""

import polars as pl

from orchestration_assets.settlement.claims import others_say
from validators.judgement import FINDING_SCHEMA, RAW
from validators.parsing import write
from validators.rules import RuleSet, digest

CONTRADICTED = "agrees_with_other_reports"
TAKEN = "key_is_its_own"
DEPENDENT = "follows_from_others"
MAJORITY = 2
"""So many must say the same before a value that stands gives way: word against word proves nothing."""
_ABOVE_SHARE = 0.5


def compared_fields(rules: RuleSet) -> list[str]:
    """The fields on which reports can contradict each other: all but those that say what and who."""
    policies = {name: spec.policy for name, spec in rules.fields.items()}
    if rules.grain == "entity":
        return [name for name, policy in policies.items() if not (policy.is_key or policy.is_source)]
    return [name for name, policy in policies.items() if policy.impute]


def claims_of(frame: pl.LazyFrame, name: str, rules: RuleSet, *more: pl.Expr) -> pl.LazyFrame:
    """One row per record of `frame`: `_id`, `_source`, `_identity`, `_reporter`, `claim` (text, null unless good).

    `more`: what else is wanted of the record.
    """
    spec = rules.fields[name]
    return frame.select(
        "_id",
        "_source",
        "_identity",
        pl.col(rules.source_field or "_source").alias("_reporter"),
        pl.when(rules.is_good(name)).then(write(pl.col(name), spec.dtype)).alias("claim"),
        *more,
    )


def contradictions(frame: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """The claims that other reports contradict, as FINDING_SCHEMA; `frame`: contested records, repairs applied."""
    names = compared_fields(rules)
    differing = _differing(frame, rules)
    if differing.is_empty():
        return FINDING_SCHEMA.to_frame()
    marked = frame.join(differing, on="_identity", how="inner", maintain_order="left").lazy()
    # What is said of one field is counted apart from what is said of another: an identity of its own for each.
    claims = [
        claims_of(
            marked.filter(f"_{i}"),
            name,
            rules,
            pl.lit(name).alias("field"),
            pl.col(RAW + name).alias("value"),
        ).with_columns(pl.struct("_identity", pl.lit(i)).hash().alias("_identity"))
        for i, name in enumerate(names)
    ]
    stated = pl.concat(claims).collect()
    against = _outvoted(stated) if rules.grain == "entity" else _overruled(stated)
    return say_otherwise(against, names, rules)


def disputed(frame: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """The records of `frame` whose identity has two values in any compared field: most identities agree in all."""
    identities = _differing(frame, rules)["_identity"]
    return frame.filter(pl.col("_identity").is_in(identities.implode()))


def _differing(frame: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """One row per identity with a dispute: `_identity`, and `_0`, `_1`, …: whether the compared field has two values."""
    names = compared_fields(rules)
    hashes = [
        pl.when(rules.is_good(name)).then(pl.col(name).hash()).alias(f"_{i}") for i, name in enumerate(names)
    ]
    differs = [pl.col(f"_{i}").min() != pl.col(f"_{i}").max() for i in range(len(names))]
    return (
        frame.lazy()
        .drop_nulls("_identity")
        .select("_identity", *hashes)
        .group_by("_identity")
        .agg(one.fill_null(value=False).alias(f"_{i}") for i, one in enumerate(differs))
        .filter(pl.any_horizontal(pl.lit(value=False), *[f"_{i}" for i in range(len(names))]))
        .collect()
    )


def with_their_others(frame: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """The records of `frame` whose `_id` is in `ids`, and those that speak of the same."""
    identities = frame.filter(pl.col("_id").is_in(ids.implode()))["_identity"].unique()
    return frame.filter(pl.col("_identity").is_in(identities.implode()))


def hard_records(frame: pl.DataFrame, findings: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """The contested records that do not simply agree: theirs is an identity with a dispute, or with any finding.

    `findings` are those of triage. The other records of `frame` are all good, and say the same of the same.
    """
    bad = frame.join(findings.select("_id"), on="_id", how="semi")
    identities = pl.concat([bad["_identity"], disputed(frame, rules)["_identity"]]).unique()
    return frame.filter(pl.col("_identity").is_in(identities.implode()))


def _overruled(claims: pl.DataFrame) -> pl.DataFrame:
    """The claims against which most other reporters stand with one and the same value; `against` of `others` do."""
    rows = pl.concat([claims, others_say(claims).rename({"support": "against"})], how="horizontal")
    differs = pl.col("claim").is_not_null() & (pl.col("claim") != pl.col("predicted"))
    return rows.filter(differs & (pl.col("share") > _ABOVE_SHARE) & (pl.col("against") >= MAJORITY))


def _outvoted(claims: pl.DataFrame) -> pl.DataFrame:
    """The claims that are not alone and do not lead: `against` of `others` reports state another value.

    A reporter who states two values contradicts himself; three who each state their own contradict one another.
    """
    stated = claims.select("_identity", "_reporter", "claim").drop_nulls(["_identity", "claim"]).unique()
    votes = stated.group_by("_identity", "claim").agg(pl.len().cast(pl.Int64).alias("votes"))
    others = votes.group_by("_identity").agg(
        pl.col("votes").sum().alias("all"),
        pl.col("votes").max().alias("most"),
        (pl.col("votes") == pl.col("votes").max()).sum().alias("leaders"),
        pl.len().alias("claims"),
    )
    rows = claims.join(votes, on=["_identity", "claim"], how="left", maintain_order="left")
    rows = rows.join(others.filter(pl.col("claims") > 1), on="_identity", how="inner", maintain_order="left")
    leads = (pl.col("votes") == pl.col("most")) & (pl.col("leaders") == 1)
    return rows.filter(pl.col("claim").is_not_null() & ~leads).with_columns(
        (pl.col("all") - pl.col("votes")).alias("against"), (pl.col("all") - 1).alias("others")
    )


def say_otherwise(rows: pl.DataFrame, names: list[str], rules: RuleSet) -> pl.DataFrame:
    """`rows` (`_id`, `_source`, `field`, `value`, `against` of `others`) as FINDING_SCHEMA, of the fields `names`."""
    # The message counts, and does not quote: the field may be personal.
    message = pl.concat_str(
        pl.lit("is contradicted by "),
        pl.col("against").cast(pl.String),
        pl.lit(" of "),
        pl.col("others").cast(pl.String),
        pl.lit(" other reports" + (", with one voice" if rules.grain == "report" else "")),
    )
    severities = {name: rules.fields[name].policy.severity for name in names}
    fingerprints = {name: digest(rules.grain, name, CONTRADICTED) for name in names}
    return rows.select(
        "_id",
        "_source",
        "field",
        pl.lit("inconsistent").alias("kind"),
        pl.lit(CONTRADICTED).alias("rule"),
        pl.col("field").replace_strict(severities, return_dtype=pl.String).alias("severity"),
        message.alias("message"),
        "value",
        pl.col("field").replace_strict(fingerprints, return_dtype=pl.String).alias("rule_fingerprint"),
    )


def with_more(findings: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    """`findings`, and those of `more` about other cells."""
    return pl.concat([findings, more.join(findings, on=["_id", "field"], how="anti", maintain_order="left")])


def taken_keys(frame: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """The finding that the key, once repaired, is another record's, for each record of `frame`, as FINDING_SCHEMA."""
    name = rules.key[0]
    return frame.select(
        "_id",
        "_source",
        pl.lit(name).alias("field"),
        pl.lit("inconsistent").alias("kind"),
        pl.lit(TAKEN).alias("rule"),
        pl.lit("error").alias("severity"),
        pl.lit("repaired, it is the key of another record").alias("message"),
        pl.col(RAW + name).alias("value"),
        pl.lit(digest(name, TAKEN)).alias("rule_fingerprint"),
    )


def duplicates(frame: pl.DataFrame, held: pl.Series, rules: RuleSet) -> pl.DataFrame:
    """The records that another one stands for: `_id`, `stands_for` (the `_id` of the one that is kept).

    `held`: `_id` of the records that are not good. Under entity grain the first good record of an identity stands for
    all that do not contradict it; under report grain only a reporter that says the same twice is a duplicate.
    """
    rows = frame.with_columns(pl.col("_id").is_in(held.implode()).alias("_is_held")).drop_nulls("_identity")
    if rules.grain == "entity":
        best = rows.filter(~pl.col("_is_held")).group_by("_identity")
        first = best.agg(pl.col("_id").min().alias("stands_for"))
        others = rows.select("_id", "_identity").join(first, on="_identity")
        return others.filter(pl.col("_id") != pl.col("stands_for")).select("_id", "stands_for")
    said = [
        "_identity",
        *([rules.source_field] if rules.source_field else ["_source"]),
        *(RAW + n for n in _told(rules)),
    ]
    lowest = pl.col("_id").min().over(said).alias("stands_for")
    return rows.with_columns(lowest).filter(pl.col("_id") != pl.col("stands_for")).select("_id", "stands_for")


def _told(rules: RuleSet) -> list[str]:
    return [name for name, spec in rules.fields.items() if spec.policy.impute or spec.policy.translate]
