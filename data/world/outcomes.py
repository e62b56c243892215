"""Why a parcel comes back: five competing causes, their exact chances, and one draw of what happened."""

from dataclasses import dataclass, replace

import numpy as np

from data.world.cause_plan import CausePlan
from data.world.checkout import Orders
from data.world.streams import Flags, Floats, Ints, sigmoid, stream
from data.world.transit import Transit
from data.world.visits import SOCIAL, Market, uniform

DELIVERED, FAKE, REFUSED, ADDRESS, UNREACHABLE, COURIER = range(6)
CAUSES = ("none", "fake", "refusal", "address", "unreachable", "courier")
ATTEMPTS = 3
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True, slots=True, eq=False)
class Logits:
    """(n,) logits of the causes before the order's own shocks; `courier` is a probability."""

    fake: Floats
    refusal: Floats  # without delay and shock
    address: Floats
    attempt: Floats  # one attempt fails to reach the buyer; without shock
    courier: Floats

    def if_prepaid(self, plan: CausePlan) -> "Logits":
        """The same orders with the money paid up front: people cooperate."""
        fake, refusal, address, attempt = plan.prepaid
        return replace(
            self,
            fake=self.fake + fake,
            refusal=self.refusal + refusal,
            address=self.address + address,
            attempt=self.attempt + attempt,
        )

    def where(self, chosen: Flags, other: "Logits") -> "Logits":
        """Rows of this where `chosen`, of `other` elsewhere."""
        names = ("fake", "refusal", "address", "attempt", "courier")
        return Logits(*(np.where(chosen, getattr(self, name), getattr(other, name)) for name in names))


@dataclass(frozen=True, slots=True, eq=False)
class Fate:
    """(n,) what becomes of each order once shipped: the true cause (0 = delivered) and failed attempts."""

    cause: Ints
    failed_attempts: Ints
    after_all: Flags  # RTO started, then delivered nevertheless


def cause_logits(market: Market, orders: Orders, transit: Transit) -> Logits:
    """Logits of the causes if paid in cash. Science notes 3.3, with `intent` as a latent and with interactions."""
    plan, geo, visits = market.preset.causes, market.geography, orders.visits
    steady, tier2 = market.people.reliability[visits.person], geo.tier[visits.place] == 2
    badness = market.people.address_badness[visits.person] + 0.5 * visits.away
    district = geo.district_code[visits.place]
    hardship = geo.courier[transit.courier] + geo.courier_district[transit.courier, district]
    return Logits(
        fake=_fake(plan, orders, steady, geo.refusal[visits.place]),
        refusal=_refusal(market, orders, steady),
        address=plan.address
        + geo.address[visits.place]
        + 0.35 * tier2
        + 1.6 * badness
        - 0.3 * steady
        + 1.2 * (orders.written != visits.place),
        attempt=plan.unreachable + hardship + 0.25 * tier2 + 0.2 * visits.sale - 0.4 * steady,
        courier=plan.courier * np.exp(geo.courier[transit.courier] + 0.3 * visits.sale),
    )


def _fake(plan: CausePlan, orders: Orders, steady: Floats, place: Floats) -> Floats:
    visits = orders.visits
    social = visits.source == SOCIAL
    return np.asarray(
        plan.fake
        - plan.fake_reliability * steady
        + 0.6 * (visits.n_prior == 0)
        + 1.8 * orders.gibberish
        + 0.4 * social
        + 0.35 * visits.night
        + 0.3 * place
        - plan.intent * visits.intent
        + plan.social_night_new_phone * (social & visits.night & visits.new_phone)
        + 0.00045 * visits.day
    )


def _refusal(market: Market, orders: Orders, steady: Floats) -> Floats:
    plan, visits, baskets = market.preset.causes, orders.visits, orders.baskets
    tier, first = market.geography.tier[visits.place], visits.n_prior == 0
    shops = market.preset.merchants
    shop = np.array([[m.refusal, m.refusal, m.refusal + m.rural] for m in shops])[visits.merchant, tier]
    dear = (baskets.list_value >= plan.value_step_rupees) & visits.new_to_merchant
    return np.asarray(
        plan.refusal
        - plan.refusal_reliability * steady
        + baskets.refusal
        + 0.30 * orders.value
        + (2.0 + plan.discount_on_first * first) * (baskets.discount_share - 0.28)
        + market.geography.refusal[visits.place]
        + np.asarray(plan.tier)[tier]
        + shop
        + 0.35 * visits.new_to_merchant
        + plan.habit * np.minimum(visits.n_prior, 5)
        + 0.25 * visits.sale
        + 0.2 * (visits.source == SOCIAL)
        + 0.15 * visits.night
        - plan.intent * visits.intent
        + plan.value_step * dear
        + 0.00045 * visits.day
    )


def p_rto(logits: Logits, transit: Transit, plan: CausePlan) -> Floats:
    """(n,) chance that a shipped order that comes to an end is an RTO, given the latents.

    The order's shocks are integrated out by Gauss-Hermite quadrature, its delay over three buckets; given these
    the causes are independent, so the result is exact up to the quadrature.
    """
    refusal, unreachable = np.zeros(len(logits.fake)), np.zeros(len(logits.fake))
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        for bucket, shift in enumerate(plan.delay):
            chance = sigmoid(logits.refusal + shift + plan.refusal_shock * node)
            refusal += weight * transit.delay_share[:, bucket] * chance
        unreachable += weight * sigmoid(logits.attempt + plan.unreachable_shock * node) ** ATTEMPTS
    spared = (1 - sigmoid(logits.fake)) * (1 - refusal) * (1 - sigmoid(logits.address))
    return np.asarray((1 - spared * (1 - unreachable) * (1 - logits.courier)) * (1 - plan.delivered_after_all))


def draw_fate(market: Market, logits: Logits, transit: Transit) -> Fate:
    """One draw of each order's fate. The same uniforms serve any other logits: what-ifs share their luck."""
    plan, seed, count = market.preset.causes, market.seed, len(logits.fake)
    shock = stream(seed, "fate.shocks").normal(size=(2, count))
    delay = np.asarray(plan.delay)[transit.delay_bucket]
    refusal = sigmoid(logits.refusal + delay + plan.refusal_shock * shock[0])
    luck = stream(seed, "fate.causes").random((4, count))
    attempt = sigmoid(logits.attempt + plan.unreachable_shock * shock[1])
    missed = np.cumprod(stream(seed, "fate.attempts").random((ATTEMPTS, count)) < attempt, axis=0).sum(axis=0)
    fires = (luck[0] < sigmoid(logits.fake), luck[1] < refusal, luck[2] < sigmoid(logits.address))
    causes = (*fires, missed == ATTEMPTS, luck[3] < logits.courier)
    cause = np.select(causes, (FAKE, REFUSED, ADDRESS, UNREACHABLE, COURIER), DELIVERED)
    after_all = (cause > 0) & (uniform(seed, "fate.after_all", count) < plan.delivered_after_all)
    return Fate(cause, missed, after_all)
