"""Settlement of a partition: one verdict per record, everything but `trusted` committed, `trusted` staged."""

import time
from dataclasses import dataclass
from typing import Any

import polars as pl

from orchestration_assets.lake import StagedFile
from orchestration_assets.parallel import side_by_side
from orchestration_assets.settlement.gate import METHOD_SCHEMA, PROPOSAL_SCHEMA
from orchestration_assets.settlement.verdicts import Settled, settle, settle_agreeing
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.deciding import DecidedUnits
from orchestration_assets.steps.fragments import MENDED_SCHEMA, ROW_BITS, UNREADABLE_SCHEMA
from orchestration_assets.steps.units import Units
from orchestration_assets.translation.registry import TRANSLATORS
from orchestration_assets.translation.translate import PLACEHOLDER
from orchestration_assets.way import Unit, repaired_identities, taken_ids
from validators.judgement import FINDING_SCHEMA, REASON
from validators.rules import RuleSet

HEAD: dict[str, pl.DataType] = {"_source": pl.String(), "_delivery": pl.String(), "_row": pl.Int64()}
"""The record id, without the partition, which is the table's."""
OF_RECORD: dict[str, pl.DataType] = {**HEAD, "_endpoint": pl.String()}
"""What a table of records says of each: its id, and who served it."""
_COUNTED = (
    *("trusted_without_repair", "translated", "imputed", "review", "quarantine", "duplicate", "outside"),
    *("repairs_applied", "repairs_suggested", "fatal"),
)


@dataclass(frozen=True)
class Schemas:
    """The tables that settlement writes."""

    trusted: pl.Schema
    held: pl.Schema
    aside: pl.Schema
    findings: pl.Schema
    repairs: pl.Schema


def schemas_of(rules: RuleSet) -> Schemas:
    """The schema of each table, with the fields of the contract: typed in `trusted`, text in the others."""
    text, reason_list = pl.String(), pl.List(REASON)
    reasons = {"_errors": reason_list, "_warnings": reason_list}
    texts = dict.fromkeys(rules.fields, text)
    own = {"_warnings": reason_list, "_repaired": pl.List(pl.String)}
    return Schemas(
        trusted=pl.Schema({**OF_RECORD, **rules.schema, **own}),
        held=pl.Schema({**OF_RECORD, **texts, **reasons}),
        aside=pl.Schema({**OF_RECORD, "_verdict": text, "_reason": text, **texts, **reasons}),
        findings=pl.Schema({**HEAD, **{k: v for k, v in FINDING_SCHEMA.items() if not k.startswith("_")}}),
        repairs=pl.Schema({**HEAD, **{k: v for k, v in PROPOSAL_SCHEMA.items() if not k.startswith("_")}}),
    )


def settle_partition(context: Context) -> dict[str, Any]:
    """Give every troubled record its verdict; returns counts. Hands over the files that would be `trusted`."""
    began = time.perf_counter()
    units, triaged = DecidedUnits(context), context.handed_over("triage")
    writer = _Writer(context, triaged["deliveries"])
    taken = _taken_keys(context, units)
    counts = dict.fromkeys(_COUNTED, 0)
    for of_unit, files in side_by_side(
        lambda label: _settle_unit(context, units, label, writer, taken), units.labels
    ):
        _add(counts, of_unit)
        writer.add(files)
    clean = [StagedFile(*f["staged"]) for f in triaged["fragments"] if f["staged"]]
    for fragment in triaged["fragments"]:
        if fragment["warned"]:
            warned = pl.read_parquet(context.work / "fragments" / f"{fragment['name']}.warned.parquet")
            writer.add(writer.staged_warnings(warned))
    writer.commit()
    _commit_methods(context)
    _commit_lines(context, triaged, "unreadable", UNREADABLE_SCHEMA)
    _commit_lines(context, triaged, "mended", MENDED_SCHEMA)
    counts["clean"] = triaged["counts"].get("clean", 0) + counts.pop("trusted_without_repair")
    counts["trusted"] = counts["clean"] + counts["translated"] + counts["imputed"]
    staged = [[f.path, f.rows, f.bytes] for f in [*clean, *writer.files["trusted"]]]
    people = units.hand_over()
    handed = {"counts": counts, "staged": staged, "people": people, "seconds": time.perf_counter() - began}
    return context.hand_over("settled", handed)


def _settle_unit(
    context: Context, units: DecidedUnits, label: str, writer: "_Writer", taken: pl.Series
) -> tuple[dict[str, int], "_Files"]:
    """Stages what the unit becomes; returns what of it is counted, and its files."""
    unit, agreeing = units.load_all(label)
    settled = settle(
        unit.frame,
        unit.findings,
        unit.proposals,
        context.rules,
        is_contested=unit.is_contested,
        taken=taken,
        contradicted=units.contradicted(label),
        kept_out=units.kept_out(label),
    )
    files = writer.staged(settled, unit)
    counts = _count(settled, unit)
    if unit.is_contested:
        agreed = settle_agreeing(agreeing, context.rules)
        files += writer.staged(agreed)
        _add(counts, {"trusted_without_repair": agreed.trusted.height, "duplicate": agreed.held.height})
    return counts, files


_Files = list[tuple[str, StagedFile]]
"""Files, each with the name of its table."""


