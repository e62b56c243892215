"""The news of an import as a table: told by statuses (`rules`), and `placed` for every order."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data import contract
from data.arrival import Desk
from data.contract import DAY
from data.files import outcomes
from data.files.codes import Array, Cells
from data.files.joining import Joined, Orders
from data.files.mapping import Mapping, News
from data.files.moments import end_of_local_day, ends_of_local_days
from data.news import NEWS_SCHEMA, NewsTable

_MICROSECONDS_PER_DAY = float(DAY)

Told: TypeAlias = tuple[NewsTable, Array]
"""News, and (n,) the order each piece belongs to, -1 where this import has no such order."""


@dataclass(frozen=True, slots=True)
class Teller:
    """What telling needs beside the tables. merchant_id: where no column says it.  exported_at: declared, or None."""

    mapping: Mapping
    desk: Desk
    merchant_id: str | None
    exported_at: int | None

    @property
    def date_only(self) -> bool:
        """Do the orders tell a day without an hour?"""
        return self.mapping.orders["placed_at"].date_only

    def clipped(self, known: Array, placed_at: Array) -> Array:
        """`known` as far as the export can tell: not after it was written, and never before the order."""
        return np.maximum(placed_at, known if self.exported_at is None else np.minimum(known, self.exported_at))


def declared_export(mapping: Mapping) -> int | None:
    """The mapping's exported_at; a day without an hour is its end."""
    if mapping.exported_at is None:
        return None
    moment = datetime.fromisoformat(mapping.exported_at)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(mapping.timezone))
    micros = int(moment.timestamp() * contract.SECOND)
    day_only = len(mapping.exported_at) == len(date.min.isoformat())
    return end_of_local_day(micros, mapping.timezone) if day_only else micros


def news_of(columns: dict[str, Any]) -> NewsTable:
    """A table of news from its columns: texts as any pyarrow column, times as int64; what is not there is missing."""
    n = len(columns["happened_at"])
    told = {"live": np.zeros(n, dtype=bool), **columns}
    arrays = [_column(told.get(field.name), field.type, n) for field in NEWS_SCHEMA]
    return pa.table(arrays, schema=NEWS_SCHEMA)


def _column(told: Any, kind: Any, n: int) -> Cells:
    if told is None:
        return pa.nulls(n, kind)
    if isinstance(told, str):
        return pa.repeat(told, n)
    return pa.array(told) if isinstance(told, np.ndarray) else told.cast(kind)


def told_by_rules(
    joined: Joined, rows: Array, orders: Orders, teller: Teller, notes: dict[str, int], telling: int = 0
) -> Told:
    """News of statuses. rows: the lines with the newest status.  notes: counts news whose time column is empty.

    telling: from 1 on, a further telling of the same orders: its news is other news, though it be of one kind and day.
    """
    rules = teller.mapping.rules
    kinds = [rule.news[-1].type if rule.news else "" for rule in rules]
    words = list(dict.fromkeys(kinds))
    owner, rule = orders.owner[joined.key[rows]], joined.rule[rows]
    kind = np.array([words.index(k) for k in kinds], dtype=np.int64)[rule]
    deciding, mixed = outcomes.verdicts(owner, kind, words, teller.mapping.lines_decide)
    last = _last_fate(joined, rows, owner, mixed, orders, teller)
    said = []
    for index, one in enumerate(rules):
        alone = np.flatnonzero((deciding >= 0) & (rule[deciding] == index))
        said += [(news, alone, rows[deciding[alone]]) for news in one.news]
        partly = np.flatnonzero((last >= 0) & (joined.rule[last] == index))
        if len(partly):
            some = one.news[-1].model_copy(update={"type": "partially_delivered", "reason": None})
            said.append((some, partly, last[partly]))
    return _told(joined, said, orders, teller, notes, f":{telling + 1}" if telling else "")


