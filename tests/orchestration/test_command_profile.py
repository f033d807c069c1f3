"""`breakwater profile`: what it drafts loads, passes the check, and can be run; it touches nothing that is in use."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import polars as pl
import pytest

import validators.contracts
from orchestration_assets.cli import main
from orchestration_assets.feed import load_feeds
from orchestration_assets.lake import Lake
from orchestration_assets.profiling.columns import name_for, profiled
from orchestration_assets.profiling.patterns import pattern_of
from orchestration_assets.profiling.recognising import form_of
from orchestration_assets.settings import settings
from orchestration_assets.steps.context import Context, rules_of
from orchestration_assets.steps.landing import land_sources
from sources.landing import land
from sources.simulation import simulate

DAY = "2026-11-01"
SHOP = "Order ID;Ordered at;Price EUR;Country;Contact mail;Paid;Comment\n" + "".join(
    f"O{i:05d};{i % 28 + 1:02d}.11.2026 10:{i % 60:02d};{i},50;{('DE', 'FR')[i % 2]};c{i}@example.org;{('yes', 'no')[i % 2]};"
    f"free text {i * 7919}\n"
    for i in range(1, 200)
)


@pytest.fixture
def drafts(place, surroundings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for drafts, in which the settings look for sources and feeds, and Python for contracts."""
    surroundings(place)
    folder = tmp_path / "drafts"
    monkeypatch.setattr(
        validators.contracts, "__path__", [*validators.contracts.__path__, str(folder / "contracts")]
    )
    return folder


def use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BREAKWATER_CATALOG", str(folder / "catalog"))
    monkeypatch.setenv("BREAKWATER_FEEDS", str(folder / "feeds"))


def profile(file: Path | str, folder: Path, *more: str) -> int:
    return main(["profile", str(file), "--out", str(folder), *more])


