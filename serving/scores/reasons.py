"""Why a risk is what it is: the model's own additive parts, summed in a dozen stable groups, in words for the merchant.

A group is told by its strongest code: the one that pushes most the way the whole group does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from features.catalog import Link, Sum
from features.contribution import Measure
from features.keys import OWN_BUYER
from features.layout import Readings, largest
from serving.decisions.compiled import PER_RISK
from serving.scores.reason_groups import Grouped, grouped
from serving.scores.reason_wording import GROUP_OF, WORDING
from training.bundle import Bundle, Seen

Array: TypeAlias = np.ndarray[Any, Any]


_BUYER = {
    "rto_prone_phone": ("phone", "this phone", "phone"),
    "rto_prone_customer": ("customer", "this customer number", "customer number"),
    "rto_prone_email": ("email", "this e-mail", "e-mail"),
    "rto_prone_device": ("device", "this device", "device"),
    "rto_prone_ip": ("ip", "this network", "network address"),
    "rto_prone_address": ("address", "this address", "address"),
}
"""Reasons about one buyer: the key, its name, and what was not given where it is missing."""
_WRITTEN = {
    "email": ("e-mail", ("unusual_email", "disposable_email", "email_not_by_name")),
    "phone": ("phone", ("unusual_phone", "invalid_phone")),
    "address": ("address", ("short_shipping_address", "no_house_number", "no_landmark", "no_locality", "careless_address",
                            "gibberish_address")),
}  # fmt: skip
"""Reasons about how something is written: nothing is said of the writing of what was not given."""
OF_WRITING = {code: (key, name) for key, (name, codes) in _WRITTEN.items() for code in codes}
_AROUND = {
    "rto_prone_pincode": (
        "pincode",
        "Orders around this PIN code came back more often",
        "Orders around this PIN code arrive",
    )
}
"""Reasons about a place of which nothing is known itself: the key, and what is said of the places around it."""
_COUNTED = {"rto_prone_phone": "phone", "rto_prone_pincode": "pincode", "rto_prone_address": "address"}
_COUNTS = {code: (Sum(key, Measure.KNOWN), Sum(key, Measure.RTO)) for code, key in _COUNTED.items()}
_READS = {code: told[0] for code, told in (_BUYER | _AROUND | OF_WRITING).items()}
"""The key that each of these codes reads."""
_KEY_OF = {next(code for code, read in _READS.items() if read == key): key for key in sorted(set(_READS.values()))}
"""A code that reads each of these keys."""
_PLACE_NAMES = {"phone": "with this phone", "pincode": "to this PIN code", "address": "to this address"}


@dataclass(frozen=True, slots=True)
class Why:
    """What the reasons of a batch are told from. seen: the orders in the model's eyes.  own_only: by order, may its counts be
    told (its pool has one shop)?  here: by order, does its merchant know an outcome of the buyer itself? None: the readings say.
    """

    seen: Seen
    readings: Readings
    own_only: Sequence[bool]
    here: Sequence[bool] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reasons:
    """The strongest reasons of n orders, at most w each, strongest first.

    codes: all names.  code: (n, w) places among them.  part: (n, w) of the log-odds, of the code's whole group, 0 for no
    reason.  impact: (n, w) thousandths of the probability.  texts: says what is told of them.
    """

    codes: list[str]
    code: Array
    part: Array
    impact: Array
    texts: "Texts"

    def of(self, row: int, most: int) -> list[dict[str, Any]]:
        """As a caller is told them."""
        told = zip(self.code[row, :most].tolist(), self.part[row].tolist(), self.impact[row].tolist(), strict=False)
        return [self._one(self.codes[c], part, moved, row) for c, part, moved in told if part]

    def _one(self, code: str, part: float, moved: int, row: int) -> dict[str, Any]:
        return {
            "code": code,
            "group": GROUP_OF[code],
            "bucket": WORDING[code].bucket,
            "direction": direction(part > 0),
            "impact": moved / PER_RISK,
            "text": self.texts.of_code(code, part > 0, row),
        }

    def distinct_texts(self) -> tuple[Array, list[str]]:
        """(n, w) the place of each reason's text, and the distinct texts: each is worded once."""
        asked = (2 * self.code + (self.part > 0)) * self.texts.ways + self.texts.way(self.codes, self.code)
        _, first, place = np.unique(asked, return_index=True, return_inverse=True)
        rows, columns = np.unravel_index(first, asked.shape)
        told = zip(
            rows.tolist(), self.code[rows, columns].tolist(), (self.part[rows, columns] > 0).tolist(), strict=True
        )
        return place.reshape(asked.shape), [self.texts.of_code(self.codes[c], raises, row) for row, c, raises in told]


