"""Is a matrix made at once the one made column by column, and does only what looks at the payment change with it?"""

import numpy as np
import pytest

from data.contract import Payment
from features import assemble
from features.assemble import as_if_paid, column, matrix, rounded, with_payment
from features.catalog import CATALOG, level_feature, needed_sums
from features.rates import Shrinkage
from features.recipe import reads_payment
from tests.helpers.histories import T0, order_columns

WIDE = (*CATALOG, level_feature("state", "BIHAR"), level_feature("channel", "web"), level_feature("state", "GOA"))
FITTED = Shrinkage({"": 0.2, "phone_rto_rate": 0.3}, {"phone_rto_rate": {"phone": 2.0, "all": 64.0}})


def some_orders(n: int = 60):
    rng = np.random.default_rng(3)
    rows = [
        {"order_id": f"o{i}", "placed_at": T0 + i, "state": [None, "BIHAR", "GOA"][i % 3], "channel": ["web", None][i % 2],
         "payment_method": ["cod", "prepaid", "undecided", None][i % 4], "amount_minor": float(rng.integers(1, 10**6)),
         "n_units": float(rng.integers(1, 9)), "discount_minor": float(rng.integers(0, 10**4))}
        for i in range(n)
    ]  # fmt: skip
    readings = {one: rng.integers(0, 30, n) * rng.choice([0.1, 1.0]) for one in needed_sums()}
    for values in readings.values():
        values[rng.random(n) < 0.3] = np.nan
    return order_columns(rows), readings


@pytest.mark.parametrize("shrinkage", [FITTED, Shrinkage.flat(0.25)])
def test_the_matrix_is_its_columns_to_the_last_bit(shrinkage, monkeypatch):
    monkeypatch.setattr(assemble, "_CHUNK", 17)
    orders, readings = some_orders()
    made = matrix(orders, readings, shrinkage, WIDE)
    for j, feature in enumerate(WIDE):
        alone = rounded(column(feature, orders, readings, shrinkage), assemble.unit_of(feature))
        np.testing.assert_array_equal(made[:, j], alone, err_msg=feature.name)


def test_one_order_alone_and_among_many_is_the_same_row():
    orders, readings = some_orders()
    made = matrix(orders, readings, FITTED, WIDE)
    for i in range(len(made)):
        one = slice(i, i + 1)
        alone = matrix({k: v[one] for k, v in orders.items()}, {k: v[one] for k, v in readings.items()}, FITTED, WIDE)
        np.testing.assert_array_equal(alone[0], made[i])


@pytest.mark.parametrize("method", [Payment.COD, Payment.PREPAID])
def test_the_matrix_as_if_paid_otherwise_is_the_matrix_of_orders_so_paid(method):
    orders, readings = some_orders()
    told = matrix(orders, readings, FITTED, WIDE)
    wanted = matrix(with_payment(orders, method), readings, FITTED, WIDE)
    np.testing.assert_array_equal(as_if_paid(told, orders, method, FITTED, WIDE), wanted)


@pytest.mark.parametrize("feature", WIDE, ids=lambda f: f.name)
def test_a_feature_that_says_it_does_not_look_at_the_payment_does_not(feature):
    orders, readings = some_orders()
    ways = [
        column(feature, with_payment(orders, method), readings, FITTED) for method in (Payment.COD, Payment.PREPAID)
    ]
    same = np.array_equal(*ways, equal_nan=True)
    assert same != reads_payment(feature)
