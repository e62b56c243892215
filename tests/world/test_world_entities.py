"""Are the made-up market's people, places, addresses and couriers what the page says of them?"""

import re
from dataclasses import replace

import numpy as np
import pytest

from data.contract import DAY, Action, NewsType
from data.world.basket import fill_shelf
from data.world.checkout import place_orders
from data.world.geography import lay_out
from data.world.homes import PARTS, trait_logit
from data.world.logging_plan import LoggingPlan
from data.world.news import NO_ACTION
from data.world.outages import break_down
from data.world.people import populate
from data.world.presets import DEMO, MERCHANT, NETWORK
from data.world.shops import CATEGORIES, ShopsPlan, open_shops
from data.world.simulate import simulate
from data.world.streams import sigmoid
from data.world.visits import Market
from tests.helpers.worlds import UNTIL, network, quiet

RING_RICH = replace(NETWORK, people=replace(NETWORK.people, ring_share=0.05))


@pytest.fixture(scope="module")
def inner():
    return network().inner


@pytest.fixture(scope="module")
def rings():
    """A market with many rings."""
    return simulate(RING_RICH, 8_000, 5, UNTIL, quiet).inner


# --- shops -----------------------------------------------------------------------------------------------------------


def test_one_shop_more_changes_only_the_shares_of_the_others():
    fewer, more = open_shops(ShopsPlan(count=5), 3), open_shops(ShopsPlan(count=6), 3)
    assert [replace(shop, share=0.0) for shop in fewer] == [replace(shop, share=0.0) for shop in more[:5]]
    assert sum(shop.share for shop in more) == pytest.approx(1.0)


@pytest.mark.parametrize("seed", [7, 13])
def test_a_pool_is_as_planned_whatever_shops_were_drawn(seed):
    plan = ShopsPlan()
    shops = open_shops(plan, seed)
    share, wait, own, rural = (np.array([getattr(s, name) for s in shops]) for name in FACTS)
    goods = np.array([sum(a.share * a.refusal for a in shop.articles) for shop in shops])
    price = np.array([sum(a.share * np.log(a.median_price) for a in shop.articles) for shop in shops])
    assert share @ wait == pytest.approx(plan.dispatch[0] * plan.dispatch[1])
    assert share @ (own + goods) == pytest.approx(np.mean([kind.refusal for kind in CATEGORIES]))
    assert share @ price == pytest.approx(np.mean([np.log(kind.median_price) for kind in CATEGORIES]))
    assert share @ rural == pytest.approx(0)
    for beside in (wait, np.exp(-wait)):
        assert share @ ((own + goods) * (beside - share @ beside)) == pytest.approx(0, abs=1e-9)
    assert np.sqrt(share @ (own + goods - share @ (own + goods)) ** 2) == pytest.approx(0.57, abs=0.04)
    assert wait.min() > 0
    assert wait.max() > 2.2


FACTS = ("share", "dispatch_days", "refusal", "rural")


@pytest.mark.parametrize("seed", [7, 13])
def test_neither_a_tier_nor_a_district_is_moved_by_luck(seed):
    plan = NETWORK.geography
    geo = lay_out(plan, seed)
    for tier in range(3):
        here = geo.tier == tier
        assert geo.share[here] @ geo.refusal[here] == pytest.approx(0, abs=1e-12)
        assert geo.share[here] @ geo.address[here] == pytest.approx(0, abs=1e-12)
    wide = np.sqrt(plan.sd_state**2 + plan.sd_district**2 + plan.sd_pincode**2)
    assert np.sqrt(geo.share @ geo.refusal**2) == pytest.approx(wide, rel=0.1)
    main = plan.main_courier * geo.courier_district[geo.main_courier, np.arange(len(geo.main_courier))]
    carried = main + (1 - plan.main_courier) * geo.courier_district.mean(axis=0)
    assert carried == pytest.approx(0, abs=1e-12)
    assert geo.courier_district.std() > 0.25
    assert geo.courier.sum() == pytest.approx(0)


