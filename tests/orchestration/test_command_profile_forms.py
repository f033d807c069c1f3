"""`breakwater profile` of other forms than plain lines: what it proposes is checked, and lands the very file."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
import zstandard

import validators.contracts
from orchestration_assets.cli import main
from orchestration_assets.feed import load_feeds
from orchestration_assets.profiling import taking
from orchestration_assets.profiling.recognising import declarable, header_of
from sources.landing import land
from sources.reading import read_fragment

ROWS = [(f"O{i:03d}", f"{i}.50", ("paid", "open")[i % 2]) for i in range(1, 41)]
NAMES = ("order_id", "price", "state")
CSV = "\n".join(",".join(row) for row in (NAMES, *ROWS)) + "\n"
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in ROWS]


def parquet() -> bytes:
    out = io.BytesIO()
    pl.DataFrame(RECORDS).write_parquet(out)
    return out.getvalue()


def workbook(*, preamble: int = 0, header: tuple[str, ...] = NAMES) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("Orders")
        for line in range(preamble):
            sheet.write(line, 0, "Orders of November")
        for line, row in enumerate((header, *ROWS), preamble):
            sheet.write_row(line, 0, row)
    return out.getvalue()


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def drafts(place, surroundings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for drafts, in which Python looks for contracts, too."""
    surroundings(place)
    folder = tmp_path / "drafts"
    monkeypatch.setattr(
        validators.contracts, "__path__", [*validators.contracts.__path__, str(folder / "contracts")]
    )
    return folder


