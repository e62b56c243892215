"""Every feature, once: name, unit, where it comes from, monotone sign, reason code, and why it is there.

The variable's name is the column's name everywhere: training table, bundle, decision ledger, reasons.
"""

import hashlib
import json
from dataclasses import asdict
from functools import lru_cache

from data.contract import TEXT_MEASURES_VERSION
from features import history_features, order_features
from features.contribution import Measure
from features.keys import KINDS, OTHERS_BUYER, OWN_BUYER
from features.rates import cart_readings, most_readings
from features.sources import Feature, FromOrder, Level, Link, Most, PerCart, Rate, Source, Sum

__all__ = [
    "CATALOG",
    "FEATURES",
    "LEVELLED",
    "OWN_RECORD",
    "RATED",
    "Feature",
    "FromOrder",
    "Level",
    "Link",
    "Most",
    "PerCart",
    "Rate",
    "Source",
    "Sum",
    "counting_others",
    "feature_named",
    "fingerprint",
    "kept_sums",
    "level_feature",
    "needed_sums",
]

CATALOG: tuple[Feature, ...] = (
    *history_features.BUYER,
    *history_features.PLACE,
    *history_features.SHOP,
    *order_features.ORDER,
)

LEVELLED: dict[str, tuple[str, str]] = {
    "state": ("rto_prone_state", "states differ in ways that no count shows yet"),
    "category": ("rto_prone_product", "goods differ"),
    "courier": ("rto_prone_courier", "service levels differ"),
    "channel": ("rto_prone_channel", "where the order was placed"),
    "campaign_source": ("rto_prone_campaign", "what kind of advertising brought the buyer"),
}
"""Columns whose common values become features: reason code and why."""
RATED = ("state", "category", "courier")
"""Those of them that have a rate too."""

FEATURES: dict[str, Feature] = {feature.name: feature for feature in CATALOG}


def level_feature(column: str, value: str) -> Feature:
    """The feature `column=value`. Raises KeyError for a column that has no levels."""
    reason, why = LEVELLED[column]
    return Feature(f"{column}={value}", Level(column, value), "0 or 1", reason, why)


def feature_named(name: str) -> Feature:
    """A feature of the catalog, or a level as `state=BIHAR`. Raises KeyError if there is none."""
    column, equals, value = name.partition("=")
    return level_feature(column, value) if equals else FEATURES[name]


def fingerprint(catalog: tuple[Feature, ...] = CATALOG) -> str:
    """Changes when any number a feature gives may change: names, sources, order, text measures; not the prose."""
    features = [(f.name, type(f.source).__name__, asdict(f.source), f.scale) for f in catalog]
    meaning = {"text_measures": TEXT_MEASURES_VERSION, "features": features}
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:12]


def needed_sums(catalog: tuple[Feature, ...] = CATALOG) -> tuple[Sum | Link, ...]:
    """Every sum and link that some feature reads, each once, in a stable order."""
    return tuple(dict.fromkeys(one for feature in catalog for one in _read_by(feature.source)))


OWN_RECORD: tuple[Sum, ...] = tuple(
    Sum(key, measure) for key in OWN_BUYER for measure in (Measure.KNOWN, Measure.DELIVERED, Measure.RTO)
)
"""A buyer's record with one merchant alone: what that merchant is told of a buyer, whatever the model looks at."""


def kept_sums() -> tuple[Sum | Link, ...]:
    """What the online state keeps: all that some feature reads, and what merchants are told beside the risk."""
    return tuple(dict.fromkeys((*needed_sums(), *OWN_RECORD)))


@lru_cache(maxsize=8)
def counting_others(names: tuple[str, ...]) -> tuple[bool, ...]:
    """Of features by name: is each made from what became of a buyer's orders at any merchant of the pool?"""
    return tuple(any(one.key in OTHERS_BUYER for one in _read_by(feature_named(name).source)) for name in names)


def _read_by(source: Source) -> list[Sum | Link]:
    match source:
        case Sum() | Link():
            return [source]
        case PerCart(one):
            return [one, *cart_readings(one.key)]
        case Most():
            return [one for counted in source.sums for one in (counted, *most_readings(counted.key))]
        case Rate(chain, of, among, half_life):
            sums = [Sum(key, measure, half_life) for key in chain for measure in (among, of)]
            return [*sums, *(one for key in chain if KINDS[key].buyer for one in cart_readings(key))]
        case FromOrder() | Level():
            return []