def test_one_shop_more_reshuffles_neither_buyers_nor_their_orders():
    drawn = []
    for count in (10, 11):
        preset = replace(NETWORK, shops=ShopsPlan(count=count)).opened(3)
        geography = lay_out(preset.geography, 3)
        people = populate(preset, geography, 4_000, 3)
        market = Market(preset, 3, UNTIL, geography, people, fill_shelf(preset, 3))
        drawn.append((people, place_orders(market, 4_000)))
    (people, orders), (more_people, more_orders) = drawn
    for name in ("reliability", "address_badness", "rate", "household", "home", "joined_day", "ring_number"):
        assert np.array_equal(getattr(people, name), getattr(more_people, name))
    for name in ("placed_at", "person", "place", "phone", "device", "intent", "source"):
        assert np.array_equal(getattr(orders.visits, name), getattr(more_orders.visits, name))
    assert not np.array_equal(orders.visits.merchant, more_orders.visits.merchant)


def test_shops_differ_in_size_and_each_sells_some_categories():
    shops = open_shops(ShopsPlan(), 7)
    assert len({shop.merchant_id for shop in shops}) == len({shop.prefix for shop in shops}) == 60
    assert max(shop.share for shop in shops) > 10 * np.median([shop.share for shop in shops]) / 5
    names = {kind.name for kind in CATEGORIES}
    assert all({a.name for a in shop.articles} < names and len(shop.articles) == 3 for shop in shops)


@pytest.mark.parametrize(("preset", "least", "most"), [(NETWORK, 8.0, 12.0), (MERCHANT, 2.0, 2.5), (DEMO, 7.0, 10.0)])
def test_buyers_order_as_often_as_the_preset_says(preset, least, most):
    visits = simulate(preset, 12_000, 7, UNTIL, quiet).inner.orders.visits
    assert least < 12_000 / len(np.unique(visits.person)) < most


# --- households and rings --------------------------------------------------------------------------------------------


def test_people_of_one_household_live_together_and_are_alike(inner):
    people = inner.market.people
    joined = np.flatnonzero((people.household != np.arange(len(people.rate))) & ~people.ring)
    head = people.household[joined]
    assert np.array_equal(people.home[joined], people.home[head])
    assert np.array_equal(people.address_badness[joined], people.address_badness[head])
    alike = ~people.ring[head]
    together = np.corrcoef(people.reliability[joined[alike]], people.reliability[head[alike]])[0, 1]
    assert together == pytest.approx(0.5, abs=0.08)
    assert len(joined) / len(people.rate) == pytest.approx(0.10, abs=0.02)  # one of each pair: 20 % live with another
    assert (people.phone_owner[joined] == head).mean() == pytest.approx(0.30, abs=0.06)


def test_a_ring_orders_in_a_burst_at_one_shop(rings):
    people, visits = rings.market.people, rings.orders.visits
    of = people.ring_number[visits.person]
    assert len(np.unique(of[of >= 0])) > 5
    for number in np.unique(of[of >= 0]):
        mine = of == number
        assert len(np.unique(visits.merchant[mine])) == 1
    gaps = [np.diff(np.sort(visits.day[visits.person == who])) for who in np.flatnonzero(people.ring)]
    gaps = np.concatenate([one for one in gaps if len(one)])
    assert np.mean(gaps[gaps < 100]) == pytest.approx(6.0, rel=0.25)
    usual = visits.person[~people.ring[visits.person]]
    times = np.bincount(usual)
    spread = [np.ptp(visits.day[visits.person == who]) for who in np.flatnonzero(times > 8)[:40]]
    assert np.median(spread) > 100


def test_some_of_a_ring_share_a_device_and_an_address():
    preset = RING_RICH.opened(5)
    people = populate(preset, lay_out(preset.geography, 5), 100_000, 5)
    head = people.ring_number[people.ring] * preset.people.ring_size
    follows = np.flatnonzero(people.ring) != head
    for name in ("device_owner", "household"):
        assert (getattr(people, name)[people.ring] == head)[follows].mean() == pytest.approx(0.30, abs=0.06)
    assert (people.reliability[people.ring] == -2.6).all()
    assert people.ring.mean() == pytest.approx(0.05, abs=0.012)


def test_parcels_to_rings_mostly_come_back(rings):
    ring = rings.market.people.ring[rings.orders.visits.person] & rings.orders.cod
    assert (rings.fate.cause[ring] > 0).mean() > 0.75
    assert (rings.fate.cause[~ring & rings.orders.cod] > 0).mean() < 0.40


