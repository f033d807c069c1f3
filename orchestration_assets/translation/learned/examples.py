"""Examples: what stands in a cell, and what is true; from people, or from what other reporters say of the same.

A frame of examples (EXAMPLE_SCHEMA) holds one row per cell. `about` is what the record speaks of: that the same pair is
met again of another thing is a case of its own, that it is told again of the same thing is not.
"""

from collections.abc import Mapping

import polars as pl

from orchestration_assets.settlement.agreement import MAJORITY, claims_of
from orchestration_assets.settlement.claims import others_say
from validators.judgement import RAW
from validators.parsing import Notation, parse, present, read_back, write
from validators.rules import FieldSpec, RuleSet

EXAMPLE_SCHEMA = pl.Schema(
    {
        "_source": pl.String,
        "field": pl.String,
        "original": pl.String,
        "truth": pl.String,
        "about": pl.UInt64,
        "evidence_class": pl.String,
        "is_good": pl.Boolean,
    }
)
"""`is_good`: the original keeps the rules of its field, so that only others can tell that it is not what is meant."""
PAIRED_RECORDS = 20_000
"""Of the contested records of one unit about so many are looked at."""
FEWEST_REPORTERS = 3
"""Where fewer report, nobody could say whose notation of a good value is the field's."""
_DISPUTED_SHARE = 0.2


def learned_fields(rules: RuleSet) -> list[str]:
    """The fields in which examples teach: all that are translated."""
    return [name for name, spec in rules.fields.items() if spec.policy.translate]


def of_people(
    told: pl.DataFrame, rules: RuleSet, notations: Mapping[str, Mapping[str, Notation]]
) -> pl.DataFrame:
    """What people stated (`_source`, `field`, `original`, `truth`; `about`, where it is known) as examples.

    A truth that the contract refuses teaches nothing, nor does one where nothing was delivered.
    """
    alone = told.with_row_index("_row").with_columns(pl.col("_row").hash().alias("_row"))
    about = pl.coalesce("about", "_row") if "about" in told.columns else pl.col("_row")
    told = alone.with_columns(about.alias("about"))
    rows = told.filter(pl.col("field").is_in(learned_fields(rules))).drop_nulls(["original", "truth"])
    parts = [EXAMPLE_SCHEMA.to_frame()]
    for (source, name), part in rows.partition_by("_source", "field", as_dict=True).items():
        notation = notations.get(source, {}).get(name, Notation())
        spec = rules.fields[name]
        typed = part.select(
            parse(present(pl.col("original"), notation), spec.dtype, notation).alias(name)
        ).select(rules.is_good(name).fill_null(value=False))
        known = in_contract(part, "truth", spec, rules).with_columns(
            pl.lit("judged").alias("evidence_class"), typed.to_series().alias("is_good")
        )
        parts.append(
            known.filter(pl.col("original") != "").select(EXAMPLE_SCHEMA.names()).cast(EXAMPLE_SCHEMA)
        )
    return pl.concat(parts).drop_nulls("truth")


def of_labels(labels: pl.DataFrame, records: pl.DataFrame, about: pl.Series) -> pl.DataFrame:
    """`labels` (`_id`, `field`, `truth`) of text `records` as `of_people` takes them; `about`: of each record, may be null."""
    own = records.select("_id", about=pl.coalesce(about, pl.col("_id").hash()))
    of_record = records.join(labels.select("_id").unique(), on="_id", how="semi")
    names = [name for name in labels["field"].unique() if name in records.columns]
    texts = of_record.unpivot(names, index=["_id", "_source"], variable_name="field", value_name="original")
    found = labels.join(texts, on=["_id", "field"], how="inner", maintain_order="left")
    return found.join(own, on="_id", how="left", maintain_order="left")


