"""Does a shifted market change in one thing alone, at one moment, so that a monitor can be tried on it?"""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from data.errors import PlanError
from data.world.presets import NETWORK, PRESETS
from data.world.shifts import shifted
from data.world.simulate import simulate
from data.world.visits import SOCIAL
from tests.helpers.worlds import UNTIL, quiet

AT = 0.6


@cache
def world(kind, **time):
    preset = shifted(NETWORK, kind, AT)
    return simulate(replace(preset, time=replace(preset.time, **time)), 6_000, 4, UNTIL, quiet)


def late(made):
    return made.inner.orders.visits.day >= AT * NETWORK.days


def p(made, name="p_cod"):
    return made.truth[name].to_numpy()


def test_nothing_drifts_in_a_still_market_and_the_presets_own_does():
    visits = world("none").inner.orders.visits
    assert not visits.drift.any()
    assert not (visits.shift | visits.mix).any()
    own = simulate(NETWORK, 2_000, 4, UNTIL, quiet).inner.orders.visits
    assert own.drift.any()
    assert own.shift.any()
    assert not own.mix.any()


def test_a_concept_shift_changes_the_risk_of_the_same_orders_and_only_later():
    still, moved = world("none"), world("concept")
    assert moved.orders.equals(still.orders)
    after = late(still)
    assert (p(moved) == p(still))[~after].all()
    assert (p(moved) > p(still))[after].all()
    assert (p(moved) - p(still))[after].mean() == pytest.approx(0.10, abs=0.03)


def test_a_mix_shift_brings_other_orders_and_only_later():
    still, moved = world("none"), world("mix")
    before, after = still.inner.orders, moved.inner.orders
    rows = late(still)
    for same in (before.cod == after.cod, before.visits.source == after.visits.source):
        assert same[~rows].all()
        assert not same[rows].all()
    social = (after.visits.source == SOCIAL).astype(float)
    assert social[rows].mean() - social[~rows].mean() == pytest.approx(0.30, abs=0.05)
    assert after.cod[rows].mean() - before.cod[rows].mean() == pytest.approx(0.13, abs=0.04)
    assert after.baskets.discount_share[rows].mean() - before.baskets.discount_share[rows].mean() > 0.08
    assert p(moved)[rows].mean() > p(still)[rows].mean() + 0.02


def test_a_mix_shift_leaves_every_order_as_risky_as_its_like():
    """Where an order is the same in both markets, so is its chance, late or not."""
    still, moved = world("none"), world("mix", mix_discount=0.0)
    same = still.inner.orders.visits.source == moved.inner.orders.visits.source
    assert late(still)[same].mean() > 0.2
    for name in ("p_cod", "p_prepaid"):
        assert (p(moved, name) == p(still, name))[
            same & (still.inner.orders.gibberish == moved.inner.orders.gibberish)
        ].all()


def test_the_truth_marks_what_came_after():
    for kind, name in (("concept", "shift"), ("mix", "mix")):
        made = world(kind)
        assert np.array_equal(made.truth[name].to_numpy(), late(made))


@pytest.mark.parametrize(("kind", "at", "where"), [("both", 0.5, "--shift"), ("mix", 1.2, "--shift-at")])
def test_another_shift_is_refused(kind, at, where):
    with pytest.raises(PlanError, match="W002") as refusal:
        shifted(NETWORK, kind, at)
    assert refusal.value.where == where


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_presets_as_they_are_never_change_their_mix(preset):
    assert preset.time.mix_at == 1.0
