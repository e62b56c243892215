"""Statuses into news: a mapping's rules, and what an order's lines say together."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from data import parsing
from data.contract import DAY, Column, Stage
from data.history import Told
from data.lines import Lines, matches
from data.mapping import Mapping, News, Source

_STATUS = Column("status", "text", Stage.PLACED, "what the export says became of the line")
_MICROSECONDS_PER_DAY = float(DAY)


@dataclass(frozen=True, slots=True)
class Placed:
    """The order a status belongs to."""

    merchant_id: str
    order_id: str
    placed_at: int
    date_only: bool


def rule_of_rows(lines: Lines, mapping: Mapping) -> "np.ndarray[Any, Any]":
    """(n,) index of the first rule each row fits; a row that fits none is refused (DQ007)."""
    chosen = np.full(len(lines.table), -1)
    for index, rule in enumerate(mapping.rules):
        chosen[(chosen < 0) & matches(lines.table, rule.when)] = index
    columns = list(dict.fromkeys(name for rule in mapping.rules for name in rule.when))
    for i in np.flatnonzero(chosen < 0):
        told = " / ".join(str(lines.table[name].iloc[i]) for name in columns)
        unfit = parsing.Unfit(
            "DQ007", f"values of {', '.join(columns)} that some [[rules]] entry of the mapping covers"
        )
        lines.refuse_row(int(i), _STATUS, unfit, told)
    return chosen


def event_times(lines: Lines, mapping: Mapping) -> dict[str, "pd.Series[Any]"]:
    """Moments of the file columns that rules take times from, as nullable microseconds."""
    wanted = {n.column for r in mapping.rules for n in r.news if n.column}
    times = {}
    for name in sorted(c for c in wanted if c):
        micros, bad = parsing.times(lines.table[name], Source(column=name), mapping.timezone)
        times[name] = pd.Series(np.where(bad, np.nan, micros))
    return times


def decided_by(kinds: list[str]) -> str | None:
    """What several lines of one order say together, from each line's last news ("" for an open one).

    Cancelled lines were never shipped and say nothing beside shipped ones. Lines delivered and returned: mixed.

    >>> decided_by(["delivered", "cancelled"]), decided_by(["delivered", "rto_started"]), decided_by(["delivered", ""])
    ('delivered', 'mixed', None)
    """
    shipped = [k for k in kinds if k != "cancelled"]
    if not shipped:
        return "cancelled"
    if "" in shipped:
        return None
    rto = [k.startswith("rto_") for k in shipped]
    if all(rto) or len(set(shipped)) == 1:
        return shipped[0]
    return "mixed" if "delivered" in shipped or any(rto) else shipped[0]


def tell(
    placed: Placed, news: list[News], times: dict[str, float], mapping: Mapping, exported_at: int | None
) -> list[Told]:
    """The news that one order's status stands for. News whose time column is empty was not told."""
    told = []
    for one in news:
        after = one.after_days
        when = (
            times.get(one.column or "", np.nan) if after is None else placed.placed_at + after * _MICROSECONDS_PER_DAY
        )
        if np.isnan(when):
            continue
        known = parsing.end_of_local_day(int(when), mapping.timezone) if placed.date_only else int(when)
        known = max(placed.placed_at, known if exported_at is None else min(known, exported_at))
        happened = min(int(when), known)
        event_id = f"{placed.order_id}:{one.type}:{happened}"
        told.append(
            Told(placed.merchant_id, placed.order_id, mapping.name, event_id, one.type, happened, known, one.reason)
        )
    return told
