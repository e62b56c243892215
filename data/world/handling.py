"""What the shops did about each order before dispatch, and what the buyer made of it."""

from dataclasses import dataclass

import numpy as np

from data.contract import Action
from data.world.streams import Flags, Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Handling:
    """(n,) the action taken on each order (`contract.Action`), with what chance it was chosen, and what followed.

    `asked`: the buyer was asked to confirm; `replied`: and answered. `cancelled`: taken back before dispatch because of
    the action. `switched`: paid up front after all. `repaired`: the address was corrected before dispatch.
    """

    action: Ints
    propensity: Floats
    asked: Flags
    replied: Flags
    cancelled: Flags
    switched: Flags
    repaired: Flags


def hands_off(count: int) -> Handling:
    """Every order shipped as it was placed."""
    no = np.zeros(count, dtype=bool)
    return Handling(np.full(count, int(Action.ALLOW_COD)), np.ones(count), no, no, no, no, no)