def direction(raises: bool) -> str:
    """In a caller's words."""
    return "raises" if raises else "lowers"


def reasons(why: Why, wanted: int) -> Reasons:
    """For each order its strongest reasons, at most `wanted`.

    impact: change of the probability if the reason were as for the average order, to 0.001. Counts are told where the
    pool has one merchant only: those of several merchants' orders are never shown to one of them. Neither is why a buyer's
    orders at the others moved the risk, to a merchant that knows no outcome of the buyer itself.
    """
    texts, how = Texts.of(why), grouped(why.seen.bundle.features)
    if not wanted:
        none = np.zeros((len(why.seen.x), 0), dtype=np.int64)
        return Reasons([], none, none, none, texts)
    parts, base = why.seen.contributions()
    by_code = how.by_code(_told_to_one(how, texts, parts))
    by_group = how.by_group(by_code)
    leads, by_group = how.leads(by_code, by_group)[:, how.told], by_group[:, how.told]
    ranked = np.argsort(-np.abs(by_group), axis=1, kind="stable")[:, :wanted]  # among equals by the group's place
    rows = np.arange(len(ranked))[:, None]
    strength, leads = by_group[rows, ranked], leads[rows, ranked]
    impact = _impact(why.seen.bundle, strength, base + parts.sum(axis=1))
    return Reasons(how.codes, leads, strength, in_thousandths(impact), texts)


def _told_to_one(how: Grouped, texts: "Texts", parts: Array) -> Array:
    """The parts, without those that a merchant of several may not be told."""
    told = np.asarray(texts.own_only, dtype=bool) | texts.here
    return parts if told.all() else np.where(how.others & ~told[:, None], 0.0, parts)


def in_thousandths(values: Array) -> Array:
    """`round(value, 3)` of each, as whole thousandths. Between two of them the decimals decide: they are asked one by one."""
    if values.size <= _FEW:
        return np.array([_thousandths(value) for value in values.ravel().tolist()], dtype=np.int64).reshape(
            values.shape
        )
    many = values * PER_RISK
    found: Array = np.rint(many).astype(np.int64)
    close = np.abs(np.abs(many - found) - 0.5) < _CLOSE
    if close.any():
        found[close] = [_thousandths(value) for value in values[close].tolist()]
    return found


def _thousandths(value: float) -> int:
    return round(round(value, 3) * PER_RISK)


_FEW = 16
_CLOSE = 1e-9  # of a thousandth: far above the error of one multiplication


def _impact(bundle: Bundle, part: Array, margin: Array) -> Array:
    """(n, wanted) change of the calibrated probability if each part were taken away."""
    whole = margin[:, None]
    log_odds = np.concatenate([whole, whole - part], axis=1)
    told = bundle.calibrator.apply(1 / (1 + np.exp(-np.clip(log_odds, -50, 50))))
    return np.asarray(told[:, :1] - told[:, 1:])


def kept_readings(told: dict[str, Any]) -> Readings:
    """The inverse of `Texts.kept`, for one order: readings that word its reasons alike."""
    known: dict[Sum | Link, Array] = {
        Sum(key, Measure.KNOWN, _ANY): np.array([n], dtype=np.float64) for key, n in told["known"].items()
    }
    pairs = {key: zip((Measure.KNOWN, Measure.RTO), pair, strict=True) for key, pair in told["counts"].items()}
    return known | {Sum(key, one): np.array([float(n)]) for key, pair in pairs.items() for one, n in pair}


_ANY = 1  # a half-life nobody has: the known of the longest memory, which is no count to be told


def _or_none(value: float) -> float | None:
    return None if value != value else float(value)


