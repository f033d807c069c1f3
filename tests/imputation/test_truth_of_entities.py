"""Truth discovery: reliability, copying and labels, on claims small enough to reason about."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration_assets.imputation.truth import encoded, learned, probabilities
from orchestration_assets.imputation.witnesses import leading, witnessed

SCHEMA = {"_identity": pl.UInt64, "field": pl.String, "_reporter": pl.String, "claim": pl.String}
LABELS = {"_identity": pl.UInt64, "field": pl.String, "truth": pl.String}


def claims_of(said: dict[str, list[str | None]], field: str = "gate") -> pl.DataFrame:
    """One claim per reporter and entity; entities are numbered by position."""
    rows = [(i, field, who, what) for who, all_said in said.items() for i, what in enumerate(all_said)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def believed(claims: pl.DataFrame, labels: pl.DataFrame | None = None) -> dict[int, tuple[str | None, float]]:
    told = encoded(claims, labels)
    rows = told.rows.with_columns(probability=probabilities(told, learned(told)))
    found = leading(rows, ["_identity", "field"])
    return {row["_identity"]: (row["predicted"], row["share"]) for row in found.to_dicts()}


def test_what_independent_reporters_agree_on_is_believed() -> None:
    said = {who: ["A1", "B2", "C3", "D4"] for who in ("one", "two", "three")}
    assert {i: value for i, (value, _) in believed(claims_of(said)).items()} == {
        0: "A1",
        1: "B2",
        2: "C3",
        3: "D4",
    }


def test_a_reliable_reporter_outweighs_two_who_are_often_alone() -> None:
    right = [f"g{i}" for i in range(12)]
    said = {
        "good": [*right, "yes"],
        "also good": [*right, None],
        "third": [*right, None],
        "wild": [*(f"w{i}" for i in range(12)), "no"],
        "stray": [*(f"s{i}" for i in range(12)), "no"],
    }
    assert believed(claims_of(said))[12][0] == "yes"


def test_labels_turn_the_majority_around() -> None:
    crowd = [f"x{i}" for i in range(10)]
    said = {"site": [f"t{i}" for i in range(10)], **dict.fromkeys(("a", "b", "c"), crowd)}
    assert believed(claims_of(said))[9][0] == "x9"
    labels = pl.DataFrame([(i, "gate", f"t{i}") for i in range(6)], schema=LABELS, orient="row")
    assert believed(claims_of(said), labels)[9][0] == "t9"


def test_copies_count_as_one() -> None:
    # Three who always say the same, also when all others say otherwise, against two who err each on their own.
    copied = [f"v{i}" for i in range(20)]
    one = [f"v{i}" if i % 5 else f"p{i}" for i in range(20)]
    two = [f"v{i}" if i % 4 else f"q{i}" for i in range(20)]
    told = encoded(claims_of({"x": copied, "y": copied, "z": copied, "one": one, "two": two}))
    reliability = learned(told)
    number = {name: int(n) for name, n in zip(told.rows["_reporter"], told.reporter, strict=True)}
    field = np.zeros(1, int)
    among_copies = reliability.copied(field, np.array([number["x"]]), np.array([number["y"]]))
    between_others = reliability.copied(field, np.array([number["one"]]), np.array([number["two"]]))
    assert among_copies[0] > between_others[0]


def test_a_level_vote_predicts_nothing() -> None:
    assert believed(claims_of({"a": ["x"], "b": ["y"]}))[0][0] is None


def test_a_witness_is_not_asked_about_himself() -> None:
    # Entity 20 is known to one reporter only: nobody else can predict what he says, so it is no case.
    said = {who: [*(f"v{i}" for i in range(20)), None] for who in ("a", "b", "c")}
    said["d"] = [*(f"v{i}" for i in range(20)), "alone"]
    told = encoded(claims_of(said))
    cases = witnessed(told, learned(told))
    assert cases.height == 80
    assert cases["is_right"].all()


CLAIM = st.tuples(  # entity, field, reporter, claim
    st.integers(0, 5),
    st.sampled_from(["f", "g"]),
    st.sampled_from([None, "a", "b", "c", "d"]),
    st.sampled_from([None, "x", "y", "z"]),
)


@settings(deadline=None)
@given(st.lists(CLAIM, max_size=60))
def test_probabilities_of_an_item_never_exceed_one(rows: list[tuple]) -> None:
    told = encoded(pl.DataFrame(rows, schema=SCHEMA, orient="row"))
    probability = probabilities(told, learned(told))
    assert ((probability >= 0) & (probability <= 1)).all()
    values = told.rows.with_columns(p=pl.Series(probability, dtype=pl.Float64)).unique(
        ["_identity", "field", "claim"]
    )
    assert (values.group_by("_identity", "field").agg(pl.col("p").sum())["p"] <= 1 + 1e-9).all()


@settings(deadline=None)
@given(st.lists(CLAIM, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_claims_does_not_matter(rows: list[tuple], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    frames = (pl.DataFrame(part, schema=SCHEMA, orient="row") for part in (rows, shuffled))
    first, second = (believed(frame) for frame in frames)
    assert first == second
