"""Triage of a partition, fragment by fragment: each is read, judged, and written while the next one is judged."""

import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import polars as pl

from orchestration_assets.drift.mapping import mapped_source
from orchestration_assets.errors import StepError
from orchestration_assets.imputation import dependent as dependency
from orchestration_assets.imputation import plausible
from orchestration_assets.settlement.agreement import hard_records
from orchestration_assets.steps.context import Context, code_of_fragments
from orchestration_assets.steps.dependencies import learn_dependencies
from orchestration_assets.steps.fragments import (
    ROW_BITS,
    JudgedPiece,
    Piece,
    fragments_of,
    manifest_of,
    write_fragment,
)
from orchestration_assets.steps.known import delivery_of
from orchestration_assets.steps.landing import in_force, store_of
from orchestration_assets.steps.plausible import implausible_cells
from orchestration_assets.steps.shelf import SHELF
from orchestration_assets.steps.spelling import fingerprint, learn_spelling
from orchestration_assets.translation.spelling import Spelling, spelled_fields, suspicions
from sources.errors import NotReadable
from sources.reading import Reading, read_fragment
from validators.rules import digest
from validators.triage import Triage, contested, identities, triage

RECORDS_PER_BUCKET = 150_000
KEPT_IN_MEMORY_BYTES = 256 << 20
_SAYS_NOTHING_OF_RECORDS = {"endpoints", "deadline", "cadence", "max_stale", "owner", "region"}


@dataclass(frozen=True)
class OfPartition:
    """What was learned from all fragments before any is judged."""

    spelling: Spelling | None
    dependent: dependency.Dependent | None
    implausible: pl.DataFrame

    def cells_of(self, piece: Piece) -> pl.DataFrame:
        """What dependencies say of the records of one delivery."""
        if self.dependent is None:
            return pl.DataFrame(schema=dependency.CELLS)
        return self.dependent.cells.filter(_is_of(piece))

    def implausible_of(self, piece: Piece) -> pl.DataFrame:
        """What is implausible among the records of one delivery."""
        return self.implausible.filter(_is_of(piece))


def _is_of(piece: Piece) -> pl.Expr:
    first = piece.ordinal << ROW_BITS
    return pl.col("_id").is_between(first, first + (1 << ROW_BITS) - 1)


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
    names = [spec.name for spec in spelled_fields(context.rules)]
    spelling = learn_spelling(context, (readings.texts(piece, names) for piece in pieces)) if pieces else None
    dependent = learn_dependencies(context, lambda: map(readings.of_dependencies, pieces)) if pieces else None
    unusual = implausible_cells(context, readings.taken_compared())
    written: list[Future[dict[str, Any]]] = []
    with ThreadPoolExecutor(1, "triage-writer") as writer:
        for piece, own in zip(pieces, hashes, strict=True):
            write = _triage_piece(
                context, piece, own, shared, buckets, readings, OfPartition(spelling, dependent, unusual)
            )
            if written:
                written[-1].result()  # one is written while the next is judged: memory holds no more
            written.append(writer.submit(write))
    manifests = [fragment.result() for fragment in written]
    _find_hard(context, manifests)
    handed = {
        "deliveries": _deliveries(pieces),
        "fragments": manifests,
        "buckets": buckets,
        "counts": _totals(manifests),
        "personal": context.rules.personal,
        "contract": context.rules.told(),
        "seconds": time.perf_counter() - began,
    }
    return context.hand_over("triage", handed)


