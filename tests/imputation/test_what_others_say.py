"""What the other reporters of an entity say, against a slow and plain count."""

from collections import Counter

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration_assets.settlement.claims import others_say

_SCHEMA = {"_identity": pl.UInt64, "_reporter": pl.String, "claim": pl.String}


def _said(rows: list[tuple]) -> list[tuple]:
    """(predicted, share, support, others) of each row."""
    found = others_say(pl.DataFrame(rows, schema=_SCHEMA, orient="row"))
    assert found.height == len(rows)
    return found.select("predicted", "share", "support", "others").rows()


def _counted(rows: list[tuple]) -> list[tuple]:
    """The same, by hand: every other reporter has one vote for each value that it claims."""
    out = []
    for identity, reporter, _ in rows:
        stated = {
            (r, c) for i, r, c in rows if i == identity and r != reporter and c is not None and i is not None
        }
        votes = Counter(claim for _, claim in stated).most_common()
        if votes and (len(votes) == 1 or votes[0][1] > votes[1][1]):
            out.append((votes[0][0], votes[0][1] / len(stated), votes[0][1], len(stated)))
        else:
            out.append((None, None, 0, len(stated)))
    return out


_ROWS = st.lists(
    st.tuples(
        st.sampled_from([1, 1, 1, 2, None]),
        st.sampled_from(["a", "b", "c", "d", "e", None]),
        st.sampled_from([*"vwxyz", None]),
    ),
    max_size=18,
)


@settings(max_examples=150, deadline=None)
@given(_ROWS)
def test_what_the_others_say_is_what_a_plain_count_gives(rows) -> None:
    assert _said(rows) == _counted(rows)


def test_a_reporter_who_claims_many_values_is_counted_out_of_all_of_them() -> None:
    # Without a's three votes, v, w and x have one each, and y has two: the fourth in the order of all votes.
    rows = (
        [(1, "a", v) for v in "vwx"]
        + [(1, r, v) for r, v in zip("bcd", "vwx", strict=True)]
        + [(1, "e", "y"), (1, "f", "y")]
    )
    assert _said(rows)[0] == ("y", 0.4, 2, 5)


def test_two_values_that_lead_without_the_reporters_own_are_level() -> None:
    rows = [
        (1, "a", "v"),
        (1, "a", "w"),
        (1, "b", "v"),
        (1, "c", "w"),
        (1, "d", "x"),
        (1, "e", "x"),
        (1, "f", "y"),
        (1, "g", "y"),
    ]
    assert _said(rows)[0] == (None, None, 0, 6)


def test_a_report_that_is_delivered_twice_counts_once() -> None:
    rows = [(1, "a", "v"), (1, "a", "v"), (1, "a", "v"), (1, "b", "w"), (1, "c", "w"), (1, "d", None)]
    assert _said(rows)[5] == ("w", 2 / 3, 2, 3)


def test_reporters_without_a_name_are_taken_for_one_and_do_not_vouch_for_themselves() -> None:
    assert _said([(1, None, "v"), (1, None, "v")]) == [(None, None, 0, 0)] * 2
    assert _said([(1, None, "v"), (1, "a", "w")]) == [("w", 1.0, 1, 1), ("v", 1.0, 1, 1)]


def test_records_without_an_identity_say_nothing_of_each_other() -> None:
    assert _said([(None, "a", "v"), (None, "b", "v")]) == [(None, None, 0, 0)] * 2


def test_no_claims_say_nothing() -> None:
    assert _said([]) == []


@settings(max_examples=25, deadline=None)
@given(_ROWS, st.data())
def test_what_the_others_say_does_not_change_with_the_reporters_own_claim(rows, data) -> None:
    if not rows:
        return
    at = data.draw(st.integers(0, len(rows) - 1))
    identity, reporter, _ = rows[at]
    changed = list(rows)
    changed[at] = (identity, reporter, data.draw(st.sampled_from([*"vwxyzq", None])))
    assert _said(changed)[at] == _said(rows)[at]


@settings(max_examples=25, deadline=None)
@given(_ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_reports_does_not_matter(rows, random) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)
    shuffled = _said([rows[i] for i in order])
    assert shuffled == [_said(rows)[i] for i in order]
