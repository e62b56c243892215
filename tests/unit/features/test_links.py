"""Does a set of a few values count what it promises, whatever the order in which it was told?"""

from hypothesis import given
from hypothesis import strategies as st

from features.link_store import pack, unpack
from features.links import EMPTY, MOST, NO_VALUE, ROOM, join, standing, weigh_in

told = st.lists(st.tuples(st.integers(0, 14), st.sampled_from([1, 1, -1])), max_size=40)


def kept(moves: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    slots, weights = [EMPTY] * ROOM, [0] * ROOM
    for value, change in moves:
        join(slots, weights, value)
        weigh_in(slots, weights, value, change)
    return slots, weights


@given(moves=told, order=st.randoms(use_true_random=False))
def test_the_set_is_the_smallest_values_with_all_of_their_weight(moves, order) -> None:
    slots, weights = kept(moves)
    values = sorted({value for value, _ in moves})[:ROOM]
    assert slots == values + [EMPTY] * (ROOM - len(values))
    assert weights[: len(values)] == [sum(c for v, c in moves if v == value) for value in values]
    order.shuffle(moves)
    assert kept(moves) == (slots, weights)


@given(moves=told, but=st.integers(0, 14))
def test_up_to_its_room_it_counts_exactly_the_other_values_that_stand(moves, but: int) -> None:
    moves = [(v, c) for v, c in moves if v < MOST]
    stands = {v for v, _ in moves if sum(c for w, c in moves if w == v) > 0}
    assert standing(*kept(moves), but) == len(stands - {but})
    assert standing(*kept(moves), NO_VALUE) == len(stands)


def test_beyond_its_room_it_says_most() -> None:
    many = kept([(value, 1) for value in range(50)])
    assert standing(*many, 3) == standing(*many, 49) == MOST
    assert standing(*many, NO_VALUE) == MOST


def test_carts_of_a_full_set_are_no_longer_told_even_if_outcomes_were_taken_back() -> None:
    taken_back = kept([(value, change) for value in range(ROOM) for change in (1, -1)])
    assert standing(*taken_back, NO_VALUE) == MOST
    assert standing(*taken_back, 3) == 0


@given(moves=told)
def test_a_set_survives_being_written(moves) -> None:
    assert unpack(pack(*kept(moves))) == kept(moves)
