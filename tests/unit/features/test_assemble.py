"""Is what the model reads rounded so that drivers agree, and no more than that?"""

import doctest

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from data.contract import Payment
from features import assemble
from features.assemble import TINY, matrix, rounded, with_payment
from features.catalog import FEATURES, Feature, Sum
from features.contribution import Measure
from features.rates import Shrinkage
from tests.helpers.histories import T0, order_columns

FLAT = Shrinkage.flat(0.2)
numbers = st.floats(-1e12, 1e12, allow_nan=False)


def one(value: float, unit: float = 1.0) -> float:
    return float(rounded(np.array([value]), unit)[0])


def test_its_examples_are_true() -> None:
    assert doctest.testmod(assemble).failed == 0
    assert doctest.testmod(assemble).attempted > 0


@given(value=numbers)
@example(value=0.99999999)
@example(value=999_995.0)
@example(value=1e-6)
def test_rounding_twice_is_rounding_once(value: float) -> None:
    assert one(one(value)) == one(value)


@given(value=numbers)
def test_it_moves_a_number_by_at_most_half_a_unit_of_its_fifth_digit(value: float) -> None:
    if abs(value) < TINY:
        assert one(value) == 0
    else:
        unit = 10.0 ** (np.floor(np.log10(abs(value))) - 4)
        assert abs(one(value) - value) <= 0.5000001 * unit


@given(value=numbers)
def test_five_digits_are_all_that_is_left(value: float) -> None:
    assert float(f"{one(value):.4e}") == pytest.approx(one(value), rel=1e-15)


@given(value=st.floats(1.1 * TINY, 1e12), seed=st.integers(0, 99))
def test_drivers_that_agree_to_1e_11_give_numbers_at_most_one_digit_apart(value: float, seed: int) -> None:
    near = value * (1 + 1e-11 * np.random.default_rng(seed).uniform(-1, 1))
    unit = 10.0 ** (np.floor(np.log10(value)) - 4)
    assert abs(one(near) - one(value)) <= 1.001 * unit


@given(a=numbers, b=numbers)
def test_it_never_turns_an_order_round(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert one(low) <= one(high)


@pytest.mark.parametrize("dust", [0.0, -0.0, 9.9e-7, -9.9e-7])
def test_dust_is_a_plain_zero(dust: float) -> None:
    assert str(one(dust)) == "0.0"


@pytest.mark.parametrize("count", [0, 1, 7, 99_999])
def test_counts_of_five_digits_stay_whole(count: int) -> None:
    assert one(count) == count


def test_the_unit_scales_what_counts_as_dust() -> None:
    assert one(0.09, unit=100_000.0) == 0
    assert one(0.11, unit=100_000.0) == 0.11


def test_dust_of_money_is_measured_in_thousands() -> None:
    amount = Feature("amount_sum", Sum("phone", Measure.AMOUNT), "minor units of money", "r", "w")
    count = Feature("count", Sum("phone", Measure.PLACED), "orders", "r", "w")
    orders = order_columns([{"order_id": "o", "placed_at": T0}])
    readings = {f.source: np.array([0.05]) for f in (amount, count)}
    assert matrix(orders, readings, FLAT, (amount, count)).tolist() == [[0.0, 0.05]]


def test_missing_stays_missing() -> None:
    assert np.isnan(one(float("nan")))


def test_columns_come_in_the_order_of_the_catalog_asked_for() -> None:
    orders = order_columns([{"order_id": "o", "placed_at": T0, "amount_minor": 12_345.0, "n_units": 2.0}])
    asked = (FEATURES["n_units"], FEATURES["amount"])
    assert matrix(orders, {}, FLAT, asked).tolist() == [[2.0, 123.45]]
    assert matrix(orders, {}, FLAT, asked[::-1]).tolist() == [[123.45, 2.0]]
    assert matrix(orders, {}, FLAT, ()).shape == (1, 0)


def test_long_tables_are_rounded_in_pieces_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"order_id": str(i), "placed_at": T0, "amount_minor": 1_234_567.0 + i} for i in range(10)]
    orders, asked = order_columns(rows), (FEATURES["amount"],)
    whole = matrix(orders, {}, FLAT, asked)
    monkeypatch.setattr(assemble, "_CHUNK", 3)
    np.testing.assert_array_equal(matrix(orders, {}, FLAT, asked), whole)


@pytest.mark.parametrize(
    ("method", "is_cod"), [(Payment.COD, 1.0), (Payment.PREPAID, 0.0), (Payment.UNDECIDED, np.nan)]
)
def test_the_same_order_can_be_asked_about_under_another_payment(method: Payment, is_cod: float) -> None:
    orders = order_columns([{"order_id": "o", "placed_at": T0, "payment_method": "prepaid"}])
    got = matrix(with_payment(orders, method), {}, FLAT, (FEATURES["is_cod"],))
    np.testing.assert_array_equal(got, [[is_cod]])
    assert orders["payment_method"][0] == "prepaid"
