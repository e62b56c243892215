"""The observable oracle: the best that anybody could say of an order from what the shops were told by then.

It is given the true parameters of the world, the true identity behind every phone and device, who lives together, and
the outages; it must infer each buyer's reliability, how well an address is written, the intent of a visit, who is in a
ring, and the courier where it is not told. Outcomes count from the moment they were told. The posterior is a sum of log
likelihoods on grids, so all orders are done at once: no model of the log alone can do better but by luck.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data.world.course import cancel_logit
from data.world.oracle_arrivals import arrivals
from data.world.oracle_risk import Grid, Known, at_every_point, grid_of, what_is_known
from data.world.oracle_seen import Seen, intent_and_traces, proofs_of_rings, what_is_seen
from data.world.oracle_states import BADNESS, NEVER, RING, States, states_of
from data.world.oracle_told import NOT_TOLD, Told, what_was_told
from data.world.streams import Floats, Ints

if TYPE_CHECKING:
    from data.world.simulate import Inner

_ORDERS_AT_ONCE, _ENTITIES_AT_ONCE = 3_000, 50_000
_PROOF, _ORDER, _END = range(3)  # at one moment in this order: an end told at the moment of an order is too late for it


@dataclass(frozen=True, slots=True, eq=False)
class Oracle:
    """(n,) what is knowable of each order when it is placed, given that it is shipped.

    p: chance of an RTO as it is paid.  reliability, spread, badness: posterior means and standard deviation.
    ring: chance that its buyer is in a ring.
    """

    p: Floats
    reliability: Floats
    spread: Floats
    badness: Floats
    ring: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    inner: "Inner"
    states: States
    known: Known
    seen: Seen
    told: Told


def observable_oracle(inner: "Inner") -> Oracle:
    """The oracle's word on every order of a world."""
    states = states_of(inner.market.preset.people)
    seen = what_is_seen(inner, states)
    np.add(seen.of_buyer, arrivals(inner, states), out=seen.of_buyer)
    case = _Case(inner, states, what_is_known(inner), seen, what_was_told(inner))
    partner, proofs = _partners(inner), proofs_of_rings(inner)
    columns = np.empty((5, len(inner.orders)))
    for rows in _parts(inner):
        columns[:, rows] = _judge(case, rows, partner, proofs)
    return Oracle(*columns)


