"""Are shrunken rates what the beta-binomial model says, and always a share?"""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.contribution import Measure
from features.links import MOST
from features.rates import DEFAULT_STRENGTH, Shrinkage, cart_share, posterior_mean, step
from features.sources import Distinct, Link, Rate, Sum

CHAIN = Rate(("phone", "merchant", "all"))
SHRINKAGE = Shrinkage({"": 0.5, "r": 0.2}, {"r": {"phone": 2.0, "merchant": 8.0, "all": 16.0}})


def readings(carts: float = MOST, **told: tuple[float, float]):
    """rto, known by key; and in how many carts of the phone."""
    pairs = ((Measure.RTO, 0), (Measure.KNOWN, 1))
    sums = {Sum(key, measure): np.array([told[key][i]]) for key in CHAIN.chain for measure, i in pairs}
    return sums | {Link("phone", Distinct.CART): np.array([carts])}


def test_each_key_leans_on_the_next_wider_one() -> None:
    got = posterior_mean("r", CHAIN, readings(phone=(1, 2), merchant=(3, 10), all=(20, 100)), SHRINKAGE)
    widest = (20 + 16 * 0.2) / (100 + 16)
    merchant = (3 + 8 * widest) / (10 + 8)
    assert got.tolist() == [(1 + 2 * merchant) / (2 + 2)]


def test_without_evidence_it_is_the_prior() -> None:
    nothing = readings(phone=(0, 0), merchant=(0, 0), all=(0, 0))
    assert np.isclose(posterior_mean("r", CHAIN, nothing, SHRINKAGE), 0.2)
    assert np.isclose(posterior_mean("unfitted", CHAIN, nothing, SHRINKAGE), 0.5)


def test_a_missing_key_in_the_middle_is_skipped() -> None:
    gap = readings(phone=(1, 2), merchant=(np.nan, np.nan), all=(20, 100))
    widest = (20 + 16 * 0.2) / (100 + 16)
    assert posterior_mean("r", CHAIN, gap, SHRINKAGE).tolist() == [(1 + 2 * widest) / 4]


def test_without_its_own_key_it_is_missing() -> None:
    assert np.isnan(
        posterior_mean("r", CHAIN, readings(phone=(np.nan, np.nan), merchant=(1, 2), all=(1, 2)), SHRINKAGE)
    )


def test_six_parcels_of_two_carts_weigh_as_two() -> None:
    got = posterior_mean("r", CHAIN, readings(phone=(3, 6), merchant=(0, 0), all=(0, 0), carts=2), SHRINKAGE)
    assert np.isclose(got, (1 + 2 * 0.2) / (2 + 2))


def shares_of(*pairs: tuple[float, float]) -> list[float]:
    """Of (carts, known)."""
    columns = np.array(pairs).T
    return cart_share(
        "phone", {Link("phone", Distinct.CART): columns[0], Sum("phone", Measure.KNOWN): columns[1]}
    ).tolist()


def test_an_outcome_weighs_as_its_part_of_a_cart_until_carts_are_too_many_to_tell() -> None:
    assert shares_of((0, 0), (1, 1), (1, 4), (3, 4), (MOST - 1, 14)) == [1.0, 1.0, 0.25, 0.75, 0.5]
    assert shares_of((MOST, 40), (MOST, 8)) == [1.0, 1.0]
    assert shares_of((np.nan, np.nan)) == [1.0]  # of a missing key: its sums are missing anyway


def test_a_strength_that_was_not_fitted_is_the_default() -> None:
    assert SHRINKAGE.of("r", "pincode") == Shrinkage.flat(0.1).of("r", "phone") == DEFAULT_STRENGTH


shares = st.floats(0.001, 0.999)


@given(known=st.floats(-1e-9, 1e6), share=st.floats(0, 1), wider=shares, strength=st.floats(1, 512))
def test_it_is_a_share_between_what_was_seen_and_what_it_leans_on(known, share, wider, strength) -> None:
    of = known * share
    got = float(step(np.array([of]), np.array([known]), np.array([wider]), strength)[0])
    assert 0 < got <= 1
    assert min(share, wider) - 1e-9 <= got <= max(share, wider) + 1e-9


@given(of=st.floats(-1e-9, 50), wider=shares)
def test_dust_below_zero_and_rto_beyond_known_stay_inside(of: float, wider: float) -> None:
    assert 0 <= float(step(np.array([of]), np.array([of / 2 - 1e-9]), np.array([wider]), 1.0)[0]) <= 1


@given(known=st.integers(1, 10_000), wider=shares, strength=st.floats(1, 512))
def test_more_rto_never_lowers_it(known: int, wider: float, strength: float) -> None:
    of = np.arange(known + 1.0)
    assert (np.diff(step(of, np.full(known + 1, float(known)), np.full(known + 1, wider), strength)) > 0).all()