def _pieces(context: Context) -> Iterator[Piece]:
    for ordinal, (declared, row) in enumerate(in_force(context)):
        source = mapped_source(declared, row.get("mapping") or "")
        # One that stands in is read like any other.
        delivery = replace(delivery_of(row), partition=context.partition, status="landed")
        for fragment in delivery.fragments:
            name = digest(
                code_of_fragments(),
                pl.__version__,
                ordinal,
                delivery.content_hash,
                delivery.path,
                delivery.found,
                delivery.endpoint,
                fragment.start,
                fragment.end,
                source.model_dump(mode="json", exclude=_SAYS_NOTHING_OF_RECORDS),
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
        self.compared: dict[str, pl.DataFrame] = {}

    def identities(self, piece: Piece) -> pl.Series:
        """The identity hash of each readable record of the fragment; keeps what is compared of it (`taken_compared`)."""
        rules, notations = self.context.rules, self.context.notations[piece.source.source]
        names = plausible.fields_compared(rules)
        if self.is_small:
            reading = self.kept[piece.name] = self._read(piece, None)
        else:
            reading = self._read(piece, [*rules.key, *names])
        if names:
            records = _numbered(_with_all_fields(reading.records, names), piece)
            self.compared[piece.name] = plausible.compared(records, rules, notations)
        return identities(_with_all_fields(reading.records, rules.key).lazy(), rules, notations)

    def texts(self, piece: Piece, names: list[str]) -> pl.DataFrame:
        """The fields `names` of each readable record of the fragment, as they are written."""
        kept = self.kept.get(piece.name)
        reading = self._read(piece, names) if kept is None else kept
        return _with_all_fields(reading.records, names).select(names)

    def of_dependencies(self, piece: Piece) -> pl.DataFrame:
        """The good values of the fields that take part in a dependency, as text (`dependent.texts_of`)."""
        rules = self.context.rules
        names = dependency.fields_taking_part(rules)
        kept = self.kept.get(piece.name)
        reading = self._read(piece, names) if kept is None else kept
        records = _numbered(_with_all_fields(reading.records, names), piece)
        return dependency.texts_of(records, rules, self.context.notations[piece.source.source])

    def taken_compared(self) -> list[pl.DataFrame]:
        """What is compared of all fragments (`plausible.compared`), to be had once."""
        parts, self.compared = [self.compared[name] for name in sorted(self.compared)], {}
        return parts

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


def _numbered(records: pl.DataFrame, piece: Piece) -> pl.DataFrame:
    """`records` with their number in the partition and the name of their source."""
    number = pl.col("_row").cast(pl.UInt64) + (piece.ordinal << ROW_BITS)
    return records.with_columns(number.alias("_id"), pl.lit(piece.source.source).alias("_source"))


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
    learned: OfPartition,
) -> Callable[[], dict[str, Any]]:
    """Judge the fragment, unless that is done; returns what writes it, and returns its manifest."""
    mine = own.filter(own.is_in(shared.implode())).unique().sort()
    contested_here = hashlib.sha256(mine.to_numpy().tobytes()).hexdigest()
    spelling, cells = learned.spelling, learned.cells_of(piece)
    unusual = learned.implausible_of(piece)
    doubted = [
        hashlib.sha256(part.hash_rows(seed=1).to_numpy().tobytes()).hexdigest() for part in (cells, unusual)
    ]
    name = digest(
        piece.name, contested_here, buckets, fingerprint(spelling, context.rules), *doubted, length=20
    )
    if (done := manifest_of(context, name)) is not None:
        return lambda: done
    reading = readings.read(piece)
    rules, source = context.rules, piece.source.source
    records = _numbered(_with_all_fields(reading.records, list(rules.fields)), piece)
    found = [] if spelling is None else [suspicions(records, spelling, rules)]
    judged = triage(
        records,
        rules,
        context.notations[source],
        own=own,
        contested_identities=mine,
        suspicions=pl.concat(
            [
                *found,
                dependency.suspicions(records, cells, rules),
                plausible.suspicions(records, unusual, rules, context.notations[source]),
            ]
        ),
    )
    fragment = JudgedPiece(
        name, piece, judged, own, reading.unreadable, reading.mended, _count(reading, judged)
    )
    return partial(write_fragment, context, fragment, buckets)


def _find_hard(context: Context, manifests: list[dict[str, Any]]) -> None:
    """Note, per bucket, the contested records that do not simply agree: all the others are settled as they stand."""
    folder = context.work / "hard"
    folder.mkdir(parents=True, exist_ok=True)
    for label in sorted({label for m in manifests for label in m["units"] if label.startswith("bucket-")}):
        names = [m["name"] for m in manifests if label in m["units"]]
        records, findings = (
            pl.concat(
                [SHELF.get(fragments_of(context) / f"{n}.{label}.{kind}.parquet", columns) for n in names]
            )
            for kind, columns in (
                ("records", ["_id", "_identity", *context.rules.fields]),
                ("findings", ["_id"]),
            )
        )
        SHELF.put(folder / f"{label}.parquet", hard_records(records, findings, context.rules).select("_id"))


def _count(reading: Reading, judged: Triage) -> dict[str, int]:
    serious = judged.findings.filter(pl.col("severity") != "warning")
    by_kind = dict(serious.group_by("kind").agg(pl.col("_id").n_unique()).iter_rows())
    return {
        "lines": reading.lines,
        "unreadable": reading.unreadable.height,
        "mended": reading.mended.height,
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
            "endpoint": piece.delivery.endpoint,
            "path": piece.delivery.path,
            "lines": piece.delivery.lines,
        }
    return list(seen.values())


def _totals(manifests: list[dict[str, Any]]) -> dict[str, int]:
    names = manifests[0]["counts"] if manifests else {}
    return {name: sum(m["counts"][name] for m in manifests) for name in names}
