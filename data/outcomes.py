"""Statuses into news: a mapping's rules, and what an order's lines say together."""

from collections.abc import Mapping as Table
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from data import parsing
from data.contract import DAY, Column, Stage
from data.history import Told
from data.lines import Lines, absent, as_written, blank, matches
from data.mapping import Mapping, News, Source

_STATUS = Column("status", "text", Stage.PLACED, "what the export says became of the line")
_MICROSECONDS_PER_DAY = float(DAY)
_KEPT, _BACK = frozenset({"delivered", "returned"}), frozenset({"rto_started", "rto_received"})
_FINAL = _KEPT | _BACK | {"partially_delivered", "lost"}


@dataclass(frozen=True, slots=True)
class Placed:
    """The order a status belongs to. exported_at: no news is known later; None: no limit."""

    merchant_id: str
    order_id: str
    placed_at: int
    date_only: bool
    exported_at: int | None = None


def rule_of_rows(lines: Lines, mapping: Mapping) -> "np.ndarray[Any, Any]":
    """(n,) index of the first rule each row fits; a row that fits none is refused (DQ007)."""
    chosen = np.full(len(lines.table), -1)
    for index, rule in enumerate(mapping.rules):
        chosen[(chosen < 0) & matches(lines.table, rule.when)] = index
    columns = list(dict.fromkeys(name for rule in mapping.rules for name in rule.when))
    cells = lines.table[columns].astype("string").fillna("")
    for i in np.flatnonzero(chosen < 0):
        unfit = parsing.Unfit(
            "DQ007", f"values of {', '.join(columns)} that some [[rules]] entry of the mapping covers"
        )
        lines.refuse_row(int(i), _STATUS, unfit, " / ".join(cells.iloc[i]))
    return chosen


def time_name(news: News) -> str:
    """Name of the joined column that holds the moments of `news`."""
    return f"_at {news.column} {'|'.join(news.formats)}"


def event_times(lines: Lines, mapping: Mapping, chosen: "np.ndarray[Any, Any]") -> dict[str, "np.ndarray[Any, Any]"]:
    """Moments (n,) of the file columns that rules take times from, by `time_name`; NaN where the cell is empty.

    chosen: (n,) each row's rule. Rows whose rule asks for a time that cannot be read are refused (DQ004), and those
    where it lies before the order was placed (DQ013). Raises DataError DQ002 if the file has no such column.
    """
    times: dict[str, np.ndarray[Any, Any]] = {}
    for index, rule in enumerate(mapping.rules):
        for news in rule.news:
            if news.column is None:
                continue
            column = Column(news.column, "time", Stage.PLACED, "")
            if news.column not in lines.table.columns:
                raise absent(lines.table, news.column, Column("a rule", "text", Stage.PLACED, ""))
            cells, asked = lines.table[news.column], chosen == index
            micros, bad = parsing.times(cells, Source(column=news.column, formats=news.formats), mapping.timezone)
            lines.refuse(asked & bad & ~blank(cells), column, "DQ004", as_written(news.formats), cells)
            early = _known(micros, news, mapping) < lines.columns["placed_at"]
            lines.refuse(asked & ~bad & early, column, "DQ013", "a time not before the order was placed", cells)
            times[time_name(news)] = np.where(bad, np.nan, micros.astype(float))
    return times


def _known(micros: "np.ndarray[Any, Any]", news: News, mapping: Mapping) -> "np.ndarray[Any, Any]":
    if not (news.date_only or mapping.orders["placed_at"].date_only):
        return micros
    ends = {m: parsing.end_of_local_day(m, mapping.timezone) for m in pd.unique(pd.Series(micros)).tolist()}
    return np.array([ends[m] for m in micros.tolist()], dtype=np.int64)


def decided_by(kinds: list[str], lines_decide: str = "all") -> str | None:
    """What several lines of one order say together, from each line's last news ("" where none was told).

    Cancelled lines were never shipped and say nothing beside shipped ones. As long as one shipped line is under way,
    so is the order. It came back only if every line did; lines delivered and returned are mixed.

    >>> decided_by(["delivered", "cancelled"]), decided_by(["delivered", "rto_started"]), decided_by(["delivered", ""])
    ('delivered', 'mixed', None)
    >>> decided_by(["returned", "delivered"]), decided_by(["lost", "rto_received"]), decided_by(["", "dispatched"])
    ('delivered', 'mixed', 'dispatched')
    """
    shipped = [k for k in kinds if k != "cancelled"]
    if lines_decide == "any" and (back := [k for k in shipped if k in _BACK]):
        return back[0]
    if not shipped:
        return "cancelled"
    if under_way := [k for k in shipped if k not in _FINAL]:
        return next((k for k in under_way if k), None)
    said = set(shipped)
    if len(said) == 1 or said <= _BACK:
        return shipped[0]
    return "delivered" if said <= _KEPT else "mixed"


def moment_of(news: News, placed: Placed, times: Table[str, float]) -> float:
    """When `news` happened, in microseconds; NaN where its time column is empty."""
    if news.after_days is not None:
        return placed.placed_at + news.after_days * _MICROSECONDS_PER_DAY
    return times.get(time_name(news), np.nan)


def tell(placed: Placed, news: list[News], times: Table[str, float], mapping: Mapping) -> list[Told]:
    """The news that one order's status stands for. News whose time column is empty was not told."""
    told = []
    for one in news:
        moment = moment_of(one, placed, times)
        if np.isnan(moment):
            continue
        when = int(moment)
        known = parsing.end_of_local_day(when, mapping.timezone) if placed.date_only or one.date_only else when
        known = clipped(known, placed)
        happened = min(when, known)
        event_id = f"{placed.order_id}:{one.type}:{happened}"
        told.append(
            Told(placed.merchant_id, placed.order_id, mapping.name, event_id, one.type, happened, known, one.reason)
        )
    return told


def clipped(known: int, placed: Placed) -> int:
    """`known` as far as the export can tell: not after it was written, and never before the order."""
    return max(placed.placed_at, known if placed.exported_at is None else min(known, placed.exported_at))
