"""The misbehaving world itself: what it hands over, and that nothing is left of a fault that ended."""

import json
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from http.client import IncompleteRead
from pathlib import Path

import numpy as np
import pytest

from sources.chaos import contents, server
from sources.chaos.faults import FAULTS
from sources.chaos.sheet import FEW, Sheet
from sources.chaos.world import World
from sources.simulation import DamageRates

DAYS = ("2026-11-01", "2026-11-02")
LINES = tuple(f"P{n};C{n};M{n};{n},50;01.11.2026 10:{n:02d}" for n in range(40))
SHEET = Sheet("txn_ref;kunde;haendler;betrag;zeitpunkt", LINES, ";", "cp1252")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("world")
    with World(root, DAYS, records=30, seed=2, rates=DamageRates(share=0, broken_line_share=0)) as made:
        yield made


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def contents_of(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def fetched(world: World) -> bytes:
    with urllib.request.urlopen(f"{world.server.url}/gateway_a/{DAYS[1]}/payments.csv", timeout=2) as answer:
        return answer.read()


def rows_of(world: World) -> int:
    with closing(sqlite3.connect(world.database)) as database:
        return database.execute("SELECT count(*) FROM bookings").fetchone()[0]


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_is_left_of(name: str, world: World, rng: np.random.Generator, tmp_path: Path) -> None:
    before, rows = contents_of(world.root), rows_of(world)
    world.stores = {source: tmp_path / source / "landed" for source in ("gateway_a", "gateway_b", "ledger")}
    for source in FAULTS[name].strikes:
        FAULTS[name].inject(world, source, DAYS[1], rng)
        world.heal()
        assert contents_of(world.root) == before
        assert fetched(world) == world.sound("gateway_a", DAYS[1])
        assert rows_of(world) == rows
        assert not (tmp_path / source / "landed").is_file()


def test_the_server_refuses_and_listens_again_on_the_same_port(world: World) -> None:
    port = world.server.port
    world.server.refuse()
    with pytest.raises(urllib.error.URLError, match="refused"):
        fetched(world)
    world.server.heal()
    assert fetched(world)
    assert world.server.port == port


def test_the_server_sends_less_than_it_states(world: World) -> None:
    for manner in (server.close_half_way, server.state_length(10)):
        world.server.behave(manner)
        with pytest.raises(IncompleteRead):
            fetched(world)
        world.server.heal()


def test_the_server_is_at_first_busy(world: World) -> None:
    world.server.behave(server.at_first(server.answer(429, Retry_After="1")))
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetched(world)
    with refused.value as error:
        assert (error.code, error.headers["Retry-After"]) == (429, "1")
    assert fetched(world) == world.sound("gateway_a", DAYS[1])


def test_a_sheet_is_the_file_that_it_was_read_from(world: World) -> None:
    for source in ("gateway_a", "gateway_b"):
        assert world.sheet(source, DAYS[0]).content() == world.sound(source, DAYS[0])


def test_columns_move_together_with_their_names(rng: np.random.Generator) -> None:
    header, *lines = contents.columns_reordered(SHEET, rng).decode().splitlines()
    names = header.split(";")
    assert names != SHEET.columns
    assert sorted(names) == sorted(SHEET.columns)
    for line, sound in zip(lines, SHEET.lines, strict=True):
        assert dict(zip(names, line.split(";"), strict=True)) == dict(
            zip(SHEET.columns, sound.split(";"), strict=True)
        )


def test_objects_keep_what_they_hold_when_their_keys_are_turned(
    world: World, rng: np.random.Generator
) -> None:
    sheet = world.sheet("gateway_b", DAYS[0])
    turned = contents.columns_reordered(sheet, rng).decode().splitlines()
    assert list(map(json.loads, turned)) == list(map(json.loads, sheet.lines))
    assert list(json.loads(turned[0])) == list(json.loads(sheet.lines[0]))[::-1]


def test_a_cut_leaves_less_than_half_of_the_records(rng: np.random.Generator) -> None:
    whole = SHEET.content()
    for cut, is_whole_record in (
        (contents.cut_at_record_end, True),
        (contents.cut_in_mid_record, False),
        (contents.cut_in_last_value, False),
    ):
        begin = cut(SHEET, rng)
        assert whole.startswith(begin)
        assert begin.endswith(b"\n") == is_whole_record
        assert begin.count(b"\n") <= 1 + len(SHEET.lines) / 2


def test_a_cut_within_the_last_value_leaves_all_the_fields(rng: np.random.Generator) -> None:
    *_, last = contents.cut_in_last_value(SHEET, rng).decode().split("\n")
    assert last in [line[:-1] for line in LINES]


def test_euros_become_cents(rng: np.random.Generator) -> None:
    lines = contents.unit_changed(SHEET, rng).decode().splitlines()
    amounts = [line.split(";")[3] for line in lines]
    assert amounts[:4] == ["betrag", "50", "150", "250"]
    assert amounts[-1] == "3950"


def test_a_few_lines_and_no_others_are_broken(rng: np.random.Generator) -> None:
    for change, lines_more in (
        (contents.ragged_rows, 0),
        (contents.unquoted_delimiter, 0),
        (contents.extra_quote, 0),
        (contents.nul_bytes, 0),
        (contents.line_cut_in_two, FEW),
    ):
        lines = change(SHEET, rng).decode("cp1252").splitlines()[1:]
        assert len(lines) == len(SHEET.lines) + lines_more
        assert len(set(SHEET.lines) - set(lines)) == FEW
