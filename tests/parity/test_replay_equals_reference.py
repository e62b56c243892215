"""Do the slow meaning and the compiled replay agree, whatever the history looks like?"""

from typing import Any

import numpy as np
from hypothesis import given, settings

from data.history import Told
from features.catalog import needed_sums
from features.fold import FOREVER
from features.keys import KINDS
from features.replay import replay
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
