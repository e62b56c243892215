"""Does the made-up market look like the market it imitates, and does a figure outside its band show?"""

from dataclasses import replace

import numpy as np
import pytest

from data.contract import Reason
from data.world.ceilings import ceilings
from data.world.marginal import USUAL_SIZE, at_size
from data.world.marginals import MARGINALS, Ended, Marginal, lags, marginals, places, reasons, shares, truth_holds
from data.world.outcomes import COURIER, REFUSED, UNREACHABLE
from data.world.presets import NETWORK
from data.world.recorded import RECORDED, book
from data.world.simulate import simulate
from tests.helpers.worlds import UNTIL, network, quiet


def test_every_marginal_of_the_network_is_in_its_band():
    drawn = [at_size(one, 60_000) for measure in MARGINALS if measure is not ceilings for one in measure(network())]
    assert len(drawn) > 25
    assert [(one.name, one.value) for one in drawn if not (one.judged and one.in_band)] == []


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


HALF = Marginal("x", 0.5, 0.4, 0.6, "s", scatter=0.01)


@pytest.mark.parametrize(
    ("n_orders", "least", "most", "judged"),
    [
        (USUAL_SIZE, 0.4, 0.6, True),
        (5 * USUAL_SIZE, 0.4, 0.6, True),
        (USUAL_SIZE // 4, 0.375, 0.625, True),  # scatters twice as much: one deviation more, two and a half times
        (USUAL_SIZE // 16, 0.325, 0.675, True),
        (USUAL_SIZE // 26, 0.2975, 0.7025, False),  # more than twice as wide: says nothing
    ],
)
def test_a_smaller_market_has_wider_bands_until_they_say_nothing(n_orders, least, most, judged):
    found = at_size(HALF, n_orders)
    assert (found.least, found.most) == pytest.approx((least, most), abs=1e-4)
    assert found.judged is judged
    assert found.verdict == ("in band" if judged else "too few orders")
    assert at_size(replace(HALF, value=0.8), n_orders).verdict == ("OUT" if judged else "too few orders")


def test_what_cannot_be_measured_is_out_in_a_large_market_and_undecided_in_a_small_one():
    nothing = replace(HALF, value=np.nan)
    assert at_size(nothing, USUAL_SIZE).verdict == "OUT"
    assert at_size(nothing, USUAL_SIZE - 1).verdict == "too few orders"


def test_a_figure_that_no_size_moves_keeps_its_band():
    assert at_size(replace(HALF, scatter=0.0), 1_000) == replace(HALF, scatter=0.0)


def test_districts_are_compared_without_the_luck_of_their_buyers():
    """In a country where no place differs no district does, though a handful of buyers makes up each."""
    alike = dict.fromkeys(("sd_state", "sd_district", "sd_pincode", "sd_address", "sd_courier"), 0.0)
    even = replace(
        NETWORK,
        geography=replace(NETWORK.geography, **alike, transit_days=(2.0, 2.0, 2.0)),
        causes=replace(NETWORK.causes, tier=(0.0, 0.0, 0.0), address_tier2=0.0, attempt_tier2=0.0),
        addresses=replace(NETWORK.addresses, tier2_badness=0.0),
    )
    spreads = []
    for preset in (even, NETWORK):
        low, high = (one.value for one in places(simulate(preset, 20_000, 8, UNTIL, quiet)) if "districts" in one.name)
        spreads.append(high - low)
    assert spreads[0] < 0.01
    assert spreads[1] > 0.06


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
    world = simulate(replace(NETWORK, **change), 10_000, 7, UNTIL, quiet)
    found = [at_size(one, 10_000) for one in measure(world)]
    assert name in {one.name for one in found if one.judged and not one.in_band}


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
