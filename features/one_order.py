"""One order's news as told, resolved into the columns that `contribution` reads. For stores and pages, which look at
one order at a time; a whole history is resolved by `data/building.py`, and both must say the same (test_one_order).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from data import contract, label
from data.contract import NewsType, Reason
from data.history import PLACE_AND_ADDRESS, Told, told_once
from data.label import RTO, VOID, News

FOREVER = 2**62
"""A moment after all news."""

# numba's subset of Python carries no types: given here
_judge: Callable[..., tuple[int, int]] = label.judge
_later: Callable[..., bool] = label.later
_voided: Callable[..., bool] = label.voided
_CORRECTION = NewsType.CORRECTION.name.lower()


@dataclass(frozen=True, slots=True)
class Resolved:
    """News of one order, and the places its corrections brought: corrected[v - 1] belongs to version v.

    Each place is a dict of address (pseudonym, -1 missing), pincode, district, state (None missing).
    """

    news: News
    corrected: list[dict[str, Any]]


def order_news(told: list[Told]) -> News:
    """The news columns of one order. `told`: all its news, in any order, told once or several times.

    Raises DataError DQ014 if one event id was told with two contents.
    """
    return resolve(told).news


def resolve(told: list[Told]) -> Resolved:
    """News columns of one order by (known_at, source, event_id), and its corrected places by version 1, 2, ...

    Raises DataError DQ014 if one event id was told with two contents.
    """
    rows = sorted(told_once(told), key=lambda t: (t.known_at, t.source, t.event_id))
    n = len(rows)
    news = News(
        type=[contract.news_type(t.type) for t in rows],
        happened_at=[t.happened_at for t in rows],
        known_at=[t.known_at for t in rows],
        rank=_ranks(rows),
        reason=[contract.reason(t.reason) for t in rows],
        action=(action := [-1] * n),
        voids=(voids := [-1] * n),
        version=(version := [0] * n),
    )
    corrected: list[dict[str, Any]] = []
    for i, one in enumerate(rows):
        if one.details is None:
            continue
        details = json.loads(one.details)
        if one.type == _CORRECTION:
            voids[i] = _row_of(rows, details.get("source", one.source), details.get("voids"))
        elif "action" in details:
            action[i] = contract.Action[str(details["action"]).upper()]
        elif "address" in details:
            corrected.append(_place(details["address"]))
            version[i] = len(corrected)
    return Resolved(news, corrected)


def _ranks(rows: list[Told]) -> list[int]:
    ranks = [0] * len(rows)
    for rank, i in enumerate(sorted(range(len(rows)), key=lambda i: (rows[i].source, rows[i].event_id))):
        ranks[i] = rank
    return ranks


def _row_of(rows: list[Told], source: str, event_id: str | None) -> int:
    for i, one in enumerate(rows):
        if one.event_id == event_id and one.source == source:
            return i
    return -1


def _place(address: dict[str, Any]) -> dict[str, Any]:
    place = {name: address.get(name) for name in PLACE_AND_ADDRESS}
    return place | {"address": -1 if place["address"] is None else place["address"]}


def verdict(news: News, before: int = FOREVER) -> int:
    """The order's verdict (UNKNOWN, NOT_RTO, RTO, MIXED, VOID of `contribution`) from news known before `before`."""
    columns = (news.type, news.happened_at, news.known_at, news.rank, news.reason, news.voids)
    return int(_judge(before, *columns)[0])


def standing(news: News, before: int = FOREVER) -> list[int]:
    """Rows of the news known before `before` that no correction took back."""
    rows = range(len(news.type))
    known = [i for i in rows if news.known_at[i] < before]
    if NewsType.CORRECTION not in news.type:
        return known
    return [i for i in known if not _voided(i, before, news.type, news.known_at, news.voids)]


def rto_cause(news: News, before: int = FOREVER) -> Reason | None:
    """Why an RTO came back: the last reason told at or before its first `rto_started` (without one: before its last
    RTO news). NONE if no reason was told, None if the order is no RTO. `judge` blames the courier by the same rule.
    """
    if verdict(news, before) != RTO:
        return None
    order = (news.type, news.happened_at, news.rank)
    known = standing(news, before)
    decided = [i for i in known if news.type[i] in (NewsType.RTO_STARTED, NewsType.RTO_RECEIVED)]
    started = [i for i in decided if news.type[i] == NewsType.RTO_STARTED]
    until = min(started, key=lambda i: _moment(news, i)) if started else max(decided, key=lambda i: _moment(news, i))
    cause = -1
    for i in known:
        in_time = i == until or _later(until, i, *order)
        if news.reason[i] != Reason.NONE and in_time and _later(i, cause, *order):
            cause = i
    return Reason(news.reason[cause]) if cause >= 0 else Reason.NONE


def _moment(news: News, i: int) -> tuple[int, int, int]:
    """What `later` compares."""
    return news.happened_at[i], news.type[i], news.rank[i]


def address_version(news: News, before: int = FOREVER) -> int:
    """Which corrected address the order goes to, from news known before `before`; 0: the one it was placed with."""
    if not any(news.version) or verdict(news, before) == VOID:
        return 0
    newest = -1
    for i in standing(news, before):
        is_address = news.type[i] == NewsType.ADDRESS_CORRECTED
        if is_address and _later(i, newest, news.type, news.happened_at, news.rank):
            newest = i
    return news.version[newest] if newest >= 0 else 0
