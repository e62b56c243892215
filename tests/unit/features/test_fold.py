"""Does the kernel keep a sum exactly as long as it promises, however many facts arrive and in whatever order?"""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.contract import DAY, HOUR
from features import compiled
from features.fold import FOREVER, add, decay, read
from tests.helpers.histories import T0

N_MEASURES, LAYOUT = 2, {"measure": [0, 1, 0], "slot": [0, 0, 1], "half_lives": [FOREVER, 30 * DAY]}


def folded(facts: list[tuple[float, float, int]]) -> tuple[list[float], list[int]]:
    """State after facts of (weight of measure 0, of measure 1, placed_at): sums 0 and 1 for ever, sum 2 decays."""
    values, grid = [0.0] * 3, [0] * 2
    for one, other, at in facts:
        add(values, grid, (one, other), at, LAYOUT["measure"], LAYOUT["slot"], LAYOUT["half_lives"])
    return values, grid


def value(state: tuple[list[float], list[int]], at: int) -> list[float]:
    out = [0.0] * 3
    read(*state, at, LAYOUT["slot"], LAYOUT["half_lives"], out)
    return out


facts = st.lists(
    st.tuples(st.sampled_from([1.0, -1.0, 1.0]), st.sampled_from([0.0, 120_000.0]), st.integers(T0, T0 + 900 * DAY)),
    max_size=30,
)


@given(facts=facts, seed=st.randoms(use_true_random=False))
def test_the_order_in_which_facts_arrive_does_not_matter(facts, seed) -> None:
    at = T0 + 1_000 * DAY
    straight = value(folded(facts), at)
    seed.shuffle(facts)
    shuffled = value(folded(facts), at)
    assert shuffled[:2] == straight[:2]
    assert abs(shuffled[2] - straight[2]) <= 1e-14 * len(facts)


@given(facts=facts, later=st.integers(0, 900))
def test_it_reads_what_the_formula_says(facts, later: int) -> None:
    at = T0 + (900 + later) * DAY
    got = value(folded(facts), at)
    assert got[0] == sum(f[0] for f in facts)
    assert got[1] == sum(f[1] for f in facts)
    assert got[2] == pytest.approx(sum(f[0] * decay(at - f[2], 30 * DAY) for f in facts), abs=1e-13 * (1 + len(facts)))


def test_reading_changes_nothing() -> None:
    state = folded([(1.0, 5.0, T0)])
    before = [*state[0]], [*state[1]]
    value(state, T0 + 99 * DAY)
    assert state == before


def test_one_half_life_halves_and_none_keeps() -> None:
    state = folded([(8.0, 3.0, T0)])
    assert value(state, T0) == [8.0, 3.0, pytest.approx(8.0, rel=1e-15)]
    assert value(state, T0 + 60 * DAY) == [8.0, 3.0, pytest.approx(2.0, rel=1e-15)]


def test_a_fact_taken_back_leaves_next_to_nothing() -> None:
    state = folded([(1.0, 1.0, T0), (1.0, 0.0, T0 + 777 * DAY), (-1.0, -1.0, T0), (-1.0, 0.0, T0 + 777 * DAY)])
    assert value(state, T0 + 777 * DAY) == [0.0, 0.0, pytest.approx(0.0, abs=1e-15)]


def test_the_grid_moves_forward_alone() -> None:
    _, grid = folded([(1.0, 0.0, T0 + 90 * DAY), (1.0, 0.0, T0)])
    assert grid == [0, (T0 + 90 * DAY) // (30 * DAY)]


def test_what_is_thousands_of_half_lives_old_is_nothing_and_no_error() -> None:
    values, grid = [0.0], [0]
    for at in (T0, T0 + 400_000 * HOUR):
        add(values, grid, (1.0,), at, [0], [0], [HOUR])
    out = [0.0]
    read(values, grid, T0 + 400_000 * HOUR, [0], [HOUR], out)
    assert out == [pytest.approx(1.0, rel=1e-15)]


def test_millions_of_facts_do_not_drift() -> None:
    """Facts an hour apart for 228 years, compiled: the sum is the geometric series to 12 digits."""
    n, half_life = 2_000_000, 30 * DAY
    values, grid, slot = np.zeros(1), np.zeros(1, np.int64), np.zeros(1, np.int64)
    many(values, grid, np.ones(1), T0, HOUR, n, slot, np.array([half_life]))
    out = np.zeros(1)
    read(values, grid, T0 + (n - 1) * HOUR, slot, [half_life], out)
    exact = 1 / (1 - 2.0 ** (-HOUR / half_life))  # the tail beyond n is below 2^-2700
    assert abs(out[0] / exact - 1) < 1e-12


def test_millions_of_additions_at_one_half_life_apart_are_exact() -> None:
    """On the grid everything is a power of two: the sum is the exact fraction, rounded once."""
    values, grid, slot = np.zeros(1), np.zeros(1, np.int64), np.zeros(1, np.int64)
    start = T0 // HOUR * HOUR
    many(values, grid, np.ones(1), start, HOUR, 40, slot, np.array([HOUR]))
    assert Fraction(float(values[0])) == 2 - Fraction(1, 2**39)


def _many(values, grid, weights, start, apart, n, slot, half_lives):
    for i in range(n):
        add(values, grid, weights, start + i * apart, slot, slot, half_lives)


many = compiled.compile_kernel(_many, add=compiled.add)


@given(facts=facts)
def test_compiled_and_plain_kernels_give_the_same_bits(facts) -> None:
    plain = folded(facts)
    values, grid = np.zeros(3), np.zeros(2, np.int64)
    layout = [np.array(LAYOUT[name]) for name in ("measure", "slot", "half_lives")]
    for one, other, at in facts:
        compiled.add(values, grid, np.array([one, other]), at, *layout)
    assert grid.tolist() == plain[1]
    np.testing.assert_allclose(values, plain[0], rtol=1e-15, atol=0)
