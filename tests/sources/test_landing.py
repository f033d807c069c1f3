"""Landing files: the very bytes are kept, and a delivery says what they are worth."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sources.connectors import files
from sources.connectors.payload import Payload
from sources.declaration import Source
from sources.delivery import Fragment
from sources.errors import PartitionRefused

DAY = "2026-11-23"
FIELDS = {"order_id": "id", "amount": "betrag"}
CSV = b"id;betrag\n1;2,50\n2;3,00\n"
PATHS = {"order_id": "id", "customer_id": "customer.ref"}


@pytest.fixture
def shop(declared: Callable[..., Source]) -> Source:
    return declared(FIELDS, delimiter=";")


@pytest.fixture
def json_shop(declared: Callable[..., Source]) -> Source:
    return declared(PATHS, format="ndjson")


def test_the_very_bytes_are_kept_under_their_hash(harbour, shop: Source) -> None:
    delivery = harbour.land_bytes(shop, CSV)
    digest = hashlib.sha256(CSV).hexdigest()
    assert delivery.content_hash == digest
    assert delivery.path == f"{DAY}/{digest}.csv"
    assert (harbour.store / delivery.path).read_bytes() == CSV
    assert [path.name for path in (harbour.store / DAY).iterdir()] == [f"{digest}.csv"]


def test_a_delivery_says_what_came_from_where(harbour, shop: Source) -> None:
    before = datetime.now(UTC)
    delivery = harbour.land_bytes(shop, CSV)
    assert (delivery.source, delivery.partition, delivery.name, delivery.endpoint) == (
        "shop",
        DAY,
        "data.csv",
        "files:0",
    )
    assert (delivery.status, delivery.reason) == ("landed", "")
    assert (delivery.bytes, delivery.lines, delivery.columns) == (24, 2, ("id", "betrag"))
    assert delivery.fragments == (Fragment(10, 24, 0),)
    assert delivery.is_closed
    assert before <= delivery.landed_at <= datetime.now(UTC)


def test_landing_again_changes_nothing_in_the_store(harbour, shop: Source) -> None:
    delivery = harbour.land_bytes(shop, CSV)
    path = harbour.store / delivery.path
    before = path.stat()
    assert harbour.land_bytes(shop, CSV).content_hash == delivery.content_hash
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_partial_files_of_processes_that_have_ended_are_removed(harbour, shop: Source) -> None:
    folder = harbour.store / DAY
    folder.mkdir(parents=True)
    for name, age in ((".landing-old", 25 * 3600), (".landing-new", 3600)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (time.time() - age,) * 2)
    harbour.land_bytes(shop, CSV)
    assert sorted(path.name for path in folder.glob(".*")) == [".landing-new"]


def test_a_damaged_file_in_the_store_is_replaced(harbour, shop: Source) -> None:
    path = harbour.store / harbour.land_bytes(shop, CSV).path
    path.write_bytes(CSV[:5])
    harbour.land_bytes(shop, CSV)
    assert path.read_bytes() == CSV


def test_each_matching_file_is_one_delivery_in_the_order_of_names(harbour, shop: Source) -> None:
    harbour.put(f"{DAY}/b.csv", CSV)
    harbour.put(f"{DAY}/a.csv", CSV + b"3;1,00\n")
    harbour.put(f"{DAY}/.hidden.csv", CSV)
    harbour.put(f"{DAY}/notes.txt", CSV)
    assert [(d.name, d.lines, d.status) for d in harbour.land(shop)] == [
        ("a.csv", 3, "landed"),
        ("b.csv", 2, "landed"),
    ]


def test_the_same_bytes_under_another_name_count_once(harbour, shop: Source) -> None:
    harbour.put(f"{DAY}/a.csv", CSV)
    harbour.put(f"{DAY}/b.csv", CSV)
    first, second = harbour.land(shop)
    assert (first.status, second.status) == ("landed", "refused")
    assert second.reason == "it holds the very bytes of a.csv"


def test_that_nothing_came_is_a_delivery_too(harbour, shop: Source) -> None:
    [delivery] = harbour.land(shop)
    assert (delivery.status, delivery.path, delivery.content_hash) == ("absent", "", "")
    assert delivery.reason == f"files:0: no file matches {DAY}/*.csv"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "0 bytes were delivered"),
        (b"id;betrag\n", "there is a header and no line of data"),
        (b"id;betrag", "there is a header and no line of data"),
        (b"id;amount\n1;2\n", "columns that the header of 2 columns lacks: betrag"),
        (b"id,betrag\n1,2\n", "columns that the header of 1 columns lacks: betrag, id"),
        (b"id;betrag;id\n1;2;3\n", "the header names columns twice: id"),
        (b"\0" * 5000, "the header holds NUL bytes: this is binary"),
        (b"PK\x03\x04[Content_Types].xml", "it is a workbook where csv is declared"),
        (b"PAR1\0\0PAR1", "it is Parquet where csv is declared"),
        (b"<html>\n<body>Sign in</body>\n", "columns that the header of 1 columns lacks: betrag, id"),
    ],
)
def test_worthless_csv_is_refused_and_kept(harbour, shop: Source, content: bytes, reason: str) -> None:
    delivery = harbour.land_bytes(shop, content)
    assert delivery.status == "refused"
    assert delivery.reason.startswith(reason)
    assert (harbour.store / delivery.path).read_bytes() == content


def test_a_header_that_is_not_in_the_declared_encoding_is_refused(
    harbour, declared: Callable[..., Source]
) -> None:
    source = declared(FIELDS, delimiter=";", encoding="utf-8")
    delivery = harbour.land_bytes(source, b"i\xe4;betrag\n1;2\n")
    assert (delivery.status, delivery.reason) == ("refused", "the header is not utf-8")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "0 bytes were delivered"),
        (b"<html>\n", "none of the first lines is a JSON object"),
        (b"[1]\n\n3\n", "none of the first lines is a JSON object"),
        (b'{"id": 1}\n' * 3, "columns that the first 200 lines lacks: customer.ref"),
        (
            b'{"id": 1}\n' * 200 + b'{"customer": {"ref": 1}}\n',
            "columns that the first 200 lines lacks: customer.ref",
        ),
    ],
)
def test_worthless_ndjson_is_refused_and_kept(
    harbour, json_shop: Source, content: bytes, reason: str
) -> None:
    delivery = harbour.land_bytes(json_shop, content)
    assert (delivery.status, delivery.reason) == ("refused", reason)
    assert (harbour.store / delivery.path).read_bytes() == content


def test_further_columns_are_named_and_accepted(harbour, shop: Source, json_shop: Source) -> None:
    delivery = harbour.land_bytes(shop, b'x;id;"bet""rag";betrag\n1;2;3;4\n')
    assert delivery.columns == ("x", "id", 'bet"rag', "betrag")
    assert delivery.extra_columns == ("x", 'bet"rag')
    harbour.put(
        f"{DAY}/data.ndjson", b'junk\n{"id":1,"customer":null,"a":{"b":[1]}}\n{"customer":{"ref":2,"c":{}}}\n'
    )
    [delivery] = harbour.land(json_shop)
    assert delivery.status == "landed"
    assert delivery.columns == ("id", "customer", "a.b", "customer.ref", "customer.c")
    assert delivery.extra_columns == ("a.b", "customer.c")


def test_a_column_that_is_optional_may_lack(harbour, declared: Callable[..., Source]) -> None:
    source = declared(FIELDS | {"note": {"from": "notiz", "optional": True}}, delimiter=";")
    assert harbour.land_bytes(source, CSV).status == "landed"


def test_a_file_without_a_last_line_end_is_not_closed(harbour, shop: Source) -> None:
    delivery = harbour.land_bytes(shop, CSV[:-1])
    assert (delivery.is_closed, delivery.lines, delivery.status) == (False, 2, "landed")


def test_a_byte_order_mark_is_no_part_of_the_first_column(harbour, shop: Source) -> None:
    delivery = harbour.land_bytes(shop, b"\xef\xbb\xbf" + CSV)
    assert (delivery.status, delivery.columns) == ("landed", ("id", "betrag"))


def test_fragments_end_at_the_first_line_end_behind_their_size_outside_of_quotes(
    harbour, shop: Source
) -> None:
    lines = [b"1;a\n", b'2;"b\n', b'c";\n'[:-1].replace(b";", b"") + b"\n", b"3;d\n", b"4;e\n"]
    delivery = harbour.land_bytes(shop, b"id;betrag\n" + b"".join(lines), fragment_bytes=6)
    # Bytes of data: 10-14 | 14-19 | 19-22 | 22-26 | 26-30.
    assert delivery.fragments == (Fragment(10, 22, 0), Fragment(22, 30, 3))


def test_a_quote_that_is_never_closed_does_not_make_one_fragment_of_the_rest(harbour, shop: Source) -> None:
    delivery = harbour.land_bytes(shop, b'id;betrag\n0;"\n' + b"1;2\n" * 1000, fragment_bytes=400)
    assert [f.end - f.start for f in delivery.fragments] == [800, *[400] * 8, 4]
    assert delivery.fragments[1].first_row == 200


def test_fragments_and_lines_do_not_depend_on_the_size_of_chunks(harbour, shop: Source, monkeypatch) -> None:
    content = b"id;betrag\r\n" + b"".join(b'%d;"a""\n%d"\r\n' % (i, i) for i in range(300)) + b"9;9"
    expected = harbour.land_bytes(shop, content, fragment_bytes=500)
    monkeypatch.setattr("sources.connectors.files.CHUNK_BYTES", 7)
    delivery = harbour.land_bytes(shop, content, fragment_bytes=500)
    assert (delivery.fragments, delivery.lines) == (expected.fragments, expected.lines)
    assert delivery.lines == 601
    assert delivery.fragments[0].start == 11
    assert delivery.fragments[-1].end == len(content)
    assert [a.end for a in delivery.fragments[:-1]] == [b.start for b in delivery.fragments[1:]]
    assert [content[: f.start].count(b"\n") - 1 for f in delivery.fragments] == [
        f.first_row for f in delivery.fragments
    ]


@pytest.mark.parametrize("partition", ["", "..", "a/b", "../x", "*", "a b", "x" * 300, "{partition}"])
def test_a_partition_that_could_lead_elsewhere_is_refused(harbour, shop: Source, partition: str) -> None:
    from sources.landing import land

    with pytest.raises(PartitionRefused, match="no name of a partition"):
        land(shop, partition, store=harbour.store, root=harbour.root)


def one_file(declared: Callable[..., Source], path: str) -> Source:
    return declared(FIELDS, endpoints=[{"kind": "files", "path": path}], delimiter=";")


def test_a_variable_of_the_environment_may_lead_anywhere(
    harbour, declared, tmp_path: Path, monkeypatch
) -> None:
    (tmp_path / "else[where]").mkdir()
    (tmp_path / "else[where]" / "orders.csv").write_bytes(CSV)
    monkeypatch.setenv("SHOP_FOLDER", str(tmp_path / "else[where]"))
    [delivery] = harbour.land(one_file(declared, "${SHOP_FOLDER}/*.csv"))
    assert (delivery.status, delivery.name) == ("landed", "orders.csv")


def test_a_variable_that_is_not_set_is_named(harbour, declared, monkeypatch) -> None:
    monkeypatch.delenv("SHOP_FOLDER", raising=False)
    [delivery] = harbour.land(one_file(declared, "${SHOP_FOLDER}/*.csv"))
    assert (delivery.status, delivery.reason) == (
        "absent",
        "files:0: the environment variable SHOP_FOLDER is not set",
    )


def test_the_value_of_a_variable_stands_in_no_message(harbour, declared, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("SHOP_FOLDER", str(tmp_path / "s3cret"))
    [delivery] = harbour.land(one_file(declared, "${SHOP_FOLDER}/orders.csv"))
    assert delivery.reason == "files:0: no file matches ${SHOP_FOLDER}/orders.csv"


def test_a_path_that_leaves_the_root_is_refused(harbour, declared, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "orders.csv").write_bytes(CSV)
    monkeypatch.setenv("SHOP_FOLDER", "..")
    [delivery] = harbour.land(one_file(declared, "${SHOP_FOLDER}/orders.csv"))
    assert (delivery.status, delivery.reason) == (
        "absent",
        "files:0: the path leaves its root folder through `..`",
    )


def test_a_link_that_a_delivery_brings_along_leads_nowhere(harbour, shop: Source, tmp_path: Path) -> None:
    (tmp_path / "private.csv").write_bytes(CSV)
    (harbour.root / DAY).mkdir()
    (harbour.root / DAY / "link.csv").symlink_to(tmp_path / "private.csv")
    [delivery] = harbour.land(shop)
    assert (delivery.status, delivery.reason) == (
        "absent",
        "files:0: link.csv is a link to a file outside of the folder",
    )


def two_folders(declared: Callable[..., Source]) -> Source:
    return declared(
        FIELDS,
        endpoints=[{"kind": "files", "path": f"{name}/*.csv"} for name in ("first", "backup")],
        delimiter=";",
    )


def test_the_first_endpoint_that_serves_wins(harbour, declared: Callable[..., Source]) -> None:
    harbour.put("first/a.csv", CSV)
    harbour.put("backup/b.csv", CSV + b"3;4\n")
    assert [d.endpoint for d in harbour.land(two_folders(declared))] == ["files:0"]


def test_an_endpoint_that_fails_is_followed_by_the_next(harbour, declared: Callable[..., Source]) -> None:
    harbour.put("backup/b.csv", CSV)
    assert [(d.endpoint, d.status) for d in harbour.land(two_folders(declared))] == [("files:1", "landed")]


def test_a_folder_that_cannot_be_looked_into_is_a_failure_of_its_endpoint(
    harbour, declared: Callable[..., Source], monkeypatch
) -> None:
    harbour.put("first/locked.csv", CSV)
    harbour.put("backup/b.csv", CSV)
    is_file = Path.is_file

    def denied(path: Path) -> bool:
        if path.name == "locked.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", denied)
    [delivery] = harbour.land(two_folders(declared))
    assert (delivery.endpoint, delivery.status) == ("files:1", "landed")
    assert delivery.tried[0].reason == "the files cannot be listed: Permission denied"


def test_links_in_a_circle_are_a_failure_of_their_endpoint(harbour, declared: Callable[..., Source]) -> None:
    harbour.put("backup/b.csv", CSV)
    (harbour.root / "first").symlink_to(harbour.root / "first")
    [delivery] = harbour.land(two_folders(declared))
    assert (delivery.endpoint, delivery.status) == ("files:1", "landed")
    assert delivery.tried[0].reason == "the files cannot be listed: their links go in a circle"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(5, "Input/output error"), "it cannot be read: Input/output error"),
        (ValueError("s3cret"), "a defect in reading it: ValueError in test_landing.py, line "),
    ],
)
def test_what_fails_in_one_endpoint_is_told_and_the_next_is_asked(
    harbour, declared: Callable[..., Source], monkeypatch, error: Exception, reason: str
) -> None:
    harbour.put("backup/b.csv", CSV)
    real = files.payloads

    def spoilt(endpoint, *args, **options) -> Iterator[Payload]:
        if endpoint.path.startswith("first"):
            raise error
        yield from real(endpoint, *args, **options)

    monkeypatch.setattr(files, "payloads", spoilt)
    [delivery] = harbour.land(two_folders(declared))
    assert (delivery.endpoint, delivery.status) == ("files:1", "landed")
    [tried] = delivery.tried
    assert tried.reason.startswith(reason)
    assert "s3cret" not in tried.reason


def test_a_store_that_cannot_be_written_is_no_failure_of_an_endpoint(harbour, shop: Source) -> None:
    harbour.store.write_text("a file where the folder should be")
    with pytest.raises(NotADirectoryError):
        harbour.land_bytes(shop, CSV)


def test_an_endpoint_that_hands_over_nothing_of_worth_is_followed_by_the_next(harbour, declared) -> None:
    harbour.put("first/a.csv", b"<html>\n")
    harbour.put("backup/b.csv", CSV)
    assert [(d.endpoint, d.status) for d in harbour.land(two_folders(declared))] == [
        ("files:0", "refused"),
        ("files:1", "landed"),
    ]


def test_where_all_endpoints_fail_each_says_why(harbour, declared: Callable[..., Source]) -> None:
    [delivery] = harbour.land(two_folders(declared))
    assert delivery.reason == "files:0: no file matches first/*.csv; files:1: no file matches backup/*.csv"
