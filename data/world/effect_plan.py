"""How each action works, by what would have become of the order: delivered, or each of the five causes.

No randomised study is public. The figures of calls, nudges and of refusing cash are the science notes' reading of what
vendors claim; those of messages and of part payments are assumed outright.
"""

from dataclasses import dataclass

import numpy as np

from data.contract import Action
from data.world.parameter import parameter
from data.world.streams import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Contact:
    """(6,) shares: buyers who answer; of these, those who call the order off, and those whose delivery is repaired."""

    answers: Floats
    calls_off: Floats
    repairs: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """(6,) shares: buyers who pay up front; of these, those who take the parcel. Else cash, or no sale."""

    pays: Floats
    delivered: Floats
    cash_still_allowed: bool


_S35 = "science notes 3.5, from vendors' claims"
_ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class EffectPlan:
    """Shares by what would have become of the order: delivered, fake, refusal, address, unreachable, courier."""

    message_answers: tuple[float, ...] = parameter(
        (0.6, 0.2, 0.5, 0.45, 0.3, 0.6), "answer a message", _ASSUMED, least=0, most=1
    )
    message_calls_off: tuple[float, ...] = parameter(
        (0.01, 0.6, 0.25, 0.0, 0.03, 0.01), "call off, of those who answer a message", _ASSUMED, least=0, most=1
    )
    message_repairs: tuple[float, ...] = parameter(
        (0.0, 0.0, 0.05, 0.45, 0.25, 0.0), "repaired, of those who answer a message", _ASSUMED, least=0, most=1
    )
    call_answers: tuple[float, ...] = parameter(
        (0.75, 0.35, 0.7, 0.7, 0.5, 0.7), "answer a call", _S35, least=0, most=1
    )
    call_calls_off: tuple[float, ...] = parameter(
        (0.02, 0.8, 0.35, 0.0, 0.05, 0.02), "call off, of those who answer a call", _S35, least=0, most=1
    )
    call_repairs: tuple[float, ...] = parameter(
        (0.0, 0.0, 0.1, 0.6, 0.35, 0.0), "repaired, of those who answer a call", _S35, least=0, most=1
    )
    nudge_pays: tuple[float, ...] = parameter(
        (0.2, 0.01, 0.08, 0.15, 0.15, 0.18), "pay online for Rs 40 off, else cash", _S35, least=0, most=1
    )
    partial_pays: tuple[float, ...] = parameter(
        (0.55, 0.02, 0.22, 0.45, 0.45, 0.55), "pay a small part online, else leave", _ASSUMED, least=0, most=1
    )
    partial_delivered: tuple[float, ...] = parameter(
        (1.0, 0.25, 0.7, 0.45, 0.55, 0.0), "take the parcel after paying a part", _ASSUMED, least=0, most=1
    )
    only_pays: tuple[float, ...] = parameter(
        (0.28, 0.01, 0.1, 0.25, 0.25, 0.28), "pay online as cash is refused, else leave", _S35, least=0, most=1
    )
    paid_delivered: tuple[float, ...] = parameter(
        (1.0, 0.3, 0.85, 0.7, 0.8, 0.0), "take the parcel after paying in full", _S35, least=0, most=1
    )

    def of(self, action: Action) -> Contact | Asking | None:
        """What `action` does; None for shipping as it is."""
        match action:
            case Action.CONFIRM_MESSAGE:
                return Contact(*map(np.array, (self.message_answers, self.message_calls_off, self.message_repairs)))
            case Action.CONFIRM_CALL:
                return Contact(*map(np.array, (self.call_answers, self.call_calls_off, self.call_repairs)))
            case Action.PREPAID_NUDGE:
                return Asking(np.array(self.nudge_pays), np.array(self.paid_delivered), cash_still_allowed=True)
            case Action.PARTIAL_PREPAID:
                return Asking(np.array(self.partial_pays), np.array(self.partial_delivered), cash_still_allowed=False)
            case Action.PREPAID_ONLY:
                return Asking(np.array(self.only_pays), np.array(self.paid_delivered), cash_still_allowed=False)
            case _:
                return None
