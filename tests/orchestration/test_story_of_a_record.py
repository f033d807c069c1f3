"""The story of a record is one, printed or as a page for an auditor, and the page is safe whatever the values are."""

from html.parser import HTMLParser

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration_assets.cli import main
from orchestration_assets.decisions.story import story_of, told
from orchestration_assets.decisions.story_page import page_of
from orchestration_assets.lake import Lake

DAY = "2026-11-01"
HOSTILE = "<script>alert(1)</script>\"'&=1+1\x1b[2J\u202e\x00"
TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h1",
        "h2",
        "p",
        "span",
        "code",
        "table",
        "thead",
        "tbody",
    ),
    *("tr", "th", "td", "dl", "dt", "dd"),
}


class Tags(HTMLParser):
    """The tags and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data) -> None:
        self.text += data


def id_of(place, table: str, condition: pl.Expr) -> str:
    row = place.table(table, DAY).filter(condition).sort("_source", "_row").row(0, named=True)
    return f"{row['_source']}:{DAY}:{row['_delivery']}:{row['_row']}"


@pytest.fixture(scope="module")
def story(lived):
    wanted = id_of(lived, "trusted", pl.col("_repaired").list.contains("amount"))
    return story_of(lived.lake, wanted, show_personal=True)


def test_a_story_has_inputs_rules_methods_and_the_evidence_of_each_confidence(story, lived) -> None:
    assert len(story["landed"]["content_hash"]) == 64
    assert story["delivery"]["lines"] > 0
    rules = {(rule["field"], rule["name"]): rule["fingerprint"] for rule in story["contract"]["rules"]}
    for finding in story["findings"]:
        if (finding["field"], finding["rule"]) in rules:
            assert rules[finding["field"], finding["rule"]] == finding["rule_fingerprint"]
    applied = next(repair for repair in story["repairs"] if repair["status"] == "applied")
    measured = [m for m in story["methods"] if (m["method"], m["arm"]) == (applied["method"], applied["arm"])]
    assert sum(m["right"] for m in measured) / sum(m["cases"] for m in measured) == pytest.approx(
        applied["confidence"]
    )


def test_the_page_tells_what_the_words_tell(story) -> None:
    page = Tags(page_of(story))
    assert page.tags <= TAGS
    assert story["record_id"] in page.text
    assert story["landed"]["content_hash"] in page.text
    assert story["contract"]["fingerprint"] in page.text
    for repair in story["repairs"]:
        assert repair["evidence"] in page.text
        assert repair["evidence"] in told(story)
    for rule in story["contract"]["rules"]:
        assert rule["fingerprint"] in page.text


def test_a_page_names_the_runs_that_wrote_the_record(place, line_of_b, surroundings) -> None:
    place.lake = Lake(place.lake.root, run_id="run-1")
    place.gateway_b([line_of_b()])
    place.way()
    story = story_of(place.lake, id_of(place, "trusted", pl.lit(value=True)))
    assert [run["run_id"] for run in story["runs"]] == ["run-1"]
    assert "trusted" in story["runs"][0]["tables"]
    assert "run-1" in Tags(page_of(story)).text
    assert "run         run-1" in told(story)


def test_explain_writes_the_page_and_masks_what_is_personal(lived, surroundings, tmp_path, capsys) -> None:
    surroundings(lived)
    wanted = id_of(lived, "trusted", pl.col("_repaired").list.contains("email"))
    file = tmp_path / "story.html"
    assert main(["explain", wanted, "--html", str(file)]) == 0
    assert wanted in capsys.readouterr().out
    text = file.read_text(encoding="utf-8")
    assert "@example" not in text.lower()
    assert "•••" in text
    assert main(["explain", wanted, "--html", str(file), "--show-personal"]) == 0
    assert "@example" in file.read_text(encoding="utf-8").lower()
    assert main(["explain", wanted, "--html", str(tmp_path / "nowhere" / "deep" / "x.html")]) != 0


def hostile(value, text):
    """`value` with every text in it replaced, and the names of fields kept."""
    if isinstance(value, dict):
        return {k: hostile(v, text) for k, v in value.items()}
    if isinstance(value, list):
        return [hostile(v, text) for v in value]
    return text if isinstance(value, str) else value


@pytest.mark.parametrize(
    "text", [HOSTILE, "</style></title><img src=x onerror=alert(1)>", "<!--", "]]>", "\ud800"]
)
def test_hostile_values_never_become_markup(story, text) -> None:
    whole = hostile(story, text)
    whole["record"] = {f"{text}{i}": text for i in range(3)}
    page = page_of(whole)
    assert Tags(page).tags <= TAGS
    assert Tags(page).attributes <= {"lang", "charset", "http-equiv", "content", "name", "class"}
    page.encode("utf-8")
    assert not set(page) & set("\x00\x1b\u202e")
    for line in told(whole).splitlines():
        assert line.isprintable()


@settings(max_examples=30)
@given(text=st.text(max_size=80))
def test_no_text_at_all_becomes_markup(story, text) -> None:
    page = page_of(hostile(story, text))
    assert Tags(page).tags <= TAGS
    assert "default-src 'none'" in page
