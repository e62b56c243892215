"""Slices are chosen by what an order shows when it is placed; where a history cannot tell, they say so."""

import numpy as np
import pytest

from features.contribution import Measure
from features.sources import Sum
from tests.helpers.histories import order_columns
from training.slices import NOBODY, outcomes_known, slicings, tiers

DAY_90 = 90 * 24 * 3600 * 1_000_000


def orders(**columns):
    n = len(next(iter(columns.values())))
    rows = [{"order_id": f"o{i}", "placed_at": i} | {k: v[i] for k, v in columns.items()} for i in range(n)]
    return order_columns(rows)


def known(**by_key):
    return {Sum(key, Measure.KNOWN): np.array(values, dtype=float) for key, values in by_key.items()}


def names_of(slicing):
    return [slicing.names[c] if c >= 0 else None for c in slicing.code]


def test_the_handle_with_most_outcomes_says_how_much_is_known_of_a_buyer():
    told = known(phone=[0, 1, np.nan, 2], address=[np.nan, 0, 4, 7]) | known(pincode=[99, 99, 99, 99])
    assert outcomes_known(told, 4).tolist() == [0, 1, 4, 7]
    faded = {Sum("phone", Measure.KNOWN, DAY_90): np.array([0.2]), Sum("phone", Measure.KNOWN): np.array([3.0])}
    assert outcomes_known(faded, 1).tolist() == [3.0]


def test_first_orders_are_those_of_buyers_without_a_known_outcome():
    found = slicings(orders(channel=["web"] * 4), known(phone=[0, 1, 4, 5], customer=[np.nan] * 4))
    assert names_of(found["buyer"]) == ["first orders", "known buyers", "known buyers", "known buyers"]
    assert names_of(found["evidence"]) == ["no outcome known", "1", "2 to 4", "5 and more"]


def test_tiers_are_thirds_of_the_orders_and_keep_pin_codes_of_one_size_together():
    pins = ["a"] * 4 + ["b"] * 2 + ["c"] * 2 + list("defg") + [None]
    assert tiers(np.array(pins, dtype=object)).tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [-1]
    assert tiers(np.array(["a", "b", None], dtype=object)).tolist() == [1, 1, -1]


def test_levels_come_most_orders_first_and_missing_ones_are_in_no_slice():
    found = slicings(orders(state=["GOA", "BIHAR", None, "BIHAR"], payment_method=["cod", "prepaid", "cod", "cod"]), {})
    assert found["state"].names == ("BIHAR", "GOA")
    assert {name: mask.tolist() for name, mask in found["state"].masks().items()} == {
        "BIHAR": [False, True, False, True],
        "GOA": [True, False, False, False],
    }
    assert names_of(found["payment"]) == ["cash on delivery", "prepaid", "cash on delivery", "cash on delivery"]


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("buyer", NOBODY),
        ("evidence", NOBODY),
        ("tier", "not applicable: the orders carry no PIN code"),
        ("state", "not applicable: the orders carry no state"),
        ("merchant", "not applicable: one merchant for all orders"),
    ],
)
def test_what_a_history_cannot_tell_has_no_slices_and_says_why(key, why):
    found = slicings(orders(merchant_id=["acme", "acme"]), known(phone=[np.nan, np.nan]))[key]
    assert (found.names, found.note) == ((), why)
    assert found.masks() == {}
