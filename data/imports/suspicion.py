"""What looks wrong in an import before it is kept: each suspicion with a name, why it matters and what to do."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom, hypergeom

from data.contract import DAY, ORDER_COLUMNS, SECOND
from data.files.told_fates import CANCELLED, DELIVERED, LOST, OPEN, RTO, labels
from data.history import Columns
from data.imports.doubts import Suspicion
from data.imports.giveaway import NEARLY_ALL, NOT_LOOKED_AT, auc_alone, blank, levels, one_sided

Array = np.ndarray[Any, Any]
LEAST_OF_A_KIND = 20
MOST_AUC = 0.95
LAST_WEEKS = 4
FEWER_TOLD = 0.8
UNLIKELY, VERY_UNLIKELY = 0.02, 0.0005
LEAST_RTO_SHARE = 0.01
MINUTE = 60 * SECOND


@dataclass(frozen=True, slots=True)
class Evidence:
    """What suspicions are drawn from: n orders as kept, their fates, and what was refused.

    fates: (n,) words of `data/files/told_fates.py`.  known_at: (n,) when told, NaN while open.  declared: columns that the
    mapping says are overwritten on some rows.  n_other_content: rows refused because their id has another content.
    timezone: of the shop, whose days are named.  exported_told: somebody said when the files were written.  delays: the
    mapping declares when some news was told.
    """

    orders: Columns
    fates: Array
    known_at: Array
    exported_at: int
    declared: frozenset[str] = frozenset()
    n_other_content: int = 0
    timezone: str = "UTC"
    exported_told: bool = False
    delays: bool = False


def suspicions(seen: Evidence) -> list[Suspicion]:
    """Everything suspicious, the worst first."""
    found: list[Suspicion | None] = [_one_outcome_only(seen), _hardly_any_rto(seen), _placed_after_export(seen)]
    found += [s for name in _columns(seen) for s in (_predicts(seen, name), _empty_for_one(seen, name))]
    found += [_ids_reused(seen), _falls_at_end(seen), _one_fate_at_once(seen)]
    return [s for s in found if s is not None]


def _columns(seen: Evidence) -> list[str]:
    contract = [c.name for c in ORDER_COLUMNS if c.name in seen.orders]
    names = dict.fromkeys([*contract, *(n for n in seen.orders if n not in contract)])
    return [name for name in names if name not in NOT_LOOKED_AT and not name.startswith("_")]


def _one_outcome_only(seen: Evidence) -> Suspicion | None:
    n_rto, n_delivered = int((seen.fates == RTO).sum()), int((seen.fates == DELIVERED).sum())
    if n_rto and n_delivered:
        return None
    return Suspicion(
        "one_outcome_only", f"{n_rto:,} orders came back, {n_delivered:,} were delivered",
        "nothing can be learned from orders that all ended alike",
        "check the [[rules]] of the mapping: is a status that tells the other end missing, or read as another?",
    )  # fmt: skip


def _predicts(seen: Evidence, name: str) -> Suspicion | None:
    """Ranks one half of the orders by what the other half says of the column's values: by chance it is right in 1 of 2."""
    label = labels(seen.fates)
    has = ~np.isnan(label)
    if min((label[has] == 1).sum(), (label[has] == 0).sum()) < 2 * LEAST_OF_A_KIND:
        return None
    auc = auc_alone(levels(seen.orders[name][has], name), label[has])
    if auc < MOST_AUC:
        return None
    return Suspicion(
        "predicts_label", f"{name} alone ranks RTO above delivered in {auc:.1%} of pairs",
        "no column known at checkout does that: the export wrote it, or changed it, once the outcome was known. A model "
        "trained with it looks excellent and fails on every new order",
        f"ask how the export fills it; mark it `overwritten = true` in the mapping, or leave {name} out",
    )  # fmt: skip


def _empty_for_one(seen: Evidence, name: str) -> Suspicion | None:
    if name in seen.declared:
        return None
    found = one_sided(blank(seen.orders[name], name), _kinds(seen.fates))
    if found is None:
        return None
    return Suspicion(
        "empty_for_one_outcome",
        f"{name} is {found.word} on {found.own:.0%} of {found.kind} orders and {found.others:.0%} of all others",
        "whether it is filled gives the outcome away, and at checkout nobody knows the outcome",
        f"mark it in the mapping: `overwritten_when` for those rows, or `overwritten = true` for {name} as a whole",
    )


def _kinds(fates: Array) -> dict[str, Array]:
    of = {fate: np.asarray(fates == fate) for fate in (RTO, DELIVERED, CANCELLED, LOST, OPEN)}
    return {fate: these for fate, these in of.items() if these.sum() >= LEAST_OF_A_KIND}


def _ids_reused(seen: Evidence) -> Suspicion | None:
    if not seen.n_other_content:
        return None
    return Suspicion(
        "ids_reused", f"{seen.n_other_content:,} rows have the order id of another order: another day or another buyer",
        "two orders under one id are read as one, with a wrong outcome for at least one of them",
        "map the column that is unique for an order; if numbers start again each year, ask for an export that tells them apart",
    )  # fmt: skip


def _hardly_any_rto(seen: Evidence) -> Suspicion | None:
    label = labels(seen.fates)
    n, n_rto = int((~np.isnan(label)).sum()), int((label == 1).sum())
    if n < 5 * LEAST_OF_A_KIND or not 0 < n_rto < LEAST_RTO_SHARE * n:
        return None
    return Suspicion(
        "hardly_any_rto", f"{n_rto:,} of {n:,} orders with a label came back ({n_rto / n:.2%})",
        "a shop that sells on delivery sees many times that: most of what came back is not read as such",
        "check the [[rules]], or the words of [news.type]: which statuses of the courier mean that a parcel came back?",
    )  # fmt: skip


