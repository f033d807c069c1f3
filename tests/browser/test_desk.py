"""What people see and do at the desk, in a real browser, on a real lake of this test's own; nothing of it leaves the machine."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from orchestration_assets.decisions.ledger import decisions_of
from orchestration_assets.decisions.queue import Filters, records_page
from orchestration_assets.links import record_link
from tests.browser import desk_ui, ui

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATTERN = "device_risk of gateway_a that look like 9.999"


@pytest.fixture(scope="module")
def days() -> list[str]:
    """Of one for a pattern, of one for two people, of one that is hostile."""
    return ui.last_days(3)


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The keys of the records that are alike, by day; filled by `desk`."""
    return {}


@pytest.fixture(scope="module")
def desk(
    tmp_path_factory: pytest.TempPathFactory, days: list[str], alike: dict[str, list[str]]
) -> Iterator[desk_ui.Desk]:
    if reason := ui.lacking():
        pytest.skip(reason)
    place = ui.Place(tmp_path_factory.mktemp("desk"))
    place.prepare()
    alike[days[0]] = desk_ui.deliver_alike(place, days[0], 100, 6)
    alike[days[1]] = desk_ui.deliver_alike(place, days[1], 300, 3)
    desk_ui.deliver_hostile(place, days[2], 500)
    desk_ui.run(place, *days)
    with desk_ui.desk(place) as running:
        yield running


def decided(desk: desk_ui.Desk, day: str) -> list[dict[str, Any]]:
    return decisions_of(desk.lake, desk_ui.FEED, day).to_dicts()


def waiting(desk: desk_ui.Desk, day: str) -> list[str]:
    """The record ids of what is held on a day."""
    rows = pl.concat(
        [desk.lake.read(f"{desk_ui.FEED}/{table}", day) for table in ("review", "quarantine")], how="diagonal"
    )
    return [f"{s}:{day}:{d}:{r}" for s, d, r in rows.select("_source", "_delivery", "_row").iter_rows()]


def address(desk: desk_ui.Desk, record: str) -> str:
    """Where assets and messages send people for a record."""
    return record_link(desk_ui.FEED, record).replace("http://127.0.0.1:8501", desk.url)


def test_a_pattern_is_decided_the_run_takes_it_up_and_one_record_is_undone(
    desk: desk_ui.Desk, days: list[str], alike: dict[str, list[str]]
):
    day, keys = days[0], set(alike[days[0]])
    records = waiting(desk, day)
    assert len(records) == 6
    assert not keys & desk.trusted(day)
    with desk_ui.visitors(1) as [page]:
        desk_ui.sign_in(page, desk.queue(day), "first")
        panel = desk_ui.open_pattern(page, f"6 × {PATTERN}")
        panel.get_by_role("radio", name="Accept").or_(panel.get_by_role("button", name="Accept")).click()
        page.get_by_text("6 of 6 cells change; 6 of 6 records become trusted").wait_for()
        panel.get_by_label("Why (kept beside the decision)").fill("they forgot the comma")
        panel.get_by_role("button", name="Decide for 6 cells").click()
        page.get_by_text("6 decided.").wait_for()
        page.get_by_text("Nothing waits.").wait_for()

        rows = decided(desk, day)
        assert {(row["by"], row["action"], row["why"]) for row in rows} == {
            ("first@example.org", "accept", "they forgot the comma")
        }
        assert sorted(row["value"] for row in rows) == [f"0.{514 + i}" for i in range(6)]
        assert len({row["pattern"] for row in rows}) == 1
        assert sum(row["is_seen"] for row in rows) == 5, "five were shown; the sixth is no evidence"
        desk_ui.run(desk.place, day)
        assert keys <= desk.trusted(day)

        page.goto(address(desk, records[0]))
        page.get_by_text("its verdict is trusted").wait_for()
        page.get_by_role("button", name="Undo the decisions on this record").click()
        page.get_by_text("1 decided.").wait_for()
        desk_ui.run(desk.place, day)
        assert len(keys & desk.trusted(day)) == 5
        assert waiting(desk, day) == [records[0]]
        assert page.strays == []


def test_two_people_decide_the_same_record_and_the_second_is_told_and_may_replace_it(
    desk: desk_ui.Desk, days: list[str]
):
    day = days[1]
    contested, *others = waiting(desk, day)
    with desk_ui.visitors(2) as [first, second]:
        desk_ui.sign_in(first, address(desk, contested), "first")
        desk_ui.sign_in(second, address(desk, contested), "second")
        first.get_by_role("button", name="Accept").wait_for()
        second.get_by_label("Why (kept beside the decision)").fill("looks wrong")
        desk_ui.idle(second)

        first.get_by_role("heading", name="Record").click()
        first.keyboard.press("a")
        first.get_by_text("1 decided.").wait_for()
        second.get_by_role("button", name="Reject").click()
        second.get_by_text("1 not decided.").wait_for()
        second.get_by_text(re.compile("first@example.org decided it at .*accept")).wait_for()
        assert [(row["by"], row["action"]) for row in decided(desk, day)] == [("first@example.org", "accept")]

        second.get_by_role("button", name="Replace it by mine").click()
        second.get_by_text("1 decided.").wait_for()
        rows = decided(desk, day)
        assert [(row["by"], row["action"]) for row in rows] == [
            ("first@example.org", "accept"),
            ("second@example.org", "reject"),
        ]
        assert rows[1]["replaces"] == rows[0]["decision"]
        assert rows[1]["why"] == "looks wrong"

        # The first one goes on with the keyboard alone: record after record, until nothing of the day waits.
        first.goto(desk.queue(day, show="Records"))
        first.get_by_text("2 records, those that matter most first").wait_for()
        first.get_by_role("button", name="Look").first.click()
        for left in (1, 0):
            first.get_by_role("button", name="Accept").wait_for()
            desk_ui.idle(first)
            first.get_by_role("heading", name="Record").click()
            first.keyboard.press("a")
            ui.until(lambda left=left: len(decided(desk, day)) == 4 - left, seconds=90, what="the decision")
        first.get_by_text("Nothing waits under the filters chosen at the queue.").wait_for()
        taken = {(row["_source"], row["_row"]) for row in decided(desk, day)[2:]}
        assert taken == {(r.split(":")[0], int(r.split(":")[3])) for r in others}


