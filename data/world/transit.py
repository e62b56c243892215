"""How long parcels take: dispatch, journey, promise, and the exact share of each delay bucket."""

from dataclasses import dataclass

import numpy as np

from data.places import distance_km, load_register
from data.world.outages import Outages, break_down
from data.world.streams import Flags, Floats, Ints, stream
from data.world.visits import Market, Visits, uniform

BUCKET_EDGES_DAYS = (2.0, 5.0)
_AGES, _MASS = np.polynomial.laguerre.laggauss(20)
_MASS = _MASS * _AGES  # density of Gamma(2)


@dataclass(frozen=True, slots=True, eq=False)
class Transit:
    """(n,) days and couriers. `outage`: what an outage at the time of delivery adds to the logit of a failed attempt,
    0 without one. `delay_share` (n, 3): chances of a first attempt within 2, within 5, after 5 days."""

    courier: Ints
    dispatch_days: Floats
    journey_days: Floats
    promised_days: Floats
    delay_bucket: Ints
    delay_share: Floats
    outage: Floats


def carry(market: Market, visits: Visits) -> Transit:
    """Draw courier, dispatch (Gamma 2) and journey (Gamma 3, longer by tier, distance and sale) of each order."""
    geo, plan, seed = market.geography, market.preset.course, market.seed
    courier = _couriers(market, visits)
    wait = np.array([merchant.dispatch_days for merchant in market.preset.merchants])[visits.merchant]
    base = np.asarray(market.preset.geography.transit_days)[geo.tier[visits.place]]
    near, km = plan.distance
    mean = base * (near + _distance(market, visits) / km) + plan.sale_days * visits.sale
    dispatch = plan.dispatch_floor + stream(seed, "transit.dispatch").gamma(2.0, wait / 2)
    journey = stream(seed, "transit.journey").gamma(3.0, mean / 3)
    outages = outages_of(market)
    return Transit(
        courier=courier,
        dispatch_days=dispatch,
        journey_days=journey,
        promised_days=np.ceil(plan.dispatch_floor + wait + plan.promise * mean),
        delay_bucket=np.searchsorted(BUCKET_EDGES_DAYS, dispatch + journey),
        delay_share=_delay_share(wait / 2, mean / 3, plan.dispatch_floor),
        outage=outages.effect(courier, geo.district_code[visits.place], visits.day + dispatch + journey),
    )


def outages_of(market: Market) -> Outages:
    """The outages of the whole period."""
    shape = market.geography.courier_district.shape
    return break_down(market.preset.geography, market.preset.days, shape, market.seed)


def courier_told(market: Market, count: int) -> Flags:
    """(n,) orders whose courier the shop knows at checkout."""
    return np.asarray(uniform(market.seed, "tables.courier_known", count) < market.preset.news.courier_known)


def _couriers(market: Market, visits: Visits) -> Ints:
    geo, count = market.geography, len(visits.person)
    main = geo.main_courier[geo.district_code[visits.place]]
    other = stream(market.seed, "transit.couriers").integers(len(geo.courier), size=count)
    return np.where(uniform(market.seed, "transit.main", count) < market.preset.geography.main_courier, main, other)


def _distance(market: Market, visits: Visits) -> Floats:
    """(n,) km from the merchant's warehouse to the buyer."""
    register = load_register()
    rows = register.rows(np.array([merchant.origin_pincode for merchant in market.preset.merchants], dtype=object))
    origin = rows[visits.merchant]
    place = market.geography.latitude[visits.place], market.geography.longitude[visits.place]
    return distance_km(register.latitude[origin], register.longitude[origin], *place)


def _delay_share(dispatch_scale: Floats, journey_scale: Floats, floor: float) -> Floats:
    """Gamma(2) dispatch integrated by Gauss-Laguerre, Gamma(3) journey in closed form."""
    within = np.zeros((2, len(journey_scale)))
    for age, mass in zip(_AGES, _MASS, strict=True):
        waited = floor + age * dispatch_scale
        for number, edge in enumerate(BUCKET_EDGES_DAYS):
            left = np.maximum(edge - waited, 0.0) / journey_scale
            within[number] += mass * (1 - np.exp(-left) * (1 + left + left * left / 2))
    return np.stack([within[0], within[1] - within[0], 1 - within[1]], axis=1)
