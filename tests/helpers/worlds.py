"""Made-up markets, drawn once for all tests of a worker. Nobody writes to them."""

from functools import cache

from data.world.oracle import Oracle, observable_oracle
from data.world.presets import NETWORK
from data.world.simulate import World, simulate

UNTIL = 1_782_777_600_000_000
"""2026-06-30."""


def quiet(done: int, total: int) -> None:
    """Progress nobody looks at."""


@cache
def network(n_orders: int = 60_000, seed: int = 7) -> World:
    """The market models are judged on, at the size tests can bear."""
    return simulate(NETWORK, n_orders, seed, UNTIL, quiet)


_ORACLES: dict[int, Oracle] = {}


def oracle_of(world: World) -> Oracle:
    """The observable oracle's word on a world of this module, asked once."""
    if id(world) not in _ORACLES:
        _ORACLES[id(world)] = observable_oracle(world.inner)
    return _ORACLES[id(world)]