def checked(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> str:
    """What `breakwater check` says of the drafts."""
    use(folder, monkeypatch)
    capsys.readouterr()
    main(["check"])
    return capsys.readouterr().out


def landed_status(folder: Path, name: str, tmp_path: Path) -> tuple[str, int]:
    declared = load_feeds(folder / "feeds", folder / "catalog").of(name)
    counts = land_sources(Context(declared, Lake(tmp_path / "lake2"), "all", tmp_path))
    return counts[name]["status"], counts[name]["lines"]


@pytest.mark.parametrize(("name", "lines"), [("flights", 2376), ("beers", 2410), ("hospital", 1000)])
def test_drafts_of_published_data_load_and_land(
    drafts: Path, monkeypatch, capsys, tmp_path: Path, name: str, lines: int
) -> None:
    file = settings().reference / name / "dirty.csv"
    if not file.exists():
        pytest.skip("the reference data are not there")
    new = f"profiled_{name}"
    assert profile(file, drafts, "--name", new) == 0
    assert "no mistakes" in checked(drafts, monkeypatch, capsys)
    assert rules_of(f"validators.contracts.{new}:{new.title().replace('_', '')}").key
    assert landed_status(drafts, new, tmp_path) == ("landed", lines)


@pytest.mark.parametrize("source", ["gateway_a", "gateway_b", "ledger"])
def test_drafts_of_each_simulated_system_load_and_map_onto_its_own_feed(
    drafts: Path, place, monkeypatch, capsys, tmp_path: Path, source: str
) -> None:
    simulate(place.outside, [DAY], records=500, seed=5)
    declared = {s.source: s for s in place.context().sources}[source]
    [delivery] = land(declared, DAY, store=tmp_path / "store", root=place.outside)
    file = tmp_path / "store" / delivery.path
    assert profile(file, drafts, "--name", f"new_{source}") == 0
    assert profile(file, tmp_path / "mapped", "--name", "mapped", "--feed", "payments") == 0
    assert "no mistakes" in checked(drafts, monkeypatch, capsys)
    feed = (place.feeds / "payments.yaml").read_text()
    (drafts / "catalog" / "mapped.yaml").write_text(
        (tmp_path / "mapped" / "catalog" / "mapped.yaml").read_text()
    )
    (drafts / "feeds" / "payments.yaml").write_text(feed.replace("[gateway_a, gateway_b, ledger]", "[]"))
    assert "no mistakes" in checked(drafts, monkeypatch, capsys)
    [mapped] = load_feeds(drafts / "feeds", drafts / "catalog").feeds["payments"].sources
    wrong = {name: column for name, column in mapped.columns.items() if declared.columns[name] != column}
    assert wrong == {}
    assert {"payment_id", "email"} <= set(mapped.columns)


def test_a_draft_says_what_the_file_shows(drafts: Path, tmp_path: Path) -> None:
    file = tmp_path / "Shop Orders.csv"
    file.write_bytes(SHOP.encode("cp1252"))
    assert profile(file, drafts) == 0
    contract = (drafts / "contracts" / "shop_orders.py").read_text()
    source = (drafts / "catalog" / "shop_orders.yaml").read_text()
    for told in ('order_id: str = field(\n        key=True,\n        str_matches=r"^O[0-9]{5}$"', "gt=0", 'translate="money"',
                 "isin=ISO_3166", "personal=True", "paid: bool"):  # fmt: skip
        assert told in contract
    assert "notation: {format: csv, delimiter: detected, quote: detected, encoding: detected" in source
    assert 'found in the file: delimiter ";"' in source
    assert "decimal: ','" in source
    assert "ordered_at: {from: Ordered at, datetime: '%d.%m.%Y %H:%M'}" in source
    assert "example.org" not in contract + source


def test_nothing_that_is_in_use_or_there_already_is_touched(
    drafts: Path, place, tmp_path: Path, monkeypatch, capsys
) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(SHOP)
    monkeypatch.setenv("BREAKWATER_CATALOG", str(drafts / "catalog"))
    assert profile(file, drafts) == 1
    assert "would be in use at once" in capsys.readouterr().err
    assert not drafts.exists()
    monkeypatch.setenv("BREAKWATER_CATALOG", str(place.catalog))
    assert profile(file, drafts) == 0
    before = {path: path.read_text() for path in drafts.rglob("*.*")}
    assert profile(file, drafts) == 1
    assert "is there already" in capsys.readouterr().err
    assert {path: path.read_text() for path in drafts.rglob("*.*")} == before


def test_json_has_the_drafts_and_the_columns_and_no_personal_value(
    drafts: Path, tmp_path: Path, capsys
) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(SHOP)
    assert main(["profile", str(file), "--json"]) == 0
    told = capsys.readouterr().out
    assert "example.org" not in told
    found = json.loads(told)
    assert set(found["files"]) == {"contracts/orders.py", "feeds/orders.yaml", "catalog/orders.yaml"}
    assert [column["column"] for column in found["columns"]][:2] == ["Order ID", "Ordered at"]


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "0 bytes"), (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 20, "no table"), (b"a;b\n", "no line of data")],
)
def test_what_is_no_table_is_refused_in_words(tmp_path: Path, capsys, content: bytes, told: str) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(content)
    assert main(["profile", str(file)]) == 1
    assert told in capsys.readouterr().err


def test_a_file_that_is_not_there_and_a_feed_that_is_not_are_told(tmp_path: Path, capsys) -> None:
    assert main(["profile", str(tmp_path / "nowhere.csv")]) == 1
    assert "there is no file" in capsys.readouterr().err


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(SHOP.encode())

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Server) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/orders.csv"
        server.shutdown()
        thread.join()


def test_an_address_is_read_and_one_with_a_secret_stands_in_a_variable(address: str, capsys) -> None:
    assert main(["profile", address]) == 0
    assert f"url: '{address}'" in capsys.readouterr().out.replace('"', "'").replace(
        f"url: {address}", f"url: '{address}'"
    )
    assert main(["profile", f"{address}?token=hush"]) == 0
    told = capsys.readouterr().out
    assert "hush" not in told
    assert "${ORDERS_URL}" in told