# --- phones, devices, addresses --------------------------------------------------------------------------------------


def test_unreliable_buyers_change_their_phone_often(inner):
    visits, steady = inner.orders.visits, inner.market.people.reliability[inner.orders.visits.person]
    again, plan = visits.n_prior > 0, NETWORK.people
    assert plan.phone_change_unreliable > 4 * plan.phone_change
    for rows, chance in ((steady < -1.2, plan.phone_change_unreliable), (steady >= -1.2, plan.phone_change)):
        assert visits.new_phone[again & rows].mean() == pytest.approx(chance, abs=0.012)


@pytest.mark.parametrize("part", PARTS)
def test_parts_of_addresses_are_missing_as_their_badness_says(inner, part):
    homes, plan = inner.orders.homes, inner.market.preset.addresses
    rows = ~homes.rural if part == "no_house" else np.ones(len(homes.place), dtype=bool)
    expected = sigmoid(trait_logit(plan, part, homes.badness))[rows]
    error = np.sqrt((expected * (1 - expected)).sum())
    assert abs(getattr(homes, part)[rows].sum() - expected.sum()) < 3.5 * error
    worse = homes.badness > 1
    assert getattr(homes, part)[rows & worse].mean() > 1.5 * getattr(homes, part)[rows & ~worse].mean()


def test_addresses_are_written_in_the_manner_of_their_region(inner):
    placed = network().orders.to_pandas().drop_duplicates("order_id")
    gibberish, homes = inner.orders.gibberish, inner.orders.homes
    whole = ~homes.no_locality[homes.of] & ~gibberish
    written = placed.line2[whole]
    pins = inner.market.geography.pincode[homes.place[homes.of]][whole].astype(str)
    east, south = np.char.startswith(pins, "7"), np.char.startswith(pins, "6")
    assert (
        written[east].str.contains("Pally|Para|Tola|PO ").mean()
        > 3 * written[south].str.contains("Pally|Para|Tola").mean()
    )
    assert written[south].str.contains("Palya|Pettai|Nagaram|Layout").mean() > 0.1
    assert placed.line1.str.fullmatch(r"[ -~]+").all()


def test_a_village_address_is_short_complete_and_not_worse(inner):
    homes, causes = inner.orders.homes, inner.fate.cause
    rural = homes.rural[homes.of]
    placed = network().orders.to_pandas().drop_duplicates("order_id")
    assert (
        placed.line1[rural & ~inner.orders.gibberish & ~homes.typo[homes.of]]
        .str.fullmatch(r"(Vill|Village|At|Ward \d+) \w+")
        .all()
    )
    assert not homes.no_house[homes.rural].any()
    far = inner.market.geography.tier[inner.orders.visits.place] == 2
    village, street = (causes[far & rural] == 3).mean(), (causes[far & ~rural] == 3).mean()
    assert village < street * 1.15


def test_a_typing_error_changes_a_letter_or_two(inner):
    clean = simulate(replace(NETWORK, addresses=replace(NETWORK.addresses, typo=(-9.0, 0.0))), 3_000, 2, UNTIL, quiet)
    faulty = simulate(replace(NETWORK, addresses=replace(NETWORK.addresses, typo=(9.0, 0.0))), 3_000, 2, UNTIL, quiet)
    pairs = set(zip(clean.orders["line1"].to_pylist(), faulty.orders["line1"].to_pylist(), strict=True))
    assert np.mean([a != b for a, b in pairs]) > 0.9
    assert all(abs(len(a) - len(b)) <= 1 for a, b in pairs)
    assert not any(re.search(r"\|", b) for _, b in pairs)


# --- time and couriers -----------------------------------------------------------------------------------------------


def test_an_outage_makes_attempts_fail_while_it_lasts(inner):
    out, missed = inner.transit.outage > 0, inner.fate.failed_attempts > 0
    assert 0.012 < out.mean() < 0.03  # once a year for 7.5 days
    assert missed[out].mean() > 1.4 * missed[~out].mean()


