"""Why a parcel comes back: five competing causes, and one draw of what happened."""

from dataclasses import dataclass, fields

import numpy as np

from data.world.cause_plan import CausePlan
from data.world.checkout import Orders
from data.world.streams import Flags, Floats, Ints, sigmoid, stream
from data.world.transit import Transit
from data.world.visits import SOCIAL, Market, uniform

DELIVERED, FAKE, REFUSED, ADDRESS, UNREACHABLE, COURIER = range(6)
CAUSES = ("none", "fake", "refusal", "address", "unreachable", "courier")
ATTEMPTS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Logits:
    """(n,) or wider: logits of the causes before the order's own shocks; `courier` is a probability."""

    fake: Floats
    refusal: Floats  # without delay and shock
    address: Floats
    attempt: Floats  # one attempt fails to reach the buyer; without shock
    courier: Floats

    def if_prepaid(self, plan: CausePlan) -> "Logits":
        """The same orders with the money paid up front: people cooperate."""
        fake, refusal, address, attempt = plan.prepaid
        return Logits(
            self.fake + fake, self.refusal + refusal, self.address + address, self.attempt + attempt, self.courier
        )

    def where(self, chosen: Flags, other: "Logits") -> "Logits":
        """Rows of this where `chosen`, of `other` elsewhere."""
        names = [column.name for column in fields(self)]
        return Logits(*(np.where(chosen, getattr(self, name), getattr(other, name)) for name in names))


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """The latents of each order that the equations read; (n,), or arrays that broadcast against (n, ...)."""

    reliability: Floats
    badness: Floats  # of the address, the tier's share included
    intent: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Fate:
    """(n,) what becomes of each order once shipped: the true cause (0 = delivered) and failed attempts."""

    cause: Ints
    failed_attempts: Ints
    after_all: Flags  # RTO started, then delivered nevertheless


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """(n,) what an order's logits are without its latents, and how much reliability counts for refusal."""

    logits: Logits
    refusal_reliability: Floats

    def at(self, plan: CausePlan, traits: Traits) -> Logits:
        """The logits given the latents. Shapes broadcast, so a grid of latents will do."""
        steady, intent = traits.reliability, plan.intent * traits.intent
        return Logits(
            fake=self.logits.fake - plan.fake_reliability * steady - intent,
            refusal=self.logits.refusal - self.refusal_reliability * steady - intent,
            address=self.logits.address + plan.address_badness * traits.badness - plan.address_reliability * steady,
            attempt=self.logits.attempt - plan.attempt_reliability * steady,
            courier=self.logits.courier,
        )


def traits_of(market: Market, orders: Orders) -> Traits:
    """(n,) the true latents of each order."""
    people, person = market.people, orders.visits.person
    return Traits(people.reliability[person], people.address_badness[person], orders.visits.intent)


def cause_logits(market: Market, orders: Orders, transit: Transit) -> Logits:
    """Logits of the causes if paid in cash. Science notes 3.3, with `intent` as a latent and with interactions."""
    return base_logits(market, orders, transit).at(market.preset.causes, traits_of(market, orders))


def base_logits(market: Market, orders: Orders, transit: Transit) -> Base:
    """The part of the logits, if paid in cash, that does not depend on the order's latents."""
    plan, geo, visits = market.preset.causes, market.geography, orders.visits
    tier2, district = geo.tier[visits.place] == 2, geo.district_code[visits.place]
    hardship = geo.courier[transit.courier] + geo.courier_district[transit.courier, district] + transit.outage
    return Base(
        Logits(
            fake=_fake(market, orders),
            refusal=_refusal(market, orders),
            address=plan.address
            + geo.address[visits.place]
            + plan.address_tier2 * tier2
            + plan.address_away * visits.away
            + plan.address_wrong_pin * (orders.written != visits.place),
            attempt=plan.unreachable + hardship + plan.attempt_tier2 * tier2 + plan.attempt_sale * visits.sale,
            courier=plan.courier * np.exp(geo.courier[transit.courier] + plan.courier_sale * visits.sale),
        ),
        plan.refusal_reliability
        - plan.value_on_reliability * orders.value
        - plan.discount_on_reliability * (orders.baskets.discount_share - plan.usual_discount),
    )


def _fake(market: Market, orders: Orders) -> Floats:
    plan, visits = market.preset.causes, orders.visits
    social = visits.source == SOCIAL
    return np.asarray(
        plan.fake
        + plan.fake_first * (visits.n_prior == 0)
        + plan.fake_gibberish * orders.gibberish
        + plan.fake_social * social
        + plan.fake_night * visits.night
        + plan.fake_place * market.geography.refusal[visits.place]
        + plan.social_night_new_phone * (social & visits.night & visits.new_phone)
        + visits.drift
    )


