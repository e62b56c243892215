"""A decision made again from what was kept of it: the same model, policy, record and limits give the same answer.

What is not kept (trees, policies, lists) is named by digest, and must be brought: a bundle of that digest, a policy of that.
What an answer says of its moment (ids, warnings about the service itself) is kept and told again as it was.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import orjson

from data.contract import Payment
from data.errors import DataError
from data.history import ERASED, Columns
from data.keeping import journal
from features.assemble import as_if_paid
from serving.decisions.holdout import HOLDOUT
from serving.decisions.overrides import Override
from serving.decisions.shop import Policies, ShopPolicy
from serving.policies.choosing import Limits, choose
from serving.policies.traits_of import OrderTraits
from serving.scorer import Ask, Placed, Scored, fallback, scored_by, without_model
from serving.scores.advising import Advised, stage_places
from serving.scores.answering import told_of
from serving.scores.batch import LEVELS, Evidence, Judged, thousandths
from serving.scores.reasons import Why, kept_readings, reasons
from serving.scores.weighing import weigh
from training.bundle import Bundle

Kept = dict[str, Any]
"""A decision as `ledger.record` wrote it."""


def replayed(kept: Kept, bundle: Bundle | None, shop: ShopPolicy, override: Override | None = None) -> Kept:
    """The answer of a kept decision, worked out anew.

    Raises DataError REPLAY001 if the bundle, the policy or the override is not the one it was made with, REPLAY003 if it
    was kept by a version that kept less, REPLAY004 if its buyer was erased.
    """
    made = kept["made_from"]
    if made.get(ERASED):
        raise DataError(
            "REPLAY004",
            "replay",
            got="a decision whose buyer was erased",
            expected="what it was made from",
            to_do="nothing: the decision can be read, not made again",
        )
    if "beside" not in made:
        raise DataError(
            "REPLAY003",
            "replay",
            got="a decision of an earlier version",
            expected="one that kept its reasons",
            to_do="nothing: the decision can be read, not made again",
        )
    _same("bundle", None if bundle is None else bundle.digest, made.get("bundle"))
    _same("policy", shop.digest, made["policy"])
    _same("override", None if override is None else override.override_id, made.get("override"))
    again = _again(kept, bundle, shop, override)
    scored = replace(again, made_from=made)
    ids = {name: kept["answer"][name] for name in ("decision_id", "request_id", "logged")}
    return told_of(ids, scored, bundle if kept["answer"]["model"] else None)


def as_bytes(answer: Kept) -> bytes:
    """An answer as `GET /v1/decisions/{id}` sends it."""
    return orjson.dumps(answer, option=orjson.OPT_SORT_KEYS)


def _again(kept: Kept, bundle: Bundle | None, shop: ShopPolicy, override: Override | None) -> Scored:
    made = kept["made_from"]
    columns = journal.unpacked(made["columns"]) if made["columns"] else {"currency": made["currency"]}
    why = made.get("why") or {"explain": 0, "own_only": False}
    if bundle is not None and made.get("degraded") and "x" in made:
        bundle = bundle.order_only
    ask = Ask(made["merchant_id"], columns, kept["decision_id"], made["scored_at"], made["order_id"], made["checkout_id"],
              why["explain"], why["own_only"], made["stage"], Policies({made["merchant_id"]: shop}),
              degraded=made.get("degraded"))  # fmt: skip
    if not made["columns"]:
        return fallback(ask)
    table = journal.as_table([columns])
    judged = None if bundle is None else _judged(made, bundle, table)
    groups = [] if judged is None else weigh(table, judged, [ask.stage], ask.policies)
    part = _advised(made, table, judged, groups, (shop, override))
    if bundle is None or judged is None:
        return without_model(ask, {}, part, 0)
    return scored_by(bundle, judged, Placed(0, ask, {}, (groups[0], 0) if groups else None, part, 0))


def _advised(
    made: Kept, table: Columns, judged: Judged | None, groups: list[Any], by: tuple[ShopPolicy, Override | None]
) -> Advised:
    """What was chosen, within what the caps left then and for the arm that was drawn."""
    (shop, override), row = by, np.array([0])
    places = frozenset(i for i, cap in enumerate(shop.caps.caps) if cap.name in made["limits"])
    arm = (made.get("experiment") or {}).get("arm")
    overrides = {} if override is None else {0: override.action}
    limits = Limits({0: places} if places else {}, overrides, frozenset({0} if arm == HOLDOUT else ()))
    stages, at = stage_places([made["stage"]]), np.array([made["scored_at"]], dtype=np.int64)
    paid = np.equal(table["payment_method"], Payment.PREPAID.value)
    choice = choose(shop, OrderTraits(table, row, judged, stages, at), groups, stages, paid, limits)
    return Advised(shop, row, choice, limits.used_up, {} if arm is None else {0: arm})


def _same(what: str, got: str | None, wanted: str | None) -> None:
    if got != wanted:
        raise DataError("REPLAY001", f"replay, {what}", got=got or "none", expected=wanted or "none",
                        to_do="bring the one the decision was made with")  # fmt: skip


def _judged(made: Kept, bundle: Bundle, table: Columns) -> Judged:
    """What was known of the order, from the row the model saw."""
    x = np.array([made["x"]], dtype=np.float64)
    prepaid = np.equal(table["payment_method"], Payment.PREPAID.value)
    both = (
        as_if_paid(x, table, method, bundle.shrinkage, bundle.features) for method in (Payment.COD, Payment.PREPAID)
    )
    cod, paid = (thousandths(bundle, one) for one in both)
    level, buyer, place = made["evidence"]
    counts = (LEVELS.index(level), buyer, place, *made["record"])
    why = Why(bundle.seen(x), kept_readings(made["why"]), [made["why"]["own_only"]], [made["why"]["here"]])
    told = reasons(why, made["why"]["explain"])
    p_if_prepaid = paid if bundle.prepaid_known else None
    return Judged(
        x, prepaid, np.where(prepaid, paid, cod), p_if_prepaid, Evidence(*(np.array([n]) for n in counts)), told
    )
