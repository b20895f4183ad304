"""Sets of roles as integers, against sets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from passrole.analysis import bits

SETS = st.sets(st.one_of(st.integers(0, 16), st.integers(0, 5000)), max_size=20)


@given(SETS)
def test_a_set_is_what_was_put_in(given: set[int]) -> None:
    assert list(bits.places(bits.of(given))) == sorted(given)
    if given:
        assert bits.lowest(bits.of(given)) == min(given)


@given(st.lists(SETS, max_size=9))
def test_a_tally_counts_how_often_each_was_set(sets: list[set[int]]) -> None:
    tally = bits.Tally()
    for one in sets:
        tally.add(bits.of(one))
    assert tally.counts(5001) == [sum(number in one for one in sets) for number in range(5001)]
