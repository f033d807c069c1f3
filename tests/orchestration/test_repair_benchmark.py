"""Floors of `make bench-repair`, on published tables; skipped where these are not there."""

from pathlib import Path

import pytest

from benchmarks.ablation import ablated, methods_of
from benchmarks.repairing import absent, coverage, labels, measured
from benchmarks.repairs import Case, case_of, main
from orchestration_assets.imputation.dependent import METHOD
from orchestration_assets.steps.context import rules_of

FLOORS = {
    "flights": ((), {"recall": 0.37, "precision": 0.97}, 10),
    "flights, 20 labels": ((20,), {"f1": 0.965, "record_edr": 0.92, "precision": 0.97}, 15),
    "hospital": ((), {"f1": 0.93, "record_edr": 0.90, "precision": 0.98}, 0),
    "beers": ((), {"f1": 0.99, "record_edr": 0.98, "precision": 0.995}, 0),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FLOORS)
def test_repair_keeps_its_floors(name: str, tmp_path: Path) -> None:
    rounds, floors, most_damaged = FLOORS[name]
    case = case_of(name.partition(",")[0])
    if missing := absent([case]):
        pytest.skip(f"the reference data is not there: {', '.join(map(str, missing))}")
    found = measured(case, rounds, tmp_path)
    assert {key: found[key] for key in floors if found[key] < floors[key]} == {}
    assert found["damaged"] <= most_damaged
    assert found["labelled"] == sum(rounds)


def test_without_reference_data_the_command_says_where_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("BREAKWATER_REFERENCE_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setattr("sys.argv", ["repairs", "--table", "beers"])
    assert main() == 1
    told = capsys.readouterr().err
    assert str(tmp_path / "nowhere" / "beers" / "dirty.csv") in told
    assert "github.com/LUH-DBS/Matelda" in told


def test_labels_are_the_true_records_under_the_dirty_names(tmp_path: Path) -> None:
    (tmp_path / "dirty.csv").write_text("id,town\n1,ulm\n2,bon\n")
    (tmp_path / "clean.csv").write_text("Id,Town\n1,ulm\n2,bonn\n")
    case = Case(tmp_path / "dirty.csv", tmp_path / "clean.csv", "")
    assert labels(case, [1]).rows(named=True) == [{"id": "2", "town": "bonn", "_row": 1}]


def test_coverage_counts_cells_that_were_masked_and_not_those_that_are_unknown(tmp_path: Path) -> None:
    (tmp_path / "dirty.csv").write_text("id,town\n1,?\n2,?\n3,?\n4,ulm\n5,?\n")
    (tmp_path / "clean.csv").write_text("id,town\n1,ulm\n2,bonn\n3,kiel\n4,ulm\n5,?\n")
    (tmp_path / "repaired.csv").write_text("id,town,_status\n1,ulm,x\n2,ulm,x\n3,?,x\n4,ulm,x\n5,ulm,x\n")
    case = Case(tmp_path / "dirty.csv", tmp_path / "clean.csv", "")
    assert coverage(case, tmp_path) == {"masked": 3, "filled": 2, "filled_right": 1}


def test_a_contract_loses_the_one_method_and_keeps_the_rest() -> None:
    reference = "benchmarks.contracts.hospital:Hospital"
    whole = rules_of(reference)
    assert methods_of(reference) == ["spelling", METHOD]
    without = rules_of(ablated(reference, "spelling"))
    assert {spec.policy.translate for spec in without.fields.values()} == {()}
    assert [s.policy.determined_by for s in without.fields.values()] == [
        s.policy.determined_by for s in whole.fields.values()
    ]
    assert [rule.fingerprint for rule in without.rules] == [rule.fingerprint for rule in whole.rules]
    independent = rules_of(ablated(reference, METHOD))
    assert {spec.policy.determined_by for spec in independent.fields.values()} == {()}
    assert independent.fields["city"].policy.translate == ("spelling",)