def _placed_after_export(seen: Evidence) -> Suspicion | None:
    late = seen.orders["placed_at"] - seen.exported_at
    if not (late > 0).any():
        return None
    return Suspicion(
        "placed_after_export",
        f"{int((late > 0).sum()):,} orders were placed after the export, up to {late.max() / DAY:.1f} days",
        "dates lie in a wrong month (day and month exchanged?), or the files are younger than was said; the import refuses it",
        "check `formats` of placed_at, `timezone` and `exported_at`",
    )  # fmt: skip


def _falls_at_end(seen: Evidence) -> Suspicion | None:
    """The last weeks against all before: too few RTO among what is told, by a one-sided exact test of shares.

    Where less is told of those weeks besides, which is what young orders look like, weaker evidence is enough.
    """
    placed, label = seen.orders["placed_at"], labels(seen.fates)
    weeks_ago = (placed.max() - placed) // (7 * DAY)
    told, before = ~np.isnan(label), weeks_ago >= LAST_WEEKS
    n_old, rto_old = int((told & before).sum()), int((label[before] == 1).sum())
    if n_old < 5 * LEAST_OF_A_KIND:
        return None
    for weeks in range(LAST_WEEKS, 0, -1):
        recent = weeks_ago < weeks
        n_new, rto_new = int((told & recent).sum()), int((label[recent] == 1).sum())
        chance = float(hypergeom.cdf(rto_new, n_old + n_new, rto_old + rto_new, n_new))
        untold = told[recent].mean() < FEWER_TOLD * told[before].mean()
        if n_new and chance < (UNLIKELY if untold else VERY_UNLIKELY):
            first = _day(placed[recent].min(), seen.timezone)
            share = _share_of_young(seen, before, recent & (told | (seen.fates == OPEN)))
            explained = float(binom.cdf(rto_new, n_new, share)) >= UNLIKELY
            young = f"; {share:.1%} is what is to be expected of orders so young" if explained else ""
            return Suspicion(
                "rate_falls_at_end",
                f"of the orders placed from {first} on (the last {7 * weeks} days), {rto_new / n_new:.1%} of {n_new:,} with a "
                f"label are RTO; expected about {rto_old / n_old:.1%}, as of the {n_old:,} before{young}. "
                f"{told[recent].mean():.0%} of these orders have a label, {told[before].mean():.0%} before",
                "deliveries are told days before RTO: young orders look safer than they are, and a model would learn that",
                _about_the_end(seen, first),
                is_question=seen.exported_told and explained,
            )  # fmt: skip
    return None


def _about_the_end(seen: Evidence, first: str) -> str:
    """What to do about a share that falls: as far as this mapping can be at fault."""
    written = _day(seen.exported_at, seen.timezone)
    delays = ", and is each `after_days` as long as news takes" if seen.delays else ""
    where = "them" if seen.delays else "it"
    taken = "" if seen.exported_told else ", as nobody said (exported_at in the mapping, or --exported-at)"
    return (
        f"exported_at is {written}{taken}: is that the day the files were written{delays}? Then training leaves such young "
        f"orders out by itself, and nothing is to do. If not, set {where}, or export only orders placed before {first}"
    )


def _share_of_young(seen: Evidence, before: Array, young: Array) -> float:
    """The RTO share to be expected among what is told of young orders: as many of each fate as older orders had been
    told at the same age."""
    placed, label = seen.orders["placed_at"], labels(seen.fates)
    age = seen.exported_at - placed[young]
    took = [np.sort((seen.known_at - placed)[before & (label == fate)]) for fate in (0, 1)]
    good, back = (float(np.searchsorted(times, age, side="right").sum()) for times in took)
    return back / max(good + back, 1.0)


def _day(micros: Any, timezone: str) -> str:
    return str(pd.Timestamp(int(micros), unit="us", tz="UTC").tz_convert(timezone).date())


def _one_fate_at_once(seen: Evidence) -> Suspicion | None:
    """Orders of one buyer within one minute: a cart told as several orders, if they nearly always end alike."""
    ended = seen.fates != OPEN
    for name in ("customer_id", "phone", "email", "device_id"):
        if name not in seen.orders:
            continue
        has = ended & (seen.orders[name] != -1)
        if np.all(seen.orders["placed_at"][has] % DAY == seen.orders["placed_at"][:1] % DAY):
            continue  # days without an hour: one minute says nothing
        frame = pd.DataFrame({
            "buyer": seen.orders[name][has], "minute": seen.orders["placed_at"][has] // MINUTE, "fate": seen.fates[has],
        })  # fmt: skip
        groups = frame.groupby(["buyer", "minute"])["fate"].agg(["size", "nunique"])
        several = groups[groups["size"] > 1]
        n_orders, alike = int(several["size"].sum()), float((several["nunique"] == 1).mean()) if len(several) else 0.0
        if len(several) >= LEAST_OF_A_KIND and n_orders >= 0.01 * len(frame) and alike >= NEARLY_ALL:
            return Suspicion(
                "one_fate_at_once", f"{n_orders:,} orders came in {len(several):,} minutes with several by one buyer ({name}); "
                f"{alike:.0%} of them ended alike",
                "they are carts told as several orders: one refusal counts as many, in training and in every figure",
                "map the column that numbers the whole order, so that these rows become its lines",
            )  # fmt: skip
    return None
