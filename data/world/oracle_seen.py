"""What an order shows when it is placed, as evidence on its buyer's traits: log likelihoods on the oracle's grids."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data.world.checkout import cod_logit
from data.world.contacts import junk_mailbox
from data.world.homes import PARTS, trait_logit
from data.world.oracle_states import BADNESS, INTENT, INTENT_SHARE, States
from data.world.streams import Flags, Floats, Ints, sigmoid
from data.world.visits import UNRELIABLE, trace_logit

if TYPE_CHECKING:
    from data.world.simulate import Inner

TRACES = ("app", "guest", "no_email", "curt")


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """(n,) evidence at the moment of each order. s states, b points of badness, 16 combinations of the four traces.

    of_buyer: (n, s), of_address: (n, b), logs.  traces: (n,) the combination.  intent: (16, s, i) the visit's intent
    given it, shares that add up to 1.
    """

    of_buyer: Floats
    of_address: Floats
    traces: Ints
    intent: Floats


def what_is_seen(inner: "Inner", states: States) -> Seen:
    """Payment, traces of the session, nonsense, a changed phone, the mailbox, how the address is written."""
    traces, (log_of_traces, intent) = _combination(inner), _traces(inner, states)
    of_buyer = log_of_traces[traces] + _payment(inner, states) + _phone(inner, states) + _mailbox(inner, states)
    return Seen(of_buyer, _address(inner), traces, intent)


def log_chance(logit: Floats, happened: Flags) -> Floats:
    """Log likelihood of yes or no, given the logit of yes."""
    return np.asarray(-np.logaddexp(0.0, np.where(happened, -logit, logit)))


def first_of(group: Ints, among: Flags) -> Flags:
    """(n,) the first row of each group among the rows marked. Rows stand in order of time."""
    rows = np.flatnonzero(among)
    _, where = np.unique(group[rows], return_index=True)
    first = np.zeros(len(group), dtype=bool)
    first[rows[where]] = True
    return first


def _combination(inner: "Inner") -> Ints:
    flags = [getattr(inner.orders.visits, name) for name in TRACES]
    return np.asarray(sum(flag.astype(np.int64) << bit for bit, flag in enumerate(flags)))


def _traces(inner: "Inner", states: States) -> tuple[Floats, Floats]:
    """(16, s) log likelihood of each combination; (16, s, i) intent given it."""
    joint = intent_and_traces(inner, np.arange(16)[:, None], states.reliability)
    total = joint.sum(axis=2)
    return np.log(total), joint / total[:, :, None]


def intent_and_traces(inner: "Inner", traces: Ints, steady: Floats) -> Floats:
    """(..., i) chance of these traces and each point of intent, given reliability. The shapes broadcast."""
    joint = np.ones((*np.broadcast_shapes(traces.shape, steady.shape), len(INTENT))) * INTENT_SHARE
    for bit, name in enumerate(TRACES):
        logit = trace_logit(inner.market, name, steady[..., None], INTENT)
        joint *= sigmoid(np.where((traces >> bit & 1)[..., None] == 1, logit, -logit))
    return np.asarray(joint)


def _payment(inner: "Inner", states: States) -> Floats:
    """Paid in cash or not, and a nonsense address, which only cash orders can have."""
    orders, preset = inner.orders, inner.market.preset
    steady = inner.market.people.reliability[orders.visits.person]
    weight = preset.payment.reliability
    without = cod_logit(inner.market, orders.visits, orders.baskets, orders.value) - weight * steady
    paid = log_chance(without[:, None] + weight * states.reliability, orders.cod[:, None])
    constant, slope = preset.addresses.gibberish
    nonsense = log_chance(constant + slope * states.reliability, np.array([[False], [True]]))
    return np.asarray(paid + np.where(orders.cod[:, None], nonsense[orders.gibberish.astype(np.int64)], 0.0))


def _phone(inner: "Inner", states: States) -> Floats:
    """Another phone than at the buyer's order before. The first order tells nothing."""
    visits, plan = inner.orders.visits, inner.market.preset.people
    ranked = np.argsort(visits.person, kind="stable")
    changed = np.zeros(len(ranked), dtype=bool)
    changed[ranked[1:]] = np.diff(visits.phone[ranked]) != 0
    chance = np.where(states.reliability < UNRELIABLE, plan.phone_change_unreliable, plan.phone_change)
    log = np.log(np.stack([1 - chance, chance]))
    return np.asarray(np.where(visits.n_prior[:, None] > 0, log[changed.astype(np.int64)], 0.0))


def _mailbox(inner: "Inner", states: States) -> Floats:
    """A mailbox of random letters or a plain one, at the first order that gives it."""
    visits = inner.orders.visits
    constant, slope = inner.market.preset.session.junk_mailbox
    log = log_chance(constant + slope * states.reliability, np.array([[False], [True]]))
    first = first_of(visits.person, ~visits.no_email)
    junk = junk_mailbox(inner.market)[visits.person].astype(np.int64)
    return np.asarray(np.where(first[:, None], log[junk], 0.0))


def _address(inner: "Inner") -> Floats:
    """How the address is written, at its first order; a PIN code that is another place's, at every order."""
    orders, plan, people = inner.orders, inner.market.preset.addresses, inner.market.people
    homes, rows = orders.homes, np.flatnonzero(first_of(orders.homes.of, np.ones(len(orders), dtype=bool)))
    of, person = homes.of[rows], orders.visits.person
    tier2 = inner.market.geography.tier[people.home[person]] == 2
    badness = BADNESS + plan.tier2_badness * tier2[:, None]
    constant, slope = plan.wrong_pin
    log = log_chance(constant + slope * badness, (orders.written != orders.visits.place)[:, None])
    for name in PARTS:
        part = log_chance(trait_logit(plan, name, badness[rows]), getattr(homes, name)[of][:, None])
        log[rows] += np.where(homes.rural[of][:, None] & (name == "no_house"), 0.0, part)
    return np.asarray(log)


def proofs_of_rings(inner: "Inner") -> tuple[Ints, Ints]:
    """Buyer and moment of each proof of a ring: two buyers on one device, or three at one address.

    Nobody else shares devices, and households are pairs.
    """
    visits, people = inner.orders.visits, inner.market.people
    home = np.where(visits.away, -1, people.household[visits.person])
    found = [_shared(name, visits.person, visits.placed_at, k) for name, k in ((visits.device, 2), (home, 3))]
    return np.concatenate([person for person, _ in found]), np.concatenate([at for _, at in found])


def _shared(name: Ints, person: Ints, at: Ints, k: int) -> tuple[Ints, Ints]:
    """Buyers of the names (-1: none) that at least `k` buyers use, and when both they and `k` buyers had used it."""
    pair = np.unique(np.stack([name, person]), axis=1, return_inverse=True)[1].ravel()
    rows = np.flatnonzero(first_of(pair, name >= 0))
    ranked = rows[np.argsort(name[rows], kind="stable")]
    starts = np.flatnonzero(np.diff(name[ranked], prepend=-2))
    size = np.diff(starts, append=len(ranked))
    proven = np.where(size >= k, at[ranked[np.minimum(starts + k - 1, len(ranked) - 1)]], -1)
    since = np.repeat(proven, size)
    rings = since >= 0
    return person[ranked[rings]], np.maximum(since, at[ranked])[rings]