@pytest.mark.parametrize(
    "place",
    [
        "http://bob:hunter2@127.0.0.1/x.csv",
        "http://[hunter2/x.csv",
        "http://127.0.0.1:hunter2/x.csv",
        "http:///hunter2.csv",
        "https://hunter2@/x.csv",
    ],
)
def test_an_address_that_cannot_be_used_is_told_and_not_repeated(place: str, capsys) -> None:
    assert main(["profile", place]) == 1
    told = capsys.readouterr()
    assert "the address" in told.err
    assert "Hint: " in told.err
    assert "hunter2" not in told.err + told.out
    assert "Traceback" not in told.err


def test_a_name_that_is_a_value_here_and_an_object_there_is_profiled(drafts: Path, tmp_path: Path) -> None:
    file = tmp_path / "mixed.ndjson"
    file.write_text(
        "".join(f'{{"id": "A{i:04d}", "note": {n}}}\n' for i in range(50) for n in ("1", '{"a": 2}'))
    )
    assert profile(file, drafts) == 0
    assert "note.a" in (drafts / "catalog" / "mixed.yaml").read_text()


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"a,b\n1,2\n3,4\n", "csv"),
        (b"[id],[name]\n1,x\n", "csv"),
        (b"{id},{name}\n1,x\n", "csv"),
        (b'{"a": 1}\n{"a": 2}\n', "ndjson"),
        (b'{"a": 1, "tags": ["x"]}\n', "ndjson"),
        (b'\xef\xbb\xbfnoise\n{"a": 1}\n{"a": 2}\n{"a": 3}\n{"a"', "ndjson"),
        (b'[{"a": 1},\n {"a": 2}]', "json"),
        (b'{"data": [{"a": 1}, {"a": 2}], "tags": ["x"]}\n', "json"),
        (b'{\n "data": [\n  {"a": 1}\n ]\n}\n', "json"),
        (b"PAR1\x15\x04", "parquet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "excel"),
        (b"PK\x03\x04....[Content_Types].xml", "excel"),
    ],
)
def test_the_format_is_told_from_the_first_bytes(head: bytes, expected: str) -> None:
    assert form_of(head) == expected


@pytest.mark.parametrize(
    ("texts", "pattern"),
    [
        (["P001", "P002"], "^P[0-9]{3}$"),
        (["AB-1", "CD-22"], "^[A-Z]{2}-[0-9]+$"),
        (["a.b", "c.d"], r"^[a-z]\.[a-z]$"),
        (["one two", "three", "4", "!!"], ""),
    ],
)
def test_a_pattern_is_told_from_the_values(texts: list[str], pattern: str) -> None:
    assert pattern_of(pl.Series("t", texts), share=0.9) == pattern


@pytest.mark.parametrize(
    ("column", "texts", "type_"),
    [
        ("zip", ["01234", "99999"], "str"),
        ("customer_id", ["1", "2"], "str"),
        ("count", ["1", "2"], "int"),
        ("ratio", ["0.5", "0.25"], "float"),
        ("created", ["1793520000", "1793520001"], "moment"),
        ("day", ["2026-11-01", "2026-11-02"], "day"),
        ("is_paid", ["true", "false"], "bool"),
    ],
)
def test_a_type_is_told_from_the_values_and_the_name(column: str, texts: list[str], type_: str) -> None:
    assert profiled(column, pl.Series(column, texts)).type == type_


def test_which_of_day_and_month_stands_first_is_asked_where_no_value_tells() -> None:
    told = profiled("at", pl.Series("at", ["01/02/2026 10:00", "03/04/2026 11:00"]))
    assert "no value says whether day or month stands first" in told.remarks
    told = profiled("at", pl.Series("at", ["01/02/2026 10:00", "03/14/2026 11:00"]))
    assert (told.datetime, len(told.remarks)) == ("%m/%d/%Y %H:%M", 1)


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("Order ID", "order_id"),
        ("orderId", "order_id"),
        ("2nd", "column_2nd"),
        ("Größe", "groesse"),
        ("class", "class_2"),
    ],
)
def test_a_field_has_a_name_that_python_and_pandera_take(column: str, name: str) -> None:
    assert name_for(column, {"class"}) == name
