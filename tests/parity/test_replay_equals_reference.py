"""Do the slow meaning and the compiled replay agree, whatever the history looks like?"""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from data.contract import DAY
from data.history import History, Told
from features.catalog import needed_sums
from features.fold import FOREVER
from features.keys import KINDS
from features.link_replay import final_links
from features.replay import final_state, replay
from features.sources import Distinct, Link, Sum
from tests.helpers.histories import history_of, reference_values, worlds

SUMS = tuple(dict.fromkeys((*needed_sums(), *(Link(kind, measure) for kind in KINDS for measure in Distinct))))


def assert_agree(one: Sum | Link, got: float, expected: float, scale: float) -> None:
    """Counts exactly; decayed sums to 1e-11 of the undecayed sum of weights (design, *Numbers*)."""
    if np.isnan(expected) or np.isnan(got):
        assert np.isnan(expected) == np.isnan(got), one
    elif one.half_life == FOREVER:
        assert got == expected, one
    else:
        assert abs(got - expected) <= 1e-11 * scale, one


@given(world=worlds())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_replay_reads_what_the_formula_says(world: tuple[list[dict[str, Any]], list[Told]]) -> None:
    history = history_of(*world)
    readings = replay(history, SUMS)
    for row in range(len(history)):
        expected = reference_values(history, SUMS, row, int(history.orders["placed_at"][row]))
        for one in SUMS:
            assert_agree(one, readings[one][row], expected[one], scale=len(history))


@given(world=worlds())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_arrival_in_another_order_gives_the_same_bytes(world: tuple[list[dict[str, Any]], list[Told]]) -> None:
    rows, told = world
    one, other = replay(history_of(rows, told), SUMS), replay(history_of(rows[::-1], told[::-1]), SUMS)
    for key in SUMS:
        np.testing.assert_array_equal(one[key], other[key])


def state_of(history: History) -> list[tuple[str, Any]]:
    """Every array of the final state, and the texts of its keys."""
    kept = needed_sums()
    links = final_links(history, tuple(one for one in kept if isinstance(one, Link)))
    sums = [(one.layout.kind, (one.keys, one.values.tolist(), one.grid.tolist())) for one in final_state(history, kept)]
    return sums + [(repr(one.link), (one.keys, one.slots.tolist(), one.weights.tolist())) for one in links]


def again(told: list[Told], late: int) -> list[Told]:
    """The same news told once more, `late` after the first time: it was known all along."""
    return [replace(one, known_at=one.known_at + late) for one in told]


@given(data=st.data(), world=worlds())
def test_late_shuffled_duplicated_and_corrected_news_end_in_the_same_state(
    data: st.DataObject, world: tuple[list[dict[str, Any]], list[Told]]
) -> None:
    rows, told = world
    more = data.draw(st.lists(st.sampled_from(told), max_size=4))
    told_again = data.draw(st.permutations([*told, *again(more, data.draw(st.sampled_from([0, 1, 9 * DAY])))]))
    history, other = history_of(rows, told), history_of(data.draw(st.permutations(rows)), told_again)
    assert state_of(history) == state_of(other)
