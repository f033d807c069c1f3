"""The faults, by name: whom each can strike, and how it is injected. What should come of them is declared elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from sources.chaos import contents, server
from sources.chaos.sheet import Sheet
from sources.chaos.world import World

A, B, LEDGER = "gateway_a", "gateway_b", "ledger"

Inject = Callable[[World, str, str, np.random.Generator], None]


@dataclass(frozen=True)
class Fault:
    """One way to go wrong. `strikes`: the sources that it can strike; `inject(world, source, day, rng)` begins it."""

    name: str
    strikes: tuple[str, ...]
    inject: Inject


def _behaving(manner: server.Manner) -> Inject:
    return lambda world, _source, _day, _rng: world.server.behave(manner)


def _refuse(world: World, _source: str, _day: str, _rng: np.random.Generator) -> None:
    world.server.refuse()


def _refuse_beside_backup(world: World, source: str, day: str, _rng: np.random.Generator) -> None:
    world.server.refuse()
    backup = world.backup(source, day)
    backup.parent.mkdir(parents=True, exist_ok=True)
    backup.write_bytes(world.sound(source, day))


def _slow_down(world: World, _source: str, _day: str, _rng: np.random.Generator) -> None:
    once = server.at_first(server.answer(429, Retry_After="1"))
    world.server.behave(once)


def _short_length(world: World, source: str, day: str, rng: np.random.Generator) -> None:
    """State a length that ends within the last record of those that it still covers."""
    content = world.sound(source, day)
    kept = contents.cut_in_mid_record(world.sheet(source, day), rng)
    world.server.behave(server.state_length(len(kept) - len(content)))


def _written(change: Callable[[Sheet, np.random.Generator], bytes]) -> Inject:
    """Hand over the content as the change makes it, under the same name, its length rightly stated."""

    def inject(world: World, source: str, day: str, rng: np.random.Generator) -> None:
        world.file(source, day).write_bytes(change(world.sheet(source, day), rng))

    return inject


def _cut(change: Callable[[Sheet, np.random.Generator], bytes]) -> Inject:
    """Hand over the beginning; over HTTP without a length, so that only the bytes themselves can tell."""

    def inject(world: World, source: str, day: str, rng: np.random.Generator) -> None:
        if source == A:
            world.server.behave(server.without_length)
        world.file(source, day).write_bytes(change(world.sheet(source, day), rng))

    return inject


def _packed(change: Callable[[bytes, np.random.Generator], bytes]) -> Inject:
    """Hand over an archive instead; files get its ending behind their name."""

    def inject(world: World, source: str, day: str, rng: np.random.Generator) -> None:
        path = world.file(source, day)
        archive = change(world.sound(source, day), rng)
        if source == A:
            path.write_bytes(archive)
            return
        path.unlink()
        path.with_name(f"{path.name}.gz").write_bytes(archive)

    return inject


def _repeat(world: World, source: str, day: str, _rng: np.random.Generator) -> None:
    path = world.file(source, day)
    path.with_name(f"copy_of_{path.name}").write_bytes(world.sound(source, day))


def _repeat_in_another_order(world: World, source: str, day: str, rng: np.random.Generator) -> None:
    path = world.file(source, day)
    path.with_name(f"resent_{path.name}").write_bytes(contents.rows_reordered(world.sheet(source, day), rng))


def _late(world: World, source: str, day: str, _rng: np.random.Generator) -> None:
    if source == LEDGER:
        world.change_database("DELETE FROM bookings WHERE booking_day = ?", day)
    else:
        world.file(source, day).unlink()


def _older(world: World, source: str, day: str, _rng: np.random.Generator) -> None:
    before = world.days[world.days.index(day) - 1]
    world.file(source, day).write_bytes(world.sound(source, before))


def _lock(world: World, _source: str, _day: str, _rng: np.random.Generator) -> None:
    world.lock_database()


def _drop_table(world: World, _source: str, _day: str, _rng: np.random.Generator) -> None:
    world.change_database("ALTER TABLE bookings RENAME TO bookings_of_last_year")


def _rename_in_database(world: World, _source: str, _day: str, _rng: np.random.Generator) -> None:
    world.change_database("ALTER TABLE bookings RENAME COLUMN merchant TO payee")


def _corrupt_database(world: World, _source: str, _day: str, rng: np.random.Generator) -> None:
    world.corrupt_database(rng)


def _block_landing(world: World, source: str, _day: str, _rng: np.random.Generator) -> None:
    world.block_landing(source)


_FILES, _CSV, _ALL = (A, B), (A,), (A, B, LEDGER)

_FAULTS = (
    # the server
    Fault("connection_refused", _CSV, _refuse),
    Fault("connection_refused_backup_serves", _CSV, _refuse_beside_backup),
    Fault("hang", _CSV, _behaving(server.hang)),
    Fault("drip", _CSV, _behaving(server.drip)),
    Fault("answer_429", _CSV, _behaving(server.answer(429))),
    Fault("answer_429_retry_after", _CSV, _slow_down),
    Fault("answer_500", _CSV, _behaving(server.answer(500))),
    Fault("closed_half_way", _CSV, _behaving(server.close_half_way)),
    Fault("length_too_long", _CSV, _behaving(server.state_length(100))),
    Fault("length_too_short", _CSV, _short_length),
    # the database
    Fault("database_locked", (LEDGER,), _lock),
    Fault("database_without_table", (LEDGER,), _drop_table),
    Fault("database_column_renamed", (LEDGER,), _rename_in_database),
    Fault("database_corrupt", (LEDGER,), _corrupt_database),
    # deliveries as a whole
    Fault("late", (B, A, LEDGER), _late),
    Fault("older_delivered_again", _FILES, _older),
    Fault("delivered_twice", (B,), _repeat),
    Fault("delivered_twice_in_another_order", (B,), _repeat_in_another_order),
    Fault("empty", _FILES, _written(contents.empty)),
    Fault("header_only", _CSV, _written(contents.header_only)),
    Fault("cut_in_mid_record", _FILES, _cut(contents.cut_in_mid_record)),
    Fault("cut_in_last_value", _CSV, _cut(contents.cut_in_last_value)),
    Fault("cut_at_record_end", _FILES, _cut(contents.cut_at_record_end)),
    Fault("html_page", _FILES, _written(contents.html_page)),
    Fault("pdf", _FILES, _written(contents.pdf)),
    Fault("landing_unwritable", _ALL, _block_landing),
    # archives
    Fault("archive", _FILES, _packed(contents.packed)),
    Fault("archive_byte_flipped", _FILES, _packed(contents.packed_with_flipped_byte)),
    Fault("archive_truncated", _FILES, _packed(contents.packed_and_truncated)),
    # text
    Fault("encoding_utf_8", _CSV, _written(contents.in_encoding("utf-8"))),
    Fault("encoding_utf_8_with_mark", _CSV, _written(contents.in_encoding("utf-8-sig"))),
    Fault("encoding_utf_16", _FILES, _written(contents.in_encoding("utf-16"))),
    Fault("encoding_cp1252", (B,), _written(contents.in_encoding("cp1252"))),
    Fault("byte_order_mark", (B,), _written(contents.with_byte_order_mark)),
    Fault("mixed_line_ends", _FILES, _written(contents.mixed_line_ends)),
    Fault("nul_bytes", _FILES, _written(contents.nul_bytes)),
    Fault("delimiter_changed", _CSV, _written(contents.delimiter_changed)),
    Fault("preamble", _CSV, _written(contents.preamble)),
    Fault("two_tables", _CSV, _written(contents.two_tables)),
    Fault("ragged_rows", _FILES, _written(contents.ragged_rows)),
    Fault("unquoted_delimiter", _CSV, _written(contents.unquoted_delimiter)),
    Fault("extra_quote", _FILES, _written(contents.extra_quote)),
    Fault("line_cut_in_two", _FILES, _written(contents.line_cut_in_two)),
    # rows, columns, values
    Fault("rows_reordered", _FILES, _written(contents.rows_reordered)),
    Fault("columns_reordered", _FILES, _written(contents.columns_reordered)),
    Fault("column_renamed", _CSV, _written(contents.column_renamed)),
    Fault("column_renamed_to_nonsense", _CSV, _written(contents.column_renamed_to_nonsense)),
    Fault("column_dropped", _CSV, _written(contents.column_dropped)),
    Fault("column_added", _FILES, _written(contents.column_added)),
    Fault("unit_changed", _CSV, _written(contents.unit_changed)),
    Fault("clock_garbage", _FILES, _written(contents.clock_garbage)),
)
FAULTS = MappingProxyType({fault.name: fault for fault in _FAULTS})
"""Every fault by its name."""
