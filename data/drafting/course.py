"""What became of the orders: the column of statuses, the columns that tell when, and the one that tells why."""

import re
from dataclasses import dataclass, field

import pandas as pd
import pyarrow.compute as pc

from data.drafting.columns import is_status
from data.drafting.look import Look
from data.drafting.status_words import REASON_HEADS
from data.drafting.statuses import UNKNOWN, Status, reason_of, statuses_of, time_beside, time_column
from data.drafting.words import headed

_ENDS = ("delivered", "rto_started", "rto_received")
_MOST_EARLY = 0.01
_LEAST_FILLED = 0.5
_ON_THE_WAY = {
    "dispatched": ("dispatch", "dispatched", "shipped", "shipping date", "pickup", "picked", "manifest", "handover", "enviado",
                   "fecha envio", "dikirim", "kirim", "pengiriman", "envio", "expedicao", "shipped at", "fulfilled at"),
    "out_for_delivery": ("first attempt", "1st attempt", "attempt date", "first ofd", "out for delivery", "ofd", "ofd 1",
                         "first delivery attempt"),
}  # fmt: skip
_EXPECTED = {"expected", "promised", "edd", "due", "estimated", "sla"}


@dataclass(frozen=True, slots=True)
class Course:
    """What the files tell beyond the orders.

    status: the column of statuses, statuses: what each of its values stands for, the commonest first.  also: values of
    other columns that tell of RTO or loss, by column.  times: for a kind of news, the column that tells when; passed:
    the same for news on the way, with the statuses whose rows mostly have it.  reason: the column that tells why, and
    why: for each status, cells of it by the contract's word.  own: where another file tells the status, the orders' own
    column of statuses, and what it says of orders that the other file does not know.  guessed: columns of `times` that
    only their place beside the status speaks for.
    """

    status: Look | None = None
    statuses: list[Status] = field(default_factory=list)
    also: dict[str, list[Status]] = field(default_factory=dict)
    times: dict[str, Look] = field(default_factory=dict)
    passed: dict[str, tuple[Look, set[str]]] = field(default_factory=dict)
    reason: Look | None = None
    why: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    own: tuple[str, list[Status]] = ("", [])
    guessed: set[str] = field(default_factory=set)

    @property
    def says_rto(self) -> bool:
        return any(news.startswith("rto") for news in self._news)

    @property
    def says_end(self) -> bool:
        """Does any status tell delivered from come back, or one of the two?"""
        return any(news in _ENDS or news == "returned" for news in self._news)

    @property
    def _news(self) -> set[str]:
        return {s.news for s in [*self.statuses, *(s for told in self.also.values() for s in told)]}


def course(
    looks: list[Look], used: set[str], at: Look | None, told: dict[str, str], theirs: frozenset[str] = frozenset()
) -> Course:
    """Find them. used: columns that serve an order.  at: when it was placed.  told: a person's word for `status`.
    theirs: columns of a file beside the orders' own."""
    free = [look for look in looks if look.name not in used]
    named = next((look for look in looks if look.name == told.get("status")), None)
    status = named or _status_column(free)
    if status is None:
        return Course()
    statuses = statuses_of(status)
    rto = any(s.news.startswith("rto") for s in statuses)
    dated = [k for k in free if k.dates is not None and k.dates.share >= 0.9 and k.n_blank < k.n]
    dated = [k for k in dated if not set(k.head.split()) & _EXPECTED and (at is None or not _before(k, at))]
    passed = _passed(dated, status, statuses)
    ends = [k for k in dated if k.name not in {look.name for look, _ in passed.values()}]
    reason = _reason_column([k for k in free if k.name != status.name])
    times, guessed = _times(ends, status, statuses), set()
    for news in sorted({s.news for s in statuses} - {"", UNKNOWN, *times}):
        if (near := time_beside(news, status, looks, ends)) is not None:
            times[news] = near
            guessed.add(near.name)
    return Course(status, statuses, {} if rto else _also(free, status), times, passed, reason,
                  _why(status, statuses, reason), _own(status, [k for k in free if k.name not in theirs])
                  if status.name in theirs else ("", []), guessed)  # fmt: skip


