"""Does the observable oracle say what is knowable, no more and no less? (`test_leak_alarm.py` sets models beside it.)"""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from data.contract import DAY, Action
from data.world.additive import best_additive, fit_soft
from data.world.ceilings import auc, ceilings, judged
from data.world.effects import BACK, KEPT
from data.world.logging_plan import LoggingPlan
from data.world.marginal import at_size
from data.world.oracle import entity_oracle, observable_oracle
from data.world.oracle_states import POINTS, RING, states_of
from data.world.oracle_told import NOT_TOLD, what_was_told
from data.world.presets import NETWORK
from data.world.simulate import simulate
from data.world.streams import sigmoid
from tests.helpers.worlds import UNTIL, network, oracle_of, quiet


@cache
def small():
    return simulate(NETWORK, 6_000, 3, UNTIL, quiet)


@pytest.fixture(scope="module")
def ended():
    """Orders that were shipped and came to an end."""
    return np.isin(network().truth["ends_if_shipped"].to_numpy(), (KEPT, BACK))


@pytest.fixture(scope="module")
def rto():
    return network().truth["ends_if_shipped"].to_numpy() == BACK


# --- it is right on average, whatever one looks at -------------------------------------------------------------------


def groups():
    inner, oracle = network().inner, oracle_of(network())
    visits, geo = inner.orders.visits, inner.market.geography
    household = inner.market.people.household
    return {
        "risk": np.searchsorted(np.quantile(oracle.p, np.arange(0.1, 1, 0.1)), oracle.p),
        "payment": inner.orders.cod.astype(int),
        "tier": geo.tier[visits.place],
        "earlier orders": np.minimum(visits.n_prior, 9),
        "reliability as inferred": np.digitize(oracle.reliability, (-1.5, -0.7, -0.2, 0.2, 0.7)),
        "badness as inferred": np.digitize(oracle.badness, (-0.7, -0.2, 0.2, 0.7)),
        "source": visits.source,
        "night": visits.night.astype(int),
        "lives together": (np.bincount(household, minlength=len(household))[household] == 2)[visits.person].astype(int),
        "third of the period": (visits.day // 180).astype(int),
        "nonsense": inner.orders.gibberish.astype(int),
        "courier": inner.transit.courier,
        "merchant": visits.merchant // 10,
    }


@pytest.mark.parametrize("by", groups())
def test_of_orders_given_a_risk_that_share_comes_back(ended, rto, by):
    group, p = groups()[by], oracle_of(network()).p
    surplus = np.bincount(group[ended], weights=(rto - p)[ended])
    error = np.sqrt(np.bincount(group[ended], weights=(p * (1 - p))[ended]))
    assert np.abs(surplus / np.maximum(error, 1)).max() < 3.3


def test_what_it_infers_of_buyers_is_right_on_average_and_as_unsure_as_it_says():
    inner, oracle = network().inner, oracle_of(network())
    person = inner.orders.visits.person
    true = inner.market.people.reliability[person]
    # one row for each buyer: their orders are not independent
    last = np.flatnonzero(np.diff(person[np.argsort(person, kind="stable")], append=-1))
    rows = np.argsort(person, kind="stable")[last]
    for part in np.array_split(rows[np.argsort(oracle.reliability[rows])], 8):
        error = oracle.spread[part].mean() / np.sqrt(len(part))
        assert true[part].mean() == pytest.approx(oracle.reliability[part].mean(), abs=3.5 * error)
    certain, rows = rows[oracle.spread[rows] == 0], rows[oracle.spread[rows] > 0]  # found out as members of rings
    assert len(certain) < len(rows) / 100
    assert true[certain] == pytest.approx(oracle.reliability[certain])
    spread = ((true - oracle.reliability)[rows] / oracle.spread[rows]) ** 2
    assert np.median(spread) == pytest.approx(0.455, abs=0.05)
    assert (
        oracle.spread[inner.orders.visits.n_prior == 0].mean() > oracle.spread[inner.orders.visits.n_prior > 20].mean()
    )


def test_who_knows_more_scores_better_each_within_its_band(ended):
    assert (judged(network()).rows == (ended & network().inner.orders.cod)).all()
    found = [at_size(one, 60_000) for one in ceilings(network())]
    assert [one.name for one in found if not (one.judged and one.in_band)] == []
    latent, entity, observable, gain = (one.value for one in found)
    assert latent > entity + 0.002
    assert entity > observable + 0.03
    assert gain > 0.008


def test_the_entity_oracle_is_right_on_average(ended, rto):
    p = entity_oracle(network().inner)
    for part in np.array_split(np.flatnonzero(ended)[np.argsort(p[ended])], 10):
        assert rto[part].sum() == pytest.approx(p[part].sum(), abs=3.3 * np.sqrt((p * (1 - p))[part].sum()))


# --- it knows what was told, when it was told ------------------------------------------------------------------------


def told_until(inner, moment):
    """The same world with nothing told after `moment`."""
    return replace(inner, news=inner.news.take(np.flatnonzero(inner.news.known_at < moment)))


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_news_that_comes_later_never_changes_what_it_said(share):
    inner = small().inner
    moment = inner.orders.visits.placed_at[int(share * len(inner.orders))]
    before, after = observable_oracle(inner), observable_oracle(told_until(inner, moment))
    past = inner.orders.visits.placed_at <= moment
    assert after.p[past] == pytest.approx(before.p[past], abs=1e-9)
    assert np.abs(after.p - before.p)[~past].max() > 0.05


def test_an_end_told_at_the_very_moment_of_an_order_is_too_late_for_it():
    inner = small().inner
    person, placed_at = inner.orders.visits.person, inner.orders.visits.placed_at
    told = what_was_told(inner).at
    ranked = np.argsort(person, kind="stable")
    earlier, later = ranked[:-1], ranked[1:]
    pair = np.flatnonzero((person[earlier] == person[later]) & (told[earlier] < placed_at[later]))[0]
    earlier, later = earlier[pair], later[pair]
    said = []
    for moment in (placed_at[later] - 1, placed_at[later], placed_at[later] + 1):
        here = np.flatnonzero((inner.news.order == earlier) & (inner.news.known_at == told[earlier]))
        known_at = inner.news.known_at.copy()
        known_at[here] = moment
        said.append(observable_oracle(replace(inner, news=replace(inner.news, known_at=known_at))).p[later])
    assert said[0] != pytest.approx(said[1], abs=1e-6)
    assert said[1] == pytest.approx(said[2], abs=1e-12)


def test_what_is_never_told_is_not_known():
    told, inner = what_was_told(small().inner), small().inner
    silent = told.at == NOT_TOLD
    assert silent[inner.course.untold & ~inner.course.cancelled].all()
    assert silent[-50:].mean() > silent.mean()
    assert (told.at[~silent] > inner.orders.visits.placed_at[~silent]).all()
    assert (told.weight[~silent & ~told.cancelled].max(axis=1) > 0).all()


def test_its_word_on_a_buyer_does_not_hang_on_strangers():
    """Dropping the news of half of the buyers changes nothing for the rest, unless they live together."""
    inner = small().inner
    person, household = inner.orders.visits.person, inner.market.people.household
    dropped = household[person] % 4 < 2
    kept = np.flatnonzero(~dropped[inner.news.order])
    thin, whole = observable_oracle(replace(inner, news=inner.news.take(kept))), observable_oracle(inner)
    assert thin.p[~dropped] == pytest.approx(whole.p[~dropped], abs=1e-9)
    assert np.abs(thin.p - whole.p)[dropped].max() > 0.05


def test_two_who_live_together_speak_for_each_other():
    inner = network().inner
    people, person = inner.market.people, inner.orders.visits.person
    size = np.bincount(people.household, minlength=len(people.household))[people.household]
    joined = (size == 2) & (people.household != np.arange(len(size)))
    guest = joined[person] & (inner.orders.visits.n_prior == 0)
    oracle = oracle_of(network())
    host = people.reliability[people.household[person[guest]]]
    said = oracle.reliability[guest]
    assert np.corrcoef(host, said)[0, 1] > 0.2
    alone = (size == 1)[person] & (inner.orders.visits.n_prior == 0)
    assert said.std() > oracle.reliability[alone].std()


# --- rings -----------------------------------------------------------------------------------------------------------


def test_members_of_rings_are_found_out_and_hardly_anybody_else():
    inner, oracle = network().inner, oracle_of(network())
    member = inner.market.people.ring[inner.orders.visits.person]
    late = inner.orders.visits.n_prior >= 4
    assert oracle.ring[member & late].mean() > 0.9
    assert oracle.ring[~member].mean() < 0.003
    assert oracle.ring[~member & late].mean() < 0.001
    assert oracle.ring.sum() == pytest.approx(member.sum(), rel=0.35)


def test_the_grids_are_probabilities_and_a_household_agrees_with_one_buyer_alone():
    states = states_of(NETWORK.people)
    assert np.exp(states.alone).sum() == pytest.approx(1.0)
    assert np.exp(states.pair).sum() == pytest.approx(1.0)
    assert np.allclose(states.pair, states.pair.T)
    one = np.exp(states.pair).sum(axis=1)[:POINTS]
    alone = np.exp(states.alone).sum(axis=1)[:POINTS]
    assert one / one.sum() == pytest.approx(alone / alone.sum(), abs=1e-3)
    grid = states.reliability[:POINTS]
    assert alone @ grid**2 / alone.sum() == pytest.approx(1.0, abs=1e-3)
    assert states.reliability[RING] == NETWORK.people.ring_reliability


# --- where shops act -------------------------------------------------------------------------------------------------


def test_where_shops_acted_it_still_says_what_shipping_would_bring():
    """What was told of an order that was acted upon is read through the action."""
    logging = LoggingPlan(policy="old_model", holdout=0.0, explore=0.3)
    world = simulate(replace(NETWORK, logging=logging), 25_000, 5, UNTIL, quiet)
    oracle, ends = observable_oracle(world.inner), world.truth["ends_if_shipped"].to_numpy()
    acted, ended = world.inner.handling.action != Action.ALLOW_COD, np.isin(ends, (KEPT, BACK))
    history = np.zeros(len(acted), dtype=bool)
    person = world.inner.orders.visits.person
    history[np.isin(person, person[acted])] = True
    for rows in (acted & ended, history & ~acted & ended, ended):
        p = oracle.p[rows]
        assert (ends[rows] == BACK).sum() == pytest.approx(p.sum(), abs=3.3 * np.sqrt((p * (1 - p)).sum()))


# --- the best line, and scores ---------------------------------------------------------------------------------------


def test_the_best_additive_function_finds_a_sum_and_misses_a_product():
    draw = np.random.default_rng(4)
    a, b = draw.normal(size=(2, 20_000))
    design = np.stack([np.ones_like(a), a, b], axis=1)
    beta = fit_soft(design, sigmoid(0.3 - a + 2 * b))
    assert beta == pytest.approx([0.3, -1.0, 2.0], abs=1e-3)
    assert np.abs(fit_soft(design, sigmoid(2 * a * b))[1:]).max() < 0.05


def test_the_additive_oracle_is_calibrated_too():
    inner, oracle = network().inner, oracle_of(network())
    odd = np.arange(len(oracle.p)) % 2 == 1
    said = best_additive(inner, oracle, inner.orders.cod & odd)
    new = inner.orders.cod & ~odd
    assert said[new].mean() == pytest.approx(oracle.p[new].mean(), abs=0.002)
    assert np.corrcoef(said[new], oracle.p[new])[0, 1] > 0.93


def test_the_share_of_pairs_ranked_rightly_counts_ties_half():
    assert auc(np.array([0.1, 0.2, 0.2, 0.9]), np.array([False, False, True, True])) == pytest.approx(0.875)
    assert np.isnan(auc(np.array([0.1, 0.2]), np.array([True, True])))


def test_the_ceilings_are_four_figures_with_bands():
    found = {one.name: one for one in ceilings(small())}
    assert len(found) == 4
    assert found["COD AUC, observable oracle"].least == 0.77
    assert found["COD AUC, entity oracle"].most == 0.84
    assert found["COD AUC, observable oracle above the best additive one"].least == 0.01
    assert 0.6 < found["COD AUC, observable oracle"].value < found["COD AUC, all traits and intent"].value < 0.95


def test_days_are_days():
    """The oracle's clock is the world's: a burst's gaps are told in days."""
    visits = network().inner.orders.visits
    assert visits.day == pytest.approx((visits.placed_at - network().inner.market.begin) / DAY)
