"""The fold: decayed sums that are kept, moved and read exactly the same way by every driver.

    S(t) = sum over other orders o of  contribution(o, news of o with known_at < t) * 2^-((t - placed_at_o) / half_life)

A key's state is one value for each sum and one grid index for each half-life. The value stands at the grid moment
`index * half_life`; moving it to a later grid moment is an exact power of two (`ldexp`), so nothing drifts however
many facts arrive. A half-life of 0 means forever: those sums are plain integers. Adding facts is commutative up to
one rounding of each addition, because a fact's weight depends only on its own `placed_at` and on the grid.

Written in the subset of Python that numba compiles; runs as it stands on lists.
"""

from math import ldexp

from data.label import Ints
from features.contribution import Floats

FOREVER = 0
GONE = -2000  # 2^-2000 is zero in double precision


def add(
    values: Floats, grid: Ints, weights: Floats, placed_at: int, measure: Ints, slot: Ints, half_lives: Ints
) -> None:
    """Add one fact to a key's state, in place.

    values: (n_sums,) state.  grid: (n_half_lives,) state.  weights: (N_MEASURES,) the fact.  placed_at: of its
    order, microseconds.  measure, slot: (n_sums,) which measure and which half-life each sum is.
    half_lives: (n_half_lives,) microseconds, 0 = forever.
    """
    for h in range(len(half_lives)):
        half_life = half_lives[h]
        scale = 1.0
        if half_life != FOREVER:
            index = placed_at // half_life
            if index > grid[h]:
                step = max(grid[h] - index, GONE)
                for j in range(len(measure)):
                    if slot[j] == h:
                        values[j] = ldexp(values[j], step)
                grid[h] = index
            scale = 2.0 ** ((placed_at - grid[h] * half_life) / half_life)
        for j in range(len(measure)):
            if slot[j] == h:
                values[j] += weights[measure[j]] * scale


def read(values: Floats, grid: Ints, at: int, slot: Ints, half_lives: Ints, out: Floats) -> None:
    """Decay a key's state to the moment `at` (microseconds) and write it to `out` (n_sums,). State is unchanged."""
    for j in range(len(slot)):
        half_life = half_lives[slot[j]]
        if half_life == FOREVER:
            out[j] = values[j]
        else:
            out[j] = values[j] * 2.0 ** ((grid[slot[j]] * half_life - at) / half_life)


def decay(age: int, half_life: int) -> float:
    """Weight left of one order after `age` microseconds: 2^-(age / half_life); 1 for a half-life of 0 (forever)."""
    return 1.0 if half_life == FOREVER else float(2.0 ** (-age / half_life))
