"""The way of a malformed value: collected by shape, decided for the whole column, translated in one expression."""

from collections.abc import Mapping

import polars as pl

from orchestration_assets.settlement.gate import METHOD_SCHEMA, PROPOSAL_SCHEMA, Measured
from orchestration_assets.translation.decide import Decision, decide, in_domain
from orchestration_assets.translation.readings import Reading, Translator
from orchestration_assets.translation.registry import TRANSLATORS
from orchestration_assets.translation.vocabularies import PLACEHOLDERS, folded
from validators.judgement import IDENTITY
from validators.parsing import Notation
from validators.rules import FieldSpec, RuleSet
from validators.shapes import shape

VALUES_PER_SHAPE = 64
SHAPES_PER_COLUMN = 400
Notations = Mapping[str, Mapping[str, Notation]]
"""source -> field -> notation"""

PLACEHOLDER = Translator("placeholder", "1", lambda _spec, _notation: [])


def cells_to_translate(findings: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """One row per (record, field) with a text that was not read or not accepted: IDENTITY, field, value, shape."""
    fields = [name for name, spec in rules.fields.items() if spec.policy.translate or spec.is_nullable]
    wanted = pl.col("kind").is_in(["malformed", "out_of_domain"]) & pl.col("field").is_in(fields)
    cells = (
        findings.filter(wanted)
        .select(*IDENTITY, "field", "value")
        .drop_nulls("value")
        .unique(["_id", "field"], maintain_order=True)
    )
    return cells.with_columns(shape(pl.col("value")).alias("shape"))


def shape_samples(cells: pl.DataFrame) -> pl.DataFrame:
    """One row per (source, field, shape): how many cells, and up to VALUES_PER_SHAPE of their distinct values."""
    counted = cells.group_by("_source", "field", "shape", "value").len("cells")
    drawn = counted.with_columns(_draw().alias("_draw")).sort("_draw", "value")
    return drawn.group_by("_source", "field", "shape", maintain_order=True).agg(
        pl.col("cells").sum(), pl.col("value").head(VALUES_PER_SHAPE).alias("values")
    )


def pool(samples: list[pl.DataFrame]) -> pl.DataFrame:
    """The shape samples of several fragments as one, in an order that does not depend on how they were cut."""
    everything = pl.concat(samples)
    values = (
        everything.explode("values")
        .rename({"values": "value"})
        .unique(["_source", "field", "shape", "value"])
    )
    drawn = values.with_columns(_draw().alias("_draw")).sort("_draw", "value")
    column = ["_source", "field", "shape"]
    kept = drawn.group_by(column).agg(pl.col("value").head(VALUES_PER_SHAPE).alias("values"))
    pooled = everything.group_by(column).agg(pl.col("cells").sum()).join(kept, on=column, nulls_equal=True)
    ranked = pooled.sort("_source", "field", "cells", "shape", descending=[False, False, True, False])
    return ranked.group_by("_source", "field", maintain_order=True).head(SHAPES_PER_COLUMN)


def _draw() -> pl.Expr:
    """A rank by which a value is drawn: by chance, so that no convention is missed, and the same in every fragment."""
    return pl.col("value").hash(seed=20261101)


def decide_all(
    samples: pl.DataFrame, rules: RuleSet, notations: Notations, known: pl.DataFrame
) -> list[Decision]:
    """One decision per (source, field, shape) that can be read. `known`: `_source` and each field's text, good values.

    Sources that write a field alike share the measurement of its readings; the known values are those of the first.
    """
    decisions: list[Decision] = []
    measured: dict[tuple[str, Notation], dict[tuple[str, str], Measured]] = {}
    for (source, name), part in samples.partition_by(
        "_source", "field", as_dict=True, maintain_order=True
    ).items():
        spec = rules.fields[name]
        notation = notations.get(source, {}).get(name, Notation())
        values = part.explode("values").rename({"values": "value"})
        texts = known_texts(known, source, name)
        if spec.is_nullable:
            placeholders = _placeholder_decisions(values, source, spec, texts)
            decisions += placeholders
            values = values.filter(~pl.col("shape").is_in([d.shape for d in placeholders]))
        translators = [
            (TRANSLATORS[t], TRANSLATORS[t].readings(spec, notation)) for t in spec.policy.translate
        ]
        decisions += decide(
            values,
            source=source,
            spec=spec,
            rules=rules,
            translators=translators,
            known=texts,
            measured=measured.setdefault((name, notation), {}),
        )
    return decisions


def known_texts(known: pl.DataFrame, source: str, name: str) -> pl.Series:
    """Good values of the field, those of the same source first."""
    if name not in known.columns:
        return pl.Series(name, [], pl.String)
    same = known.filter(pl.col("_source") == source)[name]
    other = known.filter(pl.col("_source") != source)[name]
    return pl.concat([same, other]).drop_nulls()


def propose(cells: pl.DataFrame, decisions: list[Decision], rules: RuleSet) -> pl.DataFrame:
    """One proposal per cell that its shape's reading reads, as PROPOSAL_SCHEMA."""
    by_reading: dict[tuple[str, str, str, str], list[Decision]] = {}
    for decision in decisions:
        key = (decision.source, decision.field, decision.translator.name, decision.reading.name)
        by_reading.setdefault(key, []).append(decision)
    columns = cells.partition_by("_source", "field", as_dict=True)
    parts = []
    for (source, name, _, _), group in by_reading.items():
        if (column := columns.get((source, name))) is not None:
            parts.append(_proposals(column, group, rules.fields[name], rules))
    return pl.concat(parts) if parts else PROPOSAL_SCHEMA.to_frame()


def methods_of(decisions: list[Decision], rules: RuleSet) -> pl.DataFrame:
    """What was measured, as METHOD_SCHEMA."""
    rows = [
        {
            "method": d.translator.name,
            "version": d.translator.version,
            "field": d.field,
            "source": d.source,
            "shape": d.shape,
            "arm": d.reading.name,
            "parameters": "",
            "cases": d.measured.cases,
            "right": d.measured.right,
            "evidence_class": d.measured.evidence_class,
            "error_bound": d.measured.error_bound,
            "max_error": rules.fields[d.field].policy.max_error,
            "is_applied": d.is_applied,
        }
        for d in decisions
    ]
    return pl.DataFrame(rows, schema=METHOD_SCHEMA)


def _placeholder_decisions(
    values: pl.DataFrame, source: str, spec: FieldSpec, known: pl.Series
) -> list[Decision]:
    """A placeholder in a field that may be empty means empty; measured by the good values that would be taken for one."""
    is_token = _is_placeholder()
    shapes = (
        values.group_by("shape", maintain_order=True).agg(is_token.all()).filter("value")["shape"].to_list()
    )
    mistaken = int(known.to_frame("value").select(is_token.sum()).item() or 0)
    measured = Measured(known.len(), known.len() - mistaken, "masked")
    reading = Reading("nothing", lambda text: pl.when(text.is_null()).then(text))
    evidence = measured.describe("a token for nothing")
    return [
        Decision(
            source, spec.name, s, PLACEHOLDER, reading, measured, measured.may_apply(spec.policy), evidence
        )
        for s in shapes
    ]


def _is_placeholder() -> pl.Expr:
    return folded(pl.col("value")).is_in(list(PLACEHOLDERS))


def _proposals(cells: pl.DataFrame, group: list[Decision], spec: FieldSpec, rules: RuleSet) -> pl.DataFrame:
    first = group[0]
    by_shape = pl.DataFrame(
        {
            "shape": [d.shape for d in group],
            "status": ["applied" if d.is_applied else "suggested" for d in group],
            "evidence": [d.evidence for d in group],
        }
    )
    found = cells.join(by_shape, on="shape", how="inner", maintain_order="left")
    found = found.with_columns(first.reading.parse(pl.col("value")).alias("repaired"))
    if first.translator is PLACEHOLDER:
        found = found.filter(_is_placeholder())  # the shape is known by a sample: others may mean something
    else:
        found = found.with_columns(in_domain(found, "repaired", spec, rules)).drop_nulls("repaired")
    return found.select(
        *IDENTITY,
        "field",
        pl.col("value").alias("original"),
        "repaired",
        pl.lit(first.translator.name).alias("method"),
        pl.lit(first.translator.version).alias("version"),
        pl.lit(first.reading.name).alias("arm"),
        "shape",
        pl.lit(first.measured.confidence, pl.Float64).alias("confidence"),
        pl.lit(first.measured.evidence_class).alias("evidence_class"),
        "evidence",
        "status",
        pl.lit("gate").alias("decided_by"),
    )