def test_hostile_values_are_shown_as_text_and_nothing_of_them_runs(desk: desk_ui.Desk, days: list[str]):
    day = days[2]
    records = waiting(desk, day)
    assert len(records) == len(desk_ui.HOSTILE) + 1
    with desk_ui.visitors(1) as [page]:
        desk_ui.sign_in(page, desk.queue(day), "second")
        page.get_by_text("<script>window.hacked=1</script>").first.wait_for()
        page.get_by_text("⟦U+202E⟧right to left⟦U+202C⟧ ␛[31m␇").first.wait_for()
        page.get_by_text("[link](javascript:window.hacked=1) **bold** :red[red] $x^2$").first.wait_for()
        unharmed(page)
        page.goto(desk.queue(day, show="Records"))
        page.get_by_text(f"{len(records)} records, those that matter most first").wait_for()
        unharmed(page)
        everywhere = max(records, key=lambda record: int(record.split(":")[3]))
        for record in (everywhere, records[0]):
            page.goto(address(desk, record))
            page.get_by_text("The whole story").click()
            page.get_by_text("As one page, for an auditor").wait_for()
            desk_ui.idle(page)
            unharmed(page)
        page.goto(f"{desk.url}/state?shown_feed={desk_ui.FEED}")
        page.get_by_text("Methods with their record").wait_for()
        unharmed(page)


def unharmed(page: Any) -> None:
    """Nothing that came from data ran, was taken for markup, or asked another host."""
    assert page.evaluate("window.hacked") is None
    assert page.strays == []
    assert page.locator("img[src=x], svg[onload], [href^=javascript]").count() == 0
    assert page.locator("[data-testid=stText] strong, [data-testid=stText] a").count() == 0
    assert "\u202e" not in page.locator("body").inner_text()
    assert "\x1b" not in page.locator("body").inner_text()


def test_what_is_exported_can_be_opened_in_a_spreadsheet(desk: desk_ui.Desk, days: list[str]):
    with desk_ui.visitors(1) as [page]:
        desk_ui.sign_in(page, desk.queue(days[2]), "second")
        with page.expect_download() as coming:
            page.get_by_role("button", name="Export as CSV").click()
        text = Path(coming.value.path()).read_text(encoding="utf-8-sig")
    originals = {row["original"] for row in csv.DictReader(io.StringIO(text))}
    assert any(text.startswith("'=HYPERLINK(") for text in originals)
    assert any(text.startswith("'+cmd|") for text in originals)
    assert not any(text.startswith(("=", "+", "-", "@", "\t", "\r")) for text in originals)


def test_roles_say_who_may_decide_and_who_sees_what_is_personal(desk: desk_ui.Desk, days: list[str]):
    record = next(row["record_id"] for row in records_of(desk, days[2], "email").iter_rows(named=True))
    with desk_ui.visitors(3) as [looker, first, second]:
        for page, name in ((looker, "looker"), (first, "first"), (second, "second")):
            desk_ui.sign_in(page, address(desk, record), name)
            page.get_by_text("The whole story").wait_for()
            desk_ui.idle(page)
        assert (
            looker.get_by_role("button", name=re.compile("Accept|Reject|Keep the record out|Undo")).count()
            == 0
        )
        assert first.get_by_text("who decides must be allowed to see it").count() >= 1
        for page in (looker, first):
            assert page.get_by_text("HYPERLINK").count() == 0
            assert page.get_by_text("•••").count() >= 1
        assert second.get_by_text("HYPERLINK").count() >= 1


def records_of(desk: desk_ui.Desk, day: str, field: str) -> pl.DataFrame:
    from orchestration_assets.settings import settings
    from orchestration_assets.viewing import view_of

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("BREAKWATER_LAKE", str(desk.place.lake))
        view = view_of(settings(), desk_ui.FEED)
        return records_page([view], Filters(partitions=(day,), fields=(field,))).rows


def test_signing_out_shuts_the_pages(desk: desk_ui.Desk, days: list[str]):
    with desk_ui.visitors(1) as [page]:
        desk_ui.sign_in(page, desk.queue(days[2]), "looker")
        page.get_by_text("those that matter most first").wait_for()
        away = page.context.new_page()
        away.goto(f"{desk.url}/sign-out")
        away.get_by_role("button", name="Sign out").click()
        away.get_by_text("Signed out.").wait_for()
        page.get_by_role("link", name="State").click()
        page.get_by_text("You are signed out: load this page again.").wait_for()
        page.reload()
        page.get_by_role("button", name="Sign in").wait_for()
