"""Declarations: what is accepted, and that every mistake is named with its file, its line and a hint."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from sources.declaration import Source
from sources.endpoints import FilesEndpoint, SqlEndpoint
from sources.loading import load_declaration, load_sources

CATALOG = Path(__file__).parents[2] / "sources" / "catalog"

GOOD = """\
source: shop
feed: orders
owner: team:shop
delivers: increment
endpoints:
  - {kind: files, path: "shop/{partition}/*.csv"}
notation: {format: csv}
fields:
  order_id: id
  amount: {from: betrag, unit: cents, decimal: ","}
"""

NO_ENCODING = (
    "`notation.encoding`: `utf-16` is neither utf-8 nor a single-byte encoding such as latin-1 or cp1252"
)
NO_UNIT = "`fields.amount.unit` is 'cent', expected 'cents', 'percent', 'permille', 'thousands' or 'millions'"


def written(folder: Path, text: str, name: str = "shop.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_declaration_has_its_fields_in_order(tmp_path: Path) -> None:
    source, mistakes = load_declaration(written(tmp_path, GOOD), Source)
    assert mistakes == []
    assert source is not None
    assert source.columns == {"order_id": "id", "amount": "betrag"}
    assert source.fields["amount"].unit == "cents"
    assert source.notation.delimiter == "detected"
    assert source.deadline == 60


def test_the_catalog_of_the_house_has_no_mistake() -> None:
    catalog = load_sources(CATALOG)
    assert catalog.mistakes == []
    assert list(catalog.sources) == ["flights", "gateway_a", "gateway_b", "ledger"]
    assert catalog.sources["gateway_a"].fields["currency"].codes == {"€": "EUR"}
    assert catalog.sources["ledger"].fields["country"].codes["40"] == "AT"
    assert isinstance(catalog.sources["ledger"].endpoints[0], SqlEndpoint)
    assert catalog.sources["flights"].endpoints == (
        FilesEndpoint(kind="files", path="${BREAKWATER_FLIGHTS}"),
    )


def test_one_bad_file_does_not_take_the_good_ones_away(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    written(tmp_path, "source: [", "broken.yaml")
    catalog = load_sources(tmp_path)
    assert list(catalog.sources) == ["shop"]
    assert [mistake.file for mistake in catalog.mistakes] == ["broken.yaml"]


def test_the_second_source_of_a_name_is_a_mistake(tmp_path: Path) -> None:
    written(tmp_path, GOOD, "a.yaml")
    written(tmp_path, "# again\n" + GOOD, "b.yaml")
    catalog = load_sources(tmp_path)
    assert list(catalog.sources) == ["shop"]
    [mistake] = catalog.mistakes
    assert (mistake.file, mistake.line) == ("b.yaml", 2)
    assert "taken by a.yaml" in mistake.message


def test_every_mistake_of_a_file_is_named_at_once_with_its_line(tmp_path: Path) -> None:
    text = GOOD.replace("owner: team:shop", "ownr: team:shop").replace("increment", "daily")
    text = text.replace("unit: cents", "unit: cent").replace("format: csv", "format: csv, encoding: utf-16")
    source, mistakes = load_declaration(written(tmp_path, text), Source)
    assert source is None
    assert [(mistake.line, mistake.message) for mistake in mistakes] == [
        (1, "`owner` is missing"),
        (3, "`ownr` is no setting that exists here"),
        (4, "`delivers` is 'daily', expected 'increment' or 'snapshot'"),
        (
            7,
            NO_ENCODING,
        ),
        (
            10,
            NO_UNIT,
        ),
    ]
    assert mistakes[1].hint.startswith("Did you mean `owner`?")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("source: shop", "source: Shop", 1, "`source` is 'Shop', expected something like ^[a-z][a-z0-9_]*$"),
        ("owner: team:shop", "owner: somebody", 3, "`owner` is 'somebody'"),
        ("kind: files", "kind: ftp", 6, "expected 'files', 'sql', 'http'"),
        ('path: "shop', 'path: "../shop', 6, "the path leaves its root folder through `..`"),
        ("kind: files, ", "kind: files, tiemout: 3, ", 6, "`endpoints[0].files.tiemout` is no setting"),
        ("format: csv", 'format: csv, delimiter: ";;"', 7, "`notation.delimiter`"),
        ("format: csv", "format: csv, timezone: Mars", 7, "`Mars` is no time zone"),
        ("format: csv", "format: csv, datetime: ddmmyy", 7, "`ddmmyy` has no `%` directive"),
        ("  order_id: id", "  order_id: no", 9, "YAML reads `no` as true or false"),
        ("unit: cents", "codes: {040: AT}", 10, "YAML reads `040` as 32"),
        ("unit: cents", "codes: {A: x, A: y}", 10, "`A` is given twice"),
        ("delivers: increment", "delivers: increment\nsource_column: src", 1, "which is none of the fields"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    source, mistakes = load_declaration(written(tmp_path, GOOD.replace(old, new)), Source)
    assert source is None
    [mistake] = mistakes
    assert (mistake.file, mistake.line) == ("shop.yaml", line)
    assert message in mistake.message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- 1\n",
        "a: [1\nb: 2\n",
        "a: &x [*x]\n",
        "a: !!python/object:os.system {}\n",
        "a: 1\n---\nb: 2\n",
        "a: 2026-13-45\n",
    ],
)
def test_a_file_that_is_no_mapping_of_settings_is_a_mistake_and_no_error(tmp_path: Path, text: str) -> None:
    source, mistakes = load_declaration(written(tmp_path, text), Source)
    assert source is None
    assert len(mistakes) == 1


def test_a_file_that_is_not_there_or_no_text_is_a_mistake_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe")
    assert "not utf-8" in load_declaration(tmp_path / "binary.yaml", Source)[1][0].message
    assert "cannot be read" in load_declaration(tmp_path / "none.yaml", Source)[1][0].message
    assert "no such folder" in load_sources(tmp_path / "none").mistakes[0].message


def test_a_secret_in_an_address_is_not_repeated(tmp_path: Path) -> None:
    text = GOOD.replace(
        '{kind: files, path: "shop/{partition}/*.csv"}', "{kind: http, url: 'ftp://me:secret@host/'}"
    )
    _, mistakes = load_declaration(written(tmp_path, text), Source)
    assert len(mistakes) == 1
    assert "secret" not in str(mistakes[0])


IN_FILES = '{kind: files, path: "shop/{partition}/*.csv"}'


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ("{kind: http, url: 'https://h/', token: s3cret}", "a secret stands in the environment"),
        ("{kind: http, url: 'https://ann:s3cret@h/'}", "a password stands in the environment"),
        ("{kind: sql, url: 'postgresql://ann:s3cret@h/db', query: SELECT 1}", "a password stands in"),
        ("{kind: http, url: 'https://h/', headers: {X-Api-Key: s3cret}}", "`X-Api-Key` looks like a secret"),
        ("{kind: api, url: 'https://h/', parameters: {access_token: s3cret}}", "`access_token` looks like"),
        ("{kind: http, url: 'https://h/', password: '${P}'}", "`username` and `password` belong together"),
        (
            "{kind: http, url: 'https://h/', token: '${P}', headers: {authorization: '${P}'}}",
            "only one of `token`, `username` and the header Authorization",
        ),
        ("{kind: files, path: a.csv, region: eu}", "`region` is for paths that begin with s3://"),
        ("{kind: files, path: 's3://bucket/../../x', is_public: true}", "leaves its root folder"),
        ("{kind: files, path: 's3://b/x', secret_access_key: s3cret}", "a secret stands in the environment"),
        ("{kind: api, url: 'https://h/', pages: {by: page}}", "pages by page need `parameter`"),
        ("{kind: api, url: 'https://h/', pages: {by: cursor, parameter: c}}", "pages by cursor need `next`"),
        (
            "{kind: api, url: 'https://h/', pages: {by: link, size: 5}}",
            "`size` and `size_parameter` belong together",
        ),
        ("{kind: sql, url: 'sqlite://x', query: SELECT 1}", "with three slashes"),
        ("{kind: sql, url: 'sqlite:///x', query: 'SELECT :since'}", "no `cursor` says which column"),
        ("{kind: sql, url: 'sqlite:///x', query: \"SELECT '${X}'\"}", "a variable stands in quotes"),
        ("{kind: kafka, servers: h, topic: a b}", "`endpoints[0].kafka.topic` is 'a b'"),
        ("{kind: kafka, servers: h, topic: t, config: {group.id: g}}", "`config` may not set group.id"),
        (
            "{kind: kafka, servers: h, topic: t, config: {sasl.password: s3cret}}",
            "`sasl.password` looks like",
        ),
        ("{kind: dlt, source: os.system}", "`endpoints[0].dlt.source` is 'os.system'"),
    ],
)
def test_a_mistake_of_an_endpoint_is_named_and_no_secret_repeated(
    tmp_path: Path, endpoint: str, message: str
) -> None:
    assert IN_FILES in GOOD
    source, mistakes = load_declaration(written(tmp_path, GOOD.replace(IN_FILES, endpoint)), Source)
    assert source is None
    [mistake] = mistakes
    assert mistake.line == 6
    assert message in mistake.message
    assert "s3cret" not in str(mistake)


@pytest.mark.parametrize(
    ("endpoint", "is_partitioned"),
    [
        (IN_FILES, True),
        ("{kind: files, path: 's3://b/*.csv', secret_access_key: '${S}'}", False),
        ("{kind: sql, url: 'sqlite:///x', query: 'SELECT :partition'}", True),
        ("{kind: sql, url: 'sqlite:///x', query: \"SELECT ':partition'\"}", False),
        ("{kind: api, url: 'https://h/', parameters: {day: '{partition}'}}", True),
        ("{kind: kafka, servers: h, topic: t}", False),
        ("{kind: dlt, source: 'm:f', arguments: {days: ['{partition}']}}", True),
    ],
)
def test_an_endpoint_knows_whether_it_names_the_partition(
    tmp_path: Path, endpoint: str, is_partitioned: bool
) -> None:
    source, mistakes = load_declaration(written(tmp_path, GOOD.replace(IN_FILES, endpoint)), Source)
    assert mistakes == []
    assert source.endpoints[0].is_partitioned is is_partitioned


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "UTF8", "utf-8-sig", "koi8-r", "ascii"])
def test_encodings_in_which_a_byte_of_ascii_is_always_itself_are_accepted(
    tmp_path: Path, encoding: str
) -> None:
    text = GOOD.replace("format: csv", f"format: csv, encoding: {encoding}")
    assert load_declaration(written(tmp_path, text), Source)[1] == []


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-7", "shift_jis", "gbk", "cp037", "iso2022_jp", "hex", "unicode_escape"]
)
def test_other_encodings_are_refused(tmp_path: Path, encoding: str) -> None:
    text = GOOD.replace("format: csv", f"format: csv, encoding: {encoding}")
    assert "single-byte encoding" in load_declaration(written(tmp_path, text), Source)[1][0].message


def test_in_nested_json_a_column_cannot_be_a_value_and_hold_others(tmp_path: Path) -> None:
    text = GOOD.replace("format: csv", "format: ndjson").replace("order_id: id", "order_id: betrag.id")
    assert "cannot be a value and hold" in load_declaration(written(tmp_path, text), Source)[1][0].message


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size_bytes: int = Field(description="How large it is.")


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")
    parts: dict[str, list[Part]] = Field(description="What it is made of.")


def test_other_models_are_loaded_with_the_same_care(tmp_path: Path) -> None:
    path = written(tmp_path, "parts:\n  left:\n    - size_bytes: 3\n    - size_byte: x\n")
    whole, mistakes = load_declaration(path, Whole)
    assert whole is None
    assert [(mistake.line, mistake.message) for mistake in mistakes] == [
        (4, "`parts.left[1].size_bytes` is missing"),
        (4, "`parts.left[1].size_byte` is no setting that exists here"),
    ]
    assert mistakes[0].hint == "How large it is."
    assert mistakes[1].hint.startswith("Did you mean `size_bytes`?")