def test_an_outage_lasts_five_to_ten_days_and_is_over_after():
    found = break_down(NETWORK.geography, 540, (6, 50), 3)
    length = found.ends - found.starts
    assert 5 <= length.min() < length.max() <= 10
    assert len(found.cell) == pytest.approx(6 * 50 * 540 / 365.25, rel=0.15)
    cell, day = found.cell[3], found.starts[3]
    courier, district = np.array([cell // 50] * 3), np.array([cell % 50] * 3)
    days = np.array([day - 0.01, day + 1.0, found.ends[found.cell == cell].max() + 0.01])
    assert found.effect(courier, district, days)[1:].tolist() == [1.2, 0.0]
    none = break_down(replace(NETWORK.geography, outages_a_year=0.0), 540, (6, 50), 3)
    assert none.effect(courier, district, days).tolist() == [0.0, 0.0, 0.0]


def test_the_shift_comes_once_and_late(inner):
    visits = inner.orders.visits
    assert visits.day[visits.shift].min() >= 0.9 * 540 > visits.day[~visits.shift].max() - 0.01
    assert not simulate(DEMO, 1_000, 1, UNTIL, quiet).inner.orders.visits.shift.any()


def test_the_risk_drifts_slowly_with_a_yearly_wave(inner):
    visits = inner.orders.visits
    swing = visits.drift - 0.00045 * visits.day
    assert np.abs(swing).max() == pytest.approx(0.15, abs=0.001)
    top = visits.placed_at[np.argmax(swing)] / DAY / 365.25 % 1
    assert top == pytest.approx(0.25, abs=0.02)  # three months into the year


def test_more_is_ordered_in_sales_and_little_at_night(inner):
    visits = inner.orders.visits
    days = sum(sale.days for sale in NETWORK.sales)
    assert visits.sale.mean() == pytest.approx(1.6 * days / (540 + 0.6 * days), rel=0.1)
    assert 0.08 < visits.night.mean() < 0.18


# --- what the shops did ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def handled():
    """A market whose shops act upon risky orders."""
    return simulate(replace(NETWORK, logging=LoggingPlan(policy="old_model")), 6_000, 4, UNTIL, quiet)


def test_an_action_is_told_after_the_order_and_before_dispatch(handled):
    inner = handled.inner
    news, course = inner.news, inner.course
    told = np.flatnonzero(news.type == int(NewsType.ACTION_TAKEN))
    of = news.order[told]
    assert set(of) == set(np.flatnonzero(inner.handling.action != int(Action.ALLOW_COD)))
    assert np.array_equal(news.action[told], inner.handling.action[of])
    assert (news.action[news.type != int(NewsType.ACTION_TAKEN)] == NO_ACTION).all()
    assert (course.placed_at[of] <= news.happened_at[told]).all()
    gone = np.where(course.cancelled, course.cancelled_at, course.dispatched_at)
    assert (news.happened_at[told] <= gone[of]).all()
    assert not inner.handling.action[~inner.orders.cod].any()


def test_who_is_asked_answers_or_does_not_and_who_leaves_gets_no_parcel(handled):
    inner, news = handled.inner, handled.inner.news
    young = inner.course.placed_at > UNTIL - 10 * DAY  # what comes of them may be told after the end
    told = {kind: set(news.order[(news.type == int(kind)) & ~young[news.order]]) for kind in NewsType}
    asked = set(np.flatnonzero(inner.handling.asked & ~young))
    assert told[NewsType.CONFIRMED] | told[NewsType.NO_REPLY] == asked
    assert not told[NewsType.CONFIRMED] & told[NewsType.NO_REPLY]
    assert told[NewsType.SWITCHED_TO_PREPAID] == set(np.flatnonzero(inner.handling.switched & ~young))
    assert not set(np.flatnonzero(inner.handling.cancelled)) & told[NewsType.DISPATCHED]
    details = handled.news.filter(np.isin(handled.news["type"].to_numpy(), ["action_taken"]))["details"].to_pylist()
    assert set(details) <= {f'{{"action": "{action.name.lower()}"}}' for action in Action}


def test_some_orders_end_and_nobody_ever_says_how(inner):
    news = inner.news
    ends = {int(kind) for kind in (NewsType.DELIVERED, NewsType.RTO_STARTED, NewsType.LOST, NewsType.CANCELLED)}
    silent = np.flatnonzero(inner.course.untold & ~inner.course.cancelled & ~inner.course.lost)
    kept = np.isin(news.type, [*ends]) & (news.slot != 13)
    assert len(silent) > 50
    assert not set(news.order[kept]) & set(silent)
