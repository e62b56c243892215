"""The constants of the cause equations. Sources: the project's science notes; the rest is assumed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CausePlan:
    """Constants and weights of the cause logits (science notes 3.3), without session data but with interactions."""

    fake: float = -5.05
    fake_reliability: float = 1.8
    refusal: float = -2.90
    refusal_reliability: float = 1.70
    refusal_shock: float = 0.30
    delay: tuple[float, float, float] = (-0.25, 0.12, 0.75)  # first attempt within 2, within 5, after 5 days
    tier: tuple[float, float, float] = (-0.22, 0.0, 0.15)  # on refusal
    address: float = -4.8
    unreachable: float = -1.60
    unreachable_shock: float = 1.2
    courier: float = 0.007
    intent: float = 0.7
    discount_on_first: float = 1.2
    social_night_new_phone: float = 0.8
    value_step: float = 0.40
    value_step_rupees: float = 1_999.0
    habit: float = -0.10  # per earlier order in this log, at most 5
    prepaid: tuple[float, float, float, float] = (-4.0, -3.0, -1.6, -1.5)  # on fake, refusal, address, unreachable
    delivered_after_all: float = 0.006
