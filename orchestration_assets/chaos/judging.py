"""A round judged: where each record that the systems wrote went, and whether anything is wrong in silence."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from orchestration_assets.chaos.books import Book, Record
from orchestration_assets.chaos.taking import Taken
from orchestration_assets.steps.context import Context
from validators.parsing import read_back

PLACES = ("trusted", "held", "duplicate", "unreadable", "missing", "lost")
_NOT_SERVED = ("absent", "refused", "stale", "late", "waiting")
_ID = ["_source", "_delivery", "_row"]


@dataclass
class Judgement:
    """Records of a partition by where they went, and what must never be: `lost`, `twice` and `wrong` above 0.

    `fates`: source to place to records. `missing`: not there, and a status, a cut-off or the volume says so.
    `wrong`: trusted records with a value that the system did not write and no repair explains; `wrong_repairs`:
    cells that a repair in the ledger changed to a value that is not the true one.
    """

    fates: dict[str, Counter[str]] = field(default_factory=dict)
    twice: int = 0
    wrong: int = 0
    wrong_repairs: int = 0
    notes: list[str] = field(default_factory=list)

    def total(self, place: str) -> int:
        """The records of all sources that went there."""
        return sum(counts[place] for counts in self.fates.values())

    @property
    def offered(self) -> int:
        """The records that the systems wrote."""
        return sum(counts.total() for counts in self.fates.values())


def judge_round(context: Context, books: dict[str, Book], taken: Taken) -> Judgement:
    """Compare what the lake holds of the partition with what the systems wrote."""
    judgement = Judgement()
    trusted = _trusted(context)
    keys = Counter(record["payment_id"] for record in trusted)
    judgement.twice = sum(count - 1 for count in keys.values())
    _against_the_books(context, books, trusted, judgement)
    for source, book in books.items():
        fates = _fates(context, source, book, trusted)
        if fates["left"]:
            name = "missing" if _is_named(context, source, taken) else "lost"
            fates[name] += fates.pop("left")
        judgement.fates[source] = fates
    if (conserved := taken.checks.get("nothing_lost")) and not conserved.is_passed:
        judgement.notes.append(conserved.found)
        judgement.fates[next(iter(books))]["lost"] += int(conserved.numbers["lost"])
        judgement.twice += int(conserved.numbers["repeated"])
    return judgement


def _trusted(context: Context) -> list[Record]:
    """The trusted records, each with `_ledger`: field to (original, repaired) of its applied repairs."""
    table = context.lake.read(context.table("trusted"), context.partition)
    if table.is_empty():
        return []
    repairs = context.lake.read(context.table("repairs"), context.partition)
    ledger: dict[tuple[Any, ...], dict[str, tuple[Any, Any]]] = defaultdict(dict)
    if not repairs.is_empty():
        applied = repairs.filter(pl.col("status") == "applied").select(*_ID, "field", "original", "repaired")
        for *identity, name, original, repaired in applied.iter_rows():
            ledger[tuple(identity)].setdefault(name, (original, _value(context, name, repaired)))
    return [
        {**record, "_ledger": ledger.get(tuple(record[name] for name in _ID), {})}
        for record in table.to_dicts()
    ]


def _value(context: Context, name: str, text: str | None) -> Any:
    dtype = context.rules.schema[name]
    return pl.select(read_back(pl.lit(text, pl.String), dtype)).item()


def _against_the_books(
    context: Context, books: dict[str, Book], trusted: list[Record], judgement: Judgement
) -> None:
    fields = context.rules.schema.names()
    open_rows = {source: _rows_by_key(book) for source, book in books.items()}
    for record in trusted:
        book, by_key = books[record["_source"]], open_rows[record["_source"]]
        kept = [name for name in fields if name not in record["_ledger"]]
        unexplained = [n for n, (_, repaired) in record["_ledger"].items() if record[n] != repaired]
        rows = by_key[_written_key(record)]
        row = next((i for i in rows if all(record[n] == book.values[i][n] for n in kept)), None)
        if row is None or unexplained:
            judgement.wrong += 1
            judgement.notes.append(_told(record, book, kept, unexplained))
            continue
        rows.remove(row)
        true = book.truth[row]
        judgement.wrong_repairs += sum(
            record[n] is not None and record[n] != true[n] for n in record["_ledger"]
        )


def _rows_by_key(book: Book) -> dict[str | None, list[int]]:
    rows: dict[str | None, list[int]] = defaultdict(list)
    for row, text in enumerate(book.texts):
        rows[text["payment_id"]].append(row)
    return rows


def _told(record: Record, book: Book, kept: list[str], unexplained: list[str]) -> str:
    """Which fields of a wrong record are so: names and places, no values."""
    nearest = min(
        ([n for n in kept if record[n] != value[n]] for value in book.values), key=len, default=kept
    )
    fields = ", ".join(sorted({*nearest, *unexplained})) or "a record that was written once"
    return f"{record['_source']}, row {record['_row']} is trusted: nobody wrote {fields}"


def _fates(context: Context, source: str, book: Book, trusted: list[Record]) -> Counter[str]:
    """Place to records of the source; `left` are those that are in no place."""
    left = Counter(text["payment_id"] or "" for text in book.texts)
    fates: Counter[str] = Counter()
    mine = [record for record in trusted if record["_source"] == source]
    _move(left, fates, "trusted", [_written_key(record) for record in mine])
    for place, tables in {"held": ("review", "quarantine"), "duplicate": ("aside",)}.items():
        for table in tables:
            rows = context.lake.read(context.table(table), context.partition)
            if not rows.is_empty():
                keys = rows.filter(pl.col("_source") == source)["payment_id"].to_list()
                _move(left, fates, place, keys)
    _move(left, fates, "unreadable", _keys_in_unreadable(context, source, left))
    fates["left"] = left.total()
    return fates


def _written_key(record: Record) -> str | None:
    original, _ = record["_ledger"].get("payment_id", (record["payment_id"], None))
    return original


def _move(left: Counter[str], fates: Counter[str], place: str, keys: list[str | None]) -> None:
    for key in keys:
        if left[key or ""] > 0:
            left[key or ""] -= 1
            fates[place] += 1


def _keys_in_unreadable(context: Context, source: str, left: Counter[str]) -> list[str | None]:
    """The keys that stand in the bytes of unreadable lines, each once per line."""
    table = context.lake.read(f"{source}/unreadable", context.partition)
    if table.is_empty():
        return []
    lines = [raw.replace(b"\0", b"").decode("latin-1") for raw in table["bytes"].to_list()]
    open_keys = [key for key, count in left.items() if count > 0]
    return [key for line in lines for key in open_keys if (key and key in line) or (not key and line)]


def _is_named(context: Context, source: str, taken: Taken) -> bool:
    """Whether the lake says that records of the source may be missing."""
    if taken.failure:
        return True
    rows = context.lake.read(f"{source}/deliveries", context.partition)
    if rows.is_empty():
        return False
    latest = rows.filter(pl.col("is_latest"))
    not_served = latest.filter(pl.col("status").is_in(_NOT_SERVED) & (pl.col("reason") != ""))
    in_force = rows.filter(pl.col("is_in_force"))
    is_cut_off = not in_force.is_empty() and not bool(in_force["is_closed"].all())
    volume = taken.checks.get("volume")
    is_little = volume is not None and not volume.is_passed and source in volume.found
    return not not_served.is_empty() or is_cut_off or is_little
