"""What the shops were told of each order, as evidence: when, and how likely it is under each cause."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data.contract import Action, NewsType, Reason
from data.world.course import PATIENCE, cancelled_unasked
from data.world.effect_plan import Asking, Contact, EffectPlan
from data.world.handling import Handling
from data.world.news import FAILED, SLOT
from data.world.outcomes import ATTEMPTS
from data.world.recorded import RECORDED
from data.world.streams import Flags, Floats, Ints

if TYPE_CHECKING:
    from data.world.simulate import Inner

NOT_TOLD = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """(n,) the ends of orders as told, true cause excepted: the oracle reads the reasons couriers booked.

    at: the moment the end was first told, NOT_TOLD without one.  weight: (n, 6) how likely what was told is, given what
    would have become of the order had it just been shipped (delivered, then the causes).  missed: failed attempts.
    cancelled: unasked, so that the weights say nothing.
    """

    at: Ints
    weight: Floats
    missed: Ints
    cancelled: Flags


def what_was_told(inner: "Inner") -> Told:
    """Ends told before the world's end. Mistaken scans are left out: they are corrected within two days."""
    count, course = len(inner.orders), inner.course
    at = np.full(count, NOT_TOLD)
    for kind in (NewsType.DELIVERED, NewsType.RTO_STARTED, NewsType.CANCELLED):
        here = inner.news.slot == SLOT[kind]
        np.minimum.at(at, inner.news.order[here], inner.news.known_at[here])
    weight = np.zeros((count, 6))
    weight[:, 0] = ~course.started
    back = np.flatnonzero(course.started)
    weight[back, 1:] = _of_causes(inner, back)
    acted = np.flatnonzero(inner.handling.action != Action.ALLOW_COD)
    weight[acted] = _through_actions(inner.market.preset.effects, inner.handling, weight, acted)
    return Told(at, weight, course.failed_attempts, cancelled_unasked(inner.market, inner.orders))


def _of_causes(inner: "Inner", rows: Ints) -> Floats:
    """(r, 5) chance of so many failed attempts with these booked reasons, under each cause."""
    failed = inner.course.failed_attempts[rows]
    pen = np.array([[RECORDED[cause].get(reason, 0.0) for reason in Reason] for cause in range(1, 6)])
    chance = np.stack([_patience(PATIENCE[cause])[failed] for cause in range(1, 6)], axis=1)
    for number in range(ATTEMPTS):
        booked = np.full(len(inner.orders), -1)
        here = inner.news.slot == FAILED + number
        booked[inner.news.order[here]] = inner.news.reason[here]
        known = booked[rows] >= 0
        chance[known] *= pen[:, booked[rows][known]].T
    return np.asarray(chance)


def _patience(least: int) -> Floats:
    """(4,) chance of 0 to 3 failed attempts before the courier gives up."""
    chance = np.zeros(ATTEMPTS + 1)
    chance[least:ATTEMPTS] = 0.5 ** np.arange(1, ATTEMPTS - least + 1)
    chance[ATTEMPTS] = 1 - chance.sum()
    return chance


def _through_actions(plan: EffectPlan, handling: Handling, weight: Floats, rows: Ints) -> Floats:
    """The weights of orders that were acted upon, by what would have become of them without the action."""
    found = weight[rows].copy()
    cancelled = handling.cancelled[rows, None]
    for action in Action:
        here = handling.action[rows] == action
        match plan.of(action):
            case Contact() as way:
                replied = handling.replied[rows, None]
                left = 1 - way.calls_off - way.repairs
                shipped = left * found + way.repairs * found[:, :1]
                seen = np.where(cancelled, way.calls_off, shipped) * way.answers
                silent = (1 - way.answers) * found
                found[here] = np.where(replied, seen, silent)[here]
            case Asking() as way:
                paid = (way.delivered * found[:, :1] + (1 - way.delivered) * found) * way.pays
                unpaid = (1 - way.pays) * (found if way.cash_still_allowed else 1.0)
                found[here] = np.where(handling.switched[rows, None], paid, unpaid)[here]
    return found
