"""A history feature for one order, opened up: every order that counted, with what weight, and what was not yet known."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from data.contract import SECOND
from data.history import History
from data.label import News
from features.catalog import needed_sums
from features.contribution import Contribution, contribution, in_cash
from features.fold import decay
from features.key_codes import KeyCodes
from features.keys import KINDS, key_of
from features.links import MOST, left_out, pair_of, weight_of
from features.opening import begun_value, begun_values
from features.sources import Feature, Link, Rate, Sum

_NEWS = ("type", "happened_at", "known_at", "rank", "reason", "action", "voids", "version")


def explain(history: History, feature: Feature, row: int) -> dict[str, Any]:
    """Each sum and link behind the feature as read at the order's placed_at, by the formula of `features/reference.py`."""
    at = int(history.orders["placed_at"][row])
    return {
        "feature": feature.name,
        "why": feature.why,
        "order_id": history.orders["order_id"][row],
        "read_at": _text(at),
        "shrunk": isinstance(feature.source, Rate),
        "sums": [_opened(history, one, row, at) for one in needed_sums((feature,))],
    }


def _opened(history: History, one: Sum | Link, row: int, at: int) -> dict[str, Any]:
    asked = _columns(history, row, 0)
    name = f"{one.measure.name.lower()} by {one.key}"
    if key_of(KINDS[one.key], asked) is None:
        return {"sum": name, "value": None, "counted": [], "not_yet_known": 0}
    sharing = _sharing(history, one, row)
    before = _before(history, one, asked, at)
    if isinstance(one, Sum):
        counted = [told for other in sharing if (told := _counted(history, one, asked, other, at))]
    else:
        counted = _named(history, one, row, sharing, at)
    known_at = [history.news["known_at"][history.start[other] : history.start[other + 1]] for other in sharing]
    hidden = sum(int((known >= at).sum()) for known in known_at)
    total = before + sum(told["weight"] * told["left"] for told in counted)
    for told in counted:
        told["decay"] = round(told.pop("left"), 6)
    told = {"sum": name, "value": float(total), "counted": counted, "not_yet_known": hidden}
    return told if history.opening is None else told | {"opening_balance": before}


def _before(history: History, one: Sum | Link, asked: dict[str, Any], at: int) -> float:
    """What the opening balance adds: orders that are no longer kept, and so cannot be named."""
    key = str(key_of(KINDS[one.key], asked))
    if isinstance(one, Sum):
        return begun_value(history.opening, one, key, at)
    return float(len(begun_values(history.opening, one, key) - {left_out(one, asked)}))


def _counted(history: History, one: Sum, asked: dict[str, Any], other: int, at: int) -> dict[str, Any] | None:
    """What another order adds to a sum; None for nothing."""
    kind, said = KINDS[one.key], _said(history, other, at)
    weight = (said.buyer if kind.buyer else said.everyone)[one.measure]
    if weight == 0 or key_of(kind, _columns(history, other, said.address_version)) != key_of(kind, asked):
        return None
    return _entry(history, other, at, weight, decay(at - int(history.orders["placed_at"][other]), one.half_life))


def _named(history: History, link: Link, row: int, sharing: list[int], at: int) -> list[dict[str, Any]]:
    """The first order behind each value that a link counts, in the order in which they were placed."""
    asked = _columns(history, row, 0)
    key, brought = key_of(KINDS[link.key], asked), dict[int, int]()
    for other in sharing:
        said = _said(history, other, at)
        columns = _columns(history, other, said.address_version)
        pair = pair_of(link, columns, int(columns["placed_at"]))
        if pair is not None and pair[0] == key and said.buyer[weight_of(link)] > 0:
            brought.setdefault(pair[1], other)
    brought.pop(left_out(link, asked), None)
    for value in begun_values(history.opening, link, str(key)):
        brought.pop(value, None)
    return [_entry(history, other, at, 1.0, 1.0) for other in sorted(brought.values())[:MOST]]


def _entry(history: History, other: int, at: int, weight: float, left: float) -> dict[str, Any]:
    known = history.news["known_at"][history.start[other] : history.start[other + 1]]
    return {
        "order_id": history.orders["order_id"][other],
        "placed_at": _text(int(history.orders["placed_at"][other])),
        "known_at": _text(int(known[known < at].max())),
        "weight": weight,
        "left": left,
        "adds": round(weight * left, 6),
    }


def _sharing(history: History, one: Sum | Link, row: int) -> list[int]:
    """Rows of the other orders that ever had this order's key, by placement or by a corrected address."""
    codes, _ = KeyCodes(history).of(KINDS[one.key])
    same = np.flatnonzero(codes == codes[row])
    n = len(history)
    owners = {int(i) if i < n else int(history.corrected["row"][i - n]) for i in same}
    return sorted(owners - {row})


def _said(history: History, row: int, at: int) -> Contribution:
    is_cod = in_cash(history.orders["payment_method"][row])
    amount = history.orders["amount_minor"][row]
    return contribution(is_cod=is_cod, amount_minor=amount, news=_news(history, row), before=at)


def _news(history: History, row: int) -> News:
    part = slice(history.start[row], history.start[row + 1])
    return News(**{name: [int(v) for v in history.news[name][part]] for name in _NEWS})


def _columns(history: History, row: int, version: int) -> dict[str, Any]:
    columns = {name: column[row] for name, column in history.orders.items()}
    if version:
        columns |= {name: column[version - 1] for name, column in history.corrected.items() if name != "row"}
    return columns


def _text(moment: int) -> str:
    return datetime.fromtimestamp(moment / SECOND, UTC).isoformat(" ", "seconds")
