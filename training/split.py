"""One cut in time: which orders grow trees, stop them, calibrate them and judge them.

    trees | early_stop | calibrate | gap, as long as a label matures | test, from the cut on

Everything before the gap may use only labels known at the cut; the test only labels known at the end.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import PlanError, TooLittleHistory

Mask = NDArray[np.bool_]
Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BlockShares:
    """Shares of the training orders, oldest first. They add up to 1, each above 0; otherwise PlanError TRAIN004."""

    trees: float = 0.70
    early_stop: float = 0.15
    calibrate: float = 0.15

    def __post_init__(self) -> None:
        shares = (self.trees, self.early_stop, self.calibrate)
        if not (all(share > 0 for share in shares) and abs(sum(shares) - 1) < 1e-9):
            raise PlanError(
                "TRAIN004",
                "shares of the training blocks",
                got=" + ".join(f"{share:g}" for share in shares),
                expected="three shares above 0 that add up to 1",
                to_do="correct the shares in the plan",
            )


DEFAULT_SHARES = BlockShares()


@dataclass(frozen=True, slots=True)
class Blocks:
    """Disjoint masks over the same orders, each (n,). `gap` is every order too young to train at the cut."""

    trees: Mask
    early_stop: Mask
    calibrate: Mask
    gap: Mask
    test: Mask

    @property
    def train(self) -> Mask:
        """(n,) all orders that may shape the model: trees, early stop and calibrator."""
        shaping: Mask = self.trees | self.early_stop | self.calibrate
        return shaping

    def judged(self) -> Iterator[tuple[str, Mask]]:
        """The blocks that need orders of both outcomes, by name, oldest first."""
        for name in ("trees", "early_stop", "calibrate", "test"):
            yield name, getattr(self, name)


def split_by_time(
    placed_at: Times,
    labelled_at_cut: Mask,
    labelled_at_end: Mask,
    *,
    cut: int,
    matures_in: int,
    end: int,
    shares: BlockShares = DEFAULT_SHARES,
) -> Blocks:
    """Blocks of orders by `placed_at`; an instant never straddles two of them.

    placed_at (n,) microseconds; labelled_at_cut and labelled_at_end (n,): is the label known then; cut, end and
    matures_in in microseconds. Orders placed up to `cut - matures_in` train, those from `cut` to `end - matures_in`
    test. Blocks may come out empty: ask `check_blocks`.
    """
    oldest_gap = cut - matures_in
    trains = (placed_at <= oldest_gap) & (placed_at < cut) & labelled_at_cut  # the cut itself only tests
    first_stop, first_calibrate = _boundaries(placed_at[trains], shares)
    return Blocks(
        trees=trains & (placed_at < first_stop),
        early_stop=trains & (placed_at >= first_stop) & (placed_at < first_calibrate),
        calibrate=trains & (placed_at >= first_calibrate),
        gap=(placed_at > oldest_gap) & (placed_at < cut),
        test=(placed_at >= cut) & (placed_at <= end - matures_in) & labelled_at_end,
    )


def cut_at(placed_at: Times, test_share: float) -> int:
    """The instant from which the last `test_share` of these orders lie, as near as whole instants allow.

    placed_at (n,) microseconds of matured, labelled orders in any order. At least one instant stays on each side.
    Raises PlanError TRAIN004 for a share outside 0..1, TooLittleHistory TRAIN001 with fewer than two instants.
    """
    if not 0 < test_share < 1:
        raise PlanError(
            "TRAIN004",
            "test share",
            got=f"{test_share:g}",
            expected="a share between 0 and 1, both excluded",
            to_do="correct the test share in the plan",
        )
    times = np.sort(placed_at)
    starts = _starts(times)
    if len(starts) < 2:
        raise TooLittleHistory(
            "TRAIN001",
            "orders old enough to have an outcome",
            got=f"{len(times):,} orders at {len(starts)} instants",
            expected="orders at two instants or more",
            to_do="import a longer history, or declare a shorter maturity if outcomes are told sooner",
        )
    return int(times[_nearest(starts[1:], round(len(times) * (1 - test_share)))])


def check_blocks(blocks: Blocks, y: NDArray[np.number], minimum: int = 50) -> None:
    """Refuse blocks that cannot do their work.

    y (n,) 0 or 1 inside the blocks, anything outside. Raises TooLittleHistory: TRAIN002 when a block has fewer than
    `minimum` orders, TRAIN003 when all its outcomes are the same.
    """
    for name, mask in blocks.judged():
        n_orders, n_rto = int(mask.sum()), int((y[mask] == 1).sum())
        if n_orders < minimum:
            raise TooLittleHistory(
                "TRAIN002",
                f"block {name}",
                got=f"{n_orders:,} orders with a known outcome",
                expected=f"at least {minimum:,}",
                to_do="import a longer history, or move the cut",
            )
        if n_rto in (0, n_orders):
            raise TooLittleHistory(
                "TRAIN003",
                f"block {name}",
                got=f"{n_rto:,} RTO among {n_orders:,} orders",
                expected="both outcomes, RTO and delivered",
                to_do="import a longer history, or check how the mapping reads the outcome",
            )


def _boundaries(placed_at: Times, shares: BlockShares) -> tuple[int, int]:
    """First instants of early_stop and calibrate. With no orders, anything will do."""
    times = np.sort(placed_at)
    n = len(times)
    if n == 0:
        return 0, 0
    edges = np.append(_starts(times), n)
    instants = np.append(times, times[-1] + 1)  # an edge at n is just after the last order
    wanted = (round(n * shares.trees), round(n * (shares.trees + shares.early_stop)))
    first_stop, first_calibrate = (int(instants[_nearest(edges, position)]) for position in wanted)
    return first_stop, first_calibrate


def _starts(times: Times) -> NDArray[np.int64]:
    """Positions in the sorted `times` where a new instant begins."""
    return np.flatnonzero(np.diff(times, prepend=times[:1] - 1)).astype(np.int64)


def _nearest(edges: NDArray[np.int64], position: int) -> int:
    """The edge nearest to `position`, the earlier one of two: it never falls when the position rises."""
    return int(edges[np.argmin(np.abs(edges - position))])
