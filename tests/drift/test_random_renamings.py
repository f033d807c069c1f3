"""The benchmark of renamed columns, a few rounds of it: nothing may ever be mapped wrongly."""

import pytest

from benchmarks.drift import measure


@pytest.mark.slow
def test_of_columns_renamed_at_random_none_is_mapped_wrongly_and_many_are_mapped() -> None:
    for by_kind in measure(25, seed=3).values():
        told = by_kind["all"]
        assert (told["wrong"], told["surely wrong"]) == (0, 0)
        assert told["sure"] > 0.4 * (told["right"] + told["person"])
