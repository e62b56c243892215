"""Shrunken rates: a key with little evidence borrows from the next wider one.

    m(widest) = (of + s * prior) / (among + s)          m(key) = (of + s_key * m(wider)) / (among + s_key)

This is the posterior mean of a beta-binomial model with mean m(wider) and strength s_key, in pseudo-orders. The
strengths are fitted in training by predictive likelihood, which for undecayed counts is the marginal likelihood
(each outcome is predicted from those known before it), and travel in the bundle. Where the narrowest key is missing
so is the rate; another missing key of the chain is skipped.

Orders of one cart share their fate. So under the keys of a buyer `of` and `among` are scaled to carts: each outcome
counts as carts / outcomes, as if every cart had one (docs/adr/0009).
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from features.contribution import Measure
from features.keys import KINDS
from features.layout import Readings
from features.links import MOST
from features.sources import Distinct, Link, Most, Rate, Sum

Array: TypeAlias = np.ndarray[Any, Any]

STRENGTHS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
DEFAULT_STRENGTH = 32.0


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """Prior share and a strength for each (name of a rate, key). Values in pseudo-orders."""

    prior: dict[str, float]
    strength: dict[str, dict[str, float]]

    @staticmethod
    def flat(prior: float) -> "Shrinkage":
        """The same prior everywhere and the default strength: what is used before anything is fitted."""
        return Shrinkage({"": prior}, {})

    def of(self, name: str, key: str) -> float:
        return self.strength.get(name, {}).get(key, DEFAULT_STRENGTH)

    def prior_of(self, name: str) -> float:
        return self.prior.get(name, self.prior[""])


def posterior_mean(name: str, rate: Rate, readings: Readings, shrinkage: Shrinkage) -> Array:
    """(n,) shrunken share for each order; NaN where the first key is missing."""
    mean: Array | None = None
    for key in reversed(rate.chain):
        of, among = evidence(rate, key, readings)
        wider = np.full(len(among), shrinkage.prior_of(name)) if mean is None else mean
        mean = step(of, among, wider, shrinkage.of(name, key))
    assert mean is not None, "a chain has at least one key"
    first = readings[Sum(rate.chain[0], rate.among, rate.half_life)]
    return np.where(np.isnan(first), np.nan, mean)


def step(of: Array, among: Array, wider: Array, strength: float | Array) -> Array:
    """One level of the chain; keeps `wider` where the key is missing. Decay may leave `of` a hair below 0."""
    share = (np.maximum(of, 0.0) + strength * wider) / (np.maximum(among, 0.0) + strength)
    return np.where(np.isnan(among), wider, np.minimum(share, 1.0))


def evidence(rate: Rate, key: str, readings: Readings) -> tuple[Array, Array]:
    """(n,) `of` and `among` at one key of the chain, the orders of one cart counted once."""
    of, among = readings[Sum(key, rate.of, rate.half_life)], readings[Sum(key, rate.among, rate.half_life)]
    if not KINDS[key].buyer:
        return of, among
    share = cart_share(key, readings)
    return of * share, among * share


def cart_share(key: str, readings: Readings) -> Array:
    """(n,) carts / outcomes known of a buyer's key, 1 at most; 1 from MOST carts on, where carts are no longer told."""
    return share_of_carts(*(readings[one] for one in cart_readings(key)))


def share_of_carts(carts: Array, known: Array) -> Array:
    """`cart_share` of what it reads, of any shape."""
    told = (known > 0) & (carts < MOST)
    return np.minimum(np.divide(carts, known, out=np.ones(known.shape), where=told), 1.0)


def per_cart(one: Sum, readings: Readings) -> Array:
    """(n,) a sum of outcomes in which the orders of one cart count once."""
    return np.asarray(readings[one] * cart_share(one.key, readings))


def most_of(source: Most, readings: Readings) -> Array:
    """(n,) the largest count over the handles that are not shared by many phones; NaN where no such handle is told."""
    found = []
    for one in source.sums:
        count = per_cart(one, readings)
        if one.key != "phone":
            count = np.where(readings[Link(one.key, Distinct.PHONE)] >= source.hub_from, np.nan, count)
        found.append(count)
    return np.asarray(np.fmax.reduce(found))


def most_readings(key: str) -> tuple[Sum | Link, ...]:
    """What `most_of` reads of a handle beside its count."""
    shared = () if key == "phone" else (Link(key, Distinct.PHONE),)
    return (*cart_readings(key), *shared)


def cart_readings(key: str) -> tuple[Link, Sum]:
    """What `cart_share` reads."""
    return Link(key, Distinct.CART), Sum(key, Measure.KNOWN)
