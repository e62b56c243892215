"""How the shops decided before anybody measured risk."""

from dataclasses import dataclass

from data.world.parameter import parameter


@dataclass(frozen=True, slots=True)
class LoggingPlan:
    """How the shops decided before anybody measured risk. Orders paid up front are always shipped."""

    policy: str = parameter("none", "what decides: none, pincode_rule, value_rule or old_model")
    holdout: float = parameter(0.05, "of the orders to act upon, shipped as they are at random", least=0, most=1)
    explore: float = parameter(
        0.0, "of cash orders, handled by one of the four gentle actions at random", least=0, most=1
    )
    worst_pincodes: float = parameter(
        0.12, "pincode_rule: share of volume whose PIN codes get no cash", least=0, most=1
    )
    pincode_noise: float = parameter(
        0.30, "pincode_rule: what the shops' list gets wrong about a place, logit", least=0
    )
    value_limit_rupees: float = parameter(
        1_999.0, "value_rule: from this list value on there is no cash, rupees", least=0
    )
    old_model: tuple[float, float, float] = parameter(
        (0.03, 0.05, 0.08), "old_model: riskiest shares: no cash, then a call, then a nudge", least=0, most=1
    )
    old_weights: tuple[float, ...] = parameter(
        (2.0, 0.6, 0.4, 0.3, 2.0, 0.2, 0.2, 0.4),
        "old_model: points for nonsense, a new phone, paid posts, night, discount share, value, large city, elsewhere",
    )
