"""What the pages say of commands, settings, tables, checks and metrics is what the code has, and their examples work."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import yaml
from pydantic import BaseModel

from orchestration_assets.assets.settled import TABLES
from orchestration_assets.checks import BLOCKING, TELLING
from orchestration_assets.cli import COMMANDS, main
from orchestration_assets.decisions.judged import JUDGED_SCHEMA
from orchestration_assets.decisions.ledger import DECISION_SCHEMA
from orchestration_assets.desk.access import Access, Header, Local, Open, OpenIdConnect, Right, Sessions
from orchestration_assets.expectations import NAME as EXPECTATIONS
from orchestration_assets.feed import Costs, DailyPartitions, Feed, Limits, StaticPartitions, load_feeds
from orchestration_assets.imputation.impute import BY_GROUP, KNOWN
from orchestration_assets.lake import Lake
from orchestration_assets.settlement.gate import METHOD_SCHEMA, cases_needed
from orchestration_assets.steps.context import Context, rules_of
from orchestration_assets.steps.fragments import UNREADABLE_SCHEMA
from orchestration_assets.steps.landing import DELIVERY_SCHEMA, land_sources, summary
from orchestration_assets.steps.measuring import METRIC_SCHEMA
from orchestration_assets.steps.replaying import REPLAY_SCHEMA
from orchestration_assets.steps.settlement import schemas_of
from orchestration_assets.translation.registry import TRANSLATORS
from sources.availability.declared import Breaker, Hours
from sources.declaration import Source
from sources.endpoints import (
    ApiEndpoint,
    DltEndpoint,
    EndpointDeclared,
    FilesEndpoint,
    HttpEndpoint,
    KafkaEndpoint,
    Pages,
    SqlEndpoint,
    WebEndpoint,
)
from sources.loading import load_declaration
from sources.notation import FieldNotation, Notation
from validators.contract import FieldPolicy, field
from validators.rules import compile_contract

TOP = Path(__file__).resolve().parents[2]
DAY = "2026-11-01"
PAGES = sorted(
    [TOP / "README.md", *(TOP / "docs").rglob("*.md"), *(TOP / "examples").rglob("*.md")],
    key=lambda path: path.as_posix(),
)
REFERENCE = TOP / "docs" / "reference"
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
CELL = re.compile(r"`([^`]+)`")


def text_of(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return path.relative_to(TOP).as_posix()


def blocks(path: Path, language: str) -> list[str]:
    return [body for name, body in FENCE.findall(path.read_text(encoding="utf-8")) if name == language]


def first_cells(text: str) -> Iterator[str]:
    """What stands in backticks in the first cell of each row of the tables of `text`."""
    for line in text.splitlines():
        if line.startswith("| `"):
            yield from CELL.findall(line.split(" | ")[0])


def section(text: str, title: str) -> str:
    """The text below the heading `title`, up to the next heading of the same level."""
    _, _, rest = text.partition(f"## {title}\n")
    assert rest, f"there is no section {title}"
    return rest.split("\n## ")[0]


# --- links and form ---


def anchors(path: Path) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    broken = []
    for link in links:
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_the_readme_is_shorter_than_150_lines() -> None:
    assert len((TOP / "README.md").read_text(encoding="utf-8").splitlines()) < 150


def test_the_readme_leads_to_every_page_but_single_decisions() -> None:
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    pages = [name_of(page) for page in PAGES if page.is_relative_to(TOP / "docs")]
    assert [page for page in pages if "decisions/" not in page and page not in readme] == []


# --- commands ---


def options_of(command: str, capsys: pytest.CaptureFixture[str]) -> set[str]:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", capsys.readouterr().out)) - {"--help"}


def mentioned() -> Iterator[tuple[str, str, str]]:
    """(page, subcommand, rest of the line) of every call of `breakwater` in code."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        code = [line for _, body in FENCE.findall(text) for line in body.splitlines()]
        code += re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
        for line in code:
            for command, rest in re.findall(r"(?:^|[\s/])breakwater ([a-z]+)([^#]*)", line.strip()):
                yield name_of(page), command, rest


