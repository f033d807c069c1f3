"""Triage of a partition, fragment by fragment: clean records are written where they will be published, the others aside.

A fragment's files are named by the hash of all that went into them, and are not made again if they are there.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from orchestration_assets.errors import StepError
from orchestration_assets.lake import StagedFile, write_json
from orchestration_assets.settlement.agreement import hard_records
from orchestration_assets.steps.context import Context, code_of_fragments
from orchestration_assets.steps.landing import in_force, store_of
from orchestration_assets.steps.shelf import SHELF
from orchestration_assets.way import known_sample
from sources.declaration import Source
from sources.delivery import Delivery, Fragment
from sources.errors import NotReadable
from sources.reading import Reading, read_fragment
from validators.judgement import FINDING_SCHEMA, RAW
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
    SHELF.forget(context.work)
    pieces = list(_pieces(context))
    readings = _Readings(context, pieces)
    with ThreadPoolExecutor(2, "triage-reader") as readers:  # reading uses one core much of the time
        hashes = list(readers.map(readings.identities, pieces))
    shared = contested(hashes) if hashes else pl.Series("_identity", [], pl.UInt64)
    buckets = max(1, -(-2 * shared.len() // RECORDS_PER_BUCKET))
    written: list[Future[dict[str, Any]]] = []
    with ThreadPoolExecutor(1, "triage-writer") as writer:
        for piece, own in zip(pieces, hashes, strict=True):
            write = _triage_piece(context, piece, own, shared, buckets, readings)
            if written:
                written[
                    -1
                ].result()  # one fragment is written while the next is judged: no more are held in memory
            written.append(writer.submit(write))
    manifests = [fragment.result() for fragment in written]
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
    context: Context, piece: Piece, own: pl.Series, shared: pl.Series, buckets: int, readings: _Readings
) -> Callable[[], dict[str, Any]]:
    """Judge the fragment, unless that is done; returns what writes it, and returns its manifest."""
    mine = own.filter(own.is_in(shared.implode())).unique().sort()
    name = digest(piece.name, hashlib.sha256(mine.to_numpy().tobytes()).hexdigest(), buckets, length=20)
    if (done := _done(context, name)) is not None:
        return lambda: done
    reading = readings.read(piece)
    rules, source = context.rules, piece.source.source
    records = _with_all_fields(reading.records, list(rules.fields)).with_columns(
        (pl.col("_row").cast(pl.UInt64) + (piece.ordinal << ROW_BITS)).alias("_id"),
        pl.lit(source).alias("_source"),
    )
    judged = triage(records, rules, context.notations[source], own=own, contested_identities=mine)
    counts = _count(reading, judged)
    return partial(_write, context, piece, name, judged, own, reading.unreadable, buckets, counts)


def _write(
    context: Context,
    piece: Piece,
    name: str,
    judged: Triage,
    own: pl.Series,
    unreadable: pl.DataFrame,
    buckets: int,
    counts: dict[str, int],
) -> dict[str, Any]:
    """Write what became of a fragment, its manifest last; returns the manifest."""
    folder, rules = _fragments(context), context.rules
    folder.mkdir(parents=True, exist_ok=True)
    staged = _stage_clean(context, piece, name, judged.clean)
    own.to_frame("_identity").write_parquet(folder / f"{name}.identities.parquet", compression="uncompressed")
    known_sample(judged, rules).write_parquet(folder / f"{name}.known.parquet")
    _unreadable(piece, unreadable).write_parquet(folder / f"{name}.unreadable.parquet")
    units = _write_units(folder, name, judged, buckets, rules)
    warned = judged.findings.filter(pl.col("severity") == "warning")
    warned = warned.join(judged.clean.select("_id"), on="_id", how="semi", maintain_order="left")
    warned.write_parquet(folder / f"{name}.warned.parquet")
    content = {
        "name": name,
        "ordinal": piece.ordinal,
        "source": piece.source.source,
        "staged": None if staged is None else [staged.path, staged.rows, staged.bytes],
        "units": units,
        "warned": warned.height,
        "counts": counts,
    }
    write_json(folder / f"{name}.json", content)
    return content


def _fragments(context: Context) -> Path:
    """The folder of the fragments' files."""
    return context.work / "fragments"


def _find_hard(context: Context, manifests: list[dict[str, Any]]) -> None:
    """Note, per bucket, the contested records that do not simply agree: all the others are settled as they stand."""
    folder = context.work / "hard"
    folder.mkdir(parents=True, exist_ok=True)
    for label in sorted({label for m in manifests for label in m["units"] if label.startswith("bucket-")}):
        names = [m["name"] for m in manifests if label in m["units"]]
        records, findings = (
            pl.concat(
                [SHELF.get(_fragments(context) / f"{n}.{label}.{kind}.parquet", columns) for n in names]
            )
            for kind, columns in (
                ("records", ["_id", "_identity", *context.rules.fields]),
                ("findings", ["_id"]),
            )
        )
        SHELF.put(folder / f"{label}.parquet", hard_records(records, findings, context.rules).select("_id"))


def _done(context: Context, name: str) -> dict[str, Any] | None:
    """The manifest of a fragment that was triaged before, if all that it names is there."""
    manifest = _fragments(context) / f"{name}.json"
    if not manifest.exists():
        return None
    content = json.loads(manifest.read_text())
    clean = context.lake.staged(context.table("trusted"), context.partition, name)
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
    for label, frame, findings in _parts(judged, buckets):
        SHELF.put(folder / f"{name}.{label}.records.parquet", frame.drop(_copies(frame, rules)))
        SHELF.put(folder / f"{name}.{label}.findings.parquet", findings)
        written[label] = frame.height
    return written


def _parts(judged: Triage, buckets: int) -> Iterator[tuple[str, pl.DataFrame, pl.DataFrame]]:
    """Label, records and findings of each unit's part: most records are alone, and are not sorted into buckets."""
    records, is_contested = judged.troubled, judged.troubled["_is_contested"]
    number = (pl.col("_identity") // 128 % buckets).alias("_bucket")
    contested = records.filter(is_contested).with_columns(number)
    is_of_contested = judged.findings["_id"].is_in(contested["_id"].implode())
    if contested.height < records.height:
        yield "alone", records.filter(~is_contested), judged.findings.filter(~is_of_contested)
    numbers = contested.select("_id", "_bucket")
    findings = judged.findings.filter(is_of_contested).join(numbers, on="_id", maintain_order="left")
    found = findings.partition_by("_bucket", as_dict=True, include_key=False)
    for key, frame in contested.partition_by("_bucket", as_dict=True, include_key=False).items():
        yield f"bucket-{key[0]:04d}", frame, found.get(key, FINDING_SCHEMA.to_frame())


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
    by_kind = dict(serious.group_by("kind").agg(pl.col("_id").n_unique()).iter_rows())
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
