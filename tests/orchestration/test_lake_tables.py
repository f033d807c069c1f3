"""What the tables of the lake promise, whatever is written."""

import shutil
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from orchestration_assets.errors import LakeError
from orchestration_assets.lake import Lake

ROWS = st.lists(st.tuples(st.integers(-9, 9), st.sampled_from([None, "a", "ä;\n"])), max_size=5)
PARTITION_NAMES = st.sampled_from(["p1", "p2", "2026-11-01"])
SCHEMA = {"number": pl.Int64, "text": pl.String}
REFUSED = [
    "../x/t",
    "x/../t",
    "/x/t",
    "x/t/u",
    "x",
    "",
    "x/",
    "/t",
    "x/.t",
    ".x/t",
    "x/t\n",
    "x y/t",
    "x/t:u",
]


def frame(rows: list[tuple]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def version(lake: Lake, table: str) -> int:
    from deltalake import DeltaTable

    return DeltaTable(str(lake.path(table))).version()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@settings(max_examples=12, deadline=None)
@given(writes=st.lists(st.tuples(PARTITION_NAMES, ROWS), min_size=1, max_size=5))
def test_a_partition_holds_what_was_written_to_it_last(writes: list) -> None:
    root = Path(tempfile.mkdtemp())
    lake, expected = Lake(root), {}
    try:
        for partition, rows in writes:
            lake.replace("shop/orders", partition, frame(rows))
            expected[partition] = rows
        for partition, rows in expected.items():
            assert_frame_equal(lake.read("shop/orders", partition), frame(rows))
        assert lake.partitions("shop/orders") == sorted(p for p, rows in expected.items() if rows)
    finally:
        shutil.rmtree(root)


@settings(max_examples=8, deadline=None)
@given(rows=ROWS)
def test_committing_the_same_files_again_changes_nothing(rows: list) -> None:
    root = Path(tempfile.mkdtemp())
    try:
        lake = Lake(root)
        first = lake.replace("shop/orders", "p1", frame(rows))
        files = sorted(str(path) for path in root.rglob("*") if path.is_file())
        assert lake.replace("shop/orders", "p1", frame(rows)) == first
        assert sorted(str(path) for path in root.rglob("*") if path.is_file()) == files
    finally:
        shutil.rmtree(root)


def test_replacing_one_partition_leaves_the_files_of_others(lake: Lake) -> None:
    lake.replace("shop/orders", "p1", frame([(1, "a")]))
    lake.replace("shop/orders", "p2", frame([(2, "b")]))
    before = lake.active("shop/orders", "p1")
    [path] = before
    state = (lake.path("shop/orders") / path).stat()
    lake.replace("shop/orders", "p2", frame([(3, "c"), (4, "d")]))
    assert lake.active("shop/orders", "p1") == before
    after = (lake.path("shop/orders") / path).stat()
    assert (after.st_ino, after.st_mtime_ns) == (state.st_ino, state.st_mtime_ns)
    assert lake.read("shop/orders", "p2")["number"].to_list() == [3, 4]


def test_what_is_staged_is_not_read_before_it_is_committed(lake: Lake) -> None:
    lake.replace("shop/orders", "p1", frame([(1, "a")]))
    staged = lake.stage("shop/orders", "p1", frame([(2, "b")]), name="later")
    assert lake.read("shop/orders")["number"].to_list() == [1]
    lake.commit("shop/orders", "p1", [staged], pl.Schema(SCHEMA))
    assert lake.read("shop/orders")["number"].to_list() == [2]


def test_a_file_that_stays_is_neither_added_nor_removed(lake: Lake) -> None:
    kept = lake.stage("shop/orders", "p1", frame([(1, "a")]), name="kept")
    gone = lake.stage("shop/orders", "p1", frame([(2, "b")]), name="gone")
    new = lake.stage("shop/orders", "p1", frame([(3, "c")]), name="new")
    lake.commit("shop/orders", "p1", [kept, gone], pl.Schema(SCHEMA))
    lake.commit("shop/orders", "p1", [kept, new], pl.Schema(SCHEMA))
    assert sorted(lake.read("shop/orders")["number"]) == [1, 3]
    [log] = (lake.path("shop/orders") / "_delta_log").glob("*1.json")
    assert "kept.parquet" not in log.read_text()


def test_a_new_column_is_added_and_is_null_in_older_partitions(lake: Lake) -> None:
    lake.replace("shop/orders", "p1", frame([(1, "a")]))
    lake.replace("shop/orders", "p2", frame([(2, "b")]).with_columns(price=pl.lit(9.5)))
    assert lake.scan("shop/orders").select("number", "price").collect().sort("number").rows() == [
        (1, None),
        (2, 9.5),
    ]


def test_a_column_that_is_no_longer_written_stays_for_older_partitions(lake: Lake) -> None:
    lake.replace("shop/orders", "p1", frame([(1, "a")]))
    lake.replace("shop/orders", "p2", frame([(2, "b")]).drop("text"))
    assert lake.scan("shop/orders").select("number", "text").collect().sort("number").rows() == [
        (1, "a"),
        (2, None),
    ]


@pytest.mark.parametrize(("column", "value"), [("number", "ten"), ("number", 1.5), ("text", 7)])
def test_another_type_is_refused_with_a_hint_and_the_table_stays(
    lake: Lake, column: str, value: object
) -> None:
    lake.replace("shop/orders", "p1", frame([(1, "a")]))
    before = version(lake, "shop/orders")
    changed = frame([(2, "b")]).with_columns(pl.lit(value).alias(column))
    with pytest.raises(
        LakeError, match=f"shop/orders: {column} has another type(.|\n)*Hint: give the field a new name"
    ):
        lake.replace("shop/orders", "p2", changed)
    assert version(lake, "shop/orders") == before
    assert_frame_equal(lake.read("shop/orders", "p1"), frame([(1, "a")]))


@pytest.mark.parametrize("table", REFUSED)
def test_a_table_that_would_leave_the_root_is_refused(lake: Lake, table: str) -> None:
    for attempt in (lake.path, lake.exists, lake.read, lambda t: lake.replace(t, "p1", frame([]))):
        with pytest.raises(LakeError, match=r"is no table(.|\n)*Hint: "):
            attempt(table)
    assert not lake.root.exists()


@pytest.mark.parametrize("partition", ["..", "../x", "a/b", "", " ", "a=b", ".x", "p\n", "p\0"])
def test_a_partition_that_would_leave_its_table_is_refused(lake: Lake, partition: str) -> None:
    with pytest.raises(LakeError, match=r"cannot be a partition(.|\n)*Hint: "):
        lake.replace("shop/orders", partition, frame([(1, "a")]))
    with pytest.raises(LakeError, match="cannot be a partition"):
        lake.work("shop", partition)
    assert not list(lake.root.rglob("*.parquet"))


def test_a_table_that_is_not_there_yet_is_told_when_it_is_scanned(lake: Lake) -> None:
    assert lake.read("shop/orders").height == 0
    assert lake.partitions("shop/orders") == []
    assert lake.active("shop/orders", "p1") == {}
    with pytest.raises(LakeError, match=r"has no table 'shop/orders' yet(.|\n)*Hint: "):
        lake.scan("shop/orders")


def test_a_folder_that_is_a_file_is_told_as_such(lake: Lake) -> None:
    (lake.root / "shop").mkdir(parents=True)
    (lake.root / "shop" / "orders").write_text("in the way")
    with pytest.raises(LakeError, match=r"cannot be written: .*orders(.|\n)*Hint: "):
        lake.replace("shop/orders", "p1", frame([(1, "a")]))