def test_every_command_in_the_pages_exists_with_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    options = {command: options_of(command, capsys) for command in COMMANDS}
    unknown = []
    for page, command, rest in mentioned():
        if command not in options:
            unknown.append((page, command))
            continue
        unknown += [(page, command, o) for o in re.findall(r"--[a-z-]+", rest) if o not in options[command]]
    assert unknown == []
    assert {command for _, command, _ in mentioned()} == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_reference_lists_exactly_the_options_of(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    part = section(text_of("command-line.md"), command)
    listed = {o for cell in first_cells(part) for o in re.findall(r"^--[a-z-]+", cell)}
    assert listed == options_of(command, capsys)


def test_every_make_target_in_the_pages_exists() -> None:
    targets = set(
        re.findall(r"^([a-z-]+):.*##", (TOP / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    named = {
        target
        for page in PAGES
        for target in re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert named <= targets


# --- settings ---


def settings_of(*models: type[BaseModel]) -> set[str]:
    return {f.alias or name for model in models for name, f in model.model_fields.items()}


@pytest.mark.parametrize(
    ("page", "title", "models"),
    [
        ("source-yaml.md", "hours", (Hours,)),
        ("source-yaml.md", "breaker", (Breaker,)),
        ("source-yaml.md", "notation", (Notation,)),
        ("source-yaml.md", "fields", (FieldNotation,)),
        ("feed-yaml.md", "limits", (Limits,)),
        ("desk-yaml.md", "right", (Right,)),
        ("desk-yaml.md", "sessions", (Sessions,)),
        ("feed-yaml.md", "costs", (Costs,)),
    ],
)
def test_the_reference_lists_exactly_the_settings_of(
    page: str, title: str, models: tuple[type[BaseModel], ...]
) -> None:
    assert set(first_cells(section(text_of(page), title))) == settings_of(*models)


def test_the_reference_lists_exactly_the_settings_of_all_endpoints() -> None:
    listed = set(first_cells(section(text_of("source-yaml.md"), "endpoints")))
    assert listed == settings_of(EndpointDeclared) | {"kind"}


@pytest.mark.parametrize(
    ("kind", "model", "above", "below"),
    [
        ("files", FilesEndpoint, EndpointDeclared, ()),
        ("http", HttpEndpoint, EndpointDeclared, ()),
        ("api", ApiEndpoint, WebEndpoint, (Pages,)),
        ("sql", SqlEndpoint, EndpointDeclared, ()),
        ("kafka", KafkaEndpoint, EndpointDeclared, ()),
        ("dlt", DltEndpoint, EndpointDeclared, ()),
    ],
)
def test_the_reference_lists_exactly_the_settings_of_a_kind_of_endpoint(
    kind: str, model: type[BaseModel], above: type[BaseModel], below: tuple[type[BaseModel], ...]
) -> None:
    cells = first_cells(section(text_of("connectors.md"), kind))
    expected = (settings_of(model) - settings_of(above) - {"kind"}) | settings_of(*below)
    assert set(cells) == expected


@pytest.mark.parametrize(
    ("page", "model"), [("source-yaml.md", Source), ("feed-yaml.md", Feed), ("desk-yaml.md", Access)]
)
def test_the_reference_lists_exactly_the_top_settings_of(page: str, model: type[BaseModel]) -> None:
    assert set(first_cells(text_of(page).split("\n## ")[0])) == settings_of(model)


def test_the_reference_lists_the_settings_of_every_way_to_sign_in() -> None:
    rows = [
        line.split(" | ")
        for line in section(text_of("desk-yaml.md"), "sign_in").splitlines()
        if line.startswith("| `")
    ]
    listed = {(row[0].strip("| `"), row[1].strip("| `")) for row in rows}
    ways = {"local": Local, "header": Header, "oidc": OpenIdConnect, "open": Open}
    expected = {
        (kind, name) for kind, model in ways.items() for name in settings_of(model) - {"kind"} or {""}
    }
    assert listed == expected


def test_the_reference_lists_the_settings_of_both_kinds_of_partitions() -> None:
    rows = [
        CELL.findall(line)
        for line in section(text_of("feed-yaml.md"), "partitions").splitlines()
        if line.startswith(("| `daily`", "| `static`"))
    ]
    assert {(row[0], row[1]) for row in rows} == {
        (kind, name)
        for kind, model in (("daily", DailyPartitions), ("static", StaticPartitions))
        for name in settings_of(model) - {"kind"}
    }


@pytest.mark.parametrize(
    ("page", "model", "rows"),
    [
        ("source-yaml.md", Notation, "notation"),
        ("source-yaml.md", Breaker, "breaker"),
        ("feed-yaml.md", Limits, "limits"),
        ("feed-yaml.md", Costs, "costs"),
    ],
)
def test_plain_defaults_are_those_of_the_code(page: str, model: type[BaseModel], rows: str) -> None:
    told = {}
    for line in section(text_of(page), rows).splitlines():
        if line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
            told[cells[0].strip("`")] = cells[2].strip("`")
    for name, info in model.model_fields.items():
        if isinstance(info.default, str | float | int):
            assert told[name] == str(info.default)


def test_the_reference_lists_exactly_the_environment_variables() -> None:
    code = (TOP / "orchestration_assets" / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'"(BREAKWATER_[A-Z_]+|DAGSTER_HOME)"', code))
    assert set(first_cells(text_of("settings.md"))) == read


def test_environment_variables_in_the_pages_are_known() -> None:
    known = set(first_cells(text_of("settings.md")))
    named = {v for page in PAGES for v in re.findall(r"BREAKWATER_[A-Z_]+", page.read_text(encoding="utf-8"))}
    assert named <= known


def test_the_reference_lists_exactly_the_arguments_of_field() -> None:
    keywords = set(field.__kwdefaults__)
    assert set(first_cells(section(text_of("contracts.md"), "field"))) == keywords
    derived = {"is_max_error_stated"}
    assert len(keywords) == len(FieldPolicy.__dataclass_fields__.keys() - derived)


# --- tables, checks, metrics, methods ---


def columns_in_the_reference(table: str) -> list[str]:
    text = text_of("tables.md")
    heads = [head for head in re.findall(r"^## (.+)$", text, re.MULTILINE) if f"`{table}`" in head]
    assert len(heads) == 1, f"{table} has no section"
    return list(first_cells(section(text, heads[0])))


def test_the_reference_lists_exactly_the_tables_of_the_lake(example_folder: Path) -> None:
    heads = re.findall(r"^## (.+)$", text_of("tables.md"), re.MULTILINE)
    listed = {name for head in heads for name in CELL.findall(head)}
    owners = {"payments": "<feed>", "gateway_a": "<source>", "gateway_b": "<source>", "ledger": "<source>"}
    logs = (example_folder / "lake").glob("*/*/_delta_log")
    of_people = {
        "<feed>/decisions",
        "<feed>/judged",
        "<feed>/replays",
    }  # there are none before anybody decided
    assert listed == {f"{owners[log.parts[-3]]}/{log.parts[-2]}" for log in logs} | of_people
    assert {f"<feed>/{name}" for name in TABLES} <= listed


def test_the_reference_lists_exactly_the_columns_of() -> None:
    rules = rules_of("validators.contracts.payments:Payment")
    schemas = schemas_of(rules)
    expected = {
        "<source>/deliveries": DELIVERY_SCHEMA,
        "<source>/unreadable": UNREADABLE_SCHEMA,
        "<feed>/trusted": schemas.trusted,
        "<feed>/review": schemas.held,
        "<feed>/aside": schemas.aside,
        "<feed>/findings": schemas.findings,
        "<feed>/repairs": schemas.repairs,
        "<feed>/methods": METHOD_SCHEMA,
        "<feed>/decisions": DECISION_SCHEMA,
        "<feed>/judged": JUDGED_SCHEMA,
        "<feed>/replays": REPLAY_SCHEMA,
    }
    for table, schema in expected.items():
        own = set(schema.names()) - set(rules.fields) - {"_partition"}
        assert set(columns_in_the_reference(table)) == own, table
    named = section(text_of("tables.md"), "`<feed>/metrics`")
    assert set(METRIC_SCHEMA.names()) <= set(CELL.findall(named))


def test_the_reference_lists_exactly_the_checks() -> None:
    expected = {*BLOCKING, *TELLING, EXPECTATIONS, "declarations_are_sound"}
    assert set(first_cells(text_of("checks.md"))) == expected
    rows = [line for line in text_of("checks.md").splitlines() if line.startswith("| `")]
    assert {CELL.findall(row)[0] for row in rows if "| yes |" in row} == set(BLOCKING)
    guide = (TOP / "docs" / "guides" / "when-a-check-fails.md").read_text(encoding="utf-8")
    assert set(first_cells(guide)) == expected


def test_the_reference_lists_exactly_the_metrics(example_folder: Path) -> None:
    written = set(Lake(example_folder / "lake").read("payments/metrics", DAY)["metric"])
    by_source = {name for name in written if re.match(r"landed_(gateway|ledger)", name)}
    assert set(first_cells(text_of("metrics.md"))) == (written - by_source) | {"landed_<source>"}


def test_the_reference_lists_exactly_the_methods() -> None:
    text = text_of("methods.md")
    assert set(first_cells(section(text, "Translators"))) == {*TRANSLATORS, "placeholder"}
    groups = {f"{name}:<field>" for name in BY_GROUP}
    assert set(first_cells(section(text, "Imputers"))) == {*KNOWN, *groups}


def test_the_cases_that_the_reference_names_are_those_of_the_gate() -> None:
    rows = re.findall(
        r"^\| (0\.\d+)[^|]*\| ([\d,]+) \|$", section(text_of("methods.md"), "Confidence"), re.MULTILINE
    )
    assert len(rows) == 4
    assert [int(cases.replace(",", "")) for _, cases in rows] == [cases_needed(float(e)) for e, _ in rows]


# --- examples ---


def yaml_blocks() -> list[tuple[str, str]]:
    return [(f"{name_of(page)}-{i}", body) for page in PAGES for i, body in enumerate(blocks(page, "yaml"))]


@pytest.mark.parametrize(("name", "body"), yaml_blocks(), ids=[name for name, _ in yaml_blocks()])
def test_yaml_in_the_pages_loads_without_mistakes(name: str, body: str, tmp_path: Path) -> None:
    path = tmp_path / "declared.yaml"
    path.write_text(body, encoding="utf-8")
    model = Source if "source" in yaml.safe_load(body) else Feed
    declared, mistakes = load_declaration(path, model)
    assert mistakes == [], name
    assert declared is not None


def module(folder: Path, name: str, code: str, monkeypatch: pytest.MonkeyPatch) -> object:
    (folder / f"{name}.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module(name)


@pytest.mark.parametrize(
    ("page", "contract"),
    [
        ("guides/repair-a-file.md", "Visit"),
        ("guides/add-a-feed.md", "Refund"),
        ("reference/contracts.md", "Payment"),
    ],
)
def test_contracts_in_the_pages_compile(
    page: str, contract: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = next(body for body in blocks(TOP / "docs" / page, "python") if f"class {contract}(" in body)
    imports = "" if "import" in code else "from validators.contract import Contract, field\n"
    made = module(tmp_path, f"documented_{contract.lower()}", imports + code, monkeypatch)
    assert compile_contract(getattr(made, contract)).fields


def test_the_guide_to_a_feed_gives_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = TOP / "docs" / "guides" / "add-a-feed.md"
    contract, deliver = blocks(page, "python")
    feed, source = blocks(page, "yaml")
    module(tmp_path, "documented_refunds", contract, monkeypatch)
    for name, body in {"feeds": feed, "catalog": source}.items():
        (tmp_path / name).mkdir()
        declared = body.replace("validators.contracts.refunds:", "documented_refunds:")
        (tmp_path / name / "one.yaml").write_text(declared, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    exec(deliver, {})  # it writes below `data/outside`

    lake = way_of(tmp_path, "refunds", tmp_path / "data" / "outside")

    trusted = lake.read("refunds/trusted", DAY)
    repaired = trusted.filter(pl.col("_repaired").list.len() > 0).sort("_row")
    assert trusted.height == 402
    assert repaired.select("refund_id", "amount", "currency").rows() == [
        ("R000401", 1234.5, "EUR"),
        ("R000402", 7.25, "EUR"),
    ]
    assert lake.read("refunds/quarantine", DAY)["refund_id"].to_list() == ["R000403"]


def way_of(folder: Path, feed: str, outside: Path) -> Lake:
    """The whole way without Dagster; returns the lake."""
    from orchestration_assets.steps.audit import must_hold
    from orchestration_assets.steps.imputation import impute_partition
    from orchestration_assets.steps.measuring import measure_partition
    from orchestration_assets.steps.publishing import publish_partition
    from orchestration_assets.steps.settlement import settle_partition
    from orchestration_assets.steps.translation import translate_partition
    from orchestration_assets.steps.triage import triage_partition

    lake = Lake(folder / "lake")
    declarations = load_feeds(folder / "feeds", folder / "catalog")
    assert declarations.mistakes == []
    context = Context(declarations.of(feed), lake, DAY, outside)
    land_sources(context)
    context.hand_over("landing", {"sources": summary(context), "seconds": 0.0})
    for step in (
        triage_partition,
        translate_partition,
        impute_partition,
        settle_partition,
        measure_partition,
    ):
        step(context)
    assert [outcome for outcome in must_hold(context) if not outcome.is_passed] == []
    publish_partition(context)
    return lake


def test_the_guide_to_a_source_declares_what_the_readme_shows_and_reads_its_file(tmp_path: Path) -> None:
    page = TOP / "docs" / "guides" / "add-a-source.md"
    declared, _ = blocks(page, "yaml")
    short = yaml.safe_load(blocks(TOP / "README.md", "yaml")[0])
    assert {**yaml.safe_load(declared), **short} == yaml.safe_load(declared)
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "gateway_c.yaml").write_text(declared, encoding="utf-8")
    file = tmp_path / "outside" / "gateway_c" / DAY / "payments.csv"
    file.parent.mkdir(parents=True)
    file.write_text(blocks(page, "csv")[0], encoding="utf-8")
    (tmp_path / "feeds").mkdir()
    feed = TOP / "orchestration_assets" / "feeds" / "payments.yaml"
    without_prefer = re.sub(r"^prefer:.*\n", "", feed.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (tmp_path / "feeds" / "payments.yaml").write_text(without_prefer, encoding="utf-8")

    lake = way_of(tmp_path, "payments", tmp_path / "outside")

    # Alone it has no evidence: what is repaired beside the other sources is only suggested.
    assert lake.read("payments/trusted", DAY)["payment_id"].to_list() == ["P0000000001"]
    suggested = lake.read("payments/repairs", DAY).select("_row", "field", "repaired").rows()
    assert set(suggested) == {
        (1, "amount", "12.5"),
        (2, "country", "GB"),
        (2, "paid_at", "2026-11-01T12:15:00Z"),
    }
    assert lake.read("payments/quarantine", DAY)["_row"].to_list() == [3]
