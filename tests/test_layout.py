"""The floors of the project: who stands on whom, told from the imports as they are written."""

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

import orchestration_assets
import sources
import validators

TOP = Path(__file__).resolve().parent.parent
PACKAGES = ("orchestration_assets", "sources", "validators")
PURE = (
    "validators",
    "sources",
    "orchestration_assets/translation",
    "orchestration_assets/imputation",
    "orchestration_assets/settlement",
    "orchestration_assets/decisions",
    "orchestration_assets/drift",
    "orchestration_assets/decisions",
    "orchestration_assets/profiling",
    "orchestration_assets/steps",
    "orchestration_assets/chaos",
)
FILES = sorted(path for package in PACKAGES for path in (TOP / package).rglob("*.py"))


def module_of(path: Path) -> str:
    parts = path.relative_to(TOP).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[str]:
    """Every module that the file imports, at the top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_at_top(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files_under(folder: str) -> list[Path]:
    return [path for path in FILES if path.is_relative_to(TOP / folder)]


def is_of(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def test_the_packages_are_those_of_this_repository() -> None:
    for package in (validators, sources, orchestration_assets):
        assert Path(package.__file__).resolve().is_relative_to(TOP)
    assert len(FILES) > 60


@pytest.mark.parametrize("folder", PURE)
def test_what_decides_about_data_knows_nothing_of_dagster(folder: str) -> None:
    assert len(files_under(folder)) > 1
    assert [
        path.name for path in files_under(folder) if any(is_of(m, "dagster") for m in imported(path))
    ] == []


@pytest.mark.parametrize(
    ("folder", "others"),
    [
        ("validators", ("sources", "orchestration_assets")),
        ("sources", ("validators", "orchestration_assets")),
    ],
)
def test_validators_and_sources_stand_on_the_ground(folder: str, others: tuple[str, ...]) -> None:
    found = {(p.name, m) for p in files_under(folder) for m in imported(p) for o in others if is_of(m, o)}
    assert found == set()


@pytest.mark.parametrize("world", ["sources.simulation", "sources.chaos"])
def test_only_commands_and_who_breaks_the_simulated_world_know_of_it(world: str) -> None:
    allowed = (
        "orchestration_assets/commands",
        "orchestration_assets/chaos",
        "sources/chaos",
        "sources/simulation",
    )
    others = [p for p in FILES if not any(p.is_relative_to(TOP / folder) for folder in allowed)]
    assert [p.name for p in others if any(is_of(m, world) for m in imported(p))] == []


def test_the_simulation_does_not_know_who_breaks_it() -> None:
    files = files_under("sources/simulation")
    assert [p.name for p in files if any(is_of(m, "sources.chaos") for m in imported(p))] == []


def test_no_package_imports_tests_or_benchmarks() -> None:
    assert [
        p.name for p in FILES if any(is_of(m, o) for m in imported(p) for o in ("tests", "benchmarks"))
    ] == []


def test_annotations_stay_what_they_are() -> None:
    everywhere = [*FILES, *(TOP / "tests").rglob("*.py"), *(TOP / "benchmarks").rglob("*.py")]
    assert [p.name for p in everywhere if "__future__.annotations" in imported(p)] == []


def test_no_module_imports_itself_through_others() -> None:
    modules = {module_of(path): path for path in FILES}
    graph = {
        name: {m for m in imported_at_top(path) if m in modules} - {name} for name, path in modules.items()
    }
    assert sum(map(len, graph.values())) > 100
    assert circle_in(graph) == []


def test_the_rooms_do_not_import_each_other_in_a_circle() -> None:
    """Rooms: the packages on the ground, and in the code location the steps, the assets, and what they stand on."""

    def room(module: str) -> str:
        if is_of(module, "orchestration_assets"):
            for name in ("commands", "assets", "steps"):
                if is_of(module, f"orchestration_assets.{name}"):
                    return name
            for name in ("translation", "imputation", "settlement"):
                if is_of(module, f"orchestration_assets.{name}"):
                    return "repairing"
            return module.split(".")[1] if "." in module else module
        return module.split(".", maxsplit=1)[0]

    modules = {module_of(path): path for path in FILES}
    graph: dict[str, set[str]] = {}
    for name, path in modules.items():
        mine = {room(m) for m in imported_at_top(path) if m in modules}
        graph.setdefault(room(name), set()).update(mine - {room(name)})
    assert circle_in(graph) == []


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """One circle of the graph, as the list of its nodes; empty if there is none."""
    done: set[str] = set()

    def walk(node: str, above: list[str]) -> list[str]:
        if node in above:
            return [*above[above.index(node) :], node]
        if node not in done:
            for other in sorted(graph.get(node, ())):
                if circle := walk(other, [*above, node]):
                    return circle
            done.add(node)
        return []

    return next((circle for node in sorted(graph) if (circle := walk(node, []))), [])


@pytest.mark.parametrize(
    ("graph", "circle"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, ["b", "c", "b"]),
    ],
)
def test_a_circle_is_found(graph: dict[str, set[str]], circle: list[str]) -> None:
    assert circle_in(graph) == circle
    assert all(b in graph[a] for a, b in pairwise(circle))