def proposed(content: bytes, drafts: Path, monkeypatch, capsys, name: str) -> tuple[pl.DataFrame, str]:
    """The records that the proposed source lands of the very file, in its canonical columns, and the source's YAML."""
    file = drafts.parent / f"{name}.bin"
    file.write_bytes(content)
    assert main(["profile", str(file), "--out", str(drafts), "--name", name]) == 0
    monkeypatch.setenv("BREAKWATER_CATALOG", str(drafts / "catalog"))
    monkeypatch.setenv("BREAKWATER_FEEDS", str(drafts / "feeds"))
    capsys.readouterr()
    main(["check"])
    assert "no mistakes" in capsys.readouterr().out
    [source] = load_feeds(drafts / "feeds", drafts / "catalog").of(name).sources
    store = drafts.parent / "store"
    landed = [d for d in land(source, "all", store=store, root=drafts.parent) if d.status == "landed"]
    parts = [
        read_fragment(source, delivery, fragment, store=store).records
        for delivery in landed
        for fragment in delivery.fragments
    ]
    return pl.concat(parts).drop("_row"), (drafts / "catalog" / f"{name}.yaml").read_text()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("form_parquet", parquet(), ["{format: parquet}"]),
        ("form_workbook", workbook(), ["{format: excel}", 'sheet "Orders"']),
        ("form_workbook_late", workbook(preamble=2), ["{format: excel}", "preamble 2"]),
        ("form_gzip", gzip.compress(CSV.encode()), ["format: csv", 'compression "gzip"']),
        ("form_zstd", zstandard.compress(CSV.encode()), ["format: csv", 'compression "zstd"']),
        (
            "form_zip",
            zipped(**{"README.txt": b"Read me\nplease\n", "orders.csv": CSV.encode()}),
            ["format: csv", 'member "orders.csv"', "beside it in the archive"],
        ),
        ("form_zip_workbook", zipped(**{"orders.xlsx": workbook()}), ["{format: excel}", 'compression "zip"']),
        ("form_gzip_json", gzip.compress(json.dumps(RECORDS).encode()), ["format: json", 'compression "gzip"']),
        ("form_utf16", CSV.encode("utf-16"), ["format: csv", "encoding: detected", 'encoding "utf-16-le"']),
        ("form_utf16_bare", CSV.encode("utf-16-be"), ["format: csv", 'encoding "utf-16-be"']),
        ("form_array", json.dumps(RECORDS).encode(), ["{format: json, encoding: detected}"]),
        ("form_array_wide", json.dumps(RECORDS, indent=1).encode("utf-16"), ["format: json"]),
        ("form_document", json.dumps({"count": 40, "data": RECORDS}, indent=2).encode(), ["format: json"]),
        ("form_document_short", json.dumps({"data": RECORDS}).encode() + b"\n", ["format: json"]),
        ("form_lines", "\n".join(map(json.dumps, RECORDS)).encode(), ["{format: ndjson, encoding: detected}"]),
        ("form_preamble", f"Orders of November, all\n\n{CSV}".encode(), ["format: csv", "preamble 2"]),
        ("form_tabs", CSV.replace(",", "\t").encode(), ['delimiter "\\t"']),
        ("form_returns", CSV.replace("\n", "\r").encode(), ['line_ends "\\r"']),
        ("form_quotes", "".join("'" + line.replace(",", "','") + "'\n" for line in CSV.splitlines()).encode(), ["quote \"'\""]),
    ],
)  # fmt: skip
def test_what_is_proposed_for_a_form_lands_the_very_file(
    drafts: Path, monkeypatch, capsys, name: str, content: bytes, told: list[str]
) -> None:
    records, source = proposed(content, drafts, monkeypatch, capsys, name)
    assert records.select(NAMES).rows() == ROWS
    assert [words for words in told if words not in source] == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("twice_csv", b"a,a,b,\n" + b"".join(b"%d,%d,x%d,\n" % (i, i + 1, i) for i in range(50))),
        ("twice_workbook", workbook(header=("a", "a", "b"))),
    ],
)
def test_columns_that_a_header_names_twice_or_not_at_all_are_left_out_and_told(
    drafts: Path, monkeypatch, capsys, name: str, content: bytes
) -> None:
    records, source = proposed(content, drafts, monkeypatch, capsys, name)
    assert records.columns == ["b"]
    assert "# the header has 2 columns named `a`: none of them is proposed" in source
    assert ("# columns without a name, which are not proposed: 4" in source) == (name == "twice_csv")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a,a\n1,2\n3,4\n", "2 columns named `a`"),
        (b"PAR1 and nothing more", "no whole Parquet file"),
        (workbook()[:900], "no whole workbook"),
        (gzip.compress(b"\x89PNG\0\0\0" * 20), "NUL bytes"),
        (b"<!DOCTYPE html>\n<p>Sign in</p>\n", "XML or HTML"),
        (b"[1, 2, 3]", "none of the first lines is a JSON object"),
        (zipped(), "holds no file"),
    ],
)
def test_what_cannot_be_proposed_is_refused_with_its_reason(
    tmp_path: Path, capsys, content: bytes, told: str
) -> None:
    file = tmp_path / "x.bin"
    file.write_bytes(content)
    assert main(["profile", str(file)]) == 1
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "told"), [(parquet(), "parquet can only be read as a whole"), (workbook(), "excel can only")]
)
def test_what_is_read_as_a_whole_and_too_large_is_refused(
    tmp_path: Path, monkeypatch, capsys, content: bytes, told: str
) -> None:
    monkeypatch.setattr(taking, "MOST_BYTES", 500)
    file = tmp_path / "x.bin"
    file.write_bytes(content)
    assert main(["profile", str(file)]) == 1
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "content", [CSV.encode(), CSV.encode("utf-16"), json.dumps(RECORDS).encode(), gzip.compress(CSV.encode())]
)  # fmt: skip
def test_of_what_is_too_large_the_beginning_is_looked_at(
    tmp_path: Path, monkeypatch, capsys, content: bytes
) -> None:
    monkeypatch.setattr(taking, "MOST_BYTES", len(content) - 20)
    file = tmp_path / "x.bin"
    file.write_bytes(content)
    assert main(["profile", str(file), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [column["column"] for column in found["columns"]] == list(NAMES)
    assert any("were looked at" in remark for remark in found["remarks"])
    assert not any("cut" in remark for remark in found["remarks"])


def test_that_a_packed_file_ends_too_early_is_told(tmp_path: Path, capsys) -> None:
    file = tmp_path / "x.csv.gz"
    file.write_bytes(gzip.compress(CSV.encode())[:-20])
    assert main(["profile", str(file)]) == 0
    assert "# cut off: the gzip stream has no end" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("lines", "at"),
    [
        (["a,b,c", "1,2,3"], 0),
        (["Report", "", "a,b,c", "1,2,3", "4,5,6"], 2),
        (["Report,,", "a,b,c", "1,2,3"], 1),
        (["a,b,c", "1,2,3,", "4,5,6,"], 0),  # each record ends with a delimiter
        (["Report", "1,2,3", "4,5,6"], 0),  # there is no header behind it
        (["Report, all", "a,b,c", "x,y,3", "x,y,6", "x,y,9"], 1),
        (["b,c", "x,y,z", "p,q,r", "s,t,u"], 0),  # nothing tells the second line from the third
        (["b,c", "1,y,z", "2,q,r", "3,t,u"], 0),  # the first column has no name
        (["a,", "x,y"], 0),
    ],
)
def test_the_header_is_behind_a_preamble_only_where_that_is_sure(lines: list[str], at: int) -> None:
    assert header_of(lines, ",", '"') == (at, tuple(lines[at].split(",")))


def test_what_lies_in_a_column_that_is_a_value_elsewhere_is_not_proposed() -> None:
    columns, remarks = declarable(["a", "a.b", "c.d"], has_header=False)
    assert columns == ["a", "c.d"]
    assert [remark for remark in remarks if "`a.b`" in remark] == remarks != []


def test_names_without_a_letter_are_remarked() -> None:
    assert declarable(["1", "2.5"], has_header=True)[1] == [
        "no name in the header has a letter: is the first line a record?"
    ]
