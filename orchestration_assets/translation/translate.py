"""The way of a malformed value: collected by shape, decided for the whole column, translated in one expression."""

from collections.abc import Mapping

import polars as pl

from orchestration_assets.parallel import side_by_side
from orchestration_assets.settlement.gate import METHOD_SCHEMA, PROPOSAL_SCHEMA, Measured
from orchestration_assets.translation.decide import Column, Decision, decide
from orchestration_assets.translation.measurements import Asked, Measurements
from orchestration_assets.translation.readings import Reading, Translator
from orchestration_assets.translation.registry import TRANSLATORS
from orchestration_assets.translation.vocabularies import PLACEHOLDERS, folded
from validators.judgement import IDENTITY
from validators.parsing import Notation, read_back
from validators.rules import FieldSpec, RuleSet
from validators.shapes import with_shape

VALUES_PER_SHAPE = 64
SHAPES_PER_COLUMN = 400
Notations = Mapping[str, Mapping[str, Notation]]
"""source -> field -> notation"""

PLACEHOLDER = Translator("placeholder", "1", lambda _spec, _notation: [])
_NOTHING = Reading("nothing", lambda text: pl.when(text.is_null()).then(text))


def cells_to_translate(
    findings: pl.DataFrame, rules: RuleSet, shapes: pl.Series | None = None
) -> pl.DataFrame:
    """One row per (record, field) with a text that was not read or not accepted: IDENTITY, field, value, shape.

    `shapes`: those of the same findings, if they are known from before.
    """
    fields = [name for name, spec in rules.fields.items() if spec.policy.translate or spec.is_nullable]
    wanted = pl.col("kind").is_in(["malformed", "out_of_domain"]) & pl.col("field").is_in(fields)
    cells = (
        findings.filter(wanted)
        .select(*IDENTITY, "field", "value")
        .drop_nulls("value")
        .unique(["_id", "field"], maintain_order=True)
    )
    if shapes is not None:
        return cells.with_columns(shapes.cast(pl.String).alias("shape"))
    return with_shape(cells.lazy(), "value").collect()


def shape_samples(cells: pl.DataFrame) -> pl.DataFrame:
    """One row per (source, field, shape): how many cells, and up to VALUES_PER_SHAPE of their distinct values."""
    # By the hash of all four: what is counted is a sample.
    counted = (
        cells.group_by(pl.struct("_source", "field", "shape", "value").hash().alias("_same"))
        .agg(pl.first("_source", "field", "shape", "value"), pl.len().alias("cells"))
        .drop("_same")
    )
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
    samples: pl.DataFrame,
    rules: RuleSet,
    notations: Notations,
    known: pl.DataFrame,
    measurements: Measurements | None = None,
) -> list[Decision]:
    """One decision per (source, field, shape) that can be read. `known`: `_source` and each field's text, good values.

    Sources that write a field alike share the measurement of its readings; the known values are those of the first.
    What `measurements` hold from before is not measured again.
    """
    measurements = Measurements() if measurements is None else measurements
    decisions: list[Decision] = []
    alike: dict[tuple[str, Notation], list[Column]] = {}
    for (source, name), part in samples.partition_by(
        "_source", "field", as_dict=True, maintain_order=True
    ).items():
        spec = rules.fields[name]
        values = part.select("shape", pl.col("values").alias("value")).explode("value")
        if spec.is_nullable:
            placeholders = _placeholder_decisions(values, source, spec, known, measurements)
            decisions += placeholders
            values = values.filter(~pl.col("shape").is_in([d.shape for d in placeholders]))
        notation = notations.get(source, {}).get(name, Notation())
        alike.setdefault((name, notation), []).append(Column(source, values))

    def decided(name: str, notation: Notation) -> list[Decision]:
        spec, columns = rules.fields[name], alike[(name, notation)]
        return decide(
            columns,
            spec=spec,
            rules=rules,
            translators=[
                stage for t in spec.policy.translate for stage in TRANSLATORS[t].stages(spec, notation)
            ],
            known=known_texts(known, columns[0].source, name),
            notation=notation,
            measurements=measurements,
        )

    parts = side_by_side(lambda key: decided(*key), alike)
    return decisions + [decision for part in parts for decision in part]


def known_texts(known: pl.DataFrame, source: str, name: str) -> pl.Series:
    """Good values of the field, those of the same source first."""
    if name not in known.columns:
        return pl.Series(name, [], pl.String)
    is_same = known["_source"] == source
    return pl.concat([known[name].filter(is_same), known[name].filter(~is_same)]).drop_nulls()


