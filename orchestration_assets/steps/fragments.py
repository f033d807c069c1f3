"""The files of one fragment: clean records where they will be published, the others, unit by unit, aside.

They are named by the hash of all that went into them, and are not made again if they are there.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from orchestration_assets.lake import StagedFile, write_json
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.shelf import SHELF
from orchestration_assets.way import known_sample
from sources.declaration import Source
from sources.delivery import Delivery, Fragment
from sources.reading import lines as reading
from validators.judgement import FINDING_SCHEMA, RAW
from validators.rules import RuleSet
from validators.triage import Triage

ROW_BITS = 32

UNREADABLE_SCHEMA = pl.Schema({"_delivery": pl.String, **reading.UNREADABLE_SCHEMA, "_row": pl.Int64})
"""One row per line that is no record."""

MENDED_SCHEMA = pl.Schema({"_delivery": pl.String, **reading.MENDED_SCHEMA, "_row": pl.Int64})
"""One row per record that was made of broken lines."""


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


@dataclass(frozen=True)
class JudgedPiece:
    """A fragment, judged.

    `identities`: one hash per record; `unreadable`: one row per line that is no record; `mended`: one row per record that was
    made of broken lines.
    """

    name: str
    piece: Piece
    judged: Triage
    identities: pl.Series
    unreadable: pl.DataFrame
    mended: pl.DataFrame
    counts: dict[str, int]


def write_fragment(context: Context, fragment: JudgedPiece, buckets: int) -> dict[str, Any]:
    """Write what became of a fragment, its manifest last; returns the manifest."""
    name, piece, judged = fragment.name, fragment.piece, fragment.judged
    folder, rules = fragments_of(context), context.rules
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(1, "triage-stager") as stager:
        staging = stager.submit(_stage_clean, context, piece, name, judged.clean)
        units = _write_aside(folder, fragment, buckets, rules)
    staged = staging.result()
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
        "counts": fragment.counts,
    }
    write_json(folder / f"{name}.json", content)
    return content


def _write_aside(folder: Path, fragment: JudgedPiece, buckets: int, rules: RuleSet) -> dict[str, int]:
    """Write all but the clean records; returns what is in the units, as `_write_units`."""
    name, piece, judged = fragment.name, fragment.piece, fragment.judged
    fragment.identities.to_frame("_identity").write_parquet(
        folder / f"{name}.identities.parquet", compression="uncompressed"
    )
    known_sample(judged, rules).write_parquet(folder / f"{name}.known.parquet")
    for table, lines, schema in (
        ("unreadable", fragment.unreadable, UNREADABLE_SCHEMA),
        ("mended", fragment.mended, MENDED_SCHEMA),
    ):
        _of_lines(piece, lines, schema).write_parquet(folder / f"{name}.{table}.parquet")
    return _write_units(folder, name, judged, buckets, rules)


def fragments_of(context: Context) -> Path:
    """The folder of the fragments' files."""
    return context.work / "fragments"


def manifest_of(context: Context, name: str) -> dict[str, Any] | None:
    """The manifest of a fragment that was triaged before, if all that it names is there."""
    manifest = fragments_of(context) / f"{name}.json"
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
        pl.lit(piece.delivery.endpoint).alias("_endpoint"),
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


def _of_lines(piece: Piece, lines: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    return lines.with_columns(pl.lit(piece.short_hash).alias("_delivery")).select(
        pl.col(name).cast(dtype) for name, dtype in schema.items()
    )
