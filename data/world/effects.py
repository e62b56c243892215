"""What each action would do to each order: shares by cause, one well-defined outcome for every order, and its chance.

The actions change what becomes of an order according to what would have become of it had it just been shipped. All
actions read the same luck, so two of them differ only where they do something else (common random numbers).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from data.contract import Action
from data.world.effect_plan import Asking, Contact, EffectPlan
from data.world.outcomes import DELIVERED
from data.world.streams import Flags, Floats, Ints, stream

OUTCOMES = ("delivered", "rto", "called_off", "unpaid", "cancelled", "lost")
"""What an action can end in. called_off: the buyer says no before dispatch.  unpaid: asked to pay first, the buyer
leaves.  cancelled, lost: by the shop or the buyer unasked, by the courier; the same under every action."""
KEPT, BACK, CALLED_OFF, UNPAID, CANCELLED, LOST = range(len(OUTCOMES))


@dataclass(frozen=True, slots=True, eq=False)
class EffectLuck:
    """(n,) uniform numbers that decide how a buyer takes an action."""

    answers: Floats
    says: Floats
    pays: Floats
    paid: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Potential:
    """(n,) orders before any action. `cause`: why each would come back if just shipped (0: it would not).

    ends: KEPT or BACK if just shipped, or CANCELLED or LOST whatever is done.  after_all: an RTO that is delivered
    nevertheless.  Actions do nothing to orders that are not `cod`: those are paid already.
    """

    cod: Flags
    cause: Ints
    ends: Ints
    after_all: Flags
    luck: EffectLuck


@dataclass(frozen=True, slots=True, eq=False)
class Consequence:
    """(n,) what an action leads to. outcome: codes of `OUTCOMES`.  cause: why it comes back (0: it does not).

    answered: the buyer was reached.  paid: a cash order that is paid up front, in part or whole, because of the action.
    """

    outcome: Ints
    cause: Ints
    answered: Flags
    paid: Flags


def draw_effect_luck(seed: int, count: int) -> EffectLuck:
    """How the buyers of `count` orders take any action."""
    return EffectLuck(*(stream(seed, f"effects.{name}").random(count) for name in ("answers", "says", "pays", "paid")))


def act(plan: EffectPlan, before: Potential, action: Ints) -> Consequence:
    """What comes of doing `action` (n,) with each order."""
    count, cause = len(before.cause), before.cause
    outcome, after = before.ends.copy(), cause.copy()
    answered, paid = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    open_to = before.cod & np.isin(before.ends, (KEPT, BACK))
    for one in Action:
        here = np.flatnonzero(open_to & (action == one))
        match plan.of(one):
            case Contact() as contact:
                answered[here] = before.luck.answers[here] < contact.answers[cause[here]]
                told = here[answered[here]]
                says = before.luck.says[told]
                outcome[told[says < contact.calls_off[cause[told]]]] = CALLED_OFF
                after[told[says >= 1 - contact.repairs[cause[told]]]] = DELIVERED
            case Asking() as asking:
                paid[here] = before.luck.pays[here] < asking.pays[cause[here]]
                ready = here[paid[here]]
                after[ready[before.luck.paid[ready] < asking.delivered[cause[ready]]]] = DELIVERED
                if not asking.cash_still_allowed:
                    outcome[here[~paid[here]]] = UNPAID
    shipped = np.isin(outcome, (KEPT, BACK))
    outcome[shipped] = np.where((after > 0) & ~before.after_all, BACK, KEPT)[shipped]
    return Consequence(outcome, np.where(shipped, after, DELIVERED), answered, paid)


def table_of(plan: EffectPlan, action: Action, delivered_after_all: float) -> Floats:
    """(6, 4) by cause if just shipped: chances of delivered, rto, called off, unpaid. Rows add up to 1."""
    table = np.zeros((6, 4))
    back = np.array([0.0, 1.0, 1.0, 1.0, 1.0, 1.0])  # of the orders that are left as they are
    table[:, BACK] = back
    match plan.of(action):
        case Contact() as contact:
            table[:, CALLED_OFF] = contact.answers * contact.calls_off
            table[:, BACK] = back * (1 - contact.answers * (contact.calls_off + contact.repairs))
        case Asking() as asking:
            table[:, BACK] = back * asking.pays * (1 - asking.delivered)
            if asking.cash_still_allowed:
                table[:, BACK] += back * (1 - asking.pays)
            else:
                table[:, UNPAID] = 1 - asking.pays
    table[:, BACK] *= 1 - delivered_after_all
    table[:, KEPT] = 1 - table[:, 1:].sum(axis=1)
    return table


# --- from the truth as written ---------------------------------------------------------------------------------------

P_CAUSES = ("p_fake", "p_refusal", "p_address", "p_unreachable", "p_courier")


def truth_columns(before: Potential, chances: Floats) -> dict[str, Any]:
    """What the truth keeps of the orders before any action. chances (n, 6): of each cause as placed and just shipped."""
    return {
        "cause_if_shipped": before.cause,
        "ends_if_shipped": before.ends,
        "after_all": before.after_all,
        "luck_answers": before.luck.answers,
        "luck_says": before.luck.says,
        "luck_pays": before.luck.pays,
        "luck_paid": before.luck.paid,
    } | {name: chances[:, number] for number, name in enumerate(P_CAUSES, start=1)}


def potential_of(truth: pa.Table) -> Potential:
    """The orders before any action, from the columns of `truth_columns`."""
    luck = EffectLuck(*(truth[f"luck_{name}"].to_numpy() for name in ("answers", "says", "pays", "paid")))
    cod, cause, ends = (truth[name].to_numpy() for name in ("cod", "cause_if_shipped", "ends_if_shipped"))
    return Potential(cod, cause, ends, truth["after_all"].to_numpy(), luck)


def outcome_under(truth: pa.Table, action: Action, plan: EffectPlan) -> Consequence:
    """What would have become of every order had `action` been taken. Pure: the truth holds all luck."""
    before = potential_of(truth)
    return act(plan, before, np.full(len(before.cause), int(action)))


def chances_under(truth: pa.Table, action: Action, plan: EffectPlan, delivered_after_all: float) -> Floats:
    """(n, 4) chances of delivered, rto, called off and unpaid under `action`, for orders neither cancelled nor lost."""
    causes = np.stack([truth[name].to_numpy() for name in P_CAUSES], axis=1)
    chances = np.column_stack([1 - causes.sum(axis=1), causes])
    shipped = chances @ table_of(plan, Action.ALLOW_COD, delivered_after_all)
    acted = chances @ table_of(plan, action, delivered_after_all)
    return np.where(truth["cod"].to_numpy()[:, None], acted, shipped)
