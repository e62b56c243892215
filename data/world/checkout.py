"""How a visit becomes an order: what is in the basket, how it is paid, how well the address is written."""

from dataclasses import dataclass

import numpy as np

from data.world.basket import Baskets, fill_baskets
from data.world.homes import Homes, settle
from data.world.streams import Flags, Floats, Ints, sigmoid, stream
from data.world.visits import SOCIAL, Market, Visits, receive, uniform


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """(n,) orders in order of time. The parcel must go to `visits.place`; the buyer wrote the PIN of `written`."""

    visits: Visits
    baskets: Baskets
    value: Floats  # standardised log of the list value
    cod: Flags
    gibberish: Flags
    written: Ints
    homes: Homes

    def __len__(self) -> int:
        return len(self.cod)


def place_orders(market: Market, n_orders: int) -> Orders:
    """Draw `n_orders` orders of the whole period."""
    preset, visits = market.preset, receive(market, n_orders)
    lower = preset.baskets.sale_discount * visits.sale + preset.time.mix_discount * visits.mix
    baskets = fill_baskets(preset, market.shelf, visits.merchant, lower, market.seed)
    value = np.log(baskets.list_value / preset.baskets.usual_value) / preset.baskets.sd_log_value
    cod = uniform(market.seed, "orders.payment", n_orders) < sigmoid(cod_logit(market, visits, baskets, value))
    steady = market.people.reliability[visits.person]
    constant, weight = preset.addresses.gibberish
    nonsense = uniform(market.seed, "orders.gibberish", n_orders) < sigmoid(constant + weight * steady)
    homes = settle(preset.addresses, market.people, market.geography, visits, market.seed)
    return Orders(visits, baskets, value, cod, cod & nonsense, _written(market, visits), homes)


def cod_logit(market: Market, visits: Visits, baskets: Baskets, value: Floats) -> Floats:
    """(n,) the logit of paying in cash."""
    plan = market.preset.payment
    return np.asarray(
        plan.constant
        + np.asarray(plan.tier)[market.geography.tier[visits.place]]
        + plan.first * (visits.n_prior == 0)
        + plan.reliability * market.people.reliability[visits.person]
        + baskets.cod
        + plan.value * value
        + plan.social * (visits.source == SOCIAL)
        + market.preset.time.mix_cash * visits.mix
        + plan.per_day * (visits.day - market.preset.days / 2)
    )


def _written(market: Market, visits: Visits) -> Ints:
    """The place whose PIN code was written: now and then a wrong one, oftener by those who write addresses badly."""
    badness = market.people.address_badness[visits.person]
    constant, weight = market.preset.addresses.wrong_pin
    wrong = uniform(market.seed, "orders.wrong_pin", len(badness)) < sigmoid(constant + weight * badness)
    anywhere = stream(market.seed, "orders.written").integers(len(market.geography.tier), size=len(badness))
    return np.where(wrong, anywhere, visits.place)
