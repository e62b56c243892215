"""A history feature for one order, opened up: every order that counted, with what weight, and what was not yet known."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from data.contract import SECOND, Payment
from data.history import History
from data.label import News
from features.catalog import Feature, Rate, Sum, needed_sums
from features.contribution import contribution
from features.fold import decay
from features.keys import KINDS, key_codes, key_of

_NEWS = ("type", "happened_at", "known_at", "rank", "reason", "action", "voids", "version")


def explain(history: History, feature: Feature, row: int) -> dict[str, Any]:
    """Each sum behind the feature as read at the order's placed_at, by the formula of `features/reference.py`."""
    at = int(history.orders["placed_at"][row])
    return {
        "feature": feature.name,
        "why": feature.why,
        "order_id": history.orders["order_id"][row],
        "read_at": _text(at),
        "shrunk": isinstance(feature.source, Rate),
        "sums": [_opened(history, one, row, at) for one in needed_sums((feature,))],
    }


def _opened(history: History, one: Sum, row: int, at: int) -> dict[str, Any]:
    kind = KINDS[one.key]
    asked = {name: column[row] for name, column in history.orders.items()}
    name = f"{one.measure.name.lower()} by {one.key}"
    if key_of(kind, asked) is None:
        return {"sum": name, "value": None, "counted": [], "not_yet_known": 0}
    counted, total, hidden = [], 0.0, 0
    for other in _sharing(history, one, row):
        said = _said(history, other, at)
        weight = (said.buyer if kind.buyer else said.everyone)[one.measure]
        known = history.news["known_at"][history.start[other] : history.start[other + 1]]
        hidden += int((known >= at).sum())
        if weight == 0 or key_of(kind, _columns(history, other, said.address_version)) != key_of(kind, asked):
            continue
        left = decay(at - int(history.orders["placed_at"][other]), one.half_life)
        total += weight * left
        counted.append(
            {
                "order_id": history.orders["order_id"][other],
                "placed_at": _text(int(history.orders["placed_at"][other])),
                "known_at": _text(int(known[known < at].max())),
                "weight": weight,
                "decay": round(left, 6),
                "adds": round(weight * left, 6),
            }
        )
    return {"sum": name, "value": total, "counted": counted, "not_yet_known": hidden}


def _sharing(history: History, one: Sum, row: int) -> list[int]:
    """Rows of the other orders that ever had this order's key, by placement or by a corrected address."""
    codes, _ = key_codes(KINDS[one.key], history)
    same = np.flatnonzero(codes == codes[row])
    n = len(history)
    owners = {int(i) if i < n else int(history.corrected["row"][i - n]) for i in same}
    return sorted(owners - {row})


def _said(history: History, row: int, at: int) -> Any:
    part = slice(history.start[row], history.start[row + 1])
    news = News(**{name: [int(v) for v in history.news[name][part]] for name in _NEWS})
    is_cod = history.orders["payment_method"][row] == Payment.COD
    return contribution(is_cod=is_cod, amount_minor=history.orders["amount_minor"][row], news=news, before=at)


def _columns(history: History, row: int, version: int) -> dict[str, Any]:
    columns = {name: column[row] for name, column in history.orders.items()}
    if version:
        columns |= {name: column[version - 1] for name, column in history.corrected.items() if name != "row"}
    return columns


def _text(moment: int) -> str:
    return datetime.fromtimestamp(moment / SECOND, UTC).isoformat(" ", "seconds")
