"""`make bench-features`: what each group of features is worth, what was tried and left, and what is left to gain.

One made-up market, read by the project's own pipeline; trees of the default plan on the same rows throughout, judged on
the cash orders of the untouched future. Each line is a difference to the whole catalog with a 95 % interval (paired).
Prints a table and writes tests/bench/results/features-DATE.json; `--keep` also docs/features-worth.json, from which
docs/features.md is made. Nothing is asserted.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from data.console import table
from data.world.frozen import parameters_digest
from data.world.oracle_risk import what_is_known
from features.catalog import RATED, Feature, FromOrder, Level, Link
from features.page import WORTH
from tests.helpers.lab import Lab, lab_of
from tests.helpers.worlds import network
from training.clusters import clusters_of
from training.intervals import paired_auc, paired_log_loss
from training.judged import Judged, difference, share
from training.plan import PLENTIFUL, Plan
from training.rows import design
from training.slices import slicings
from training.trees import Sample, Shape, fit_shape, probability

Array = np.ndarray[Any, Any]
Belongs = Callable[[Feature], bool]
TREES = 400
KINDS = ("without", "tried", "given")


def _named(*starts: str) -> Belongs:
    return lambda feature: feature.name.startswith(starts)


def _by(*keys: str) -> Belongs:
    """Features made from other orders under one of these keys, links and velocity left out."""
    rest = (*keys, *(f"merchant_{key}" for key in keys))

    def belongs(feature: Feature) -> bool:
        own = (
            isinstance(feature.source, FromOrder | Level | Link)
            or "_placed_" in feature.name
            or "_amount_" in feature.name
        )
        return not own and feature.name.startswith(tuple(f"{key}_" for key in rest))

    return belongs


GROUPS: dict[str, Belongs] = {
    "the buyer's counts, by the best known handle": _named("buyer_"),
    "rates and counts by phone, customer, e-mail, device": _by("phone", "customer", "email", "device"),
    "by address": _by("address"),
    "by network address": _named("ip_"),
    "velocity: orders and money in an hour, a day, a week": lambda f: "_placed_" in f.name or "_amount_" in f.name,
    "links: other names, phones, addresses": lambda f: isinstance(f.source, Link),
    "PIN code, district, state": _by("pincode", "district", "state"),
    "shop, goods, campaign": lambda f: f.name in ("merchant_rto_rate", "merchant_cod_rto_rate", "category_rto_rate",
                                                  "sku_rto_rate", "campaign_rto_rate"),
    "courier": _named("courier"),
    "levels of channel and campaign": lambda f: isinstance(f.source, Level),
    "how the address is written": lambda f: isinstance(f.source, FromOrder) and f.name.startswith("address_"),
    "phone, e-mail and name as written": lambda f: isinstance(f.source, FromOrder) and f.name.startswith(("phone_", "email_", "name_")),
    "where to and how long: distance, promise, mismatch": _named("distance", "promised", "place_mis", "city_mis", "pin_known"),
    "the basket and its price": _named("amount", "discount", "list_value", "shipping_fee", "n_units", "n_lines"),
    "the hour": _named("local_hour", "is_night"),
    "cash or not": _named("is_cod"),
}  # fmt: skip
"""Every feature of the catalog belongs to one group: a unit test holds that."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How to grow the trees of one line, upon which columns. x: (n, k).  features: (k,), with their signs."""

    x: Array
    features: tuple[Feature, ...]
    plan: Plan
    depth: int = PLENTIFUL.depths[0]
    line_share: float = 0.0
    n_trees: int = TREES


def lines(lab: Lab, whole: Fit) -> Iterator[tuple[str, str, Fit]]:
    """(kind, name, fit) of everything beside the whole catalog."""
    for name, belongs in GROUPS.items():
        kept = np.array([not belongs(feature) for feature in whole.features])
        if not kept.all():
            yield "without", name, _columns(whole, kept)
    yield (
        "tried",
        "the other signs too, as on fewer orders",
        replace(whole, features=tuple(replace(f, firm=True) for f in whole.features)),
    )
    yield "tried", "no signs at all", replace(whole, features=tuple(replace(f, monotone=0) for f in whole.features))
    yield "tried", "levels of state, category and courier beside their rates", _levels(lab, whole)
    yield "tried", "a logistic line averaged in, its share a fifth", replace(whole, line_share=0.2)
    yield "tried", "depth 2, four times as many trees", replace(whole, depth=2, n_trees=4 * TREES)
    yield "tried", "half the learning rate, twice as many trees", _slower(whole)
    for name, columns in _of_the_oracle(lab).items():
        yield "given", name, _with(whole, columns)


def _columns(fit: Fit, kept: Array) -> Fit:
    return replace(fit, x=fit.x[:, kept], features=tuple(f for f, keep in zip(fit.features, kept, strict=True) if keep))


def _with(fit: Fit, columns: list[Array]) -> Fit:
    free = tuple(replace(fit.features[0], name=f"given_{i}", monotone=0) for i in range(len(columns)))
    return replace(fit, x=np.column_stack([fit.x, *columns]), features=(*fit.features, *free))


def _levels(lab: Lab, fit: Fit) -> Fit:
    more = [lab.rows.orders[column] for column in RATED]
    columns = [
        (told == value).astype(float) for told in more for value in sorted({v for v in told if v is not None})[:40]
    ]
    return _with(fit, columns)


