"""Triage of a partition, fragment by fragment: clean records are written where they will be published, the others aside.

A fragment's files are named by the hash of all that went into them, and are not made again if they are there.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from orchestration_assets.errors import StepError
from orchestration_assets.lake import StagedFile, write_json
from orchestration_assets.settlement.agreement import hard_records
from orchestration_assets.steps.context import Context, code_of_fragments
from orchestration_assets.steps.landing import in_force, store_of
from orchestration_assets.steps.spelling import fingerprint, learn_spelling
from orchestration_assets.translation.spelling import Spelling, spelled_fields, suspicions
from orchestration_assets.way import known_sample, split_units
from sources.declaration import Source
from sources.delivery import Delivery, Fragment
from sources.errors import NotReadable
from sources.reading import Reading, read_fragment
from validators.judgement import IDENTITY, RAW
from validators.rules import RuleSet, digest
from validators.triage import Triage, contested, identities, triage

RECORDS_PER_BUCKET = 150_000
KEPT_IN_MEMORY_BYTES = 256 << 20
ROW_BITS = 32

UNREADABLE_SCHEMA = pl.Schema(
    {
        "_delivery": pl.String,
        "_row": pl.Int64,
        "line": pl.Int64,
        "byte": pl.Int64,
        "bytes": pl.Binary,
        "reason": pl.String,
    }
)
"""One row per line that is no record."""


@dataclass(frozen=True)
class Piece:
    """One fragment of one delivery in force. `ordinal` numbers the deliveries of the partition."""

    ordinal: int
    source: Source
    delivery: Delivery
    fragment: Fragment
    name: str

    @property
    def short_hash(self) -> str:
        """The delivery as record ids name it."""
        return self.delivery.content_hash[:12]


def triage_partition(context: Context) -> dict[str, Any]:
    """Judge every fragment in force; returns counts. Hands over the units and the files of clean records."""
    began = time.perf_counter()
    pieces = list(_pieces(context))
    readings = _Readings(context, pieces)
    hashes = [readings.identities(piece) for piece in pieces]
    shared = contested(hashes) if hashes else pl.Series("_identity", [], pl.UInt64)
    buckets = max(1, -(-2 * shared.len() // RECORDS_PER_BUCKET))
    names = [spec.name for spec in spelled_fields(context.rules)]
    spelling = learn_spelling(context, (readings.texts(piece, names) for piece in pieces)) if pieces else None
    manifests = [
        _triage_piece(context, piece, own, shared, buckets, readings, spelling)
        for piece, own in zip(pieces, hashes, strict=True)
    ]
    _find_hard(context, manifests)
    handed = {
        "deliveries": _deliveries(pieces),
        "fragments": manifests,
        "buckets": buckets,
        "counts": _totals(manifests),
        "personal": context.rules.personal,
        "seconds": time.perf_counter() - began,
    }
    return context.hand_over("triage", handed)


def _pieces(context: Context) -> Iterator[Piece]:
    for ordinal, (source, row) in enumerate(in_force(context)):
        fragments = tuple(Fragment(**f) for f in row["fragments"])
        delivery = Delivery(
            source=source.source,
            partition=context.partition,
            status="landed",
            landed_at=row["landed_at"],
            name=row["name"],
            content_hash=row["content_hash"],
            endpoint=row["endpoint"],
            path=row["path"],
            bytes=row["bytes"],
            lines=row["lines"],
            fragments=fragments,
            columns=tuple(row["columns"]),
            is_closed=row["is_closed"],
        )
        for fragment in fragments:
            name = digest(
                code_of_fragments(),
                pl.__version__,
                ordinal,
                delivery.content_hash,
                fragment.start,
                fragment.end,
                source.model_dump(mode="json", exclude={"endpoints", "deadline", "owner", "region"}),
                context.rules.fingerprint,
                length=20,
            )
            yield Piece(ordinal, source, delivery, fragment, name)


class _Readings:
    """Reads fragments; keeps what was read for the key in memory as long as the whole partition is small."""

    def __init__(self, context: Context, pieces: list[Piece]) -> None:
        self.context = context
        self.is_small = sum(p.fragment.end - p.fragment.start for p in pieces) <= KEPT_IN_MEMORY_BYTES
        self.kept: dict[str, Reading] = {}

    def identities(self, piece: Piece) -> pl.Series:
        """The identity hash of each readable record of the fragment."""
        rules, notations = self.context.rules, self.context.notations[piece.source.source]
        if self.is_small:
            reading = self.kept[piece.name] = self._read(piece, None)
        else:
            reading = self._read(piece, rules.key)
        return identities(_with_all_fields(reading.records, rules.key).lazy(), rules, notations)

    def texts(self, piece: Piece, names: list[str]) -> pl.DataFrame:
        """The fields `names` of each readable record of the fragment, as they are written."""
        kept = self.kept.get(piece.name)
        reading = self._read(piece, names) if kept is None else kept
        return _with_all_fields(reading.records, names).select(names)

    def read(self, piece: Piece) -> Reading:
        kept = self.kept.pop(piece.name, None)
        return self._read(piece, None) if kept is None else kept

    def _read(self, piece: Piece, columns: list[str] | None) -> Reading:
        source, store = piece.source, store_of(self.context.lake, piece.source.source)
        if columns is not None:
            source = source.model_copy(
                update={"fields": {n: f for n, f in source.fields.items() if n in columns}}
            )
        try:
            return read_fragment(source, piece.delivery, piece.fragment, store=store)
        except NotReadable as error:
            raise StepError(
                f"{piece.source.source}: a landed file is gone: {error}\nHint: land the source again"
            ) from error


def _with_all_fields(records: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """`records` with a null column for each field that the source does not have."""
    lacking = [pl.lit(None, pl.String).alias(name) for name in names if name not in records.columns]
    return records.with_columns(lacking) if lacking else records


def _triage_piece(
    context: Context,
    piece: Piece,
    own: pl.Series,
    shared: pl.Series,
    buckets: int,
    readings: _Readings,
    spelling: Spelling | None,
) -> dict[str, Any]:
    mine = own.filter(own.is_in(shared.implode())).unique().sort()
    contested_here = hashlib.sha256(mine.to_numpy().tobytes()).hexdigest()
    name = digest(piece.name, contested_here, buckets, fingerprint(spelling, context.rules), length=20)
    folder = context.work / "fragments"
    manifest = folder / f"{name}.json"
    clean = context.lake.staged(context.table("trusted"), context.partition, name)
    if (done := _done(manifest, clean)) is not None:
        return done
    reading = readings.read(piece)
    rules = context.rules
    base = piece.ordinal << ROW_BITS
    records = _with_all_fields(reading.records, list(rules.fields)).with_columns(
        (pl.col("_row").cast(pl.UInt64) + base).alias("_id"), pl.lit(piece.source.source).alias("_source")
    )
    judged = triage(
        records,
        rules,
        context.notations[piece.source.source],
        contested_identities=mine,
        suspicions=None if spelling is None else suspicions(records, spelling, rules),
    )
    del records
    folder.mkdir(parents=True, exist_ok=True)
    own.to_frame("_identity").write_parquet(folder / f"{name}.identities.parquet")
    known_sample(judged, rules).write_parquet(folder / f"{name}.known.parquet")
    _unreadable(piece, reading.unreadable).write_parquet(folder / f"{name}.unreadable.parquet")
    units = _write_units(folder, name, judged, buckets, rules)
    warned = judged.findings.join(judged.clean.select("_id"), on="_id", how="semi", maintain_order="left")
    warned.write_parquet(folder / f"{name}.warned.parquet")
    staged = _stage_clean(context, piece, name, judged.clean)
    content = {
        "name": name,
        "ordinal": piece.ordinal,
        "source": piece.source.source,
        "staged": None if staged is None else [staged.path, staged.rows, staged.bytes],
        "units": units,
        "warned": warned.height,
        "counts": _count(reading, judged),
    }
    write_json(manifest, content)
    return content


def _find_hard(context: Context, manifests: list[dict[str, Any]]) -> None:
    """Note, per bucket, the contested records that do not simply agree: all the others are settled as they stand."""
    folder = context.work / "hard"
    folder.mkdir(parents=True, exist_ok=True)
    for label in sorted({label for m in manifests for label in m["units"] if label.startswith("bucket-")}):
        names = [m["name"] for m in manifests if label in m["units"]]
        records, findings = (
            pl.concat(
                [
                    pl.read_parquet(
                        context.work / "fragments" / f"{n}.{label}.{kind}.parquet", columns=columns
                    )
                    for n in names
                ]
            )
            for kind, columns in (
                ("records", ["_id", "_identity", *context.rules.fields]),
                ("findings", ["_id"]),
            )
        )
        hard_records(records, findings, context.rules).select("_id").write_parquet(
            folder / f"{label}.parquet"
        )


def _done(manifest: Path, clean: Path) -> dict[str, Any] | None:
    if not manifest.exists():
        return None
    content = json.loads(manifest.read_text())
    return content if content["staged"] is None or clean.exists() else None


def _stage_clean(context: Context, piece: Piece, name: str, clean: pl.DataFrame) -> StagedFile | None:
    if clean.is_empty():
        return None
    frame = clean.select(
        "_source",
        pl.lit(piece.short_hash).alias("_delivery"),
        (pl.col("_id") % 2**ROW_BITS).cast(pl.Int64).alias("_row"),
        *context.rules.fields,
        *[c for c in ("_warnings",) if c in clean.columns],
    )
    return context.lake.stage(context.table("trusted"), context.partition, frame, name=name)


def _write_units(folder: Path, name: str, judged: Triage, buckets: int, rules: RuleSet) -> dict[str, int]:
    """Write the troubled records; returns, per file (`<unit>.<fragment>`), how many they are.

    Records alone in their identity are a unit of their own; contested ones go to the bucket of their identity.
    """
    written = {}
    for unit in split_units(name, judged):
        parts = {"alone": unit.frame}
        if unit.is_contested:
            number = (pl.col("_identity") // 128 % buckets).alias("bucket")
            grouped = unit.frame.with_columns(number).partition_by("bucket", as_dict=True, include_key=False)
            parts = {f"bucket-{key[0]:04d}": part for key, part in grouped.items()}
        for label, frame in parts.items():
            findings = unit.findings.join(frame.select("_id"), on="_id", how="semi", maintain_order="left")
            frame.drop(_copies(frame, rules)).write_parquet(
                folder / f"{name}.{label}.records.parquet", compression="lz4"
            )
            findings.write_parquet(folder / f"{name}.{label}.findings.parquet", compression="lz4")
            written[label] = frame.height
    return written


def _copies(frame: pl.DataFrame, rules: RuleSet) -> list[str]:
    """Raw texts that are the same as the value, and are not written twice."""
    texts = [name for name, spec in rules.fields.items() if spec.dtype == pl.String]
    same = frame.select(pl.col(RAW + name).eq_missing(pl.col(name)).all().alias(RAW + name) for name in texts)
    return [name for name, is_same in same.row(0, named=True).items() if is_same] if texts else []


def _unreadable(piece: Piece, lines: pl.DataFrame) -> pl.DataFrame:
    return lines.with_columns(pl.lit(piece.short_hash).alias("_delivery")).select(
        pl.col(name).cast(dtype) for name, dtype in UNREADABLE_SCHEMA.items()
    )


def _count(reading: Reading, judged: Triage) -> dict[str, int]:
    serious = judged.findings.filter(pl.col("severity") != "warning")
    kinds = serious.select(*IDENTITY, "kind").unique().group_by("kind").len()
    by_kind = dict(kinds.iter_rows())
    return {
        "lines": reading.lines,
        "unreadable": reading.unreadable.height,
        "continuation_lines": reading.continuation_lines,
        "records": judged.clean.height + judged.troubled.height,
        "clean": judged.clean.height,
        "contested": int(judged.troubled["_is_contested"].sum()),
        "malformed": by_kind.get("malformed", 0),
        "missing": by_kind.get("missing", 0),
        "out_of_domain": by_kind.get("out_of_domain", 0),
        "inconsistent": by_kind.get("inconsistent", 0),
        "findings": judged.findings.height,
    }


def _deliveries(pieces: list[Piece]) -> list[dict[str, Any]]:
    seen: dict[int, dict[str, Any]] = {}
    for piece in pieces:
        seen[piece.ordinal] = {
            "ordinal": piece.ordinal,
            "source": piece.source.source,
            "delivery": piece.short_hash,
            "path": piece.delivery.path,
            "lines": piece.delivery.lines,
        }
    return list(seen.values())


def _totals(manifests: list[dict[str, Any]]) -> dict[str, int]:
    names = manifests[0]["counts"] if manifests else {}
    return {name: sum(m["counts"][name] for m in manifests) for name in names}