def of_others(
    hard: pl.DataFrame, agreeing: pl.DataFrame, cells: pl.DataFrame, rules: RuleSet
) -> pl.DataFrame:
    """Pairs from contested records as examples: what stands in a cell, and what most others claim of the same.

    `hard`: the records that do not simply agree, as triage left them; `agreeing`: the others. `cells` (`_id`, `field`): those that no
    translator is sure of. Where FEWEST_REPORTERS or more report, also values that are good as they are, paired with what two
    others or more say.
    """
    parts = [EXAMPLE_SCHEMA.to_frame()]
    for (name,), part in cells.partition_by("field", as_dict=True).items():
        if name not in learned_fields(rules):
            continue
        is_asked = pl.col("_id").is_in(part["_id"].implode())
        about = hard.filter(is_asked)["_identity"].drop_nulls().unique()
        same = hard.filter(pl.col("_identity").is_in(_drawn(about).implode()))
        parts.append(_pairs(same, name, rules, is_asked & ~pl.col("is_good")))
    if hard[rules.source_field or "_source"].n_unique() >= FEWEST_REPORTERS:
        step = (hard.height + agreeing.height) // PAIRED_RECORDS + 1
        drawn, others = (f.filter(pl.col("_identity") // 4096 % step == 0) for f in (hard, agreeing))
        sample = pl.concat([drawn, others])
        parts += [_pairs(sample, name, rules, pl.col("is_good")) for name in _disputed(sample, drawn, rules)]
    return pl.concat(parts)


def in_contract(rows: pl.DataFrame, column: str, spec: FieldSpec, rules: RuleSet) -> pl.DataFrame:
    """`rows` with the texts of `column` as the contract writes them, null where it does not accept them."""
    typed = rows.select(read_back(pl.col(column), spec.dtype).alias(spec.name))
    text = pl.when(rules.is_good(spec.name)).then(write(pl.col(spec.name), spec.dtype))
    return rows.with_columns(typed.select(text.alias(column)).to_series())


def _drawn(about: pl.Series) -> pl.Series:
    return about.sort().gather_every(about.len() // PAIRED_RECORDS + 1)


def _disputed(sample: pl.DataFrame, hard: pl.DataFrame, rules: RuleSet) -> list[str]:
    """The fields in which what some source reports on is often disputed: elsewhere no notation explains the disputes.

    `hard`: those of the `sample` that may be.
    """
    names = [n for n in learned_fields(rules) if not (n in rules.key or n == rules.source_field)]
    if not names:
        return []
    hashes = [pl.when(rules.is_good(name)).then(pl.col(name).hash()).alias(name) for name in names]
    of_thing = hard.lazy().drop_nulls("_identity").select("_identity", *hashes).group_by("_identity")
    differs = of_thing.agg((pl.col(n).min() != pl.col(n).max()).fill_null(value=False) for n in names)
    reported = sample.lazy().drop_nulls("_identity").select("_identity", "_source").unique()
    shares = reported.join(differs, on="_identity", how="left").group_by("_source")
    disputed = shares.agg((pl.col(n).sum() >= _DISPUTED_SHARE * pl.len()) for n in names)
    found = disputed.select(pl.col(names).any()).collect()
    return [name for name in names if found[name].any()]


def _pairs(frame: pl.DataFrame, name: str, rules: RuleSet, wanted: pl.Expr) -> pl.DataFrame:
    """What the `wanted` records of `frame` say of the field, with what most others claim of the same.

    `wanted` may ask for `_id` and `is_good`.
    """
    claims = claims_of(frame.lazy(), name, rules, pl.col(RAW + name).alias("original")).collect()
    rows = pl.concat([claims, others_say(claims)], how="horizontal").with_columns(
        pl.col("claim").is_not_null().alias("is_good")
    )
    is_told = ~pl.col("is_good") | (pl.col("support") >= MAJORITY)
    kept = rows.drop_nulls(["original", "predicted"]).filter(wanted, is_told, pl.col("original") != "")
    return kept.select(
        "_source",
        pl.lit(name).alias("field"),
        "original",
        pl.col("predicted").alias("truth"),
        pl.col("_identity").alias("about"),
        pl.lit("agreement").alias("evidence_class"),
        "is_good",
    )
