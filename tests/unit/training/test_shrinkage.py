"""Are strengths fitted as the evidence asks: strong where keys differ little, weak where they differ much?"""

import numpy as np
import pytest

from features.contribution import Measure
from features.links import MOST
from features.rates import STRENGTHS, posterior_mean
from features.sources import Distinct, Feature, Link, Rate, Sum
from training.shrinkage import Outcomes, fit_shrinkage

ONE = (Feature("r", Rate(("phone", "all")), "share of orders", "x", "why", 1, "logit"),)
CASH = (
    Feature("c", Rate(("phone", "all"), Measure.COD_RTO, Measure.COD_KNOWN), "share of orders", "x", "why", 1, "logit"),
)


def world(spread: float, n_keys: int = 600, each: int = 20, seed: int = 1):
    """Keys whose shares are Beta distributed around 0.3 with standard deviation `spread`; each row: what is known so far."""
    rng = np.random.default_rng(seed)
    strength = 0.3 * 0.7 / spread**2 - 1
    share = rng.beta(0.3 * strength, 0.7 * strength, n_keys)
    y = (rng.random((n_keys, each)) < share[:, None]).astype(float)
    before = np.cumsum(y, axis=1) - y
    known = np.broadcast_to(np.arange(each, dtype=float), y.shape)
    flat = {"phone": (before.ravel(), known.ravel()), "all": (np.full(y.size, 0.3e5), np.full(y.size, 1e5))}
    readings = {}
    for key, (of, among) in flat.items():
        for m_of, m_among in ((Measure.RTO, Measure.KNOWN), (Measure.COD_RTO, Measure.COD_KNOWN)):
            readings |= {Sum(key, m_of): of, Sum(key, m_among): among}
    readings[Link("phone", Distinct.CART)] = np.minimum(known.ravel(), MOST)  # each outcome is a cart of its own
    return readings, y.ravel(), strength


def fitted(readings, y, catalog=ONE, payment="cod", rows=None):
    rows = np.ones(len(y), dtype=bool) if rows is None else rows
    told = Outcomes(y, np.zeros(len(y), dtype=np.int64), np.full(len(y), payment, dtype=object))
    return fit_shrinkage(readings, told, rows, catalog)


@pytest.mark.parametrize("spread", [0.05, 0.12, 0.25])
def test_the_strength_is_that_of_the_spread_between_keys(spread: float) -> None:
    readings, y, strength = world(spread)
    found = fitted(readings, y).strength["r"]["phone"]
    assert strength / 2.5 < found < strength * 2.5


def test_keys_that_do_not_differ_lean_on_the_wider_key_altogether() -> None:
    readings, y, _ = world(0.004)
    assert fitted(readings, y).strength["r"]["phone"] >= STRENGTHS[-2]


def test_without_any_evidence_it_leans_the_most() -> None:
    readings, y, _ = world(0.1)
    nothing = {one: np.zeros(len(y)) for one in readings}
    assert set(fitted(nothing, y).strength["r"].values()) == {STRENGTHS[-1]}


def test_only_the_rows_given_count() -> None:
    readings, y, _ = world(0.12)
    rows = np.arange(len(y)) % 2 == 0
    spoilt = np.where(rows, y, np.nan)
    assert fitted(readings, spoilt, rows=rows) == fitted(readings, y, rows=rows)


def test_rates_of_cash_orders_are_fitted_on_cash_orders_alone() -> None:
    readings, y, _ = world(0.12)
    assert fitted(readings, y, CASH, payment="prepaid").strength == {}
    assert "phone" in fitted(readings, y, CASH, payment="cod").strength["c"]


def test_a_rate_that_was_never_fitted_still_gives_a_share() -> None:
    readings, y, _ = world(0.12)
    shrinkage = fitted(readings, y, CASH, payment="prepaid")
    share = posterior_mean("c", CASH[0].source, readings, shrinkage)
    assert ((share > 0) & (share < 1)).all()


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_the_prior_is_never_certain(outcome: float) -> None:
    readings, y, _ = world(0.1)
    assert 0 < fitted(readings, np.full(len(y), outcome)).prior["r"] < 1


def test_missing_keys_do_not_disturb_the_fit() -> None:
    readings, y, strength = world(0.12)
    gone = np.arange(len(y)) % 3 == 0
    holed = {one: np.where(gone & (one.key == "phone"), np.nan, v) for one, v in readings.items()}
    assert strength / 4 < fitted(holed, y).strength["r"]["phone"] < strength * 4
