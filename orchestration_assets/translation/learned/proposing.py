"""What was learned from examples, proposed for cells, and set beside what the other translators propose."""

import polars as pl

from orchestration_assets.settlement.agreement import claims_of
from orchestration_assets.settlement.claims import others_say
from orchestration_assets.settlement.gate import PROPOSAL_SCHEMA
from orchestration_assets.translation.learned.fitting import (
    LEARNED,
    LOOKUP,
    PROGRAM,
    LearnedProgram,
    LearnedTranslation,
)
from orchestration_assets.translation.learned.inducing import in_contract
from validators.judgement import IDENTITY, RAW
from validators.parsing import read_back
from validators.rules import RuleSet
from validators.shapes import shape

_CELL = ["_id", "field"]


def with_learned(
    proposals: pl.DataFrame,
    cells: pl.DataFrame,
    frame: pl.DataFrame | None,
    learned: LearnedTranslation,
    rules: RuleSet,
) -> pl.DataFrame:
    """`proposals` of the other translators for the unit's `cells` (IDENTITY, `field`, `value`, `shape`), and the learned ones.

    `frame`: all records of a contested unit: of these also cells that keep every rule, and that the others contradict.
    """
    if learned.is_empty:
        return proposals
    asked = [cells.with_columns(is_good=pl.lit(value=False))]
    if frame is not None and learned.has_good:
        asked.append(contradicted_cells(frame, learned, rules).select(asked[0].columns))
    return beside(proposals, propose_learned(pl.concat(asked), learned, rules))


def propose_learned(cells: pl.DataFrame, learned: LearnedTranslation, rules: RuleSet) -> pl.DataFrame:
    """At most one proposal, as PROPOSAL_SCHEMA, per cell of `cells` (IDENTITY, `field`, `value`, `shape`, `is_good`).

    Where what was learned gives two values, what is known of the very text counts if it is applied; else all are suggestions.
    """
    if learned.is_empty or cells.is_empty():
        return PROPOSAL_SCHEMA.to_frame()
    columns = cells.partition_by("_source", "field", "is_good", as_dict=True, maintain_order=True)
    asked = [(p, columns.get((p.source, p.field, p.is_good))) for p in learned.programs]
    read = [_read(part, program, rules) for program, part in asked if part is not None]
    return _one_each(pl.concat([_looked_up(cells, learned), *read]))


def shapes_read(samples: pl.DataFrame, learned: LearnedTranslation, rules: RuleSet) -> pl.DataFrame:
    """Those of `samples` (`source`, `field`, `shape`, `values`) of which any value is read: `source`, `field`, `shape`."""
    cells = samples.select(
        pl.col("source").alias("_source"), "field", "shape", pl.col("values").alias("value")
    ).explode("value")
    cells = cells.with_row_index("_id").with_columns(
        pl.col("_id").cast(pl.UInt64), is_good=pl.lit(value=False)
    )
    found = propose_learned(cells, learned, rules)
    return found.select(pl.col("_source").alias("source"), "field", "shape").unique()