def entity_oracle(inner: "Inner") -> Floats:
    """(n,) the same risk for one who knows every buyer's reliability and address, but no visit's intent nor luck."""
    states = states_of(inner.market.preset.people)
    known, told, traces = what_is_known(inner), what_was_told(inner), what_is_seen(inner, states).traces
    people, person = inner.market.people, inner.orders.visits.person
    steady, badness = people.reliability[person], people.address_badness[person]
    risk = np.empty(len(person))
    for rows in np.array_split(np.arange(len(person)), len(person) // _ENTITIES_AT_ONCE + 1):
        joint = intent_and_traces(inner, traces[rows], steady[rows])
        intent = (joint / joint.sum(axis=1, keepdims=True))[:, None, :]
        grid = Grid(steady[rows, None], badness[rows, None], intent)
        risk[rows] = at_every_point(inner, known, told, grid, rows).risk[:, 0, 0]
    return risk


def _partners(inner: "Inner") -> Ints:
    """(c,) the other buyer at one's address where there is just one, else -1."""
    household = inner.market.people.household
    ranked = np.argsort(household, kind="stable")
    starts = np.flatnonzero(np.diff(household[ranked], prepend=-1))
    pairs = starts[np.diff(starts, append=len(ranked)) == 2]
    partner = np.full(len(household), -1)
    partner[ranked[pairs]], partner[ranked[pairs + 1]] = ranked[pairs + 1], ranked[pairs]
    return partner


def _parts(inner: "Inner") -> list[Ints]:
    """Orders in parts of a few thousand, by buyer and then by time; all who may live together are in one part."""
    person = inner.orders.visits.person
    block = person // (2 * inner.market.preset.people.ring_size)
    ranked = np.lexsort((np.arange(len(person)), person))
    starts = np.flatnonzero(np.diff(block[ranked], prepend=-1))
    part = starts // _ORDERS_AT_ONCE
    return np.split(ranked, starts[np.flatnonzero(np.diff(part)) + 1])


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """What was learnt in one part, buyer by buyer in order of time. total: (e, s, b) logs summed up, without priors."""

    key: Ints  # buyer and moment as one number
    buyer: Ints
    order: Ints  # the position in the part of the order that this is, -1 for all else
    total: Floats


def _judge(case: _Case, rows: Ints, partner: Ints, proofs: tuple[Ints, Ints]) -> Floats:
    """(5, r) the columns of `Oracle` for the orders of one part, sorted by buyer and time."""
    grid = grid_of(case.inner, case.known, case.seen, case.states, rows)
    points = at_every_point(case.inner, case.known, case.told, grid, rows)
    line = _learn(case, rows, points.told, proofs)
    at = np.empty(len(rows), dtype=np.int64)
    own = np.flatnonzero(line.order >= 0)
    at[line.order[own]] = own
    log = line.total[at] + _priors(case, line, at, partner)
    log -= np.logaddexp(0.0, cancel_logit(case.inner.market.preset.news, case.states.reliability))[:, None]  # shipped
    weight = np.exp(log - log.max(axis=(1, 2), keepdims=True))
    weight /= weight.sum(axis=(1, 2), keepdims=True)
    of_state, steady = weight.sum(axis=2), case.states.reliability
    mean = of_state @ steady
    spread = np.sqrt(np.maximum(of_state @ steady**2 - mean**2, 0.0))
    return np.stack(
        [(weight * points.risk).sum(axis=(1, 2)), mean, spread, weight.sum(axis=1) @ BADNESS, of_state[:, RING]]
    )


def _learn(case: _Case, rows: Ints, ends: Floats, proofs: tuple[Ints, Ints]) -> _Line:
    """Line up the orders of a part, their ends as told, and proofs of rings; add up what they say. ends: (r, s, b)."""
    visits, told = case.inner.orders.visits, case.told.at[rows]
    of_order = case.seen.of_buyer[rows][:, :, None] + case.seen.of_address[rows][:, None, :]
    ended = np.flatnonzero(told < NOT_TOLD)
    proven = np.flatnonzero(np.isin(proofs[0], visits.person[rows]))
    parts = [
        (_PROOF, proofs[0][proven], proofs[1][proven], np.full(len(proven), -1)),
        (_ORDER, visits.person[rows], visits.placed_at[rows], np.arange(len(rows))),
        (_END, visits.person[rows[ended]], told[ended], np.full(len(ended), -1)),
    ]
    buyer, moment, order = (np.concatenate([part[column] for part in parts]) for column in (1, 2, 3))
    kind = np.repeat([part[0] for part in parts], [len(part[1]) for part in parts])
    ranked = np.lexsort((kind, moment, buyer))
    proof = np.full((len(proven), *ends.shape[1:]), NEVER)
    proof[:, RING] = 0.0
    total = np.concatenate([proof, of_order, ends[ended]])[ranked].cumsum(axis=0)
    starts = np.flatnonzero(np.diff(buyer[ranked], prepend=-1))
    before = np.concatenate([np.zeros((1, *ends.shape[1:])), total])[starts]
    total -= np.repeat(before, np.diff(starts, append=len(ranked)), axis=0)
    return _Line(_key(case, buyer[ranked], moment[ranked]), buyer[ranked], order[ranked], total)


def _key(case: _Case, buyer: Ints, moment: Ints) -> Ints:
    """Buyer and moment as one number, in order of buyers, then of time."""
    first = int(case.inner.market.begin)
    return np.asarray(buyer * (case.inner.market.until - first + 2) + (moment - first))


def _priors(case: _Case, line: _Line, at: Ints, partner: Ints) -> Floats:
    """(r, s, b) log priors of the orders at `at`; of those who live with one other, with what that one has shown."""
    other = partner[line.buyer[at]]
    log = np.broadcast_to(case.states.alone, (len(at), *case.states.alone.shape)).copy()
    rows = np.flatnonzero(other >= 0)
    moment = line.key[at[rows]] - _key(case, line.buyer[at[rows]], np.array(case.inner.market.begin))
    last = np.searchsorted(line.key, _key(case, other[rows], moment + case.inner.market.begin), side="left") - 1
    shown = line.total[np.maximum(last, 0)]
    shown[(last < 0) | (line.buyer[last] != other[rows])] = 0.0
    top = shown.max(axis=1, keepdims=True)
    said = np.einsum("st,rtb->rsb", np.exp(case.states.pair), np.exp(shown - top))
    log[rows] = np.log(np.maximum(said, 1e-300)) + top + case.states.of_badness
    return log
