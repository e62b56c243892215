"""What a column tells of the outcome is the same whichever way its levels are counted."""

from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.imports.giveaway import auc_alone, levels, missing


def slowly(told: list[int], label: list[int]) -> float:
    """Pair by pair: rows 1, 3, ... ranked by what rows 0, 2, ... say of their level."""
    known: dict[int, list[int]] = defaultdict(list)
    for level, one in list(zip(told, label, strict=True))[::2]:
        known[level].append(one)
    every = [one for ones in known.values() for one in ones]
    share = sum(every) / len(every)
    score = [(sum(known[level]) + share) / (len(known[level]) + 1) if known[level] else share for level in told]
    asked = list(zip(score, label, strict=True))[1::2]
    pairs = [(one > zero) + (one == zero) / 2 for one, y in asked if y for zero, n in asked if not n]
    return sum(pairs) / len(pairs) if pairs else 0.5


@given(st.lists(st.tuples(st.integers(-1, 60), st.integers(0, 1)), min_size=2, max_size=80), st.integers(1, 40))
def test_levels_that_hold_equally_much_are_ranked_as_one_by_one(told: list[tuple[int, int]], times: int) -> None:
    level = [one * times for one, _ in told]  # few levels of many rows, and many of few
    label = [y for _, y in told]
    level = [-1 if one < 0 else one for one in level]
    assert auc_alone(np.array(level), np.array(label, dtype=np.float64)) == pytest.approx(
        slowly(level, label), abs=1e-12
    )


@pytest.mark.parametrize("apart", [1, 3, 10**12])
def test_equal_tokens_share_a_level_however_far_apart_they_are_numbered(apart: int) -> None:
    tokens = np.array([7, 9, -1, 7, 8, 9]) * apart
    found = levels(np.where(tokens < 0, -1, tokens), "phone")
    assert found[2] == -1
    assert [(found == one).sum() for one in found] == [2, 2, 1, 2, 1, 2]


def test_text_is_the_same_as_objects_and_as_arrow_holds_it() -> None:
    words = np.array(["b", None, "a", "b"], dtype=object)
    for column in (words, pa.array(words)):
        assert levels(column, "channel").tolist() == [1, -1, 0, 1]
        assert levels(column, "channel", np.array([0, 1])).tolist() == [1, -1]
        assert missing(column, "channel").tolist() == [False, True, False, False]
