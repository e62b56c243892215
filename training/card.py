"""Cards: what a run's data were, and what its model is, as plain values and as a page to print. Pure.

Of a segment's manifest the data card reads, each if told: files [{name, sha256, rows}], n_rows, n_orders, n_news,
refused {code: rows}, notes {what: rows}, mapping, note, delays {news type: days}, overwritten [columns], exported_at.
Figures that do not exist are None here and "not applicable" on the page.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from matplotlib.figure import Figure

from data.contract import DAY, NewsType
from data.history import History
from data.segments import Segment
from features.catalog import CATALOG, Feature
from training.card_page import page, utc
from training.card_plots import lags_plot, slices_plot, weeks_plot
from training.card_slices import alarms, by_slice, fairness, grounds, sure_metrics
from training.evaluation import wilson
from training.pictures import embedded
from training.plan import Plan
from training.plots import Scored, reliability_plot
from training.report import Scope
from training.rows import Rows
from training.run import Outcome

Array: TypeAlias = np.ndarray[Any, Any]
Values: TypeAlias = dict[str, Any]

LABEL = (
    "1 if the parcel came back undelivered (RTO), 0 if the buyer took it, also if it was returned later. "
    "Cancelled, lost and open orders have no label, and neither have orders delivered in part."
)
PURPOSE = (
    "To tell a shop, while an order is placed, how likely its parcel is to come back undelivered if it is sent as cash "
    "on delivery, so that the shop can choose the action worth most. It is not made to judge persons, to set credit or "
    "to refuse anyone a sale without another way to pay."
)

DATA_PURPOSE = (
    "To learn and to judge the risk that a parcel comes back, for this pool's shops. Of buyers it holds numbers in place "
    "of names, phones and addresses, and a few measures of text; the values themselves are not kept."
)


@dataclass(frozen=True, slots=True)
class Card:
    """A card: its template and its values (texts, numbers, None, lists and dicts of them; times are UTC text).

    drawn: pictures of its page by name, made only when the page is.
    """

    kind: str
    values: Values
    drawn: Mapping[str, Callable[[], Figure]] = field(default_factory=dict)

    def as_dict(self) -> Values:
        """Plain values, fit for strict JSON."""
        return {"card": self.kind, **self.values}

    def html(self) -> str:
        """One self-contained page: no script, nothing fetched."""
        return page(
            self.kind, self.values | {"pictures": {name: embedded(draw()) for name, draw in self.drawn.items()}}
        )


def data_card(history: History, outcome: Outcome, segments: Iterable[Segment], checks: Values | None) -> Card:
    """What was learned from: where it came from, what was refused, what is known, what the checks found.

    checks: `CheckReport.as_dict()`, or None if none were run.
    """
    rows, manifests = outcome.rows, [(s.name, s.manifest) for s in segments]
    placed_at = history.orders["placed_at"]
    values = {
        "imports": [_import(name, manifest) for name, manifest in manifests],
        "refused": _added(manifest.get("refused") for _, manifest in manifests),
        "notes": _added(manifest.get("notes") for _, manifest in manifests),
        "orders": len(history),
        "placed_from": utc(placed_at.min()),
        "placed_to": utc(placed_at.max()),
        "known_through": utc(history.known_through),
        "used_until": utc(rows.moments.until),
        "purpose": DATA_PURPOSE,
        "cut": utc(rows.moments.cut),
        "blocks": _blocks(rows),
        "merchants": _counted(history.orders["merchant_id"]),
        "payment": _counted(history.orders["payment_method"]),
        "news": _news(history),
        "label": LABEL,
        "matures_in_days": rows.moments.matures_in / DAY,
        "counts": outcome.counts,
        "labelled_share": _share(~np.isnan(rows.y)),
        "rto": [_rto(name, rows, mask) for name, mask in _payment_masks(rows).items()],
        **_columns(history),
        "checks": _checks(checks),
    }
    drawn = {"weeks": lambda: weeks_plot(rows), "lags": lambda: lags_plot(rows)}
    return Card("data_card", values, drawn)


def model_card(outcome: Outcome, plan: Plan, identity: Mapping[str, Any]) -> Card:
    """What the model is, what it may be used for, and how it did on orders it never saw.

    identity: name, pool, digest and the like, shown as told.
    """
    rows, twin, bundle = outcome.rows, outcome.twin, outcome.bundle
    moments, (every, cash) = rows.moments, grounds(outcome)
    told: dict[str, Any] = {"slices": by_slice(every, cash), "fairness": fairness(cash)}
    scopes_of = {every.name: every, cash.name: cash}
    values = {
        "identity": {name: str(value) for name, value in identity.items() if value is not None},
        "purpose": PURPOSE,
        "label": LABEL,
        "moments": {"cut": utc(moments.cut), "until": utc(moments.until), "gap_days": moments.matures_in / DAY},
        "trained_through": utc(bundle.about["trained_through"]),
        "counts": outcome.counts,
        "blocks": _blocks(rows),
        "scopes": [
            _scope(scope) | {"sure": sure_metrics(scopes_of[scope.name], plan.seed)} for scope in outcome.scopes
        ],
        **told,
        "alarms": alarms(told),
        "shape": {name: getattr(twin.shape, name) for name in twin.shape.__slots__},
        "calibrator": bundle.calibrator.as_dict(),
        "seed": plan.seed,
        "prepaid_known": bundle.prepaid_known,
        "features": [_feature(f) for f in bundle.features],
        "never_vary": [f.name for f in CATALOG if f not in bundle.features and f.name not in plan.leave_out],
        "left_out_by_plan": list(plan.leave_out),
        "judged_features": len(twin.design.features),
    }
    panels = [Scored(one.name, one.p, one.y) for one in scopes_of.values() if len(one)]
    drawn = {"reliability": lambda: reliability_plot(panels)}
    if any(part["slices"] for part in told["slices"]):
        drawn["slices"] = lambda: slices_plot(told["slices"])
    return Card("model_card", values, drawn)


def _import(name: str, manifest: Values) -> Values:
    told = {key: manifest.get(key) for key in ("n_rows", "n_orders", "n_news", "mapping", "note")}
    return {
        "segment": name,
        **told,
        "files": [{key: f.get(key) for key in ("name", "sha256")} for f in manifest.get("files", [])],
        "exported_at": utc(manifest.get("exported_at")),
        "delays": manifest.get("delays"),
        "overwritten": list(manifest.get("overwritten") or []),
    }


def _added(counts: Iterable[Mapping[str, int] | None]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one or {})
    return dict(sorted(total.items()))


def _counted(column: Array) -> dict[str, int]:
    return dict(Counter("not told" if v is None else str(v) for v in column).most_common())


def _news(history: History) -> dict[str, int]:
    types, counts = np.unique(history.news["type"], return_counts=True)
    return {NewsType(t).name.lower(): int(n) for t, n in zip(types, counts, strict=True)}


def _share(mask: Array) -> float | None:
    return float(mask.mean()) if len(mask) else None


def _payment_masks(rows: Rows) -> dict[str, Array]:
    method = rows.orders["payment_method"]
    of = {"cash on delivery": method == "cod", "prepaid": method == "prepaid"}
    return {"all orders": np.ones(len(rows.y), dtype=bool)} | {k: np.asarray(m, dtype=bool) for k, m in of.items()}


def _rto(name: str, rows: Rows, mask: Array) -> Values:
    """RTO share of the matured orders in `mask`; the younger ones only show their quick outcomes."""
    y = rows.y[rows.mature & mask]
    ends = list(wilson(int(y.sum()), len(y))) if len(y) else None
    share = float(y.mean()) if len(y) else None
    return {"name": name, "matured": len(y), "rto": int(y.sum()), "rto_share": share, "ends": ends}


def _columns(history: History) -> Values:
    """Columns without any value, and the share of orders that lack a value in the others."""
    missing = {name: float(np.mean(_lacking(column))) for name, column in history.orders.items()}
    return {
        "absent_columns": sorted(name for name, share in missing.items() if share == 1),
        "partly_missing": {n: s for n, s in sorted(missing.items(), key=lambda p: -p[1]) if 0 < s < 1},
    }


def _lacking(column: Array) -> Array:
    if column.dtype == object:
        return np.array([v is None for v in column], dtype=bool)
    return np.isnan(column) if column.dtype.kind == "f" else column == -1


def _checks(checks: Values | None) -> Values | None:
    if checks is None:
        return None
    results = checks["results"]
    counted = Counter(str(r["outcome"]) for r in results)
    kept = ("code", "title", "severity", "n_checked", "n_failed", "share_failed", "observed", "to_do")
    failed = [{key: r.get(key) for key in kept} for r in results if r["outcome"] == "failed"]
    return {"purpose": checks["purpose"], "counts": dict(counted), "failed": failed}


def _blocks(rows: Rows) -> list[Values]:
    """Every block with the labels it may see: those of the past as known at the cut. The gap uses none."""
    blocks = {name: (mask, rows.y if name == "test" else rows.y_past) for name, mask in rows.blocks.judged()}
    found = {name: _block(name, mask, rows, int(y[mask].sum())) for name, (mask, y) in blocks.items()}
    gap = _block("gap", rows.blocks.gap, rows, None)
    return [*(found[name] for name in ("trees", "early_stop", "calibrate")), gap, found["test"]]


def _block(name: str, mask: Array, rows: Rows, positives: int | None) -> Values:
    placed_at = rows.orders["placed_at"][mask]
    ends = (utc(placed_at.min()), utc(placed_at.max())) if len(placed_at) else (None, None)
    return {"name": name, "n": len(placed_at), "positives": positives, "placed_from": ends[0], "placed_to": ends[1]}


def _scope(scope: Scope) -> Values:
    first = next(iter(scope.metrics.values()))
    intervals = {"auc": scope.auc, "log_loss": scope.log_loss}
    against = {other: {m: list(ends) for m, ends in pairs.items()} for other, pairs in scope.against.items()}
    return {
        "name": scope.name,
        "n": first.n,
        "positives": first.positives,
        "base_rate": first.base_rate,
        "models": {name: metrics.as_dict() for name, metrics in scope.metrics.items()},
        "model_intervals": {name: None if ends is None else list(ends) for name, ends in intervals.items()},
        "model_minus": against,
        "reliability": [dict(b) for b in scope.bins],
    }


def _feature(feature: Feature) -> Values:
    return {key: getattr(feature, key) for key in ("name", "unit", "monotone", "reason", "why")}
