"""The constants of the cause equations: weights on logits unless said otherwise."""

from dataclasses import dataclass

from data.world.parameter import parameter

_S33 = "science notes 3.3"
_TUNED = "science notes 3.3, tuned to the marginals of 3.8"
_OWN = "assumed: makes the interaction that a line cannot draw"


@dataclass(frozen=True, slots=True)
class CausePlan:
    """Five competing causes of a shipped order's coming back. An order's own luck is drawn in `outcomes.py`."""

    # no intent, or a fake order
    fake: float = parameter(-5.10, "fake: constant", _TUNED)
    fake_reliability: float = parameter(1.8, "fake: each unit of reliability lowers it", _TUNED)
    fake_first: float = parameter(0.6, "fake: a buyer's first order in the pool", _S33)
    fake_gibberish: float = parameter(1.8, "fake: a nonsense address", _S33)
    fake_social: float = parameter(0.4, "fake: brought by paid social posts", _S33)
    fake_night: float = parameter(0.35, "fake: placed from 23:00 to 5:00", _S33)
    fake_place: float = parameter(0.3, "fake: share of the place's effect on refusal", _S33)
    social_night_new_phone: float = parameter(1.8, "fake: social x night x a phone never seen before", _OWN)
    # refused at the door
    refusal: float = parameter(-3.40, "refusal: constant", _TUNED)
    refusal_reliability: float = parameter(1.48, "refusal: each unit of reliability lowers it", _TUNED)
    refusal_value: float = parameter(0.30, "refusal: a standard deviation of the log value", _S33)
    refusal_discount: float = parameter(1.2, "refusal: the discount's share above the usual, known buyers", _OWN)
    discount_on_first: float = parameter(11.5, "refusal: the same once more at first orders, fading as history", _OWN)
    usual_discount: float = parameter(0.28, "the discount's usual share of the list value", _S33, least=0, most=1)
    discount_on_reliability: float = parameter(
        -0.5, "refusal: the same x reliability: doubtful buyers hunt bargains", _OWN
    )
    value_on_new: float = parameter(0.6, "refusal: value x new to the shop", _OWN)
    value_on_reliability: float = parameter(-0.6, "refusal: value x reliability", _OWN)
    value_step: float = parameter(0.9, "refusal: dear orders of those new to the shop", _OWN)
    value_step_rupees: float = parameter(1_999.0, "from this list value on an order is dear, rupees", _S33, least=0)
    refusal_new_to_merchant: float = parameter(0.35, "refusal: new to the shop", _S33)
    habit: float = parameter(0.5, "refusal: what novelty adds; 1 / (1 + earlier orders / fades_after)", _OWN)
    fades_after: float = parameter(1.5, "novelty is half gone after so many earlier orders", _OWN, least=0.1)
    refusal_sale: float = parameter(0.25, "refusal: within a sale window", _S33)
    refusal_social: float = parameter(0.2, "refusal: brought by paid social posts", _S33)
    refusal_night: float = parameter(0.15, "refusal: placed from 23:00 to 5:00", _S33)
    tier: tuple[float, float, float] = parameter((-0.40, 0.0, 0.12), "refusal: metro, large city, the rest", _TUNED)
    delay: tuple[float, float, float] = parameter(
        (-0.20, 0.38, 1.18), "refusal: first attempt within 2, within 5, after 5 days", _S33
    )
    refusal_shock: float = parameter(0.30, "refusal: spread of an order's own luck", _S33, least=0, most=3)
    # the address cannot be found
    address: float = parameter(-4.8, "address: constant", _TUNED)
    address_badness: float = parameter(1.6, "address: each unit of how badly its buyer writes addresses", _S33)
    address_tier2: float = parameter(0.35, "address: outside the cities", _S33)
    address_reliability: float = parameter(0.3, "address: each unit of reliability lowers it", _S33)
    address_away: float = parameter(0.8, "address: another address than home")
    address_wrong_pin: float = parameter(1.2, "address: a wrong PIN code")
    # nobody there, attempt by attempt
    unreachable: float = parameter(-1.60, "one attempt: constant", _TUNED)
    attempt_tier2: float = parameter(0.25, "one attempt: outside the cities", _S33)
    attempt_sale: float = parameter(0.2, "one attempt: within a sale window", _S33)
    attempt_reliability: float = parameter(0.4, "one attempt: each unit of reliability lowers it", _S33)
    unreachable_shock: float = parameter(1.2, "one attempt: spread of an order's own luck", _S33, least=0, most=3)
    # the courier's fault
    courier: float = parameter(0.007, "courier's fault: probability of an average courier", _S33, least=0, most=0.2)
    courier_sale: float = parameter(0.3, "courier's fault: log of its factor within a sale window", _S33)
    # on fake and refusal alike
    intent: float = parameter(0.45, "fake and refusal: each unit of the visit's intent lowers them", _TUNED)
    shift: float = parameter(0.30, "refusal: after the abrupt shift", "assumed")
    # money down, and second thoughts
    prepaid: tuple[float, float, float, float] = parameter(
        (-4.0, -3.5, -1.8, -1.6), "paid up front: on fake, refusal, address, one attempt", _TUNED
    )
    delivered_after_all: float = parameter(0.006, "RTOs that are delivered after all, share", least=0, most=0.5)
