"""What a model card tells of the test beyond one number: every metric with its interval, calibration by slice, fairness.

Slices and fairness are told for cash orders, where there are any: it is cash that is refused, and how an order is paid
moves its risk more than anything else, so that a slice of both would mostly show its payment mix.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from training.calibration_error import Fold, calibration_error
from training.clusters import Clusters, clusters_of
from training.evaluation import Z95, wilson
from training.holding import Truth, truth
from training.influence import METRICS
from training.report import MODEL
from training.run import Outcome
from training.slices import Slicing, slicings

Array: TypeAlias = np.ndarray[Any, Any]
Values: TypeAlias = dict[str, Any]

REFUSED_SHARE = 0.08
"""The stated refusal: so many of the riskiest orders. A policy of one's own may refuse fewer, or others."""
TIMES = 1.5
"""A slice's good buyers refused so many times as often as all good buyers, beyond chance, is an alarm."""
OFF = 0.10
"""So much of what was said, beyond chance, is an alarm of calibration (as the monitor's MON202)."""
FAIR_BY = ("tier", "state")
FEWEST, MOST = 50, 15
"""Slices with fewer orders, or beyond so many, are counted together and not judged: chance would speak."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Test orders. p, y: (n,) scores and outcomes.  slicings: by key, their codes (n,) of these orders."""

    name: str
    p: Array
    y: Array
    clusters: Clusters
    slicings: dict[str, Slicing]

    def __len__(self) -> int:
        return len(self.p)


def grounds(outcome: Outcome) -> tuple[Ground, Ground]:
    """(all test orders, those of them whose slices are told: cash orders where there are any)."""
    rows, test = outcome.rows, outcome.rows.blocks.test
    parts = slicings(rows.orders, rows.readings)
    parts["state"] = replace(parts["state"], names=_as_written(parts["state"].names))
    clusters, p = clusters_of(rows.orders), np.full(len(rows.y), np.nan)
    p[test] = outcome.predictions[MODEL]

    def of(name: str, mask: Array) -> Ground:
        own = {k: Slicing(s.key, s.title, s.names, s.code[mask], s.note) for k, s in parts.items()}
        return Ground(name, p[mask], rows.y[mask], clusters[mask], own)

    every, cash = of("all orders", test), of("COD only", test & rows.is_cod)
    return every, cash if len(cash) else every


def _as_written(names: Sequence[str]) -> tuple[str, ...]:
    """States in capitals, as the register has them, as a page shows them; as they are where two would become one.

    >>> _as_written(["JAMMU AND KASHMIR", "goa"])
    ('Jammu and Kashmir', 'goa')
    >>> _as_written(["DELHI", "Delhi"])
    ('DELHI', 'Delhi')
    """
    shown = tuple(name.title().replace(" And ", " and ") if name.isupper() else name for name in names)
    return shown if len(set(shown)) == len(names) else tuple(names)


def sure_metrics(ground: Ground, seed: int) -> dict[str, Values | None]:
    """Every metric of the model with its 95 % interval: orders of one buyer, and of one day, count together."""
    found: dict[str, Values | None] = {}
    for name, of in METRICS.items():
        figure = of(ground.p, ground.y) if len(ground) else None
        error = None if figure is None else ground.clusters.standard_error(figure.parts)
        ends = None if figure is None or error is None else [figure.value - Z95 * error, figure.value + Z95 * error]
        found[name] = None if figure is None else {"value": figure.value, "ends": ends}
    folds = [Fold(ground.p, ground.y, ground.clusters.buyer)] if len(ground) else []
    ece = calibration_error(folds, seed=seed)
    found["ece"] = None if ece is None else {"value": ece.mean, "ends": [ece.low, ece.high], "floor": ece.floor_p95}
    return found


def by_slice(every: Ground, cash: Ground) -> list[Values]:
    """Each slicing with the truth of its slices; payment for all orders, the others as `cash` is."""
    return [
        {"key": key, "title": one.title, "of": ground.name, **_slices(ground, one)}
        for ground, keys in ((every, ("payment",)), (cash, ("buyer", "evidence", "tier", "state", "merchant", "category")))
        for key, one in ((key, ground.slicings[key]) for key in keys)
    ]  # fmt: skip