@dataclass(frozen=True, slots=True)
class Texts:
    """known: for each code about a buyer or a place, (n,) outcomes known, NaN without the key.  counts: (n,) known and RTO.
    here: (n,) `known_here`."""

    known: dict[str, Array]
    counts: dict[str, tuple[Array, Array]]
    own_only: Sequence[bool]
    here: Array

    @staticmethod
    def of(why: Why) -> "Texts":
        by_key, without = most_known(why.readings), np.full(len(why.seen.x), np.nan)
        known = {code: by_key.get(key, without) for code, key in _READS.items()}
        counts = {}
        for code, pair in _COUNTS.items() if any(why.own_only) else ():
            n, came_back = (why.readings.get(one) for one in pair)
            if n is not None and came_back is not None:
                counts[code] = (n, came_back)
        here = known_here(by_key, len(why.seen.x)) if why.here is None else np.asarray(why.here, dtype=bool)
        return Texts(known, counts, why.own_only, here)

    def kept(self, row: int) -> dict[str, Any]:
        """What the texts of one order are made from, to be kept with its decision: by key outcomes known (null without the
        key), and where counts may be told the outcomes and RTO."""
        known = {key: _or_none(self.known[code][row]) for code, key in _KEY_OF.items()}
        counts = {_COUNTED[code]: [int(n[row]), int(rto[row])] for code, (n, rto) in self.counts.items() if n[row] > 0}
        return {"known": known, "counts": counts if self.own_only[row] else {}, "here": bool(self.here[row])}

    def of_code(self, code: str, raises: bool, row: int) -> str:
        if code in self.counts and self.own_only[row] and (n := self.counts[code][0][row]) > 0:
            return _counted(code, raises, int(self.counts[code][1][row]), int(n))
        if code in _BUYER and not (known := self.known[code][row]) > 0:
            # of a buyer of whom nothing is known, neither that parcels came back nor that they arrived
            _, name, absent = _BUYER[code]
            return f"No outcome is known with {name} yet" if known == known else f"No {absent} was given"
        if code in OF_WRITING and np.isnan(self.known[code][row]):
            return f"No {OF_WRITING[code][1]} was given"
        if code in _AROUND and not self.known[code][row] > 0:
            return _around(code, raises)
        return WORDING[code].raises if raises else WORDING[code].lowers

    @property
    def ways(self) -> int:
        """`way` is below it."""
        return 3 + len(self.own_only)

    def way(self, codes: list[str], code: Array) -> Array:
        """(n, w) a number for each reason: orders with the same one, code and direction have the same text."""
        out = np.zeros(code.shape, dtype=np.int64)
        for place, name in enumerate(codes):
            if name in self.known or name in self.counts:
                rows, columns = np.nonzero(code == place)
                out[rows, columns] = self._ways_of(name)[rows]
        return out

    def _ways_of(self, code: str) -> Array:
        known = self.known.get(code, np.ones(len(self.own_only)))
        out = np.where(known > 0, 2, np.where(np.isnan(known), 0, 1))
        if code in self.counts:
            n, came_back = self.counts[code]
            told = np.flatnonzero((n > 0) & np.asarray(self.own_only, dtype=bool))
            pairs = n[told].astype(np.int64) * _MANY + came_back[told].astype(np.int64)
            out[told] = 3 + np.unique(pairs, return_inverse=True)[1]
        return out


def _around(code: str, raises: bool) -> str:
    _, worse, better = _AROUND[code]
    return worse if raises else better


def _counted(code: str, raises: bool, came_back: int, n: int) -> str:
    """Counts in words. Where all of a few went well and yet the risk is raised, or the other way round, the places around
    speak, or that little is known."""
    told = f"{came_back} of {n} orders {_PLACE_NAMES[_COUNTED[code]]} came back"
    if came_back != (0 if raises else n):
        return told
    if code in _AROUND:
        return f"{_around(code, raises)}; to it {came_back} of {n}"
    return f"Little is known yet: {told}" if n <= _LITTLE else told


_LITTLE = 10
_MANY = 2**31  # more orders than a key may have


def known_here(known: Mapping[str, Array], n: int) -> Array:
    """(n,) does the order's merchant know an outcome of its buyer itself? known: as `most_known`."""
    own = [known[key] > 0 for key in OWN_BUYER if key in known]
    return np.asarray(np.logical_or.reduce([np.zeros(n, dtype=bool), *own]))


def most_known(readings: Readings) -> dict[str, Array]:
    """For each kind of key (n,) outcomes known by it, in the longest memory kept; NaN without the key."""
    return largest(readings, _known_by)


def _known_by(one: Sum | Link) -> str | None:
    return one.key if one.measure is Measure.KNOWN else None
