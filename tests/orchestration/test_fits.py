"""Fits: learned apart from the run, pinned by it, never learned from what it is used on, and never from held records."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from orchestration_assets.cli import main
from orchestration_assets.errors import NotFoundError, StepError
from orchestration_assets.steps.fits import Fit, in_force, load, pinned
from orchestration_assets.steps.fitting import fit_due, fit_feed
from orchestration_assets.steps.imputation import impute_partition
from orchestration_assets.steps.published import Published
from orchestration_assets.steps.settlement import settle_partition
from orchestration_assets.steps.translation import translate_partition

FIRST, SECOND = "2026-11-01", "2026-11-02"
SETTLED = ("review", "quarantine", "aside", "findings", "repairs", "methods")


def used(place, day: str) -> str:
    return place.context(day).handed_over("translated")["fit"]["name"]


def current(place, day: str = SECOND) -> Fit:
    fit = load(place.context(day), in_force(place.context(day)))
    assert fit is not None
    return fit


def files(place, day: str) -> dict[str, list[str]]:
    """The files of each table: they are named by the hash of what is in them."""
    return {name: sorted(place.lake.active(f"payments/{name}", day)) for name in SETTLED}


def settled_anew(place, day: str, fit: str = "") -> dict[str, list[str]]:
    context = place.context(day)
    translate_partition(context, fit)
    impute_partition(context)
    settle_partition(context)
    return files(place, day)


def test_the_first_run_measures_by_itself_and_leaves_what_it_measured(place, simulated: Path) -> None:
    place.outside = simulated
    place.way(FIRST)
    assert place.context(FIRST).handed_over("translated")["fit"] == {
        "name": "",
        "why_not": "there is no fit yet",
    }
    assert place.table("methods", FIRST)["fit"].null_count() == place.table("methods", FIRST).height
    fit = current(place)
    assert (fit.told["made_by"], fit.told["partitions"], fit.told["groups"]) == ("run", [FIRST], [])
    measured = place.table("methods", FIRST).filter(pl.col("method") == "money")
    told = place.lake.read("payments/fits").filter(pl.col("method") == "money")
    assert set(told["arm"]) == set(measured["arm"])
    assert set(told["fit"]) == {fit.name}


def test_the_next_partition_reads_the_fit_in_force_and_says_so_everywhere(lived) -> None:
    name = used(lived, SECOND)
    assert name == current(lived).name
    methods = lived.table("methods", SECOND).filter(pl.col("method") == "money")
    assert set(methods["fit"]) == {name}


def test_a_fit_has_every_group_that_was_published_and_a_run_takes_it_from_there(lived, copy_of) -> None:
    place = copy_of(lived)
    counts = fit_feed(place.context(FIRST))
    assert (counts["partitions"], counts["groups"], counts["upto"]) == (1, 8, FIRST)
    settled_anew(place, SECOND, counts["fit"])
    methods = place.table("methods", SECOND)
    groups = methods.filter(pl.col("arm").str.contains(":"), pl.col("field") != "amount")
    assert set(groups["fit"]) == {counts["fit"]}
    by_customer = {
        row["original"]: row["repaired"]
        for row in place.table("repairs", SECOND).filter(pl.col("arm") == "mode:customer_id").to_dicts()
    }
    assert by_customer


def test_the_same_inputs_and_the_same_pin_give_the_same_files_also_after_a_newer_fit(lived, copy_of) -> None:
    place = copy_of(lived)
    first = fit_feed(place.context(FIRST))["fit"]
    before = settled_anew(place, SECOND, first)
    newer = fit_feed(place.context(SECOND))["fit"]
    assert newer != first
    assert current(place).name == newer
    assert settled_anew(place, SECOND) == before  # pinned by its former run
    shutil.rmtree(place.context(SECOND).work / "units")
    (place.context(SECOND).work / "translated.json").unlink()
    assert settled_anew(place, SECOND, first) == before


def test_without_a_fit_all_is_measured_in_the_run(lived, copy_of) -> None:
    place = copy_of(lived)
    settled_anew(place, SECOND, "none")
    methods = place.table("methods", SECOND)
    assert methods["fit"].null_count() == methods.height > 0


def test_the_same_content_is_the_same_fit(lived, copy_of) -> None:
    place = copy_of(lived)
    assert fit_feed(place.context(SECOND))["fit"] == fit_feed(place.context(SECOND))["fit"]


def test_a_partition_is_never_judged_by_what_was_learned_from_itself_or_later_ones(lived, copy_of) -> None:
    place = copy_of(lived)
    name = fit_feed(place.context(SECOND))["fit"]
    for day in (FIRST, SECOND):
        (place.context(day).work / "translated.json").unlink()
        assert pinned(place.context(day)) == (None, "it learned from this partition or a later one")
        with pytest.raises(StepError, match="it learned from this partition"):
            pinned(place.context(day), name)
    assert pinned(place.context("2026-11-03"))[0].name == name


def test_a_fit_for_another_contract_or_other_methods_is_not_used(lived, copy_of) -> None:
    place = copy_of(lived)
    (place.context(SECOND).work / "translated.json").unlink()
    fit = current(place)
    told = json.loads((fit.folder / "fit.json").read_text())
    (fit.folder / "fit.json").write_text(json.dumps({**told, "stamp": "another"}))
    assert pinned(place.context(SECOND)) == (None, "the contract or the methods have changed since")
    with pytest.raises(StepError, match="have changed since"):
        pinned(place.context(SECOND), fit.name)
    settled_anew(place, SECOND)
    assert used(place, SECOND) == ""
    shutil.rmtree(fit.folder)
    assert pinned(place.context(SECOND)) == (None, "its files are gone")


def test_a_fit_that_does_not_exist_is_an_error_with_a_hint(lived) -> None:
    with pytest.raises(NotFoundError, match="has no fit 'x'\nHint: "):
        pinned(lived.context(SECOND), "x")


def test_nothing_is_learned_from_held_records_and_proposals(lived, copy_of) -> None:
    place = copy_of(lived)
    name = fit_feed(place.context(SECOND))["fit"]
    for table in ("review", "quarantine", "aside", "findings", "repairs"):
        shutil.rmtree(place.lake.path(f"payments/{table}"))
    assert fit_feed(place.context(SECOND))["fit"] == name


def test_no_repaired_cell_is_learned_from(lived) -> None:
    context = lived.context(SECOND)
    trusted = pl.concat([lived.table("trusted", day) for day in (FIRST, SECOND)])
    for name in ("amount", "country", "email"):
        repaired = int(trusted["_repaired"].list.contains(name).fill_null(value=False).sum())
        assert repaired > 0
        texts = Published(context).texts([name])
        assert (texts.height, texts[name].null_count()) == (trusted.height, repaired)
    known = Published(context).known()
    assert known.filter(~pl.col("_is_clean")).height > 0
    assert known.filter("_is_clean").select(pl.col("amount", "country", "email").null_count()).row(0) == (
        0,
        0,
        0,
    )


def test_a_feed_learns_anew_once_a_partition_was_published_that_its_fit_does_not_know(lived, copy_of) -> None:
    place = copy_of(lived)
    assert fit_due(place.context(FIRST)).startswith(
        f"{FIRST}/"
    )  # a run's own measurements are no fit of all groups
    fit_feed(place.context(FIRST))
    assert fit_due(place.context(FIRST)) == ""
    assert fit_due(place.context(SECOND)) == SECOND
    fit_feed(place.context(SECOND))
    assert fit_due(place.context(SECOND)) == ""


def test_groups_that_a_fit_never_met_are_taken_from_the_partition_itself(
    place, plain: Callable[[int], list[str]], line_of_b: Callable[..., str]
) -> None:
    place.gateway_b(plain(400), FIRST)
    place.way(FIRST)
    fit_feed(place.context(FIRST))
    new = [
        line_of_b(id=f"P{i:010d}", ref="C0007777", email="new@example.org", device="D00007777", country="AT",
                  created=f"{SECOND}T10:00:00+00:00")
        for i in range(4)
    ]  # fmt: skip
    lacking = line_of_b(
        id="P0000000009", ref="C0007777", email=None, device="D00007777", created=f"{SECOND}T11:00:00+00:00"
    )
    place.gateway_b([*new, lacking], SECOND)
    place.way(SECOND)
    assert used(place, SECOND)
    proposed = place.table("repairs", SECOND).filter(pl.col("field") == "email")
    assert set(proposed["repaired"]) == {"new@example.org"}


def test_a_feed_of_which_nothing_was_published_cannot_be_fitted(place) -> None:
    with pytest.raises(StepError, match="nothing is published yet to learn from\nHint: "):
        fit_feed(place.context(FIRST))


def test_the_command_fits_what_was_published_and_a_run_can_be_given_the_fit(
    lived, copy_of, surroundings, capsys: pytest.CaptureFixture
) -> None:
    place = copy_of(lived)
    surroundings(place)
    assert main(["fit", "--json"]) == 0
    [told] = json.loads(capsys.readouterr().out)
    assert (told["feed"], told["fit"], told["upto"], told["groups"]) == (
        "payments",
        current(place).name,
        SECOND,
        8,
    )
    assert main(["run", "payments", "--partition", FIRST, "--fit", "unknown", "--json"]) == 3
    [told] = json.loads(capsys.readouterr().out)
    assert "payments has no fit 'unknown'" in " ".join(told["troubles"])


def test_the_command_says_that_there_is_nothing_to_learn_from(place, surroundings, capsys) -> None:
    surroundings(place)
    assert main(["fit"]) == 1
    assert "nothing is published yet" in capsys.readouterr().err
