"""Champion and challenger on the same real decisions: how the risks differ, which advice would change, who was right."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from data.history import History
from data.keeping.database import Connection
from serving.keeping import checkouts
from serving.policies.experiment_log import Fates
from training.evaluation import measure
from training.intervals import paired_auc, paired_log_loss

_ROWS = """SELECT d.order_id, d.checkout_id, d.scored_at, d.body, s.body FROM shadows s
JOIN decisions d ON d.decision_id = s.decision_id WHERE s.merchant_id = ? AND s.digest = ? ORDER BY d.scored_at, d.decision_id"""
_MOVED = 0.05
"""A risk that differs by so much is another risk."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One decision, answered by the champion, and what the challenger would have said."""

    order_id: str | None
    checkout_id: str | None
    scored_at: int
    champion: tuple[float, str]
    challenger: tuple[float, str]
    capped: bool
    news_since: int


def read(connection: Connection, merchant_id: str, digest: str) -> tuple[list[Pair], Counter[str]]:
    """Every decision that both have scored, oldest first; and by place, where the challenger broke."""
    pairs, failed = list[Pair](), Counter[str]()
    for order_id, checkout_id, scored_at, decision, said in connection.execute(_ROWS, (merchant_id, digest)):
        kept, shadow = orjson.loads(decision), orjson.loads(said)
        if "failed" in shadow:
            failed[shadow["failed"]] += 1
            continue
        if "answer" not in kept:
            continue  # not kept any more
        answer = kept["answer"]
        if order_id is None and checkout_id is not None:
            became = checkouts.orders_of(connection, merchant_id, checkout_id)
            order_id = became[0] if len(became) == 1 else None
        champion = (answer["risk"]["p_rto"], answer["recommendation"]["action"])
        pairs.append(Pair(order_id, checkout_id, scored_at, champion, (shadow["p_rto"], shadow["action"]),
                          bool(kept["made_from"]["limits"]), shadow["news_since"]))  # fmt: skip
    return pairs, failed


def compared(pairs: Sequence[Pair], failed: Counter[str], history: History, merchant_id: str) -> dict[str, Any]:
    """What `rto shadow report` shows."""
    ours, theirs = (np.array([getattr(one, name)[0] for one in pairs]) for name in ("champion", "challenger"))
    changes = Counter((one.champion[1], one.challenger[1]) for one in pairs if one.champion[1] != one.challenger[1])
    found = {
        "decisions": len(pairs),
        "failed": dict(failed),
        "history_moved_on": sum(one.news_since > 0 for one in pairs),
        "risk": _risks(ours, theirs) if pairs else None,
        "advice": {
            "changed": sum(changes.values()),
            "of_them_by_a_cap": sum(o.capped for o in pairs if o.champion[1] != o.challenger[1]),
            "changes": [{"champion": a, "challenger": b, "decisions": n} for (a, b), n in changes.most_common()],
        },
    }
    return found | {"outcomes": _outcomes(pairs, Fates.of(history, merchant_id))}


def _risks(ours: Any, theirs: Any) -> dict[str, Any]:
    moved = theirs - ours
    low, middle, high = np.quantile(moved, [0.05, 0.5, 0.95]).tolist()
    return {
        "champion_mean": float(ours.mean()),
        "challenger_mean": float(theirs.mean()),
        "difference": {"mean": float(moved.mean()), "p5": low, "median": middle, "p95": high},
        "moved_share": float((np.abs(moved) > _MOVED).mean()),
    }


def _outcomes(pairs: Sequence[Pair], fates: Fates) -> dict[str, Any]:
    """The last decision of each order that was delivered or came back. Below 0 in log loss the challenger is better."""
    last = {one.order_id: one for one in pairs if one.order_id is not None}
    ends = {order_id: fates.end(order_id)[0] for order_id in last}
    known = [order_id for order_id, end in ends.items() if end in ("delivered", "rto")]
    told: dict[str, Any] = {"orders": len(known), "open_or_unknown": len(pairs) - len(known)}
    if not known:
        return told
    y = np.array([ends[order_id] == "rto" for order_id in known], dtype=float)
    ours, theirs = (np.array([getattr(last[o], name)[0] for o in known]) for name in ("champion", "challenger"))
    for name, found in (("log_loss", paired_log_loss(theirs, ours, y)), ("auc", paired_auc(theirs, ours, y))):
        told[name] = None if found is None else {"difference": found.mean, "low": found.low, "high": found.high}
    return told | {
        "rto": int(y.sum()),
        "champion": measure(ours, y).as_dict(),
        "challenger": measure(theirs, y).as_dict(),
    }
