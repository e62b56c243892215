"""What only the made-up world knows, as tables apart: true chances, causes and traits. Nobody may learn from them."""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from data.world.chances import p_rto
from data.world.effects import truth_columns
from data.world.outcomes import CAUSES
from data.world.streams import Floats
from data.world.tables import ACTIONS, order_ids
from data.world.words import spread

if TYPE_CHECKING:
    from data.world.simulate import Inner, World

OUTCOMES = ("delivered", "rto", "cancelled", "lost")


def orders_truth(inner: "Inner", by_cause: tuple[Floats, ...]) -> pa.Table:
    """One row for each order. by_cause: (n, 6) chances of the causes, if paid in cash and if paid up front."""
    market, orders, visits, fate, handling = inner.market, inner.orders, inner.orders.visits, inner.fate, inner.handling
    return pa.table(
        {
            "order_id": order_ids(market, visits.merchant),
            "p_cod": p_rto(by_cause[0], market.preset.causes),
            "p_prepaid": p_rto(by_cause[1], market.preset.causes),
            "cause": spread(CAUSES, fate.cause),
            "outcome": spread(OUTCOMES, inner.course.outcome),
            "cod": orders.cod,
            "tier": market.geography.tier[visits.place],
            "place": visits.place,
            "person": visits.person,
            "reliability": market.people.reliability[visits.person],
            "address_badness": market.people.address_badness[visits.person],
            "intent": visits.intent,
            "gibberish": orders.gibberish,
            "rural": orders.homes.rural[orders.homes.of],
            "courier": inner.transit.courier,
            "delay_bucket": inner.transit.delay_bucket,
            "outage": inner.transit.outage > 0,
            "shift": visits.shift,
            "mix": visits.mix,
            "action": spread(ACTIONS, handling.action),
            "propensity": handling.propensity,
        }
        | truth_columns(inner.before, np.where(orders.cod[:, None], *by_cause))
    )


def people_truth(world: "World") -> pa.Table:
    """One row for each buyer, in the order of `person`."""
    people = world.inner.market.people
    return pa.table(
        {
            "person": np.arange(len(people.rate)),
            "reliability": people.reliability,
            "address_badness": people.address_badness,
            "rate": people.rate,
            "household": people.household,
            "ring": pa.array(people.ring_number, mask=~people.ring),
            "home": people.home,
            "joined_day": people.joined_day,
        }
    )


def places_truth(world: "World") -> pa.Table:
    """One row for each PIN code sold to, in the order of `place`."""
    geo = world.inner.market.geography
    columns = {"tier": geo.tier, "share": geo.share, "refusal": geo.refusal, "address": geo.address}
    return pa.table(
        {
            "place": np.arange(len(geo.tier)),
            "pincode": pa.array(geo.pincode, pa.string()),
            "district": pa.array(geo.district, pa.string()),
            "state": pa.array(geo.state, pa.string()),
            **columns,
        }
    )