def _own(status: Look, looks: list[Look]) -> tuple[str, list[Status]]:
    """The orders' own statuses of rows on which the other file tells none: cancelled before dispatch, still packed."""
    own = next((look for look in looks if is_status(look)), None)
    if own is None or not status.n_blank:
        return "", []
    unknown = Look(own.name, own.column.filter(pc.is_null(status.column)))
    return own.name, [told for told in statuses_of(unknown) if told.value]


def _status_column(looks: list[Look]) -> Look | None:
    """The column whose words tell most orders' ends; among equals, the one with more kinds of news."""

    def worth(look: Look) -> tuple[float, int]:
        told = statuses_of(look)
        ended = sum(s.n_rows for s in told if s.news in _ENDS)
        rto = any(s.news.startswith("rto") for s in told)
        reasons = look.head in map(headed, REASON_HEADS)
        return ended / look.n + 0.5 * rto - 0.5 * reasons, len({s.news for s in told})

    tried = [look for look in looks if is_status(look)]
    return max(tried, key=worth) if tried else None


def _also(looks: list[Look], status: Look) -> dict[str, list[Status]]:
    """What other columns of statuses and reasons say of parcels that came back or were lost, where the status does not."""
    others = [look for look in looks if look.name != status.name and is_status(look)]
    told = {k.name: [s for s in statuses_of(k) if s.news.startswith("rto") or s.news == "lost"] for k in others}
    return {name: found for name, found in told.items() if found}


def _before(look: Look, at: Look) -> bool:
    """Do more than a few times of this column lie on a day before their order's?"""
    days, placed = look.times.dt.floor("D"), at.times.dt.floor("D")
    known = days.notna() & placed.notna()
    return bool(known.any() and (days < placed)[known].mean() > _MOST_EARLY)


def _rows(status: Look) -> "pd.Series[str]":
    return pd.Series(["" if c is None else str(c) for c in status.column.to_pylist()], dtype="str")


def _passed(dated: list[Look], status: Look, statuses: list[Status]) -> dict[str, tuple[Look, set[str]]]:
    """Times of news on the way, each with the statuses whose rows mostly tell it; a cancelled order never left."""
    cells, found = _rows(status), {}
    for news, heads in _ON_THE_WAY.items():
        named = [k for head in heads for k in dated if _says(k.head, head) and not _says(k.head, "rto")]
        for look in named[:1]:
            filled = pd.Series(look.filled).groupby(cells).mean()
            able = {s.value for s in statuses if s.news not in ("cancelled", UNKNOWN)}
            where = {str(value) for value, share in filled.items() if share > _LEAST_FILLED and value in able}
            if where:
                found[news] = (look, where)
    return found


def _says(head: str, phrase: str) -> bool:
    return f" {headed(phrase)} " in f" {head} "


def _times(dated: list[Look], status: Look, statuses: list[Status]) -> dict[str, Look]:
    """Kind of news -> the column that tells when, where it is filled on nearly all its rows."""
    found = {news: time_column(news, status, dated) for news in sorted({s.news for s in statuses} - {"", UNKNOWN})}
    return {news: look for news, look in found.items() if look is not None}


def _reason_column(looks: list[Look]) -> Look | None:
    """The column of reasons: named as one, or of few words most of which are known."""
    heads = set(map(headed, REASON_HEADS))

    def share(look: Look) -> float:
        known = sum(int(n) for cell, n in look.counts.items() if reason_of(str(cell)))
        return known / max(1, look.n - look.n_blank)

    able = [k for k in looks if 0 < k.n_distinct <= 200 and k.dates is None and k.number_share < 0.5]
    named = [k for k in able if any(_says(k.head, head) for head in heads) and share(k) > 0.3]
    return max(named, key=share) if named else None


def _why(status: Look, statuses: list[Status], reason: Look | None) -> dict[str, dict[str, list[str]]]:
    if reason is None:
        return {}
    failed = {s.value for s in statuses if s.news.startswith("rto") or s.news == "attempt_failed"}
    cells, found = _rows(status), {}
    why = pd.Series(["" if c is None else re.sub(r"\.0$", "", str(c)) for c in reason.column.to_pylist()], dtype="str")
    for value in failed:
        told: dict[str, list[str]] = {}
        for cell in why[cells == value].value_counts().index:
            if word := reason_of(str(cell)):
                told.setdefault(word, []).append(str(cell))
        if told:
            found[value] = told
    return found
