"""How a visit becomes an order: what is in the basket, how it is paid, how well the address is written."""

from dataclasses import dataclass

import numpy as np

from data.world.basket import Baskets, fill_baskets
from data.world.streams import Flags, Floats, Ints, sigmoid, stream
from data.world.visits import SOCIAL, Market, Visits, receive, uniform

LOG_VALUE_MEAN, LOG_VALUE_SD = float(np.log(650.0)), 0.70


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """(n,) orders in order of time. The parcel must go to `visits.place`; the buyer wrote the PIN of `written`."""

    visits: Visits
    baskets: Baskets
    value: Floats  # standardised log of the list value
    cod: Flags
    gibberish: Flags
    written: Ints

    def __len__(self) -> int:
        return len(self.cod)


def place_orders(market: Market, n_orders: int) -> Orders:
    """Draw `n_orders` orders of the whole period."""
    visits = receive(market, n_orders)
    baskets = fill_baskets(market.preset, market.shelf, visits.merchant, visits.sale, market.seed)
    value = (np.log(baskets.list_value) - LOG_VALUE_MEAN) / LOG_VALUE_SD
    cod = uniform(market.seed, "orders.payment", n_orders) < sigmoid(_cod_logit(market, visits, baskets, value))
    steady = market.people.reliability[visits.person]
    nonsense = uniform(market.seed, "orders.gibberish", n_orders) < sigmoid(-4.9 - 1.1 * steady)
    return Orders(visits, baskets, value, cod, cod & nonsense, _written(market, visits))


def _cod_logit(market: Market, visits: Visits, baskets: Baskets, value: Floats) -> Floats:
    tier = market.geography.tier[visits.place]
    return np.asarray(
        market.preset.cod
        + 0.35 * (tier == 2)
        - 0.45 * (tier == 0)
        + 0.25 * (visits.n_prior == 0)
        - 0.18 * market.people.reliability[visits.person]
        + baskets.cod
        - 0.15 * value
        + 0.25 * (visits.source == SOCIAL)
        - 0.0009 * (visits.day - market.preset.days / 2)
    )


def _written(market: Market, visits: Visits) -> Ints:
    """The place whose PIN code was written: now and then a wrong one, oftener by those who write addresses badly."""
    badness = market.people.address_badness[visits.person]
    wrong = uniform(market.seed, "orders.wrong_pin", len(badness)) < sigmoid(-4.2 + 0.8 * badness)
    anywhere = stream(market.seed, "orders.written").integers(len(market.geography.tier), size=len(badness))
    return np.where(wrong, anywhere, visits.place)