def _refusal(market: Market, orders: Orders) -> Floats:
    plan, visits, baskets = market.preset.causes, orders.visits, orders.baskets
    tier = market.geography.tier[visits.place]
    shops = market.preset.merchants
    shop = np.array([[m.refusal, m.refusal, m.refusal + m.rural] for m in shops])[visits.merchant, tier]
    return np.asarray(
        plan.refusal
        + baskets.refusal
        + shop
        + market.geography.refusal[visits.place]
        + np.asarray(plan.tier)[tier]
        + plan.refusal_sale * visits.sale
        + plan.refusal_social * (visits.source == SOCIAL)
        + plan.refusal_night * visits.night
        + visits.drift
        + plan.shift * visits.shift
        + _novelty(plan, orders)
    )


def _novelty(plan: CausePlan, orders: Orders) -> Floats:
    """Value, discount and what is new, which work together: strangers are lured by bargains and shy of dear goods."""
    visits, baskets = orders.visits, orders.baskets
    novelty = 1.0 / (1.0 + visits.n_prior / plan.fades_after)
    dear = (baskets.list_value >= plan.value_step_rupees) & visits.new_to_merchant
    slope = plan.refusal_discount + plan.discount_on_first * novelty
    return np.asarray(
        (plan.refusal_value + plan.value_on_new * visits.new_to_merchant) * orders.value
        + slope * (baskets.discount_share - plan.usual_discount)
        + plan.habit * novelty
        + plan.refusal_new_to_merchant * visits.new_to_merchant
        + plan.value_step * dear
    )


@dataclass(frozen=True, slots=True, eq=False)
class Luck:
    """(n,) or (k, n): each order's own luck, drawn once. What-ifs share it, so each has one well-defined outcome."""

    shocks: Floats  # (2, n) standard normal: on refusal, on being reached
    causes: Floats  # (4, n) uniform: fake, refusal, address, courier
    attempts: Floats  # (3, n) uniform: one for each attempt
    after_all: Floats

    def risk(self, plan: CausePlan, logits: Logits, delay_bucket: Ints) -> Floats:
        """(n,) chance of an RTO once delay and shocks are known: only dice are left."""
        refusal, attempt = self._shocked(plan, logits, delay_bucket)
        spared = (1 - sigmoid(logits.fake)) * (1 - refusal) * (1 - sigmoid(logits.address))
        spared = spared * (1 - attempt**ATTEMPTS) * (1 - logits.courier)
        return np.asarray((1 - spared) * (1 - plan.delivered_after_all))

    def _shocked(self, plan: CausePlan, logits: Logits, delay_bucket: Ints) -> tuple[Floats, Floats]:
        """(n,) chances to be refused, and that one attempt fails."""
        delay = np.asarray(plan.delay)[delay_bucket]
        refusal = sigmoid(logits.refusal + delay + plan.refusal_shock * self.shocks[0])
        return refusal, sigmoid(logits.attempt + plan.unreachable_shock * self.shocks[1])

    def fate(self, plan: CausePlan, logits: Logits, delay_bucket: Ints) -> Fate:
        """What becomes of the orders with these logits."""
        refusal, attempt = self._shocked(plan, logits, delay_bucket)
        missed = np.cumprod(self.attempts < attempt, axis=0).sum(axis=0)
        fires = (
            self.causes[0] < sigmoid(logits.fake),
            self.causes[1] < refusal,
            self.causes[2] < sigmoid(logits.address),
            missed == ATTEMPTS,
            self.causes[3] < logits.courier,
        )
        cause = np.select(fires, (FAKE, REFUSED, ADDRESS, UNREACHABLE, COURIER), DELIVERED)
        return Fate(cause, missed, (cause > 0) & (self.after_all < plan.delivered_after_all))


def draw_luck(seed: int, count: int) -> Luck:
    """The luck of `count` orders."""
    return Luck(
        shocks=stream(seed, "fate.shocks").normal(size=(2, count)),
        causes=stream(seed, "fate.causes").random((4, count)),
        attempts=stream(seed, "fate.attempts").random((ATTEMPTS, count)),
        after_all=uniform(seed, "fate.after_all", count),
    )


def draw_fate(market: Market, logits: Logits, transit: Transit) -> Fate:
    """One draw of each order's fate. The same uniforms serve any other logits: what-ifs share their luck."""
    return draw_luck(market.seed, len(logits.fake)).fate(market.preset.causes, logits, transit.delay_bucket)
