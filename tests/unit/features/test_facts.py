"""Facts made in parts are the facts made at once, and keys looked up in a table are the keys that are hashed."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from data.history import Told
from features import facts, key_codes
from features.facts import facts_of
from tests.helpers.histories import history_of, worlds


@given(world=worlds())
@settings(max_examples=60)
def test_facts_made_in_parts_are_the_same_facts(world: tuple[list[dict[str, Any]], list[Told]]) -> None:
    history = history_of(*world)
    whole = facts_of(history)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(facts, "_PART", 2)
        patched.setattr(facts, "_SAMPLE", 2)
        parts = facts_of(history)
    for name in ("key_row", "order", "visible_at"):
        assert np.array_equal(getattr(parts, name), getattr(whole, name))
    for name in ("everyone", "buyer"):
        assert np.array_equal(getattr(parts, name)[parts.change], getattr(whole, name)[whole.change])
    assert np.all(np.diff(whole.visible_at) >= 0)


def test_numbers_far_apart_are_coded_as_numbers_close_together(monkeypatch: pytest.MonkeyPatch) -> None:
    column = np.random.default_rng(7).integers(-1, 40, 500)
    small = key_codes._coded(column)
    monkeypatch.setattr(key_codes, "_SPARSE", 0)
    hashed = key_codes._coded(column)
    assert small[1] == hashed[1] == len(set(column[column >= 0].tolist()))
    assert np.array_equal(small[0], hashed[0])
    assert np.array_equal(small[0] < 0, column < 0)