def _last_fate(joined: Joined, rows: Array, owner: Array, mixed: Array, orders: Orders, teller: Teller) -> Array:
    """(k,) the row of `joined` that tells a mixed order's last fate, -1 for orders that are not mixed: what became of
    such an order is known with the last of its shipped lines."""
    last = np.full(len(orders), -1)
    asked = np.flatnonzero(mixed[owner])
    if not len(asked):
        return last
    moment = np.full(len(asked), np.nan)
    shipped = np.zeros(len(asked), dtype=bool)
    for index, rule in enumerate(teller.mapping.rules):
        own = joined.rule[rows[asked]] == index
        if rule.news and rule.news[-1].type != "cancelled" and own.any():
            shipped |= own
            placed_at = orders.columns["placed_at"][owner[asked[own]]]
            moment[own] = _moments_of(rule.news[-1], placed_at, joined, rows[asked[own]])
    moment = np.nan_to_num(moment, nan=-np.inf)  # untold comes first; where none is told, none will be
    asked, moment = asked[shipped], moment[shipped]
    ascending = asked[np.lexsort((asked, moment))]
    last[owner[ascending]] = rows[ascending]
    return last


def _moments_of(news: News, placed_at: Array, joined: Joined, lines: Array) -> Array:
    """When `news` happened for each of some lines, in microseconds; NaN where its time column is empty."""
    if news.after_days is not None:
        return placed_at + news.after_days * _MICROSECONDS_PER_DAY
    return joined.at[outcomes.time_name(news)][lines]


def _told(joined: Joined, said: list[Any], orders: Orders, teller: Teller, notes: dict[str, int], mark: str) -> Told:
    """said: (news, orders that tell it, the rows that tell when). The table stands in the order of the orders."""
    parts, silent = [], 0
    for number, (news, asked, lines) in enumerate(said):
        moment = _moments_of(news, orders.columns["placed_at"][asked], joined, lines)
        own = asked[~np.isnan(moment)]
        silent += len(asked) - len(own)
        when = moment[~np.isnan(moment)].astype(np.int64)
        day_only = teller.date_only or news.date_only
        ends = ends_of_local_days(when, teller.mapping.timezone) if day_only else when
        latest = teller.clipped(ends, orders.columns["placed_at"][own])
        parts.append((own, np.full(len(own), number), np.minimum(when, latest), latest))
    notes["statuses_without_a_time"] = notes.get("statuses_without_a_time", 0) + silent
    if not parts:
        return NEWS_SCHEMA.empty_table(), np.zeros(0, dtype=np.int64)
    who, place, happened, known = (np.concatenate(column) for column in zip(*parts, strict=True))
    by_order = np.lexsort((place, who))
    who, place, happened, known = who[by_order], place[by_order], happened[by_order], known[by_order]
    order_id = orders.columns["order_id"].take(pa.array(who)).cast(pa.string())
    kinds, reasons = (_by_place([getattr(news, name) for news, *_ in said], place) for name in ("type", "reason"))
    written = pc.binary_join_element_wise(pa.array(happened).cast(pa.string()), mark, "")
    told = news_of({
        "merchant_id": orders.columns["merchant_id"].take(pa.array(who)), "order_id": order_id,
        "source": teller.mapping.name, "event_id": pc.binary_join_element_wise(order_id, kinds, written, ":"),
        "type": kinds, "happened_at": happened, "known_at": known, "reason": reasons,
    })  # fmt: skip
    return told, who


def _by_place(words: list[str | None], place: Array) -> Cells:
    return pa.array(words, pa.string()).take(pa.array(place))


def with_placed(parts: list[Told], orders: Orders, teller: Teller) -> tuple[NewsTable, NewsTable]:
    """All news, and `placed` for every order that nothing placed yet: known at placed_at; on date-only days, at their
    end. The second table holds the news whose order is not among `orders`."""
    told = pa.concat_tables([NEWS_SCHEMA.empty_table(), *(table for table, _ in parts)])
    of = np.concatenate([np.zeros(0, dtype=np.int64), *(whose for _, whose in parts)])
    have = np.zeros(len(orders), dtype=bool)
    have[of[np.asarray(pc.equal(told["type"], "placed")) & (of >= 0)]] = True
    who = np.flatnonzero(~have)
    at = orders.columns["placed_at"][who]
    known = teller.clipped(ends_of_local_days(at, teller.mapping.timezone) if teller.date_only else at, at)
    order_id = orders.columns["order_id"].take(pa.array(who)).cast(pa.string())
    placed = news_of({
        "merchant_id": orders.columns["merchant_id"].take(pa.array(who)), "order_id": order_id,
        "source": teller.mapping.name, "event_id": pc.binary_join_element_wise(order_id, "placed", ":"),
        "type": "placed", "happened_at": at, "known_at": known,
    })  # fmt: skip
    return pa.concat_tables([told, placed]), told.filter(pa.array(of < 0))
