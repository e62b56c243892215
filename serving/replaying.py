"""A decision made again from what was kept of it: the same model, policy, record and limits give the same answer.

What is not kept (trees, policies, lists) is named by digest, and must be brought: a bundle of that digest, a policy of that.
"""

from typing import Any

import numpy as np

from data import journal
from data.contract import Payment
from data.errors import DataError
from data.history import Columns
from features.assemble import as_if_paid
from serving.advising import Advised, stage_places
from serving.answering import decided, worths
from serving.batch import LEVELS, Evidence, Judged, thousandths
from serving.choosing import Limits, choose
from serving.decisions.holdout import HOLDOUT
from serving.decisions.overrides import Override
from serving.decisions.policy import SHIP_PAID
from serving.decisions.shop import Policies, ShopPolicy
from serving.reasons import Why, reasons
from serving.traits_of import OrderTraits
from serving.weighing import Weighed, weigh
from training.bundle import Bundle


def replayed(
    kept: dict[str, Any], bundle: Bundle, shop: ShopPolicy, override: Override | None = None
) -> dict[str, Any]:
    """Risk, recommendation and actions of a kept decision, worked out anew. kept: as `ledger.record` wrote it.

    Raises DataError REPLAY001 if the bundle, the policy or the override is not the one it was made with.
    """
    made = kept["made_from"]
    _same("bundle", bundle.digest, made["bundle"])
    _same("policy", shop.digest, made["policy"])
    _same("override", None if override is None else override.override_id, made.get("override"))
    table = journal.as_table([journal.unpacked(made["columns"])])
    judged = _judged(kept, bundle, table)
    merchant, stage, at = made["merchant_id"], made["stage"], np.array([made["scored_at"]], dtype=np.int64)
    groups = weigh(table, judged, [stage], Policies({merchant: shop}))
    places = frozenset(i for i, cap in enumerate(shop.caps.caps) if cap.name in made["limits"])
    held = frozenset({0} if (made.get("experiment") or {}).get("arm") == HOLDOUT else ())
    limits = Limits({0: places} if places else {}, {} if override is None else {0: override.action}, held)
    stages, row = stage_places([stage]), np.array([0])
    choice = choose(shop, OrderTraits(table, row, judged, stages, at), groups, stages, judged.prepaid, limits)
    part = Advised(shop, row, choice, limits.used_up)
    actions, summary = _money(groups, part)
    return {"risk": _risk(judged), "recommendation": decided(part, 0, summary), "actions": actions}


def _same(what: str, got: str | None, wanted: str | None) -> None:
    if got != wanted:
        raise DataError("REPLAY001", f"replay, {what}", got=got or "none", expected=wanted or "none",
                        to_do="bring the one the decision was made with")  # fmt: skip


def _judged(kept: dict[str, Any], bundle: Bundle, table: Columns) -> Judged:
    """What was known of the order, from the row the model saw."""
    made, told = kept["made_from"], kept["answer"]["risk"]["evidence"]
    x = np.array([made["x"]], dtype=np.float64)
    prepaid = np.equal(table["payment_method"], Payment.PREPAID.value)
    both = (
        as_if_paid(x, table, method, bundle.shrinkage, bundle.features) for method in (Payment.COD, Payment.PREPAID)
    )
    cod, paid = (thousandths(bundle, one) for one in both)
    p_if_prepaid = paid if bundle.prepaid_known else None
    counts = (told["buyer_outcomes"], told["place_outcomes"], *made["record"])
    evidence = Evidence(np.array([LEVELS.index(told["level"])]), *(np.array([n]) for n in counts))
    return Judged(
        x, prepaid, np.where(prepaid, paid, cod), p_if_prepaid, evidence, reasons(Why(bundle, x, {}, [False]), 0)
    )


def _risk(judged: Judged) -> dict[str, Any]:
    q = judged.p_if_prepaid
    return {"p_rto": float(judged.p_rto[0]), "p_rto_if_prepaid": None if q is None else float(q[0])}


def _money(groups: list[Weighed], part: Advised) -> tuple[list[dict[str, Any]], str]:
    if not groups:
        return [], ""
    [group] = groups
    summary = SHIP_PAID if group.prepaid else group.policy.offer(part.action(0), int(group.values[0]))[1]
    return worths(group, 0), summary
