"""Leaks, hunted: what was told later must not move a feature, an order must not see itself, nor pay for the courier."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from data.contract import DAY
from data.history import Told
from features.catalog import needed_sums
from features.contribution import Measure
from features.fold import FOREVER
from features.keys import KINDS
from features.replay import replay
from features.sources import Distinct, Link, Sum
from tests.helpers.histories import T0, history_of, reference_values, worlds

World = tuple[list[dict[str, Any]], list[Told]]
CATALOG_SUMS = needed_sums()
SUMS = tuple(dict.fromkeys((
    *CATALOG_SUMS,
    *(Sum(kind, measure, half_life) for kind in KINDS for measure in Measure for half_life in (FOREVER, 30 * DAY)),
    *(Link(kind, measure) for kind in KINDS for measure in Distinct),
)))  # fmt: skip
BUYERS = tuple(one for one in SUMS if KINDS[one.key].buyer)
moments = st.integers(0, 60).map(lambda k: T0 + k * DAY // 4)
POISON = ("rto_started", "delivered", "cancelled", "switched_to_prepaid", "partially_delivered")


def readings(world: World, sums: tuple[Sum | Link, ...] = SUMS) -> dict[tuple[str, str], np.ndarray[Any, Any]]:
    """For each order (merchant, id) what it reads when placed: (n_sums,)."""
    history = history_of(*world)
    read = replay(history, sums)
    ids = zip(history.orders["merchant_id"], history.orders["order_id"], strict=True)
    return {key: np.array([read[one][i] for one in sums]) for i, key in enumerate(ids)}


def poison(draw: st.DrawFn, world: World, since: int) -> list[Told]:
    """News of any orders, known at `since` or later; what it says happened long before."""
    rows, _ = world
    told = []
    for k in range(draw(st.integers(1, 4))):
        row = draw(st.sampled_from(rows))
        known = max(since, row["placed_at"]) + draw(st.sampled_from([0, 0, 1, DAY]))
        happened = min(known, row["placed_at"] + draw(st.integers(0, 3)) * DAY)
        kind = draw(st.sampled_from([*POISON, "correction", "address_corrected"]))
        details = None
        if kind == "correction":
            details = f'{{"voids": "{row["order_id"]}-e{draw(st.integers(0, 2))}", "source": "shop"}}'
        elif kind == "address_corrected":
            details = '{"address": {"address": 8, "pincode": "560001", "district": "D", "state": "KARNATAKA"}}'
        told.append(
            Told(row["merchant_id"], row["order_id"], "late", f"late-{k}", kind, happened, known, None, details)
        )
    return told


@given(data=st.data(), world=worlds(), at=moments)
def test_news_known_at_or_after_a_moment_never_moves_a_feature_read_at_it(
    data: st.DataObject, world: World, at: int
) -> None:
    rows, told = world
    late = data.draw(st.composite(poison)(world, at))
    before, after = readings(world), readings((rows, told + late))
    for row in rows:
        if row["placed_at"] <= at:
            key = row["merchant_id"], row["order_id"]
            np.testing.assert_array_equal(before[key], after[key])


@given(world=worlds(), at=moments)
def test_a_history_cut_off_at_a_moment_reads_the_same_up_to_it(world: World, at: int) -> None:
    rows, told = world
    past = (rows, [t for t in told if t.known_at < at])
    whole, cut = readings(world), readings(past)
    for row in rows:
        if row["placed_at"] <= at:
            key = row["merchant_id"], row["order_id"]
            np.testing.assert_array_equal(whole[key], cut[key])


@given(data=st.data(), world=worlds())
def test_an_order_never_sees_itself(data: st.DataObject, world: World) -> None:
    rows, told = world
    row = data.draw(st.sampled_from(rows))
    ids = row["merchant_id"], row["order_id"]
    silent = [t for t in told if (t.merchant_id, t.order_id) != ids]
    np.testing.assert_array_equal(readings(world)[ids], readings((rows, silent))[ids])


@given(data=st.data(), world=worlds())
def test_an_order_asked_about_later_does_not_see_itself_either(data: st.DataObject, world: World) -> None:
    rows, told = world
    row = data.draw(st.sampled_from(rows))
    ids = row["merchant_id"], row["order_id"]
    at = max(t.known_at for t in told) + DAY
    silent = [t for t in told if (t.merchant_id, t.order_id) != ids]
    history, without = history_of(rows, told), history_of(rows, silent)
    values = reference_values(history, CATALOG_SUMS, history.row_of(*ids), at)
    silenced = reference_values(without, CATALOG_SUMS, without.row_of(*ids), at)
    np.testing.assert_array_equal([values[one] for one in CATALOG_SUMS], [silenced[one] for one in CATALOG_SUMS])


@given(data=st.data(), world=worlds(), reason=st.sampled_from(["no_attempt", "damaged"]))
def test_a_failure_that_the_courier_caused_never_moves_a_buyers_features(
    data: st.DataObject, world: World, reason: str
) -> None:
    rows, told = world
    row = data.draw(st.sampled_from(rows))
    ids = row["merchant_id"], row["order_id"]
    rest = [t for t in told if (t.merchant_id, t.order_id) != ids or t.type == "placed"]
    known = row["placed_at"] + data.draw(st.integers(1, 20)) * DAY // 2
    failed = Told(*ids, "courier", "failed", "rto_started", known, known, reason)
    lost = replace(failed, type="lost", reason=None)
    with_it, without, as_lost = (readings((rows, rest + extra), BUYERS) for extra in ([failed], [], [lost]))
    # the parcel is no longer under way, as if it were lost: that is the only trace, and it is no outcome
    outcome = [one.measure not in (Measure.OPEN, Measure.NOT_TAKEN) for one in BUYERS]
    for key in with_it:
        np.testing.assert_array_equal(with_it[key], as_lost[key])
        np.testing.assert_allclose(with_it[key][outcome], without[key][outcome], rtol=0, atol=0)


@given(data=st.data(), world=worlds())
def test_a_failure_that_the_buyer_caused_does_move_them(data: st.DataObject, world: World) -> None:
    """The negative control: the test above would notice."""
    rows, told = world
    row = data.draw(st.sampled_from(rows))
    assume(row["phone"] > 0)
    ids = row["merchant_id"], row["order_id"]
    rest = [t for t in told if (t.merchant_id, t.order_id) != ids or t.type == "placed"]
    refused = Told(*ids, "courier", "failed", "rto_started", row["placed_at"], row["placed_at"], "refused")
    again = row | {"order_id": "again", "placed_at": row["placed_at"] + 30 * DAY}
    asked = (*ids[:1], "again")
    one = (Sum("phone", Measure.RTO),)
    moved = readings(([*rows, again], [*rest, refused]), one)[asked] - readings(([*rows, again], rest), one)[asked]
    assert moved.tolist() == [1.0]
