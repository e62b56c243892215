"""Which orders train and which judge, on hand-made and on arbitrary histories."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.contract import DAY
from data.errors import PlanError, TooLittleHistory
from training.split import Blocks, BlockShares, check_blocks, cut_at, split_by_time

JUDGED = ("trees", "early_stop", "calibrate", "test")


def days(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int64) * DAY


def split_of(placed_at: np.ndarray, *, cut: int, matures_in: int, end: int) -> Blocks:
    known = np.ones(len(placed_at), dtype=bool)
    return split_by_time(placed_at, known, known, cut=cut, matures_in=matures_in, end=end)


@st.composite
def histories(draw: st.DrawFn) -> dict[str, object]:
    n = draw(st.integers(0, 60))
    placed_at = draw(st.lists(st.integers(0, 12), min_size=n, max_size=n))
    flags = st.lists(st.booleans(), min_size=n, max_size=n)
    return {
        "placed_at": np.array(placed_at, dtype=np.int64),
        "labelled_at_cut": np.array(draw(flags), dtype=bool),
        "labelled_at_end": np.array(draw(flags), dtype=bool),
        "cut": draw(st.integers(0, 14)),
        "matures_in": draw(st.integers(0, 6)),
        "end": draw(st.integers(0, 24)),
    }


def split(history: dict) -> Blocks:
    times = {name: history[name] for name in ("cut", "matures_in", "end")}
    return split_by_time(history["placed_at"], history["labelled_at_cut"], history["labelled_at_end"], **times)


@given(histories())
def test_no_order_that_shapes_the_model_is_younger_than_maturity_at_the_cut(history):
    placed_at = history["placed_at"][split(history).train]
    assert (placed_at <= history["cut"] - history["matures_in"]).all()


@given(histories())
def test_every_training_label_is_known_at_the_cut(history):
    assert history["labelled_at_cut"][split(history).train].all()


@given(histories())
def test_every_test_order_lies_after_the_cut_is_mature_and_labelled_at_the_end(history):
    test = split(history).test
    placed_at = history["placed_at"]
    assert (placed_at[test] >= history["cut"]).all()
    assert (placed_at[test] <= history["end"] - history["matures_in"]).all()
    assert history["labelled_at_end"][test].all()


@given(histories())
def test_no_eligible_order_is_lost(history):
    blocks, placed_at = split(history), history["placed_at"]
    mature = (placed_at <= history["cut"] - history["matures_in"]) & (placed_at < history["cut"])
    eligible = mature & history["labelled_at_cut"]
    assert (blocks.train == eligible).all()


@given(histories())
def test_blocks_share_no_order(history):
    blocks = split(history)
    total = sum(mask.astype(int) for mask in (*(m for _, m in blocks.judged()), blocks.gap))
    assert (total <= 1).all()


@given(histories())
def test_blocks_follow_each_other_and_share_no_instant(history):
    blocks, placed_at = split(history), history["placed_at"]
    filled = [placed_at[mask] for name, mask in blocks.judged() if name != "test" and mask.any()]
    for older, newer in pairwise(filled):
        assert older.max() < newer.min()
    if filled and blocks.test.any():
        assert filled[-1].max() < placed_at[blocks.test].min()


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(history, random):
    shuffle = np.arange(len(history["placed_at"]))
    random.shuffle(shuffle)
    arrays = ("placed_at", "labelled_at_cut", "labelled_at_end")
    shuffled = split({**history, **{name: history[name][shuffle] for name in arrays}})
    for name, mask in split(history).judged():
        assert (mask[shuffle] == getattr(shuffled, name)).all()


def test_shares_are_shares_of_orders_not_of_days():
    placed_at = np.concatenate([np.arange(100) * DAY, np.arange(100, 105) * DAY + 1])
    blocks = split_of(placed_at, cut=100 * DAY, matures_in=0, end=200 * DAY)
    assert [int(getattr(blocks, name).sum()) for name in JUDGED[:3]] == [70, 15, 15]


def test_orders_of_one_instant_go_to_the_nearest_boundary_together():
    # ten orders: the wanted boundaries, 7 and 8 (rounded 8.5), fall inside the instants of days 2 and 2
    placed_at = days(0, 0, 0, 0, 1, 1, 2, 2, 2, 3, 9)
    blocks = split_of(placed_at, cut=9 * DAY, matures_in=6 * DAY, end=20 * DAY)
    assert placed_at[blocks.trees].max() == 1 * DAY
    assert (placed_at[blocks.early_stop] == 2 * DAY).all()
    assert (placed_at[blocks.calibrate] == 3 * DAY).all()


def test_an_order_exactly_as_old_as_maturity_trains_and_one_at_the_cut_tests():
    blocks = split_of(days(0, 1, 2, 3, 4, 5), cut=4 * DAY, matures_in=2 * DAY, end=6 * DAY)
    assert blocks.train.tolist() == [True, True, True, False, False, False]
    assert blocks.gap.tolist() == [False, False, False, True, False, False]
    assert blocks.test.tolist() == [False, False, False, False, True, False]


@given(st.lists(st.integers(0, 30), min_size=2, max_size=50), st.floats(0.05, 0.95))
def test_the_cut_is_an_instant_with_orders_on_both_sides(times, share):
    placed_at = np.array(times, dtype=np.int64)
    if len(set(times)) < 2:
        with pytest.raises(TooLittleHistory, match="TRAIN001"):
            cut_at(placed_at, share)
        return
    cut = cut_at(placed_at, share)
    assert cut in times
    assert (placed_at < cut).any()


@given(st.lists(st.integers(0, 30), min_size=2, max_size=50), st.floats(0.05, 0.95))
def test_no_other_boundary_comes_nearer_to_the_wanted_test_share(times, share):
    if len(set(times)) < 2:
        return
    placed_at = np.array(times, dtype=np.int64)
    wanted = len(times) - round(len(times) * (1 - share))
    misses = {cut: abs(int((placed_at >= cut).sum()) - wanted) for cut in sorted(set(times))[1:]}
    assert misses[cut_at(placed_at, share)] == min(misses.values())


def test_a_cut_with_distinct_instants_leaves_exactly_the_share():
    placed_at = np.arange(1000, dtype=np.int64)
    assert (placed_at >= cut_at(placed_at, 0.3)).sum() == 300


def test_an_empty_history_cannot_be_cut():
    with pytest.raises(TooLittleHistory, match="0 orders at 0 instants"):
        cut_at(days(), 0.3)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_a_test_share_outside_zero_to_one_is_refused(share):
    with pytest.raises(PlanError, match="TRAIN004 test share"):
        cut_at(days(1, 2), share)


@pytest.mark.parametrize("shares", [(0.7, 0.2, 0.2), (1.0, 0.0, 0.0), (1.2, -0.1, -0.1)])
def test_shares_that_are_no_partition_are_refused(shares):
    with pytest.raises(PlanError, match="TRAIN004 shares of the training blocks"):
        BlockShares(*shares)


def blocks_of(size: int) -> Blocks:
    """Five blocks of `size` orders each, one after the other."""
    masks = np.repeat(np.eye(5, dtype=bool), size, axis=1)
    return Blocks(*masks)


def test_blocks_with_enough_orders_of_both_outcomes_pass():
    check_blocks(blocks_of(50), np.tile([0, 1], 125))


def test_a_thin_block_is_refused_by_name():
    with pytest.raises(TooLittleHistory, match=r"(?s)TRAIN002 block trees: got 49 orders.*at least 50"):
        check_blocks(blocks_of(49), np.tile([0, 1], 123)[:245])


@pytest.mark.parametrize(("block", "position"), [("trees", 0), ("early_stop", 1), ("calibrate", 2), ("test", 4)])
@pytest.mark.parametrize(("outcome", "n_rto"), [(0, 0), (1, 50)])
def test_a_block_of_one_outcome_is_refused_by_name(block, position, outcome, n_rto):
    y = np.tile([0, 1], 125)
    y[position * 50 : (position + 1) * 50] = outcome
    with pytest.raises(TooLittleHistory, match=f"TRAIN003 block {block}: got {n_rto} RTO among 50 orders"):
        check_blocks(blocks_of(50), y)


def test_the_gap_needs_no_outcomes():
    y = np.tile([0.0, 1.0], 125)
    y[150:200] = np.nan
    check_blocks(blocks_of(50), y)