class _Writer:
    """Stages what each unit becomes, and commits every table but `trusted` at the end."""

    def __init__(self, context: Context, deliveries: list[dict[str, Any]]) -> None:
        self.context = context
        self.schemas = schemas_of(context.rules)
        self.hashes = {d["ordinal"]: d["delivery"] for d in deliveries}
        self.sources = {d["ordinal"]: d["source"] for d in deliveries}
        self.endpoints = {d["ordinal"]: d["endpoint"] for d in deliveries}
        self.files: dict[str, list[StagedFile]] = {
            name: [] for name in ("trusted", "review", "quarantine", "aside", "findings", "repairs")
        }

    def staged(self, settled: Settled, unit: Unit | None = None) -> _Files:
        held = settled.held
        aside = held.filter(pl.col("_verdict").is_in(["duplicate", "outside"]))
        same = pl.concat_str(pl.lit("says the same as "), self._record_id(pl.col("_stands_for")))
        return [
            *self._stage("trusted", settled.trusted, self.schemas.trusted),
            *self._stage("review", held.filter(pl.col("_verdict") == "review"), self.schemas.held),
            *self._stage("quarantine", held.filter(pl.col("_verdict") == "quarantine"), self.schemas.held),
            *self._stage("aside", aside.with_columns(same.alias("_reason")), self.schemas.aside),
            *self._stage("findings", settled.findings, self.schemas.findings),
            *(self._stage("repairs", unit.proposals, self.schemas.repairs) if unit else ()),
        ]

    def staged_warnings(self, findings: pl.DataFrame) -> _Files:
        """What was found of clean records: warnings, which hold nothing back."""
        return self._stage("findings", findings, self.schemas.findings)

    def add(self, files: _Files) -> None:
        """Let the tables consist of `files` too."""
        for table, file in files:
            self.files[table].append(file)

    def commit(self) -> None:
        schemas = {
            "review": self.schemas.held,
            "quarantine": self.schemas.held,
            "aside": self.schemas.aside,
            "findings": self.schemas.findings,
            "repairs": self.schemas.repairs,
        }
        for name, schema in schemas.items():
            self.context.lake.commit(
                self.context.table(name), self.context.partition, self.files[name], schema
            )

    def _stage(self, name: str, frame: pl.DataFrame, schema: pl.Schema) -> _Files:
        if frame.is_empty():
            return []
        ordinal = pl.col("_id") // 2**ROW_BITS
        if not frame["_id"].is_sorted():
            frame = frame.sort("_id", maintain_order=True)
        frame = frame.with_columns(
            ordinal.replace_strict(self.hashes, return_dtype=pl.String).alias("_delivery"),
            ordinal.replace_strict(self.endpoints, return_dtype=pl.String).alias("_endpoint"),
            (pl.col("_id") % 2**ROW_BITS).cast(pl.Int64).alias("_row"),
        )
        table = self.context.table(name)
        return [(name, self.context.lake.stage(table, self.context.partition, frame.select(schema.names())))]

    def _record_id(self, ids: pl.Expr) -> pl.Expr:
        ordinal = ids // 2**ROW_BITS
        return pl.concat_str(
            ordinal.replace_strict(self.sources, return_dtype=pl.String),
            pl.lit(self.context.partition),
            ordinal.replace_strict(self.hashes, return_dtype=pl.String),
            (ids % 2**ROW_BITS).cast(pl.String),
            separator=":",
        )


def _taken_keys(context: Context, units: Units) -> pl.Series:
    """`_id` of the records whose repaired key is that of another record: settled by a person."""
    rules = context.rules
    parts = []
    for label in units.labels if rules.grain == "entity" else ():
        if units.proposals(label)["field"].is_in(rules.key).any():
            unit = units.light(label) if len(rules.key) == 1 else units.load(label)
            parts.append(repaired_identities(unit, rules))
    if not parts:
        return pl.Series("_id", [], pl.UInt64)
    renamed = pl.concat(parts)
    names = [f["name"] for f in context.handed_over("triage")["fragments"]]
    files = [context.work / "fragments" / f"{name}.identities.parquet" for name in names]
    existing = pl.scan_parquet(files).filter(pl.col("_identity").is_in(renamed["_identity"].implode()))
    return taken_ids(renamed, existing.collect().to_series())


def _count(settled: Settled, unit: Unit) -> dict[str, int]:
    translators = [*TRANSLATORS, PLACEHOLDER.name]
    mine = settled.in_force.filter(pl.col("_id").is_in(settled.trusted["_id"].implode()))
    repaired = mine["_id"].n_unique()
    imputed = mine.filter(~pl.col("method").is_in(translators))["_id"].n_unique()
    status = dict(unit.proposals.group_by("status").len().iter_rows())
    verdicts = dict(settled.held.group_by("_verdict").len().iter_rows())
    fatal = settled.findings.filter(pl.col("severity") == "fatal").height
    return {
        "trusted_without_repair": settled.trusted.height - repaired,
        "translated": repaired - imputed,
        "imputed": imputed,
        **verdicts,
        "repairs_applied": settled.in_force.height,
        "repairs_suggested": status.get("suggested", 0),
        "fatal": fatal,
    }


def _add(total: dict[str, int], part: dict[str, int]) -> None:
    for name, value in part.items():
        total[name] = total.get(name, 0) + value


def _commit_methods(context: Context) -> None:
    parts = [pl.read_parquet(context.work / f"{name}.parquet") for name in ("translators", "imputers")]
    methods = pl.concat([METHOD_SCHEMA.to_frame(), *parts]).sort("field", "method", "arm", "source", "shape")
    context.lake.replace(context.table("methods"), context.partition, methods)


def _commit_lines(context: Context, triaged: dict[str, Any], table: str, schema: pl.Schema) -> None:
    for source in context.sources:
        names = [f["name"] for f in triaged["fragments"] if f["source"] == source.source]
        parts = (pl.read_parquet(context.work / "fragments" / f"{name}.{table}.parquet") for name in names)
        lines = pl.concat([schema.to_frame(), *parts])
        context.lake.replace(f"{source.source}/{table}", context.partition, lines)