def _slices(ground: Ground, slicing: Slicing) -> Values:
    masks = {name: mask for name, mask in slicing.masks().items() if mask.any()}
    kept = [name for name, mask in masks.items() if mask.sum() >= FEWEST][:MOST]
    rest = sum((mask for name, mask in masks.items() if name not in kept), np.zeros(len(ground), dtype=np.int64))
    return {
        "note": slicing.note or ("" if kept else f"not applicable: no slice has {FEWEST} orders"),
        "slices": [{"name": name, **_truth_values(ground, masks[name])} for name in kept],
        "not_shown": {"slices": len(masks) - len(kept), "orders": int(rest.sum())},
    }


def _truth_values(ground: Ground, mask: Array) -> Values:
    found = truth(ground.p[mask], ground.y[mask], ground.clusters[mask])
    assert found is not None, "a slice that is told has orders"
    ends = {name: _ends(found, name) for name in ("large", "auc")}
    return {
        "n": found.n,
        "rto": found.rto,
        "said": found.said,
        "came": found.came,
        "off": found.came - found.said,
        "off_ends": ends["large"],
        "auc": None if found.auc is None else found.auc.value,
        "auc_ends": ends["auc"],
        "alarm": _off(found),
    }


def _ends(found: Truth, name: str) -> list[float] | None:
    figure = getattr(found, name)
    return None if figure is None else list(figure.ends(Z95))


def _off(found: Truth) -> str:
    """ "understated" or "overstated" where the risk of a slice was, beyond size and chance; "" else."""
    ends, size = _ends(found, "large"), OFF * found.said
    if ends is None or abs(found.came - found.said) <= size or ends[0] <= 0 <= ends[1]:
        return ""
    return "understated" if found.came > found.said else "overstated"


def fairness(ground: Ground) -> Values:
    """Who of the *good* buyers would have been refused, by place, if the riskiest orders were."""
    if not len(ground):
        return {"of": ground.name, "threshold": None, "refused_share": REFUSED_SHARE, "every": None, "by": []}
    threshold = float(np.quantile(ground.p, 1 - REFUSED_SHARE))
    refused = ground.p > threshold
    every = _refused(refused, ground.y == 0, None)
    slices = [
        {"key": key, "title": one.title, **_fair_slices(ground, one, refused, every)}
        for key, one in ((key, ground.slicings[key]) for key in FAIR_BY)
    ]
    return {"of": ground.name, "threshold": threshold, "refused_share": REFUSED_SHARE, "every": every, "by": slices}


def _fair_slices(ground: Ground, slicing: Slicing, refused: Array, every: Values) -> Values:
    told = _slices(ground, slicing)
    masks = slicing.masks()
    for one in told["slices"]:
        mask = masks[one["name"]]
        one |= _refused(refused[mask], ground.y[mask] == 0, every)
    return told


def _refused(refused: Array, good: Array, every: Values | None) -> Values:
    """n_good: buyers whose parcels were delivered; of them refused, with a 95 % interval."""
    n_good, n_wronged = int(good.sum()), int((refused & good).sum())
    share = n_wronged / n_good if n_good else None
    ends = list(wilson(n_wronged, n_good)) if n_good else None
    among_all = every["good_refused"] if every else None
    return {
        "n": len(good),
        "selected": float(refused.mean()),
        "n_good": n_good,
        "good_refused": share,
        "good_refused_ends": ends,
        "harsh": _harsh(share, ends, among_all),
    }


def _harsh(share: float | None, ends: list[float] | None, among_all: float | None) -> bool:
    if share is None or ends is None or among_all is None:
        return False
    return share > TIMES * among_all and ends[0] > among_all


def alarms(values: Values) -> list[str]:
    """In words, what of a card's slices and fairness asks for a look."""
    said = [
        f"{part['title']}, {one['name']}: risk {one['alarm']} ({one['came']:.1%} came, {one['said']:.1%} said)"
        for part in values["slices"]
        for one in part["slices"]
        if one["alarm"]
    ]
    every = values["fairness"]["every"]
    return said + [
        f"{part['title']}, {one['name']}: {one['good_refused']:.1%} of good buyers would be refused, "
        f"{every['good_refused']:.1%} of all"
        for part in values["fairness"]["by"]
        for one in part["slices"]
        if one["harsh"]
    ]
