"""Does the made-up market look like the market it imitates, and does a figure outside its band show?"""

from dataclasses import replace

import numpy as np
import pytest

from data.contract import Reason
from data.world.ceilings import ceilings
from data.world.marginals import MARGINALS, Ended, Marginal, lags, marginals, reasons, shares, truth_holds
from data.world.outcomes import COURIER, REFUSED, UNREACHABLE
from data.world.presets import NETWORK
from data.world.recorded import RECORDED, book
from data.world.simulate import simulate
from tests.helpers.worlds import UNTIL, network, quiet

SLACK = 0.15
"""Of a band's width: bands were set for 200,000 orders, and a third of that scatters more."""


def test_every_marginal_of_the_network_is_in_its_band():
    drawn = [one for measure in MARGINALS if measure is not ceilings for one in measure(network())]
    assert len(drawn) > 25
    assert [(one.name, one.value) for one in drawn if not widened(one).in_band] == []


def widened(one):
    """The same figure with a little room on both sides of its band."""
    room = SLACK * (one.most - one.least)
    return replace(one, least=one.least - room, most=one.most + room)


@pytest.fixture(scope="module")
def tiny():
    return simulate(NETWORK, 2_000, 1, UNTIL, quiet)


def test_every_marginal_has_a_name_of_its_own_and_a_source(tiny):
    found = marginals(tiny)
    assert len({one.name for one in found}) == len(found) >= 25
    assert all(one.source and one.least < one.most for one in found)


@pytest.mark.parametrize(
    ("value", "in_band"), [(0.0, True), (1.0, True), (1.01, False), (-0.01, False), (np.nan, False)]
)
def test_a_figure_is_in_band_from_the_least_to_the_most_and_never_when_unmeasured(value, in_band):
    assert Marginal("x", value, 0.0, 1.0, "s").in_band is in_band


@pytest.mark.parametrize(
    ("measure", "change", "name"),
    [
        (shares, {"news": replace(NETWORK.news, lost=0.05)}, "lost"),
        (shares, {"payment": replace(NETWORK.payment, constant=1.5)}, "COD share of orders"),
        (
            lags,
            {"course": replace(NETWORK.course, way_back=(1, 2), scan=(30.0, 0.8))},
            "days until RTO is told, 50th of 100",
        ),
        (reasons, {"causes": replace(NETWORK.causes, address=-1.0)}, "COD RTO booked as bad address"),
    ],
)
def test_another_market_is_told_apart(measure, change, name):
    world = simulate(replace(NETWORK, **change), 3_000, 7, UNTIL, quiet)
    assert name in {one.name for one in measure(world) if not one.in_band}


def test_chances_that_are_not_the_drawn_ones_are_told_apart():
    world = network()
    wrong = world.truth["p_cod"].to_numpy() * 1.08
    names = {"p_cod": wrong, "p_prepaid": world.truth["p_prepaid"]}
    lying = replace(
        world,
        truth=world.truth.drop_columns([*names])
        .append_column("p_cod", [wrong])
        .append_column("p_prepaid", names["p_prepaid"]),
    )
    assert any(not one.in_band for one in truth_holds(lying))
    assert all(one.in_band for one in truth_holds(world))


def test_cash_comes_back_oftener_than_money_paid_up_front():
    world = network()
    ended = Ended.of(world)
    assert ended.rto[ended.cod].mean() > 4 * ended.rto[ended.prepaid].mean()
    assert not (ended.cod & ended.prepaid).any()


@pytest.mark.parametrize("cause", sorted(RECORDED))
def test_the_noisy_pen_books_each_cause_as_its_table_says(cause):
    booked = book(3, 0, np.full(40_000, cause))
    for reason, share in RECORDED[cause].items():
        assert (booked == int(reason)).mean() == pytest.approx(share, abs=0.012)


def test_a_quarter_of_those_not_reached_is_booked_as_refused():
    assert RECORDED[UNREACHABLE][Reason.REFUSED] == RECORDED[COURIER][Reason.REFUSED] == 0.25
    assert all(sum(shares.values()) == pytest.approx(1.0) for shares in RECORDED.values())
    assert max(RECORDED[REFUSED], key=RECORDED[REFUSED].get) == Reason.REFUSED


def test_the_list_of_measurers_is_what_is_measured(tiny):
    assert [one.name for measure in MARGINALS for one in measure(tiny)] == [one.name for one in marginals(tiny)]
