"""Where the parameters of a query stand: never in quotes or comments, and each with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.queries import bound, parameters_of


@pytest.mark.parametrize(
    ("query", "parameters", "text"),
    [
        ("a = :partition AND b >= :since;", ["partition", "since"], "a = $1 AND b >= $2"),
        ("a = ':partition' || \":since\" || `:since`", [], "a = ':partition' || \":since\" || `:since`"),
        ("a = 'it''s :since' OR :since", ["since"], "a = 'it''s :since' OR $1"),
        (r"a = E'it\'s :since' OR :since", ["since"], r"a = E'it\'s :since' OR $1"),
        ("$$ :since $$ $x$ :since $$ $x$ :since", ["since"], "$$ :since $$ $x$ :since $$ $x$ $1"),
        ("-- :since\n/* :since\n*/ :since", ["since"], "-- :since\n/* :since\n*/ $1"),
        ("a::partition, b[1:since], :since_then, :partition::date", ["partition"], None),
        ("${A} = ${B} + ${A}", ["${A}", "${B}", "${A}"], "$1 = $2 + $3"),
        ("a = :other", [], "a = :other"),
    ],
)
def test_a_parameter_is_found_outside_of_quotes_and_comments(
    query: str, parameters: list[str], text: str | None
) -> None:
    assert parameters_of(query) == parameters
    expected = text or query.replace(":partition::date", "$1::date")
    assert bound(query, lambda i: f"${i + 1}") == expected


@given(st.text(alphabet="a'\"$`:{}-/*;\\\n E", max_size=30))
def test_no_text_is_lost_when_nothing_is_bound(query: str) -> None:
    assert parameters_of(query) == []
    assert bound(query, lambda _: "?") == query.rstrip().removesuffix(";")