def beside(proposals: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """`proposals` of the other translators and `own` learned ones.

    What is read already is not proposed again. Where both would be applied and differ, what people stated overrules.
    """
    said = proposals.select(*_CELL, "repaired", pl.lit("suggested").alias("status"))
    own = own.join(said, on=[*_CELL, "repaired", "status"], how="anti", maintain_order="left")
    if own.is_empty():
        return proposals
    applied = proposals.filter(pl.col("status") == "applied").unique(_CELL, keep="first", maintain_order=True)
    mine = own.join(
        applied.select(*_CELL, pl.col("repaired").alias("_other"), pl.lit(value=True).alias("_is_read")),
        on=_CELL,
        how="left",
        maintain_order="left",
    )
    is_read = pl.col("_is_read").fill_null(value=False)
    is_overruling = (pl.col("status") == "applied") & (pl.col("evidence_class") == "judged")
    mine = mine.filter(~is_read | (is_overruling & pl.col("repaired").ne_missing(pl.col("_other"))))
    overruled = mine.filter("_is_read").select(*_CELL, pl.lit(value=True).alias("_is_overruled"))
    marked = proposals.join(overruled, on=_CELL, how="left", maintain_order="left")
    is_overruled = pl.col("_is_overruled").fill_null(value=False) & (pl.col("status") == "applied")
    kept = marked.with_columns(
        _suggested(is_overruled, "; but people stated otherwise of what is written so")
    ).drop("_is_overruled")
    return pl.concat([kept, mine.select(PROPOSAL_SCHEMA.names())])


def contradicted_cells(frame: pl.DataFrame, learned: LearnedTranslation, rules: RuleSet) -> pl.DataFrame:
    """The cells, for `propose_learned`, of contested records that keep the rules of their field, and that most others contradict.

    `frame`: all records of each thing. Only of fields of which something was learned about such texts.
    """
    of_lookups = learned.lookups.filter("is_good")["field"].to_list()
    wanted = {*of_lookups, *(program.field for program in learned.programs if program.is_good)}
    parts = []
    for name in sorted(wanted):
        claims = claims_of(frame.lazy(), name, rules, pl.col(RAW + name).alias("value")).collect()
        rows = pl.concat([claims, others_say(claims)], how="horizontal")
        parts.append(
            rows.filter(pl.col("claim") != pl.col("predicted")).select(
                *IDENTITY, pl.lit(name).alias("field"), "value", shape(pl.col("value")).alias("shape")
            )
        )
    schema = {
        "_id": pl.UInt64,
        "_source": pl.String,
        "field": pl.String,
        "value": pl.String,
        "shape": pl.String,
    }
    return pl.concat([pl.DataFrame(schema=schema), *parts]).with_columns(is_good=pl.lit(value=True))


def _looked_up(cells: pl.DataFrame, learned: LearnedTranslation) -> pl.DataFrame:
    """The cells whose very text has a lookup."""
    told = learned.lookups.drop("shape").rename({"original": "value"})
    found = cells.join(told, on=["_source", "field", "is_good", "value"], maintain_order="left")
    return found.select(
        *IDENTITY,
        "field",
        pl.col("value").alias("original"),
        "repaired",
        *_method(LOOKUP),
        "shape",
        pl.when(pl.col("cases") > 0).then(pl.col("right") / pl.col("cases")).alias("confidence"),
        "evidence_class",
        "evidence",
        _status(pl.col("is_applied")),
        pl.lit("gate").alias("decided_by"),
    ).cast(PROPOSAL_SCHEMA)


def _read(cells: pl.DataFrame, learned: LearnedProgram, rules: RuleSet) -> pl.DataFrame:
    """The cells that the program makes another good value of; where a rival gives another one still, it is a suggestion."""
    spec, found = rules.fields[learned.field], learned.found
    said = [in_contract(program.parse(pl.col("value")), spec) for program in (found.program, *found.rivals)]
    # Names that no field can have: what is read is judged as the field.
    read = cells.lazy().select(
        *IDENTITY,
        pl.col("field").alias("_field"),
        pl.col("value").alias("_original"),
        pl.col("shape").alias("_shape"),
        *[one.alias(f"_{i}") for i, one in enumerate(said)],
    )
    read = read.with_columns(read_back(pl.col("_0"), spec.dtype).alias(spec.name))
    read = read.filter(rules.is_good(spec.name), pl.col("_0") != pl.col("_original"))
    differs = [
        pl.when((pl.col(f"_{i}") != pl.col("_0")).fill_null(value=False)).then(
            pl.lit(program.words(is_personal=spec.policy.is_personal))
        )
        for i, program in enumerate(found.rivals, start=1)
    ]
    rivals = pl.concat_str([pl.lit(None, pl.String), *differs], separator="; or ", ignore_nulls=True)
    is_open = rivals.fill_null("") != ""
    return (
        read.select(
            *IDENTITY,
            pl.col("_field").alias("field"),
            pl.col("_original").alias("original"),
            pl.col("_0").alias("repaired"),
            *_method(PROGRAM),
            pl.col("_shape").alias("shape"),
            pl.lit(learned.measured.confidence, pl.Float64).alias("confidence"),
            pl.lit(learned.measured.evidence_class).alias("evidence_class"),
            pl.when(is_open)
            .then(pl.concat_str(pl.lit(f"{learned.evidence}; could also be "), rivals))
            .otherwise(pl.lit(learned.evidence))
            .alias("evidence"),
            _status(pl.lit(learned.is_applied) & ~is_open),
            pl.lit("gate").alias("decided_by"),
        )
        .collect()
        .cast(PROPOSAL_SCHEMA)
    )


def _one_each(found: pl.DataFrame) -> pl.DataFrame:
    """The proposal of each cell that counts, in the order of `found` (lookups, then programs)."""
    is_applied = pl.col("status") == "applied"
    is_settled = (is_applied & (pl.col("arm") == LOOKUP)).any().over(_CELL)
    is_open = (pl.col("repaired").n_unique().over(_CELL) > 1) & ~is_settled
    marked = found.with_columns(_suggested(is_applied & is_open, "; other examples say otherwise"))
    ranked = marked.sort(pl.col("status") != "applied", maintain_order=True)
    return ranked.unique(_CELL, keep="first", maintain_order=True)


def _method(arm: str) -> list[pl.Expr]:
    told = {"method": LEARNED.name, "version": LEARNED.version, "arm": arm}
    return [pl.lit(value).alias(name) for name, value in told.items()]


def _status(is_applied: pl.Expr) -> pl.Expr:
    return pl.when(is_applied).then(pl.lit("applied")).otherwise(pl.lit("suggested")).alias("status")


def _suggested(which: pl.Expr, why: str) -> list[pl.Expr]:
    """Status and evidence, with what holds for `which` taken back to a suggestion."""
    return [
        pl.when(which).then(pl.lit("suggested")).otherwise(pl.col("status")).alias("status"),
        pl.when(which).then(pl.concat_str("evidence", pl.lit(why))).otherwise("evidence").alias("evidence"),
    ]
