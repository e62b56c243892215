"""When the advice is asked for, and what can still be done then."""

from collections.abc import Sequence
from functools import cache

from data.contract import Action

CHECKOUT, PLACED, DISPATCH = "checkout", "placed", "dispatch"
STAGES = (CHECKOUT, PLACED, DISPATCH)
"""Before the buyer chooses how to pay; after a cash order was accepted; before its parcel leaves."""

_STILL = {
    PLACED: (Action.ALLOW_COD, Action.CONFIRM_MESSAGE, Action.CONFIRM_CALL, Action.PREPAID_NUDGE),
    DISPATCH: (Action.ALLOW_COD, Action.CONFIRM_MESSAGE, Action.CONFIRM_CALL),
}


def offered(stage: str, actions: Sequence[Action]) -> tuple[Action, ...]:
    """Those of a policy's actions that a stage allows, gentle to harsh. KeyError for an unknown stage.

    A subset of actions whose slopes never fall has slopes that never fall: what `policy.check_order_of_harshness`
    grants for all of them (more risk never earns a gentler action) holds at every stage.
    """
    allowed = tuple(Action) if stage == CHECKOUT else _STILL[stage]
    return tuple(action for action in actions if action in allowed)


@cache
def default_at(stage: str, default: Action) -> Action:
    """The merchant's default where money cannot decide; where it is not offered any more: ship."""
    return default if offered(stage, (default,)) else Action.ALLOW_COD