def propose(cells: pl.DataFrame, decisions: list[Decision], rules: RuleSet) -> pl.DataFrame:
    """One proposal per cell that its shape's reading reads, as PROPOSAL_SCHEMA."""
    if not decisions:
        return PROPOSAL_SCHEMA.to_frame()
    # Cells that are read alike are read together, whatever their source: few expressions over many rows.
    alike: dict[tuple[str, str, Reading], int] = {}
    keys = [(d.field, d.translator.name, d.reading) for d in decisions]
    numbers = [alike.setdefault(key, len(alike)) for key in keys]
    column = {
        "_source": [d.source for d in decisions],
        "field": [d.field for d in decisions],
        "shape": [d.shape for d in decisions],
    }
    numbered = pl.DataFrame({**column, "_alike": numbers}).with_row_index("_decision")
    found = cells.join(numbered, on=list(column), how="inner", maintain_order="left")
    parts = [
        _read(part.lazy(), decisions[part["_decision"][0]], rules)
        for part in found.partition_by("_alike", include_key=False)
    ]
    if not parts:
        return PROPOSAL_SCHEMA.to_frame()
    read = pl.concat(parts).collect()
    return pl.concat([read, _facts(decisions)[read["_decision"]]], how="horizontal").select(
        PROPOSAL_SCHEMA.names()
    )


def unread(cells: pl.DataFrame, decisions: list[Decision]) -> pl.DataFrame:
    """The `cells` of shapes that no translator is sure of."""
    sure = [(d.source, d.field, d.shape) for d in decisions if d.is_applied]
    shapes = pl.DataFrame(sure, schema=dict.fromkeys(("_source", "field", "shape"), pl.String), orient="row")
    return cells.join(shapes, on=shapes.columns, how="anti", maintain_order="left")


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
            "fit": d.measured.fit,
        }
        for d in decisions
    ]
    return pl.DataFrame(rows, schema=METHOD_SCHEMA)


def _placeholder_decisions(
    values: pl.DataFrame, source: str, spec: FieldSpec, known: pl.DataFrame, measurements: Measurements
) -> list[Decision]:
    """A placeholder in a field that may be empty means empty."""
    is_token = _is_placeholder()
    shapes = (
        values.group_by("shape", maintain_order=True).agg(is_token.all()).filter("value")["shape"].to_list()
    )
    if not shapes:
        return []
    asked = Asked(spec.name, source, PLACEHOLDER.name, PLACEHOLDER.version, (), _NOTHING.name)
    (measured,) = measurements.of(
        [asked],
        spec.policy.max_error,
        lambda _missing: [measure_placeholder(known_texts(known, source, spec.name))],
    )
    evidence = measured.describe("a token for nothing")
    return [
        Decision(
            source, spec.name, s, PLACEHOLDER, _NOTHING, measured, measured.may_apply(spec.policy), evidence
        )
        for s in shapes
    ]


def measure_placeholder(known: pl.Series) -> Measured:
    """How many of the `known` values would not be taken for a token for nothing."""
    mistaken = int(known.to_frame("value").select(_is_placeholder().sum()).item() or 0)
    return Measured(known.len(), known.len() - mistaken, "masked")


def _is_placeholder() -> pl.Expr:
    return folded(pl.col("value")).is_in(list(PLACEHOLDERS))


def _read(cells: pl.LazyFrame, decision: Decision, rules: RuleSet) -> pl.LazyFrame:
    """`cells`, all read as `decision` says, where that gives a value that the contract accepts."""
    spec = rules.fields[decision.field]
    read = cells.select(
        *IDENTITY,
        pl.col("field").alias("_field"),
        pl.col("value").alias("_original"),
        decision.reading.parse(pl.col("value")).alias("_repaired"),
        pl.col("shape").alias("_shape"),
        "_decision",
        (_is_placeholder() if decision.translator is PLACEHOLDER else pl.lit(value=True)).alias("_is_meant"),
    )
    if decision.translator is PLACEHOLDER:
        read = read.filter("_is_meant")  # the shape is known by a sample: others may mean something
    else:
        value = read_back(pl.col("_repaired"), spec.dtype).alias(spec.name)
        read = read.with_columns(value).filter(rules.is_good(spec.name))
    return read.select(
        *IDENTITY,
        *[pl.col(f"_{name}").alias(name) for name in ("field", "original", "repaired", "shape")],
        "_decision",
    )


def _facts(decisions: list[Decision]) -> pl.DataFrame:
    """What the proposals of each decision have in common, one row per decision."""
    rows = [
        {
            "method": d.translator.name,
            "version": d.translator.version,
            "arm": d.reading.name,
            "confidence": None if d.is_disputed else d.measured.confidence,
            "evidence_class": d.measured.evidence_class,
            "evidence": d.evidence,
            "status": "applied" if d.is_applied else "suggested",
            "decided_by": "gate",
        }
        for d in decisions
    ]
    return pl.DataFrame(rows, schema={name: PROPOSAL_SCHEMA[name] for name in rows[0]})