def _slower(fit: Fit) -> Fit:
    trees = fit.plan.trees.model_copy(update={"learning_rate": fit.plan.trees.learning_rate / 2})
    return replace(fit, plan=fit.plan.model_copy(update={"trees": trees}), n_trees=2 * TREES)


def _of_the_oracle(lab: Lab) -> dict[str, list[Array]]:
    """What no log tells: by name, columns (n,) that the oracle is given or infers with the market's true parameters."""
    logits = what_is_known(lab.world.inner).base.logits
    static = [getattr(logits, name)[lab.at] for name in ("fake", "refusal", "address")]
    static += [logits.attempt[lab.at]]
    who = [lab.words.reliability[lab.at], lab.words.badness[lab.at]]
    return {
        "the true effects of places, goods, shops, couriers and season": static,
        "the oracle's view of the buyer: true identity, true likelihoods": who,
        "both": [*static, *who],
    }


def margins(lab: Lab, fit: Fit) -> Array:
    """(t,) log-odds of the test orders."""
    learn = lab.rows.learn
    shape = Shape(fit.depth, fit.line_share, 30.0, fit.n_trees)
    model = fit_shape(Sample(fit.x[learn], lab.rows.y_past[learn]), fit.features, shape, fit.plan)
    return model.margin(fit.x[lab.test])


def below_the_oracle(lab: Lab, p: Array) -> dict[str, tuple[float, float | None, float | None] | None]:
    """Each goal of the goal table that a ranking or a log loss decides, with its 95 % interval."""
    test = np.flatnonzero(lab.test)
    orders = {name: column[test] for name, column in lab.rows.orders.items()}
    readings = {one: values[test] for one, values in lab.rows.readings.items()}
    said = {"model": p, "oracle": lab.oracle[test]}
    judged = Judged(np.zeros(len(test), dtype=np.int64), lab.y, clusters_of(orders), said)
    first = judged[slicings(orders, readings)["buyer"].masks()["first orders"]]
    found = {
        "auc": difference(judged, "auc", "oracle", "model"),
        "log_loss": difference(judged, "log_loss", "model", "oracle"),
        "lift": share(judged, "lift_at_10", "model", "oracle"),
        "first_auc": difference(first, "auc", "oracle", "model"),
    }
    return {name: one and (one.mean, one.low, one.high) for name, one in found.items()}


def measured(lab: Lab, kinds: list[str]) -> dict[str, Any]:
    """The whole catalog's figures, and each line's difference to it."""
    plan = Plan(trees=PLENTIFUL)
    made = design(lab.rows, plan, lab.rows.past, lab.rows.learn)
    few = np.array([not (isinstance(f.source, Level) and f.source.column in RATED) for f in made.features])
    whole = _columns(Fit(made.x, made.features, plan), few)
    y, oracle = lab.y, lab.oracle[lab.test]
    p = probability(margins(lab, whole))
    gap, loss = paired_auc(oracle, p, y), paired_log_loss(p, oracle, y)
    told: dict[str, Any] = {"n": len(y), "learn": int(lab.rows.learn.sum()), "features": len(whole.features),
                            "gap": gap and (gap.mean, gap.low, gap.high), "loss": loss and (loss.mean, loss.low, loss.high),
                            "below": below_the_oracle(lab, p), "lines": []}  # fmt: skip
    for kind, name, fit in lines(lab, whole):
        if kind not in kinds:
            continue
        other = probability(margins(lab, fit))
        one = {"kind": kind, "name": name, "columns": fit.x.shape[1] - whole.x.shape[1]}
        if kind == "given":
            one["below"] = below_the_oracle(lab, other)
        for metric, found in (("auc", paired_auc(other, p, y)), ("log_loss", paired_log_loss(other, p, y))):
            one[metric] = None if found is None else (found.mean, found.low, found.high)
        told["lines"].append(one)
        print(f"  {kind}: {name}: AUC {one['auc'][0]:+.4f}", flush=True)
    return told


def _kept(told: dict[str, Any], kinds: list[str]) -> list[dict[str, Any]]:
    """Lines of the other kinds, from the last run kept: only of the same market."""
    before = json.loads(WORTH.read_text(encoding="utf-8"))
    same = all(before[name] == told[name] for name in ("preset", "orders", "seed", "parameters", "features"))
    return [one for one in before["lines"] if same and one["kind"] not in kinds]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.features", description=__doc__)
    parser.add_argument("--orders", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=7, help="of the market")
    parser.add_argument(
        "--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="lines to measure; the others stay"
    )
    parser.add_argument("--keep", action="store_true", help="also for docs/features.md, which is then to be made anew")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lab = lab_of(network(asked.orders, asked.seed), Path(folder))
    now = datetime.now(UTC)
    told = {"at": f"{now:%Y-%m-%d}", "preset": "network", "orders": asked.orders, "seed": asked.seed,
            "parameters": parameters_digest(), **measured(lab, asked.kinds)}  # fmt: skip
    told["lines"] = [*_kept(told, asked.kinds), *told["lines"]]
    rows = [(one["kind"], one["name"], *(f"{one[m][0]:+.4f} ({one[m][1]:+.4f} to {one[m][2]:+.4f})" for m in ("auc", "log_loss")))
            for one in told["lines"]]  # fmt: skip
    print(f"AUC below the oracle {told['gap'][0]:.4f}, log loss above it {told['loss'][0]:.4f}, n {told['n']:,}\n")
    table(("", "", "AUC", "log loss"), rows)
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    for path in (results / f"features-{now:%Y-%m-%dT%H%M%S}.json", *([WORTH] if asked.keep else [])):
        path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
